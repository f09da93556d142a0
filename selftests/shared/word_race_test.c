// SPDX-License-Identifier: GPL-2.0-only
/*
 * The words of linux/equic_shared.h under senders that run at once. What holds:
 *
 * - each number is taken once, and none is passed over; epochs follow the numbers;
 * - the budget falls below 0 by less than one packet, however many senders there are:
 *   a taker needs a budget above 0, and its exchange is of the value that it saw;
 * - no moment has more bytes taken than the peer allows, on a stream or on all;
 * - the end of a stream does not fall, and when all have come to rest, the bytes paid
 *   for are exactly those to the ends;
 * - a closed stream has the size that closing returned;
 * - behind the last bytes nobody takes any;
 * - a stream is one claimer's.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include "chance.h"
#include "ktap.h"
#include "word.h"

enum { TAKERS = 4, PACKET = 1500, STREAMS = 8 };

#define look(word)	__atomic_load_n(&(word), __ATOMIC_RELAXED)

static struct equic_shared m;
static struct plan plan;
static pthread_barrier_t barrier;
static bool done;

struct worker {
	pthread_t	thread;
	void		(*work)(struct worker *worker);
	unsigned int	nr;
	struct chance	chance;
	__u64		sum;
	__u64		added;
	__u64		refused;
	bool		wrong;
};

static void *worker_run(void *arg)
{
	struct worker *worker = arg;

	pthread_barrier_wait(&barrier);
	worker->work(worker);
	return NULL;
}

/* Four do @work at once, and another @watch until they are done. */
static struct worker workers[TAKERS + 1];

static void run(void (*work)(struct worker *worker),
		void (*watch)(struct worker *worker))
{
	unsigned int i;

	memset(workers, 0, sizeof(workers));
	done = false;
	pthread_barrier_init(&barrier, NULL, TAKERS + 1);
	for (i = 0; i <= TAKERS; i++) {
		workers[i].nr = i;
		workers[i].work = i < TAKERS ? work : watch;
		chance_seed(&workers[i].chance, plan.seed + i);
		errno = pthread_create(&workers[i].thread, NULL, worker_run,
				       &workers[i]);
		if (errno)
			ktap_bail("no thread");
	}
	for (i = 0; i < TAKERS; i++)
		pthread_join(workers[i].thread, NULL);
	__atomic_store_n(&done, true, __ATOMIC_RELEASE);
	pthread_join(workers[TAKERS].thread, NULL);
	pthread_barrier_destroy(&barrier);
}

static bool right(void)
{
	unsigned int i;

	for (i = 0; i <= TAKERS; i++)
		if (workers[i].wrong)
			return false;
	return true;
}

static __u64 sum(void)
{
	__u64 sum = 0;
	unsigned int i;

	for (i = 0; i < TAKERS; i++)
		sum += workers[i].sum;
	return sum;
}

static __u64 added(void)
{
	__u64 sum = 0;
	unsigned int i;

	for (i = 0; i < TAKERS; i++)
		sum += workers[i].added;
	return sum;
}

static unsigned long long refusals(void)
{
	unsigned long long sum = 0;
	unsigned int i;

	for (i = 0; i < TAKERS; i++)
		sum += workers[i].refused;
	return sum;
}

static bool is_done(void)
{
	return __atomic_load_n(&done, __ATOMIC_ACQUIRE);
}

/* By number: 1 + the epoch that it was taken with. */
static __u16 *epochs;

static void note(struct worker *worker, uint64_t word)
{
	worker->wrong |= __atomic_exchange_n(&epochs[number_pn(word)],
					     1 + number_epoch(word),
					     __ATOMIC_RELAXED) != 0;
}

static void take_numbers(struct worker *worker)
{
	uint64_t word, last = 0;
	unsigned int i;

	for (i = 0; i < plan.count; i++) {
		if (worker->nr == 0 && i % 1024 == 1023) {
			worker->wrong |= number_take_epoch(&m, number_epoch(last),
							   &word) ||
					 number_epoch(word) != number_epoch(last) + 1;
		} else if (number_take(&m, worker->nr < 2, &word) == -EAGAIN) {
			worker->refused++;
			sched_yield();
			i--;
			continue;
		}
		worker->wrong |= i && number_pn(word) <= number_pn(last);
		last = word;
		note(worker, word);
	}
}

/*
 * Stop, and go again: not for long, as two takers stand meanwhile. Those who do not
 * obey go on.
 */
static void stop_and_go(struct worker *worker)
{
	while (!is_done()) {
		number_stop(&m);
		worker->wrong |= !(number_read(&m) & EQUIC_NUMBER_STOP);
		number_go(&m);
	}
}

static void test_numbers(void)
{
	unsigned int n = TAKERS * plan.count, i;
	bool all = true, ordered = true;

	memset(&m, 0, sizeof(m));
	epochs = calloc(n, sizeof(*epochs));
	if (!epochs)
		ktap_bail("no memory");
	run(take_numbers, stop_and_go);
	for (i = 0; i < n; i++) {
		all &= epochs[i] != 0;
		ordered &= !i || epochs[i] >= epochs[i - 1];
	}
	ktap_diag("%u epochs, %llu refusals", number_epoch(m.number), refusals());
	ktap_result(right(), "no number is taken twice, each taker's grow");
	ktap_result(all && number_pn(m.number) == n, "none is passed over");
	ktap_result(ordered && number_epoch(m.number) == plan.count / 1024,
		    "epochs begin with a number, for all takers at once");
	free(epochs);
}

static void take_obeying(struct worker *worker)
{
	uint64_t word;
	unsigned int i;

	for (i = 0; i < plan.count; i++) {
		if (!number_take(&m, true, &word))
			worker->sum++;
		else if (++worker->refused % 1024 == 0)
			/* Who said stop may not have a CPU. */
			sched_yield();
	}
}

static void stand_still(struct worker *worker)
{
	uint64_t word;
	int i;

	while (!is_done()) {
		word = number_stop(&m);
		for (i = 0; i < 200; i++)
			worker->wrong |= number_read(&m) != word;
		number_go(&m);
		for (i = 0; i < 200; i++)
			worker->wrong |= number_read(&m) < number_pn(word);
	}
}

static void test_stop(void)
{
	memset(&m, 0, sizeof(m));
	run(take_obeying, stand_still);
	ktap_diag("%llu refusals", refusals());
	ktap_result(right(), "behind a stop no number is taken before go");
	ktap_result(sum() == number_pn(m.number), "and none is lost by it");
}

/* Who is refused fills it, a little: so it is mostly about 0. */
static void take_budget(struct worker *worker)
{
	unsigned int i, size;

	for (i = 0; i < plan.count; i++) {
		size = 1 + chance_of(&worker->chance, PACKET);
		worker->wrong |= look(m.budget) <= -PACKET;
		if (budget_take(&m, size)) {
			worker->refused++;
			size = chance_of(&worker->chance, 2 * PACKET);
			worker->added += size;
			budget_add(&m, size);
		} else if (chance_of(&worker->chance, 4)) {
			worker->sum += size;
		} else {
			/* It is not sent after all. */
			budget_add(&m, size);
		}
	}
}

static void watch_budget(struct worker *worker)
{
	while (!is_done())
		worker->wrong |= look(m.budget) <= -PACKET;
}

static void test_budget(void)
{
	memset(&m, 0, sizeof(m));
	run(take_budget, watch_budget);
	ktap_diag("%llu bytes taken, %llu refusals", (long long)sum(), refusals());
	ktap_result(right(), "the budget is overrun by less than one packet in all");
	ktap_result((__s64)(added() - sum()) == m.budget,
		    "what was added and not taken is there");
}

static void check_data(struct worker *worker)
{
	__u64 data = __atomic_load_n(&m.data, __ATOMIC_ACQUIRE);

	/* Read second, it may only have grown. */
	worker->wrong |= data > look(m.data_max);
}

/* What the peer allows: it comes from any thread, so that some comes late. */
static __u64 allowed;

static void allow_data(struct worker *worker)
{
	unsigned int more = chance_of(&worker->chance, 2 * PACKET);

	worker->refused++;
	data_allow(&m, more + __atomic_fetch_add(&allowed, more, __ATOMIC_RELAXED));
}

static void take_data(struct worker *worker)
{
	unsigned int i, bytes;

	for (i = 0; i < plan.count; i++) {
		bytes = 1 + chance_of(&worker->chance, PACKET);
		check_data(worker);
		if (worker->nr & 1) {
			bytes = data_take_some(&m, bytes);
			worker->sum += bytes;
			if (!bytes)
				allow_data(worker);
		} else if (data_take(&m, bytes)) {
			allow_data(worker);
		} else if (chance_of(&worker->chance, 4)) {
			worker->sum += bytes;
		} else {
			data_return(&m, bytes);
		}
	}
}

static void watch_data(struct worker *worker)
{
	while (!is_done()) {
		check_data(worker);
		data_allow(&m, look(m.data_max) / 2);
	}
}

static void test_data(void)
{
	memset(&m, 0, sizeof(m));
	allowed = 0;
	run(take_data, watch_data);
	ktap_diag("%llu bytes taken of %llu, %llu refusals", (long long)m.data,
		  (long long)m.data_max, refusals());
	ktap_result(right(), "no moment has more taken than MAX_DATA");
	ktap_result(m.data == sum() && m.data_max == allowed,
		    "in the end it is exact");
}

/* The highest end of a stream that somebody took to, of its present generation. */
static __u64 taken_to[STREAMS];

static void raise_taken(unsigned int slot, __u64 end)
{
	__u64 old = look(taken_to[slot]);

	while (old < end && !__atomic_compare_exchange_n(&taken_to[slot], &old, end,
							 false, __ATOMIC_RELAXED,
							 __ATOMIC_RELAXED))
		;
}

static __u64 allowed_stream[STREAMS];

static void allow_stream(struct worker *worker, unsigned int slot)
{
	unsigned int more = chance_of(&worker->chance, 2 * PACKET);

	if (worker->refused & 1)
		allow_data(worker);
	else
		worker->refused++;
	stream_allow(&m, slot, more + __atomic_fetch_add(&allowed_stream[slot], more,
							 __ATOMIC_RELAXED));
}

static void take_stream(struct worker *worker)
{
	unsigned int i, slot, len;
	__u64 word, offset;
	int err;

	for (i = 0; i < plan.count; i++) {
		slot = chance_of(&worker->chance, STREAMS);
		len = chance_of(&worker->chance, PACKET);
		word = stream_read(&m, slot);
		/* About the end: all want the same bytes, and some leave a gap. */
		offset = stream_end(word) + chance_of(&worker->chance, PACKET);
		offset -= offset < PACKET ? offset : PACKET / 2;
		err = stream_take(&m, slot, stream_generation(word), offset, len);
		if (!err)
			raise_taken(slot, offset + len);
		else
			allow_stream(worker, slot);
		worker->wrong |= err && err != -EDQUOT && err != -ESHUTDOWN;
		worker->wrong |= stream_end(word) > stream_end(stream_read(&m, slot));
		check_data(worker);
	}
}

/* Now and then, close a stream of the first half. */
static void close_streams(struct worker *worker)
{
	__u64 closed_at[STREAMS], word;
	bool closed[STREAMS] = { false };
	unsigned int slot;

	while (!is_done()) {
		slot = chance_of(&worker->chance, STREAMS);
		check_data(worker);
		word = stream_read(&m, slot);
		worker->wrong |= stream_end(word) > look(m.streams[slot].max);
		if (slot < STREAMS / 2 && stream_end(word) > 100 * PACKET * (slot + 1) &&
		    !closed[slot]) {
			closed_at[slot] = stream_end(stream_close(&m, slot));
			closed[slot] = true;
		}
		if (closed[slot])
			worker->wrong |= stream_end(stream_read(&m, slot)) !=
					 closed_at[slot];
	}
	for (slot = 0; slot < STREAMS; slot++)
		worker->sum += closed[slot];
}

static void test_streams(void)
{
	__u64 ends = 0;
	bool exact = true;
	unsigned int i;

	memset(&m, 0, sizeof(m));
	memset(taken_to, 0, sizeof(taken_to));
	memset(allowed_stream, 0, sizeof(allowed_stream));
	allowed = 0;
	for (i = 0; i < STREAMS; i++)
		stream_put(&m, i, 1, 4 * i + 2, 0);
	run(take_stream, close_streams);
	for (i = 0; i < STREAMS; i++) {
		ends += stream_end(m.streams[i].word);
		exact &= stream_end(m.streams[i].word) == taken_to[i];
	}
	ktap_diag("%llu bytes of %llu, %llu streams closed, %llu refusals",
		  (long long)ends, (long long)m.data_max,
		  (long long)workers[TAKERS].sum, refusals());
	ktap_result(right(), "no end falls or passes a limit, or moves when closed");
	ktap_result(exact, "each end is where the last taker put it");
	ktap_result(m.data == ends, "bytes to the ends are paid for, and no others");
}

/* Where the stream ends, for who took its last bytes; 0: nobody did yet. */
static __u64 final_size;

/* One byte more, which is the last one perhaps. All are about one stream. */
static void end_stream(struct worker *worker)
{
	unsigned int taken = 0;
	__u64 word;
	bool last;
	int err;

	while (taken < plan.count) {
		last = !chance_of(&worker->chance, 4);
		word = stream_read(&m, 0);
		if (stream_generation(word) == EQUIC_STREAM_GENERATION_MASK)
			break;
		err = (last ? stream_take_last : stream_take)
			(&m, 0, stream_generation(word), stream_end(word), 1);
		if (!err && last)
			__atomic_store_n(&final_size, stream_end(word) + 1,
					 __ATOMIC_RELEASE);
		if (err == -ESHUTDOWN)
			sched_yield();
		taken += !err;
	}
}

/* When it has ended it gives way to the next, and the ends are added up. */
static void begin_streams(struct worker *worker)
{
	__u64 final, word;

	while (!is_done()) {
		final = __atomic_load_n(&final_size, __ATOMIC_ACQUIRE);
		word = stream_read(&m, 0);
		if (!final) {
			sched_yield();
			continue;
		}
		worker->wrong |= !(word & EQUIC_STREAM_CLOSED) ||
				 stream_end(word) != final;
		worker->sum += final;
		worker->added++;
		final_size = 0;
		stream_drop(&m, 0);
		stream_put(&m, 0, stream_generation(word) + 1, 2, UINT64_MAX);
	}
}

static void test_last(void)
{
	memset(&m, 0, sizeof(m));
	final_size = 0;
	m.data_max = UINT64_MAX;
	stream_put(&m, 0, 1, 2, UINT64_MAX);
	run(end_stream, begin_streams);
	ktap_diag("%llu streams ended", (long long)workers[TAKERS].added);
	ktap_result(right() && workers[TAKERS].added,
		    "behind the last bytes nobody takes any");
	ktap_result(m.data == workers[TAKERS].sum + stream_end(m.streams[0].word),
		    "what was refused for that is not paid");
}

/* By slot: the generation that was last claimed. */
static unsigned int claimed[EQUIC_SHARED_STREAMS];

static void claim(struct worker *worker)
{
	unsigned int slot, generation, before, i;
	uint64_t id;

	for (i = 0; i < plan.count; i++) {
		if (stream_claim(&m, &slot, &generation))
			continue;
		before = __atomic_exchange_n(&claimed[slot], generation,
					     __ATOMIC_RELAXED);
		worker->wrong |= before >= generation;
		worker->wrong |= stream_id(&m, slot, generation, &id) ||
				 id != 4 * (slot + 256 * generation) + 2;
		worker->wrong |= stream_take(&m, slot, generation, 0, 10) != 0;
		worker->sum++;
		/* Now the slot may get another. */
		stream_close(&m, slot);
	}
}

static void renew(struct worker *worker)
{
	unsigned int slot, generation;

	while (!is_done()) {
		for (slot = 0; slot < EQUIC_SHARED_POOL; slot++) {
			generation = stream_generation(stream_read(&m, slot));
			if (!(stream_read(&m, slot) & EQUIC_STREAM_CLOSED) ||
			    generation == EQUIC_STREAM_GENERATION_MASK)
				continue;
			stream_drop(&m, slot);
			worker->wrong |= stream_take(&m, slot, generation, 0, 20) !=
					 -ESTALE;
			generation++;
			stream_put(&m, slot, generation,
				   4 * (slot + 256 * generation) + 2, 10);
			worker->sum++;
		}
	}
}

static void test_claims(void)
{
	unsigned int waiting = 0, i;

	memset(&m, 0, sizeof(m));
	m.data_max = UINT64_MAX;
	for (i = 0; i < EQUIC_SHARED_POOL; i++)
		stream_put(&m, i, 1, 4 * (i + 256) + 2, 10);
	run(claim, renew);
	for (i = 0; i < EQUIC_SHARED_POOL; i++)
		waiting += !(m.streams[i].word & EQUIC_STREAM_CLAIMED);
	ktap_diag("%llu claimed, %u wait", (long long)sum(), waiting);
	ktap_result(right(), "a stream that waits is claimed by one, with its own ID");
	ktap_result(sum() + waiting == EQUIC_SHARED_POOL + workers[TAKERS].sum,
		    "and all are claimed or wait");
	ktap_result(m.data == 10 * sum(), "who comes late takes nothing");
}

int main(int argc, char **argv)
{
	ktap_begin();
	plan = chance_plan(argc, argv, 400000, "changes by each of 4 threads");
	test_numbers();
	test_stop();
	test_budget();
	test_data();
	test_streams();
	test_last();
	test_claims();
	return ktap_end();
}
