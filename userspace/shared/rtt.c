// SPDX-License-Identifier: LGPL-2.1-or-later
#include "least.h"
#include "rtt.h"

#define NSEC_PER_USEC	1000

void rtt_init(struct rtt *rtt)
{
	*rtt = (struct rtt){
		.max_ack_delay = 25000000,
		.ack_delay_exponent = 3,
	};
}

void rtt_peer(struct rtt *rtt, uint64_t max_ack_delay,
	      unsigned int ack_delay_exponent)
{
	rtt->max_ack_delay = least(max_ack_delay, RTT_ACK_DELAY_MAX);
	rtt->ack_delay_exponent = least(ack_delay_exponent,
					RTT_ACK_DELAY_EXPONENT_MAX);
}

void rtt_restart(struct rtt *rtt)
{
	*rtt = (struct rtt){
		.max_ack_delay = rtt->max_ack_delay,
		.ack_delay_exponent = rtt->ack_delay_exponent,
	};
}

void rtt_take(struct rtt *rtt, uint64_t latest, uint64_t smoothed, uint64_t var,
	      uint64_t min)
{
	rtt->latest = least(latest, RTT_MAX);
	rtt->smoothed = least(smoothed, RTT_MAX);
	rtt->var = least(var, RTT_MAX);
	rtt->min = least(min, rtt->smoothed);
}

/* RFC 9002, 5.3: the peer delays no longer than it said, once it is confirmed. */
static uint64_t decode(const struct rtt *rtt, uint64_t ack_delay)
{
	if (ack_delay > (UINT64_MAX / NSEC_PER_USEC) >> rtt->ack_delay_exponent)
		return rtt->max_ack_delay;
	return least((ack_delay << rtt->ack_delay_exponent) * NSEC_PER_USEC,
		     rtt->max_ack_delay);
}

void rtt_sample(struct rtt *rtt, uint64_t sample, uint64_t ack_delay)
{
	uint64_t delay = decode(rtt, ack_delay), adjusted, off;

	/* 0 says that there was none. */
	sample = least(most(sample, 1), RTT_MAX);
	rtt->latest = sample;
	if (!rtt->smoothed) {
		rtt->min = sample;
		rtt->smoothed = sample;
		rtt->var = sample / 2;
		return;
	}
	rtt->min = least(rtt->min, sample);
	adjusted = sample >= rtt->min + delay ? sample - delay : sample;
	off = adjusted > rtt->smoothed ? adjusted - rtt->smoothed :
					 rtt->smoothed - adjusted;
	rtt->var = (rtt->var * 3 + off) / 4;
	rtt->smoothed = most((rtt->smoothed * 7 + adjusted) / 8, 1);
}

void rtt_forget_min(struct rtt *rtt)
{
	rtt->min = rtt->latest;
}

uint64_t rtt_assumed(const struct rtt *rtt)
{
	return rtt->smoothed ?: RTT_INITIAL;
}

uint64_t rtt_loss_delay(const struct rtt *rtt)
{
	uint64_t longer = most(rtt_assumed(rtt), rtt->latest);

	return most(longer * 9 / 8, RTT_GRANULARITY);
}

uint64_t rtt_pto(const struct rtt *rtt)
{
	uint64_t var = rtt->smoothed ? rtt->var : RTT_INITIAL / 2;

	return rtt_assumed(rtt) + most(var * 4, RTT_GRANULARITY) +
	       rtt->max_ack_delay;
}
