// SPDX-License-Identifier: GPL-2.0-only
/*
 * A second sender that does not cease to tell of its packets, tells of numbers far from
 * each other or goes on where it is stopped, sets the word back, or tells of each packet
 * that it was sent long ago: the library goes on. Who keeps to the rules loses nothing.
 */
#include <errno.h>
#include <string.h>
#include "enemy.h"
#include "ktap.h"
#include "share.h"
#include "word.h"

#define MS NGTCP2_MILLISECONDS
#define S NGTCP2_SECONDS

static void look(struct scene *sc)
{
	equic_share_handle_expiry(world_share(sc->world), world_now(sc->world));
}

static struct scene *talking;
static unsigned int said;

/* Without end, but for a library that would never be done. */
static void talk(void)
{
	struct equic_record *room, record = {
		.number = EQUIC_RECORD_NO_NUMBER, .kind = EQUIC_RECORD_DATAGRAM,
		.flags = EQUIC_RECORD_UNSENT,
	};

	if (!talking || said >= 1000000)
		return;
	room = ring_reserve(talking->ring);
	if (!room)
		ktap_bail("no record");
	record.connection = talking->memory->connection;
	*room = record;
	ring_submit(talking->ring, room);
	said++;
}

/* Of each record that is looked at, it is told, and has another there at once. */
static void test_talker(void)
{
	struct scene_plan plan = enemy_plan;
	const unsigned int first = 10;
	struct equic_share_stats st;
	struct scene *sc;
	int err;

	plan.told = talk;
	sc = scene_begun(&plan);
	look(sc);
	talking = sc;
	while (said < first)
		talk();
	look(sc);
	ktap_result(said == 2 * first,
		    "records come as fast as they are looked at: a call ends");
	look(sc);
	ktap_result(said == 3 * first && sc->fates[EQUIC_SHARE_VOID] == 2 * first,
		    "and the next one sees those that came");
	err = world_run(sc->world, world_now(sc->world) + 3 * S);
	equic_share_get_stats(world_share(sc->world), &st);
	ktap_result(!err && scene_received(sc, sc->stack_stream)->fin && !st.hostile,
		    "and so it goes on, as does the connection");
	talking = NULL;
	scene_free(sc);
}

/* None of them was sent, so that none will be acknowledged. */
static void leap(struct scene *sc, uint64_t numbers)
{
	uint64_t word = __atomic_add_fetch(&sc->memory->number, numbers, __ATOMIC_RELAXED);
	struct equic_record record = {
		.number = (word & ~EQUIC_NUMBER_STOP) - 1,
		.connection = sc->memory->connection,
		.kind = EQUIC_RECORD_DATAGRAM, .size = 100,
		.sent_ns = world_now(sc->world),
	};

	enemy_submit(sc, &record);
}

static bool is_given_up(struct scene *sc)
{
	struct equic_share_stats st;

	equic_share_get_stats(world_share(sc->world), &st);
	return st.estranged;
}

/* The scene's own second sender does nothing more. */
static void end_second(struct scene *sc)
{
	sc->dead = true;
	sc->revive_at = UINT64_MAX;
}

/* Each of them is one that a sender with full rings can make; all together are none. */
static void test_leaps(void)
{
	struct scene *sc = scene_begun(&enemy_plan);
	int i;

	end_second(sc);
	for (i = 0; i < 8; i++)
		leap(sc, 32000);
	look(sc);
	ktap_result(is_given_up(sc) && enemy_is_harmless(sc),
		    "numbers that leap again and again are not believed, and it goes on");
	scene_free(sc);
}

/* Nobody tells of one; the stack finds each. */
static void test_silent_leaps(void)
{
	struct scene *sc = scene_begun(&enemy_plan);
	uint64_t word, end = world_now(sc->world) + S;
	int i, err = 0;

	end_second(sc);
	for (i = 0; i < 8 && !is_given_up(sc); i++) {
		word = __atomic_add_fetch(&sc->memory->number, 32000, __ATOMIC_RELAXED);
		while (!err && sc->memory->number == word && world_now(sc->world) < end &&
		       !is_given_up(sc))
			err = world_run(sc->world, world_now(sc->world) + MS);
	}
	ktap_result(!err && i > 2 && is_given_up(sc) && enemy_is_harmless(sc),
		    "nor are they where nobody tells of one");
	scene_free(sc);
}

/* It takes one number after another, whatever stops it, tells of each, and uses it. */
static void test_runaway(void)
{
	static const uint8_t ping[] = { 1, 0, 0, 0 };
	struct scene *sc = scene_begun(&enemy_plan);
	struct equic_record record = {
		.connection = sc->memory->connection, .size = 100,
		.kind = EQUIC_RECORD_DATAGRAM, .sent_ns = world_now(sc->world),
	};
	uint64_t word;
	int i;

	end_second(sc);
	for (i = 0; i < 5 * SHARE_LEAP / 2; i++) {
		if (number_take(sc->memory, false, &word))
			ktap_bail("no number");
		record.number = word;
		enemy_submit(sc, &record);
		if (i % 1000 == 0)
			look(sc);
		/* As many as reach the peer at all; the last ones matter. */
		if (i >= 2 * SHARE_LEAP - 1000)
			enemy_send_under(sc, word, ping, sizeof(ping));
	}
	ktap_result(is_given_up(sc), "whoever goes on where he is stopped shares no more");
	ktap_result(enemy_is_harmless(sc),
		    "and no number that he has told of is used again");
	scene_free(sc);
}

static const struct scene_plan wide = {
	.path = { .delay = 100 * MS, .rate = 60000000, .queue = 1 << 26 },
	.seed = 3, .streams = 1, .stream_bytes = 1 << 28, .stack_bytes = 1,
	.initial_max_data = 1 << 28, .max_stream_data = 1 << 28,
};

/* There is that much of a window, and from now on the test sends by the second sender. */
static struct scene *begin_quiet(const struct scene_plan *plan, uint64_t window)
{
	struct scene *sc = scene_begun(plan);
	struct equic_share_stats st;

	do {
		scene_run(sc, 10 * MS);
		equic_share_get_stats(world_share(sc->world), &st);
	} while (st.window < window);
	sc->streams[0].live = false;
	sc->datagrams = sc->plan.datagrams;
	scene_run(sc, S);
	return sc;
}

/* As many of one byte as it may send in @ns. Return: the last one's error. */
static int send_short(struct scene *sc, uint64_t ns, int *sent)
{
	uint64_t end = world_now(sc->world) + ns;
	int err = 0;

	while (world_now(sc->world) < end && err != -EAGAIN) {
		while (!(err = second_datagram(sc->second, "", 1, 0)))
			(*sent)++;
		look(sc);
		scene_run(sc, MS);
	}
	return err;
}

/* More packets than numbers that are kept, and less than the window has room for. */
static void test_far_ahead(void)
{
	struct scene *sc = begin_quiet(&wide, 2 << 20);
	uint64_t acked = sc->fates[EQUIC_SHARE_ACKED];
	struct equic_share_stats before, st;
	int err, sent = 0;

	equic_share_get_stats(world_share(sc->world), &before);
	err = send_short(sc, 190 * MS, &sent);
	look(sc);
	equic_share_get_stats(world_share(sc->world), &st);
	ktap_diag("%d of %llu bytes in flight: %s; window %llu", sent,
		  (unsigned long long)st.in_flight, strerror(-err),
		  (unsigned long long)st.window);
	ktap_result(err == -EAGAIN && sent >= SHARE_LEAP,
		    "%d numbers behind the oldest in flight the second sender is stopped",
		    SHARE_LEAP);
	ktap_result(!st.hostile && st.second - before.second == (uint64_t)sent &&
		    st.in_flight >= 32ULL * sent,
		    "and each of its packets is known, and in flight");
	scene_run(sc, S);
	ktap_result(sc->fates[EQUIC_SHARE_ACKED] - acked == (uint64_t)sent &&
		    send_short(sc, MS, &sent) == -ENOBUFS && !is_given_up(sc) &&
		    !world_receiver(sc->world)->repeated,
		    "until they are acknowledged");
	scene_free(sc);
}

/*
 * Behind a packet that the library has not heard of, it hears of it when the peer
 * acknowledges it.
 */
static void play_set_back(bool all, const char *what)
{
	struct scene *sc = begin_quiet(&wide, 1);
	int err;

	while (second_datagram(sc->second, "", 1, 0))
		scene_run(sc, MS);
	if (all)
		memset(sc->memory, 0, sizeof(*sc->memory));
	else
		sc->memory->number = 0;
	end_second(sc);
	err = world_run(sc->world, world_now(sc->world) + S);
	ktap_result(!err && is_given_up(sc) && sc->fates[EQUIC_SHARE_ACKED] == 1,
		    "behind a packet %s: it counts, and the connection goes on", what);
	scene_free(sc);
}

/* Return: when all is there, ns from the beginning; 0: it is not. */
static uint64_t play_timed(uint64_t seed, bool timeless, uint64_t *rtt)
{
	struct scene_plan plan = enemy_plan;
	struct equic_share_stats st;
	uint64_t took = 0;
	struct scene *sc;

	plan.seed = seed;
	/* The clock has run for some hours. */
	plan.begin = 20000 * S;
	plan.timeless = timeless;
	sc = scene_new(&plan);
	if (!scene_play(sc, plan.begin + 300 * S) && scene_complete(sc))
		took = world_ended(sc->world) - plan.begin;
	equic_share_get_stats(world_share(sc->world), &st);
	*rtt = st.smoothed_rtt;
	ktap_diag("%.3f s, smoothed RTT %llu us", took / 1e9,
		  (unsigned long long)st.smoothed_rtt / 1000);
	scene_free(sc);
	return took;
}

/* A sample of the RTT would be as long as the clock has run. */
static void test_timeless(uint64_t seed)
{
	uint64_t rtt, wrong_rtt;
	uint64_t took = play_timed(seed, false, &rtt);
	uint64_t wrong_took = play_timed(seed, true, &wrong_rtt);

	ktap_result(rtt && wrong_rtt < rtt + 10 * MS,
		    "all records are of long ago: the RTT is the path's");
	ktap_result(took && wrong_took && wrong_took < took / 4 * 5,
		    "and all arrives in the usual time");
}

int main(int argc, char **argv)
{
	struct plan chances;

	ktap_begin();
	chances = chance_plan(argc, argv, 1, "runs");
	test_talker();
	test_leaps();
	test_silent_leaps();
	test_runaway();
	test_far_ahead();
	play_set_back(false, "numbers go back");
	play_set_back(true, "there is zero in all of the memory");
	test_timeless(chances.seed);
	return ktap_end();
}
