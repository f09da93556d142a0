// SPDX-License-Identifier: GPL-2.0-only
/*
 * A connection with two senders, whose peer is ngtcp2 as it is: what each of them
 * sends arrives, whole and once, whatever the path does.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "ktap.h"
#include "memory.h"
#include "pair.h"
#include "ring.h"
#include "second.h"

enum {
	STREAMS = 6,
	STREAM_BYTES = 150000,
	STACK_BYTES = 500000,
	DATAGRAMS = 300,
	DATAGRAM_BYTES = 600,
	VECTOR = 16384,
};

#define MS NGTCP2_MILLISECONDS
#define S NGTCP2_SECONDS

struct claimed {
	unsigned int	slot, generation;
	uint64_t	id, sent;
	bool		live;
};

/* The endpoint with its second sender. */
struct scene {
	struct pair		*pair;
	struct second		*second;
	struct equic_shared	*memory;
	struct ring		*ring;
	struct claimed		claimed[STREAMS];
	int			claims, datagrams;
	int64_t			stack_stream;
	uint64_t		stack_sent;
	bool			stack_fin;
	uint64_t		fates[3], done, stopped, acked, keys, paths;
	int			last_error;
};

static int on_key(void *ctx, const struct equic_share_key *key)
{
	struct scene *sc = ctx;
	struct seal_secret secret = { .cipher = key->cipher };

	memcpy(secret.key, key->key, sizeof(secret.key));
	memcpy(secret.iv, key->iv, sizeof(secret.iv));
	memcpy(secret.header, key->header, sizeof(secret.header));
	sc->keys++;
	return second_key(sc->second, key->epoch, &secret);
}

static int on_path(void *ctx, const ngtcp2_path *path, const ngtcp2_cid *dcid)
{
	struct scene *sc = ctx;

	(void)path;
	sc->paths++;
	return second_path(sc->second, dcid->data, dcid->datalen);
}

static size_t on_bytes(void *ctx, uint64_t stream, uint64_t offset, uint8_t *to,
		       size_t len)
{
	size_t i;

	(void)ctx;
	for (i = 0; i < len; i++)
		to[i] = pair_byte(stream, offset + i);
	return len;
}

static void on_fate(void *ctx, uint64_t cookie, enum equic_share_fate fate)
{
	struct scene *sc = ctx;

	(void)cookie;
	sc->fates[fate]++;
}

static void on_stream(void *ctx, uint64_t stream,
		      enum equic_share_stream_event what, uint64_t value)
{
	struct scene *sc = ctx;

	(void)stream;
	(void)value;
	sc->done += what == EQUIC_SHARE_STREAM_DONE;
	sc->stopped += what == EQUIC_SHARE_STREAM_STOPPED;
}

static const struct equic_share_events events = {
	.key = on_key,
	.path = on_path,
	.bytes = on_bytes,
	.datagram = on_fate,
	.stream = on_stream,
};

static int second_send(void *ctx, const uint8_t *packet, size_t len)
{
	struct scene *sc = ctx;

	return pair_send(sc->pair, packet, len);
}

static uint64_t second_now(void *ctx)
{
	struct scene *sc = ctx;

	return pair_now(sc->pair);
}

static const struct second_ops second_ops = {
	.send = second_send,
	.now = second_now,
};

/* The server's connection is there with the first packet. */
static void begin_second(struct scene *sc)
{
	struct equic_share *share = pair_share(sc->pair);

	sc->memory = memory_map(equic_share_memory_fd(share));
	sc->ring = ring_map(equic_share_ring_fd(share, 0), true);
	if (!sc->memory || !sc->ring)
		ktap_bail("memory");
	sc->second = second_new(sc->memory, sc->ring, &second_ops, sc);
	if (!sc->second)
		ktap_bail("second sender");
}

/* As much as it may, of one stream. */
static void second_streams(struct scene *sc, struct claimed *c)
{
	uint8_t bytes[SECOND_PAYLOAD_MAX];
	size_t len;
	int err = 0;

	while (!err && c->live) {
		len = second_stream_room(sc->second, c->slot, c->sent);
		if (len > STREAM_BYTES - c->sent)
			len = STREAM_BYTES - c->sent;
		on_bytes(NULL, c->id, c->sent, bytes, len);
		err = second_stream(sc->second, c->slot, c->generation, c->sent,
				    bytes, len, c->sent + len == STREAM_BYTES,
				    0);
		if (!err)
			c->sent += len;
		if (c->sent == STREAM_BYTES || err == -ESHUTDOWN ||
		    err == -ESTALE)
			c->live = false;
	}
	sc->last_error = err;
}

static void second_turn(struct scene *sc)
{
	uint8_t bytes[DATAGRAM_BYTES] = { };
	struct claimed *c;
	int i;

	while (sc->claims < STREAMS) {
		c = &sc->claimed[sc->claims];
		if (second_claim(sc->second, &c->slot, &c->generation))
			break;
		c->id = sc->memory->streams[c->slot].id;
		c->live = true;
		sc->claims++;
	}
	while (sc->datagrams < DATAGRAMS &&
	       !second_datagram(sc->second, bytes, sizeof(bytes),
				sc->datagrams))
		sc->datagrams++;
	for (i = 0; i < sc->claims; i++)
		second_streams(sc, &sc->claimed[i]);
}

static ngtcp2_ssize stack_write(struct scene *sc, uint8_t *dest, size_t destlen,
				uint64_t now)
{
	/* ngtcp2 sends from here what is lost. */
	static uint8_t bytes[STACK_BYTES];
	uint64_t left = STACK_BYTES - sc->stack_sent, i;
	ngtcp2_vec vec = { bytes + sc->stack_sent, left < VECTOR ? left : VECTOR };
	bool last = vec.len == left;
	ngtcp2_path_storage ps;
	ngtcp2_ssize n, used;
	ngtcp2_pkt_info pi;

	ngtcp2_path_storage_zero(&ps);
	if (sc->stack_stream < 0 &&
	    ngtcp2_conn_open_uni_stream(pair_server(sc->pair),
					&sc->stack_stream, NULL))
		sc->stack_stream = -1;
	if (sc->stack_stream < 0 || sc->stack_fin)
		return equic_share_writev_stream(pair_share(sc->pair), &ps.path,
						 &pi, dest, destlen, NULL, 0,
						 -1, NULL, 0, now);
	for (i = 0; i < vec.len; i++)
		vec.base[i] = pair_byte(sc->stack_stream, sc->stack_sent + i);
	n = equic_share_writev_stream(pair_share(sc->pair), &ps.path, &pi, dest,
				      destlen, &used,
				      last ? NGTCP2_WRITE_STREAM_FLAG_FIN : 0,
				      sc->stack_stream, &vec, 1, now);
	if (n == NGTCP2_ERR_STREAM_DATA_BLOCKED)
		return equic_share_writev_stream(pair_share(sc->pair), &ps.path,
						 &pi, dest, destlen, NULL, 0,
						 -1, NULL, 0, now);
	if (used > 0)
		sc->stack_sent += used;
	sc->stack_fin = used >= 0 && sc->stack_sent == STACK_BYTES;
	return n;
}

static ngtcp2_ssize app_write(struct pair *p, void *ctx, uint8_t *dest,
			      size_t destlen, uint64_t now)
{
	struct scene *sc = ctx;

	sc->pair = p;
	if (!sc->second)
		begin_second(sc);
	second_turn(sc);
	return stack_write(sc, dest, destlen, now);
}

static const struct pair_app app = { .write = app_write };

static bool all_there(struct pair *p, void *ctx)
{
	struct scene *sc = ctx;
	int i;

	if (sc->claims < STREAMS || sc->datagrams < DATAGRAMS ||
	    sc->done < STREAMS || sc->stack_stream < 0 ||
	    !pair_stream(p, sc->stack_stream)->fin)
		return false;
	for (i = 0; i < STREAMS; i++)
		if (!pair_stream(p, sc->claimed[i].id)->fin)
			return false;
	return true;
}

static void print(struct scene *sc, const char *name, int err)
{
	struct equic_share_stats st;
	int i;

	equic_share_get_stats(pair_share(sc->pair), &st);
	ktap_diag("%s: %d, %.3f s; taken %llu, stack %llu, library %llu, second %llu, void %llu, lost %llu, spurious %llu, resent %llu, window %llu, in flight %llu, rtt %llu us, hostile %llu, estranged %llu, epoch %llu, streams %llu",
		  name, err, pair_now(sc->pair) / 1e9,
		  (unsigned long long)st.taken, (unsigned long long)st.stack,
		  (unsigned long long)st.library, (unsigned long long)st.second,
		  (unsigned long long)st.voids, (unsigned long long)st.lost,
		  (unsigned long long)st.spurious, (unsigned long long)st.resent,
		  (unsigned long long)st.window, (unsigned long long)st.in_flight,
		  (unsigned long long)st.smoothed_rtt / 1000,
		  (unsigned long long)st.hostile, (unsigned long long)st.estranged,
		  (unsigned long long)st.epoch, (unsigned long long)st.streams);
	ktap_diag("claims %d, datagrams %d arrived %llu acked %llu lost %llu, done %llu, stack %llu, last error %d, budget %lld, data %llu of %llu",
		  sc->claims, sc->datagrams,
		  (unsigned long long)pair_datagrams(sc->pair),
		  (unsigned long long)sc->fates[0], (unsigned long long)sc->fates[1],
		  (unsigned long long)sc->done, (unsigned long long)sc->stack_sent,
		  sc->last_error, (long long)sc->memory->budget,
		  (unsigned long long)sc->memory->data,
		  (unsigned long long)sc->memory->data_max);
	for (i = 0; i < sc->claims; i++)
		ktap_diag("stream %llu: sent %llu, there %llu, wrong %llu, fin %d",
			  (unsigned long long)sc->claimed[i].id,
			  (unsigned long long)sc->claimed[i].sent,
			  (unsigned long long)pair_stream(sc->pair, sc->claimed[i].id)->bytes,
			  (unsigned long long)pair_stream(sc->pair, sc->claimed[i].id)->wrong,
			  pair_stream(sc->pair, sc->claimed[i].id)->fin);
}

static bool right(struct scene *sc)
{
	uint64_t wrong = pair_stream(sc->pair, sc->stack_stream)->wrong;
	int i;

	for (i = 0; i < STREAMS; i++) {
		struct pair_stream *st = pair_stream(sc->pair, sc->claimed[i].id);

		wrong += st->wrong + (st->bytes != STREAM_BYTES);
	}
	return !wrong &&
	       pair_stream(sc->pair, sc->stack_stream)->bytes == STACK_BYTES;
}

static void test_path(const char *name, struct pair_path path, uint64_t seed)
{
	struct scene sc = { .stack_stream = -1 };
	struct pair_options options = {
		.path = path, .seed = seed, .shared = true,
		.share = { .events = &events, .ctx = &sc, .memory = -1,
			   .ring_count = 1, .connection = 7 },
		.initial_max_data = 1 << 18, .max_streams = 32,
	};
	struct pair *p = pair_new(&options, &app, &sc);
	int err;

	sc.pair = p;
	err = pair_run_until(p, all_there, 120 * S);
	print(&sc, name, err);
	ktap_result(!err && all_there(p, &sc), "%s: all that three senders sent arrives", name);
	ktap_result(right(&sc), "%s: each byte as it was", name);
	ktap_result(!pair_repeated(p), "%s: no packet number is used twice", name);
	second_free(sc.second);
	ring_free(sc.ring);
	memory_unmap(sc.memory);
	pair_free(p);
}

int main(int argc, char **argv)
{
	struct pair_path clean = { .delay = 10 * MS, .rate = 5000000,
				   .queue = 200000 };
	struct pair_path lossy = clean, wild = clean;
	struct plan plan;

	ktap_begin();
	plan = chance_plan(argc, argv, 1, "runs");
	lossy.loss = 30;
	wild.loss = 30;
	wild.twice = 30;
	wild.jitter = 20 * MS;
	test_path("a clean path", clean, plan.seed);
	test_path("3 % loss", lossy, plan.seed);
	test_path("loss, duplication, disorder", wild, plan.seed);
	return ktap_end();
}
