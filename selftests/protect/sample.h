/* SPDX-License-Identifier: GPL-2.0-only */
/* A small packet and keys for it, where any will do. */
#ifndef EQUIC_SELFTESTS_SAMPLE_H
#define EQUIC_SELFTESTS_SAMPLE_H

#include "datagram.h"
#include "keys.h"

enum {
	SAMPLE_PN_OFF = 9,	/* behind a connection ID of 8 bytes */
	SAMPLE_PN_LEN = 4,
	SAMPLE_HEADER = SAMPLE_PN_OFF + SAMPLE_PN_LEN,
	SAMPLE_PAYLOAD = 40,
	SAMPLE_TAG = 16,
	SAMPLE_LEN = SAMPLE_HEADER + SAMPLE_PAYLOAD + SAMPLE_TAG,
};

/**
 * sample_key - a 1-RTT key; key and IV say which epoch they are of
 * @cipher: enum equic_cipher
 * @epoch: the epoch
 */
struct key sample_key(__u8 cipher, __u32 epoch);

/**
 * sample_clear - the packet; its number comes with the protection
 * @bytes: receives %SAMPLE_LEN bytes
 * @epoch: whose phase it has
 */
void sample_clear(__u8 *bytes, __u32 epoch);

/**
 * sample_seal - the same, protected by GnuTLS
 * @bytes: receives %SAMPLE_LEN bytes
 * @key: with a long header, if it is for these
 * @pn: its number
 */
void sample_seal(__u8 *bytes, const struct key *key, __u64 pn);

/**
 * sample_datagram - a datagram of the protected packet
 * @datagram: receives it
 * @key: as above
 * @pn: as above
 */
void sample_datagram(struct datagram *datagram, const struct key *key, __u64 pn);

/**
 * sample_is_plain - are these the payload's bytes?
 * @payload: %SAMPLE_PAYLOAD bytes
 */
bool sample_is_plain(const __u8 *payload);

#endif /* EQUIC_SELFTESTS_SAMPLE_H */
