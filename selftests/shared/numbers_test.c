// SPDX-License-Identifier: GPL-2.0-only
/*
 * The map of packet numbers against plain arrays that forget nothing.
 *
 *   numbers_test [ROUNDS [SEED]]
 */
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include "chance.h"
#include "ktap.h"
#include "numbers.h"
#include "varint.h"

enum { ROUNDS = 1500, ADDED_MAX = 3 * NUMBERS_MAX };

static struct chance chance;
static uint64_t first_stack, wires[ADDED_MAX];
static uint32_t added, acked;	/* acked: indices below it */

static bool broken;
void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);

void *__wrap_malloc(size_t size)
{
	return broken ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return broken ? NULL : __real_calloc(n, size);
}

static void test_add(void)
{
	struct numbers *n = numbers_new();
	uint64_t first, last;

	ktap_result(!numbers_within(n, 0, VARINT_MAX, &first, &last),
		    "at first nothing is known");
	ktap_result(numbers_add(n, 10, 9) == -EINVAL,
		    "the wire's number is not below the stack's");
	ktap_result(numbers_add(n, 10, VARINT_MAX + 1) == -EINVAL,
		    "the wire's number is not above 2^62 - 1");
	ktap_result(!numbers_add(n, 10, 12), "the stack's first may be any");
	ktap_result(numbers_add(n, 10, 13) == -EINVAL &&
		    numbers_add(n, 9, 13) == -EINVAL &&
		    numbers_add(n, 12, 13) == -EINVAL,
		    "the stack's next is one above: none comes twice or is left out");
	ktap_result(numbers_add(n, 11, 12) == -EINVAL &&
		    numbers_add(n, 11, 11) == -EINVAL,
		    "the wire's next is above");
	ktap_result(!numbers_add(n, 11, VARINT_MAX) &&
		    numbers_within(n, 12, VARINT_MAX, &first, &last) &&
		    first == 10 && last == 11, "the highest has a place");
	ktap_result(!numbers_within(n, 13, VARINT_MAX - 1, &first, &last) &&
		    !numbers_within(n, 0, 11, &first, &last),
		    "between two of the wire there is none");
	numbers_free(n);
	numbers_free(NULL);
}

/* The stack's and the wire's are the same up to there. */
static void test_begin(void)
{
	uint64_t next = NUMBERS_SAME + 100, first, last;
	struct numbers *n = numbers_new();

	numbers_begin(n, next);
	ktap_result(numbers_within(n, 1000, 2000, &first, &last) && first == 1000 &&
			    last == 2000,
		    "numbers from before are the same");
	ktap_result(numbers_within(n, 0, VARINT_MAX, &first, &last) && first == 100 &&
			    last == next - 1 && !numbers_within(n, 0, 99, &first, &last),
		    "the last %d of them", NUMBERS_SAME);
	ktap_result(!numbers_within(n, next, VARINT_MAX, &first, &last),
		    "behind them nothing is known");
	ktap_result(numbers_add(n, next, next - 1) == -EINVAL &&
			    !numbers_add(n, next, next + 10) &&
			    !numbers_within(n, next, next + 9, &first, &last),
		    "then others may be between");
	ktap_result(numbers_within(n, next - 5, next + 9, &first, &last) &&
			    first == next - 5 && last == next - 1 &&
			    numbers_within(n, next - 5, next + 10, &first, &last) &&
			    first == next - 5 && last == next,
		    "a range holds some of both");
	numbers_free(n);
}

static void test_no_memory(void)
{
	struct numbers *n = numbers_new();
	uint64_t first, last, i = 0;
	int err;

	broken = true;
	ktap_result(!numbers_new(), "without memory there is no map");
	ktap_result(numbers_add(n, 0, 0) == -ENOMEM, "without memory a map does not begin");
	broken = false;
	while (i < 1000)
		numbers_add(n, i, i), i++;
	broken = true;
	while (!(err = numbers_add(n, i, i)))
		i++;
	broken = false;
	ktap_result(err == -ENOMEM && numbers_within(n, 0, i, &first, &last) &&
		    first == 0 && last == i - 1 && !numbers_add(n, i, i),
		    "what cannot grow keeps what it has, and goes on later");
	numbers_free(n);
}

static void test_forget(void)
{
	struct numbers *n = numbers_new();
	uint64_t first, last, i;
	size_t before, after;
	bool ok = true;

	for (i = 0; i < NUMBERS_MAX; i++)
		ok &= !numbers_add(n, i, i);
	ok &= numbers_within(n, 0, i, &first, &last) && first == 0;
	ktap_result(ok, "nothing is forgotten unless it must be");
	ok = !numbers_add(n, i, i) && numbers_within(n, 0, i, &first, &last) &&
	     first == 1 && last == i;
	ktap_result(ok, "of more than %d that nobody acknowledges, the lowest is",
		    NUMBERS_MAX);
	numbers_acked(n, i + 1);
	ok = !numbers_add(n, i + 1, i + 1) &&
	     numbers_within(n, 0, VARINT_MAX, &first, &last) && first == 2;
	numbers_acked(n, UINT64_MAX);
	ok &= !numbers_add(n, i + 2, i + 2) &&
	      numbers_within(n, 0, VARINT_MAX, &first, &last) && first == 3;
	ktap_result(ok, "numbers that were never added are not acknowledged");
	numbers_free(n);

	/* 17 in flight; every 10th is lost for ever, and some come very late. */
	n = numbers_new();
	before = mallinfo2().uordblks + mallinfo2().hblkhd;
	for (i = 0, ok = true; i < 1000000; i++) {
		ok &= !numbers_add(n, i, 2 * i);
		if (i >= 17 && i % 10)
			numbers_acked(n, i - 17);
		numbers_acked(n, i / 2);
		ok &= numbers_within(n, 0, VARINT_MAX, &first, &last) &&
		      last == i && (i < NUMBERS_KEPT || last - first >=
				    NUMBERS_KEPT - 1);
	}
	after = mallinfo2().uordblks + mallinfo2().hblkhd;
	ktap_diag("%zu bytes", after - before);
	ktap_result(ok && after - before <= 2 * NUMBERS_KEPT * 8 + 64,
		    "a connection that loses packets keeps the last %d in 64 KiB",
		    NUMBERS_KEPT);
	numbers_free(n);
}

/* The lowest index that must still be known. */
static uint32_t must_know(void)
{
	uint32_t know = acked > NUMBERS_KEPT ? acked - NUMBERS_KEPT : 0;

	if (added > NUMBERS_MAX && know < added - NUMBERS_MAX)
		know = added - NUMBERS_MAX;
	return know;
}

/* Where nothing was forgotten it must be exact; where it may be, not too much. */
static bool query(const struct numbers *n, uint64_t first, uint64_t last,
		  uint32_t *base)
{
	uint64_t got[2] = { 0 };
	uint32_t from = 0, to = added, want;
	bool any = numbers_within(n, first, last, &got[0], &got[1]);

	while (from < added && wires[from] < first)
		from++;
	while (to && wires[to - 1] > last)
		to--;
	/* from ... to - 1 */
	if (!any)
		return from >= to || to <= must_know();
	if (from >= to || got[1] != first_stack + to - 1)
		return false;
	want = got[0] - first_stack;
	if (want != from) {
		/* It begins late: all below are forgotten, and for ever. */
		if (want < from || want > must_know() || want < *base)
			return false;
		*base = want;
	}
	return from >= *base || want != from;
}

static bool random_round(unsigned int steps)
{
	struct numbers *n = numbers_new();
	unsigned int dense = 1 + chance_of(&chance, 8), silence = 0;
	uint64_t wire, first;
	uint32_t base = 0;
	bool ok = true;

	first_stack = chance_of(&chance, 3) ? chance_of(&chance, 1000) : 0;
	added = acked = 0;
	if (!first_stack && chance_of(&chance, 2)) {
		for (; added < 1 + chance_of(&chance, 1000); added++)
			wires[added] = added;
		numbers_begin(n, added);
	}
	wire = first_stack + added + chance_of(&chance, 1000);
	while (steps-- && ok) {
		unsigned int burst = chance_of(&chance, 40);

		while (burst-- && added < ADDED_MAX) {
			ok &= !numbers_add(n, first_stack + added, wire);
			wires[added++] = wire;
			wire += 1 + chance_of(&chance, dense);
		}
		first = chance_of(&chance, wire + 10);
		ok &= query(n, first, first + chance_of(&chance, 300), &base);
		ok &= query(n, 0, VARINT_MAX, &base);
		/* Now and then there are no acknowledgments for long. */
		if (!silence && !chance_of(&chance, 600))
			silence = chance_of(&chance, 1000);
		if (silence && silence--)
			continue;
		if (!added || chance_of(&chance, 2))
			continue;
		first = chance_of(&chance, added < 64 ? added : 64);
		numbers_acked(n, first_stack + added - 1 - first);
		if (acked < added - first)
			acked = added - first;
	}
	numbers_free(n);
	return ok;
}

static void test_random(const struct plan *plan)
{
	unsigned int i;
	bool ok = true;

	chance_seed(&chance, plan->seed);
	for (i = 0; i < plan->count && ok; i++)
		ok = random_round(i % 100 ? chance_of(&chance, 600) : 5000);
	if (!ok)
		ktap_diag("round %u", i - 1);
	ktap_result(ok, "it knows what an array knows, but for what is forgotten");
}

int main(int argc, char **argv)
{
	struct plan plan;

	ktap_begin();
	plan = chance_plan(argc, argv, ROUNDS, "rounds");
	test_add();
	test_begin();
	test_no_memory();
	test_forget();
	test_random(&plan);
	return ktap_end();
}
