/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * When the first slow start is to end before packets are lost: HyStart++ (RFC 9406),
 * for a paced sender, so that L is infinite (4.3).
 */
#ifndef EQUIC_SHARED_HYSTART_H
#define EQUIC_SHARED_HYSTART_H

#include <stdbool.h>
#include <stdint.h>

/**
 * struct hystart - of one slow start
 * @round_end: the round ends when this packet number is acknowledged.
 * @min: least RTT in this round, ns; UINT64_MAX: no sample.
 * @last_min: the same of the round before.
 * @baseline: @min as conservative slow start began; UINT64_MAX: it has not.
 * @samples: of the RTT in this round.
 * @rounds: of conservative slow start.
 */
struct hystart {
	uint64_t	round_end;
	uint64_t	min;
	uint64_t	last_min;
	uint64_t	baseline;
	unsigned int	samples;
	unsigned int	rounds;
};

void hystart_init(struct hystart *h);

/**
 * hystart_acked - an acknowledgment came in slow start
 * @h: of that slow start
 * @largest: packet number of those that it newly acknowledges
 * @highest: packet number that was sent
 * @rtt: sample, ns; 0: none
 *
 * Return: true: congestion avoidance begins.
 */
bool hystart_acked(struct hystart *h, uint64_t largest, uint64_t highest,
		   uint64_t rtt);

/* By how much the window grows for acknowledged bytes. */
uint64_t hystart_growth(const struct hystart *h, uint64_t bytes);

#endif /* EQUIC_SHARED_HYSTART_H */
