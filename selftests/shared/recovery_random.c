// SPDX-License-Identifier: GPL-2.0-only
/*
 * Three senders over bad paths, then hostile ones: at each step what recovery.h says
 * is what a model says. Arguments: COUNT SEED.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "flow.h"
#include "ktap.h"

#define MSEC	1000000ULL
#define SEC	1000000000ULL

static bool bad_path(struct chance *c, uint64_t *packets)
{
	struct path_plan plan = {
		.rate = 100000 + chance_of(c, 2000000),
		.delay = MSEC + chance_of(c, 100 * MSEC),
		.queue = 5000 + chance_of(c, 200000),
		.jitter = chance_of(c, 5 * MSEC),
		.loss = chance_of(c, 2) ? chance_of(c, 100) : 0,
		.late = chance_of(c, 2) ? chance_of(c, 50) : 0,
		.twice = chance_of(c, 50),
	};
	struct flow_plan mixed = { .stop = 5 * SEC, .mixed = true };
	struct path *path = path_new(&plan, chance_next(c));
	struct flow *flow = flow_new(&mixed, path, 0, chance_next(c));
	bool good;

	flow_all(path, &flow, 1, mixed.stop);
	/* What is in the path still comes to an end. */
	flow_all(path, &flow, 1, mixed.stop + 120 * SEC);
	good = !flow_outstanding(flow) && !flow_wrong(flow) &&
	       flow_received(flow) > 0;
	if (flow_outstanding(flow))
		ktap_diag("nothing became of %u packets", flow_outstanding(flow));
	*packets += flow_received(flow) / 600;
	flow_free(flow);
	path_free(path);
	return good;
}

enum { PACKETS = 4000, VOIDS = 400 };

/* What the model knows of a packet: not told, or what became of it. */
enum fate { UNTOLD, OUTSTANDING, SETTLED };

struct model {
	struct chance		chance;
	struct recovery		*recovery;
	struct sent		sent[PACKETS];
	enum fate		fate[PACKETS];
	bool			here[PACKETS];
	unsigned int		sents;
	uint64_t		voids[VOIDS];
	unsigned int		void_count;
	uint64_t		next, highest, in_flight, now, path_time;
	unsigned int		wrong;
};

static void expect(struct model *m, bool good, const char *what)
{
	if (!good && m->wrong++ < 10)
		ktap_diag("%s", what);
}

static void add(struct model *m, uint64_t pn)
{
	struct sent *sent = &m->sent[m->sents];
	unsigned int i = m->sents;
	int err;

	if (m->sents == PACKETS)
		return;
	/* Some lie about the time, to either side. */
	*sent = (struct sent){
		.pn = pn,
		.time = m->now - chance_of(&m->chance, 100 * MSEC),
		.size = chance_of(&m->chance, 1500),
		.sender = chance_of(&m->chance, 3),
		.queue = chance_of(&m->chance, RECOVERY_QUEUES),
		.elicits = chance_of(&m->chance, 10),
		.what = sent,
	};
	if (!chance_of(&m->chance, 50))
		sent->time = (uint64_t)chance_next(&m->chance) << 32;
	if (!chance_of(&m->chance, 50))
		sent->size = chance_next(&m->chance);
	err = recovery_sent(m->recovery, sent);
	if (err) {
		expect(m, err == -EEXIST || err == -ESTALE || err == -ENOBUFS ||
		       err == -EINVAL,
		       "a packet is refused for no reason that is known");
		return;
	}
	m->sents++;
	m->fate[i] = OUTSTANDING;
	m->here[i] = sent->time >= m->path_time;
	if (sent->elicits && m->here[i])
		m->in_flight += sent->size;
	m->highest = pn > m->highest ? pn : m->highest;
}

static void became(void *ctx, const struct sent *sent)
{
	struct model *m = ctx;
	const struct sent *mine = sent->what;
	size_t i = mine - m->sent;

	expect(m, flow_same(mine, sent), "not as it was sent");
	expect(m, m->fate[i] == OUTSTANDING, "not outstanding, and settled");
	m->fate[i] = SETTLED;
	if (sent->elicits && m->here[i])
		m->in_flight -= sent->size;
	/* Whoever is told may send at once. */
	if (!chance_of(&m->chance, 8))
		add(m, m->next++);
}

static const struct recovery_ops ops = { .acked = became, .lost = became };

/* One of the last that were taken, mostly; or a leap, or a number of another world. */
static uint64_t some_number(struct model *m)
{
	uint64_t back;

	switch (chance_of(&m->chance, 400)) {
	case 0:
		return (uint64_t)chance_next(&m->chance) << chance_of(&m->chance, 30);
	case 1:
		m->next += chance_of(&m->chance, 20000);
		return m->next++;
	default:
		back = 1 + chance_of(&m->chance, 200);
		return m->next - (back < m->next ? back : m->next);
	}
}

static void add_void(struct model *m)
{
	uint64_t pn = some_number(m);

	if (m->void_count == VOIDS || recovery_void(m->recovery, pn))
		return;
	m->voids[m->void_count++] = pn;
	m->highest = pn > m->highest ? pn : m->highest;
}

/* Numbers near the last ones in some order, and what is nonsense altogether. */
static void compose(struct model *m, struct ack *ack)
{
	uint64_t above = some_number(m) + 1;
	size_t i;

	ack->delay = chance_of(&m->chance, 4) ? chance_of(&m->chance, 10000) :
						1ULL << chance_of(&m->chance, 62);
	ack->ranges = chance_of(&m->chance, 6);
	if (!chance_of(&m->chance, 100))
		ack->ranges = chance_of(&m->chance, 2 * ACK_RANGES_MAX);
	for (i = 0; i < ack->ranges && i < ACK_RANGES_MAX; i++) {
		struct ack_range *range = &ack->range[i];
		uint64_t less = 1 + chance_of(&m->chance, 5);

		range->last = above - (less < above ? less : above);
		less = chance_of(&m->chance, 20);
		range->first = range->last - (less < range->last ? less :
							range->last);
		if (!chance_of(&m->chance, 100))
			range->first = some_number(m);
		if (!chance_of(&m->chance, 100))
			range->last = (uint64_t)chance_next(&m->chance) << 30;
		above = range->first;
	}
}

/* Whether it is to be refused; voids that are too old may be, and are not @sure. */
static bool refused(const struct model *m, const struct ack *ack, bool *sure)
{
	uint64_t above = m->next;
	unsigned int v;
	size_t i;

	*sure = true;
	if (ack->ranges > ACK_RANGES_MAX)
		return true;
	for (i = 0; i < ack->ranges; i++) {
		if (ack->range[i].first > ack->range[i].last ||
		    ack->range[i].last >= above)
			return true;
		above = ack->range[i].first;
	}
	for (v = 0; v < m->void_count; v++)
		for (i = 0; i < ack->ranges; i++) {
			if (m->voids[v] < ack->range[i].first ||
			    m->voids[v] > ack->range[i].last)
				continue;
			if (m->voids[v] + RECOVERY_KEPT >= m->highest)
				return true;
			*sure = false;
		}
	return false;
}

static void acknowledge(struct model *m, struct ack *ack)
{
	struct recovery_stats before, after;
	bool want, sure;
	int err;

	compose(m, ack);
	want = refused(m, ack, &sure);
	recovery_stats(m->recovery, &before);
	err = recovery_acked(m->recovery, ack, m->next, m->now);
	recovery_stats(m->recovery, &after);
	expect(m, !err || err == -EPROTO, "another error for an ACK frame");
	/* The callbacks send: numbers that are void may be too old by now. */
	expect(m, !sure || want == !!err, "an ACK frame is refused, or is not");
	expect(m, !err || !memcmp(&before, &after, sizeof(before)),
	       "an ACK frame was refused, and changed something");
}

static void step(struct model *m, struct ack *ack)
{
	switch (chance_of(&m->chance, 16)) {
	case 0 ... 5:
		add(m, m->next++);
		break;
	case 6:
		m->next += chance_of(&m->chance, 3);
		add(m, some_number(m));
		break;
	case 7:
		add_void(m);
		break;
	case 8 ... 11:
		acknowledge(m, ack);
		break;
	case 12:
		expect(m, recovery_expired(m->recovery, m->now) <= 2,
		       "more than two probes");
		break;
	case 13:
		recovery_limited(m->recovery, chance_of(&m->chance, 2));
		break;
	case 14:
		m->now += chance_of(&m->chance, 100 * MSEC);
		if (!chance_of(&m->chance, 50))
			m->now += (uint64_t)chance_next(&m->chance) << 24;
		break;
	case 15:
		if (chance_of(&m->chance, 50))
			break;
		recovery_path(m->recovery, m->now);
		memset(m->here, 0, sizeof(m->here));
		m->in_flight = 0;
		m->path_time = m->now;
	}
}

static void check(struct model *m, uint32_t payload_max)
{
	int64_t room = recovery_room(m->recovery, m->now);
	struct recovery_stats stats;

	recovery_stats(m->recovery, &stats);
	expect(m, stats.in_flight == m->in_flight,
	       "in flight is not what is outstanding");
	expect(m, stats.window >= 2 * (uint64_t)payload_max,
	       "the window is less than two datagrams");
	expect(m, room <= (int64_t)(stats.window - stats.in_flight),
	       "there is more room than window");
}

static bool hostile(struct chance *c)
{
	static struct ack ack;
	static const uint32_t payloads[] = { 1252, 1252, 1200, 65527, 1 };
	uint32_t payload = payloads[chance_of(c, 5)];
	struct model *m = calloc(1, sizeof(*m));
	unsigned int i;
	bool good;

	if (!m)
		ktap_bail("no memory for a model");
	chance_seed(&m->chance, chance_next(c));
	m->now = chance_of(c, 2) ? SEC : UINT64_MAX - (1ULL << 60);
	m->recovery = recovery_new(&ops, m, payload);
	if (!m->recovery)
		ktap_bail("no memory for recovery");
	if (chance_of(c, 2))
		recovery_peer(m->recovery, (uint64_t)chance_next(c) << 32,
			      chance_of(c, 64));
	/* A leap may have left all numbers that follow too old. */
	for (i = 0; i < 4 * PACKETS && m->sents < PACKETS && !m->wrong; i++) {
		step(m, &ack);
		check(m, payload);
	}
	good = !m->wrong;
	recovery_free(m->recovery);
	free(m);
	return good;
}

int main(int argc, char **argv)
{
	struct plan plan = chance_plan(argc, argv, 200, "paths of each kind");
	uint64_t packets = 0;
	struct chance chance;
	unsigned int i;

	chance_seed(&chance, plan.seed);
	ktap_begin();
	for (i = 0; i < plan.count && bad_path(&chance, &packets); i++)
		;
	ktap_diag("%llu packets", (unsigned long long)packets);
	ktap_result(i == plan.count,
		    "each packet of three senders over bad paths is acked or lost, once");
	for (i = 0; i < plan.count && hostile(&chance); i++)
		;
	ktap_result(i == plan.count,
		    "ACK frames, records and numbers of any kind leave the counts right");
	return ktap_end();
}
