// SPDX-License-Identifier: GPL-2.0-only
/* See opener.h. */
#include <gnutls/crypto.h>
#include <ngtcp2/ngtcp2_crypto.h>
#include <stdlib.h>
#include <string.h>
#include "ktap.h"
#include "opener.h"

enum { SAMPLE_AT = 4, MASK = 5 };

struct opener {
	ngtcp2_crypto_aead	aead;
	ngtcp2_crypto_aead_ctx	aead_ctx;
	ngtcp2_crypto_cipher	header;
	ngtcp2_crypto_cipher_ctx header_ctx;
	uint8_t			iv[SEAL_IV];
};

static const struct {
	gnutls_cipher_algorithm_t aead, header;
} ciphers[] = {
	[SEAL_AES_128_GCM] = {
		GNUTLS_CIPHER_AES_128_GCM, GNUTLS_CIPHER_AES_128_CBC },
	[SEAL_AES_256_GCM] = {
		GNUTLS_CIPHER_AES_256_GCM, GNUTLS_CIPHER_AES_256_CBC },
	[SEAL_CHACHA20_POLY1305] = {
		GNUTLS_CIPHER_CHACHA20_POLY1305, GNUTLS_CIPHER_CHACHA20_32 },
};

/* As ngtcp2 has it in itself: of a cipher it exports the use, not the making. */
static int header_init(struct opener *opener, gnutls_cipher_algorithm_t cipher,
		       const uint8_t *key)
{
	uint8_t zero[16] = { 0 };
	gnutls_datum_t iv = { .data = zero, .size = sizeof(zero) };
	gnutls_datum_t datum = { .data = (uint8_t *)key,
				 .size = gnutls_cipher_get_key_size(cipher) };
	gnutls_cipher_hd_t handle;

	if (gnutls_cipher_init(&handle, cipher, &datum, &iv))
		return -1;
	opener->header.native_handle = (void *)(intptr_t)cipher;
	opener->header_ctx.native_handle = handle;
	return 0;
}

struct opener *opener_new(const struct seal_secret *secret)
{
	struct opener *opener = calloc(1, sizeof(*opener));

	if (!opener)
		ktap_bail("no memory");
	opener->aead.native_handle =
		(void *)(intptr_t)ciphers[secret->cipher].aead;
	opener->aead.max_overhead = SEAL_TAG;
	memcpy(opener->iv, secret->iv, sizeof(opener->iv));
	if (ngtcp2_crypto_aead_ctx_decrypt_init(&opener->aead_ctx, &opener->aead,
						secret->key, SEAL_IV) ||
	    header_init(opener, ciphers[secret->cipher].header, secret->header))
		ktap_bail("ngtcp2 has no such cipher");
	return opener;
}

void opener_free(struct opener *opener)
{
	ngtcp2_crypto_aead_ctx_free(&opener->aead_ctx);
	gnutls_cipher_deinit(opener->header_ctx.native_handle);
	free(opener);
}

/* RFC 9000, A.3 */
static uint64_t decode(uint64_t expected, uint32_t truncated, unsigned int bits)
{
	uint64_t window = 1ULL << bits, half = window / 2;
	uint64_t pn = (expected & ~(window - 1)) | truncated;

	if (pn + half <= expected)
		return pn + window;
	if (pn > expected + half && pn >= window)
		return pn - window;
	return pn;
}

int opener_open(struct opener *opener, const uint8_t *packet, size_t len,
		size_t dcid_len, uint64_t expected, struct opened *opened)
{
	uint8_t header[64], mask[MASK], nonce[SEAL_IV];
	size_t at = 1 + dcid_len, pn_len, i;
	uint32_t truncated = 0;

	if (len < at + SAMPLE_AT + 16 || len > sizeof(opened->payload) + at)
		return -1;
	if (ngtcp2_crypto_hp_mask(mask, &opener->header, &opener->header_ctx,
				  packet + at + SAMPLE_AT))
		return -1;
	memcpy(header, packet, at + 4);
	header[0] ^= mask[0] & 0x1f;
	pn_len = 1 + (header[0] & 3);
	for (i = 0; i < pn_len; i++) {
		header[at + i] ^= mask[1 + i];
		truncated = truncated << 8 | header[at + i];
	}
	opened->first = header[0];
	opened->pn = decode(expected, truncated, 8 * pn_len);
	memcpy(nonce, opener->iv, sizeof(nonce));
	for (i = 0; i < 8; i++)
		nonce[sizeof(nonce) - 1 - i] ^= opened->pn >> 8 * i;
	at += pn_len;
	opened->len = len - at - opener->aead.max_overhead;
	return ngtcp2_crypto_decrypt(opened->payload, &opener->aead,
				     &opener->aead_ctx, packet + at, len - at,
				     nonce, sizeof(nonce), header, at);
}
