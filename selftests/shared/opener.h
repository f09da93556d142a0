/* SPDX-License-Identifier: GPL-2.0-only */
/* The peer of a sender: opens packets with a short header, by ngtcp2's helpers. */
#ifndef EQUIC_SELFTESTS_OPENER_H
#define EQUIC_SELFTESTS_OPENER_H

#include <stddef.h>
#include <stdint.h>
#include "seal.h"

struct opener;

/**
 * opener_new - a key to open with
 * @secret: what the sender has
 *
 * Return: the key; bails out when there is none.
 */
struct opener *opener_new(const struct seal_secret *secret);
void opener_free(struct opener *opener);

/**
 * struct opened - a packet in clear
 * @first: its first byte.
 * @pn: its number.
 * @payload: frames.
 * @len: bytes.
 */
struct opened {
	uint8_t		first;
	uint64_t	pn;
	uint8_t		payload[1500];
	size_t		len;
};

/**
 * opener_open - remove the protection of a packet
 * @opener: key
 * @packet: packet; not changed
 * @len: its length
 * @dcid_len: of its connection ID
 * @expected: the number after the largest until now (RFC 9000, A.3)
 * @opened: result
 *
 * Return: 0; -1: it is not authentic.
 */
int opener_open(struct opener *opener, const uint8_t *packet, size_t len,
		size_t dcid_len, uint64_t expected, struct opened *opened);

#endif /* EQUIC_SELFTESTS_OPENER_H */
