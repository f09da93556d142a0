/* SPDX-License-Identifier: GPL-2.0-only */
/* The monotonic clock, and waiting for something to become true. */
#ifndef EQUIC_SELFTESTS_CLOCK_H
#define EQUIC_SELFTESTS_CLOCK_H

#include <time.h>
#include <linux/types.h>

static inline __u64 clock_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000ULL + t.tv_nsec / 1000000;
}

static inline void clock_sleep_ms(unsigned int ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000L };

	nanosleep(&t, NULL);
}

/* Looks every millisecond until @condition holds or @max_ms are over. */
#define clock_await(condition, max_ms)					\
({									\
	__u64 __end = clock_ms() + (max_ms);				\
	int __met;							\
									\
	while (!(__met = !!(condition)) && clock_ms() < __end)		\
		clock_sleep_ms(1);					\
	__met;								\
})

#endif /* EQUIC_SELFTESTS_CLOCK_H */
