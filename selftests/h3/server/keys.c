// SPDX-License-Identifier: GPL-2.0-only
#include <ngtcp2/ngtcp2_crypto.h>
#include <string.h>

#include "conn.h"
#include "keys.h"
#include "share.h"
#include "worker.h"

void keys_open(struct worker *worker)
{
	const char *path = worker->options->keys;
	struct keys *keys = &worker->keys;
	int ret;

	if (!path)
		return;
	keys->told = fopen(path, "a");
	if (!keys->told) {
		perror(path);
		return;
	}
	ret = equic_open(&keys->handle, NULL);
	if (ret)
		fprintf(stderr, "h3server: no keys for the kernel: %s\n",
			strerror(-ret));
}

void keys_close(struct worker *worker)
{
	struct keys *keys = &worker->keys;

	equic_close(keys->handle);
	keys->handle = NULL;
	if (keys->told)
		fclose(keys->told);
	keys->told = NULL;
}

void keys_begin(struct conn *conn)
{
	gnutls_handshake_set_secret_function(conn->tls, keys_on_secret);
	equic_ngtcp2_keys_begin(conn->worker->keys.handle, &conn->keys,
				1 << EQUIC_NGTCP2_OPEN_RX |
				1 << EQUIC_NGTCP2_OPEN_TX);
}

/* The lengths of the connection IDs are not in short headers. */
void keys_tell(struct conn *conn)
{
	FILE *told = conn->worker->keys.told;

	if (!told || !conn->worker->keys.handle)
		return;
	fprintf(told, "rx %u tx %u rx-cid-len %d tx-cid-len %zu\n",
		conn->keys.id[EQUIC_NGTCP2_OPEN_RX],
		conn->keys.id[EQUIC_NGTCP2_OPEN_TX], CID_BYTES,
		ngtcp2_conn_get_dcid(conn->quic)->datalen);
	fflush(told);
}

int keys_on_secret(gnutls_session_t session,
		   gnutls_record_encryption_level_t level, const void *rx,
		   const void *tx, size_t len)
{
	ngtcp2_crypto_conn_ref *ref = gnutls_session_get_ptr(session);
	struct conn *conn = ref->user_data;

	if (conn->share)
		return equic_share_secret(conn->share->library, session, level,
					  rx, tx, len);
	return equic_ngtcp2_keys_secret(&conn->keys, conn->quic, session, level,
					rx, tx, len);
}

int keys_on_update(ngtcp2_conn *quic, uint8_t *rx_secret, uint8_t *tx_secret,
		   ngtcp2_crypto_aead_ctx *rx_aead_ctx, uint8_t *rx_iv,
		   ngtcp2_crypto_aead_ctx *tx_aead_ctx, uint8_t *tx_iv,
		   const uint8_t *current_rx_secret,
		   const uint8_t *current_tx_secret, size_t len, void *user)
{
	struct conn *conn = user;

	return equic_ngtcp2_keys_update(&conn->keys, quic, rx_secret, tx_secret,
					rx_aead_ctx, rx_iv, tx_aead_ctx, tx_iv,
					current_rx_secret, current_tx_secret,
					len);
}
