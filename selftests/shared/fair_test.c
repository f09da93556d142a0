// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a connection with two senders leaves to one of ngtcp2 alone (CUBIC both), over
 * one bottleneck, in virtual time: Jain's index over 30 s is to be 0.95. Arguments:
 * how many SEEDS.
 */
#include <stdlib.h>
#include "fair.h"
#include "ktap.h"

#define MS 1000000ULL
#define S (1000 * MS)

/* An Ethernet's, for both: who has longer packets grows faster (RFC 9438, 4.3). */
enum { PAYLOAD = 1452 };

/*
 * Queues of one product of rate and delay. Where the RTT is long, 30 s are not enough for
 * two connections of ngtcp2 alone: make bench has such paths, beside those.
 */
static const struct {
	const char *name;
	struct transit_path path;
} paths[] = {
	{ "10 Mbit/s, 20 ms", { .delay = 10 * MS, .rate = 1250000, .queue = 25000 } },
	{ "50 Mbit/s, 10 ms", { .delay = 5 * MS, .rate = 6250000, .queue = 62500 } },
};

static double play(size_t path, uint64_t seed)
{
	struct fair fair = {
		.path = paths[path].path, .payload_max = PAYLOAD, .seed = seed,
		.duration = 30 * S,
	};
	int err = fair_play(&fair);

	ktap_diag("%s, seed %llu: two senders %.3f MB, ngtcp2 alone %.3f MB: %.3f",
		  paths[path].name, (unsigned long long)seed, fair.first / 1e6,
		  fair.other / 1e6, fair_index(&fair));
	return err ? 0 : fair_index(&fair);
}

int main(int argc, char **argv)
{
	int seeds = argc > 1 ? atoi(argv[1]) : 3, seed;
	size_t i;

	ktap_begin();
	for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		double worst = 1;

		for (seed = 1; seed <= seeds; seed++) {
			double index = play(i, seed);

			worst = index < worst ? index : worst;
		}
		ktap_result(worst >= 0.95,
			    "%s: Jain's index of two senders and ngtcp2 alone is at least 0.95",
			    paths[i].name);
	}
	return ktap_end();
}
