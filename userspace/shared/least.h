/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The lesser and the greater of two numbers, and sums that stay in 64 bits. */
#ifndef EQUIC_SHARED_LEAST_H
#define EQUIC_SHARED_LEAST_H

#include <stdint.h>

static inline uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static inline uint64_t most(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* UINT64_MAX in place of what is beyond it. */
static inline uint64_t capped_sum(uint64_t a, uint64_t b)
{
	return b > UINT64_MAX - a ? UINT64_MAX : a + b;
}

#endif /* EQUIC_SHARED_LEAST_H */
