/* SPDX-License-Identifier: GPL-2.0-only */
/* Random numbers that a seed repeats (xorshift64*, Vigna 2016). */
#ifndef EQUIC_SELFTESTS_CHANCE_H
#define EQUIC_SELFTESTS_CHANCE_H

#include <linux/types.h>

struct chance {
	__u64 state;
};

/* How much a test is to do, and the seed that makes it do the same again. */
struct plan {
	unsigned int	count;
	__u64		seed;
};

/**
 * chance_plan - the arguments [COUNT [SEED]] of a test; prints both
 * @argc: of main()
 * @argv: of main()
 * @count: without COUNT; without SEED it is a new one each time
 * @what: what is counted, in the plural
 */
struct plan chance_plan(int argc, char **argv, unsigned int count,
			const char *what);

/**
 * chance_seed - begin anew
 * @c: numbers
 * @seed: any number
 */
void chance_seed(struct chance *c, __u64 seed);

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
