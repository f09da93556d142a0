// SPDX-License-Identifier: GPL-2.0-only
/* See fair.h. */
#include "fair.h"
#include "scene.h"

enum { STREAMS = 4 };

#define S NGTCP2_SECONDS

/* More than there is time for. */
#define ENDLESS (1ULL << 32)

#define LATER (500 * NGTCP2_MILLISECONDS)

int fair_play(struct fair *fair)
{
	bool ngtcp2 = fair->senders == FAIR_NGTCP2;
	bool second = fair->senders == FAIR_BOTH || fair->senders == FAIR_SECOND;
	struct scene_plan plans[2] = { [0 ... 1] = {
		.path = fair->path, .seed = fair->seed, .begin = S,
		.payload_max = fair->payload_max, .stack_bytes = ENDLESS,
		.initial_max_data = 64 << 20, .max_stream_data = 64 << 20,
		.plain = true,
	} };
	struct transit_link link = { };
	struct scene *scenes[2];
	struct world *worlds[2];
	struct chance chance;
	uint64_t later;
	int i, err;

	chance_seed(&chance, fair->seed);
	later = chance_of(&chance, LATER);
	plans[chance_of(&chance, 2)].begin += later;
	plans[0].plain = ngtcp2;
	plans[0].streams = second ? STREAMS : 0;
	plans[0].stream_bytes = ENDLESS;
	if (fair->senders == FAIR_SECOND)
		plans[0].stack_bytes = 1;
	for (i = 0; i < 2; i++) {
		plans[i].path.link = &link;
		scenes[i] = scene_new(&plans[i]);
		worlds[i] = scenes[i]->world;
	}
	err = world_run_together(worlds, 2, S + later + fair->duration);
	fair->first = world_receiver(worlds[0])->bytes;
	fair->other = world_receiver(worlds[1])->bytes;
	for (i = 0; i < 2; i++)
		scene_free(scenes[i]);
	return err;
}

double fair_index(const struct fair *fair)
{
	double a = fair->first, b = fair->other;

	return (a + b) * (a + b) / (2 * (a * a + b * b));
}
