// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The orders of memory. A word that only counts needs none: that no number, byte or
 * packet is taken twice follows from the order of changes that each word has of its
 * own. Order matters where one word tells of something else:
 *
 * - a number tells that its record is reserved: taking it is a release, and the
 *   library's look at it an acquire;
 * - number_go() tells of what was changed while the second sender stood: release, so
 *   taking a number is an acquire too;
 * - the sum of the bytes that were taken tells that they were allowed: taking some is
 *   a release, so that who acquires the sum, and then reads the limit, sees both fit;
 * - a stream's word tells whose ID and limit are beside it: stream_put() writes it
 *   last, a release, and who reads the word acquires. The ID and the limit are
 *   acquired as well: who has read those of a later stream then finds that its word
 *   has changed, for it was emptied before.
 */
#include <errno.h>

#include "least.h"
#include "word.h"

#define STREAM_ID_MAX	((1ULL << 62) - 1)

static __u64 look(const __u64 *word)
{
	return __atomic_load_n(word, __ATOMIC_RELAXED);
}

static __u64 look_acquire(const __u64 *word)
{
	return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static bool data_swap(struct equic_shared *m, __u64 *old, __u64 new)
{
	return __atomic_compare_exchange_n(&m->data, old, new, true,
					   __ATOMIC_RELEASE, __ATOMIC_RELAXED);
}

/* As all exchanges here it may fail for nothing; @old is what the word was then. */
static bool number_swap(struct equic_shared *m, __u64 *old, __u64 new)
{
	return __atomic_compare_exchange_n(&m->number, old, new, true,
					   __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

int number_take(struct equic_shared *m, bool obey, uint64_t *word)
{
	__u64 old = look(&m->number);
	unsigned int tries;

	for (tries = 0; tries < WORD_TRIES; tries++) {
		if (obey && old & EQUIC_NUMBER_STOP)
			return -EAGAIN;
		/* One more would be carried into the epoch. */
		if (number_pn(old) == EQUIC_NUMBER_NEXT_MASK)
			return -EOVERFLOW;
		if (number_swap(m, &old, old + 1)) {
			*word = old & ~EQUIC_NUMBER_STOP;
			return 0;
		}
	}
	return -EBUSY;
}

int number_take_epoch(struct equic_shared *m, unsigned int epoch, uint64_t *word)
{
	const uint64_t one = 1ULL << EQUIC_NUMBER_EPOCH_SHIFT;
	__u64 old = look(&m->number);
	unsigned int tries;

	for (tries = 0; tries < WORD_TRIES; tries++) {
		if (number_epoch(old) != epoch)
			return -ESTALE;
		if (epoch == EQUIC_NUMBER_EPOCH_MAX ||
		    number_pn(old) == EQUIC_NUMBER_NEXT_MASK)
			return -EOVERFLOW;
		if (number_swap(m, &old, old + one + 1)) {
			*word = (old & ~EQUIC_NUMBER_STOP) + one;
			return 0;
		}
	}
	return -EBUSY;
}

uint64_t number_read(const struct equic_shared *m)
{
	return look_acquire(&m->number);
}

uint64_t number_stop(struct equic_shared *m)
{
	return __atomic_fetch_or(&m->number, EQUIC_NUMBER_STOP,
				 __ATOMIC_ACQUIRE) | EQUIC_NUMBER_STOP;
}

void number_go(struct equic_shared *m)
{
	__atomic_fetch_and(&m->number, ~EQUIC_NUMBER_STOP, __ATOMIC_RELEASE);
}

int budget_take(struct equic_shared *m, uint32_t size)
{
	__s64 old = __atomic_load_n(&m->budget, __ATOMIC_RELAXED);
	unsigned int tries;

	for (tries = 0; tries < WORD_TRIES; tries++) {
		if (old <= 0) {
			__atomic_fetch_add(&m->refused, 1, __ATOMIC_RELAXED);
			return -ENOBUFS;
		}
		if (__atomic_compare_exchange_n(&m->budget, &old, old - size,
						true, __ATOMIC_RELAXED,
						__ATOMIC_RELAXED))
			return 0;
	}
	return -EBUSY;
}

void budget_add(struct equic_shared *m, int64_t bytes)
{
	__atomic_fetch_add(&m->budget, bytes, __ATOMIC_RELAXED);
}

/* The limit is read before the sum: as it only grows, that is the strict side. */
int data_take(struct equic_shared *m, uint64_t bytes)
{
	__u64 max = look(&m->data_max), old = look(&m->data);
	unsigned int tries;

	for (tries = 0; tries < WORD_TRIES; tries++) {
		if (old > max || bytes > max - old)
			return -EDQUOT;
		if (data_swap(m, &old, old + bytes))
			return 0;
	}
	return -EBUSY;
}

void data_return(struct equic_shared *m, uint64_t bytes)
{
	__atomic_fetch_sub(&m->data, bytes, __ATOMIC_RELAXED);
}

uint64_t data_take_some(struct equic_shared *m, uint64_t bytes)
{
	__u64 max = look(&m->data_max), old = look(&m->data), some;
	unsigned int tries;

	for (tries = 0; tries < WORD_TRIES; tries++) {
		if (old >= max)
			return 0;
		some = bytes < max - old ? bytes : max - old;
		if (data_swap(m, &old, old + some))
			return some;
	}
	return 0;
}

/* What is given up in the end is a word that an enemy writes anyway. */
static void raise_to(__u64 *word, __u64 max)
{
	__u64 old = look(word);
	unsigned int tries;

	for (tries = 0; tries < WORD_TRIES && old < max; tries++)
		if (__atomic_compare_exchange_n(word, &old, max, true,
						__ATOMIC_RELEASE,
						__ATOMIC_RELAXED))
			return;
}

void data_allow(struct equic_shared *m, uint64_t max)
{
	raise_to(&m->data_max, max);
}

/* Whether a word is of a stream, and of this one. */
static bool is_generation(uint64_t word, unsigned int generation)
{
	return word && stream_generation(word) == generation;
}

static bool stream_swap(struct equic_shared_stream *stream, __u64 *old,
			__u64 new)
{
	return __atomic_compare_exchange_n(&stream->word, old, new, true,
					   __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

static bool claim(struct equic_shared_stream *stream, __u64 *word)
{
	unsigned int tries;

	*word = look_acquire(&stream->word);
	for (tries = 0; tries < WORD_TRIES; tries++) {
		if (!*word || *word & (EQUIC_STREAM_CLOSED | EQUIC_STREAM_CLAIMED))
			return false;
		if (stream_swap(stream, word, *word | EQUIC_STREAM_CLAIMED))
			return true;
	}
	return false;
}

int stream_claim(struct equic_shared *m, unsigned int *slot,
		 unsigned int *generation)
{
	unsigned int i;
	__u64 word;

	for (i = 0; i < EQUIC_SHARED_STREAMS; i++) {
		if (!claim(&m->streams[i], &word))
			continue;
		*slot = i;
		*generation = stream_generation(word);
		return 0;
	}
	return -ENOENT;
}

uint64_t stream_read(const struct equic_shared *m, unsigned int slot)
{
	return look_acquire(&m->streams[slot].word);
}

int stream_id(const struct equic_shared *m, unsigned int slot,
	      unsigned int generation, uint64_t *id)
{
	const struct equic_shared_stream *stream;

	if (slot >= EQUIC_SHARED_STREAMS)
		return -EINVAL;
	stream = &m->streams[slot];
	if (!is_generation(look_acquire(&stream->word), generation))
		return -ESTALE;
	*id = look_acquire(&stream->id);
	return *id <= STREAM_ID_MAX ? 0 : -EINVAL;
}

static uint64_t above(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

uint64_t stream_credit(const struct equic_shared *m, unsigned int slot, uint64_t offset)
{
	const struct equic_shared_stream *stream = &m->streams[slot];
	uint64_t end = stream_end(look(&stream->word));
	uint64_t left = above(look(&m->data_max), look(&m->data));

	/* Only what is beyond the end is paid for. */
	left = above(capped_sum(left, end), offset);
	return least(left, above(look(&stream->max), offset));
}

/*
 * Move the end to @end; with @closed, EQUIC_STREAM_CLOSED, for good. @paid is what
 * data_take() was paid for it until now; what of it was not used is for the caller to
 * give back.
 *
 * Paid first, then moved: so at each moment what all streams were moved by is not
 * more than what was paid, and that is not more than the limit. Moved first, a
 * stream would have an end that nobody has the credit for, and which cannot be
 * taken back once another sender has gone on from it.
 */
static int move_end(struct equic_shared *m, struct equic_shared_stream *stream,
		    unsigned int generation, uint64_t end, uint64_t closed,
		    uint64_t *paid)
{
	__u64 old = look_acquire(&stream->word), now, need;
	unsigned int tries;
	int err;

	for (tries = 0; tries < WORD_TRIES; tries++) {
		if (!is_generation(old, generation))
			return -ESTALE;
		if (old & EQUIC_STREAM_CLOSED)
			return -ESHUTDOWN;
		if (end < stream_end(old))
			return closed ? -EINVAL : 0;
		if (end == stream_end(old) && !closed)
			return 0;
		if (end > look_acquire(&stream->max))
			return -EDQUOT;
		need = end - stream_end(old);
		err = need > *paid ? data_take(m, need - *paid) : 0;
		if (err) {
			now = look_acquire(&stream->word);
			if (err != -EDQUOT || now == old)
				return err;
			/* Who took the last credit has moved this end, perhaps. */
			old = now;
			continue;
		}
		if (need > *paid)
			*paid = need;
		if (stream_swap(stream, &old, (old - stream_end(old) + end) | closed)) {
			*paid -= need;
			return 0;
		}
	}
	return -EBUSY;
}

static int take(struct equic_shared *m, unsigned int slot, unsigned int generation,
		uint64_t offset, uint64_t len, uint64_t closed)
{
	uint64_t paid = 0;
	int err;

	if (slot >= EQUIC_SHARED_STREAMS || offset > EQUIC_STREAM_END_MASK ||
	    len > EQUIC_STREAM_END_MASK - offset)
		return -EINVAL;
	err = move_end(m, &m->streams[slot], generation, offset + len, closed, &paid);
	if (paid)
		data_return(m, paid);
	return err;
}

int stream_take(struct equic_shared *m, unsigned int slot, unsigned int generation,
		uint64_t offset, uint64_t len)
{
	return take(m, slot, generation, offset, len, 0);
}

int stream_take_last(struct equic_shared *m, unsigned int slot, unsigned int generation,
		     uint64_t offset, uint64_t len)
{
	return take(m, slot, generation, offset, len, EQUIC_STREAM_CLOSED);
}

static int put(struct equic_shared *m, unsigned int slot,
	       unsigned int generation, uint64_t id, uint64_t max,
	       uint64_t flags)
{
	struct equic_shared_stream *stream;

	if (slot >= EQUIC_SHARED_STREAMS || !generation ||
	    generation > EQUIC_STREAM_GENERATION_MASK || id > STREAM_ID_MAX)
		return -EINVAL;
	stream = &m->streams[slot];
	if (look(&stream->word))
		return -EBUSY;
	__atomic_store_n(&stream->id, id, __ATOMIC_RELEASE);
	__atomic_store_n(&stream->max, max, __ATOMIC_RELEASE);
	__atomic_store_n(&stream->word,
			 (uint64_t)generation << EQUIC_STREAM_GENERATION_SHIFT |
			 flags, __ATOMIC_RELEASE);
	return 0;
}

int stream_put(struct equic_shared *m, unsigned int slot,
	       unsigned int generation, uint64_t id, uint64_t max)
{
	return put(m, slot, generation, id, max, 0);
}

int stream_put_claimed(struct equic_shared *m, unsigned int slot,
		       unsigned int generation, uint64_t id, uint64_t max)
{
	return put(m, slot, generation, id, max, EQUIC_STREAM_CLAIMED);
}

void stream_allow(struct equic_shared *m, unsigned int slot, uint64_t max)
{
	raise_to(&m->streams[slot].max, max);
}

/*
 * Nobody moves the end of a closed stream, so its end now is the final size. An
 * acquire, for taking bytes tells that their record is reserved, as a number does.
 */
uint64_t stream_close(struct equic_shared *m, unsigned int slot)
{
	return __atomic_fetch_or(&m->streams[slot].word, EQUIC_STREAM_CLOSED,
				 __ATOMIC_ACQUIRE);
}

void stream_drop(struct equic_shared *m, unsigned int slot)
{
	__atomic_store_n(&m->streams[slot].word, 0, __ATOMIC_RELAXED);
}
