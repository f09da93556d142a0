/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How much of the window may be sent at a time (RFC 9002, 7.7): a bucket that fills
 * a quarter faster than the window is acknowledged.
 */
#ifndef EQUIC_SHARED_PACER_H
#define EQUIC_SHARED_PACER_H

#include <stdint.h>

/**
 * struct pacer - of one path
 * @time: it was filled up to then.
 * @tokens: bytes that may be sent. Negative: more was sent than there were.
 * @fraction: and this part of a byte, in 1 / 10^9.
 * @rate: bytes per second.
 * @burst: bytes that fit the bucket.
 * @quantum: bytes that are worth a timer.
 * @window: what the three are of, with @rtt.
 * @rtt: ns; 0: they are to be computed.
 */
struct pacer {
	uint64_t	time;
	int64_t		tokens;
	uint64_t	fraction;
	uint64_t	rate;
	int64_t		burst;
	int64_t		quantum;
	uint64_t	window;
	uint64_t	rtt;
};

/* Full. */
void pacer_init(struct pacer *p, uint32_t payload_max);

/* As new at @now, but behind another path's, which had @room. */
void pacer_go_on(struct pacer *p, int64_t room, uint64_t now);

/**
 * pacer_fill - time has passed
 * @p: pacer
 * @payload_max: of a datagram, bytes
 * @window: congestion window, bytes, below 2^32
 * @rtt: ns, not 0
 * @now: time
 */
void pacer_fill(struct pacer *p, uint32_t payload_max, uint64_t window,
		uint64_t rtt, uint64_t now);

/* A packet was sent. */
void pacer_take(struct pacer *p, uint32_t size);

/* Bytes that may be sent, as of when it was filled. */
int64_t pacer_room(const struct pacer *p);

/* When so much more can be sent that it is worth a timer; UINT64_MAX: by now. */
uint64_t pacer_expiry(const struct pacer *p);

#endif /* EQUIC_SHARED_PACER_H */
