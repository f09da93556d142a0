/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Long header packets as somebody without keys sees them: real headers, the
 * rest drawn by lot. The lots decide, so the same @lots make the same bytes.
 */
#ifndef GATEWAY_INITIAL_H
#define GATEWAY_INITIAL_H

#include <stdbool.h>
#include <stdint.h>

enum {
	INITIAL_CID_MIN = 8,	/* RFC 9000, section 7.2 */
	INITIAL_CID_MAX = 20,
	INITIAL_BYTES = 1200,	/* RFC 9000, section 14.1 */
};

/* Long header types of version 1 (RFC 9000, section 17.2). */
enum long_type {
	TYPE_INITIAL,
	TYPE_ZERO_RTT,
	TYPE_HANDSHAKE,
};

/* What a client chose for itself. */
struct handshake {
	bool v2;
	uint8_t dcid_len;
	uint8_t scid_len;
	uint8_t dcid[INITIAL_CID_MAX];
	uint8_t scid[INITIAL_CID_MAX];
};

void initial_choose(struct handshake *handshake, uint64_t *lots);
void initial_put(uint8_t data[INITIAL_BYTES], const struct handshake *handshake,
		 enum long_type type, const uint8_t *dcid, uint64_t *lots);

#endif /* GATEWAY_INITIAL_H */
