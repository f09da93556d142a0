/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A set of offsets, as ranges that do not touch each other. Ends do not belong to it. */
#ifndef EQUIC_SHARED_RANGES_H
#define EQUIC_SHARED_RANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * In one set. A hostile sender makes ranges for nothing, and each has 16 bytes, which
 * are moved when there is one more before it. No stream of another sender is in so many
 * pieces, for between each two of them is one that the set has not:
 *
 * - What was told of has a gap for each record that is still in another ring. All rings
 *   together have SHARE_LEAP (1 << 15) records, so at most half of them are between
 *   others.
 * - What the peer has, and what is to be sent again, has a gap where packets of other
 *   fate are: of 1 << 15 of them in flight (39 MB) each other one would have to be lost.
 */
enum { RANGES_MAX = 1 << 14 };

struct range {
	uint64_t begin;
	uint64_t end;
};

/* All zero: empty. */
struct ranges {
	struct range	*at;
	size_t		count;
	size_t		room;
};

void ranges_free(struct ranges *r);

/*
 * Return: 0; -ENOMEM, or -E2BIG: there would be more than %RANGES_MAX: nothing was
 * changed. Of nothing: 0.
 */
int ranges_add(struct ranges *r, uint64_t begin, uint64_t end);
int ranges_remove(struct ranges *r, uint64_t begin, uint64_t end);

/* Whether all of it is in the set. Of nothing: true. */
bool ranges_have(const struct ranges *r, uint64_t begin, uint64_t end);

/* From 0 on, how far the set has no gap. */
uint64_t ranges_prefix(const struct ranges *r);

/**
 * ranges_gap - the first piece of a range that is not in the set
 * @r: set
 * @begin: of the range
 * @end: of the range
 * @gap: result
 *
 * Return: false: all of it is.
 */
bool ranges_gap(const struct ranges *r, uint64_t begin, uint64_t end,
		struct range *gap);

#endif /* EQUIC_SHARED_RANGES_H */
