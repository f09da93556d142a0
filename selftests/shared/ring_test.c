// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ring of records: order and room, a producer that is killed, and a producer that
 * writes anything at all. Each mapping of a ring lies between pages that cannot be
 * touched.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>
#include "bpf_map.h"
#include "chance.h"
#include "expect.h"
#include "ktap.h"
#include "region.h"
#include "ring.h"

enum {
	PAGE = 4096,
	SIZE = PAGE,
	ROOM = BPF_RINGBUF_HDR_SZ + sizeof(struct equic_record),
	FULL = SIZE / ROOM,
	/* Not half of what fits, so that it ends at another place each time. */
	PART = 29,
	KILLS = 300,
};

/* The memory as anybody may write it. */
struct raw {
	unsigned long	consumer;
	__u8		pad_consumer[PAGE - sizeof(long)];
	unsigned long	producer;
	__u8		pad_producer[PAGE - sizeof(long)];
	__u8		data[SIZE];
};

static int fd;
static struct raw *raw;
static struct ring *consumer, *producer;
static struct plan plan;

void *__real_mmap(void *addr, size_t len, int prot, int flags, int fd, off_t off);
void *__wrap_mmap(void *addr, size_t len, int prot, int flags, int fd, off_t off);
int __real_munmap(void *addr, size_t len);
int __wrap_munmap(void *addr, size_t len);

/* Where rings are mapped. */
static void *guarded[8];

static void **guard_of(const void *at)
{
	unsigned int i;

	for (i = 0; i < sizeof(guarded) / sizeof(*guarded); i++)
		if (guarded[i] == at)
			return &guarded[i];
	return NULL;
}

/* What a ring reserves for itself has a page before it and behind it. */
void *__wrap_mmap(void *addr, size_t len, int prot, int flags, int fd, off_t off)
{
	void *at, **guard = guard_of(NULL);

	if (addr || prot != PROT_NONE)
		return __real_mmap(addr, len, prot, flags, fd, off);
	at = __real_mmap(NULL, len + 2 * PAGE, PROT_NONE, flags, -1, 0);
	if (at == MAP_FAILED || !guard)
		ktap_bail("no room for a ring and its guards");
	*guard = (__u8 *)at + PAGE;
	return *guard;
}

int __wrap_munmap(void *addr, size_t len)
{
	void **guard = guard_of(addr);

	if (!guard)
		return __real_munmap(addr, len);
	*guard = NULL;
	return __real_munmap((__u8 *)addr - PAGE, len + 2 * PAGE);
}

static void begin(void)
{
	consumer = ring_make(SIZE, &fd);
	producer = consumer ? ring_map(fd, true) : NULL;
	raw = mmap(NULL, sizeof(*raw), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (!producer || raw == MAP_FAILED)
		ktap_bail("no ring");
}

static void end(void)
{
	ring_free(producer);
	ring_free(consumer);
	munmap(raw, sizeof(*raw));
	close(fd);
}

/* A record says @n everywhere, so that half of one is seen. */
static void fill(struct equic_record *record, __u64 n)
{
	*record = (struct equic_record){
		.number = n, .sent_ns = ~n, .connection = n, .size = n,
		.len = n, .offset = n * 3, .cookie = n };
}

static bool says(const struct equic_record *record, __u64 n)
{
	return record->number == n && record->sent_ns == ~n &&
	       record->connection == (__u32)n && record->size == (__u16)n &&
	       record->len == (__u32)n && record->offset == n * 3 &&
	       record->cookie == n;
}

static bool put(struct ring *r, __u64 n)
{
	struct equic_record *record = ring_reserve(r);

	if (!record)
		return false;
	fill(record, n);
	ring_submit(r, record);
	return true;
}

static bool get(__u64 n)
{
	struct equic_record record;

	return !ring_next(consumer, &record) && says(&record, n);
}

static int next(void)
{
	struct equic_record record;

	return ring_next(consumer, &record);
}

static void test_sizes(void)
{
	const size_t bad[] = { 0, 1, PAGE / 2, PAGE + 8, 3 * PAGE,
			       2 * (size_t)RING_SIZE_MAX, SIZE_MAX };
	bool refused = true;
	struct ring *r;
	unsigned int i;
	int got, memfd;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		refused &= !ring_make(bad[i], &got) && errno == EINVAL;
	ktap_result(refused, "a ring of another size is not made");
	memfd = region_make("test", 2 * PAGE + 3 * PAGE);
	ktap_result(!ring_map(memfd, true) && errno == EINVAL, "nor mapped");
	close(memfd);
	memfd = region_make("test", 2 * PAGE);
	ktap_result(!ring_map(memfd, false) && errno == EINVAL, "nor one without data");
	close(memfd);
	memfd = memfd_create("test", MFD_ALLOW_SEALING);
	got = ftruncate(memfd, sizeof(*raw));
	ktap_result(!got && !ring_map(memfd, false) && errno == EINVAL,
		    "nor one that may shrink");
	close(memfd);
	ktap_result(!ring_map(-1, false) && errno == EBADF, "nor none");

	begin();
	raw->producer = 4;
	ktap_result(!ring_map(fd, true) && errno == EPROTO,
		    "a producer does not go on where no record begins");
	raw->consumer = 1;
	ktap_result(!ring_map(fd, false) && errno == EPROTO, "nor does a consumer");
	raw->producer = raw->consumer = 0;
	r = ring_make(1 << 20, &got);
	ktap_result(r, "a ring of a mebibyte is made");
	ring_free(r);
	close(got);
	ring_free(NULL);
	end();
}

static void test_order(void)
{
	__u64 in = 0, out = 0;
	bool good = true;
	int i;

	begin();
	expect_eq(next(), -ENOENT, "an empty ring has no record");
	for (i = 0; i < FULL; i++)
		good &= put(producer, in++);
	ktap_result(good && !put(producer, in), "%d records fill a page", FULL);
	ktap_result(raw->producer == FULL * ROOM && raw->consumer == 0,
		    "positions count bytes");
	ktap_result(get(out++) && raw->consumer == ROOM && put(producer, in++) &&
		    !put(producer, in), "one that was read makes room for one");
	while (out < in)
		good &= get(out++);
	ktap_result(good && next() == -ENOENT, "records come in their order");
	while (in < 100000) {
		for (i = 0; i < PART; i++)
			good &= put(producer, in++);
		for (i = 0; i < PART; i++)
			good &= get(out++);
	}
	ktap_result(good && next() == -ENOENT && raw->producer == in * ROOM,
		    "also those that go over the end of the data");
	ktap_result(!ring_reserve(consumer), "a consumer does not produce");
	ktap_result(ring_next(producer, &(struct equic_record){ 0 }) == -EPROTO &&
		    ring_recover(producer) == 0, "nor the other way");
	end();
}

static void test_reserved(void)
{
	struct equic_record *a, *b, *c;

	begin();
	a = ring_reserve(producer);
	b = ring_reserve(producer);
	c = ring_reserve(producer);
	fill(a, 1);
	fill(b, 2);
	fill(c, 3);
	ring_submit(producer, c);
	expect_eq(next(), -ENOENT, "nobody sees what is behind a reserved record");
	ring_discard(producer, a);
	expect_eq(next(), -ENOENT, "one that is discarded is passed over");
	expect_eq(raw->consumer, ROOM, "and its room is free");
	ring_submit(producer, b);
	ktap_result(get(2) && get(3) && next() == -ENOENT, "the others come then");
	end();
}

/* Who reads up to there ends, though the producer does not. */
static void test_end(void)
{
	unsigned long until;
	__u64 n = 0;

	begin();
	ktap_result(ring_reached(consumer, ring_end(consumer)),
		    "an empty ring ends where it begins");
	put(producer, 0);
	put(producer, 1);
	until = ring_end(consumer);
	put(producer, 2);
	while (!ring_reached(consumer, until) && get(n))
		n++;
	ktap_result(n == 2 && get(2), "it ends behind what is there, not what comes");
	raw->producer = 1UL << 40;
	until = ring_end(consumer);
	raw->producer = 0;
	ktap_result(until == 3 * ROOM + SIZE && ring_end(consumer) == until,
		    "at a position that is none it ends as if it were full");
	ktap_result(!ring_reached(consumer, until) && next() == -EPROTO,
		    "and who reads on sees that it is none");
	end();
}

/* Each side's position is its own: what is written over it does not matter. */
static void test_positions(void)
{
	bool good;

	begin();
	good = put(producer, 1);
	raw->producer = 3;
	good &= put(producer, 2) && raw->producer == 2 * ROOM;
	ktap_result(good, "a producer does not read its position back");
	good = get(1);
	raw->consumer = SIZE * 5 + 1;
	good &= get(2) && raw->consumer == 2 * ROOM && next() == -ENOENT;
	ktap_result(good, "nor does a consumer");
	end();
}

/* Positions of long ago: they wrap. */
static void test_wrap(void)
{
	bool good = true;
	__u64 n;

	begin();
	ring_free(consumer);
	ring_free(producer);
	raw->consumer = raw->producer = -5 * (long)ROOM;
	consumer = ring_map(fd, false);
	producer = ring_map(fd, true);
	for (n = 0; n < 20; n++)
		good &= put(producer, n);
	for (n = 0; n < 20; n++)
		good &= get(n);
	ktap_result(good && raw->producer == 15 * ROOM, "positions wrap");
	end();
}

/*
 * Each of the ways to die, in a process of its own. What is in the ring then:
 * @before records that were submitted, @given_up, @behind that were submitted.
 */
static void die_idle(void)
{
}

static void die_reserved(void)
{
	ring_reserve(producer);
}

static void die_filled(void)
{
	fill(ring_reserve(producer), 7);
}

/* As in ring_reserve(), before the position. */
static void die_in_header(void)
{
	__u8 *header = raw->data + raw->producer;

	header[3] = BPF_RINGBUF_BUSY_BIT >> 24;
	header[0] = 99;
}

static void die_between(void)
{
	struct equic_record *a = ring_reserve(producer), *b, *c;

	b = ring_reserve(producer);
	c = ring_reserve(producer);
	(void)a;
	fill(b, 100);
	ring_submit(producer, b);
	ring_discard(producer, c);
	put(producer, 101);
	ring_reserve(producer);
}

static void die_full(void)
{
	while (ring_reserve(producer))
		;
}

static void child(void (*act)(void))
{
	pid_t pid = fork();

	if (!pid) {
		act();
		raise(SIGKILL);
	}
	if (pid < 0 || waitpid(pid, NULL, 0) != pid)
		ktap_bail("no process");
}

static void die(void (*how)(void), unsigned int given_up, unsigned int behind,
		const char *name)
{
	unsigned int busy, i;
	bool good;

	begin();
	good = put(producer, 1) && put(producer, 2) && get(1);
	child(how);
	good &= get(2) && next() == -ENOENT;
	busy = ring_recover(consumer);
	for (i = 0; i < behind; i++)
		good &= get(100 + i);
	good &= next() == -ENOENT && raw->consumer == raw->producer;
	/* And on with another producer, all through the ring. */
	ring_free(producer);
	producer = ring_map(fd, true);
	for (i = 0; i < FULL; i++)
		good &= put(producer, i);
	good &= !put(producer, i) && !ring_recover(consumer);
	for (i = 0; i < FULL; i++)
		good &= get(i);
	ring_reserve(producer);
	good &= next() == -ENOENT;
	if (busy != given_up)
		ktap_diag("%u given up", busy);
	ktap_result(good && busy == given_up, "killed %s: %u given up, %u behind it",
		    name, given_up, behind);
	end();
}

/*
 * Up to three records at a time, submitted in any order; some thrown away. Until the
 * alarm, which ends the process wherever it is.
 */
static void produce(__u64 n, __u64 seed)
{
	struct equic_record *open[3] = { NULL };
	struct itimerval alarm = { 0 };
	struct chance chance;
	unsigned int i;

	chance_seed(&chance, seed);
	alarm.it_value.tv_usec = 1 + chance_of(&chance, 3000);
	setitimer(ITIMER_REAL, &alarm, NULL);
	for (;;) {
		i = chance_of(&chance, 3);
		if (!open[i]) {
			open[i] = ring_reserve(producer);
			if (open[i])
				fill(open[i], n++);
			continue;
		}
		if (chance_of(&chance, 8))
			ring_submit(producer, open[i]);
		else
			ring_discard(producer, open[i]);
		open[i] = NULL;
	}
}

/* Read what is there: each whole, and in order. */
static bool read_all(__u64 *last, __u64 *count)
{
	struct equic_record record;
	int err;

	while (!(err = ring_next(consumer, &record))) {
		if (record.cookie <= *last || !says(&record, record.cookie)) {
			ktap_diag("%llx behind %llx", (long long)record.cookie,
				  (long long)*last);
			return false;
		}
		*last = record.cookie;
		++*count;
	}
	return err == -ENOENT;
}

static void test_kills(void)
{
	unsigned int busy = 0, i;
	__u64 last = 0, count = 0;
	bool good = true;
	pid_t pid;

	begin();
	/* Seldom it dies where nothing is reserved so often; but it may. */
	for (i = 0; good && (i < KILLS || (!busy && i < 10 * KILLS)); i++) {
		pid = fork();
		if (pid < 0)
			ktap_bail("no process");
		if (!pid)
			produce((i + 1ULL) << 32, plan.seed + i);
		while (!waitpid(pid, NULL, WNOHANG))
			good &= read_all(&last, &count);
		good &= read_all(&last, &count);
		busy += ring_recover(consumer);
		good &= read_all(&last, &count) && raw->consumer == raw->producer;
		ring_free(producer);
		producer = ring_map(fd, true);
	}
	ktap_diag("%u kills, %llu records, %u given up", i, (long long)count, busy);
	ktap_result(good && busy, "killed anywhere: all is whole, in order");
	end();
}

/* One header, of all kinds, with so much in the ring. */
static int header_gives(__u32 len, unsigned long filled)
{
	raw->consumer = SIZE - 16;
	raw->producer = raw->consumer + filled;
	memcpy(raw->data + SIZE - 16, &len, sizeof(len));
	ring_free(consumer);
	consumer = ring_map(fd, false);
	return next();
}

static void test_headers(void)
{
	const __u32 record = sizeof(struct equic_record);
	const __u32 discard = BPF_RINGBUF_DISCARD_BIT, busy = BPF_RINGBUF_BUSY_BIT;
	unsigned int i;

	begin();
	/* Where a discarded one ends, there is another of no length, and so on. */
	for (i = 0; i < SIZE; i += 8)
		memcpy(raw->data + i, &discard, sizeof(discard));
	expect_eq(header_gives(record, ROOM), 0, "a header of a record is one");
	expect_eq(header_gives(record, SIZE), 0, "with others behind it, too");
	expect_eq(header_gives(record, ROOM - 8), -EPROTO,
		  "a record that ends behind the producer is none");
	expect_eq(header_gives(record, SIZE + 8), -EPROTO,
		  "a ring is not fuller than full");
	raw->producer = raw->consumer + ROOM;
	expect_eq(next(), -EPROTO, "nor is it one again, when it once was");
	expect_eq(header_gives(record, -8UL), -EPROTO, "the producer is not behind");
	expect_eq(header_gives(record, ROOM + 4), -EPROTO, "nor in between");
	expect_eq(header_gives(record - 1, SIZE), -EPROTO, "a shorter record is none");
	expect_eq(header_gives(record + 1, SIZE), -EPROTO, "nor a longer");
	expect_eq(header_gives(0, SIZE), -EPROTO, "nor an empty one");
	expect_eq(header_gives(SIZE - 8, SIZE), -EPROTO, "nor one as large as the ring");
	expect_eq(header_gives(0x3fffffff, SIZE), -EPROTO, "nor a huge one");
	expect_eq(header_gives(busy | record, ROOM), -ENOENT, "a reserved one is not yet");
	expect_eq(header_gives(busy | 0x3fffffff, ROOM), -ENOENT, "of any length");
	expect_eq(header_gives(discard | 21, 32), -ENOENT,
		  "a discarded one may have any length");
	expect_eq(raw->consumer, SIZE - 16 + 32, "which is rounded up to 8");
	expect_eq(header_gives(discard | 21, 24), -EPROTO, "and must end somewhere");
	expect_eq(header_gives(discard, SIZE), -ENOENT, "a ring full of nothing ends");
	expect_eq(raw->consumer, 2 * SIZE - 16, "and is empty then");
	expect_eq(header_gives(discard | 0x3fffffff, SIZE), -EPROTO, "not if huge");
	raw->producer = raw->consumer;
	expect_eq(next(), -EPROTO, "what was no ring once is not used again");
	expect_eq(ring_recover(consumer), 0, "nor recovered");
	expect_eq(header_gives(busy | 0x3fffffff, SIZE), -ENOENT, "a huge reserved one");
	ktap_result(ring_recover(consumer) == 0 && next() == -EPROTO,
		    "is not given up, but found");
	/* A consumer whose position is none leaves no room. */
	raw->consumer = raw->producer + 8;
	producer = (ring_free(producer), ring_map(fd, true));
	ktap_result(!ring_reserve(producer), "a producer believes no position either");
	end();
}

static bool stop;
static __u32 hostile_lens[] = {
	0, 8, 47, sizeof(struct equic_record), sizeof(struct equic_record),
	sizeof(struct equic_record) | BPF_RINGBUF_BUSY_BIT,
	sizeof(struct equic_record) | BPF_RINGBUF_DISCARD_BIT, BPF_RINGBUF_DISCARD_BIT,
	8 | BPF_RINGBUF_DISCARD_BIT, SIZE - 8, SIZE, 0x3fffffff, 0xffffffff,
	(SIZE - 8) | BPF_RINGBUF_DISCARD_BIT, 49,
};

/* Whatever comes to mind; mostly what is nearly right. */
static void *scribble(void *arg)
{
	struct chance chance;
	__u32 len, *header;

	chance_seed(&chance, plan.seed + *(int *)arg);
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		unsigned int at = chance_of(&chance, SIZE / 8) * 8;

		len = hostile_lens[chance_of(&chance, sizeof(hostile_lens) / 4)];
		if (!chance_of(&chance, 8))
			len = chance_next(&chance);
		header = (void *)&raw->data[at];
		__atomic_store_n(header, len, __ATOMIC_RELAXED);
		at = chance_of(&chance, 64);
		if (at == 0)
			__atomic_store_n(&raw->producer, (__u64)chance_next(&chance)
					 << chance_of(&chance, 33), __ATOMIC_RELAXED);
		else if (at < 32)
			__atomic_store_n(&raw->producer, raw->consumer +
					 chance_of(&chance, SIZE / 8 + 1) * 8,
					 __ATOMIC_RELAXED);
		else if (at == 33)
			__atomic_store_n(&raw->consumer, chance_next(&chance) & ~7UL,
					 __ATOMIC_RELAXED);
	}
	return NULL;
}

static void test_hostile(void)
{
	unsigned long got[3] = { 0 }, other = 0, given_up = 0;
	struct equic_record *record;
	unsigned int i;
	pthread_t thread;
	int err, nr = 1;

	begin();
	stop = false;
	pthread_create(&thread, NULL, scribble, &nr);
	for (i = 0; i < plan.count; i++) {
		err = next();
		got[0] += !err;
		got[1] += err == -ENOENT;
		got[2] += err == -EPROTO;
		other += err && err != -ENOENT && err != -EPROTO;
		if (err == -ENOENT && i % 8 == 0)
			given_up += ring_recover(consumer);
		record = ring_reserve(producer);
		if (record && i % 2)
			put(producer, i);
		if (record)
			ring_submit(producer, record);
		if (err != -EPROTO && i % 64)
			continue;
		ring_free(i & 1 ? producer : consumer);
		/* Not each time that it is asked are the positions such. */
		do {
			if (i & 1)
				producer = ring_map(fd, true);
			else
				consumer = ring_map(fd, false);
		} while (!(i & 1 ? producer : consumer));
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	ktap_diag("%lu records, %lu none, %lu broken, %lu given up", got[0], got[1],
		  got[2], given_up);
	ktap_result(!other && got[0] && got[1] && got[2],
		    "written by anybody, a ring gives a copy, nothing or an error");
	end();
}

static void test_kernel(void)
{
	const char *name = "the kernel's records are read, over the end, its refuse not";
	struct equic_record record;
	bool good = true;
	int err = 0, map;
	__u64 n;

	map = bpf_map_make(BPF_MAP_TYPE_RINGBUF, 0, SIZE, 0);
	if (map == -EPERM) {
		ktap_skip("BPF is not for this user", "%s", name);
		return;
	}
	consumer = ring_map(map, false);
	ktap_result(consumer && !ring_map(map, true) && errno == EINVAL,
		    "a BPF ring buffer is mapped to consume, not to produce");
	for (n = 0; consumer && n < 2 * FULL && good; n++) {
		fill(&record, n);
		err = bpf_map_produce(map, &record, n % 3 == 0);
		good = !err && get(n) && next() == -ENOENT;
	}
	if (!good)
		ktap_diag("record %llu: %d", (long long)n, err);
	ktap_result(good, "%s", name);
	ring_free(consumer);
	close(map);
	map = bpf_map_make(BPF_MAP_TYPE_ARRAY, SIZE, 1, BPF_F_MMAPABLE);
	ktap_result(!ring_map(map, false) && errno == EINVAL, "an array is no ring");
	close(map);
}

int main(int argc, char **argv)
{
	ktap_begin();
	plan = chance_plan(argc, argv, 60000, "looks at a hostile ring");
	if (sysconf(_SC_PAGESIZE) != PAGE)
		ktap_bail("pages of %ld bytes", sysconf(_SC_PAGESIZE));
	test_sizes();
	test_order();
	test_end();
	test_reserved();
	test_positions();
	test_wrap();
	die(die_idle, 0, 0, "idle");
	die(die_reserved, 1, 0, "behind reserving");
	die(die_filled, 1, 0, "before submitting");
	die(die_in_header, 0, 0, "in a header");
	die(die_between, 2, 2, "with several open");
	die(die_full, FULL - 1, 0, "with a full ring");
	test_kills();
	test_headers();
	test_hostile();
	test_kernel();
	return ktap_end();
}
