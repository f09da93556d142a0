/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an ACK frame says (RFC 9000, 19.3). */
#ifndef EQUIC_SHARED_ACK_H
#define EQUIC_SHARED_ACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A frame of a datagram of 64 KiB could hold more. What is beyond is read, and not
 * kept: the ranges are in descending order, and a peer repeats what matters.
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

/**
 * ack_parse - read an ACK frame
 * @ack: result
 * @frame: from its type on, ACK or ACK_ECN, as frame_next() found it
 * @len: its length
 *
 * Return: 0; -EPROTO: it acknowledges a number below 0, or is cut.
 */
int ack_parse(struct ack *ack, const uint8_t *frame, size_t len);

/**
 * ack_write - write an ACK frame
 * @ack: what it says; it has a range. ECN counts are not written.
 * @at: where
 * @end: behind what may be written
 *
 * Return: behind the frame; NULL: there is no room, and some of it was written.
 */
uint8_t *ack_write(const struct ack *ack, uint8_t *at, const uint8_t *end);

#endif /* EQUIC_SHARED_ACK_H */
