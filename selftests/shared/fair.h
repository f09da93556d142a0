/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two connections over one bottleneck, in virtual time, which have always something to
 * send: one that is shared, perhaps, and one of ngtcp2 alone.
 */
#ifndef EQUIC_SELFTESTS_SHARED_FAIR_H
#define EQUIC_SELFTESTS_SHARED_FAIR_H

#include "transit.h"

/**
 * enum fair_senders - of the first connection
 * @FAIR_BOTH: its stack and its second sender.
 * @FAIR_STACK: its stack, through the library.
 * @FAIR_SECOND: its second sender.
 * @FAIR_NGTCP2: ngtcp2 alone, as of the other one: what is fair to itself.
 */
enum fair_senders {
	FAIR_BOTH,
	FAIR_STACK,
	FAIR_SECOND,
	FAIR_NGTCP2,
};

/**
 * struct fair - what they are, and what they get
 * @path: of both; its rate and queue are for both together.
 * @senders: of the first connection.
 * @payload_max: of datagrams, bytes; 0: the path is not known.
 * @seed: of which begins later, by how much, at most half a second.
 * @duration: ns, from then on.
 * @first: result: bytes that the first connection's client got.
 * @other: result: of the other.
 */
struct fair {
	struct transit_path	path;
	enum fair_senders	senders;
	uint32_t		payload_max;
	uint64_t		seed, duration;
	uint64_t		first, other;
};

/* Return: 0; the error of an end that failed. */
int fair_play(struct fair *fair);

/* Jain's index of the two: 1: both have the same; 1/2: one has all. */
double fair_index(const struct fair *fair);

#endif /* EQUIC_SELFTESTS_SHARED_FAIR_H */
