/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * equic_ngtcp2_keys - gives the 1-RTT keys of an ngtcp2 connection to the
 * kernel, for XDP and TC programs (bpf/equic_kfuncs.h).
 *
 * For endpoints of either role on ngtcp2's GnuTLS backend. Link with
 * libngtcp2_crypto_gnutls and gnutls. The endpoint embeds a struct
 * equic_ngtcp2_keys in its connection, zeroed, and hands on what GnuTLS and
 * ngtcp2 tell about keys:
 *
 *	ngtcp2_crypto_gnutls_configure_server_session(session);
 *	gnutls_handshake_set_secret_function(session, on_secret);
 *	callbacks.update_key = on_update_key;
 *
 *	static int on_secret(gnutls_session_t session,
 *			     gnutls_record_encryption_level_t level,
 *			     const void *rx, const void *tx, size_t len)
 *	{
 *		struct conn *c = …;
 *
 *		return equic_ngtcp2_keys_secret(&c->keys, c->quic, session,
 *						level, rx, tx, len);
 *	}
 *
 * These calls, unlike those of equic_ngtcp2.h, wait for the kernel: a key is
 * there before the first packet under it is sent. Whatever the kernel answers,
 * the connection goes on; a key that could not be given, or followed, is taken
 * back, and its id becomes 0.
 *
 * Threads and processes: as equic_ngtcp2.h. The keys go with the handle.
 */
#ifndef _EQUIC_NGTCP2_KEYS_H
#define _EQUIC_NGTCP2_KEYS_H

#include <equic_packet_key.h>
#include <gnutls/gnutls.h>
#include <ngtcp2/ngtcp2.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * enum equic_ngtcp2_key - what the kernel is given a key for
 * @EQUIC_NGTCP2_OPEN_RX: to open what the peer sends.
 * @EQUIC_NGTCP2_OPEN_TX: to open what this endpoint sends.
 * @EQUIC_NGTCP2_SEAL_TX: to seal what this endpoint sends. Its numbers must
 *	come from where the endpoint's own come from.
 * @EQUIC_NGTCP2_KEYS: how many there are.
 */
enum equic_ngtcp2_key {
	EQUIC_NGTCP2_OPEN_RX,
	EQUIC_NGTCP2_OPEN_TX,
	EQUIC_NGTCP2_SEAL_TX,
	EQUIC_NGTCP2_KEYS,
};

/**
 * struct equic_ngtcp2_keys - the keys of one connection
 * @id: of each key, by enum equic_ngtcp2_key; 0: the kernel does not have it.
 */
struct equic_ngtcp2_keys {
	uint32_t id[EQUIC_NGTCP2_KEYS];
	/* private: */
	struct equic *eq;
	uint32_t epoch;
	uint8_t wanted;
	uint8_t cipher;
};

/**
 * equic_ngtcp2_keys_begin - which keys are to be given
 * @eq: a handle; NULL: none is
 * @k: zeroed
 * @wanted: bits of enum equic_ngtcp2_key: 1 << EQUIC_NGTCP2_OPEN_RX …
 *
 * Before the handshake begins.
 */
void equic_ngtcp2_keys_begin(struct equic *eq, struct equic_ngtcp2_keys *k,
			     unsigned int wanted);

/**
 * equic_ngtcp2_keys_secret - GnuTLS has made the secrets of a level
 * @k: the connection's keys
 * @conn: the connection
 * @session: its TLS session, as the secret function got it and the next four
 * @level: encryption level
 * @rx: secret of what the peer sends, or NULL
 * @tx: secret of what this endpoint sends, or NULL
 * @len: their length
 *
 * Installs them in @conn as ngtcp2's own secret function does, and gives those
 * of level 1-RTT to the kernel.
 *
 * Return: for GnuTLS: 0, or -1 when @conn refuses them.
 */
int equic_ngtcp2_keys_secret(struct equic_ngtcp2_keys *k, ngtcp2_conn *conn,
			     gnutls_session_t session,
			     gnutls_record_encryption_level_t level,
			     const void *rx, const void *tx, size_t len);

/**
 * equic_ngtcp2_keys_update - ngtcp2 wants the keys after the present ones
 * @k: the connection's keys
 * @conn: the connection, and the rest as the callback update_key got it
 * @rx_secret: result
 * @tx_secret: result
 * @rx_aead_ctx: result
 * @rx_iv: result
 * @tx_aead_ctx: result
 * @tx_iv: result
 * @current_rx_secret: the present one
 * @current_tx_secret: the present one
 * @len: length of the secrets
 *
 * Does what ngtcp2_crypto_update_key_cb() does, and gives the keys to the
 * kernel: before ngtcp2 uses them.
 *
 * Return: for ngtcp2: 0, or NGTCP2_ERR_CALLBACK_FAILURE.
 */
int equic_ngtcp2_keys_update(struct equic_ngtcp2_keys *k, ngtcp2_conn *conn,
			     uint8_t *rx_secret, uint8_t *tx_secret,
			     ngtcp2_crypto_aead_ctx *rx_aead_ctx, uint8_t *rx_iv,
			     ngtcp2_crypto_aead_ctx *tx_aead_ctx, uint8_t *tx_iv,
			     const uint8_t *current_rx_secret,
			     const uint8_t *current_tx_secret, size_t len);

/**
 * equic_ngtcp2_keys_end - take the keys back
 * @k: the connection's keys
 *
 * When the connection ends; repeated calls do nothing.
 */
void equic_ngtcp2_keys_end(struct equic_ngtcp2_keys *k);

#ifdef __cplusplus
}
#endif

#endif /* _EQUIC_NGTCP2_KEYS_H */
