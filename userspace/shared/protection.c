// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The stack's 1-RTT packets: what leaves is sealed here, under numbers of the wire, and
 * takes the place of what the stack wrote; what comes is translated once it is open.
 */
#include <endian.h>
#include <errno.h>
#include <string.h>
#include <ngtcp2/ngtcp2_crypto.h>
#include <ngtcp2/ngtcp2_crypto_gnutls.h>
#include "least.h"
#include "share.h"
#include "word.h"

enum { UPDATE_NUMERATOR = 3, UPDATE_DENOMINATOR = 4 };

_Thread_local struct equic_share *share_current;

/*
 * 0; -EPROTO: numbers that were used are there again, or too many are gone, or some
 * though nobody else may take any: the word was spoiled.
 */
static int check_number(struct equic_share *s, uint64_t word)
{
	uint64_t pn = number_pn(word);

	if (number_epoch(word) != s->epoch || pn < s->floor ||
	    pn - s->floor > SHARE_LEAP ||
	    (pn != s->floor && share_is_beyond(s, pn)))
		return -EPROTO;
	share_know_number(s, pn);
	return 0;
}

/* One more try: what it finds then is nobody else's. */
static int take_number(struct equic_share *s, uint64_t *pn)
{
	uint64_t word = 0;
	int err;

	err = number_take(s->memory, false, &word) ?: check_number(s, word);
	if (err) {
		share_estrange(s);
		err = number_take(s->memory, false, &word) ?:
			check_number(s, word);
	}
	*pn = number_pn(word);
	return err;
}

static int take_number_epoch(struct equic_share *s, uint64_t *pn)
{
	uint64_t word = 0;
	int err;

	err = number_take_epoch(s->memory, s->epoch, &word);
	if (err) {
		share_estrange(s);
		err = number_take_epoch(s->memory, s->epoch, &word);
	}
	if (err)
		return err;
	s->epoch++;
	err = check_number(s, word);
	if (err) {
		share_estrange(s);
		err = number_take(s->memory, false, &word) ?:
			check_number(s, word);
	}
	*pn = number_pn(word);
	return err;
}

/* Somebody else has it now, or nobody. */
static void key_forget(struct share_key *key)
{
	explicit_bzero(key, sizeof(*key));
}

static void key_drop(struct share_key *key)
{
	seal_key_free(key->key);
	key_forget(key);
}

void protection_free(struct equic_share *s)
{
	key_drop(&s->keys[0]);
	key_drop(&s->keys[1]);
	explicit_bzero(s->header_key, sizeof(s->header_key));
}

static int key_make(struct equic_share *s, struct share_key *key,
		    const uint8_t *bytes, const uint8_t *iv)
{
	key_drop(key);
	key->secret.cipher = s->cipher;
	memcpy(key->secret.key, bytes, seal_key_len(s->cipher));
	memcpy(key->secret.iv, iv, SEAL_IV);
	memcpy(key->secret.header, s->header_key, sizeof(s->header_key));
	key->key = seal_key_new(&key->secret);
	return key->key ? 0 : -1;
}

/* The next epoch begins with a packet. */
static void key_advance(struct equic_share *s, uint64_t pn)
{
	key_drop(&s->keys[0]);
	s->keys[0] = s->keys[1];
	key_forget(&s->keys[1]);
	s->epoch_first = pn;
	s->update_wanted = false;
}

size_t share_seal(struct equic_share *s, uint8_t *packet, const uint8_t *header,
		  size_t header_len, const uint8_t *payload, size_t len,
		  bool next_epoch, uint64_t *pn)
{
	if (next_epoch) {
		if (!s->keys[1].key || take_number_epoch(s, pn))
			return 0;
		key_advance(s, *pn);
	} else if (!s->keys[0].key || take_number(s, pn)) {
		return 0;
	}
	/* Worn out by what all senders have sealed (RFC 9001, 6.6). */
	if (*pn - s->epoch_first >= seal_packets_max(s->cipher))
		return 0;
	return seal(s->keys[0].key, packet, header, header_len, *pn, payload, len);
}

/* The stack's number, out of its nonce (RFC 9001, 5.3). */
static uint64_t stack_number(const uint8_t *nonce, const uint8_t *iv)
{
	uint64_t last, key;

	memcpy(&last, nonce + SEAL_IV - sizeof(last), sizeof(last));
	memcpy(&key, iv + SEAL_IV - sizeof(key), sizeof(key));
	return be64toh(last ^ key);
}

/* Numbers that the stack skipped are skipped on the wire: who acknowledges them lies. */
static int follow_stack(struct equic_share *s, uint64_t stack)
{
	uint64_t wire;

	if (stack < s->stack_next || stack - s->stack_next > SHARE_LEAP)
		return -EINVAL;
	for (; s->stack_next < stack; s->stack_next++) {
		if (take_number(s, &wire) ||
		    numbers_add(s->numbers, s->stack_next, wire) ||
		    recovery_void(s->recovery, wire))
			return -EINVAL;
		s->stats.voids++;
	}
	return 0;
}

/* A datagram of the stack's, as long as it believes, that the path need not take. */
static bool is_pmtu_probe(const struct equic_share *s, size_t len)
{
	return s->pmtud &&
	       len > ngtcp2_conn_get_path_max_tx_udp_payload_size(s->conn);
}

/*
 * A datagram that the stack has filled up (RFC 9000, 14.1) may be too long, with longer
 * numbers: that much less is filled up. Return: the payload's length.
 */
static size_t cut_padding(const struct equic_share *s, size_t datagram,
			  const uint8_t *payload, size_t len)
{
	size_t max = share_datagram_max(s);

	if (datagram <= max)
		return len;
	return len - least(datagram - max, payload_padding(payload, len));
}

/* In place: the stack is done with what it wrote, once it has masked the header. */
static int seal_stack(struct equic_share *s, uint8_t *payload, size_t len,
		      const uint8_t *nonce, size_t aadlen)
{
	uint8_t *at = payload - aadlen, *moved;
	size_t number_len = (*at & PN_LEN) + 1, header_len = aadlen - number_len;
	bool next = !!(*at & KEY_PHASE) != (s->epoch & 1);
	struct share_packet *packet = &s->packet;
	uint64_t stack;

	/* One packet of a call leaves; of two, one would be lost. */
	if (packet->at || at < packet->begin || at >= packet->end ||
	    header_len + SEAL_PN + len + SEAL_TAG > (size_t)(packet->end - at))
		return -1;
	stack = stack_number(nonce, s->keys[next].secret.iv);
	if (follow_stack(s, stack))
		return -1;
	/* The stack resets those streams that it was told to forget. */
	if (s->streams.released)
		translate_sent(&s->translator, payload, len);
	packet->elicits = payload_elicits(payload, len);
	len = cut_padding(s, at - packet->begin + header_len + SEAL_PN + len + SEAL_TAG,
			  payload, len);
	moved = at + header_len + SEAL_PN;
	memmove(moved, payload, len);
	packet->pmtu_probe = is_pmtu_probe(s, at - packet->begin + aadlen + len +
					      SEAL_TAG);
	/* As long as any packet may become that the stack takes for as long. */
	if (packet->pmtu_probe) {
		memset(moved + len, 0, number_len - 1);
		len += number_len - 1;
	}
	*at &= ~PN_LEN;
	packet->len = share_seal(s, at, at, header_len, moved, len, next,
				 &packet->pn);
	if (!packet->len || numbers_add(s->numbers, stack, packet->pn))
		return -1;
	s->stack_next = stack + 1;
	packet->at = at;
	s->no_mask = true;
	return 0;
}

/*
 * Nobody shares yet. The packet stays the stack's, with the number that it believes in,
 * and its key: but what it tries the path with is as long as any packet may become that
 * is as long as that, once numbers have four bytes. Return: by how much.
 */
static size_t alone_grow(struct equic_share *s, uint8_t *payload, size_t len)
{
	size_t datagram = payload - s->packet.begin + len + SEAL_TAG;
	size_t growth = SHARE_GROWTH;
	const ngtcp2_transport_params *peer;

	if (!is_pmtu_probe(s, datagram))
		return 0;
	peer = ngtcp2_conn_get_remote_transport_params(s->conn);
	if (peer)
		growth = least(growth, peer->max_udp_payload_size -
				       least(datagram, peer->max_udp_payload_size));
	memset(payload + len, 0, growth);
	s->packet.grown = growth;
	return growth;
}

/* Return: so many bytes more are to be encrypted; -1: that must not be. */
static int alone_seal(struct equic_share *s, uint8_t *payload, size_t len,
		      const uint8_t *nonce, size_t aadlen)
{
	const uint8_t *at = payload - aadlen;
	bool next = !!(*at & KEY_PHASE) != (s->epoch & 1);
	uint64_t pn;

	if (!s->keys[next].key || at < s->packet.begin || payload >= s->packet.end)
		return -1;
	pn = stack_number(nonce, s->keys[next].secret.iv);
	if (pn < s->stack_next)
		return -1;
	if (next) {
		s->epoch++;
		key_advance(s, pn);
	}
	s->stats.voids += pn - s->stack_next;
	s->stats.stack++;
	s->stack_next = pn + 1;
	return alone_grow(s, payload, len);
}

/*
 * A Retry's integrity tag is over no plaintext (RFC 9001, 5.8); a packet has some. A
 * packet of a connection that no call of calls.c is for would get a number that
 * another sender has used.
 */
static int on_encrypt(uint8_t *dest, const ngtcp2_crypto_aead *aead,
		      const ngtcp2_crypto_aead_ctx *aead_ctx,
		      const uint8_t *plaintext, size_t plaintextlen,
		      const uint8_t *nonce, size_t noncelen, const uint8_t *aad,
		      size_t aadlen)
{
	struct equic_share *s = share_current;
	int more;

	if (s)
		s->encrypts = true;
	if (s && s->path.asks && !(aad[0] & LONG_HEADER))
		share_path_sent(s, plaintext, plaintextlen,
				aadlen + plaintextlen + SEAL_TAG);
	if (plaintextlen && !(aad[0] & LONG_HEADER) && !(s && s->foreign)) {
		if (!s || noncelen != SEAL_IV || dest != plaintext ||
		    aad + aadlen != dest)
			return NGTCP2_ERR_CALLBACK_FAILURE;
		if (s->begun)
			return seal_stack(s, dest, plaintextlen, nonce, aadlen) ?
				NGTCP2_ERR_CALLBACK_FAILURE : 0;
		more = alone_seal(s, dest, plaintextlen, nonce, aadlen);
		if (more < 0)
			return NGTCP2_ERR_CALLBACK_FAILURE;
		plaintextlen += more;
	}
	return ngtcp2_crypto_encrypt_cb(dest, aead, aead_ctx, plaintext,
					plaintextlen, nonce, noncelen, aad,
					aadlen);
}

static int on_hp_mask(uint8_t *dest, const ngtcp2_crypto_cipher *hp,
		      const ngtcp2_crypto_cipher_ctx *hp_ctx,
		      const uint8_t *sample)
{
	struct equic_share *s = share_current;

	if (s && s->no_mask) {
		s->no_mask = false;
		memset(dest, 0, NGTCP2_HP_MASKLEN);
		return 0;
	}
	return ngtcp2_crypto_hp_mask_cb(dest, hp, hp_ctx, sample);
}

static int on_decrypt(uint8_t *dest, const ngtcp2_crypto_aead *aead,
		      const ngtcp2_crypto_aead_ctx *aead_ctx,
		      const uint8_t *ciphertext, size_t ciphertextlen,
		      const uint8_t *nonce, size_t noncelen, const uint8_t *aad,
		      size_t aadlen)
{
	struct equic_share *s = share_current;
	int ret;

	ret = ngtcp2_crypto_decrypt_cb(dest, aead, aead_ctx, ciphertext,
				       ciphertextlen, nonce, noncelen, aad,
				       aadlen);
	if (s)
		s->decrypts = true;
	if (ret || (aad[0] & LONG_HEADER))
		return ret;
	if (!s)
		return NGTCP2_ERR_CALLBACK_FAILURE;
	if (s->path.asks)
		share_path_received(s, dest, ciphertextlen - SEAL_TAG);
	if (s->begun)
		translate_received(&s->translator, dest, ciphertextlen - SEAL_TAG);
	return 0;
}

/* ngtcp2 asks before it uses them, long before perhaps. */
static int on_update_key(ngtcp2_conn *conn, uint8_t *rx_secret,
			 uint8_t *tx_secret,
			 ngtcp2_crypto_aead_ctx *rx_aead_ctx, uint8_t *rx_iv,
			 ngtcp2_crypto_aead_ctx *tx_aead_ctx, uint8_t *tx_iv,
			 const uint8_t *current_rx_secret,
			 const uint8_t *current_tx_secret, size_t secretlen,
			 void *user_data)
{
	uint8_t rx_key[SEAL_KEY_MAX], tx_key[SEAL_KEY_MAX];
	struct equic_share *s = share_current;
	int ret;

	(void)user_data;
	if (!s)
		return NGTCP2_ERR_CALLBACK_FAILURE;
	ret = ngtcp2_crypto_update_key(conn, rx_secret, tx_secret, rx_aead_ctx,
				       rx_key, rx_iv, tx_aead_ctx, tx_key, tx_iv,
				       current_rx_secret, current_tx_secret,
				       secretlen);
	if (!ret && !s->foreign)
		ret = key_make(s, &s->keys[1], tx_key, tx_iv);
	explicit_bzero(rx_key, sizeof(rx_key));
	explicit_bzero(tx_key, sizeof(tx_key));
	return ret ? NGTCP2_ERR_CALLBACK_FAILURE : 0;
}

static int on_handshake_confirmed(ngtcp2_conn *conn, void *user_data)
{
	struct equic_share *s = share_current;

	if (!s)
		return NGTCP2_ERR_CALLBACK_FAILURE;
	s->confirmed = true;
	return s->its.handshake_confirmed ?
		s->its.handshake_confirmed(conn, user_data) : 0;
}

/* The endpoint hears of its own streams. */
static int on_stream_close(ngtcp2_conn *conn, uint32_t flags, int64_t stream_id,
			   uint64_t app_error_code, void *user_data,
			   void *stream_user_data)
{
	struct equic_share *s = share_current;
	struct stream *stream = s ? streams_find(&s->streams, stream_id) : NULL;

	if (stream) {
		streams_drop(&s->streams, stream);
		return 0;
	}
	return s && s->its.stream_close ?
		s->its.stream_close(conn, flags, stream_id, app_error_code,
				    user_data, stream_user_data) : 0;
}

void protection_callbacks(struct equic_share *s, ngtcp2_callbacks *callbacks)
{
	s->its = *callbacks;
	callbacks->encrypt = on_encrypt;
	callbacks->decrypt = on_decrypt;
	callbacks->hp_mask = on_hp_mask;
	callbacks->update_key = on_update_key;
	callbacks->handshake_confirmed = on_handshake_confirmed;
	callbacks->stream_close = on_stream_close;
}

/* Those that all senders have. With another the stack may be alone. */
static int cipher_of(gnutls_session_t session, enum seal_cipher *cipher)
{
	switch (gnutls_cipher_get(session)) {
	case GNUTLS_CIPHER_AES_128_GCM:
		*cipher = SEAL_AES_128_GCM;
		return 0;
	case GNUTLS_CIPHER_AES_256_GCM:
		*cipher = SEAL_AES_256_GCM;
		return 0;
	case GNUTLS_CIPHER_CHACHA20_POLY1305:
		*cipher = SEAL_CHACHA20_POLY1305;
		return 0;
	default:
		return -1;
	}
}

/* What a key may seal, and when it is time for the next one. */
static void limit_keys(struct equic_share *s)
{
	s->packets_max = seal_packets_max(s->cipher);
	if (!s->options.update_after)
		s->options.update_after = s->packets_max / UPDATE_DENOMINATOR *
					  UPDATE_NUMERATOR;
}

static int take_first_key(struct equic_share *s, gnutls_session_t session,
			  const uint8_t *key, const uint8_t *iv, const uint8_t *header)
{
	s->foreign = cipher_of(session, &s->cipher);
	/* The peer is about to be told of them. */
	share_path_prefers(s);
	if (s->foreign)
		return s->begun ? -1 : 0;
	memcpy(s->header_key, header, seal_key_len(s->cipher));
	limit_keys(s);
	return key_make(s, &s->keys[0], key, iv);
}

static int take_tx(struct equic_share *s, gnutls_session_t session,
		   ngtcp2_encryption_level level, const void *secret, size_t len)
{
	uint8_t key[SEAL_KEY_MAX], iv[SEAL_IV], header[SEAL_KEY_MAX];
	int ret;

	ret = ngtcp2_crypto_derive_and_install_tx_key(s->conn, key, iv, header,
						      level, secret, len);
	if (!ret && level == NGTCP2_ENCRYPTION_LEVEL_1RTT)
		ret = take_first_key(s, session, key, iv, header);
	explicit_bzero(key, sizeof(key));
	explicit_bzero(iv, sizeof(iv));
	explicit_bzero(header, sizeof(header));
	return ret;
}

int equic_share_secret(struct equic_share *s, gnutls_session_t session,
		       gnutls_record_encryption_level_t gnutls_level,
		       const void *rx, const void *tx, size_t len)
{
	ngtcp2_encryption_level level =
		ngtcp2_crypto_gnutls_from_gnutls_record_encryption_level(gnutls_level);

	if (!s->conn)
		return -1;
	if (rx && ngtcp2_crypto_derive_and_install_rx_key(s->conn, NULL, NULL,
							  NULL, level, rx, len))
		return -1;
	return tx && take_tx(s, session, level, tx, len) ? -1 : 0;
}
