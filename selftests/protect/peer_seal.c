// SPDX-License-Identifier: GPL-2.0-only
/* See peer_seal.h. */
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stdlib.h>
#include <string.h>
#include "ktap.h"
#include "peer_seal.h"

#define TAG 16

struct reference {
	gnutls_aead_cipher_hd_t aead;
	gnutls_cipher_hd_t header;
	struct key key;
};

/* GnuTLS has no AES-ECB: one block of CBC with a zero IV is the same. */
static const struct {
	gnutls_cipher_algorithm_t aead, header;
} ciphers[] = {
	[EQUIC_CIPHER_AES_128_GCM] = {
		GNUTLS_CIPHER_AES_128_GCM, GNUTLS_CIPHER_AES_128_CBC },
	[EQUIC_CIPHER_AES_256_GCM] = {
		GNUTLS_CIPHER_AES_256_GCM, GNUTLS_CIPHER_AES_256_CBC },
	[EQUIC_CIPHER_CHACHA20_POLY1305] = {
		GNUTLS_CIPHER_CHACHA20_POLY1305, GNUTLS_CIPHER_CHACHA20_32 },
};

static void must(int err)
{
	if (err < 0)
		ktap_bail("GnuTLS: %s", gnutls_strerror(err));
}

struct reference *reference_new(const struct key *key)
{
	struct reference *ref = calloc(1, sizeof(*ref));
	gnutls_datum_t datum = { .size = key_len(key->cipher) };
	__u8 zero[16] = { };
	gnutls_datum_t iv = { .data = zero, .size = sizeof(zero) };

	ref->key = *key;
	datum.data = ref->key.key;
	must(gnutls_aead_cipher_init(&ref->aead, ciphers[key->cipher].aead,
				     &datum));
	datum.data = ref->key.header;
	must(gnutls_cipher_init(&ref->header, ciphers[key->cipher].header,
				&datum, &iv));
	return ref;
}

void reference_free(struct reference *ref)
{
	gnutls_aead_cipher_deinit(ref->aead);
	gnutls_cipher_deinit(ref->header);
	free(ref);
}

static void header_mask(struct reference *ref, const __u8 *sample, __u8 *mask)
{
	__u8 iv[16] = { }, in[16] = { }, out[16];

	if (ref->key.cipher == EQUIC_CIPHER_CHACHA20_POLY1305)
		memcpy(iv, sample, sizeof(iv));
	else
		memcpy(in, sample, sizeof(in));
	gnutls_cipher_set_iv(ref->header, iv, sizeof(iv));
	must(gnutls_cipher_encrypt2(ref->header, in, sizeof(in), out,
				    sizeof(out)));
	memcpy(mask, out, 5);
}

void reference_seal(struct reference *ref, __u8 *packet, size_t len,
		    size_t pn_off, __u64 pn)
{
	size_t pn_len = (packet[0] & 3) + 1, header = pn_off + pn_len, i;
	size_t room = len - header;
	__u8 nonce[12], mask[5];

	memcpy(nonce, ref->key.iv, sizeof(nonce));
	for (i = 0; i < 8; i++)
		nonce[11 - i] ^= pn >> (8 * i);
	for (i = 0; i < pn_len; i++)
		packet[header - 1 - i] = pn >> (8 * i);
	must(gnutls_aead_cipher_encrypt(ref->aead, nonce, sizeof(nonce), packet,
					header, TAG, packet + header,
					len - header - TAG, packet + header,
					&room));
	header_mask(ref, packet + pn_off + 4, mask);
	packet[0] ^= mask[0] & (packet[0] & 0x80 ? 0x0f : 0x1f);
	for (i = 0; i < pn_len; i++)
		packet[pn_off + i] ^= mask[1 + i];
}
