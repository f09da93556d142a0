/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The congestion window: slow start, CUBIC (RFC 9438) and the recovery periods of
 * RFC 9002, 7.3.2. In bytes; packets of RFC 9438 are datagrams of payload_max.
 */
#ifndef EQUIC_SHARED_CUBIC_H
#define EQUIC_SHARED_CUBIC_H

#include <stdbool.h>
#include <stdint.h>
#include "hystart.h"

/* Bytes: more than any path holds, and little enough for products in 64 bits. */
#define CUBIC_WINDOW_MAX	UINT32_MAX

/**
 * struct cubic_curve - what a window cut changes, and takes back if it was wrong
 * @window: congestion window, bytes. So are the next five, but for @k.
 * @ssthresh: UINT64_MAX: none yet.
 * @w_max: where the curve is flat.
 * @w_est: what Reno would have (RFC 9438, 4.3).
 * @prior: the window before it was cut.
 * @k: from the epoch to @w_max, ms.
 * @epoch: when congestion avoidance began, ns; not while @avoiding is false.
 * @avoiding: congestion avoidance has begun.
 */
struct cubic_curve {
	uint64_t	window;
	uint64_t	ssthresh;
	uint64_t	w_max;
	uint64_t	w_est;
	uint64_t	prior;
	uint64_t	k;
	uint64_t	epoch;
	bool		avoiding;
};

/**
 * struct cubic - of one path
 * @payload_max: of a datagram, bytes.
 * @now: the curve.
 * @before: what it was when the window was cut, while @cut.
 * @cut: the window was cut for losses that may turn out to be none.
 * @recovering: packets were sent up to @recovery_start that say nothing new.
 * @recovery_start: ns.
 * @idle: acknowledgments have come since @idle_since that did not count.
 * @idle_since: ns.
 * @fraction: of a byte of the window, in 1 / window.
 * @est_fraction: of a byte of w_est, in 1 / (17 * window).
 * @round_end: as in struct hystart, without end.
 * @peak: most in flight, in this round and in the one before, bytes.
 * @hystart: of the first slow start.
 */
struct cubic {
	uint32_t		payload_max;
	struct cubic_curve	now;
	struct cubic_curve	before;
	bool			cut;
	bool			recovering;
	uint64_t		recovery_start;
	bool			idle;
	uint64_t		idle_since;
	uint64_t		fraction;
	uint64_t		est_fraction;
	uint64_t		round_end;
	uint64_t		peak[2];
	struct hystart		hystart;
};

/**
 * struct cubic_ack - what an acknowledgment says
 * @now: time.
 * @bytes: acknowledged of packets that were sent while the window was used up, and
 *	not in recovery.
 * @in_flight: bytes before it came.
 * @largest: packet number that it newly acknowledges.
 * @highest: packet number that was sent.
 * @sample: of the RTT, ns; 0: none.
 * @rtt: smoothed, ns.
 */
struct cubic_ack {
	uint64_t	now;
	uint64_t	bytes;
	uint64_t	in_flight;
	uint64_t	largest;
	uint64_t	highest;
	uint64_t	sample;
	uint64_t	rtt;
};

/* The initial window (RFC 9002, 7.2). */
void cubic_init(struct cubic *c, uint32_t payload_max);

/**
 * cubic_take - somebody else's window, which this goes on with
 * @c: cubic
 * @window: bytes, as the next two. Less than before: he has cut it
 * @ssthresh: UINT64_MAX: none yet
 * @in_flight: of his packets
 * @now: time
 */
void cubic_take(struct cubic *c, uint64_t window, uint64_t ssthresh,
		uint64_t in_flight, uint64_t now);

/* Whether a packet that was sent then belongs to a recovery period. */
bool cubic_recovering(const struct cubic *c, uint64_t sent);

void cubic_acked(struct cubic *c, const struct cubic_ack *ack);

/**
 * cubic_lost - packets were lost
 * @c: cubic
 * @sent: when the last of them was sent
 * @now: time
 *
 * Return: true: the window was cut.
 */
bool cubic_lost(struct cubic *c, uint64_t sent, uint64_t now);

/* None of those that cubic_lost() cut the window for was lost (RFC 9438, 4.9). */
void cubic_undo(struct cubic *c);

/* Persistent congestion (RFC 9002, 7.6.2; RFC 9438, 4.8). */
void cubic_collapse(struct cubic *c);

#endif /* EQUIC_SHARED_CUBIC_H */
