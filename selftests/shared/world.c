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
#include "frame.h"
#include "ktap.h"
#include "world.h"

enum { SERVER, CLIENT, ENDS };
enum { CID_LEN = 8 };

#define MS NGTCP2_MILLISECONDS

/* A datagram under way. */
struct flight {
	struct flight	*next;
	uint64_t	at;		/* arrives */
	int		to;
	uint16_t	port;		/* of the client */
	size_t		len;
	uint8_t		bytes[WORLD_DATAGRAM_MAX];
};

struct end {
	struct world		*world;
	ngtcp2_conn		*conn;
	gnutls_session_t	tls;
	ngtcp2_crypto_conn_ref	ref;
	uint64_t		free_at;	/* when its bottleneck is */
	int			error;
};

/* Numbers that came, and the tag of their packet. */
struct number {
	uint64_t pn, tag;
};

struct world {
	struct world_options		options;
	const struct world_app		*app;
	void				*ctx;
	struct chance			chance;
	uint64_t			now, ended;
	struct flight			*flights;
	struct end			end[ENDS];
	struct equic_share		*share;
	gnutls_certificate_credentials_t credentials[ENDS];
	/* A NAT stands before the client: what it is for itself, and for others. */
	struct sockaddr_in		server, client, outside;
	struct world_stream		streams[WORLD_STREAMS_MAX];
	uint64_t			datagrams;
	/* Each datagram behind its length. */
	uint8_t				batch[1 << 17];
	size_t				batch_len;
	struct number			*numbers;
	size_t				number_count, number_room;
	uint64_t			repeated, empty_resets, events;
};

/* Whose callback for packets it is. */
static struct world *running;

uint64_t world_ended(const struct world *w)
{
	return w->ended;
}

uint64_t world_now(const struct world *w)
{
	return w->now;
}

ngtcp2_conn *world_server(struct world *w)
{
	return w->end[SERVER].conn;
}

ngtcp2_conn *world_client(struct world *w)
{
	return w->end[CLIENT].conn;
}

struct equic_share *world_share(struct world *w)
{
	return w->share;
}

struct world_stream *world_stream(struct world *w, int64_t id)
{
	if (id < 0 || id / 4 >= WORLD_STREAMS_MAX)
		ktap_bail("stream %lld", (long long)id);
	return &w->streams[id / 4];
}

uint64_t world_datagrams(const struct world *w)
{
	return w->datagrams;
}

uint64_t world_repeated(const struct world *w)
{
	return w->repeated;
}

uint64_t world_empty_resets(const struct world *w)
{
	return w->empty_resets;
}

uint64_t world_events(const struct world *w)
{
	return w->events;
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

static int on_stream_data(ngtcp2_conn *conn, uint32_t flags, int64_t id,
			  uint64_t offset, const uint8_t *data, size_t len,
			  void *user_data, void *stream_user_data)
{
	struct end *e = user_data;
	struct world_stream *st = world_stream(e->world, id);
	size_t i;

	(void)stream_user_data;
	for (i = 0; i < len; i++)
		st->wrong += data[i] != world_byte(id, offset + i);
	st->wrong += offset != st->bytes;
	st->bytes += len;
	st->fin |= flags & NGTCP2_STREAM_DATA_FLAG_FIN;
	ngtcp2_conn_extend_max_stream_offset(conn, id, len);
	ngtcp2_conn_extend_max_offset(conn, len);
	return 0;
}

static int on_reset(ngtcp2_conn *conn, int64_t id, uint64_t final_size,
		    uint64_t code, void *user_data, void *stream_user_data)
{
	struct end *e = user_data;

	(void)conn;
	(void)final_size;
	(void)code;
	(void)stream_user_data;
	world_stream(e->world, id)->reset = true;
	return 0;
}

static int on_close(ngtcp2_conn *conn, uint32_t flags, int64_t id,
		    uint64_t code, void *user_data, void *stream_user_data)
{
	(void)flags;
	(void)id;
	(void)code;
	(void)user_data;
	(void)stream_user_data;
	ngtcp2_conn_extend_max_streams_uni(conn, 1);
	return 0;
}

static int on_datagram(ngtcp2_conn *conn, uint32_t flags, const uint8_t *data,
		       size_t len, void *user_data)
{
	struct end *e = user_data;

	(void)conn;
	(void)flags;
	(void)data;
	(void)len;
	e->world->datagrams++;
	return 0;
}

/* A number that is opened, and was before in another packet. */
static void note_number(struct world *w, uint64_t pn, uint64_t tag)
{
	size_t i;

	for (i = w->number_count; i--;) {
		if (w->numbers[i].pn == pn) {
			w->repeated += w->numbers[i].tag != tag;
			return;
		}
	}
	if (w->number_count == w->number_room) {
		w->number_room = w->number_room ? 2 * w->number_room : 1024;
		w->numbers = realloc(w->numbers,
				     w->number_room * sizeof(*w->numbers));
		if (!w->numbers)
			ktap_bail("memory");
	}
	w->numbers[w->number_count++] = (struct number){ pn, tag };
}

static void look_at_frames(struct world *w, const uint8_t *payload, size_t len)
{
	struct frame frame = { .end = 0 };

	while (frame_next(payload, len, frame.end, &frame) == 1)
		w->empty_resets += frame.type == FRAME_RESET_STREAM &&
				   !frame.number[2];
}

/* In each header there is all of the number that a test needs: it has four bytes. */
static int client_decrypt(uint8_t *dest, const ngtcp2_crypto_aead *aead,
			  const ngtcp2_crypto_aead_ctx *aead_ctx,
			  const uint8_t *ciphertext, size_t ciphertextlen,
			  const uint8_t *nonce, size_t noncelen,
			  const uint8_t *aad, size_t aadlen)
{
	uint64_t tag;
	uint32_t pn;
	int ret;

	/* It may be where the clear text goes. */
	memcpy(&tag, ciphertext + ciphertextlen - sizeof(tag), sizeof(tag));
	ret = ngtcp2_crypto_decrypt_cb(dest, aead, aead_ctx, ciphertext,
				       ciphertextlen, nonce, noncelen, aad,
				       aadlen);
	if (!ret && !(aad[0] & 0x80) && running->options.shared) {
		memcpy(&pn, aad + aadlen - 4, 4);
		note_number(running, ntohl(pn), tag);
		look_at_frames(running, dest, ciphertextlen - 16);
	}
	return ret;
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
	gnutls_priority_set_direct(e->tls,
				   "NORMAL:-VERS-ALL:+VERS-TLS1.3:%DISABLE_TLS13_COMPAT_MODE",
				   NULL);
	if (which == SERVER)
		ngtcp2_crypto_gnutls_configure_server_session(e->tls);
	else
		ngtcp2_crypto_gnutls_configure_client_session(e->tls);
	if (which == SERVER && w->share)
		gnutls_handshake_set_secret_function(e->tls, on_secret);
	gnutls_credentials_set(e->tls, GNUTLS_CRD_CERTIFICATE,
			       w->credentials[which]);
	gnutls_alpn_set_protocols(e->tls, &alpn, 1, GNUTLS_ALPN_MANDATORY);
	e->ref.get_conn = get_conn;
	e->ref.user_data = e;
	gnutls_session_set_ptr(e->tls, &e->ref);
	ngtcp2_conn_set_tls_native_handle(e->conn, e->tls);
}

static ngtcp2_callbacks callbacks_of(int which)
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

	if (which == CLIENT) {
		cb.decrypt = client_decrypt;
		cb.recv_stream_data = on_stream_data;
		cb.stream_reset = on_reset;
		cb.stream_close = on_close;
		cb.recv_datagram = on_datagram;
	}
	return cb;
}

static ngtcp2_settings settings_of(struct world *w)
{
	ngtcp2_settings s;

	ngtcp2_settings_default(&s);
	s.initial_ts = w->now;
	s.cc_algo = NGTCP2_CC_ALGO_CUBIC;
	return s;
}

static ngtcp2_transport_params parameters_of(struct world *w, int which)
{
	ngtcp2_transport_params t;

	ngtcp2_transport_params_default(&t);
	t.max_idle_timeout = 60 * NGTCP2_SECONDS;
	t.max_datagram_frame_size = 1200;
	t.active_connection_id_limit = 7;
	if (which == CLIENT) {
		t.initial_max_data = w->options.initial_max_data;
		t.initial_max_stream_data_uni = w->options.max_stream_data;
		t.initial_max_streams_uni = w->options.max_streams;
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

static void begin_client(struct world *w)
{
	ngtcp2_callbacks cb = callbacks_of(CLIENT);
	ngtcp2_settings settings = settings_of(w);
	ngtcp2_transport_params params = parameters_of(w, CLIENT);
	ngtcp2_path path = path_of(w, CLIENT, &w->client);
	ngtcp2_cid dcid = { .datalen = 16 }, scid = { .datalen = CID_LEN };

	rand_cb(dcid.data, dcid.datalen, NULL);
	rand_cb(scid.data, scid.datalen, NULL);
	if (ngtcp2_conn_client_new(&w->end[CLIENT].conn, &dcid, &scid, &path,
				   NGTCP2_PROTO_VER_V1, &cb, &settings, &params,
				   NULL, &w->end[CLIENT]))
		ktap_bail("client");
	begin_tls(w, CLIENT);
}

static void begin_server(struct world *w, const struct flight *f)
{
	ngtcp2_callbacks cb = callbacks_of(SERVER);
	ngtcp2_settings settings = settings_of(w);
	ngtcp2_transport_params params = parameters_of(w, SERVER);
	ngtcp2_path path = path_of(w, SERVER, &w->client);
	ngtcp2_cid scid = { .datalen = CID_LEN };
	ngtcp2_pkt_hd hd;

	if (ngtcp2_accept(&hd, f->bytes, f->len))
		ktap_bail("no Initial");
	rand_cb(scid.data, scid.datalen, NULL);
	params.original_dcid = hd.dcid;
	params.original_dcid_present = 1;
	params.stateless_reset_token_present = 1;
	if (w->options.shared) {
		w->share = equic_share_new(&cb, &settings, &w->options.share);
		if (!w->share)
			ktap_bail("share");
	}
	if (ngtcp2_conn_server_new(&w->end[SERVER].conn, &hd.scid, &scid, &path,
				   hd.version, &cb, &settings, &params, NULL,
				   &w->end[SERVER]))
		ktap_bail("server");
	if (w->share)
		equic_share_conn(w->share, w->end[SERVER].conn);
	begin_tls(w, SERVER);
}

struct world *world_new(const struct world_options *options,
		      const struct world_app *app, void *ctx)
{
	struct world *w = calloc(1, sizeof(*w));
	int i;

	if (!w)
		ktap_bail("memory");
	running = w;
	w->options = *options;
	w->app = app;
	w->ctx = ctx;
	w->now = NGTCP2_SECONDS;
	chance_seed(&w->chance, options->seed);
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
	for (i = 0; i < ENDS; i++)
		w->end[i].world = w;
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
	while (w->flights) {
		struct flight *next = w->flights->next;

		free(w->flights);
		w->flights = next;
	}
	free(w->numbers);
	free(w);
}

static bool by_chance(struct world *w, unsigned int of_1000)
{
	return chance_of(&w->chance, 1000) < of_1000;
}

/* In the order of their arrival. */
static void take_off(struct world *w, const struct flight *what, uint64_t at)
{
	struct flight **where = &w->flights, *f = malloc(sizeof(*f));

	if (!f)
		ktap_bail("memory");
	*f = *what;
	f->at = at;
	while (*where && (*where)->at <= at)
		where = &(*where)->next;
	f->next = *where;
	*where = f;
}

static void send_from(struct world *w, int from, const uint8_t *bytes, size_t len)
{
	const struct world_path *path = &w->options.path;
	struct end *e = &w->end[from];
	struct flight f = {
		.to = !from, .len = len, .port = w->outside.sin_port,
	};
	uint64_t at;

	if (len > sizeof(f.bytes))
		ktap_bail("a datagram of %zu bytes", len);
	memcpy(f.bytes, bytes, len);
	if (e->free_at < w->now)
		e->free_at = w->now;
	if (path->rate) {
		if ((e->free_at - w->now) * path->rate / NGTCP2_SECONDS >
		    path->queue)
			return;
		e->free_at += len * NGTCP2_SECONDS / path->rate;
	}
	at = e->free_at + path->delay;
	if (path->jitter)
		at += (uint64_t)chance_next(&w->chance) % path->jitter;
	if (by_chance(w, path->loss))
		return;
	take_off(w, &f, at);
	if (by_chance(w, path->twice))
		take_off(w, &f, at + chance_next(&w->chance) % (50 * MS));
}

int world_send(struct world *w, const uint8_t *packet, size_t len)
{
	send_from(w, SERVER, packet, len);
	return 0;
}

static void send_batch(struct world *w)
{
	size_t at, len;

	for (at = 0; at < w->batch_len; at += len) {
		memcpy(&len, w->batch + at, sizeof(len));
		at += sizeof(len);
		send_from(w, SERVER, w->batch + at, len);
	}
	w->batch_len = 0;
}

static void add_to_batch(struct world *w, const uint8_t *bytes, size_t len)
{
	if (w->batch_len + sizeof(len) + len > sizeof(w->batch))
		send_batch(w);
	memcpy(w->batch + w->batch_len, &len, sizeof(len));
	memcpy(w->batch + w->batch_len + sizeof(len), bytes, len);
	w->batch_len += sizeof(len) + len;
}

static int write_server(struct world *w)
{
	uint8_t buf[WORLD_DATAGRAM_MAX];
	ngtcp2_ssize n;

	for (;;) {
		n = w->app->write(w, w->ctx, buf, sizeof(buf), w->now);
		if (n <= 0)
			break;
		if (w->options.batched)
			add_to_batch(w, buf, n);
		else
			send_from(w, SERVER, buf, n);
	}
	send_batch(w);
	if (n < 0)
		return n;
	ngtcp2_conn_update_pkt_tx_time(w->end[SERVER].conn, w->now);
	return 0;
}

static int write_client(struct world *w)
{
	struct end *e = &w->end[CLIENT];
	uint8_t buf[WORLD_DATAGRAM_MAX];
	ngtcp2_path_storage ps;
	ngtcp2_pkt_info pi;
	ngtcp2_ssize n;

	for (;;) {
		ngtcp2_path_storage_zero(&ps);
		n = ngtcp2_conn_write_pkt(e->conn, &ps.path, &pi, buf,
					  sizeof(buf), w->now);
		if (n <= 0)
			break;
		send_from(w, CLIENT, buf, n);
	}
	if (n < 0)
		return n;
	ngtcp2_conn_update_pkt_tx_time(e->conn, w->now);
	return 0;
}

static int write_end(struct world *w, int which)
{
	struct end *e = &w->end[which];

	if (!e->conn || e->error)
		return e->error;
	e->error = which == SERVER ? write_server(w) : write_client(w);
	if (e->error)
		ktap_diag("%s writes: %s", which == SERVER ? "server" : "client",
			  ngtcp2_strerror(e->error));
	return e->error;
}

static int read_end(struct world *w, const struct flight *f)
{
	struct sockaddr_in client = w->client;
	struct end *e = &w->end[f->to];
	ngtcp2_pkt_info pi = { };
	ngtcp2_path path;

	client.sin_port = f->port;
	path = path_of(w, f->to, f->to == SERVER ? &client : &w->client);
	if (f->to == SERVER && !e->conn)
		begin_server(w, f);
	if (f->to == SERVER && w->share)
		e->error = equic_share_read_pkt(w->share, &path, &pi, f->bytes,
						f->len, w->now);
	else
		e->error = ngtcp2_conn_read_pkt(e->conn, &path, &pi, f->bytes,
						f->len, w->now);
	if (e->error)
		ktap_diag("%s reads: %s", f->to == SERVER ? "server" : "client",
			  ngtcp2_strerror(e->error));
	return e->error;
}

static uint64_t expiry_of(struct world *w, int which)
{
	struct end *e = &w->end[which];
	uint64_t of_quic, of_app = UINT64_MAX;

	if (!e->conn || e->error)
		return UINT64_MAX;
	if (which == SERVER)
		of_app = w->app->expiry(w->ctx);
	of_quic = which == SERVER && w->share ?
		equic_share_get_expiry(w->share) :
		ngtcp2_conn_get_expiry(e->conn);
	return of_app < of_quic ? of_app : of_quic;
}

static int expire(struct world *w, int which)
{
	struct end *e = &w->end[which];

	if (which == SERVER && w->share)
		e->error = equic_share_handle_expiry(w->share, w->now);
	else if (ngtcp2_conn_get_expiry(e->conn) <= w->now)
		e->error = ngtcp2_conn_handle_expiry(e->conn, w->now);
	if (e->error)
		ktap_diag("%s expires: %s", which == SERVER ? "server" : "client",
			  ngtcp2_strerror(e->error));
	return e->error ?: write_end(w, which);
}

/* What is next, and no later than @until. Return: 1; 0: nothing; the error of an end. */
static int step(struct world *w, uint64_t until)
{
	uint64_t at[ENDS + 1], next = UINT64_MAX;
	struct flight *f = w->flights;
	int i, which = ENDS, err;

	for (i = 0; i < ENDS; i++)
		at[i] = expiry_of(w, i);
	at[ENDS] = f ? f->at : UINT64_MAX;
	for (i = ENDS; i >= 0; i--) {
		if (at[i] < next) {
			next = at[i];
			which = i;
		}
	}
	if (next > until)
		return 0;
	w->events++;
	if (next > w->now)
		w->now = next;
	if (which < ENDS) {
		err = expire(w, which);
	} else {
		w->flights = f->next;
		which = f->to;
		err = w->end[which].error ?: read_end(w, f);
		free(f);
		err = err ?: write_end(w, which);
	}
	return err ?: 1;
}

int world_run_until(struct world *w, bool (*done)(struct world *w, void *ctx),
		   uint64_t until)
{
	int ret;

	running = w;
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

int world_run(struct world *w, uint64_t until)
{
	return world_run_until(w, NULL, until);
}

void world_rebind(struct world *w)
{
	w->outside.sin_port = htons(ntohs(w->outside.sin_port) + 1);
}

int world_update_keys(struct world *w)
{
	return ngtcp2_conn_initiate_key_update(w->end[CLIENT].conn, w->now);
}
