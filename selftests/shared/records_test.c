// SPDX-License-Identifier: GPL-2.0-only
/*
 * A second sender that does not cease to tell of its packets, tells of numbers far from
 * each other, or of each packet that it was sent long ago: the library goes on.
 */
#include "enemy.h"
#include "ktap.h"

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

/* Each of them is one that a sender with full rings can make; all together are none. */
static void test_leaps(void)
{
	struct scene *sc = scene_begun(&enemy_plan);
	uint64_t hostile = enemy_seen(sc);
	int i;

	sc->dead = true;
	sc->revive_at = UINT64_MAX;
	for (i = 0; i < 8; i++)
		leap(sc, 32000);
	ktap_result(enemy_seen(sc) > hostile && enemy_is_harmless(sc),
		    "numbers that leap again and again are not believed, and it goes on");
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
	test_timeless(chances.seed);
	return ktap_end();
}
