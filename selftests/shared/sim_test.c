// SPDX-License-Identifier: GPL-2.0-only
/*
 * Scenes by chance, one after another: paths that lose, repeat and disorder, or are gone
 * for seconds, key updates, other addresses, little credit, streams that are stopped, a
 * second sender that hangs and goes on, or dies. After each one, all is there once, and
 * nothing is left over.
 */
#include <stdlib.h>
#include <string.h>
#include "ktap.h"
#include "scene.h"

#define MS NGTCP2_MILLISECONDS
#define S NGTCP2_SECONDS

enum { EVENTS = 1000000, AGAIN = 30 };

static struct {
	uint64_t scenes, failed, wrong, repeated, open, overruns, amiss, again;
	uint64_t updates, deaths, deaths_at[SECOND_STEPS], hangs,
		 hangs_at[SECOND_STEPS], rebound, lost, resent, stopped, spurious;
	/* Scenes with that. */
	uint64_t little_credit, little_stream_credit, twice, disorder, later, steady;
	uint64_t outages, mute;
	/* Datagrams, by what became of them, in scenes where nobody dies or hangs. */
	uint64_t acked_datagrams, lost_datagrams;
} sum;

static struct scene_plan plan_by_chance(struct chance *c, uint64_t seed)
{
	struct scene_plan plan = {
		.path = {
			.delay = (1 + chance_of(c, 100)) * MS,
			.jitter = chance_of(c, 3) ? 0 : (1 + chance_of(c, 20)) * MS,
			.rate = 200000 << chance_of(c, 8),
			.queue = 20000 << chance_of(c, 6),
			.loss = chance_of(c, 2) ? chance_of(c, 60) : 0,
			.twice = chance_of(c, 3) ? 0 : chance_of(c, 60),
		},
		.seed = seed,
		.client = chance_of(c, 2),
		.streams = 1 + chance_of(c, SCENE_STREAMS_MAX),
		.stream_bytes = 1 + chance_of(c, 1 << (4 + chance_of(c, 14))),
		.stack_bytes = 1 + chance_of(c, 300000),
		.datagrams = chance_of(c, 200),
		.initial_max_data = 10000 << chance_of(c, 6),
		.update_after = chance_of(c, 2) ? 20 + chance_of(c, 400) : 0,
		.mortal = chance_of(c, 2) ? chance_of(c, 20) : 0,
		.rebind_every = chance_of(c, 3) ? 0 :
			(100 + chance_of(c, 1000)) * MS,
		.stop_every = chance_of(c, 3) ? 0 : 1 + chance_of(c, 4),
	};

	plan.hanging = chance_of(c, 2) ? chance_of(c, 20) : 0;
	if (chance_of(c, 2))
		plan.share_at = (1000 + chance_of(c, 2000)) * MS;
	/*
	 * One validation of a path at a time: a server of ngtcp2 counts connection
	 * IDs of those that a later one has ended, and then they are too many.
	 */
	if (plan.client && plan.rebind_every)
		plan.rebind_every += 20 * plan.path.delay;
	if (chance_of(c, 2))
		plan.max_stream_data = 500 << chance_of(c, 8);
	return plan;
}

static int run(struct scene *sc, uint64_t ns)
{
	return world_run(sc->world, world_now(sc->world) + ns);
}

/* A pool waits, at last; of the streams that were used none is there. */
static bool none_open(struct scene *sc, uint64_t ns)
{
	struct equic_share_stats st;

	if (run(sc, ns))
		return false;
	equic_share_get_stats(world_share(sc->world), &st);
	return st.streams == EQUIC_SHARED_POOL;
}

/* A number of each packet that was sent, and those that are in none. */
static bool accounts(struct scene *sc)
{
	struct equic_share_stats st;

	equic_share_get_stats(world_share(sc->world), &st);
	return st.taken == st.stack + st.library + st.second + st.voids;
}

/* Nothing was in the way of what the second sender began. */
static bool is_steady(const struct scene *sc)
{
	return !sc->deaths && !sc->hangs;
}

/* A DATAGRAM frame is sent once (RFC 9221, 5.2): one became of each, and it came once. */
static bool sends_again(struct scene *sc)
{
	uint64_t acked = sc->fates[EQUIC_SHARE_ACKED], lost = sc->fates[EQUIC_SHARE_LOST];
	uint64_t arrived = world_receiver(sc->world)->datagrams;

	if (!is_steady(sc))
		return false;
	sum.steady++;
	sum.acked_datagrams += acked;
	sum.lost_datagrams += lost;
	return acked + lost != (uint64_t)sc->datagrams || arrived < acked ||
	       arrived > (uint64_t)sc->datagrams;
}

static void add_plan(const struct scene_plan *plan)
{
	uint64_t bytes = plan->streams * plan->stream_bytes + plan->stack_bytes;

	sum.little_credit += plan->initial_max_data < bytes;
	sum.little_stream_credit += plan->max_stream_data &&
				    plan->max_stream_data < plan->stream_bytes;
	sum.twice += !!plan->path.twice;
	sum.disorder += !!plan->path.jitter;
	sum.later += !!plan->share_at;
}

static void add_up(struct scene *sc)
{
	struct equic_share_stats st;
	int i;

	equic_share_get_stats(world_share(sc->world), &st);
	sum.scenes++;
	sum.updates += st.epoch;
	sum.lost += st.lost;
	sum.spurious += st.spurious;
	sum.resent += st.resent;
	sum.stopped += sc->stopped;
	sum.deaths += sc->deaths;
	sum.hangs += sc->hangs;
	for (i = 0; i < SECOND_STEPS; i++) {
		sum.deaths_at[i] += sc->deaths_at[i];
		sum.hangs_at[i] += sc->hangs_at[i];
	}
	sum.rebound += sc->paths > 1 ? sc->paths - 1 : 0;
}

/* Up to seconds, most of them short. */
static uint64_t some_time(struct chance *c)
{
	return (1 + chance_of(c, 1 << chance_of(c, 14))) * MS;
}

/*
 * Not of a handshake, nor where the client moves as well: ngtcp2 alone does not come
 * through both each time.
 */
static int play_outages(struct scene *sc, struct chance *c)
{
	struct transit_path *path = &world_transit(sc->world)->path;
	unsigned int loss = path->loss, n = sc->plan.rebind_every ? 0 : chance_of(c, 4);
	int err = 0;

	while (!err && n && !sc->keys && world_now(sc->world) < 20 * S)
		err = run(sc, 10 * MS);
	while (!err && n--) {
		err = run(sc, some_time(c) / 4);
		path->loss = 1000;
		err = err ?: run(sc, some_time(c));
		path->loss = loss;
		sum.outages++;
	}
	return err;
}

static uint64_t play(const struct scene_plan *plan, struct chance *c)
{
	struct scene *sc = scene_new(plan);
	uint64_t outages = sum.outages;
	bool whole, mute, failed, wrong, repeated, open, overrun, amiss, again;
	uint64_t events;
	int err;

	err = play_outages(sc, c) ?: scene_play(sc, 2000 * S);
	whole = !err && scene_complete(sc);
	mute = err == NGTCP2_ERR_IDLE_CLOSE && receiver_is_mute(world_receiver(sc->world));
	failed = !whole && !mute;
	wrong = mute ? receiver_wrong(world_receiver(sc->world)) : !scene_right(sc);
	overrun = sc->window.overruns;
	add_up(sc);
	add_plan(plan);
	/* Behind an outage a probe may be due in half a minute. */
	open = whole && !none_open(sc, sum.outages > outages ? 40 * S : 5 * S);
	repeated = world_receiver(sc->world)->repeated;
	amiss = whole && !accounts(sc);
	again = whole && sends_again(sc);
	if (failed || wrong || repeated || open || overrun || amiss || again) {
		ktap_diag("seed %llu: failed %d, wrong %d, repeated %d, open %d, overrun %d, amiss %d, again %d",
			  (unsigned long long)plan->seed, failed, wrong,
			  repeated, open, overrun, amiss, again);
		scene_print(sc, "", err);
	}
	sum.mute += mute;
	sum.failed += failed;
	sum.wrong += wrong;
	sum.repeated += repeated;
	sum.open += open;
	sum.overruns += overrun;
	sum.amiss += amiss;
	sum.again += again;
	events = world_events(sc->world);
	scene_free(sc);
	return events;
}

static void report(uint64_t events)
{
	int i;
	bool all = true;

	ktap_diag("%llu events, %llu scenes; %llu key updates, %llu deaths, hung %llu times, %llu paths, %llu packets lost (%llu of them were not), %llu bytes sent again, %llu streams stopped",
		  (unsigned long long)events, (unsigned long long)sum.scenes,
		  (unsigned long long)sum.updates, (unsigned long long)sum.deaths,
		  (unsigned long long)sum.hangs,
		  (unsigned long long)sum.rebound, (unsigned long long)sum.lost,
		  (unsigned long long)sum.spurious,
		  (unsigned long long)sum.resent,
		  (unsigned long long)sum.stopped);
	ktap_diag("scenes with little credit %llu, of a stream %llu; packets that come twice %llu, disorder %llu; shared later %llu; %llu outages; peers that fell silent %llu; %llu datagrams acknowledged and %llu lost in %llu scenes without deaths",
		  (unsigned long long)sum.little_credit,
		  (unsigned long long)sum.little_stream_credit,
		  (unsigned long long)sum.twice, (unsigned long long)sum.disorder,
		  (unsigned long long)sum.later, (unsigned long long)sum.outages,
		  (unsigned long long)sum.mute,
		  (unsigned long long)sum.acked_datagrams,
		  (unsigned long long)sum.lost_datagrams, (unsigned long long)sum.steady);
	/* A peer falls silent in one scene of ten thousand or more. */
	ktap_result(!sum.failed && sum.mute <= 1 + sum.scenes / 1000, "each byte arrives");
	ktap_result(!sum.wrong, "once, and as it was");
	ktap_result(!sum.repeated, "no packet number is used twice");
	ktap_result(!sum.amiss, "each number is one of a packet, or known to be of none");
	ktap_result(!sum.overruns, "the window is kept to");
	ktap_result(!sum.open, "no stream is left open");
	ktap_result(!sum.again && sum.acked_datagrams && sum.lost_datagrams,
		    "a datagram is sent once, and its sender told once what became of it");
	for (i = 0; i < SECOND_STEPS; i++)
		all &= sum.deaths_at[i] && sum.hangs_at[i];
	all &= sum.little_credit && sum.little_stream_credit && sum.twice &&
	       sum.disorder && sum.later && sum.outages;
	ktap_result(all && sum.updates && sum.rebound && sum.lost &&
		    sum.resent && sum.stopped,
		    "there was all of what may happen, death and hanging at each step included");
}

/* Return: the events of it. */
static uint64_t play_seed(uint64_t seed)
{
	struct scene_plan scene;
	struct chance chance;

	chance_seed(&chance, seed);
	scene = plan_by_chance(&chance, seed);
	return play(&scene, &chance);
}

/* One of some dozen scenes shows it when anything is left to another chance. */
static bool is_same_again(uint64_t seed)
{
	uint64_t end = seed + AGAIN;

	while (seed < end && play_seed(seed) == play_seed(seed))
		seed++;
	return seed == end;
}

int main(int argc, char **argv)
{
	uint64_t events = 0, seed;
	struct plan plan;

	ktap_begin();
	plan = chance_plan(argc, argv, EVENTS, "events");
	for (seed = plan.seed; events < plan.count; seed++)
		events += play_seed(seed);
	report(events);
	ktap_result(is_same_again(plan.seed), "the same seed gives the same scene");
	return ktap_end();
}
