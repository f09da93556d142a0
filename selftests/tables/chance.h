/* SPDX-License-Identifier: GPL-2.0-only */
/* Random numbers that a seed repeats (xorshift64*, Vigna 2016). */
#ifndef EQUIC_SELFTESTS_CHANCE_H
#define EQUIC_SELFTESTS_CHANCE_H

#include <linux/types.h>

struct chance {
	__u64 state;
};

static inline void chance_seed(struct chance *c, __u64 seed)
{
	c->state = seed * 0x9e3779b97f4a7c15ULL | 1;
}

static inline __u32 chance_next(struct chance *c)
{
	c->state ^= c->state >> 12;
	c->state ^= c->state << 25;
	c->state ^= c->state >> 27;
	return c->state * 0x2545f4914f6cdd1dULL >> 32;
}

/* 0 … n - 1 */
static inline unsigned int chance_of(struct chance *c, unsigned int n)
{
	return (__u64)chance_next(c) * n >> 32;
}

#endif /* EQUIC_SELFTESTS_CHANCE_H */
