// SPDX-License-Identifier: GPL-2.0-only
/* See world.h. */
#include <arpa/inet.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <ngtcp2/ngtcp2_crypto.h>
#include <ngtcp2/ngtcp2_crypto_gnutls.h>
#include <stdlib.h>
#include <string.h>
#include "certificate.h"
#include "ktap.h"
#include "world.h"

enum { SERVER, CLIENT, ENDS };
enum { CID_LEN = 8 };

struct end {
	ngtcp2_conn		*conn;
	gnutls_session_t	tls;
	ngtcp2_crypto_conn_ref	ref;
	int			error;
};

struct world {
	struct world_options		options;
	const struct world_app		*app;
	void				*ctx;
	struct chance			chance;
	uint64_t			now, ended, events;
	bool				confirmed;
	struct transit			transit;
	struct end			end[ENDS];
	int				sender;
	struct receiver			receiver;
	struct equic_share		*share;
	gnutls_certificate_credentials_t credentials[ENDS];
	/* A NAT stands before the client: what it is for itself, and for others. */
	struct sockaddr_in		server, client, outside;
	struct batch			batch;
	uint64_t			spent, calls;
	int64_t				back;		/* the receiver's stream */
	uint64_t			sent_back, got_back;
};

/* Whose callback it is. */
static struct world *running;

uint64_t world_ended(const struct world *w)
{
	return w->ended;
}

uint64_t world_now(const struct world *w)
{
	return w->now;
}

ngtcp2_conn *world_sender(struct world *w)
{
	return w->end[w->sender].conn;
}

ngtcp2_conn *world_peer(struct world *w)
{
	return w->end[!w->sender].conn;
}

struct equic_share *world_share(struct world *w)
{
	return w->share;
}

struct receiver *world_receiver(struct world *w)
{
	return &w->receiver;
}

struct transit *world_transit(struct world *w)
{
	return &w->transit;
}

size_t world_largest(const struct world *w)
{
	return w->transit.largest[w->sender];
}

/* A server's is when it is complete; a client is told. */
bool world_confirmed(struct world *w)
{
	return w->confirmed ||
	       (w->sender == SERVER &&
		ngtcp2_conn_get_handshake_completed(w->end[SERVER].conn));
}

static int on_confirmed(ngtcp2_conn *conn, void *user_data)
{
	(void)conn;
	(void)user_data;
	running->confirmed = true;
	return 0;
}

uint64_t world_events(const struct world *w)
{
	return w->events;
}

uint64_t world_spent(const struct world *w)
{
	return w->spent;
}

uint64_t world_calls(const struct world *w)
{
	return w->calls;
}

uint64_t world_got_back(const struct world *w)
{
	return w->got_back;
}

/* Around what the sender's QUIC does. */
static uint64_t begin_to_spend(const struct world *w, int which)
{
	return which == w->sender && w->options.clock ? w->options.clock() : 0;
}

static void have_spent(struct world *w, int which, uint64_t since)
{
	if (which != w->sender || !w->options.clock)
		return;
	w->spent += w->options.clock() - since;
	w->calls++;
}

static int on_back(ngtcp2_conn *conn, uint32_t flags, int64_t id,
		   uint64_t offset, const uint8_t *data, size_t len,
		   void *user_data, void *stream_user_data)
{
	(void)flags;
	(void)offset;
	(void)data;
	(void)user_data;
	(void)stream_user_data;
	running->got_back += len;
	ngtcp2_conn_extend_max_stream_offset(conn, id, len);
	ngtcp2_conn_extend_max_offset(conn, len);
	return 0;
}

static void rand_cb(uint8_t *dest, size_t len, const ngtcp2_rand_ctx *ctx)
{
	struct world *w = running;

	(void)ctx;
	while (len--)
		*dest++ = chance_next(&w->chance);
}

static int new_cid(ngtcp2_conn *conn, ngtcp2_cid *cid, uint8_t *token,
		   size_t len, void *user_data)
{
	(void)conn;
	(void)user_data;
	rand_cb(cid->data, len, NULL);
	cid->datalen = len;
	rand_cb(token, NGTCP2_STATELESS_RESET_TOKENLEN, NULL);
	return 0;
}

static int challenge(ngtcp2_conn *conn, uint8_t *data, void *user_data)
{
	(void)conn;
	(void)user_data;
	rand_cb(data, NGTCP2_PATH_CHALLENGE_DATALEN, NULL);
	return 0;
}

static ngtcp2_conn *get_conn(ngtcp2_crypto_conn_ref *ref)
{
	struct end *e = ref->user_data;

	return e->conn;
}

static int on_secret(gnutls_session_t session,
		     gnutls_record_encryption_level_t level, const void *rx,
		     const void *tx, size_t len)
{
	return equic_share_secret(running->share, session, level, rx, tx, len);
}

static void begin_tls(struct world *w, int which)
{
	struct end *e = &w->end[which];
	gnutls_datum_t alpn = { .data = (void *)"equic", .size = 5 };

	gnutls_init(&e->tls, (which == SERVER ? GNUTLS_SERVER : GNUTLS_CLIENT) |
			     GNUTLS_NO_AUTO_SEND_TICKET);
	gnutls_priority_set_direct(e->tls, w->options.priority ?:
				   "NORMAL:-VERS-ALL:+VERS-TLS1.3:%DISABLE_TLS13_COMPAT_MODE",
				   NULL);
	if (which == SERVER)
		ngtcp2_crypto_gnutls_configure_server_session(e->tls);
	else
		ngtcp2_crypto_gnutls_configure_client_session(e->tls);
	if (which == w->sender && w->share)
		gnutls_handshake_set_secret_function(e->tls, on_secret);
	gnutls_credentials_set(e->tls, GNUTLS_CRD_CERTIFICATE,
			       w->credentials[which]);
	gnutls_alpn_set_protocols(e->tls, &alpn, 1, GNUTLS_ALPN_MANDATORY);
	e->ref.get_conn = get_conn;
	e->ref.user_data = e;
	gnutls_session_set_ptr(e->tls, &e->ref);
	ngtcp2_conn_set_tls_native_handle(e->conn, e->tls);
}

static ngtcp2_callbacks callbacks_of(struct world *w, int which)
{
	ngtcp2_callbacks cb = {
		.client_initial = ngtcp2_crypto_client_initial_cb,
		.recv_client_initial = ngtcp2_crypto_recv_client_initial_cb,
		.recv_crypto_data = ngtcp2_crypto_recv_crypto_data_cb,
		.encrypt = ngtcp2_crypto_encrypt_cb,
		.decrypt = ngtcp2_crypto_decrypt_cb,
		.hp_mask = ngtcp2_crypto_hp_mask_cb,
		.recv_retry = ngtcp2_crypto_recv_retry_cb,
		.rand = rand_cb,
		.get_new_connection_id = new_cid,
		.update_key = ngtcp2_crypto_update_key_cb,
		.delete_crypto_aead_ctx = ngtcp2_crypto_delete_crypto_aead_ctx_cb,
		.delete_crypto_cipher_ctx = ngtcp2_crypto_delete_crypto_cipher_ctx_cb,
		.get_path_challenge_data = challenge,
		.version_negotiation = ngtcp2_crypto_version_negotiation_cb,
	};

	if (which != w->sender) {
		receiver_callbacks(&cb);
		return cb;
	}
	cb.recv_stream_data = on_back;
	cb.handshake_confirmed = on_confirmed;
	if (w->options.callbacks)
		w->options.callbacks(&cb);
	return cb;
}

static ngtcp2_settings settings_of(struct world *w, int which)
{
	ngtcp2_settings s;

	ngtcp2_settings_default(&s);
	s.initial_ts = w->now;
	s.cc_algo = NGTCP2_CC_ALGO_CUBIC;
	s.no_pmtud = !!w->options.payload_max;
	if (w->options.payload_max && which == w->sender) {
		s.max_tx_udp_payload_size = w->options.payload_max;
		s.no_tx_udp_payload_size_shaping = 1;
	}
	return s;
}

static ngtcp2_transport_params parameters_of(struct world *w, int which)
{
	ngtcp2_transport_params t;

	ngtcp2_transport_params_default(&t);
	t.max_idle_timeout = 60 * NGTCP2_SECONDS;
	t.max_datagram_frame_size = 1200;
	t.active_connection_id_limit = 7;
	if (which != w->sender) {
		t.initial_max_data = w->options.initial_max_data;
		t.initial_max_stream_data_uni = w->options.max_stream_data;
		t.initial_max_streams_uni = w->options.max_streams;
		if (w->options.max_udp_payload_size)
			t.max_udp_payload_size =
				w->options.max_udp_payload_size;
	} else if (w->options.back) {
		t.initial_max_data = w->options.initial_max_data;
		t.initial_max_stream_data_uni = w->options.max_stream_data;
		t.initial_max_streams_uni = 1;
	}
	return t;
}

static ngtcp2_path path_of(struct world *w, int which, struct sockaddr_in *client)
{
	ngtcp2_addr server = { (void *)&w->server, sizeof(w->server) };
	ngtcp2_addr peer = { (void *)client, sizeof(*client) };

	return which == SERVER ? (ngtcp2_path){ server, peer, NULL } :
				 (ngtcp2_path){ peer, server, NULL };
}

/* Before the connection is made. */
static void begin_share(struct world *w, int which, ngtcp2_callbacks *cb,
			ngtcp2_settings *settings)
{
	if (which != w->sender || !w->options.shared)
		return;
	w->share = equic_share_new(cb, settings, &w->options.share);
	if (!w->share)
		ktap_bail("share");
	if (w->options.rewire)
		w->options.rewire(cb);
}

/* Behind. */
static void begin_end(struct world *w, int which)
{
	if (which == w->sender && w->share)
		equic_share_conn(w->share, w->end[which].conn);
	begin_tls(w, which);
}

static void begin_client(struct world *w)
{
	ngtcp2_callbacks cb = callbacks_of(w, CLIENT);
	ngtcp2_settings settings = settings_of(w, CLIENT);
	ngtcp2_transport_params params = parameters_of(w, CLIENT);
	ngtcp2_path path = path_of(w, CLIENT, &w->client);
	ngtcp2_cid dcid = { .datalen = 16 }, scid = { .datalen = CID_LEN };

	rand_cb(dcid.data, dcid.datalen, NULL);
	rand_cb(scid.data, scid.datalen, NULL);
	begin_share(w, CLIENT, &cb, &settings);
	if (ngtcp2_conn_client_new(&w->end[CLIENT].conn, &dcid, &scid, &path,
				   NGTCP2_PROTO_VER_V1, &cb, &settings, &params,
				   NULL, &w->receiver))
		ktap_bail("client");
	begin_end(w, CLIENT);
}

static void begin_server(struct world *w, const struct datagram *d)
{
	ngtcp2_callbacks cb = callbacks_of(w, SERVER);
	ngtcp2_settings settings = settings_of(w, SERVER);
	ngtcp2_transport_params params = parameters_of(w, SERVER);
	ngtcp2_path path = path_of(w, SERVER, &w->client);
	ngtcp2_cid scid = { .datalen = CID_LEN };
	ngtcp2_pkt_hd hd;

	if (ngtcp2_accept(&hd, d->bytes, d->len))
		ktap_bail("no Initial");
	rand_cb(scid.data, scid.datalen, NULL);
	params.original_dcid = hd.dcid;
	params.original_dcid_present = 1;
	params.stateless_reset_token_present = 1;
	begin_share(w, SERVER, &cb, &settings);
	if (ngtcp2_conn_server_new(&w->end[SERVER].conn, &hd.scid, &scid, &path,
				   hd.version, &cb, &settings, &params, NULL,
				   &w->receiver))
		ktap_bail("server");
	begin_end(w, SERVER);
}

static void run(struct world *w)
{
	running = w;
	receiver_run(&w->receiver);
}

struct world *world_new(const struct world_options *options,
		      const struct world_app *app, void *ctx)
{
	struct world *w = calloc(1, sizeof(*w));

	if (!w)
		ktap_bail("memory");
	run(w);
	w->options = *options;
	w->app = app;
	w->ctx = ctx;
	w->now = options->begin ?: NGTCP2_SECONDS;
	w->back = -1;
	chance_seed(&w->chance, options->seed);
	w->transit.path = options->path;
	w->transit.chance = &w->chance;
	w->sender = options->client ? CLIENT : SERVER;
	w->receiver.looks = options->shared;
	w->credentials[SERVER] = certificate_make();
	gnutls_certificate_allocate_credentials(&w->credentials[CLIENT]);
	w->server = (struct sockaddr_in){
		.sin_family = AF_INET, .sin_port = htons(443),
		.sin_addr.s_addr = htonl(0xc0000201),
	};
	w->client = w->server;
	w->client.sin_addr.s_addr = htonl(0xc6336401);
	w->client.sin_port = htons(40000);
	w->outside = w->client;
	begin_client(w);
	return w;
}

void world_free(struct world *w)
{
	int i;

	for (i = 0; i < ENDS; i++) {
		ngtcp2_conn_del(w->end[i].conn);
		if (w->end[i].tls)
			gnutls_deinit(w->end[i].tls);
		gnutls_certificate_free_credentials(w->credentials[i]);
	}
	equic_share_free(w->share);
	transit_free(&w->transit);
	receiver_free(&w->receiver);
	free(w);
}

static void send_from(struct world *w, int from, const uint8_t *bytes, size_t len)
{
	transit_send(&w->transit, from, w->outside.sin_port, w->now, bytes, len);
}

int world_send(struct world *w, const uint8_t *packet, size_t len)
{
	send_from(w, w->sender, packet, len);
	return 0;
}

static int write_sender(struct world *w)
{
	uint8_t buf[TRANSIT_DATAGRAM_MAX];
	uint64_t since;
	ngtcp2_ssize n;

	for (;;) {
		since = begin_to_spend(w, w->sender);
		n = w->app->write(w, w->ctx, buf, sizeof(buf), w->now);
		have_spent(w, w->sender, since);
		if (n <= 0)
			break;
		if (w->options.batched)
			transit_hold(&w->batch, buf, n);
		else
			send_from(w, w->sender, buf, n);
	}
	transit_release(&w->transit, &w->batch, w->sender, w->outside.sin_port,
			w->now);
	if (n < 0)
		return n;
	ngtcp2_conn_update_pkt_tx_time(world_sender(w), w->now);
	return 0;
}

/* The receiver's, and of its stream as much as there may be. */
static ngtcp2_ssize write_back(struct world *w, ngtcp2_path *path,
			       ngtcp2_pkt_info *pi, uint8_t *dest, size_t destlen)
{
	static const uint8_t zero[TRANSIT_DATAGRAM_MAX];
	uint64_t left = w->options.back - w->sent_back;
	ngtcp2_conn *conn = world_peer(w);
	ngtcp2_vec vec = {
		(uint8_t *)zero, left < sizeof(zero) ? left : sizeof(zero),
	};
	ngtcp2_ssize n, used = -1;

	if (left && w->back < 0 &&
	    ngtcp2_conn_open_uni_stream(conn, &w->back, NULL))
		w->back = -1;
	if (!left || w->back < 0)
		return ngtcp2_conn_write_pkt(conn, path, pi, dest, destlen,
					     w->now);
	n = ngtcp2_conn_writev_stream(conn, path, pi, dest, destlen, &used,
				      NGTCP2_WRITE_STREAM_FLAG_NONE, w->back,
				      &vec, 1, w->now);
	if (n == NGTCP2_ERR_STREAM_DATA_BLOCKED)
		return ngtcp2_conn_write_pkt(conn, path, pi, dest, destlen,
					     w->now);
	if (used > 0)
		w->sent_back += used;
	return n;
}

static int write_receiver(struct world *w)
{
	ngtcp2_conn *conn = world_peer(w);
	uint8_t buf[TRANSIT_DATAGRAM_MAX];
	ngtcp2_path_storage ps;
	ngtcp2_pkt_info pi;
	ngtcp2_ssize n;

	for (;;) {
		ngtcp2_path_storage_zero(&ps);
		n = write_back(w, &ps.path, &pi, buf, sizeof(buf));
		if (n <= 0)
			break;
		send_from(w, !w->sender, buf, n);
	}
	if (n < 0)
		return n;
	ngtcp2_conn_update_pkt_tx_time(conn, w->now);
	return 0;
}

/* Of an end that failed. */
static int say(struct world *w, int which, const char *what)
{
	int error = w->end[which].error;

	if (error)
		ktap_diag("%s %s: %s", which == SERVER ? "server" : "client",
			  what, ngtcp2_strerror(error));
	return error;
}

static int write_end(struct world *w, int which)
{
	struct end *e = &w->end[which];

	if (!e->conn || e->error)
		return e->error;
	e->error = which == w->sender ? write_sender(w) : write_receiver(w);
	return say(w, which, "writes");
}

static int read_end(struct world *w, const struct datagram *d)
{
	struct sockaddr_in client = w->client;
	struct end *e = &w->end[d->to];
	ngtcp2_pkt_info pi = { };
	ngtcp2_path path;
	uint64_t since;

	client.sin_port = d->port;
	path = path_of(w, d->to, d->to == SERVER ? &client : &w->client);
	if (d->to == SERVER && !e->conn)
		begin_server(w, d);
	since = begin_to_spend(w, d->to);
	if (d->to == w->sender && w->share)
		e->error = equic_share_read_pkt(w->share, &path, &pi, d->bytes,
						d->len, w->now);
	else
		e->error = ngtcp2_conn_read_pkt(e->conn, &path, &pi, d->bytes,
						d->len, w->now);
	have_spent(w, d->to, since);
	return say(w, d->to, "reads");
}

static uint64_t expiry_of(struct world *w, int which)
{
	struct end *e = &w->end[which];
	uint64_t of_quic, of_app = UINT64_MAX, since;

	if (!e->conn || e->error)
		return UINT64_MAX;
	if (which == w->sender)
		of_app = w->app->expiry(w->ctx);
	since = begin_to_spend(w, which);
	of_quic = which == w->sender && w->share ?
		equic_share_get_expiry(w->share) :
		ngtcp2_conn_get_expiry(e->conn);
	have_spent(w, which, since);
	return of_app < of_quic ? of_app : of_quic;
}

static int expire(struct world *w, int which)
{
	struct end *e = &w->end[which];
	uint64_t since = begin_to_spend(w, which);

	if (which == w->sender && w->share)
		e->error = equic_share_handle_expiry(w->share, w->now);
	else if (ngtcp2_conn_get_expiry(e->conn) <= w->now)
		e->error = ngtcp2_conn_handle_expiry(e->conn, w->now);
	have_spent(w, which, since);
	return say(w, which, "expires") ?: write_end(w, which);
}

/* When the next thing happens: @which: the timer of an end, or (ENDS) an arrival. */
static uint64_t next_event(struct world *w, int *which)
{
	struct datagram *d = w->transit.first;
	uint64_t at[ENDS + 1], next = UINT64_MAX;
	int i;

	run(w);
	for (i = 0; i < ENDS; i++)
		at[i] = expiry_of(w, i);
	at[ENDS] = d ? d->at : UINT64_MAX;
	for (i = ENDS; i >= 0; i--) {
		if (at[i] < next) {
			next = at[i];
			*which = i;
		}
	}
	return next;
}

/* Return: 0, the error of an end. */
static int happen(struct world *w, int which, uint64_t at)
{
	struct datagram *d;
	int err;

	run(w);
	w->events++;
	if (at > w->now)
		w->now = at;
	if (which < ENDS)
		return expire(w, which);
	d = transit_take(&w->transit);
	which = d->to;
	err = w->end[which].error ?: read_end(w, d);
	free(d);
	return err ?: write_end(w, which);
}

/* What is next, and no later than @until. Return: 1; 0: nothing; the error of an end. */
static int step(struct world *w, uint64_t until)
{
	int which = ENDS;
	uint64_t at = next_event(w, &which);

	if (at > until)
		return 0;
	return happen(w, which, at) ?: 1;
}

int world_run_until(struct world *w, bool (*done)(struct world *w, void *ctx),
		   uint64_t until)
{
	int ret;

	run(w);
	ret = write_end(w, CLIENT);
	while (!ret || ret == 1) {
		if (done && done(w, w->ctx)) {
			w->ended = w->now;
			return 0;
		}
		ret = step(w, until);
		if (!ret)
			break;
	}
	if (ret >= 0)
		w->now = until;
	return ret < 0 ? ret : 0;
}

/* Whichever is to act first, until all have nothing to do before @until. */
static int run_together(struct world *const *worlds, int count, uint64_t until)
{
	int i, err;

	for (;;) {
		int first = 0, which = ENDS, of = ENDS;
		uint64_t next = UINT64_MAX, at;

		for (i = 0; i < count; i++) {
			at = next_event(worlds[i], &of);
			if (at < next) {
				next = at;
				first = i;
				which = of;
			}
		}
		if (next > until)
			return 0;
		err = happen(worlds[first], which, next);
		if (err)
			return err;
	}
}

int world_run_together(struct world *const *worlds, int count, uint64_t until)
{
	int i, err = 0;

	for (i = 0; i < count && !err; i++) {
		run(worlds[i]);
		err = write_end(worlds[i], CLIENT);
	}
	err = err ?: run_together(worlds, count, until);
	for (i = 0; i < count && !err; i++)
		worlds[i]->now = until;
	return err;
}

int world_run(struct world *w, uint64_t until)
{
	return world_run_until(w, NULL, until);
}

void world_rebind(struct world *w)
{
	ngtcp2_path path;

	w->outside.sin_port = htons(ntohs(w->outside.sin_port) + 1);
	if (w->sender != CLIENT)
		return;
	w->client.sin_port = w->outside.sin_port;
	path = path_of(w, CLIENT, &w->client);
	if (ngtcp2_conn_initiate_immediate_migration(w->end[CLIENT].conn, &path,
						     w->now))
		ktap_bail("migration");
}
