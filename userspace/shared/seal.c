// SPDX-License-Identifier: LGPL-2.1-or-later
#include <endian.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "equic_share_key.h"
#include "seal.h"

enum {
	SAMPLE = 16,
	BLOCK = 16,
	/* RFC 9000, 17.3.1: what header protection covers of the first byte. */
	FIRST_BITS = 0x1f,
};

/* The number's length of four bytes, as the first byte has it. */
#define PN_LEN_BITS	(SEAL_PN - 1)

/**
 * struct seal_key - a key of one direction and epoch
 * @aead: for the payload.
 * @header: for the header.
 * @cipher: enum seal_cipher.
 * @iv: secret as well.
 * @sealed: packets.
 */
struct seal_key {
	gnutls_aead_cipher_hd_t	aead;
	gnutls_cipher_hd_t	header;
	enum seal_cipher	cipher;
	uint8_t			iv[SEAL_IV];
	uint64_t		sealed;
};

/*
 * For the header RFC 9001, 5.4.3 wants AES-ECB, which GnuTLS has not: one block of
 * CBC with an IV of zeroes is the same.
 */
static const struct {
	gnutls_cipher_algorithm_t aead, header;
	size_t key_len;
	uint64_t packets_max;
} ciphers[] = {
	[SEAL_AES_128_GCM] = {
		GNUTLS_CIPHER_AES_128_GCM, GNUTLS_CIPHER_AES_128_CBC, 16, 1 << 23 },
	[SEAL_AES_256_GCM] = {
		GNUTLS_CIPHER_AES_256_GCM, GNUTLS_CIPHER_AES_256_CBC, 32, 1 << 23 },
	[SEAL_CHACHA20_POLY1305] = {
		GNUTLS_CIPHER_CHACHA20_POLY1305, GNUTLS_CIPHER_CHACHA20_32, 32,
		1ULL << 62 },
};

static bool is_cipher(enum seal_cipher cipher)
{
	return (unsigned int)cipher < sizeof(ciphers) / sizeof(*ciphers);
}

void seal_secret_take(struct seal_secret *secret, const struct equic_share_key *key)
{
	secret->cipher = key->cipher;
	memcpy(secret->key, key->key, sizeof(secret->key));
	memcpy(secret->iv, key->iv, sizeof(secret->iv));
	memcpy(secret->header, key->header, sizeof(secret->header));
}

size_t seal_key_len(enum seal_cipher cipher)
{
	return is_cipher(cipher) ? ciphers[cipher].key_len : 0;
}

uint64_t seal_packets_max(enum seal_cipher cipher)
{
	return is_cipher(cipher) ? ciphers[cipher].packets_max : 0;
}

struct seal_key *seal_key_new(const struct seal_secret *secret)
{
	uint8_t zero[BLOCK] = { 0 };
	gnutls_datum_t iv = { .data = zero, .size = sizeof(zero) };
	gnutls_datum_t datum = { .size = seal_key_len(secret->cipher) };
	struct seal_key *key;

	if (!is_cipher(secret->cipher))
		return NULL;
	key = calloc(1, sizeof(*key));
	if (!key)
		return NULL;
	key->cipher = secret->cipher;
	/* GnuTLS copies what it is given, and wipes the copies in the end. */
	datum.data = (uint8_t *)secret->key;
	if (gnutls_aead_cipher_init(&key->aead, ciphers[key->cipher].aead, &datum))
		goto err_allocated;
	datum.data = (uint8_t *)secret->header;
	if (gnutls_cipher_init(&key->header, ciphers[key->cipher].header, &datum,
			       &iv))
		goto err_aead;
	memcpy(key->iv, secret->iv, sizeof(key->iv));
	return key;

err_aead:
	gnutls_aead_cipher_deinit(key->aead);
err_allocated:
	free(key);
	return NULL;
}

void seal_key_free(struct seal_key *key)
{
	if (!key)
		return;
	gnutls_cipher_deinit(key->header);
	gnutls_aead_cipher_deinit(key->aead);
	explicit_bzero(key, sizeof(*key));
	free(key);
}

/*
 * RFC 9001, 5.4.3 and 5.4.4. For ChaCha20 the sample is the counter and the nonce,
 * which together are GnuTLS's IV, and zeroes are encrypted.
 */
static int header_mask(struct seal_key *key, const uint8_t *sample,
		       uint8_t mask[BLOCK])
{
	uint8_t iv[SAMPLE] = { 0 };

	if (key->cipher == SEAL_CHACHA20_POLY1305) {
		memcpy(iv, sample, sizeof(iv));
		memset(mask, 0, BLOCK);
	} else {
		memcpy(mask, sample, BLOCK);
	}
	gnutls_cipher_set_iv(key->header, iv, sizeof(iv));
	return gnutls_cipher_encrypt2(key->header, mask, BLOCK, mask, BLOCK);
}

size_t seal(struct seal_key *key, uint8_t *packet, const uint8_t *header,
	    size_t header_len, uint64_t pn, const uint8_t *payload, size_t len)
{
	size_t aad = header_len + SEAL_PN, sealed = len + SEAL_TAG, i;
	uint8_t nonce[SEAL_IV], mask[BLOCK], *number = packet + header_len;
	uint32_t low = htobe32(pn);
	uint64_t last;

	if (key->sealed == ciphers[key->cipher].packets_max)
		return 0;
	/* Before all that can fail: a number that was tried is used. */
	key->sealed++;
	if (packet != header)
		memcpy(packet, header, header_len);
	packet[0] |= PN_LEN_BITS;
	memcpy(number, &low, SEAL_PN);
	/* RFC 9001, 5.3: the number is XORed into the IV's last eight bytes. */
	memcpy(nonce, key->iv, sizeof(nonce));
	memcpy(&last, nonce + SEAL_IV - sizeof(last), sizeof(last));
	last ^= htobe64(pn);
	memcpy(nonce + SEAL_IV - sizeof(last), &last, sizeof(last));
	if (gnutls_aead_cipher_encrypt(key->aead, nonce, sizeof(nonce), packet,
				       aad, SEAL_TAG, payload, len,
				       packet + aad, &sealed) ||
	    header_mask(key, number + SEAL_PN, mask))
		return 0;
	packet[0] ^= mask[0] & FIRST_BITS;
	for (i = 0; i < SEAL_PN; i++)
		number[i] ^= mask[1 + i];
	return aad + sealed;
}
