// SPDX-License-Identifier: GPL-2.0-only
/* One connection of the load, from its first Initial to its result. */
#include <errno.h>
#include <ngtcp2/ngtcp2_crypto_gnutls.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../net/clock.h"
#include "client.h"
#include "journal.h"

enum {
	WINDOW_BYTES = 1 << 20,
	HTTP_STREAMS = 3,	/* unidirectional ones of a server: RFC 9114, 6.2 */
	KEEP_ALIVE_S = 10,
	BURST_DATAGRAMS = 16,
	WRITE_VECS = 8,
};

static ngtcp2_path path_of(struct client *client)
{
	const union addr *local = &client->socket->local;
	const union addr *remote = &client->load->options->target;

	return (ngtcp2_path){
		.local = { (ngtcp2_sockaddr *)&local->sa, addr_len(local) },
		.remote = { (ngtcp2_sockaddr *)&remote->sa, addr_len(remote) },
	};
}

static void make_cid(const struct client *client, ngtcp2_cid *cid)
{
	cid->datalen = CLIENT_CID_BYTES;
	memcpy(cid->data, &client->slot, 4);
	memcpy(cid->data + 4, &client->generation, 4);
	random_bytes(cid->data + 8, 4);
}

struct client *client_find(struct load *load, const struct socket *socket,
			   const uint8_t *data, size_t len)
{
	uint32_t slot, generation;
	ngtcp2_version_cid ids;
	struct client *client;

	/* a stateless reset has no DCID of ours: RFC 9000, 10.3 */
	if (socket->only)
		return socket->only;
	if (ngtcp2_pkt_decode_version_cid(&ids, data, len, CLIENT_CID_BYTES) ||
	    ids.dcidlen != CLIENT_CID_BYTES)
		return NULL;
	memcpy(&slot, ids.dcid, 4);
	memcpy(&generation, ids.dcid + 4, 4);
	if (slot >= load->options->parallel)
		return NULL;
	client = load->slots[slot];
	if (!client || client->socket != socket ||
	    client->generation != generation)
		return NULL;
	return client;
}

static void on_rand(uint8_t *dest, size_t len, const ngtcp2_rand_ctx *ctx)
{
	(void)ctx;
	random_bytes(dest, len);
}

static int on_new_cid(ngtcp2_conn *quic, ngtcp2_cid *cid, uint8_t *token,
		      size_t len, void *user)
{
	(void)quic;
	(void)len;
	make_cid(user, cid);
	random_bytes(token, NGTCP2_STATELESS_RESET_TOKENLEN);
	return 0;
}

static int on_completed(ngtcp2_conn *quic, void *user)
{
	struct client *client = user;

	(void)quic;
	client->completed = true;
	client_count(client, TALLY_COMPLETED, 1);
	client->load->result.live++;
	samples_add(&client->load->result.handshake,
		    client->load->now_ns - client->started_ns);
	if (client->load->options->requests)
		client->state = CLIENT_READY;
	return client_http_new(client) ? NGTCP2_ERR_CALLBACK_FAILURE : 0;
}

/* Without requests this is the time to end: the server knows it succeeded. */
static int on_confirmed(ngtcp2_conn *quic, void *user)
{
	struct client *client = user;

	(void)quic;
	if (client->state == CLIENT_HANDSHAKE)
		client->state = CLIENT_READY;
	return 0;
}

static int on_retry(ngtcp2_conn *quic, const ngtcp2_pkt_hd *hd, void *user)
{
	client_count(user, TALLY_RETRIES, 1);
	return ngtcp2_crypto_recv_retry_cb(quic, hd, user);
}

static int on_stream_data(ngtcp2_conn *quic, uint32_t flags, int64_t stream_id,
			  uint64_t offset, const uint8_t *data, size_t len,
			  void *user, void *stream_user)
{
	(void)quic;
	(void)offset;
	(void)stream_user;
	return client_http_read(user, stream_id, data, len,
				flags & NGTCP2_STREAM_DATA_FLAG_FIN) ?
	       NGTCP2_ERR_CALLBACK_FAILURE : 0;
}

static int on_acked(ngtcp2_conn *quic, int64_t stream_id, uint64_t offset,
		    uint64_t len, void *user, void *stream_user)
{
	struct client *client = user;

	(void)quic;
	(void)offset;
	(void)stream_user;
	return nghttp3_conn_add_ack_offset(client->http, stream_id, len) ?
	       NGTCP2_ERR_CALLBACK_FAILURE : 0;
}

static int on_stream_close(ngtcp2_conn *quic, uint32_t flags,
			   int64_t stream_id, uint64_t app_error, void *user,
			   void *stream_user)
{
	struct client *client = user;
	int ret;

	(void)quic;
	(void)stream_user;
	if (!(flags & NGTCP2_STREAM_CLOSE_FLAG_APP_ERROR_CODE_SET))
		app_error = NGHTTP3_H3_NO_ERROR;
	ret = nghttp3_conn_close_stream(client->http, stream_id, app_error);
	return ret && ret != NGHTTP3_ERR_STREAM_NOT_FOUND ?
	       NGTCP2_ERR_CALLBACK_FAILURE : 0;
}

static int on_max_stream_data(ngtcp2_conn *quic, int64_t stream_id,
			      uint64_t max_data, void *user, void *stream_user)
{
	struct client *client = user;

	(void)quic;
	(void)max_data;
	(void)stream_user;
	return client->http &&
	       nghttp3_conn_unblock_stream(client->http, stream_id) ?
	       NGTCP2_ERR_CALLBACK_FAILURE : 0;
}

static const ngtcp2_callbacks callbacks = {
	.client_initial = ngtcp2_crypto_client_initial_cb,
	.recv_crypto_data = ngtcp2_crypto_recv_crypto_data_cb,
	.encrypt = ngtcp2_crypto_encrypt_cb,
	.decrypt = ngtcp2_crypto_decrypt_cb,
	.hp_mask = ngtcp2_crypto_hp_mask_cb,
	.update_key = ngtcp2_crypto_update_key_cb,
	.delete_crypto_aead_ctx = ngtcp2_crypto_delete_crypto_aead_ctx_cb,
	.delete_crypto_cipher_ctx = ngtcp2_crypto_delete_crypto_cipher_ctx_cb,
	.get_path_challenge_data = ngtcp2_crypto_get_path_challenge_data_cb,
	.version_negotiation = ngtcp2_crypto_version_negotiation_cb,
	.recv_retry = on_retry,
	.rand = on_rand,
	.get_new_connection_id = on_new_cid,
	.handshake_completed = on_completed,
	.handshake_confirmed = on_confirmed,
	.recv_stream_data = on_stream_data,
	.acked_stream_data_offset = on_acked,
	.stream_close = on_stream_close,
	.extend_max_stream_data = on_max_stream_data,
};

static ngtcp2_conn *conn_of_ref(ngtcp2_crypto_conn_ref *ref)
{
	return ((struct client *)ref->user_data)->quic;
}

static int make_quic(struct client *client)
{
	const struct options *options = client->load->options;
	ngtcp2_path path = path_of(client);
	ngtcp2_transport_params params;
	ngtcp2_settings settings;
	ngtcp2_cid dcid, scid;

	ngtcp2_settings_default(&settings);
	settings.initial_ts = client->load->now_ns;
	settings.handshake_timeout = options->handshake_timeout_ns;
	settings.no_pmtud = 1;	/* each datagram that is sent arrives */

	ngtcp2_transport_params_default(&params);
	params.initial_max_data = WINDOW_BYTES;
	params.initial_max_stream_data_bidi_local = WINDOW_BYTES;
	params.initial_max_stream_data_uni = WINDOW_BYTES;
	params.initial_max_streams_uni = HTTP_STREAMS + options->streams;
	/* Who waits long to be let in is not idle before. */
	params.max_idle_timeout = options->handshake_timeout_ns;
	if (params.max_idle_timeout < 30 * NGTCP2_SECONDS)
		params.max_idle_timeout = 30 * NGTCP2_SECONDS;

	dcid.datalen = CLIENT_DCID_BYTES;
	random_bytes(dcid.data, dcid.datalen);
	make_cid(client, &scid);
	if (ngtcp2_conn_client_new(&client->quic, &dcid, &scid, &path,
				   options->version, &callbacks, &settings,
				   &params, NULL, client)) {
		client->quic = NULL;
		return -ENOMEM;
	}
	ngtcp2_conn_set_keep_alive_timeout(client->quic,
					   KEEP_ALIVE_S * NGTCP2_SECONDS);
	return 0;
}

static void client_free(struct client *client)
{
	timer_set(&client->load->timers, &client->timer, TIMER_NEVER);
	nghttp3_conn_del(client->http);
	ngtcp2_conn_del(client->quic);
	if (client->tls)
		gnutls_deinit(client->tls);
	if (client->socket) {
		client->socket->only = NULL;
		socket_put(client->socket);
	}
	free(client);
}

struct client *client_new(struct load *load, uint32_t slot, uint32_t source)
{
	struct client *client = calloc(1, sizeof(*client));

	if (!client)
		return NULL;
	client->load = load;
	client->slot = slot;
	client->generation = load->generation++;
	client->started_ns = clock_ns();
	client->wake_ns = TIMER_NEVER;
	client->ref = (ngtcp2_crypto_conn_ref){ conn_of_ref, client };
	client->socket = load_socket(load, source);
	if (!client->socket)
		goto err_client;
	if (!load->shared)
		client->socket->only = client;
	if (make_quic(client))
		goto err_client;
	client->tls = tls_session_new(&load->tls);
	if (!client->tls)
		goto err_client;
	gnutls_session_set_ptr(client->tls, &client->ref);
	ngtcp2_conn_set_tls_native_handle(client->quic, client->tls);
	/* its first Initial goes out when the timers run */
	if (timer_set(&load->timers, &client->timer, 0))
		goto err_client;
	client_count(client, TALLY_ATTEMPTED, 1);
	return client;

err_client:
	client_free(client);
	return NULL;
}

/* What the kernel took since the last call is the client's. */
static void flush(struct client *client)
{
	struct udp_tx *tx = client->load->tx;

	udp_tx_flush(tx);
	client_count(client, TALLY_SENT_DATAGRAMS, tx->datagrams);
	client_count(client, TALLY_SENT_BYTES, tx->bytes);
	client_count(client, TALLY_SEND_ERRORS, tx->failed);
	udp_tx_init(tx, client->socket->fd);
}

static void send_close(struct client *client)
{
	struct udp_tx *tx = client->load->tx;
	ngtcp2_pkt_info info;
	ngtcp2_ccerr error;
	ngtcp2_ssize n;

	udp_tx_init(tx, client->socket->fd);
	ngtcp2_ccerr_default(&error);
	ngtcp2_ccerr_set_application_error(&error, NGHTTP3_H3_NO_ERROR, NULL,
					   0);
	n = ngtcp2_conn_write_connection_close(client->quic, NULL, &info,
					       udp_tx_buffer(tx), UDP_TX_BYTES,
					       &error, client->load->now_ns);
	if (n > 0)
		udp_tx_commit(tx, n, NULL, &client->load->options->target);
	flush(client);
}

/* The connection is over for the reason @tally; TALLIES: as it should be. */
static void client_end(struct client *client, enum tally tally)
{
	struct load *load = client->load;

	if (tally != TALLIES)
		client_count(client, tally, 1);
	if (client->state == CLIENT_REQUEST)
		client_count(client, TALLY_REQUESTS_FAILED, 1);
	if (client->completed)
		load->result.live--;
	journal_end(client, tally);
	load_client_ended(load, client, tally != TALLIES);
	client_free(client);
}

static enum tally draining_tally(const struct client *client)
{
	const ngtcp2_ccerr *error = ngtcp2_conn_get_ccerr(client->quic);
	bool refused = error->type == NGTCP2_CCERR_TYPE_TRANSPORT &&
		       error->error_code == NGTCP2_CONNECTION_REFUSED;

	if (client->completed)
		return refused ? TALLY_REFUSED_LATE : TALLY_BROKEN;
	return refused ? TALLY_REFUSED : TALLY_FAILED;
}

static void client_fail(struct client *client, int err)
{
	switch (err) {
	case NGTCP2_ERR_DRAINING:
		client_end(client, draining_tally(client));
		return;
	case NGTCP2_ERR_HANDSHAKE_TIMEOUT:
		client_end(client, TALLY_TIMED_OUT);
		return;
	case NGTCP2_ERR_IDLE_CLOSE:
		client_end(client, client->completed ? TALLY_BROKEN :
						       TALLY_TIMED_OUT);
		return;
	default:
		send_close(client);
		client_end(client, client->completed ? TALLY_BROKEN :
						       TALLY_FAILED);
	}
}

/* What comes next in the plan; true: the connection ended. */
static bool client_advance(struct client *client)
{
	const struct options *options = client->load->options;
	uint64_t now_ns = client->load->now_ns;

	if (client->state == CLIENT_DELAY && now_ns >= client->wake_ns) {
		client->wake_ns = TIMER_NEVER;
		if (!client_request(client))
			return false;
		client_end(client, TALLY_BROKEN);
		return true;
	}
	if (client->state == CLIENT_READY) {
		if (client->requests_made < options->requests) {
			client->state = CLIENT_DELAY;
			client->wake_ns = now_ns;
			if (client->requests_made)
				client->wake_ns += options->delay_ns;
			return client_advance(client);
		}
		client->state = CLIENT_HOLD;
		client->wake_ns = now_ns + options->hold_ns;
	}
	if (client->state == CLIENT_HOLD && now_ns >= client->wake_ns) {
		if (!options->vanish)
			send_close(client);
		client_end(client, TALLIES);
		return true;
	}
	return false;
}

/* As write_datagram() of the server. 1, 0, or an error of ngtcp2. */
static int write_datagram(struct client *client)
{
	struct udp_tx *tx = client->load->tx;
	uint64_t now_ns = client->load->now_ns;
	uint8_t *buffer = udp_tx_buffer(tx);
	nghttp3_vec vecs[WRITE_VECS];
	nghttp3_ssize n_vecs;
	ngtcp2_ssize written, taken;
	ngtcp2_pkt_info info;
	int64_t stream_id;
	uint32_t flags;
	int fin;

	for (;;) {
		stream_id = -1;
		fin = 0;
		n_vecs = 0;
		if (client->http && ngtcp2_conn_get_max_data_left(client->quic))
			n_vecs = nghttp3_conn_writev_stream(client->http,
				&stream_id, &fin, vecs, WRITE_VECS);
		if (n_vecs < 0)
			return NGTCP2_ERR_INTERNAL;
		flags = NGTCP2_WRITE_STREAM_FLAG_MORE;
		if (fin)
			flags |= NGTCP2_WRITE_STREAM_FLAG_FIN;
		taken = -1;
		written = ngtcp2_conn_writev_stream(client->quic, NULL, &info,
			buffer, UDP_TX_BYTES, &taken, flags, stream_id,
			(const ngtcp2_vec *)vecs, n_vecs, now_ns);
		if (written == NGTCP2_ERR_STREAM_DATA_BLOCKED)
			nghttp3_conn_block_stream(client->http, stream_id);
		else if (written == NGTCP2_ERR_STREAM_SHUT_WR)
			nghttp3_conn_shutdown_stream_write(client->http,
							   stream_id);
		else if (written == NGTCP2_ERR_WRITE_MORE)
			nghttp3_conn_add_write_offset(client->http, stream_id,
						      taken);
		else
			break;
	}
	if (written < 0)
		return written;
	if (taken >= 0)
		nghttp3_conn_add_write_offset(client->http, stream_id, taken);
	if (!written)
		return 0;
	udp_tx_commit(tx, written, NULL, &client->load->options->target);
	return 1;
}

static void arm_timer(struct client *client, bool more)
{
	uint64_t due_ns = ngtcp2_conn_get_expiry(client->quic);

	if (client->wake_ns < due_ns)
		due_ns = client->wake_ns;
	if (more)
		due_ns = client->load->now_ns + 1;
	if (timer_set(&client->load->timers, &client->timer, due_ns))
		abort();
}

static void client_write(struct client *client)
{
	int i, ret = 0;

	udp_tx_init(client->load->tx, client->socket->fd);
	for (i = 0; i < BURST_DATAGRAMS; i++) {
		ret = write_datagram(client);
		if (ret <= 0)
			break;
	}
	ngtcp2_conn_update_pkt_tx_time(client->quic, client->load->now_ns);
	flush(client);
	if (ret < 0) {
		client_fail(client, ret);
		return;
	}
	arm_timer(client, ret > 0);
}

void client_expire(struct client *client)
{
	int ret;

	if (ngtcp2_conn_get_expiry(client->quic) <= client->load->now_ns) {
		ret = ngtcp2_conn_handle_expiry(client->quic,
						client->load->now_ns);
		if (ret) {
			client_fail(client, ret);
			return;
		}
	}
	if (!client_advance(client))
		client_write(client);
}

void client_read(struct client *client, struct udp_datagram *datagram)
{
	ngtcp2_path path = path_of(client);
	ngtcp2_pkt_info info = { 0 };
	int ret;

	ret = ngtcp2_conn_read_pkt(client->quic, &path, &info, datagram->data,
				   datagram->len, client->load->now_ns);
	if (ret) {
		client_fail(client, ret);
		return;
	}
	/* written once per turn, after all that has come was read */
	if (timer_set(&client->load->timers, &client->timer, 0))
		abort();
}

void client_stop(struct client *client)
{
	if (!client->load->options->vanish)
		send_close(client);
	client_end(client, client->completed ? TALLIES : TALLY_UNFINISHED);
}
