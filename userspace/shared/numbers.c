// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdlib.h>

#include "least.h"
#include "numbers.h"
#include "varint.h"

#define SLOTS_MIN 64

/*
 * A ring of the wire's numbers, in ascending order. The stack's are not stored, for
 * they follow each other: that at head + i is base + i. Before them are those that are
 * the same: from same on, below base.
 */
struct numbers {
	uint64_t	*wire;
	uint32_t	slots;	/* a power of two, or 0 */
	uint32_t	head;
	uint32_t	count;
	uint64_t	base;
	uint64_t	same;
	uint64_t	acked;	/* those below are: the highest of them + 1 */
};

struct numbers *numbers_new(void)
{
	return calloc(1, sizeof(struct numbers));
}

void numbers_free(struct numbers *n)
{
	if (!n)
		return;
	free(n->wire);
	free(n);
}

static uint64_t wire_at(const struct numbers *n, uint32_t i)
{
	return n->wire[(n->head + i) & (n->slots - 1)];
}

static void forget(struct numbers *n, uint32_t count)
{
	n->head = (n->head + count) & (n->slots - 1);
	n->base += count;
	n->same = n->base;
	n->count -= count;
}

static int grow(struct numbers *n)
{
	uint32_t slots = n->slots ? n->slots * 2 : SLOTS_MIN, i;
	uint64_t *wire = malloc(slots * sizeof(*wire));

	if (!wire)
		return -ENOMEM;
	for (i = 0; i < n->count; i++)
		wire[i] = wire_at(n, i);
	free(n->wire);
	n->wire = wire;
	n->slots = slots;
	n->head = 0;
	return 0;
}

static int make_room(struct numbers *n)
{
	if (n->count < n->slots)
		return 0;
	/* numbers_acked() bounds acked: some are left. */
	if (n->count && n->acked > n->base + NUMBERS_KEPT)
		forget(n, n->acked - n->base - NUMBERS_KEPT);
	else if (n->count == NUMBERS_MAX)
		forget(n, 1);
	else
		return grow(n);
	return 0;
}

void numbers_begin(struct numbers *n, uint64_t next)
{
	n->base = next;
	n->same = next > NUMBERS_SAME ? next - NUMBERS_SAME : 0;
}

int numbers_add(struct numbers *n, uint64_t stack, uint64_t wire)
{
	int err;

	if (wire < stack || wire > VARINT_MAX)
		return -EINVAL;
	if (n->count && (stack != n->base + n->count ||
			 wire <= wire_at(n, n->count - 1)))
		return -EINVAL;
	err = make_room(n);
	if (err)
		return err;
	if (!n->count && n->base != stack)
		n->base = n->same = stack;
	n->wire[(n->head + n->count++) & (n->slots - 1)] = wire;
	return 0;
}

/*
 * How many are below. As they are in ascending order, each distance between two is at
 * least that of their places: while no other sender takes numbers, that finds it.
 */
static uint32_t below(const struct numbers *n, uint64_t wire)
{
	uint32_t low = 0, high = n->count;
	uint64_t first, last;

	if (!high)
		return 0;
	first = wire_at(n, 0);
	last = wire_at(n, high - 1);
	if (wire > last)
		return high;
	if (wire <= first)
		return 0;
	if (last - wire < high)
		low = high - 1 - (last - wire);
	if (wire - first < high)
		high = wire - first;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (wire_at(n, middle) < wire)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool numbers_within(const struct numbers *n, uint64_t first, uint64_t last,
		    uint64_t *stack_first, uint64_t *stack_last)
{
	uint32_t from = below(n, first);
	uint32_t to = last < VARINT_MAX ? below(n, last + 1) : n->count;

	/* None of those at head is below base, and all that are, are the same. */
	*stack_first = first < n->base ? most(first, n->same) : n->base + from;
	*stack_last = last < n->base ? last : n->base + to - 1;
	return n->base + to && *stack_first <= *stack_last;
}

void numbers_acked(struct numbers *n, uint64_t stack)
{
	if (stack < n->base + n->count && stack >= n->acked)
		n->acked = stack + 1;
}
