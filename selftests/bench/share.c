// SPDX-License-Identifier: GPL-2.0-only
/*
 * What libequic-shared costs, beside ngtcp2 alone. Both ends are in this process, in
 * virtual time (world.h).
 *
 *	share cost RUNS BYTES	what a server's QUIC spends on a stream, sent or received:
 *				between a call and its return, by this thread's clock
 *	share rate		how fast a stream is
 *	share fair SEEDS	what a connection leaves to one of ngtcp2 alone
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "fair.h"
#include "idle.h"
#include "ktap.h"
#include "scene.h"
#include "value.h"

#define MS NGTCP2_MILLISECONDS
#define S NGTCP2_SECONDS

enum {
	PAYLOAD = EQUIC_SHARE_PAYLOAD_MAX,
	VECTOR = 16384,
	/* How often nothing is measured. */
	EMPTY = 10000,
	RATE_BYTES = 16 << 20,
	RATE_STREAMS = 8,
};

/* Who the server is. */
enum server { PLAIN, ALONE, SHARED, SERVERS };

static const char * const servers[] = {
	[PLAIN] = "ngtcp2",
	[ALONE] = "library alone",
	[SHARED] = "library",
};

/* A server that sends one stream, of nothing, or receives one. */
struct sender {
	enum server	who;
	uint64_t	left;
	int64_t		stream;
	uint64_t	awaited;
};

static uint64_t cpu_time(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return ts.tv_sec * S + ts.tv_nsec;
}

static ngtcp2_ssize write_quic(struct world *w, struct sender *sender, uint8_t *dest,
			   size_t destlen, ngtcp2_ssize *used, int64_t stream,
			   const ngtcp2_vec *vec, size_t count, uint64_t now)
{
	ngtcp2_path_storage ps;
	ngtcp2_pkt_info pi;

	ngtcp2_path_storage_zero(&ps);
	if (sender->who == PLAIN)
		return ngtcp2_conn_writev_stream(world_sender(w), &ps.path, &pi,
						 dest, destlen, used, 0, stream,
						 vec, count, now);
	return equic_share_writev_stream(world_share(w), &ps.path, &pi, dest,
					 destlen, used, 0, stream, vec, count,
					 now);
}

static ngtcp2_ssize on_write(struct world *w, void *ctx, uint8_t *dest,
			     size_t destlen, uint64_t now)
{
	static const uint8_t zero[VECTOR];
	struct sender *sender = ctx;
	ngtcp2_vec vec = {
		(uint8_t *)zero,
		sender->left < VECTOR ? sender->left : VECTOR,
	};
	ngtcp2_ssize n, used = -1;

	if (sender->left && sender->stream < 0 &&
	    ngtcp2_conn_open_uni_stream(world_sender(w), &sender->stream, NULL))
		sender->stream = -1;
	if (sender->stream < 0 || !sender->left)
		return write_quic(w, sender, dest, destlen, NULL, -1, NULL, 0, now);
	n = write_quic(w, sender, dest, destlen, &used, sender->stream, &vec, 1, now);
	if (n == NGTCP2_ERR_STREAM_DATA_BLOCKED)
		return write_quic(w, sender, dest, destlen, NULL, -1, NULL, 0, now);
	if (used > 0)
		sender->left -= used;
	return n;
}

static uint64_t on_expiry(void *ctx)
{
	(void)ctx;
	return UINT64_MAX;
}

static const struct world_app app = { .write = on_write, .expiry = on_expiry };

static bool is_ready(struct world *w, void *ctx)
{
	(void)ctx;
	return world_sender(w) &&
	       ngtcp2_conn_get_handshake_completed(world_sender(w));
}

static bool is_sent(struct world *w, void *ctx)
{
	struct sender *sender = ctx;

	return !sender->left && sender->stream >= 0 &&
	       world_receiver(w)->bytes == sender->awaited;
}

static bool is_received(struct world *w, void *ctx)
{
	const struct sender *sender = ctx;

	return world_got_back(w) >= sender->awaited;
}

/* What nothing costs, as often as the clock was asked. */
static double empty(void)
{
	uint64_t sum = 0;
	int i;

	for (i = 0; i < EMPTY; i++) {
		uint64_t since = cpu_time();

		sum += cpu_time() - since;
	}
	return (double)sum / EMPTY;
}

static const struct transit_path fast = {
	.delay = 10 * MS, .rate = 12500000, .queue = 8 << 20,
};

/* Of a stream, without the handshake. */
static double cost(enum server who, bool receives, uint64_t bytes)
{
	struct sender sender = { .who = who, .stream = -1, .awaited = bytes };
	struct world_options options = {
		.path = fast, .seed = 1, .shared = who != PLAIN,
		.share = {
			.events = who == SHARED ? &idle_events : NULL, .memory = -1,
			.ring_count = who == SHARED,
			.payload_max = PAYLOAD,
		},
		.initial_max_data = 4 << 20, .max_stream_data = 4 << 20,
		.max_streams = 64, .payload_max = PAYLOAD, .back = receives ? bytes : 0,
		.clock = cpu_time,
	};
	struct world *w = world_new(&options, &app, &sender);
	double before, after;
	uint64_t calls;
	int err;

	err = world_run_until(w, is_ready, 10 * S);
	before = world_spent(w);
	calls = world_calls(w);
	if (!receives)
		sender.left = bytes;
	err = err ?: world_run_until(w, receives ? is_received : is_sent, 600 * S);
	if (err || (receives ? world_got_back(w) < bytes : sender.left))
		ktap_bail("%s: %d", servers[who], err);
	after = world_spent(w) - (world_calls(w) - calls) * empty();
	world_free(w);
	return after - before;
}

static void compare(int runs, uint64_t bytes)
{
	int run, i, receives, who;

	for (receives = 0; receives < 2; receives++)
		for (run = 1; run <= runs; run++)
			for (i = 0; i < 2 * SERVERS; i++) {
				who = i < SERVERS ? i : 2 * SERVERS - 1 - i;
				tell(.what = receives ? "receives" : "sends",
				     .who = servers[who], .run = run,
				     .value = cost(who, receives, bytes));
			}
}

/* Bottlenecks whose queues are one product of rate and delay. */
static const struct {
	const char *name;
	struct transit_path path;
} paths[] = {
	{ "10 Mbit/s, 20 ms", { .delay = 10 * MS, .rate = 1250000, .queue = 25000 } },
	{ "20 Mbit/s, 30 ms", { .delay = 15 * MS, .rate = 2500000, .queue = 75000 } },
	{ "50 Mbit/s, 10 ms", { .delay = 5 * MS, .rate = 6250000, .queue = 62500 } },
	{ "100 Mbit/s, 40 ms", { .delay = 20 * MS, .rate = 12500000, .queue = 500000 } },
	{ "20 Mbit/s, 100 ms", { .delay = 50 * MS, .rate = 2500000, .queue = 250000 } },
};

static const char * const senders[] = {
	[FAIR_BOTH] = "two senders",
	[FAIR_STACK] = "the stack through the library",
	[FAIR_SECOND] = "the second sender",
	[FAIR_NGTCP2] = "ngtcp2",
};

/* Seconds that so many bytes take. */
static double seconds(size_t path, enum fair_senders who)
{
	struct scene_plan plan = {
		.path = paths[path].path, .seed = 1, .payload_max = PAYLOAD,
		.initial_max_data = 4 << 20, .plain = who == FAIR_NGTCP2,
		.stack_bytes = who == FAIR_SECOND ? 1 : RATE_BYTES,
		.streams = who == FAIR_SECOND ? RATE_STREAMS : 0,
		.stream_bytes = RATE_BYTES / RATE_STREAMS,
	};
	struct scene *scene = scene_new(&plan);
	double took;

	if (scene_play(scene, 600 * S) || !scene_complete(scene))
		ktap_bail("%s: %s", paths[path].name, senders[who]);
	took = scene_duration(scene) / 1e9;
	scene_free(scene);
	return took;
}

static void rate_all(void)
{
	static const enum fair_senders whose[] = {
		FAIR_NGTCP2, FAIR_STACK, FAIR_SECOND,
	};
	size_t path, i;

	for (path = 0; path < sizeof(paths) / sizeof(paths[0]); path++)
		for (i = 0; i < sizeof(whose) / sizeof(whose[0]); i++)
			tell(.what = paths[path].name, .who = senders[whose[i]],
			     .unit = "Mbit/s",
			     .value = RATE_BYTES * 8 / 1e6 / seconds(path, whose[i]));
}

static void fair(size_t path, enum fair_senders who, int seed)
{
	struct fair fair = {
		.path = paths[path].path, .senders = who, .seed = seed,
		.payload_max = PAYLOAD, .duration = 30 * S,
	};

	if (fair_play(&fair))
		ktap_bail("%s: %s", paths[path].name, senders[who]);
	tell(.what = paths[path].name, .who = senders[who], .run = seed,
	     .unit = "index", .value = fair_index(&fair));
	tell(.what = paths[path].name, .who = senders[who], .run = seed,
	     .unit = "share", .value = (double)fair.first / (fair.first + fair.other));
}

static void fair_all(int seeds)
{
	enum fair_senders who;
	size_t path;
	int seed;

	for (path = 0; path < sizeof(paths) / sizeof(paths[0]); path++)
		for (seed = 1; seed <= seeds; seed++)
			for (who = FAIR_BOTH; who <= FAIR_NGTCP2; who++)
				fair(path, who, seed);
}

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "cost"))
		compare(atoi(argv[2]), strtoull(argv[3], NULL, 0));
	else if (argc == 3 && !strcmp(argv[1], "fair"))
		fair_all(atoi(argv[2]));
	else if (argc == 2 && !strcmp(argv[1], "rate"))
		rate_all();
	else
		ktap_bail("usage: share cost RUNS BYTES | rate | fair SEEDS");
	return 0;
}
