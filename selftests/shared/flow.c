// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>
#include <string.h>
#include "flow.h"
#include "ktap.h"

#define MSEC		1000000ULL
#define ACK_DELAY	(25 * MSEC)
/* The stack's own probe timeout, in the place of which this stands. */
#define STACK_PTO	(1000 * MSEC)

enum { HELD_MAX = 16, ACK_EXPONENT = 3 };

enum state { FREE, ABANDONED, VOID, HELD, OUTSTANDING, ACKED, LOST };

/* What the model knows of a number. */
struct item {
	struct sent	sent;
	enum state	state;
};

/* RFC 9000, 13.2: the other endpoint. */
struct receiver {
	struct ack_range	range[PATH_RANGES];
	unsigned int		ranges;
	unsigned int		unanswered;
	uint64_t		largest_time;
	uint64_t		timer;
	uint64_t		bytes;
};

struct flow {
	struct flow_plan	plan;
	struct path		*path;
	unsigned int		index;
	struct chance		chance;
	struct recovery		*recovery;
	/* Pointers to items stay good: they are handed out. */
	struct item		**item;
	size_t			room;
	uint64_t		next;
	uint64_t		held[HELD_MAX];
	unsigned int		held_count;
	uint64_t		held_bytes;
	uint64_t		in_flight;
	unsigned int		outstanding;
	uint64_t		active;
	bool			running;
	unsigned int		wrong;
	struct receiver		receiver;
};

static void expect(struct flow *f, bool good, uint64_t pn, const char *what)
{
	if (good)
		return;
	if (f->wrong++ < 10)
		ktap_diag("flow %u, packet %llu: %s", f->index,
			  (unsigned long long)pn, what);
}

bool flow_same(const struct sent *a, const struct sent *b)
{
	return a->pn == b->pn && a->time == b->time && a->size == b->size &&
	       a->sender == b->sender && a->queue == b->queue &&
	       a->elicits == b->elicits && a->what == b->what;
}

static void became(struct flow *f, const struct sent *sent, enum state state)
{
	struct item *item = sent->what;

	expect(f, sent->pn < f->next && item == f->item[sent->pn], sent->pn,
	       "what was handed out did not come back");
	expect(f, item->state == OUTSTANDING, sent->pn,
	       "settled, and was not outstanding");
	expect(f, flow_same(sent, &item->sent), sent->pn,
	       "not as it was sent");
	item->state = state;
	f->outstanding--;
	if (sent->elicits)
		f->in_flight -= sent->size;
}

static void acked(void *ctx, const struct sent *sent)
{
	became(ctx, sent, ACKED);
}

static void lost(void *ctx, const struct sent *sent)
{
	became(ctx, sent, LOST);
}

static const struct recovery_ops ops = { .acked = acked, .lost = lost };

struct flow *flow_new(const struct flow_plan *plan, struct path *path,
		      unsigned int index, uint64_t seed)
{
	struct flow *f = calloc(1, sizeof(*f));

	if (!f)
		ktap_bail("no memory for a flow");
	f->plan = *plan;
	f->path = path;
	f->index = index;
	f->active = plan->start;
	f->receiver.timer = UINT64_MAX;
	chance_seed(&f->chance, seed);
	f->recovery = recovery_new(&ops, f, FLOW_DATAGRAM);
	if (!f->recovery)
		ktap_bail("no memory for a flow");
	recovery_peer(f->recovery, ACK_DELAY, ACK_EXPONENT);
	return f;
}

void flow_free(struct flow *f)
{
	while (f->next)
		free(f->item[--f->next]);
	free(f->item);
	recovery_free(f->recovery);
	free(f);
}

static struct item *take(struct flow *f)
{
	struct item *item = calloc(1, sizeof(*item));

	if (f->next == f->room) {
		f->room = f->room * 2 ?: 1024;
		f->item = reallocarray(f->item, f->room, sizeof(*f->item));
	}
	if (!item || !f->item)
		ktap_bail("no memory for a packet");
	f->item[f->next] = item;
	item->sent.pn = f->next++;
	return item;
}

static void tell(struct flow *f, struct item *item)
{
	expect(f, !recovery_sent(f->recovery, &item->sent), item->sent.pn,
	       "could not be told");
	item->state = OUTSTANDING;
	f->outstanding++;
	if (item->sent.elicits)
		f->in_flight += item->sent.size;
}

/* The records that the library has read: some, but all that are acknowledged. */
static void tell_held(struct flow *f, const struct ack *ack)
{
	unsigned int i, left = 0;
	uint64_t pn;
	size_t j;

	for (i = 0; i < f->held_count; i++) {
		bool now = !ack || chance_of(&f->chance, 2);

		pn = f->held[i];
		for (j = 0; !now && j < ack->ranges; j++)
			now = pn >= ack->range[j].first && pn <= ack->range[j].last;
		if (!now) {
			f->held[left++] = pn;
			continue;
		}
		f->held_bytes -= f->item[pn]->sent.size;
		tell(f, f->item[pn]);
	}
	f->held_count = left;
}

/* Numbers that were taken for nothing. */
static void waste(struct flow *f)
{
	struct item *item;

	while (chance_of(&f->chance, 100) < 3) {
		item = take(f);
		item->state = ABANDONED;
		if (chance_of(&f->chance, 2))
			continue;
		item->state = VOID;
		expect(f, !recovery_void(f->recovery, item->sent.pn),
		       item->sent.pn, "could not be told as void");
	}
}

static void send(struct flow *f, uint64_t now, enum sender sender, bool elicits)
{
	uint32_t size = FLOW_DATAGRAM;
	struct path_event packet = { .kind = PATH_PACKET, .flow = f->index };
	struct item *item;

	if (f->plan.mixed) {
		waste(f);
		size = 100 + chance_of(&f->chance, FLOW_DATAGRAM - 99);
	}
	item = take(f);
	item->sent.time = now;
	item->sent.size = size;
	item->sent.sender = sender;
	item->sent.queue = sender == SENDER_SECOND;
	item->sent.elicits = elicits;
	item->sent.what = item;
	if (f->plan.mixed && sender == SENDER_SECOND && f->held_count < HELD_MAX) {
		item->state = HELD;
		f->held[f->held_count++] = item->sent.pn;
		f->held_bytes += size;
	} else {
		tell(f, item);
	}
	packet.pn = item->sent.pn;
	packet.size = size;
	packet.elicits = elicits;
	path_send(f->path, now, &packet);
	f->active = now;
}

static void send_next(struct flow *f, uint64_t now)
{
	if (f->plan.mixed)
		send(f, now, chance_of(&f->chance, 3),
		     chance_of(&f->chance, 100) < 95);
	else
		send(f, now, SENDER_SECOND, true);
}

static void check(struct flow *f)
{
	struct recovery_stats stats;

	recovery_stats(f->recovery, &stats);
	expect(f, stats.in_flight == f->in_flight, f->next,
	       "in flight is not what is outstanding");
	expect(f, stats.window >= 2 * FLOW_DATAGRAM, f->next,
	       "the window is less than two datagrams");
}

uint64_t flow_time(const struct flow *f)
{
	uint64_t time;

	if (!f->running)
		return f->plan.start;
	time = recovery_expiry(f->recovery);
	if (f->outstanding + f->held_count && f->active + STACK_PTO < time)
		time = f->active + STACK_PTO;
	return time;
}

void flow_run(struct flow *f, uint64_t now)
{
	struct recovery_stats stats;
	unsigned int probes;
	int64_t room;

	if (now < f->plan.start)
		return;
	f->running = true;
	for (probes = recovery_expired(f->recovery, now); probes; probes--)
		send(f, now, SENDER_LIBRARY, true);
	if (f->outstanding + f->held_count && now >= f->active + STACK_PTO) {
		tell_held(f, NULL);
		send(f, now, SENDER_STACK, true);
	}
	if (now >= f->plan.stop) {
		tell_held(f, NULL);
		recovery_limited(f->recovery, false);
		check(f);
		return;
	}
	for (;;) {
		room = recovery_room(f->recovery, now) - (int64_t)f->held_bytes;
		recovery_stats(f->recovery, &stats);
		expect(f, room <= (int64_t)(stats.window - stats.in_flight),
		       f->next, "there is more room than window");
		if (room <= 0)
			break;
		send_next(f, now);
	}
	check(f);
}

static void receive(struct flow *f, const struct path_event *e)
{
	struct ack *ack = malloc(sizeof(*ack));

	if (!ack)
		ktap_bail("no memory for an ACK frame");
	ack->delay = e->delay;
	ack->ecn = false;
	ack->ranges = e->ranges;
	memcpy(ack->range, e->range, e->ranges * sizeof(*e->range));
	tell_held(f, ack);
	expect(f, !recovery_acked(f->recovery, ack, f->next, e->time),
	       e->range[0].last, "the ACK frame was refused");
	f->active = e->time;
	free(ack);
}

static void answer(struct flow *f, uint64_t now)
{
	struct receiver *v = &f->receiver;
	struct path_event ack = { .kind = PATH_ACK, .flow = f->index };

	ack.delay = (now - v->largest_time) / 1000 >> ACK_EXPONENT;
	ack.ranges = v->ranges;
	memcpy(ack.range, v->range, sizeof(ack.range));
	path_answer(f->path, now, &ack);
	v->unanswered = 0;
	v->timer = UINT64_MAX;
}

/* Into the ranges, of which the lowest is forgotten if there are too many. */
static void insert(struct receiver *v, uint64_t pn)
{
	struct ack_range *range = v->range;
	unsigned int i = 0;

	while (i < v->ranges && range[i].first > pn + 1)
		i++;
	if (i < v->ranges && pn + 1 == range[i].first) {
		range[i].first = pn;
		if (i + 1 < v->ranges && range[i + 1].last + 1 == pn) {
			range[i].first = range[i + 1].first;
			memmove(&range[i + 1], &range[i + 2],
				(--v->ranges - i - 1) * sizeof(*range));
		}
		return;
	}
	if (i < v->ranges && range[i].last + 1 == pn) {
		range[i].last = pn;
		return;
	}
	if (i == PATH_RANGES)
		return;
	if (v->ranges == PATH_RANGES)
		v->ranges--;
	memmove(&range[i + 1], &range[i], (v->ranges++ - i) * sizeof(*range));
	range[i] = (struct ack_range){ pn, pn };
}

static void arrive(struct flow *f, const struct path_event *e)
{
	struct receiver *v = &f->receiver;
	struct path_event timer = { .kind = PATH_TIMER, .flow = f->index };
	bool in_order = !v->ranges || e->pn == v->range[0].last + 1;

	v->bytes += e->size;
	insert(v, e->pn);
	if (v->range[0].last == e->pn)
		v->largest_time = e->time;
	if (!e->elicits)
		return;
	/* RFC 9000, 13.2.1 and 13.2.2. */
	if (++v->unanswered >= 2 || !in_order) {
		answer(f, e->time);
		return;
	}
	timer.time = e->time + ACK_DELAY;
	v->timer = timer.time;
	path_timer(f->path, &timer);
}

void flow_event(struct flow *f, const struct path_event *event)
{
	switch (event->kind) {
	case PATH_PACKET:
		arrive(f, event);
		return;
	case PATH_TIMER:
		if (event->time == f->receiver.timer)
			answer(f, event->time);
		return;
	case PATH_ACK:
		receive(f, event);
		check(f);
		flow_run(f, event->time);
	}
}

uint64_t flow_received(const struct flow *f)
{
	return f->receiver.bytes;
}

unsigned int flow_outstanding(const struct flow *f)
{
	return f->outstanding + f->held_count;
}

unsigned int flow_wrong(const struct flow *f)
{
	return f->wrong;
}

void flow_stats(const struct flow *f, struct recovery_stats *stats)
{
	recovery_stats(f->recovery, stats);
}

void flow_all(struct path *path, struct flow **flow, unsigned int flows,
	      uint64_t until)
{
	struct path_event event;
	uint64_t time, last = 0;
	unsigned int i, who, steps = 0;

	for (;;) {
		time = path_time(path);
		who = flows;
		for (i = 0; i < flows; i++) {
			if (flow_time(flow[i]) >= time)
				continue;
			time = flow_time(flow[i]);
			who = i;
		}
		if (time > until)
			return;
		/* A timer that is due once more at once would be for ever. */
		steps = time > last ? 0 : steps + 1;
		if (steps > 100000)
			ktap_bail("at %llu ns time stands still",
				  (unsigned long long)time);
		if (time > last)
			last = time;
		if (who < flows) {
			flow_run(flow[who], last);
			continue;
		}
		path_next(path, &event);
		flow_event(flow[event.flow], &event);
	}
}
