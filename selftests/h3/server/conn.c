// SPDX-License-Identifier: GPL-2.0-only
/* A connection from its first Initial to the end of its closing period. */
#include <ngtcp2/ngtcp2_crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../net/clock.h"
#include "callbacks.h"
#include "conn.h"
#include "http.h"
#include "quic.h"
#include "worker.h"

enum {
	WINDOW_BYTES = 256 << 10,
	PAYLOAD_BYTES = 1452,	/* Ethernet, IPv6 */
	BURST_DATAGRAMS = 32,	/* of one connection in one turn */
	WRITE_VECS = 16,
};

static ngtcp2_path path_of(struct listener *listener,
			   struct udp_datagram *datagram)
{
	return (ngtcp2_path){
		.local = { &datagram->local.sa, addr_len(&datagram->local) },
		.remote = { &datagram->remote.sa, addr_len(&datagram->remote) },
		.user_data = listener,
	};
}

static ngtcp2_conn *conn_of_ref(ngtcp2_crypto_conn_ref *ref)
{
	return ((struct conn *)ref->user_data)->quic;
}

static int make_quic(struct conn *conn, const struct conn_origin *origin,
		     const ngtcp2_path *path)
{
	ngtcp2_callbacks callbacks = conn_callbacks;
	struct worker *worker = conn->worker;
	ngtcp2_transport_params params;
	ngtcp2_settings settings;
	ngtcp2_cid scid;

	ngtcp2_settings_default(&settings);
	settings.initial_ts = worker->now_ns;
	settings.handshake_timeout = worker->options->handshake_timeout_ns;
	settings.max_tx_udp_payload_size = PAYLOAD_BYTES;
	settings.token = origin->hd.token;
	settings.tokenlen = origin->hd.tokenlen;
	if (origin->retried)
		settings.token_type = NGTCP2_TOKEN_TYPE_RETRY;

	ngtcp2_transport_params_default(&params);
	params.initial_max_data = 4 * WINDOW_BYTES;
	params.initial_max_stream_data_bidi_remote = WINDOW_BYTES;
	params.initial_max_stream_data_uni = WINDOW_BYTES;
	params.initial_max_streams_bidi = HTTP_MAX_STREAMS;
	params.initial_max_streams_uni = 3;
	params.max_idle_timeout = worker->options->idle_timeout_ns;
	params.original_dcid = origin->odcid;
	params.original_dcid_present = 1;
	if (origin->retried) {
		params.retry_scid = origin->hd.dcid;
		params.retry_scid_present = 1;
	}
	cid_make(worker, &scid);
	params.stateless_reset_token_present = 1;
	if (ngtcp2_crypto_generate_stateless_reset_token(
		    params.stateless_reset_token, worker->tls->secret,
		    SECRET_BYTES, &scid))
		return -1;
	if (worker->options->share) {
		conn->share = share_new(conn, &callbacks, &settings);
		if (!conn->share)
			return -1;
	}
	if (ngtcp2_conn_server_new(&conn->quic, &origin->hd.scid, &scid, path,
				   origin->hd.version, &callbacks, &settings,
				   &params, NULL, conn)) {
		conn->quic = NULL;
		return -1;
	}
	if (conn->share)
		equic_share_conn(conn->share->library, conn->quic);
	if (cids_add(&worker->cids, &scid, conn) ||
	    cids_add(&worker->cids, &conn->odcid, conn))
		return -1;
	return 0;
}

struct conn *conn_new(struct worker *worker, struct listener *listener,
		      const struct conn_origin *origin,
		      const struct udp_datagram *datagram)
{
	struct udp_datagram first = *datagram;
	ngtcp2_path path = path_of(listener, &first);
	struct conn *conn = calloc(1, sizeof(*conn));

	if (!conn) {
		if (origin->in_quota)
			quota_give_back(worker->quota, worker->index,
					origin->client);
		return NULL;
	}
	conn->worker = worker;
	conn->listener = listener;
	conn->odcid = origin->hd.dcid;
	conn->over_quota = origin->over_quota;
	conn->in_quota = origin->in_quota;
	memcpy(conn->client, origin->client, sizeof(conn->client));
	conn->source = counters_source(worker->counters,
				       worker->options->ledger,
				       &datagram->remote);
	ngtcp2_ccerr_default(&conn->error);
	conn->link = &worker->conns;
	conn->next = worker->conns;
	if (conn->next)
		conn->next->link = &conn->next;
	worker->conns = conn;
	count(worker, COUNT_ACCEPTED);
	count(worker, COUNT_LIVE);
	conn->source[SOURCE_ACCEPTED]++;

	conn->ref = (ngtcp2_crypto_conn_ref){ conn_of_ref, conn };
	if (make_quic(conn, origin, &path))
		goto err_conn;
	conn->tls = tls_session_new(worker->tls);
	if (!conn->tls)
		goto err_conn;
	gnutls_session_set_ptr(conn->tls, &conn->ref);
	ngtcp2_conn_set_tls_native_handle(conn->quic, conn->tls);
	keys_begin(conn);
	equic_ngtcp2_accepted(report_handle(worker, &listener->bound),
			      &conn->equic, conn->quic, &path);
	return conn;

err_conn:
	conn_free(conn);
	return NULL;
}

/* It counts no more: the server, equic and the user's quota agree on when. */
static void conn_ended(struct conn *conn, enum counter end)
{
	struct worker *worker = conn->worker;

	if (conn->share)
		share_close(conn->share);
	equic_ngtcp2_gone(&conn->equic);
	equic_ngtcp2_keys_end(&conn->keys);
	if (conn->in_quota)
		quota_give_back(worker->quota, worker->index, conn->client);
	conn->in_quota = false;
	count(worker, end);
	worker->counters->counts[COUNT_LIVE]--;
	conn->source[SOURCE_ENDED]++;
}

static void forget_cids(struct conn *conn)
{
	ngtcp2_cid *cids;
	size_t i, n;

	cids_remove(&conn->worker->cids, &conn->odcid, conn);
	if (!conn->quic)
		return;
	n = ngtcp2_conn_get_scid(conn->quic, NULL);
	cids = calloc(n, sizeof(*cids));
	if (!cids)
		abort();	/* the table would point to freed memory */
	ngtcp2_conn_get_scid(conn->quic, cids);
	for (i = 0; i < n; i++)
		cids_remove(&conn->worker->cids, &cids[i], conn);
	free(cids);
}

void conn_free(struct conn *conn)
{
	if (conn->state == CONN_ACTIVE)
		conn_ended(conn, COUNT_END_ERROR);
	timer_set(&conn->worker->timers, &conn->timer, TIMER_NEVER);
	forget_cids(conn);
	http_free(conn->http);
	ngtcp2_conn_del(conn->quic);
	share_free(conn->share);
	if (conn->tls)
		gnutls_deinit(conn->tls);
	*conn->link = conn->next;
	if (conn->next)
		conn->next->link = conn->link;
	free(conn->close_packet);
	free(conn);
}

/* RFC 9000, 10.2: three times the PTO */
static void start_last_period(struct conn *conn, enum conn_state state)
{
	conn->state = state;
	if (timer_set(&conn->worker->timers, &conn->timer,
		      conn->worker->now_ns +
		      3 * ngtcp2_conn_get_pto(conn->quic)))
		conn_free(conn);
}

/* RFC 9000, 20.1 and RFC 9114, 8.1: what else the client may have meant. */
static void count_client_error(struct conn *conn)
{
	const ngtcp2_ccerr *error = ngtcp2_conn_get_ccerr(conn->quic);

	if (error->error_code != NGTCP2_NO_ERROR &&
	    (error->type != NGTCP2_CCERR_TYPE_APPLICATION ||
	     error->error_code != NGHTTP3_H3_NO_ERROR))
		count(conn->worker, COUNT_CLIENT_ERRORS);
}

static void conn_drain(struct conn *conn, enum counter end)
{
	count_client_error(conn);
	conn_ended(conn, end);
	start_last_period(conn, CONN_DRAINING);
}

static struct listener *listener_of(struct conn *conn, const ngtcp2_path *path)
{
	return path->user_data ? path->user_data : conn->listener;
}

static void send_on(struct listener *listener, const ngtcp2_path *path,
		    const uint8_t *data, size_t len)
{
	uint8_t *buffer = listener_buffer(listener);

	if (buffer != data)
		memcpy(buffer, data, len);
	udp_tx_commit(listener->tx, len,
		      (const union addr *)path->local.addr,
		      (const union addr *)path->remote.addr);
}

void conn_close(struct conn *conn, enum counter end)
{
	uint8_t packet[UDP_TX_BYTES];
	ngtcp2_path_storage storage;
	ngtcp2_pkt_info info;
	ngtcp2_ssize n;

	ngtcp2_path_storage_zero(&storage);
	n = quic_write_close(conn, &storage.path, &info, packet, PAYLOAD_BYTES);
	conn_ended(conn, end);
	if (n <= 0) {
		conn->state = CONN_CLOSING;
		conn_free(conn);
		return;
	}
	send_on(listener_of(conn, &storage.path), &storage.path, packet, n);
	conn->close_packet = malloc(n);
	if (conn->close_packet) {
		memcpy(conn->close_packet, packet, n);
		conn->close_len = n;
	}
	start_last_period(conn, CONN_CLOSING);
}

void conn_close_app(struct conn *conn, uint64_t app_error, enum counter end)
{
	ngtcp2_ccerr_set_application_error(&conn->error, app_error, NULL, 0);
	conn_close(conn, end);
}

static void complain(const struct conn *conn, const char *what, int err)
{
	const ngtcp2_path *path = ngtcp2_conn_get_path(conn->quic);
	char text[ADDR_STRLEN];

	if (conn->worker->options->quiet)
		return;
	addr_format((const union addr *)path->remote.addr, text);
	fprintf(stderr, "h3server: %s: %s: %s\n", text, what,
		ngtcp2_strerror(err));
}

/* ngtcp2 gave up on the connection. It is freed, closed or draining. */
static void conn_fail(struct conn *conn, const char *what, int err)
{
	switch (err) {
	case NGTCP2_ERR_DRAINING:
		conn_drain(conn, COUNT_END_CLIENT);
		return;
	case NGTCP2_ERR_IDLE_CLOSE:
		/* RFC 9000, 10.1: silently */
		conn_ended(conn, COUNT_END_IDLE);
		conn->state = CONN_DRAINING;
		conn_free(conn);
		return;
	case NGTCP2_ERR_HANDSHAKE_TIMEOUT:
		conn_ended(conn, COUNT_END_HANDSHAKE_TIMEOUT);
		conn->state = CONN_DRAINING;
		conn_free(conn);
		return;
	case NGTCP2_ERR_DROP_CONN:
	case NGTCP2_ERR_RETRY:
		/* only before anything was proved: leave no trace */
		conn_free(conn);
		return;
	case NGTCP2_ERR_CRYPTO:
		ngtcp2_ccerr_set_tls_alert(&conn->error,
			ngtcp2_conn_get_tls_alert(conn->quic), NULL, 0);
		break;
	default:
		/* an error code that a callback left is the better one */
		if (!conn->error.error_code)
			ngtcp2_ccerr_set_liberr(&conn->error, err, NULL, 0);
	}
	complain(conn, what, err);
	conn_close(conn, COUNT_END_ERROR);
}

static void arm_timer(struct conn *conn)
{
	if (timer_set(&conn->worker->timers, &conn->timer,
		      quic_expiry(conn)))
		conn_free(conn);
}

void conn_wake(struct conn *conn)
{
	if (timer_set(&conn->worker->timers, &conn->timer, 0))
		conn_free(conn);
}

static void read_while_closing(struct conn *conn)
{
	const ngtcp2_path *path = ngtcp2_conn_get_path(conn->quic);
	uint64_t n = ++conn->datagrams_while_closing;

	/* RFC 9000, 10.2.1: limit the rate; here to each power of two */
	if (conn->state == CONN_CLOSING && conn->close_len && !(n & (n - 1)))
		send_on(listener_of(conn, path), path, conn->close_packet,
			conn->close_len);
}

static void look_at_path(struct conn *conn)
{
	const ngtcp2_path *path;

	if (!conn->path_validated)
		return;
	conn->path_validated = false;
	path = ngtcp2_conn_get_path(conn->quic);
	conn->listener = listener_of(conn, path);
	count(conn->worker, COUNT_MOVED);
	equic_ngtcp2_moved(&conn->equic, path);
}

void conn_read(struct conn *conn, struct listener *listener,
	       struct udp_datagram *datagram)
{
	ngtcp2_path path = path_of(listener, datagram);
	ngtcp2_pkt_info info = { 0 };
	int ret;

	if (conn->state != CONN_ACTIVE) {
		read_while_closing(conn);
		return;
	}
	ret = quic_read_pkt(conn, &path, &info, datagram->data, datagram->len);
	if (ret) {
		conn_fail(conn, "reading", ret);
		return;
	}
	look_at_path(conn);
	if (conn->over_quota && ngtcp2_conn_get_handshake_completed(conn->quic)) {
		count(conn->worker, COUNT_REFUSED_LATE);
		conn->source[SOURCE_REFUSED]++;
		ngtcp2_ccerr_set_transport_error(&conn->error,
						 NGTCP2_CONNECTION_REFUSED,
						 NULL, 0);
		conn_close(conn, COUNT_END_REFUSED);
		return;
	}
	/* written once per turn, after all that has come was read */
	conn_wake(conn);
}

/* What nghttp3 has for a stream, offered to ngtcp2. */
struct offer {
	int64_t stream_id;
	nghttp3_vec vecs[WRITE_VECS];
	nghttp3_ssize n;
	int fin;
};

static int make_offer(struct conn *conn, struct offer *offer)
{
	offer->stream_id = -1;
	offer->n = 0;
	offer->fin = 0;
	if (!conn->http || !quic_max_data_left(conn))
		return 0;
	offer->n = nghttp3_conn_writev_stream(conn->http->conn,
					      &offer->stream_id, &offer->fin,
					      offer->vecs, WRITE_VECS);
	return offer->n < 0 ? offer->n : 0;
}

/* The packet was not completed; 0: go on, else an error of ngtcp2. */
static int offer_refused(struct conn *conn, const struct offer *offer,
			 ngtcp2_ssize written, ngtcp2_ssize taken)
{
	switch (written) {
	case NGTCP2_ERR_STREAM_DATA_BLOCKED:
		nghttp3_conn_block_stream(conn->http->conn, offer->stream_id);
		return 0;
	case NGTCP2_ERR_STREAM_SHUT_WR:
		nghttp3_conn_shutdown_stream_write(conn->http->conn,
						   offer->stream_id);
		return 0;
	case NGTCP2_ERR_WRITE_MORE:
		nghttp3_conn_add_write_offset(conn->http->conn,
					      offer->stream_id, taken);
		return 0;
	default:
		return written;
	}
}

/* One datagram: 1, nothing to send: 0, or an error of ngtcp2. */
static int write_datagram(struct conn *conn)
{
	uint8_t *buffer = listener_buffer(conn->listener);
	ngtcp2_path_storage storage;
	ngtcp2_ssize written, taken;
	ngtcp2_pkt_info info;
	struct offer offer;
	uint32_t flags;
	int ret;

	ngtcp2_path_storage_zero(&storage);
	for (;;) {
		ret = make_offer(conn, &offer);
		if (ret) {
			ngtcp2_ccerr_set_application_error(&conn->error,
				nghttp3_err_infer_quic_app_error_code(ret),
				NULL, 0);
			return NGTCP2_ERR_INTERNAL;
		}
		flags = NGTCP2_WRITE_STREAM_FLAG_MORE;
		if (offer.fin)
			flags |= NGTCP2_WRITE_STREAM_FLAG_FIN;
		taken = -1;
		written = quic_writev_stream(conn, &storage.path, &info,
			buffer, PAYLOAD_BYTES, &taken, flags, offer.stream_id,
			(const ngtcp2_vec *)offer.vecs, offer.n);
		if (written >= 0)
			break;
		ret = offer_refused(conn, &offer, written, taken);
		if (ret)
			return ret;
	}
	if (taken >= 0)
		nghttp3_conn_add_write_offset(conn->http->conn,
					      offer.stream_id, taken);
	if (!written)
		return 0;
	conn->datagrams_of_keys++;
	send_on(listener_of(conn, &storage.path), &storage.path, buffer,
		written);
	return 1;
}

/* Not while another one is going on: then with a later datagram. */
static void update_keys(struct conn *conn)
{
	uint64_t every = conn->worker->options->key_update_datagrams;

	/* Who shares updates them by itself, as all senders need it. */
	if (every && !conn->share && conn->datagrams_of_keys >= every &&
	    !ngtcp2_conn_initiate_key_update(conn->quic, conn->worker->now_ns))
		conn->datagrams_of_keys = 0;
}

void conn_write(struct conn *conn)
{
	int sent, ret = 1;

	update_keys(conn);
	for (sent = 0; sent < BURST_DATAGRAMS; sent++) {
		ret = write_datagram(conn);
		if (ret <= 0)
			break;
	}
	if (ret < 0) {
		conn_fail(conn, "writing", ret);
		return;
	}
	ngtcp2_conn_update_pkt_tx_time(conn->quic, conn->worker->now_ns);
	/* One that nobody shares is counted at its end. */
	if (conn->share && !conn->worker->options->share_alone)
		share_count(conn->share);
	if (ret > 0) {
		/* more to send: after the others had their turn */
		if (timer_set(&conn->worker->timers, &conn->timer,
			      conn->worker->now_ns + 1))
			conn_free(conn);
		return;
	}
	arm_timer(conn);
}

void conn_expire(struct conn *conn)
{
	int ret;

	if (conn->state != CONN_ACTIVE) {
		conn_free(conn);
		return;
	}
	if (quic_expiry(conn) <= conn->worker->now_ns) {
		ret = quic_handle_expiry(conn);
		if (ret) {
			conn_fail(conn, "timer", ret);
			return;
		}
	}
	conn_write(conn);
}
