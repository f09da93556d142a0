/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef H3_NET_CLOCK_H
#define H3_NET_CLOCK_H

#include <stdint.h>
#include <time.h>

#define NS_PER_MS 1000000ull
#define NS_PER_S 1000000000ull

/* The clock that every timestamp given to ngtcp2 comes from. */
static inline uint64_t clock_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

#endif /* H3_NET_CLOCK_H */
