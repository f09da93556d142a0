// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the library keeps account of: where streams end, in how many pieces they are,
 * what of the peer's credit is used. A second sender that writes into it what it likes
 * does no harm to the connection.
 */
#include "ktap.h"
#include "scene.h"
#include "share.h"
#include "word.h"

#define MS NGTCP2_MILLISECONDS

enum { CODE = 9, SOME = 1000 };

static const struct scene_plan usual = {
	.path = { .delay = 10 * MS, .rate = 5000000, .queue = 200000 },
	.seed = 1, .streams = 1, .stream_bytes = 100000, .stack_bytes = 500000,
	.initial_max_data = 4 << 20,
};

/* A stream of the second sender's. */
struct theirs {
	unsigned int	slot, generation;
	uint64_t	id;
};

static struct theirs claim(struct scene *sc)
{
	struct theirs st;

	if (second_claim(sc->second, &st.slot, &st.generation))
		ktap_bail("no stream");
	st.id = sc->memory->streams[st.slot].id;
	return st;
}

/* As soon as it may. */
static void send_some(struct scene *sc, const struct theirs *st, uint64_t offset,
		      bool fin)
{
	uint8_t bytes[SOME];
	int tries = 1000, i;

	for (i = 0; i < SOME; i++)
		bytes[i] = stream_byte(st->id, offset + i);
	while (second_stream(sc->second, st->slot, st->generation, offset, bytes, SOME,
			     fin, 0)) {
		if (!tries--)
			ktap_bail("the second sender may not send");
		scene_run(sc, MS);
	}
}

/* A stream of which FIN is known, and the peer does not have it yet. */
static struct theirs ended(struct scene *sc)
{
	struct theirs st = claim(sc);

	send_some(sc, &st, 0, true);
	scene_hostile(sc);
	return st;
}

/* The word says that somebody has taken bytes behind FIN. */
static void test_behind_fin(void)
{
	struct scene *sc = scene_begun(&usual);
	struct equic_share *share = world_share(sc->world);
	struct theirs st = ended(sc);

	sc->memory->streams[st.slot].word++;
	equic_share_second_died(share);
	ktap_result(scene_hostile(sc) && scene_goes_on(sc) &&
			    scene_received(sc, st.id)->fin &&
			    scene_received(sc, st.id)->bytes == SOME,
		    "a stream ends where FIN is, whatever its word says");
	scene_free(sc);

	sc = scene_begun(&usual);
	share = world_share(sc->world);
	st = ended(sc);
	sc->memory->streams[st.slot].word++;
	ktap_result(!equic_share_stream_reset(share, st.id, CODE) &&
			    scene_hostile(sc) && scene_goes_on(sc),
		    "and that is its final size when it is reset");
	scene_free(sc);
}

int main(void)
{
	ktap_begin();
	test_behind_fin();
	return ktap_end();
}
