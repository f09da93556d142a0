// SPDX-License-Identifier: GPL-2.0-only
/*
 * A connection with two senders, whose peer is ngtcp2 as it is: what each of them
 * sends arrives, whole and once, whatever the path, the peer and death do.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "ktap.h"
#include "scene.h"
#include "share.h"
#include "word.h"

#define MS NGTCP2_MILLISECONDS
#define S NGTCP2_SECONDS

static const struct transit_path clean = {
	.delay = 10 * MS, .rate = 5000000, .queue = 200000,
};

/* RFC 9002, 7.2: ten datagrams. */
enum { INITIAL_WINDOW = 10 * EQUIC_SHARE_PAYLOAD_DEFAULT };

/* Of what the stack has found out, or is sure of. */
static bool found_window(uint64_t window)
{
	return window >= 10 * EQUIC_SHARE_PAYLOAD_MIN &&
	       window <= 10 * EQUIC_SHARE_PAYLOAD_MAX;
}

static const struct scene_plan usual = {
	.path = clean, .streams = 6, .stream_bytes = 150000,
	.stack_bytes = 500000, .datagrams = 300, .initial_max_data = 1 << 18,
};

/* A pool of streams waits; none of those that were used is open. */
static bool none_open(struct scene *sc)
{
	struct equic_share_stats st;

	if (world_run(sc->world, world_now(sc->world) + 3 * S))
		return false;
	equic_share_get_stats(world_share(sc->world), &st);
	return st.streams == EQUIC_SHARED_POOL && !st.in_flight;
}

static unsigned int resets(struct scene *sc)
{
	unsigned int n = 0;
	int i;

	for (i = 0; i < sc->claims; i++)
		n += scene_received(sc, sc->streams[i].id)->reset;
	return n;
}

/* Of those that the second sender had, some that the stack says it forgets. */
static bool forgotten(struct scene *sc)
{
	int i;

	for (i = 0; i < sc->claims; i++)
		if (scene_received(sc, sc->streams[i].id)->empty)
			return true;
	return false;
}

static struct equic_share_stats play(const char *role, const char *what,
				     const struct scene_plan *plan)
{
	struct scene *sc = scene_new(plan);
	struct equic_share_stats st;
	int err = scene_play(sc, 300 * S);
	unsigned int rouses;
	char name[80];

	snprintf(name, sizeof(name), "%s, %s", role, what);

	scene_print(sc, name, err);
	ktap_result(!err && scene_complete(sc),
		    "%s: all that three senders sent arrives", name);
	ktap_result(scene_right(sc), "%s: each byte as it was", name);
	ktap_result(!world_receiver(sc->world)->repeated,
		    "%s: no packet number is used twice", name);
	ktap_result(!sc->window.overruns, "%s: the window is kept to", name);
	ktap_result(!sc->window.stack_overruns, "%s: stack data is written within it", name);
	ktap_result(!sc->astray && !sc->stale,
		    "%s: the second sender is stopped while it learns a path", name);
	ktap_result(!sc->early && !sc->late,
		    "%s: it has a key when the handshake is confirmed, and the next before its use",
		    name);
	ktap_result(world_receiver(sc->world)->narrow_above <= sc->first,
		    "%s: packet numbers have four bytes", name);
	equic_share_get_stats(world_share(sc->world), &st);
	/*
	 * But of a stream that nobody has begun, where an update found the stack silent, or
	 * so much was lost that it probes.
	 */
	rouses = plan->path.loss || plan->loss ? world_share(sc->world)->rouses : 0;
	ktap_result(!forgotten(sc) && world_receiver(sc->world)->empty_streams <=
					      (plan->update_after ? st.epoch + 1 : 0) + rouses,
		    "%s: the peer is not told what the stack forgets", name);
	if (plan->stop_every)
		ktap_result(sc->stopped && resets(sc),
			    "%s: the endpoint is told, and they are reset", name);
	if (plan->rebind_every)
		ktap_result(plan->share_at ? found_window(sc->window.of_path) :
					     sc->window.of_path == INITIAL_WINDOW,
			    "%s: with the path the window begins anew", name);
	ktap_result(!sc->window.marked, "%s: no packet is marked (ECN)", name);
	ktap_result(none_open(sc), "%s: no stream is left open", name);
	scene_free(sc);
	return st;
}

/* What it has reserved and not told of yet is not granted once more. */
static void test_reserved(uint64_t seed)
{
	struct scene_plan plan = usual;
	struct equic_share_stats st;
	struct scene *sc;
	int64_t taken = 0;

	plan.seed = seed;
	plan.streams = plan.datagrams = 0;
	sc = scene_new(&plan);
	while (sc->stack_sent < plan.stack_bytes / 4)
		world_run(sc->world, world_now(sc->world) + MS);
	equic_share_get_stats(world_share(sc->world), &st);
	ktap_result(st.in_flight && st.stack && !st.second,
		    "what the stack sends is in the window's account");
	while (!budget_take(sc->memory, 1000))
		taken += 1000;
	equic_share_handle_expiry(world_share(sc->world), world_now(sc->world));
	equic_share_get_stats(world_share(sc->world), &st);
	ktap_result(taken && sc->memory->budget + taken + (int64_t)st.in_flight <=
				     (int64_t)st.window,
		    "what the second sender reserved is not granted again");
	scene_free(sc);
}

/* It died between paying for bytes and taking them. */
static void test_paid(uint64_t seed)
{
	struct scene_plan plan = usual;
	struct scene *sc;
	uint64_t data;

	plan.seed = seed;
	/* More than is sent. */
	plan.initial_max_data = 1 << 22;
	sc = scene_new(&plan);
	while (sc->stack_sent < plan.stack_bytes / 4)
		world_run(sc->world, world_now(sc->world) + MS);
	equic_share_handle_expiry(world_share(sc->world), world_now(sc->world));
	data = sc->memory->data;
	ktap_result(!data_take(sc->memory, 1000), "credit is paid");
	equic_share_second_died(world_share(sc->world));
	ktap_result(data && sc->memory->data == data,
		    "what a dead sender paid and did not take is credit again");
	scene_free(sc);
}

/* Both have more than the window allows, all the time. */
static const struct scene_plan bulk = {
	.path = { .delay = 10 * MS, .rate = 1250000, .queue = 25000 },
	.streams = 2, .stream_bytes = 8 << 20, .stack_bytes = 8 << 20,
	.initial_max_data = 4 << 20,
};

/* Whether, in six seconds, both together used the path, and either had two fifths. */
static bool halves(struct scene *sc)
{
	uint64_t second = sc->streams[0].sent + sc->streams[1].sent;
	uint64_t all = second + sc->stack_sent;

	ktap_diag("of the stack %llu bytes, of the second sender %llu",
		  (unsigned long long)sc->stack_sent, (unsigned long long)second);
	return all > 5 << 20 && second > all / 5 * 2 && sc->stack_sent > all / 5 * 2;
}

static void test_halves(uint64_t seed, bool stack_first)
{
	struct scene_plan plan = bulk;
	struct scene *sc;

	plan.seed = seed;
	plan.stack_first = stack_first;
	sc = scene_new(&plan);
	scene_play(sc, 6 * S);
	ktap_result(halves(sc), "each sender gets half, though the %s is always first",
		    stack_first ? "stack" : "second sender");
	scene_free(sc);
}

/* The stack has little, and wants it at once. */
static void test_rest(uint64_t seed)
{
	struct scene_plan plan = bulk;
	struct scene *sc;

	plan.seed = seed;
	plan.stack_bytes = 1 << 20;
	sc = scene_new(&plan);
	scene_play(sc, 6 * S);
	ktap_result(sc->stack_fin &&
			    sc->streams[0].sent + sc->streams[1].sent > 4 << 20,
		    "the second sender gets all when the stack has ended");
	scene_free(sc);
}

/* It says that it took more than there is, and gives more back than it took. */
static void test_liar(uint64_t seed)
{
	struct scene_plan plan = bulk;
	struct scene *sc;
	int i;

	plan.seed = seed;
	sc = scene_new(&plan);
	scene_play(sc, 1500 * MS);
	sc->memory->budget -= 1LL << 39;
	for (i = 0; i < 500; i++) {
		scene_play(sc, (1510 + 9 * i) * MS);
		sc->memory->budget += 12000;
		sc->memory->refused++;
	}
	ktap_result(halves(sc), "whatever it says of the budget");
	scene_free(sc);
}

/* A packet of next to nothing, whatever the budget. */
static void tell_little(struct scene *sc)
{
	const int64_t more = 1LL << 50;

	sc->memory->budget += more;
	if (second_datagram(sc->second, "", 1, 0))
		ktap_bail("no packet");
	sc->memory->budget -= more;
}

/*
 * It takes more than there is, @often or once, and tells of a little of it in time.
 * Return: what the stack sends in four seconds, of which it waits 100 ms.
 */
static uint64_t sent_beside_miser(uint64_t seed, bool often)
{
	struct scene_plan plan = bulk;
	struct scene *sc;
	uint64_t sent;
	int i;

	plan.seed = seed;
	sc = scene_new(&plan);
	scene_play(sc, 2 * S);
	sc->dead = true;
	sc->revive_at = UINT64_MAX;
	sent = sc->stack_sent;
	for (i = 0; i < 80; i++) {
		if (!i || often)
			sc->memory->budget -= 1LL << 39;
		sc->memory->refused++;
		tell_little(sc);
		scene_play(sc, 2 * S + (i + 1) * 50 * MS);
	}
	sent = sc->stack_sent - sent;
	scene_free(sc);
	return sent;
}

static void test_miser(uint64_t seed, bool often)
{
	uint64_t sent = sent_beside_miser(seed, often);

	ktap_diag("the stack sends %llu bytes in 4 s", (unsigned long long)sent);
	ktap_result(sent > 4 << 20, "%s: the endpoint waits once for it",
		    often ? "it takes all again and again, and tells of a little" :
			    "it takes all, and tells of a little now and then");
}

/*
 * All that might be sent is taken for nothing. Then a stream of the library's has bytes,
 * the stack has none, and nothing is in flight: nothing will happen but by a timer.
 */
static void test_silent_miser(uint64_t seed)
{
	struct scene_plan plan = {
		.path = { .delay = 10 * MS, .rate = 5000000, .queue = 200000 },
		.seed = seed, .streams = 1, .stream_bytes = 60000, .stack_bytes = 1,
		.initial_max_data = 1 << 22,
	};
	const struct received_stream *got;
	struct equic_share *share;
	struct scene *sc;
	uint64_t stream;

	sc = scene_new(&plan);
	scene_play(sc, 20 * S);
	share = world_share(sc->world);
	sc->dead = true;
	sc->revive_at = UINT64_MAX;
	scene_run(sc, S);
	sc->memory->budget -= 1LL << 39;
	if (equic_share_stream_open(share, &stream) ||
	    equic_share_stream_send(share, stream, 0, 1000, true) ||
	    equic_share_handle_expiry(share, world_now(sc->world)))
		ktap_bail("no stream");
	scene_run(sc, S);
	got = scene_received(sc, stream);
	ktap_result(got->bytes == 1000 && got->fin && !got->wrong,
		    "it takes all, and all are silent: what the library has is sent");
	scene_free(sc);
}

/* The stack has nothing to send; what is lost is sent again in the middle of the rest. */
static void test_resent(uint64_t seed)
{
	struct scene_plan plan = bulk;
	struct scene *sc;
	uint64_t there;

	plan.seed = seed;
	plan.stack_bytes = 1;
	plan.path.loss = 5;
	sc = scene_new(&plan);
	scene_play(sc, 5 * S);
	there = receiver_stream(world_receiver(sc->world),
				sc->streams[0].id)->bytes;
	ktap_diag("sent %llu, there %llu", (unsigned long long)sc->streams[0].sent,
		  (unsigned long long)there);
	ktap_result(there > 1 << 20 && sc->streams[0].sent - there < 1 << 18,
		    "what the library sends again has its part as well");
	scene_free(sc);
}

/* As much of a stream of the stack's as may be sent now. */
static void write_stack(struct scene *sc, int64_t stream)
{
	uint8_t packet[TRANSIT_DATAGRAM_MAX];
	ngtcp2_vec vec = { sc->stack, 10000 };
	ngtcp2_path_storage ps;
	ngtcp2_pkt_info pi;
	ngtcp2_ssize n;

	ngtcp2_path_storage_zero(&ps);
	while ((n = equic_share_writev_stream(world_share(sc->world), &ps.path, &pi,
					      packet, sizeof(packet), NULL, 0, stream,
					      &vec, 1, world_now(sc->world))) > 0)
		world_send(sc->world, packet, n);
}

/*
 * The second sender has made the window of all a large one, and is silent; the stack's
 * own is that of one who begins. It writes for almost an RTT.
 */
static void test_own_window(uint64_t seed)
{
	struct scene_plan plan = bulk;
	struct equic_share_stats st;
	ngtcp2_conn_info own;
	struct scene *sc;
	int64_t stream;
	int i;

	plan.seed = seed;
	plan.stack_bytes = 1;
	plan.stream_bytes = 1 << 20;
	plan.path.queue = 1 << 24;
	plan.path.delay = 100 * MS;
	sc = scene_new(&plan);
	if (scene_play(sc, 60 * S) ||
	    ngtcp2_conn_open_uni_stream(world_sender(sc->world), &stream, NULL))
		ktap_bail("no stream");
	scene_run(sc, S);
	for (i = 0; i < 190; i++) {
		write_stack(sc, stream);
		scene_run(sc, MS);
	}
	equic_share_get_stats(world_share(sc->world), &st);
	ngtcp2_conn_get_conn_info(world_sender(sc->world), &own);
	ktap_diag("of %llu bytes %llu, of all %llu, which may be %llu",
		  (unsigned long long)own.cwnd, (unsigned long long)own.bytes_in_flight,
		  (unsigned long long)st.in_flight, (unsigned long long)st.window);
	ktap_result(own.bytes_in_flight + EQUIC_SHARE_PAYLOAD_DEFAULT > own.cwnd &&
		    own.bytes_in_flight <= own.cwnd + EQUIC_SHARE_PAYLOAD_DEFAULT &&
		    st.window > 2 * st.in_flight,
		    "the stack keeps to its own window as well");
	scene_free(sc);
}

/*
 * What the stack's probes were to hold has arrived meanwhile, its window is full of what
 * was lost, and so is that of all: if it may not send new data then, it never does. Seeds
 * with which that happens: of ngtcp2 1.22 the first three, of 1.11 the others.
 */
static void test_probes(uint64_t seed)
{
	uint64_t seeds[] = { 7, 8, 9, 27, 32, 54, seed };
	struct scene_plan plan = usual;
	bool right = true;
	unsigned int i;

	plan.loss = 400;
	plan.stream_bytes = 30000;
	plan.stack_bytes = 100000;
	plan.datagrams = 3000;
	for (i = 0; i < sizeof(seeds) / sizeof(seeds[0]); i++) {
		struct scene *sc;

		plan.seed = seeds[i];
		plan.client = plan.seed & 1;
		sc = scene_new(&plan);
		right &= !scene_play(sc, 300 * S) && scene_complete(sc) && scene_right(sc);
		scene_free(sc);
	}
	ktap_result(right, "40 %% loss: no window keeps back the stack's probes, and all arrives");
}

static void test_fin_closes(uint64_t seed)
{
	struct scene_plan plan = usual;
	unsigned int slot, generation;
	struct scene *sc;
	uint8_t byte = 0;
	uint64_t id;
	int err;

	plan.seed = seed;
	plan.initial_max_data = 1 << 22;
	sc = scene_begun(&plan);
	/* For both packets, or it is the budget that refuses one. */
	while (sc->memory->budget < 1000)
		scene_run(sc, MS);
	if (second_claim(sc->second, &slot, &generation))
		ktap_bail("no stream");
	id = sc->memory->streams[slot].id;
	/* Nobody looks from one to the next. */
	err = second_stream(sc->second, slot, generation, 0, &byte, 1, true, 0);
	ktap_result(!err && second_stream(sc->second, slot, generation, 1, &byte, 1,
					  false, 0) == -ESHUTDOWN,
		    "behind FIN nobody takes bytes");
	ktap_result(equic_share_stream_send(world_share(sc->world), id, 1, 1, false) ==
			    NGTCP2_ERR_STREAM_SHUT_WR,
		    "nor does the endpoint");
	ktap_result(!scene_play(sc, 60 * S) && scene_received(sc, id)->fin &&
			    scene_received(sc, id)->bytes == 1,
		    "and so it arrives");
	scene_free(sc);
}

static void test_direct_call(uint64_t seed)
{
	struct scene_plan plan = usual;
	uint8_t buf[TRANSIT_DATAGRAM_MAX];
	struct scene *sc;

	plan.seed = seed;
	sc = scene_new(&plan);
	world_run(sc->world, 1200 * MS);
	ngtcp2_conn_shutdown_stream_write(world_sender(sc->world), 0,
					  sc->stack_stream, 1);
	ktap_result(ngtcp2_conn_write_pkt(world_sender(sc->world), NULL, NULL, buf,
					  sizeof(buf), world_now(sc->world)) ==
			    NGTCP2_ERR_CALLBACK_FAILURE,
		    "what would leave without the library is refused");
	scene_free(sc);
}

static void play_disorder(const char *role, struct scene_plan plan)
{
	plan.path.loss = 30;
	play(role, "3 % loss", &plan);
	plan.path.twice = 30;
	plan.path.jitter = 20 * MS;
	play(role, "loss, duplication, disorder", &plan);
}

/* On each address there is more to send. */
static void play_rebound(const char *role, struct scene_plan plan)
{
	plan.rebind_every = 300 * MS;
	plan.stream_bytes *= 6;
	play(role, "another address every 300 ms", &plan);
}

/* Of each there is more to come. With loss, some are reset twice. */
static void play_stopped(const char *role, struct scene_plan plan)
{
	plan.stop_every = 2;
	plan.stream_bytes *= 10;
	play(role, "the peer stops streams", &plan);
	plan.stop_every = 1;
	plan.loss = 200;
	plan.streams = SCENE_STREAMS_MAX;
	plan.stream_bytes = 20000;
	play(role, "the peer stops streams, 20 % loss", &plan);
}

/* What may happen to a connection, with the server as the one that is shared, or the client. */
static void test_role(uint64_t seed, bool client)
{
	const char *role = client ? "client" : "server";
	struct scene_plan plan = usual;
	struct equic_share_stats st;

	plan.seed = seed;
	plan.client = client;
	st = play(role, "a clean path", &plan);
	ktap_result(!st.hostile && !st.library, "%s: nothing is sent twice there",
		    role);
	play_disorder(role, plan);
	plan.update_after = 300;
	st = play(role, "key updates", &plan);
	ktap_result(st.epoch >= 2,
		    "%s: there were two at least, by the packets of all senders",
		    role);
	plan.path.loss = 30;
	play(role, "key updates, 3 % loss", &plan);
	plan.path = clean;
	plan.update_after = 0;
	play_rebound(role, plan);
	plan.initial_max_data = 20000;
	play(role, "little credit", &plan);
	plan.initial_max_data = usual.initial_max_data;
	plan.max_stream_data = 10000;
	play(role, "little credit on each stream", &plan);
	plan.max_stream_data = 0;
	play_stopped(role, plan);
	plan.mortal = 3;
	play(role, "the second sender dies", &plan);
	plan.path.loss = 30;
	play(role, "the second sender dies, 3 % loss", &plan);
	plan.mortal = 0;
	plan.path = clean;
	/* There is room for all: what is lost was not. */
	plan.path.queue = 1 << 24;
	plan.batched = plan.stack_first = true;
	st = play(role, "packets of the stack wait for others", &plan);
	ktap_result(!st.lost, "%s: they are not lost when the second sender's pass them",
		    role);
}

/* The stack is alone for a while, in which it has sent a good part of what it has. */
static void test_later(uint64_t seed, bool client)
{
	const char *role = client ? "client, shared later" : "server, shared later";
	struct scene_plan plan = usual;
	struct equic_share_stats st;

	plan.seed = seed;
	plan.client = client;
	plan.share_at = 1100 * MS;
	st = play(role, "a clean path", &plan);
	ktap_result(!st.hostile, "%s: the second sender is at home", role);
	play_disorder(role, plan);
	plan.update_after = 70;
	st = play(role, "key updates", &plan);
	ktap_result(st.epoch >= 2, "%s: there were two at least", role);
	plan.update_after = 0;
	play_rebound(role, plan);
	plan.initial_max_data = 20000;
	play(role, "little credit", &plan);
	plan.initial_max_data = usual.initial_max_data;
	plan.mortal = 3;
	plan.path.loss = 30;
	play(role, "the second sender dies, 3 % loss", &plan);
}

int main(int argc, char **argv)
{
	struct plan chances;

	ktap_begin();
	chances = chance_plan(argc, argv, 1, "runs");
	test_role(chances.seed, false);
	test_role(chances.seed, true);
	test_later(chances.seed, false);
	test_later(chances.seed, true);
	test_reserved(chances.seed);
	test_paid(chances.seed);
	test_halves(chances.seed, false);
	test_halves(chances.seed, true);
	test_rest(chances.seed);
	test_liar(chances.seed);
	test_miser(chances.seed, false);
	test_miser(chances.seed, true);
	test_silent_miser(chances.seed);
	test_resent(chances.seed);
	test_own_window(chances.seed);
	test_probes(chances.seed);
	test_fin_closes(chances.seed);
	test_direct_call(chances.seed);
	return ktap_end();
}
