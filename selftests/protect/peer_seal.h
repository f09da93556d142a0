/* SPDX-License-Identifier: GPL-2.0-only */
/* QUIC packet protection by GnuTLS, to compare the module with. */
#ifndef EQUIC_SELFTESTS_PEER_SEAL_H
#define EQUIC_SELFTESTS_PEER_SEAL_H

#include <stddef.h>
#include "keys.h"

struct reference;

/**
 * reference_new - a key of GnuTLS
 * @key: what it is made of
 */
struct reference *reference_new(const struct key *key);

/**
 * reference_free - the end of it
 * @ref: the key
 */
void reference_free(struct reference *ref);

/**
 * reference_seal - protect a packet (RFC 9001, 5)
 * @ref: the key
 * @packet: header and payload in clear, and room for the tag of 16 bytes
 * @len: of all
 * @pn_off: of the packet number in @packet, which says how long it is
 * @pn: the number; written here
 */
void reference_seal(struct reference *ref, __u8 *packet, size_t len,
		    size_t pn_off, __u64 pn);

#endif /* EQUIC_SELFTESTS_PEER_SEAL_H */
