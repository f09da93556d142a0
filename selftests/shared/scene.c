// SPDX-License-Identifier: GPL-2.0-only
/* See scene.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "ktap.h"
#include "least.h"
#include "scene.h"
#include "word.h"

enum { DATAGRAM_BYTES = 600, VECTOR = 16384, STOP_CODE = 9, REBINDS_MAX = 4 };

#define MS NGTCP2_MILLISECONDS

static void begin_second(struct scene *sc);

static int on_key(void *ctx, const struct equic_share_key *key)
{
	struct scene *sc = ctx;
	struct seal_secret secret;
	struct equic_share_stats st;

	equic_share_get_stats(world_share(sc->world), &st);
	sc->early += !world_confirmed(sc->world);
	sc->late += key->epoch > sc->first_epoch && st.epoch >= key->epoch;
	sc->key = *key;
	if (!key->epoch)
		sc->first_key = *key;
	if (!sc->second)
		begin_second(sc);
	if (sc->plan.refuse_from && key->epoch >= sc->plan.refuse_from)
		return -1;
	seal_secret_take(&secret, key);
	if (!sc->keys++ && sc->plan.loss)
		world_transit(sc->world)->path.loss = sc->plan.loss;
	return second_key(sc->second, key->epoch, &secret);
}

static int on_path(void *ctx, const ngtcp2_path *path, const ngtcp2_cid *dcid)
{
	struct scene *sc = ctx;

	ngtcp2_path_storage_zero(&sc->told);
	ngtcp2_path_copy(&sc->told.path, path);
	sc->paths++;
	sc->astray += !(number_read(sc->memory) & EQUIC_NUMBER_STOP);
	return second_path(sc->second, dcid->data, dcid->datalen);
}

static void fill(uint64_t stream, uint64_t offset, uint8_t *to, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		to[i] = stream_byte(stream, offset + i);
}

static size_t on_bytes(void *ctx, uint64_t stream, uint64_t offset, uint8_t *to,
		       size_t len)
{
	struct scene *sc = ctx;

	if (sc->plan.told)
		sc->plan.told();
	fill(stream, offset, to, len);
	return len;
}

static void on_fate(void *ctx, uint64_t cookie, enum equic_share_fate fate)
{
	struct scene *sc = ctx;

	(void)cookie;
	if (sc->plan.told)
		sc->plan.told();
	sc->fates[fate]++;
}

static void on_stream(void *ctx, uint64_t stream,
		      enum equic_share_stream_event what, uint64_t value)
{
	struct scene *sc = ctx;

	(void)stream;
	(void)value;
	if (sc->plan.told)
		sc->plan.told();
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
	ngtcp2_conn *conn = world_sender(sc->world);
	const ngtcp2_cid *dcid = ngtcp2_conn_get_dcid(conn);

	/* A number that was taken before the stop may be used behind it. */
	sc->stale += !sc->delayed &&
		     (memcmp(packet + 1, dcid->data, dcid->datalen) ||
		      !ngtcp2_path_eq(&sc->told.path, ngtcp2_conn_get_path(conn)));
	if (sc->failing) {
		sc->failing--;
		return -ENETDOWN;
	}
	return world_send(sc->world, packet, len);
}

static uint64_t second_now(void *ctx)
{
	struct scene *sc = ctx;

	return sc->plan.timeless ? 0 : world_now(sc->world);
}

/* Behind a step: whether it does, and for how long. */
static bool has_to_hang(struct scene *sc, enum second_step step)
{
	if (sc->hang_next && step == sc->hang_step) {
		sc->hang_next = false;
		sc->wake_at = UINT64_MAX;
		return true;
	}
	if (!sc->plan.hanging || chance_of(&sc->chance, 1000) >= sc->plan.hanging)
		return false;
	sc->wake_at = world_now(sc->world) +
		      chance_of(&sc->chance, 1 << chance_of(&sc->chance, 11)) * MS;
	return true;
}

static bool second_alive(void *ctx, enum second_step step)
{
	struct scene *sc = ctx;

	if (step < SECOND_NUMBER)
		sc->delayed = false;
	if (has_to_hang(sc, step)) {
		sc->hangs++;
		sc->hangs_at[step]++;
		sc->delayed = step >= SECOND_NUMBER;
		actor_hang(sc->actor);
	}
	if (chance_of(&sc->chance, 1000) >= sc->plan.mortal)
		return true;
	sc->dead = true;
	sc->revive_at = world_now(sc->world) + 20 * MS;
	sc->deaths++;
	sc->deaths_at[step]++;
	return false;
}

static const struct second_ops second_ops = {
	.send = second_send,
	.now = second_now,
	.alive = second_alive,
};

static void begin_second(struct scene *sc)
{
	struct equic_share *share = world_share(sc->world);

	sc->memory = memory_map(equic_share_memory_fd(share));
	sc->ring = ring_map(equic_share_ring_fd(share, 0), true);
	if (!sc->memory || !sc->ring)
		ktap_bail("memory");
	sc->second = second_new(sc->memory, sc->ring, &second_ops, sc);
	if (!sc->second)
		ktap_bail("second sender");
}

static void end_second(struct scene *sc)
{
	second_free(sc->second);
	ring_free(sc->ring);
	memory_unmap(sc->memory);
}

/* The next one goes on where the words say that the last one was. */
static void revive(struct scene *sc)
{
	int i;

	end_second(sc);
	equic_share_second_died(world_share(sc->world));
	begin_second(sc);
	sc->dead = false;
	for (i = 0; i < sc->claims; i++) {
		struct scene_stream *st = &sc->streams[i];
		uint64_t word = stream_read(sc->memory, st->slot);

		if (stream_generation(word) != st->generation) {
			st->live = false;
			continue;
		}
		st->sent = stream_end(word);
		st->live = !(word & EQUIC_STREAM_CLOSED);
	}
}

/* As much as it may, of one stream. */
static void send_stream(struct scene *sc, struct scene_stream *st)
{
	uint8_t bytes[SECOND_PAYLOAD_MAX];
	uint64_t left;
	size_t len;
	int err = 0;

	while (!err && st->live && !sc->dead) {
		left = sc->plan.stream_bytes - st->sent;
		len = second_stream_room(sc->second, st->slot, st->sent);
		if (len > left)
			len = left;
		fill(st->id, st->sent, bytes, len);
		err = second_stream(sc->second, st->slot, st->generation,
				    st->sent, bytes, len, len == left, 0);
		/* They are sent, or the library has them to send. */
		if (!err || err == -ECANCELED || err == -ENOKEY || err == -ECOMM) {
			st->sent += len;
			st->live = len < left;
		}
		if (err == -ESHUTDOWN || err == -ESTALE)
			st->live = false;
	}
}

static void claim(struct scene *sc)
{
	struct scene_stream *st;

	while (sc->claims < sc->plan.streams) {
		st = &sc->streams[sc->claims];
		if (second_claim(sc->second, &st->slot, &st->generation))
			return;
		st->id = sc->memory->streams[st->slot].id;
		st->live = true;
		sc->claims++;
	}
}

static struct equic_share_options options_of(struct scene *sc, bool shared)
{
	return (struct equic_share_options){
		.events = shared ? &events : NULL, .ctx = sc, .memory = -1,
		.ring_count = shared ? 2 : 0, .connection = 7,
		.update_after = sc->plan.update_after,
	};
}

int scene_share(struct scene *sc)
{
	struct equic_share_options options = options_of(sc, true);
	struct equic_share_stats st;

	if (equic_share_begin(world_share(sc->world), &options))
		return errno;
	equic_share_get_stats(world_share(sc->world), &st);
	sc->first = st.taken;
	sc->first_epoch = st.epoch;
	sc->window.before = st;
	sc->shared = true;
	return 0;
}

/* Return: whether it is. */
static bool share(struct scene *sc, uint64_t now)
{
	int err;

	if (sc->shared || now < sc->plan.share_at)
		return sc->shared;
	err = scene_share(sc);
	if (err && err != EAGAIN)
		ktap_bail("equic_share_begin: %s", strerror(err));
	return !err;
}

/* What it began is reset: nobody else knows how it would have gone on. */
static void spoil(struct scene *sc)
{
	struct equic_share *share = world_share(sc->world);
	int i;

	sc->plan.spoil(sc->memory, equic_share_ring_fd(share, 0));
	sc->spoilt = sc->dead = true;
	sc->revive_at = UINT64_MAX;
	for (i = 0; i < sc->claims; i++)
		equic_share_stream_reset(share, sc->streams[i].id, STOP_CODE);
}

/* All that it can; for an actor. */
static void second_acts(void *ctx)
{
	uint8_t bytes[DATAGRAM_BYTES] = { };
	struct scene *sc = ctx;
	int i;

	claim(sc);
	while (sc->datagrams < sc->plan.datagrams && !sc->dead &&
	       !second_datagram(sc->second, bytes, sizeof(bytes),
				sc->datagrams))
		sc->datagrams++;
	for (i = 0; i < sc->claims && !sc->dead; i++)
		send_stream(sc, &sc->streams[i]);
}

static bool is_hung(const struct scene *sc)
{
	return actor_hangs(sc->actor) && world_now(sc->world) < sc->wake_at;
}

static void second_turn(struct scene *sc)
{
	if (sc->plan.spoil && !sc->spoilt &&
	    sc->stack_sent >= sc->plan.stack_bytes / 4)
		spoil(sc);
	if (sc->dead && world_now(sc->world) >= sc->revive_at)
		revive(sc);
	if (sc->dead || is_hung(sc))
		return;
	if (actor_hangs(sc->actor))
		sc->window.resumed = 2;
	actor_turn(sc->actor);
}

static void open_stack_stream(struct scene *sc)
{
	uint64_t i;

	if (ngtcp2_conn_open_uni_stream(world_sender(sc->world), &sc->stack_stream,
					NULL)) {
		sc->stack_stream = -1;
		return;
	}
	for (i = 0; i < least(sc->plan.stack_bytes, SCENE_STACK_MAX); i++)
		sc->stack[i] = stream_byte(sc->stack_stream, i);
}

/* As ngtcp2's, by whoever writes for the server. */
static ngtcp2_ssize write_quic(struct scene *sc, ngtcp2_pkt_info *pi, uint8_t *dest,
			   size_t destlen, ngtcp2_ssize *used, uint32_t flags,
			   int64_t stream, const ngtcp2_vec *vec, size_t count,
			   uint64_t now)
{
	struct equic_share_stats before;
	ngtcp2_path_storage ps;
	ngtcp2_ssize n;
	bool probe;

	ngtcp2_path_storage_zero(&ps);
	if (sc->plan.plain)
		return ngtcp2_conn_writev_stream(world_sender(sc->world),
						 &ps.path, pi, dest, destlen,
						 used, flags, stream, vec, count,
						 now);
	equic_share_get_stats(world_share(sc->world), &before);
	/* With its own window full the stack writes nothing else. */
	probe = !ngtcp2_conn_get_cwnd_left(world_sender(sc->world));
	n = equic_share_writev_stream(world_share(sc->world), &ps.path, pi, dest,
				      destlen, used, flags, stream, vec, count, now);
	window_follow(&sc->window, world_sender(sc->world), world_share(sc->world));
	if (sc->shared && n > 0)
		window_packet(&sc->window, world_share(sc->world), &before, pi, n,
			     used && *used > 0 && !probe);
	return n;
}

static ngtcp2_ssize write_nothing(struct scene *sc, uint8_t *dest, size_t destlen,
				  uint64_t now)
{
	ngtcp2_pkt_info pi;

	return write_quic(sc, &pi, dest, destlen, NULL, 0, -1, NULL, 0, now);
}

static ngtcp2_ssize stack_write(struct scene *sc, uint8_t *dest, size_t destlen,
				uint64_t now)
{
	uint64_t left = sc->plan.stack_bytes - sc->stack_sent;
	uint64_t at = sc->stack_sent % SCENE_STACK_MAX;
	ngtcp2_vec vec = {
		sc->stack + at,
		least(least(left, VECTOR), SCENE_STACK_MAX - at),
	};
	ngtcp2_ssize n, used = -1;
	ngtcp2_pkt_info pi;

	if (sc->stack_stream < 0)
		open_stack_stream(sc);
	if (sc->stack_stream < 0 || sc->stack_fin)
		return write_nothing(sc, dest, destlen, now);
	n = write_quic(sc, &pi, dest, destlen, &used,
		   vec.len == left ? NGTCP2_WRITE_STREAM_FLAG_FIN : 0,
		   sc->stack_stream, &vec, 1, now);
	if (n == NGTCP2_ERR_STREAM_DATA_BLOCKED)
		return write_nothing(sc, dest, destlen, now);
	if (used > 0)
		sc->stack_sent += used;
	sc->stack_fin = used >= 0 && sc->stack_sent == sc->plan.stack_bytes;
	return n;
}

/*
 * Not before the handshake is confirmed (RFC 9000, 9), nor often: ngtcp2 keeps probes
 * of paths that were lost in flight for ever.
 */
static void rebind(struct scene *sc, uint64_t now)
{
	if (!sc->plan.rebind_every || !sc->keys || now < sc->rebind_at ||
	    sc->rebinds == REBINDS_MAX)
		return;
	if (sc->rebind_at) {
		world_rebind(sc->world);
		sc->rebinds++;
		/* A client may have migrated without the library. */
		equic_share_handle_expiry(world_share(sc->world), now);
	}
	sc->rebind_at = now + sc->plan.rebind_every;
}

static ngtcp2_ssize app_write(struct world *w, void *ctx, uint8_t *dest,
			      size_t destlen, uint64_t now)
{
	struct scene *sc = ctx;
	ngtcp2_ssize n;

	sc->world = w;
	if (sc->plan.plain || sc->plan.alone || !share(sc, now))
		return stack_write(sc, dest, destlen, now);
	if (!sc->second)
		begin_second(sc);
	rebind(sc, now);
	if (!sc->plan.stack_first)
		second_turn(sc);
	window_all(&sc->window, world_share(sc->world));
	n = stack_write(sc, dest, destlen, now);
	if (sc->plan.stack_first && n <= 0)
		second_turn(sc);
	return n;
}

static bool second_has_more(const struct scene *sc)
{
	int i;

	if (sc->claims < sc->plan.streams || sc->datagrams < sc->plan.datagrams)
		return true;
	for (i = 0; i < sc->claims; i++)
		if (sc->streams[i].live)
			return true;
	return false;
}

static uint64_t app_expiry(void *ctx)
{
	struct scene *sc = ctx;

	if (!sc->shared && sc->plan.share_at > world_now(sc->world))
		return sc->plan.share_at;
	if (sc->dead)
		return sc->revive_at;
	if (actor_hangs(sc->actor))
		return sc->wake_at;
	/* Nobody tells it when it may send again: it looks. */
	return sc->second && second_has_more(sc) ?
		world_now(sc->world) + MS : UINT64_MAX;
}

static const struct world_app app = { .write = app_write, .expiry = app_expiry };

/* The peer wants no more of some, in the middle of them. */
static void stop_some(struct scene *sc)
{
	int i;

	for (i = 0; i < sc->claims; i++) {
		struct scene_stream *st = &sc->streams[i];

		if (!sc->plan.stop_every || i % sc->plan.stop_every ||
		    st->stopped ||
		    scene_received(sc, st->id)->bytes < sc->plan.stream_bytes / 4)
			continue;
		st->stopped = true;
		ngtcp2_conn_shutdown_stream_read(world_peer(sc->world), 0,
						 st->id, STOP_CODE);
	}
}

const struct received_stream *scene_received(struct scene *sc, uint64_t stream)
{
	return receiver_stream(world_receiver(sc->world), stream);
}

static bool stream_over(struct scene *sc, const struct scene_stream *st)
{
	const struct received_stream *got = scene_received(sc, st->id);

	return got->fin || got->reset || st->stopped;
}

bool scene_complete(struct scene *sc)
{
	int i;

	if (sc->stack_stream < 0 || !scene_received(sc, sc->stack_stream)->fin)
		return false;
	if (!sc->spoilt && (sc->claims < sc->plan.streams ||
			    sc->datagrams < sc->plan.datagrams ||
			    sc->done < (uint64_t)sc->plan.streams))
		return false;
	for (i = 0; i < sc->claims; i++)
		if (!stream_over(sc, &sc->streams[i]))
			return false;
	return true;
}

static bool done(struct world *w, void *ctx)
{
	struct scene *sc = ctx;

	(void)w;
	stop_some(sc);
	return scene_complete(sc);
}

bool scene_right(struct scene *sc)
{
	const struct received_stream *got = scene_received(sc, sc->stack_stream);
	uint64_t wrong = got->wrong + (got->bytes != sc->plan.stack_bytes);
	int i;

	for (i = 0; i < sc->claims; i++) {
		got = scene_received(sc, sc->streams[i].id);
		wrong += got->wrong;
		if (got->fin && !sc->spoilt)
			wrong += got->bytes != sc->plan.stream_bytes;
	}
	return !wrong;
}

struct scene *scene_new(const struct scene_plan *plan)
{
	struct scene *sc = calloc(1, sizeof(*sc));
	bool at_once = !plan->alone && !plan->share_at;
	struct world_options options = {
		.path = plan->path, .seed = plan->seed, .begin = plan->begin,
		.batched = plan->batched, .payload_max = plan->payload_max,
		.client = plan->client, .shared = !plan->plain,
		.initial_max_data = plan->initial_max_data,
		.max_stream_data = plan->max_stream_data ?: 1 << 24,
		.max_streams = plan->max_streams ?: 64,
		.max_udp_payload_size = plan->max_udp_payload_size,
		.callbacks = plan->callbacks, .rewire = plan->rewire,
		.priority = plan->priority,
	};

	if (!sc)
		ktap_bail("memory");
	sc->plan = *plan;
	sc->shared = at_once;
	options.share = options_of(sc, at_once);
	options.share.payload_max = plan->payload_max;
	sc->stack_stream = -1;
	sc->actor = actor_new(second_acts, sc);
	chance_seed(&sc->chance, plan->seed + 1);
	sc->world = world_new(&options, &app, sc);
	return sc;
}

void scene_free(struct scene *sc)
{
	if (sc->second)
		end_second(sc);
	actor_free(sc->actor);
	world_free(sc->world);
	free(sc);
}

int scene_play(struct scene *sc, uint64_t until)
{
	return world_run_until(sc->world, done, until);
}

void scene_run(struct scene *sc, uint64_t ns)
{
	if (world_run(sc->world, world_now(sc->world) + ns))
		ktap_bail("the connection ended");
}

bool scene_hang(struct scene *sc, enum second_step step)
{
	uint64_t until = world_now(sc->world) + NGTCP2_SECONDS;

	sc->hang_next = true;
	sc->hang_step = step;
	while (!actor_hangs(sc->actor) && world_now(sc->world) < until)
		scene_run(sc, MS);
	return actor_hangs(sc->actor);
}

void scene_wake(struct scene *sc)
{
	sc->wake_at = world_now(sc->world);
}

int scene_write_in_pieces(struct scene *sc, int count)
{
	uint8_t packet[TRANSIT_DATAGRAM_MAX];
	ngtcp2_vec vec = { sc->stack, 1 };
	ngtcp2_pkt_info pi;
	int64_t stream;
	ngtcp2_ssize n;
	int i;

	if (ngtcp2_conn_open_uni_stream(world_sender(sc->world), &stream, NULL))
		ktap_bail("no stream");
	for (i = 0; i < count; i++) {
		/* What was left to be sent may go first. */
		while ((n = write_quic(sc, &pi, packet, sizeof(packet), NULL,
				       NGTCP2_WRITE_STREAM_FLAG_MORE, stream, &vec, 1,
				       world_now(sc->world))) > 0)
			world_send(sc->world, packet, n);
		if (n != NGTCP2_ERR_WRITE_MORE)
			break;
		n = write_nothing(sc, packet, sizeof(packet), world_now(sc->world));
		if (n <= 0)
			break;
		world_send(sc->world, packet, n);
		scene_run(sc, 7 * MS);
	}
	return i;
}

struct scene *scene_begun(const struct scene_plan *plan)
{
	struct scene *sc = scene_new(plan);

	while (!sc->streams[0].sent && world_now(sc->world) < 10 * NGTCP2_SECONDS)
		scene_run(sc, MS);
	scene_run(sc, 30 * MS);
	if (!sc->streams[0].sent)
		ktap_bail("the second sender has sent nothing");
	return sc;
}

uint64_t scene_duration(const struct scene *sc)
{
	return world_ended(sc->world) - NGTCP2_SECONDS;
}

void scene_print(struct scene *sc, const char *name, int err)
{
	struct equic_share_stats st;
	int i;

	equic_share_get_stats(world_share(sc->world), &st);
	ktap_diag("%s: %d, %.3f s; taken %llu, stack %llu, library %llu, second %llu, void %llu, lost %llu, spurious %llu, resent %llu, window %llu, in flight %llu, rtt %llu us, hostile %llu, estranged %llu, epoch %llu, streams %llu",
		  name, err, world_now(sc->world) / 1e9,
		  (unsigned long long)st.taken, (unsigned long long)st.stack,
		  (unsigned long long)st.library, (unsigned long long)st.second,
		  (unsigned long long)st.voids, (unsigned long long)st.lost,
		  (unsigned long long)st.spurious, (unsigned long long)st.resent,
		  (unsigned long long)st.window, (unsigned long long)st.in_flight,
		  (unsigned long long)st.smoothed_rtt / 1000,
		  (unsigned long long)st.hostile, (unsigned long long)st.estranged,
		  (unsigned long long)st.epoch, (unsigned long long)st.streams);
	ktap_diag("claims %d, datagrams %d arrived %llu acked %llu lost %llu, done %llu, stopped %llu, stack %llu, budget %lld, data %llu of %llu, deaths %llu, overruns %llu",
		  sc->claims, sc->datagrams,
		  (unsigned long long)world_receiver(sc->world)->datagrams,
		  (unsigned long long)sc->fates[0], (unsigned long long)sc->fates[1],
		  (unsigned long long)sc->done, (unsigned long long)sc->stopped,
		  (unsigned long long)sc->stack_sent,
		  (long long)sc->memory->budget,
		  (unsigned long long)sc->memory->data,
		  (unsigned long long)sc->memory->data_max,
		  (unsigned long long)sc->deaths,
		  (unsigned long long)sc->window.overruns);
	for (i = 0; i < sc->claims; i++) {
		const struct received_stream *got =
			scene_received(sc, sc->streams[i].id);

		if (!stream_over(sc, &sc->streams[i]))
			ktap_diag("stream %llu: sent %llu, there %llu, wrong %llu, fin %d, reset %d",
				  (unsigned long long)sc->streams[i].id,
				  (unsigned long long)sc->streams[i].sent,
				  (unsigned long long)got->bytes,
				  (unsigned long long)got->wrong, got->fin,
				  got->reset);
	}
}
