// SPDX-License-Identifier: GPL-2.0-only
/*
 * A second sender that does not cease to tell of its packets: the library goes on.
 */
#include "ktap.h"
#include "scene.h"

#define MS NGTCP2_MILLISECONDS
#define S NGTCP2_SECONDS

static const struct scene_plan usual = {
	.path = { .delay = 10 * MS, .rate = 5000000, .queue = 200000 },
	.seed = 1, .streams = 6, .stream_bytes = 3000000, .stack_bytes = 500000,
	.datagrams = 300, .initial_max_data = 1 << 18,
};

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
	struct scene_plan plan = usual;
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

int main(void)
{
	ktap_begin();
	test_talker();
	return ktap_end();
}
