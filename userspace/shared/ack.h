/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an ACK frame says (RFC 9000, 19.3), in packet numbers of the wire. */
#ifndef EQUIC_SHARED_ACK_H
#define EQUIC_SHARED_ACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A frame of a datagram of 64 KiB could hold more. What is beyond is not looked at:
 * the ranges are in descending order, and a peer repeats what matters.
 */
enum { ACK_RANGES_MAX = 1024 };

/* Both ends belong to it. */
struct ack_range {
	uint64_t first;
	uint64_t last;
};

/**
 * struct ack - an ACK frame
 * @delay: as it is in the frame: not yet multiplied (RFC 9000, 19.3).
 * @ecn: it has ECN counts.
 * @ranges: how many there are.
 * @range: in descending order, none of them touching another; [0].last is the
 *	Largest Acknowledged.
 */
struct ack {
	uint64_t		delay;
	bool			ecn;
	size_t			ranges;
	struct ack_range	range[ACK_RANGES_MAX];
};

#endif /* EQUIC_SHARED_ACK_H */
