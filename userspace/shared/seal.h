/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Protection of packets with a short header and a number of four bytes (RFC 9001, 5). */
#ifndef EQUIC_SHARED_SEAL_H
#define EQUIC_SHARED_SEAL_H

#include <stddef.h>
#include <stdint.h>

enum { SEAL_TAG = 16, SEAL_IV = 12, SEAL_KEY_MAX = 32, SEAL_PN = 4 };

/**
 * enum seal_cipher - RFC 9001, 5.3
 *
 * The same numbers as enum equic_cipher of linux/equic.h.
 */
enum seal_cipher {
	SEAL_AES_128_GCM,
	SEAL_AES_256_GCM,
	SEAL_CHACHA20_POLY1305,
};

/* As they come out of the key schedule; wiped by whoever has them. */
struct seal_secret {
	enum seal_cipher	cipher;
	uint8_t			key[SEAL_KEY_MAX];
	uint8_t			iv[SEAL_IV];
	uint8_t			header[SEAL_KEY_MAX];
};

struct equic_share_key;

/* What an endpoint has told. */
void seal_secret_take(struct seal_secret *secret, const struct equic_share_key *key);

/* Bytes; 0: no such cipher. */
size_t seal_key_len(enum seal_cipher cipher);

/*
 * How many packets one key may seal, whoever does (RFC 9001, 6.6 and B). Of
 * ChaCha20-Poly1305 as many as there are numbers.
 */
uint64_t seal_packets_max(enum seal_cipher cipher);

struct seal_key;

/**
 * seal_key_new - a key to seal with, for one thread at a time
 * @secret: copied
 *
 * Return: NULL: no such cipher, GnuTLS refuses it, or no memory.
 */
struct seal_key *seal_key_new(const struct seal_secret *secret);

/* Wipes it. NULL is allowed. */
void seal_key_free(struct seal_key *key);

/**
 * seal - protect a packet
 * @key: of the epoch
 * @packet: result: header, number, ciphertext and tag; does not overlap @payload
 *	unless @payload is where the ciphertext will be, nor @header unless it is that
 * @header: up to the packet number, its first byte without the length of that
 * @header_len: 1 + the connection ID
 * @pn: the number: its last four bytes are sent
 * @payload: frames
 * @len: their length, at least 1
 *
 * The sample of header protection begins four bytes behind where the number begins
 * and has 16 bytes (RFC 9001, 5.4.2): behind a number of four bytes, the tag alone
 * is enough of it, so that no payload is too short.
 *
 * Return: the packet's length: @header_len + SEAL_PN + @len + SEAL_TAG; 0: GnuTLS
 * failed, or this key has sealed seal_packets_max().
 */
size_t seal(struct seal_key *key, uint8_t *packet, const uint8_t *header,
	    size_t header_len, uint64_t pn, const uint8_t *payload, size_t len);

#endif /* EQUIC_SHARED_SEAL_H */
