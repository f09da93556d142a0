// SPDX-License-Identifier: LGPL-2.1-or-later
#include "equic_ngtcp2_keys.h"

#include <string.h>

#include <ngtcp2/ngtcp2_crypto.h>
#include <ngtcp2/ngtcp2_crypto_gnutls.h>

/* One direction's, as ngtcp2 derives it. */
struct derived {
	uint8_t key[EQUIC_PACKET_KEY_LEN];
	uint8_t iv[EQUIC_PACKET_IV_LEN];
	uint8_t header[EQUIC_PACKET_KEY_LEN];
};

void equic_ngtcp2_keys_begin(struct equic *eq, struct equic_ngtcp2_keys *k,
			     unsigned int wanted)
{
	k->eq = eq;
	k->wanted = eq ? wanted : 0;
}

/* -1: not one of RFC 9001's that the kernel has. */
static int cipher_of(gnutls_session_t session)
{
	switch (gnutls_cipher_get(session)) {
	case GNUTLS_CIPHER_AES_128_GCM:
		return EQUIC_CIPHER_AES_128_GCM;
	case GNUTLS_CIPHER_AES_256_GCM:
		return EQUIC_CIPHER_AES_256_GCM;
	case GNUTLS_CIPHER_CHACHA20_POLY1305:
		return EQUIC_CIPHER_CHACHA20_POLY1305;
	default:
		return -1;
	}
}

static void fill(struct equic_packet_key *key, const struct derived *d)
{
	memcpy(key->key, d->key, sizeof(key->key));
	memcpy(key->iv, d->iv, sizeof(key->iv));
	memcpy(key->header, d->header, sizeof(key->header));
}

static void give(struct equic_ngtcp2_keys *k, enum equic_ngtcp2_key which,
		 const struct derived *d)
{
	struct equic_packet_key key = EQUIC_INIT(key);

	if (!(k->wanted & 1 << which) || k->id[which])
		return;
	key.use = which == EQUIC_NGTCP2_SEAL_TX ? EQUIC_KEY_USE_SEAL :
						  EQUIC_KEY_USE_OPEN;
	key.level = EQUIC_LEVEL_ONE_RTT;
	key.cipher = k->cipher;
	fill(&key, d);
	if (!equic_packet_key_add(k->eq, &key))
		k->id[which] = key.id;
	explicit_bzero(&key, sizeof(key));
}

/* A key that the kernel cannot follow is of no use to anybody. */
static void give_next(struct equic_ngtcp2_keys *k, enum equic_ngtcp2_key which,
		      const struct derived *d)
{
	struct equic_packet_key key = EQUIC_INIT(key);

	if (!k->id[which])
		return;
	key.id = k->id[which];
	key.cipher = k->cipher;
	key.epoch = k->epoch;
	fill(&key, d);
	if (equic_packet_key_update(k->eq, &key)) {
		equic_packet_key_del(k->eq, k->id[which]);
		k->id[which] = 0;
	}
	explicit_bzero(&key, sizeof(key));
}

static int take_rx(struct equic_ngtcp2_keys *k, ngtcp2_conn *conn,
		   ngtcp2_encryption_level level, const void *secret, size_t len)
{
	struct derived d = { };
	int ret;

	ret = ngtcp2_crypto_derive_and_install_rx_key(conn, d.key, d.iv,
						      d.header, level, secret,
						      len);
	if (!ret && level == NGTCP2_ENCRYPTION_LEVEL_1RTT)
		give(k, EQUIC_NGTCP2_OPEN_RX, &d);
	explicit_bzero(&d, sizeof(d));
	return ret;
}

static int take_tx(struct equic_ngtcp2_keys *k, ngtcp2_conn *conn,
		   ngtcp2_encryption_level level, const void *secret, size_t len)
{
	struct derived d = { };
	int ret;

	ret = ngtcp2_crypto_derive_and_install_tx_key(conn, d.key, d.iv,
						      d.header, level, secret,
						      len);
	if (!ret && level == NGTCP2_ENCRYPTION_LEVEL_1RTT) {
		give(k, EQUIC_NGTCP2_OPEN_TX, &d);
		give(k, EQUIC_NGTCP2_SEAL_TX, &d);
	}
	explicit_bzero(&d, sizeof(d));
	return ret;
}

int equic_ngtcp2_keys_secret(struct equic_ngtcp2_keys *k, ngtcp2_conn *conn,
			     gnutls_session_t session,
			     gnutls_record_encryption_level_t gnutls_level,
			     const void *rx, const void *tx, size_t len)
{
	ngtcp2_encryption_level level =
		ngtcp2_crypto_gnutls_from_gnutls_record_encryption_level(gnutls_level);
	int cipher;

	/* Before, with 0-RTT, there may be none yet. */
	if (level == NGTCP2_ENCRYPTION_LEVEL_1RTT) {
		cipher = cipher_of(session);
		if (cipher < 0)
			k->wanted = 0;
		else
			k->cipher = cipher;
	}
	if (rx && take_rx(k, conn, level, rx, len))
		return -1;
	if (tx && take_tx(k, conn, level, tx, len))
		return -1;
	return 0;
}

int equic_ngtcp2_keys_update(struct equic_ngtcp2_keys *k, ngtcp2_conn *conn,
			     uint8_t *rx_secret, uint8_t *tx_secret,
			     ngtcp2_crypto_aead_ctx *rx_aead_ctx, uint8_t *rx_iv,
			     ngtcp2_crypto_aead_ctx *tx_aead_ctx, uint8_t *tx_iv,
			     const uint8_t *current_rx_secret,
			     const uint8_t *current_tx_secret, size_t len)
{
	struct derived rx = { }, tx = { };

	if (ngtcp2_crypto_update_key(conn, rx_secret, tx_secret, rx_aead_ctx,
				     rx.key, rx_iv, tx_aead_ctx, tx.key, tx_iv,
				     current_rx_secret, current_tx_secret, len))
		return NGTCP2_ERR_CALLBACK_FAILURE;
	memcpy(rx.iv, rx_iv, sizeof(rx.iv));
	memcpy(tx.iv, tx_iv, sizeof(tx.iv));
	k->epoch++;
	give_next(k, EQUIC_NGTCP2_OPEN_RX, &rx);
	give_next(k, EQUIC_NGTCP2_OPEN_TX, &tx);
	give_next(k, EQUIC_NGTCP2_SEAL_TX, &tx);
	explicit_bzero(&rx, sizeof(rx));
	explicit_bzero(&tx, sizeof(tx));
	return 0;
}

void equic_ngtcp2_keys_end(struct equic_ngtcp2_keys *k)
{
	int i;

	for (i = 0; i < EQUIC_NGTCP2_KEYS; i++) {
		if (k->id[i])
			equic_packet_key_del(k->eq, k->id[i]);
		k->id[i] = 0;
	}
	k->wanted = 0;
}
