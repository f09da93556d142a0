/* SPDX-License-Identifier: GPL-2.0-only */
/* The keys of connections, given to programs in the kernel when --keys is. */
#ifndef H3_SERVER_KEYS_H
#define H3_SERVER_KEYS_H

#include <equic_ngtcp2_keys.h>
#include <gnutls/gnutls.h>
#include <ngtcp2/ngtcp2.h>
#include <stdio.h>

struct conn;
struct worker;

struct keys {
	struct equic *handle;	/* NULL: none are given */
	FILE *told;		/* which, a line for each connection */
};

/* Never fails the server. */
void keys_open(struct worker *worker);
void keys_close(struct worker *worker);

/* Before the handshake. */
void keys_begin(struct conn *conn);
/* After it: tells which keys the kernel has. */
void keys_tell(struct conn *conn);

/* GnuTLS's secret function, and ngtcp2's callback. */
int keys_on_secret(gnutls_session_t session,
		   gnutls_record_encryption_level_t level, const void *rx,
		   const void *tx, size_t len);
int keys_on_update(ngtcp2_conn *quic, uint8_t *rx_secret, uint8_t *tx_secret,
		   ngtcp2_crypto_aead_ctx *rx_aead_ctx, uint8_t *rx_iv,
		   ngtcp2_crypto_aead_ctx *tx_aead_ctx, uint8_t *tx_iv,
		   const uint8_t *current_rx_secret,
		   const uint8_t *current_tx_secret, size_t len, void *user);

#endif /* H3_SERVER_KEYS_H */
