// SPDX-License-Identifier: GPL-2.0-only
/*
 * Three second senders of one connection at once, each with its ring; then one whose
 * memory an enemy writes.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>
#include "chance.h"
#include "equic_second.h"
#include "ktap.h"
#include "memory.h"
#include "pair.h"
#include "word.h"

enum { SENDERS = 3, SLOTS = 4, DATA = 1452, BUDGET = 1 << 20 };

static struct plan plan;
static bool stop;

/* What each packet was when it was sent, by number. */
struct sent {
	bool		sent;
	uint16_t	len;
};

static struct sent *sent;

/* Of its sender nothing is used. */
static struct pair pair;
static struct second_ops ops;

struct sender {
	pthread_t	thread;
	struct ring	*ring;
	struct ring	*producer;
	struct second	*second;
	struct opener	*opener;
	struct chance	chance;
	unsigned int	nr;
	unsigned long	sent;
	unsigned long	records;
	unsigned long	unsent;
	uint64_t	last;
	bool		wrong;
	/* Of the one who reads the records. */
	bool		wrong_record;
};

static int deliver(void *ctx, const uint8_t *packet, size_t len)
{
	struct sender *s = ctx;
	struct opened opened;

	s->sent++;
	s->wrong |= len > SECOND_PAYLOAD_MAX;
	/* The number grows by more than half of 2^32 nowhere in the first test. */
	if (opener_open(s->opener, packet, len, PAIR_DCID, s->last, &opened)) {
		s->wrong = true;
		return 0;
	}
	s->wrong |= opened.pn < s->last || __atomic_exchange_n(&sent[opened.pn].sent,
							       true, __ATOMIC_RELAXED);
	sent[opened.pn].len = len;
	s->last = opened.pn + 1;
	return 0;
}

static uint64_t now(void *ctx)
{
	(void)ctx;
	return PAIR_NOW;
}

static void lay_out(struct equic_shared *m)
{
	__atomic_store_n(&m->magic, EQUIC_SHARED_MAGIC, __ATOMIC_RELAXED);
	__atomic_store_n(&m->version, EQUIC_SHARED_VERSION, __ATOMIC_RELAXED);
	__atomic_store_n(&m->streams_max, EQUIC_SHARED_STREAMS, __ATOMIC_RELAXED);
	__atomic_store_n(&m->size, sizeof(*m), __ATOMIC_RELAXED);
}

static void sender_begin(struct sender *s, struct equic_shared *m)
{
	const uint8_t dcid[PAIR_DCID] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	struct seal_secret secret;
	int fd;

	s->ring = ring_make(1 << 18, &fd);
	s->producer = s->ring ? ring_map(fd, true) : NULL;
	if (!s->producer)
		ktap_bail("no ring");
	close(fd);
	/* An enemy may spoil the layout each time that it is made good. */
	while (!(s->second = second_new(m, s->producer, &ops, s)))
		lay_out(m);
	pair_secret(&secret, 0);
	s->opener = opener_new(&secret);
	if (second_key(s->second, 0, &secret) ||
	    second_path(s->second, dcid, sizeof(dcid)))
		ktap_bail("no key");
	chance_seed(&s->chance, plan.seed + s->nr);
}

static void sender_end(struct sender *s)
{
	second_free(s->second);
	ring_free(s->producer);
	ring_free(s->ring);
	opener_free(s->opener);
}

static int send_any(struct sender *s, struct equic_shared *m)
{
	static const uint8_t data[DATA];
	unsigned int slot = chance_of(&s->chance, SLOTS);
	uint64_t word = stream_read(m, slot);
	size_t len = chance_of(&s->chance, 1000);

	if (chance_of(&s->chance, 2))
		return second_datagram(s->second, data, len, s->nr);
	return second_stream(s->second, slot, stream_generation(word),
			     stream_end(word), data, len, false, s->nr);
}

static void *send_on(void *arg)
{
	struct sender *s = arg;
	struct equic_shared *m = pair.m;
	unsigned int i;

	for (i = 0; i < plan.count; i++) {
		int err = send_any(s, m);

		/* Who gives more may not have a CPU. */
		if (err && i % 64 == 0)
			sched_yield();
		s->wrong |= err && err != -EAGAIN &&
			    err != -ECANCELED && err != -ENOBUFS &&
			    err != -ENOSPC && err != -EDQUOT;
	}
	return NULL;
}

static void take_records(struct sender *s, struct equic_shared *m)
{
	struct equic_record record;

	while (!ring_next(s->ring, &record)) {
		s->records++;
		s->wrong_record |= record.cookie != s->nr;
		if (record.flags & EQUIC_RECORD_UNSENT)
			s->unsent++;
		else
			budget_add(m, record.size);
	}
}

static void test_senders(void)
{
	struct sender senders[SENDERS] = { 0 };
	unsigned long all = 0, records = 0, unsent = 0;
	struct equic_shared *m;
	unsigned int i, round = 0;
	uint64_t pn, ends = 0;
	bool right = true, none = true;

	sent = calloc(1000 + SENDERS * plan.count + 1, sizeof(*sent));
	pair_begin(&pair);
	m = pair.m;
	m->budget = BUDGET;
	for (i = 0; i < SLOTS; i++)
		stream_put(m, i, 1, 4 * i + 2, 0);
	for (i = 0; i < SENDERS; i++) {
		senders[i].nr = i;
		sender_begin(&senders[i], m);
	}
	for (i = 0; i < SENDERS; i++)
		if (pthread_create(&senders[i].thread, NULL, send_on, &senders[i]))
			ktap_bail("no thread");
	for (i = 0; i < SENDERS;) {
		unsigned int j;

		for (j = 0; j < SENDERS; j++)
			take_records(&senders[j], m);
		stream_allow(m, round % SLOTS, 300 * round);
		if (++round % 64 == 0)
			number_stop(m);
		else if (round % 64 == 4)
			number_go(m);
		if (!pthread_tryjoin_np(senders[i].thread, NULL))
			i++;
	}
	for (i = 0; i < SENDERS; i++) {
		take_records(&senders[i], m);
		all += senders[i].sent;
		records += senders[i].records;
		unsent += senders[i].unsent;
		right &= !senders[i].wrong && !senders[i].wrong_record;
		sender_end(&senders[i]);
	}
	for (pn = 1000; pn < number_pn(m->number); pn++)
		none &= sent[pn].sent;
	for (i = 0; i < SLOTS; i++)
		ends += stream_end(stream_read(m, i));
	ktap_diag("%lu packets, %lu unsent", all, unsent);
	ktap_result(right && all, "three senders, all packets are opened, no number twice");
	ktap_result(none && all == number_pn(m->number) - 1000,
		    "each number that was taken was sent");
	ktap_result(records == all + unsent, "each packet has one record");
	ktap_result(m->data == ends, "each stream's bytes are paid for");
	ktap_result(m->budget == BUDGET, "the budget is what it was");
	pair_end(&pair);
	free(sent);
}

/* Behind the largest number that the sender used. */
static uint64_t used;

/* Words of any value, or nearly right ones. */
static void *scribble(void *arg)
{
	struct equic_shared *m = arg;
	__u64 *words = (__u64 *)m;
	struct chance chance;

	chance_seed(&chance, plan.seed);
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		unsigned int i = chance_of(&chance, sizeof(*m) / sizeof(*words));
		__u64 any = (__u64)chance_next(&chance) << 32 | chance_next(&chance);

		/* Streams are most of it, and only a few of them are used. */
		if (chance_of(&chance, 2))
			i = chance_of(&chance, sizeof(struct equic_shared) / 8 - 1024 +
				      4 * SLOTS);
		__atomic_store_n(&words[i], any >> chance_of(&chance, 64),
				 __ATOMIC_RELAXED);
		if (!chance_of(&chance, 4)) {
			/* Around those that were used, so that some may be. */
			__atomic_store_n(&m->number,
					 __atomic_load_n(&used, __ATOMIC_RELAXED) +
					 chance_of(&chance, 64) - 4, __ATOMIC_RELAXED);
			__atomic_store_n(&m->budget, 100000, __ATOMIC_RELAXED);
			__atomic_store_n(&m->payload_max, chance_next(&chance),
					 __ATOMIC_RELAXED);
			i = chance_of(&chance, SLOTS);
			__atomic_store_n(&m->streams[i].word,
					 1ULL << EQUIC_STREAM_GENERATION_SHIFT,
					 __ATOMIC_RELAXED);
			__atomic_store_n(&m->data_max, ~0ULL, __ATOMIC_RELAXED);
			__atomic_store_n(&m->streams[i].max, ~0ULL, __ATOMIC_RELAXED);
			__atomic_store_n(&m->streams[i].id, 2, __ATOMIC_RELAXED);
			__atomic_store_n(&m->data, 0, __ATOMIC_RELAXED);
		}
		if (!chance_of(&chance, 32))
			sched_yield();
	}
	return NULL;
}

/*
 * Any number that is greater may come; so it is known from the record, which the
 * sender has told before it sends.
 */
static int deliver_any(void *ctx, const uint8_t *packet, size_t len)
{
	struct sender *s = ctx;
	struct equic_record record;
	struct opened opened;

	s->sent++;
	do {
		if (ring_next(s->ring, &record)) {
			s->wrong = true;
			return 0;
		}
	} while (record.flags & EQUIC_RECORD_UNSENT);
	s->wrong |= len > SECOND_PAYLOAD_MAX || record.size != len ||
		    number_epoch(record.number) || number_pn(record.number) < s->last ||
		    opener_open(s->opener, packet, len, PAIR_DCID,
				number_pn(record.number), &opened) ||
		    opened.pn != number_pn(record.number);
	s->last = number_pn(record.number) + 1;
	__atomic_store_n(&used, s->last, __ATOMIC_RELAXED);
	return 0;
}

static void test_hostile(void)
{
	struct sender s = { 0 };
	struct equic_shared *m;
	struct equic_record record;
	bool kind[200] = { false };
	unsigned long sent = 0, kinds = 0;
	unsigned int i;
	pthread_t thread;
	int err;

	ops.send = deliver_any;
	pair_begin(&pair);
	m = pair.m;
	sender_begin(&s, m);
	stop = false;
	if (pthread_create(&thread, NULL, scribble, m))
		ktap_bail("no thread");
	for (i = 0; i < 20 * plan.count; i++) {
		err = send_any(&s, m);
		s.wrong |= err > 0 || err <= -200;
		kind[-err % 200] = true;
		while (!ring_next(s.ring, &record))
			s.wrong |= !(record.flags & EQUIC_RECORD_UNSENT);
		if (s.last < 1ULL << 40)
			continue;
		/* There is hardly a number left: another sender, of another connection. */
		sent += s.sent;
		sender_end(&s);
		s = (struct sender){ .wrong = s.wrong };
		__atomic_store_n(&used, 1000, __ATOMIC_RELAXED);
		sender_begin(&s, m);
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	sent += s.sent;
	for (i = 0; i < 200; i++)
		kinds += kind[i];
	ktap_diag("%lu packets, %lu kinds of outcomes", sent, kinds);
	ktap_result(!s.wrong && sent,
		    "whatever is in the memory: what is sent is right, no number twice");
	sender_end(&s);
	pair_end(&pair);
}

/* In each moment one waits that nobody can have. */
static struct equic_shared *endless;
static unsigned int claims;

int __real_second_claim(struct second *second, unsigned int *slot,
			unsigned int *generation);
int __wrap_second_claim(struct second *second, unsigned int *slot,
			unsigned int *generation);

int __wrap_second_claim(struct second *second, unsigned int *slot,
			unsigned int *generation)
{
	endless->streams[0].id = UINT64_MAX;
	endless->streams[0].word = 1ULL << EQUIC_STREAM_GENERATION_SHIFT;
	if (++claims > 1000000)
		ktap_bail("claims without end");
	return __real_second_claim(second, slot, generation);
}

static void test_endless(void)
{
	const struct equic_second_ops none = { 0 };
	struct equic_second_stream stream;
	struct equic_second *second;
	int memory_fd, ring_fd;
	struct ring *ring;

	endless = memory_make(1, &memory_fd);
	ring = ring_make(1 << 14, &ring_fd);
	second = endless && ring ? equic_second_new(memory_fd, ring_fd, &none, NULL) : NULL;
	if (!second)
		ktap_bail("no sender");
	ktap_result(equic_second_claim(second, &stream) == -ENOENT,
		    "as many streams that nobody can have wait as are claimed: it ends");
	equic_second_free(second);
	ring_free(ring);
	memory_unmap(endless);
	close(memory_fd);
	close(ring_fd);
}

int main(int argc, char **argv)
{
	ktap_begin();
	plan = chance_plan(argc, argv, 100000, "packets by each of 3 senders");
	ops.send = deliver;
	ops.now = now;
	test_senders();
	test_hostile();
	test_endless();
	return ktap_end();
}
