// SPDX-License-Identifier: LGPL-2.1-or-later
/* See ranges.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "least.h"
#include "ranges.h"

void ranges_free(struct ranges *r)
{
	free(r->at);
	*r = (struct ranges){ };
}

/* The first range that ends at @offset or behind. */
static size_t find(const struct ranges *r, uint64_t offset)
{
	size_t low = 0, high = r->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (r->at[middle].end < offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int grow(struct ranges *r)
{
	size_t room = r->room ? 2 * r->room : 4;
	struct range *at;

	if (r->count < r->room)
		return 0;
	if (r->count == RANGES_MAX)
		return -E2BIG;
	at = realloc(r->at, room * sizeof(*at));
	if (!at)
		return -ENOMEM;
	r->at = at;
	r->room = room;
	return 0;
}

/* Ranges from @from up to @to give way to @count others, of which one more may be. */
static int replace(struct ranges *r, size_t from, size_t to,
		   const struct range *others, size_t count)
{
	int err = count > to - from ? grow(r) : 0;

	if (err)
		return err;
	memmove(&r->at[from + count], &r->at[to],
		(r->count - to) * sizeof(*r->at));
	memcpy(&r->at[from], others, count * sizeof(*others));
	r->count = r->count - (to - from) + count;
	return 0;
}

int ranges_add(struct ranges *r, uint64_t begin, uint64_t end)
{
	struct range one;
	size_t from, to;

	if (begin >= end)
		return 0;
	from = find(r, begin);
	for (to = from; to < r->count && r->at[to].begin <= end; to++) {
		begin = least(begin, r->at[to].begin);
		end = most(end, r->at[to].end);
	}
	one = (struct range){ begin, end };
	return replace(r, from, to, &one, 1);
}

int ranges_remove(struct ranges *r, uint64_t begin, uint64_t end)
{
	struct range left[2];
	size_t from, to, n = 0;

	if (begin >= end)
		return 0;
	from = find(r, begin);
	for (to = from; to < r->count && r->at[to].begin < end; to++) {
		if (r->at[to].begin < begin)
			left[n++] = (struct range){ r->at[to].begin, begin };
		if (r->at[to].end > end)
			left[n++] = (struct range){ end, r->at[to].end };
	}
	return to == from ? 0 : replace(r, from, to, left, n);
}

bool ranges_have(const struct ranges *r, uint64_t begin, uint64_t end)
{
	size_t at = find(r, end);

	return begin >= end || (at < r->count && r->at[at].begin <= begin);
}

uint64_t ranges_prefix(const struct ranges *r)
{
	return r->count && !r->at[0].begin ? r->at[0].end : 0;
}

bool ranges_gap(const struct ranges *r, uint64_t begin, uint64_t end,
		struct range *gap)
{
	size_t at = find(r, begin);

	if (at < r->count && r->at[at].begin <= begin)
		begin = most(begin, r->at[at++].end);
	if (begin >= end)
		return false;
	gap->begin = begin;
	gap->end = at < r->count ? least(end, r->at[at].begin) : end;
	return true;
}
