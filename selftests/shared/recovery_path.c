// SPDX-License-Identifier: GPL-2.0-only
/*
 * How much of a simulated bottleneck (path.h) one connection uses, how two share it,
 * and what random loss leaves of it.
 */
#include "flow.h"
#include "ktap.h"

#define MSEC	1000000ULL
#define SEC	1000000000ULL
#define MBIT	125000ULL	/* per second, in bytes */

/* All that was sent comes to an end within a minute behind the last. */
static bool settled(struct path *path, struct flow **flow, unsigned int flows,
		    uint64_t stop)
{
	bool good = true;
	unsigned int i;

	flow_all(path, flow, flows, stop + 60 * SEC);
	for (i = 0; i < flows; i++) {
		good &= !flow_outstanding(flow[i]) && !flow_wrong(flow[i]);
		if (flow_outstanding(flow[i]))
			ktap_diag("nothing became of %u packets",
				  flow_outstanding(flow[i]));
	}
	return good;
}

/* Of 1000, from the second second on. */
static uint64_t utilisation(const struct path_plan *plan, uint64_t seed,
			    bool *good)
{
	enum { BEGIN = 2, END = 12 };
	struct flow_plan bulk = { .stop = END * SEC };
	struct path *path = path_new(plan, seed);
	struct flow *flow = flow_new(&bulk, path, 0, seed);
	struct recovery_stats stats;
	uint64_t before, used;

	flow_all(path, &flow, 1, BEGIN * SEC);
	before = flow_received(flow);
	flow_all(path, &flow, 1, END * SEC);
	used = (flow_received(flow) - before) * 1000 /
	       ((END - BEGIN) * plan->rate);
	flow_stats(flow, &stats);
	*good = settled(path, &flow, 1, END * SEC);
	ktap_diag("%llu/1000, %llu lost, %llu cuts, %llu spurious",
		  (unsigned long long)used, (unsigned long long)stats.lost,
		  (unsigned long long)stats.congestion_events,
		  (unsigned long long)stats.spurious);
	flow_free(flow);
	path_free(path);
	return used;
}

static void test_utilisation(void)
{
	static const struct path_plan plans[] = {
		{ .rate = 10 * MBIT, .delay = 10 * MSEC },
		{ .rate = 10 * MBIT, .delay = 100 * MSEC },
		{ .rate = 100 * MBIT, .delay = 5 * MSEC },
		{ .rate = 100 * MBIT, .delay = 50 * MSEC },
		{ .rate = 1000 * MBIT, .delay = 500000 },
	};
	size_t i;

	for (i = 0; i < sizeof(plans) / sizeof(*plans); i++) {
		struct path_plan plan = plans[i];
		uint64_t used;
		bool good;

		plan.queue = plan.rate / 1000 * (plan.delay * 2) / MSEC;
		used = utilisation(&plan, 1, &good);
		ktap_result(used >= 950 && good,
			    "%llu Mbit/s, %llu ms there and back: 95 %% are used",
			    (unsigned long long)(plan.rate / MBIT),
			    (unsigned long long)(plan.delay * 2 / MSEC));
	}
}

/* Jain's index of two flows, in 1 / 1000. */
static uint64_t jain(uint64_t a, uint64_t b)
{
	return (a + b) * (a + b) * 1000 / (2 * (a * a + b * b));
}

/* Of two of which the second begins later, over 30 s in which both send. */
static uint64_t fairness(const struct path_plan *plan, uint64_t later,
			 uint64_t seed, bool *good)
{
	const uint64_t stop = later + 30 * SEC;
	struct flow_plan first = { .stop = stop };
	struct flow_plan second = { .start = later, .stop = stop };
	struct path *path = path_new(plan, seed);
	struct flow *flow[] = {
		flow_new(&first, path, 0, seed),
		flow_new(&second, path, 1, seed + 1),
	};
	uint64_t before, got[2];

	flow_all(path, flow, 2, later);
	before = flow_received(flow[0]);
	flow_all(path, flow, 2, stop);
	got[0] = flow_received(flow[0]) - before;
	got[1] = flow_received(flow[1]);
	*good = settled(path, flow, 2, stop);
	flow_free(flow[0]);
	flow_free(flow[1]);
	path_free(path);
	/* In KiB, for the squares. */
	ktap_diag("seed %llu, %llu ms later: %llu and %llu KiB",
		  (unsigned long long)seed, (unsigned long long)(later / MSEC),
		  (unsigned long long)got[0] / 1024,
		  (unsigned long long)got[1] / 1024);
	return jain(got[0] / 1024, got[1] / 1024);
}

static void test_fairness(void)
{
	static const uint64_t later[] = { 0, 100, 1000, 5000 };
	enum { SEEDS = 2 };
	static const struct path_plan plans[] = {
		{ .rate = 10 * MBIT, .delay = 10 * MSEC, .jitter = MSEC },
		{ .rate = 20 * MBIT, .delay = 20 * MSEC, .jitter = MSEC },
		{ .rate = 50 * MBIT, .delay = 5 * MSEC, .jitter = MSEC },
	};
	uint64_t least, index, seed;
	size_t i, j;
	bool all, good;

	for (i = 0; i < sizeof(plans) / sizeof(*plans); i++) {
		struct path_plan plan = plans[i];

		plan.queue = plan.rate / 1000 * (plan.delay * 2) / MSEC;
		least = 1000;
		all = true;
		for (j = 0; j < sizeof(later) / sizeof(*later); j++)
			for (seed = 1; seed <= SEEDS; seed++) {
				index = fairness(&plan, later[j] * MSEC, seed,
						 &good);
				least = index < least ? index : least;
				all &= good;
			}
		ktap_diag("the least index is %llu/1000",
			  (unsigned long long)least);
		ktap_result(least >= 950 && all,
			    "two share %llu Mbit/s, %llu ms there and back: Jain's index is 0.95",
			    (unsigned long long)(plan.rate / MBIT),
			    (unsigned long long)(plan.delay * 2 / MSEC));
	}
}

/*
 * The window of RFC 9438, 5.1 (its Reno-friendly region, where this is): packets, for
 * a loss rate p: sqrt(3 / (2 * p)). A stall would leave a fraction of it.
 */
static void test_loss(void)
{
	static const struct {
		unsigned int	loss;	/* of 1000 */
		double		window;	/* packets */
	} cases[] = { { 10, 12.2 }, { 30, 7.1 } };
	enum { SECONDS = 30, PATH_RTT_MS = 40 };
	struct flow_plan bulk = { .stop = SECONDS * SEC };
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct path_plan plan = {
			.rate = 100 * MBIT, .delay = PATH_RTT_MS / 2 * MSEC,
			.queue = 1000000, .loss = cases[i].loss, .late = 1,
			.twice = 10,
		};
		double want = cases[i].window * FLOW_DATAGRAM * SECONDS * 1000 /
			      PATH_RTT_MS;
		struct path *path = path_new(&plan, 1);
		struct flow *flow = flow_new(&bulk, path, 0, 1);
		double got;
		bool good;

		flow_all(path, &flow, 1, bulk.stop);
		got = flow_received(flow);
		good = settled(path, &flow, 1, bulk.stop);
		ktap_diag("%.0f KiB came; RFC 9438 has %.0f", got / 1024,
			  want / 1024);
		ktap_result(good && got > want * 0.7,
			    "%u %% of random loss does not stall",
			    cases[i].loss / 10);
		flow_free(flow);
		path_free(path);
	}
}

int main(void)
{
	ktap_begin();
	test_utilisation();
	test_fairness();
	test_loss();
	return ktap_end();
}
