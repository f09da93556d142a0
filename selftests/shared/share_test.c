// SPDX-License-Identifier: GPL-2.0-only
/*
 * A connection with two senders, whose peer is ngtcp2 as it is: what each of them
 * sends arrives, whole and once, whatever the path, the peer and death do.
 */
#include "ktap.h"
#include "scene.h"

#define MS NGTCP2_MILLISECONDS
#define S NGTCP2_SECONDS

static const struct pair_path clean = {
	.delay = 10 * MS, .rate = 5000000, .queue = 200000,
};

static const struct scene_plan usual = {
	.path = clean, .streams = 6, .stream_bytes = 150000,
	.stack_bytes = 500000, .datagrams = 300, .initial_max_data = 1 << 18,
};

/* A pool of streams waits; none of those that were used is open. */
static bool none_open(struct scene *sc)
{
	struct equic_share_stats st;

	pair_run(sc->pair, pair_now(sc->pair) + 3 * S);
	equic_share_get_stats(pair_share(sc->pair), &st);
	return st.streams == EQUIC_SHARED_POOL && !st.in_flight;
}

static struct equic_share_stats play(const char *name,
				     const struct scene_plan *plan)
{
	struct scene *sc = scene_new(plan);
	struct equic_share_stats st;
	int err = scene_play(sc, 300 * S);

	scene_print(sc, name, err);
	ktap_result(!err && scene_complete(sc),
		    "%s: all that three senders sent arrives", name);
	ktap_result(scene_right(sc), "%s: each byte as it was", name);
	ktap_result(!pair_repeated(sc->pair),
		    "%s: no packet number is used twice", name);
	ktap_result(!sc->overruns, "%s: the window is kept to", name);
	equic_share_get_stats(pair_share(sc->pair), &st);
	ktap_result(none_open(sc), "%s: no stream is left open", name);
	scene_free(sc);
	return st;
}

int main(int argc, char **argv)
{
	struct scene_plan plan = usual;
	struct equic_share_stats st;
	struct plan chances;

	ktap_begin();
	chances = chance_plan(argc, argv, 1, "runs");
	plan.seed = chances.seed;
	st = play("a clean path", &plan);
	ktap_result(!st.hostile && !st.library, "nothing is sent twice there");
	plan.path.loss = 30;
	play("3 % loss", &plan);
	plan.path.twice = 30;
	plan.path.jitter = 20 * MS;
	play("loss, duplication, disorder", &plan);
	plan = usual;
	plan.seed = chances.seed;
	plan.update_after = 300;
	st = play("key updates", &plan);
	ktap_result(st.epoch >= 2, "there were two at least, by the packets of all senders");
	plan.path.loss = 30;
	play("key updates, 3 % loss", &plan);
	plan = usual;
	plan.seed = chances.seed;
	plan.rebind_every = 300 * MS;
	play("another address every 300 ms", &plan);
	plan = usual;
	plan.seed = chances.seed;
	plan.initial_max_data = 20000;
	play("little credit", &plan);
	plan = usual;
	plan.seed = chances.seed;
	plan.stop_every = 2;
	play("the peer stops streams", &plan);
	plan = usual;
	plan.seed = chances.seed;
	plan.mortal = 3;
	st = play("the second sender dies", &plan);
	plan.path.loss = 30;
	play("the second sender dies, 3 % loss", &plan);
	return ktap_end();
}
