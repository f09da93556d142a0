// SPDX-License-Identifier: LGPL-2.1-or-later
#include "least.h"
#include "pacer.h"

#define NSEC_PER_SEC	1000000000ULL

/* 10^12 bytes per second: products with what fits the bucket stay in 63 bits. */
#define RATE_MAX	1000000000000ULL

enum {
	/* RFC 9002, 7.7: as many as the initial window. */
	BURST_DATAGRAMS = 10,
	/*
	 * A timer is late by about a millisecond, and none is set for less: at high
	 * rates more than the datagrams above falls due between two of them.
	 */
	TIMERS_PER_SEC = 1000,
};

void pacer_init(struct pacer *p, uint32_t payload_max)
{
	*p = (struct pacer){
		.tokens = (int64_t)BURST_DATAGRAMS * payload_max,
		.rate = 1,
		.burst = (int64_t)BURST_DATAGRAMS * payload_max,
		.quantum = payload_max,
	};
}

void pacer_go_on(struct pacer *p, int64_t room, uint64_t now)
{
	if (room < p->tokens)
		p->tokens = room > -p->burst ? room : -p->burst;
	p->time = now;
}

/* How long it takes for so many tokens more. */
static uint64_t duration(const struct pacer *p, int64_t more)
{
	return ((uint64_t)more * NSEC_PER_SEC + p->rate - 1) / p->rate;
}

static void earn(struct pacer *p, uint64_t passed)
{
	unsigned __int128 product = (unsigned __int128)passed * p->rate;
	int64_t lacks = p->burst - p->tokens;
	uint64_t earned;

	if (lacks <= 0 || product >= (uint64_t)lacks * NSEC_PER_SEC) {
		p->tokens = p->burst;
		p->fraction = 0;
		return;
	}
	/* Less than fills the bucket, so it is bounded. */
	earned = product + p->fraction;
	p->tokens += earned / NSEC_PER_SEC;
	p->fraction = earned % NSEC_PER_SEC;
}

static void set_rate(struct pacer *p, uint32_t payload_max, uint64_t window,
		     uint64_t rtt)
{
	uint64_t per_timer;

	p->window = window;
	p->rtt = rtt;
	/* 5/4 of a window per RTT. */
	p->rate = most(least(window * (NSEC_PER_SEC / 4 * 5) / rtt, RATE_MAX), 1);
	per_timer = p->rate / TIMERS_PER_SEC;
	p->burst = most((uint64_t)BURST_DATAGRAMS * payload_max, per_timer * 2);
	p->quantum = most(payload_max, per_timer);
}

void pacer_fill(struct pacer *p, uint32_t payload_max, uint64_t window,
		uint64_t rtt, uint64_t now)
{
	if (window != p->window || rtt != p->rtt)
		set_rate(p, payload_max, window, rtt);
	if (now <= p->time)
		return;
	earn(p, now - p->time);
	p->time = now;
}

void pacer_take(struct pacer *p, uint32_t size)
{
	p->tokens -= size;
	/* The window remembers the rest. */
	if (p->tokens < -p->burst)
		p->tokens = -p->burst;
}

int64_t pacer_room(const struct pacer *p)
{
	return p->tokens;
}

uint64_t pacer_expiry(const struct pacer *p)
{
	if (p->tokens >= p->quantum)
		return UINT64_MAX;
	return capped_sum(p->time, duration(p, p->quantum - p->tokens));
}
