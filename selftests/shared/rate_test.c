// SPDX-License-Identifier: GPL-2.0-only
/*
 * How fast a second sender is, in virtual time, beside ngtcp2 alone on the same path
 * (with neither loss nor attack): it is to be within a tenth of it.
 */
#include "ktap.h"
#include "scene.h"

#define MS NGTCP2_MILLISECONDS
#define S NGTCP2_SECONDS

enum { BYTES = 16 << 20, STREAMS = 8 };

/* Queues of one product of rate and delay. */
static const struct {
	const char *name;
	struct transit_path path;
} paths[] = {
	{ "10 Mbit/s, 20 ms", { .delay = 10 * MS, .rate = 1250000, .queue = 25000 } },
	{ "50 Mbit/s, 10 ms", { .delay = 5 * MS, .rate = 6250000, .queue = 62500 } },
	{ "100 Mbit/s, 40 ms", { .delay = 20 * MS, .rate = 12500000, .queue = 500000 } },
	{ "1 Gbit/s, 2 ms", { .delay = 1 * MS, .rate = 125000000, .queue = 250000 } },
};

static double seconds(struct scene_plan plan)
{
	struct scene *sc;
	double took;
	int err;

	plan.initial_max_data = 4 << 20;
	plan.seed = 1;
	sc = scene_new(&plan);
	err = scene_play(sc, 300 * S);
	took = err || !scene_complete(sc) ? 0 : scene_duration(sc) / 1e9;
	scene_free(sc);
	return took;
}

int main(void)
{
	size_t i;

	ktap_begin();
	for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		struct scene_plan plain = {
			.path = paths[i].path, .stack_bytes = BYTES - 1,
			.plain = true,
		};
		struct scene_plan stack = {
			.path = paths[i].path, .stack_bytes = BYTES - 1,
		};
		struct scene_plan second = {
			.path = paths[i].path, .stack_bytes = 1,
			.streams = STREAMS, .stream_bytes = BYTES / STREAMS,
		};
		struct scene_plan both = {
			.path = paths[i].path, .stack_bytes = BYTES / 2,
			.streams = STREAMS, .stream_bytes = BYTES / STREAMS / 2,
		};
		double alone = seconds(plain), shared = seconds(stack);
		double other = seconds(second), two = seconds(both);

		ktap_diag("%s: %d bytes: ngtcp2 alone %.3f s, through the library %.3f, the second sender %.3f, both %.3f",
			  paths[i].name, BYTES, alone, shared, other, two);
		ktap_result(alone && shared && shared <= alone * 1.1,
			    "%s: the stack through the library", paths[i].name);
		ktap_result(alone && other && other <= alone * 1.1,
			    "%s: the second sender", paths[i].name);
		/*
		 * ngtcp2's own window is that of a flow beside another, and has to
		 * grow when it is alone again: no more than that it ends.
		 */
		ktap_result(two, "%s: both together", paths[i].name);
	}
	return ktap_end();
}
