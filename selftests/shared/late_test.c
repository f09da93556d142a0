// SPDX-License-Identifier: GPL-2.0-only
/*
 * What comes late, or from where nobody looks for it: packets of a stream that is over,
 * a sender that hung, calls for another connection in a callback of this one, what the
 * path takes, FIN.
 */
#include <string.h>
#include "enemy.h"
#include "ktap.h"
#include "word.h"

#define MS NGTCP2_MILLISECONDS
#define S NGTCP2_SECONDS

enum { CODE = 9, LONG = 1452, SHORT = 1300 };

static const struct scene_plan usual = {
	.path = { .delay = 10 * MS, .rate = 5000000, .queue = 200000 },
	.seed = 1, .streams = 6, .stream_bytes = 1500000, .stack_bytes = 500000,
	.initial_max_data = 4 << 20,
};

/* It took number and record, and hung; then it tells, sends, and dies. */
static void test_over(void)
{
	struct scene *sc = scene_begun(&usual);
	struct equic_record *record = ring_reserve(sc->ring);
	struct scene_stream *stream = &sc->streams[0];
	struct equic_share *share = world_share(sc->world);
	static const uint8_t ping[100] = { 1 };
	struct equic_share_stats st;
	uint64_t word, second, numbers;
	int err;

	if (!record || number_take(sc->memory, true, &word))
		ktap_bail("no number");
	*record = (struct equic_record){
		.number = word, .sent_ns = world_now(sc->world), .size = 130,
		.connection = sc->memory->connection,
		.kind = EQUIC_RECORD_STREAM,
		.slot = stream->slot, .generation = stream->generation,
		.len = 100, .offset = stream->sent,
	};
	sc->dead = true;
	sc->revive_at = UINT64_MAX;
	equic_share_stream_reset(share, stream->id, CODE);
	scene_run(sc, S);
	equic_share_get_stats(share, &st);
	second = st.second;
	numbers = world_receiver(sc->world)->number_count;
	ring_submit(sc->ring, record);
	enemy_send_under(sc, word, ping, sizeof(ping));
	equic_share_second_died(share);
	err = world_run(sc->world, world_now(sc->world) + 3 * S);
	equic_share_get_stats(share, &st);
	ktap_result(!err && world_receiver(sc->world)->number_count > numbers &&
			    scene_received(sc, sc->stack_stream)->fin,
		    "a packet of a stream that is over by then: the connection goes on");
	ktap_result(st.second == second + 1 && !st.hostile,
		    "it is counted, and nobody is accused");
	scene_free(sc);
}

static const char *const behind[] = {
	[SECOND_RESERVED] = "reserving",
	[SECOND_BUDGET] = "budget",
	[SECOND_CREDIT] = "credit",
	[SECOND_NUMBER] = "number",
	[SECOND_SEALED] = "sealing",
	[SECOND_SUBMITTED] = "submitting",
	[SECOND_SENT] = "sending",
};

static bool wait(struct scene *sc)
{
	scene_run(sc, S);
	return true;
}

/* As soon as it may be, and the stack has something to send with the next one. */
static bool update_keys(struct scene *sc)
{
	struct equic_share_stats before, st;
	int i, err = -1;

	equic_share_get_stats(world_share(sc->world), &before);
	for (i = 0; i < 300; i++) {
		if (err)
			err = ngtcp2_conn_initiate_key_update(world_sender(sc->world),
							      world_now(sc->world));
		scene_run(sc, 10 * MS);
		equic_share_get_stats(world_share(sc->world), &st);
		if (st.epoch > before.epoch)
			return true;
	}
	return false;
}

/* The first of the two keys that it has is gone then. */
static bool update_keys_twice(struct scene *sc)
{
	return update_keys(sc) && update_keys(sc);
}

static bool change_path(struct scene *sc)
{
	uint64_t paths = sc->paths;

	world_rebind(sc->world);
	equic_share_handle_expiry(world_share(sc->world), world_now(sc->world));
	scene_run(sc, S);
	return sc->paths > paths;
}

/* The stream is the first that has not ended. */
static bool reuse_slot(struct scene *sc)
{
	struct equic_share *share = world_share(sc->world);
	struct scene_stream *stream = sc->streams;
	uint64_t id, word;

	while (!stream->live)
		stream++;
	equic_share_stream_reset(share, stream->id, CODE);
	scene_run(sc, S);
	do {
		if (equic_share_stream_open(share, &id) ||
		    equic_share_stream_send(share, id, 0, 1000, false))
			return false;
		word = stream_read(sc->memory, stream->slot);
	} while (!word);
	return stream_end(word) == 1000 && stream_generation(word) != stream->generation;
}

static const struct meanwhile {
	const char	*what;
	bool		(*happens)(struct scene *sc);
} meanwhile[] = {
	{ "nothing", wait },
	{ "a key update", update_keys },
	{ "two key updates", update_keys_twice },
	{ "another path", change_path },
	{ "another stream in its slot", reuse_slot },
};

/* What others have begun meanwhile. */
static void end_streams(struct scene *sc)
{
	struct equic_share *share = world_share(sc->world);
	struct equic_share_stream st, *at = NULL;

	while (equic_share_stream_next(share, at, &st)) {
		if (st.begun && !st.ended)
			equic_share_stream_send(share, st.id, st.end, 0, true);
		at = &st;
	}
}

/* All is over, and a pool waits. */
static bool none_left(struct scene *sc)
{
	struct equic_share_stats st;

	end_streams(sc);
	if (world_run(sc->world, world_now(sc->world) + 3 * S))
		return false;
	equic_share_get_stats(world_share(sc->world), &st);
	return st.streams == EQUIC_SHARED_POOL && !st.in_flight && !st.hostile &&
	       st.taken == st.stack + st.library + st.second + st.voids;
}

/* It takes seconds until all is sent. */
static const struct transit_path slow = {
	.delay = 10 * MS, .rate = 100000, .queue = 10000, .loss = 10,
};

/* In the middle of a packet. */
static void hangs(enum second_step step, const struct meanwhile *with, bool client)
{
	struct scene_plan plan = usual;
	bool happened, arrived;
	struct scene *sc;

	plan.client = client;
	plan.streams = 20;
	plan.stream_bytes = 10000;
	plan.path = slow;
	sc = scene_begun(&plan);
	happened = scene_hang(sc, step) && with->happens(sc);
	scene_wake(sc);
	arrived = !scene_play(sc, world_now(sc->world) + 60 * S) &&
		  scene_complete(sc) && scene_right(sc) &&
		  !world_receiver(sc->world)->repeated && !sc->stale && !sc->astray;
	ktap_result(happened && arrived && none_left(sc),
		    "%s: it hangs behind %s, meanwhile %s: each byte arrives once, nothing is left",
		    client ? "client" : "server", behind[step], with->what);
	if (!happened || !arrived)
		scene_print(sc, happened ? "hung" : "has not hung", 0);
	scene_free(sc);
}

static void test_hangs(bool client)
{
	enum second_step step;
	size_t i;

	for (i = 0; i < sizeof(meanwhile) / sizeof(meanwhile[0]); i++)
		for (step = 0; step < SECOND_STEPS; step++)
			hangs(step, &meanwhile[i], client);
}

static struct scene *other;

static void call_other(void)
{
	equic_share_handle_expiry(world_share(other->world),
				  world_now(other->world));
}

/* As a relay does, which sends to its subscribers when a publisher's bytes come. */
static void test_nested(void)
{
	struct scene_plan plan = usual;
	struct equic_share_stats st;
	struct scene *sc;
	int err;

	other = scene_begun(&usual);
	plan.streams = 30;
	plan.stream_bytes = 10000;
	plan.datagrams = 100;
	plan.told = call_other;
	sc = scene_new(&plan);
	err = scene_play(sc, 60 * S);
	err = err ?: world_run(sc->world, world_now(sc->world) + 2 * S);
	equic_share_get_stats(world_share(sc->world), &st);
	ktap_result(!err && scene_complete(sc) && scene_right(sc) &&
		    st.streams == EQUIC_SHARED_POOL,
		    "a callback may call for another connection: nothing is left over");
	scene_free(sc);
	scene_free(other);
}

/* The path takes less than the options say. */
static void test_shorter(void)
{
	struct scene_plan plan = usual;
	struct equic_share *share;
	struct scene *sc;

	plan.payload_max = LONG;
	plan.stream_bytes = 150000;
	/* The stack does not send again in shorter packets what it lost. */
	plan.stack_bytes = 1;
	sc = scene_begun(&plan);
	share = world_share(sc->world);
	world_transit(sc->world)->path.mtu = SHORT;
	scene_run(sc, S);
	ktap_result(!scene_complete(sc), "a path that takes less has no mercy");
	ktap_result(equic_share_set_payload_max(share, LONG + 1) ==
			    NGTCP2_ERR_INVALID_ARGUMENT &&
		    equic_share_set_payload_max(share, EQUIC_SHARE_PAYLOAD_MIN - 1) ==
			    NGTCP2_ERR_INVALID_ARGUMENT,
		    "a path takes no more than the options say, nor less than 1203 bytes");
	ktap_result(!equic_share_set_payload_max(share, SHORT) &&
		    sc->memory->payload_max == SHORT,
		    "the second sender learns that a path takes less");
	ktap_result(!scene_play(sc, 60 * S) && scene_complete(sc) && scene_right(sc),
		    "what was lost for it is cut to what it takes");
	scene_free(sc);
}

static void test_another_path(void)
{
	struct scene_plan plan = usual;
	struct scene *sc;

	plan.payload_max = LONG;
	sc = scene_begun(&plan);
	ktap_result(sc->memory->payload_max == LONG, "what a path is known to take");
	world_rebind(sc->world);
	scene_run(sc, S);
	ktap_result(sc->paths > 1 &&
		    sc->memory->payload_max == EQUIC_SHARE_PAYLOAD_DEFAULT,
		    "is not known of another: 1252 bytes");
	scene_free(sc);
}

static void test_fin(void)
{
	struct scene *sc = scene_begun(&usual);
	struct equic_share *share = world_share(sc->world);
	uint64_t id;

	if (equic_share_stream_open(share, &id))
		ktap_bail("no stream");
	ktap_result(!equic_share_stream_send(share, id, 0, 100, false) &&
		    equic_share_stream_send(share, id, 0, 50, true) ==
			    NGTCP2_ERR_INVALID_ARGUMENT,
		    "FIN before what was sent is refused");
	ktap_result(!equic_share_stream_send(share, id, 100, 0, true),
		    "and the stream is as it was: it ends where it does");
	scene_run(sc, S);
	ktap_result(scene_received(sc, id)->fin && scene_received(sc, id)->bytes == 100,
		    "the peer has it");
	scene_free(sc);
}

int main(void)
{
	ktap_begin();
	test_over();
	test_hangs(false);
	test_hangs(true);
	test_nested();
	test_shorter();
	test_another_path();
	test_fin();
	return ktap_end();
}
