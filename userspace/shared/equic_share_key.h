/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an endpoint hands on to its second sender: see equic_share.h, equic_second.h. */
#ifndef _EQUIC_SHARE_KEY_H
#define _EQUIC_SHARE_KEY_H

#include <stdint.h>

#define EQUIC_SHARE_KEY_LEN		32
#define EQUIC_SHARE_IV_LEN		12

/**
 * struct equic_share_key - what the second sender seals with in an epoch
 * @epoch: as in the number word; the key phase is its last bit (RFC 9001, 6).
 * @cipher: enum equic_cipher, which is in linux/equic.h: 0: AES-128-GCM, 1: AES-256-GCM,
 *	2: ChaCha20-Poly1305.
 * @key: 16 or 32 bytes of it.
 * @iv: RFC 9001, 5.1.
 * @header: of header protection, as long as @key. The same in all epochs.
 */
struct equic_share_key {
	uint32_t	epoch;
	uint32_t	cipher;
	uint8_t		key[EQUIC_SHARE_KEY_LEN];
	uint8_t		iv[EQUIC_SHARE_IV_LEN];
	uint8_t		header[EQUIC_SHARE_KEY_LEN];
};

#endif /* _EQUIC_SHARE_KEY_H */
