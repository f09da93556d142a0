/* SPDX-License-Identifier: GPL-2.0-only */
/* From a secret of TLS to the keys of QUIC version 1 (RFC 9001, 5.1 and 6.1). */
#ifndef EQUIC_SELFTESTS_TRAFFIC_SECRET_H
#define EQUIC_SELFTESTS_TRAFFIC_SECRET_H

#include <stddef.h>
#include "keys.h"

/**
 * struct secret - a secret of TLS
 * @cipher: enum equic_cipher, which it was agreed on with.
 * @bytes: as many as secret_len() says.
 */
struct secret {
	__u8	cipher;
	__u8	bytes[48];
};

/**
 * secret_len - bytes of a cipher's secrets: of its hash
 * @cipher: enum equic_cipher
 */
size_t secret_len(__u8 cipher);

/**
 * secret_key - derive what a key is made of
 * @secret: the secret
 * @key: receives cipher, key, IV and header protection key
 */
void secret_key(const struct secret *secret, struct key *key);

/**
 * secret_update - become the secret of the next epoch
 * @secret: of the present one
 *
 * The header protection key of the first epoch stays: it is not to be taken from
 * what this makes.
 */
void secret_update(struct secret *secret);

#endif /* EQUIC_SELFTESTS_TRAFFIC_SECRET_H */
