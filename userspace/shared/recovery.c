// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdlib.h>

#include "cubic.h"
#include "least.h"
#include "pacer.h"
#include "recovery.h"
#include "rtt.h"
#include "sent.h"

enum {
	/* RFC 9002, 6.1.1. */
	PACKET_THRESHOLD = 3,
	/* RFC 9002, 7.6.1. */
	PERSISTENT_THRESHOLD = 3,
	/* RFC 9002, 6.2.4. */
	PROBES_MAX = 2,
	/* Probe timeouts: what was sent before is acknowledged or lost by then. */
	JOIN_PTOS = 2,
	/* Doublings of the probe timeout, for packets of the stack alone. */
	STACK_PATIENCE = 2,
	/* Of the probe timeout: no connection lasts as long as that. */
	BACKOFF_MAX = 16,
};

/* In no packet's number. */
#define NONE UINT64_MAX

/**
 * struct recovery - of one connection
 * @ops: who is told.
 * @ctx: what they are given.
 * @payload_max: of a datagram, bytes.
 * @sent: all packets.
 * @rtt: of the path, as the next two.
 * @cubic: the window.
 * @pacer: how fast it is used.
 * @in_flight: bytes of the path's outstanding packets that elicit.
 * @stack_flight: of them, the stack's.
 * @join_time: when recovery_join() began.
 * @join_end: until then it goes on; 0: it does not; UINT64_MAX: no packet was
 *	acknowledged since.
 * @joined: bytes in flight of packets that were sent before it.
 * @stack_window: of the stack, when it was asked last, bytes.
 * @path_time: since when it is the path.
 * @sampled: time of the first sample of the RTT; UINT64_MAX: none.
 * @above: all numbers that were sent.
 * @acked: the largest number of a packet that was acknowledged, while @answered.
 * @answered: there is one.
 * @passed: of each queue: numbers below this one are below one that was acknowledged.
 * @loss_time: when the next packet below @acked is lost; UINT64_MAX: there is none.
 * @detected: when lost ones were last looked for; UINT64_MAX: never.
 * @early: the handshake is not confirmed.
 * @waiting: packets that elicit an acknowledgment, and nothing has become of.
 * @own_waiting: of them, those that are not the stack's.
 * @probe_start: when it began: the last of them was sent, or it expired.
 * @pto_count: how often it did since the last answer.
 * @limited: the senders wanted more than they were allowed.
 * @limited_end: they did, below this number.
 * @cut_first: lowest number that the window was last cut for.
 * @cut_lost: packets from there on that were lost and not acknowledged since.
 * @lost: packets.
 * @spurious: packets.
 * @cuts: of the window.
 */
struct recovery {
	const struct recovery_ops	*ops;
	void				*ctx;
	uint32_t			payload_max;
	struct sent_map			sent;
	struct rtt			rtt;
	struct cubic			cubic;
	struct pacer			pacer;
	uint64_t			in_flight;
	uint64_t			stack_flight;
	uint64_t			join_time;
	uint64_t			join_end;
	uint64_t			joined;
	uint64_t			stack_window;
	uint64_t			path_time;
	uint64_t			sampled;
	uint64_t			above;
	uint64_t			acked;
	bool				answered;
	uint64_t			passed[RECOVERY_QUEUES];
	uint64_t			loss_time;
	uint64_t			detected;
	bool				early;
	unsigned int			waiting;
	unsigned int			own_waiting;
	uint64_t			probe_start;
	unsigned int			pto_count;
	bool				limited;
	uint64_t			limited_end;
	uint64_t			cut_first;
	uint64_t			cut_lost;
	uint64_t			lost;
	uint64_t			spurious;
	uint64_t			cuts;
};

static void begin_path(struct recovery *r)
{
	rtt_restart(&r->rtt);
	cubic_init(&r->cubic, r->payload_max);
	pacer_init(&r->pacer, r->payload_max);
	r->in_flight = 0;
	r->stack_flight = 0;
	r->join_end = 0;
	r->joined = 0;
	r->sampled = UINT64_MAX;
	r->pto_count = 0;
	r->cut_first = NONE;
	r->cut_lost = 0;
}

/* What UDP can have. */
static uint32_t payload_of(uint32_t payload_max)
{
	return least(most(payload_max, 1), UINT16_MAX);
}

struct recovery *recovery_new(const struct recovery_ops *ops, void *ctx,
			      uint32_t payload_max)
{
	struct recovery *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->ops = ops;
	r->ctx = ctx;
	r->payload_max = payload_of(payload_max);
	r->loss_time = UINT64_MAX;
	r->detected = UINT64_MAX;
	r->limited = true;
	rtt_init(&r->rtt);
	begin_path(r);
	return r;
}

void recovery_free(struct recovery *r)
{
	if (!r)
		return;
	sent_free(&r->sent);
	free(r);
}

void recovery_peer(struct recovery *r, uint64_t max_ack_delay,
		   unsigned int ack_delay_exponent)
{
	rtt_peer(&r->rtt, max_ack_delay, ack_delay_exponent);
}

/*
 * When a packet below what was acknowledged is lost (RFC 9002, 6.1). That others were
 * taken for later ones says nothing if they had not to wait behind it.
 */
static uint64_t loss_due(const struct recovery *r, const struct sent *sent)
{
	if (r->passed[sent->queue] > sent->pn + PACKET_THRESHOLD)
		return 0;
	return capped_sum(sent->time, rtt_loss_delay(&r->rtt));
}

/* Bytes that fill the window. */
static uint64_t flying(const struct recovery *r)
{
	return r->in_flight + r->joined;
}

/* Bytes that the stack counts, too. */
static uint64_t of_stack(const struct sent *sent)
{
	return sent->sender == SENDER_STACK ? sent->size : 0;
}

int recovery_sent(struct recovery *r, const struct sent *sent)
{
	bool here = sent->time >= r->path_time;
	int err;

	err = sent_add(&r->sent, sent, here);
	if (err)
		return err;
	r->above = most(r->above, sent->pn + 1);
	/* Told of only now. */
	if (r->answered && sent->pn < r->acked)
		r->loss_time = least(r->loss_time, loss_due(r, sent));
	if (!sent->elicits)
		return 0;
	r->waiting++;
	r->own_waiting += sent->sender != SENDER_STACK;
	r->probe_start = most(r->probe_start, sent->time);
	if (!here)
		return 0;
	r->in_flight += sent->size;
	r->stack_flight += of_stack(sent);
	pacer_take(&r->pacer, sent->size);
	return 0;
}

uint64_t recovery_end(struct recovery *r)
{
	return sent_end(&r->sent);
}

uint64_t recovery_next(const struct recovery *r)
{
	return r->above;
}

int recovery_void(struct recovery *r, uint64_t pn)
{
	return sent_void(&r->sent, pn);
}

/* Senders may say that a packet is of the future: for no longer than until now. */
static void look_at_clock(struct recovery *r, uint64_t now)
{
	r->probe_start = least(r->probe_start, now);
}

/* Out of the account, before anybody is told. */
static struct sent settle(struct recovery *r, uint64_t pn, bool acked)
{
	struct sent sent = *sent_get(&r->sent, pn);
	enum sent_fate fate = sent.pmtu_probe ? SENT_TRIED : SENT_LOST;

	if (sent.elicits && sent_here(&r->sent, pn)) {
		r->in_flight -= sent.size;
		r->stack_flight -= of_stack(&sent);
	}
	r->waiting -= sent.elicits;
	r->own_waiting -= sent.elicits && sent.sender != SENDER_STACK;
	sent_settle(&r->sent, pn, acked ? SENT_ACKED : fate);
	return sent;
}

/**
 * struct losses - what is lost at a time
 * @first: lowest number.
 * @flying: packets were in flight; of them is what follows.
 * @time: when the last was sent.
 * @run_last: highest number of a run that has no acknowledged packet in it.
 * @run_from: when the first packet of the run was sent; UINT64_MAX: no run.
 * @run_to: when its last packet was.
 * @longest: ns between the two, in the longest run.
 */
struct losses {
	uint64_t	first;
	bool		flying;
	uint64_t	time;
	uint64_t	run_last;
	uint64_t	run_from;
	uint64_t	run_to;
	uint64_t	longest;
};

/* RFC 9002, 7.6.2: only what was sent since there is an RTT to measure it with. */
static void extend_run(struct recovery *r, struct losses *l,
		       const struct sent *sent, uint64_t time)
{
	if (r->sampled == UINT64_MAX || time < r->sampled)
		return;
	if (l->run_from == UINT64_MAX ||
	    sent_has_acked(&r->sent, l->run_last, sent->pn)) {
		l->run_from = time;
		l->run_to = time;
	}
	l->run_last = sent->pn;
	l->run_from = least(l->run_from, time);
	l->run_to = most(l->run_to, time);
	l->longest = most(l->longest, l->run_to - l->run_from);
}

static void widen_cut(struct recovery *r, uint64_t first)
{
	r->cut_first = first;
	r->cut_lost = sent_lost(&r->sent, first);
}

static void lose(struct recovery *r, uint64_t pn, struct losses *l, uint64_t now)
{
	bool here = sent_here(&r->sent, pn);
	struct sent sent = settle(r, pn, false);
	uint64_t time = least(sent.time, now);

	r->lost++;
	if (sent.pmtu_probe) {
		r->ops->lost(r->ctx, &sent);
		return;
	}
	if (pn >= r->cut_first)
		r->cut_lost++;
	/* Of a queue that is behind: one more reason for the cut. */
	else if (cubic_recovering(&r->cubic, time))
		widen_cut(r, pn);
	l->first = least(l->first, pn);
	if (sent.elicits && here) {
		l->flying = true;
		l->time = most(l->time, time);
		extend_run(r, l, &sent, time);
	}
	r->ops->lost(r->ctx, &sent);
}

/* RFC 9002, 7.3.2 and 7.6. */
static void respond(struct recovery *r, const struct losses *l, uint64_t now)
{
	if (!l->flying)
		return;
	if (cubic_lost(&r->cubic, l->time, now)) {
		r->cuts++;
		widen_cut(r, l->first);
	}
	if (l->longest > rtt_pto(&r->rtt) * PERSISTENT_THRESHOLD) {
		cubic_collapse(&r->cubic);
		rtt_forget_min(&r->rtt);
	}
}

/* RFC 9002, 6.1. */
static void detect(struct recovery *r, uint64_t now)
{
	uint64_t pn, due;
	struct losses l = { .first = NONE, .run_from = UINT64_MAX };

	r->loss_time = UINT64_MAX;
	r->detected = now;
	if (!r->answered)
		return;
	/* Packets that are told of meanwhile may set loss_time, too. */
	for (pn = sent_next(&r->sent, 0, r->acked); pn < r->acked;
	     pn = sent_next(&r->sent, pn + 1, r->acked)) {
		due = loss_due(r, sent_get(&r->sent, pn));
		if (due <= now)
			lose(r, pn, &l, now);
		else
			r->loss_time = least(r->loss_time, due);
	}
	respond(r, &l, now);
}

/*
 * A packet may have hundreds of ACK frames, and each time all that is in flight is looked
 * at: those behind the first of a moment have it done by the timer, once.
 */
static void detect_once(struct recovery *r, uint64_t now)
{
	if (r->detected == now)
		r->loss_time = least(r->loss_time, now);
	else
		detect(r, now);
}

static bool valid(const struct recovery *r, const struct ack *ack, uint64_t next)
{
	uint64_t above = next;
	size_t i;

	if (ack->ranges > ACK_RANGES_MAX)
		return false;
	for (i = 0; i < ack->ranges; i++) {
		const struct ack_range *range = &ack->range[i];

		if (range->first > range->last || range->last >= above ||
		    sent_has_void(&r->sent, range->first, range->last))
			return false;
		above = range->first;
	}
	return true;
}

/**
 * struct gain - what an acknowledgment brings
 * @newly: packets that were outstanding.
 * @largest: number of them.
 * @flying: some were in flight.
 * @bytes: of those that may widen the window.
 */
struct gain {
	uint64_t	newly;
	uint64_t	largest;
	bool		flying;
	uint64_t	bytes;
};

static void receive(struct recovery *r, uint64_t pn, struct gain *g)
{
	bool here = sent_here(&r->sent, pn);
	struct sent sent = settle(r, pn, true);

	g->newly++;
	g->largest = most(g->largest, pn);
	r->passed[sent.queue] = most(r->passed[sent.queue], pn + 1);
	if (sent.elicits && here) {
		g->flying = true;
		if ((r->limited || pn < r->limited_end) &&
		    !cubic_recovering(&r->cubic, sent.time))
			g->bytes += sent.size;
	}
	r->ops->acked(r->ctx, &sent);
}

/* What was lost was not, after all: and perhaps nothing of what cut the window. */
static void find(struct recovery *r, uint64_t first, uint64_t last)
{
	uint64_t found;

	if (first < r->cut_first) {
		r->spurious += sent_find(&r->sent, first,
					 least(last, r->cut_first - 1));
		first = r->cut_first;
	}
	if (first > last)
		return;
	found = sent_find(&r->sent, first, last);
	r->spurious += found;
	if (!found)
		return;
	r->cut_lost -= least(r->cut_lost, found);
	if (!r->cut_lost)
		cubic_undo(&r->cubic);
}

/* RFC 9002, 5.1. */
static uint64_t sample(struct recovery *r, const struct gain *g, uint64_t sent,
		       uint64_t delay, uint64_t now)
{
	if (sent == UINT64_MAX || sent > now || !g->flying)
		return 0;
	if (r->sampled == UINT64_MAX)
		r->sampled = now;
	rtt_sample(&r->rtt, now - sent, delay);
	return r->rtt.latest;
}

int recovery_acked(struct recovery *r, const struct ack *ack, uint64_t next,
		   uint64_t now)
{
	uint64_t in_flight = flying(r), cuts = r->cuts, sent = UINT64_MAX;
	const struct sent *largest;
	struct gain g = { 0 };
	uint64_t rtt, pn;
	size_t i;

	if (!valid(r, ack, next))
		return -EPROTO;
	look_at_clock(r, now);
	if (!ack->ranges)
		return 0;
	largest = sent_get(&r->sent, ack->range[0].last);
	if (largest && sent_here(&r->sent, largest->pn))
		sent = largest->time;
	for (i = 0; i < ack->ranges; i++) {
		const struct ack_range *range = &ack->range[i];

		for (pn = sent_next(&r->sent, range->first, range->last);
		     pn <= range->last;
		     pn = sent_next(&r->sent, pn + 1, range->last))
			receive(r, pn, &g);
		find(r, range->first, range->last);
	}
	if (!g.newly)
		return 0;
	r->acked = r->answered ? most(r->acked, g.largest) : g.largest;
	r->answered = true;
	r->pto_count = 0;
	rtt = sample(r, &g, sent, ack->delay, now);
	detect_once(r, now);
	/* What cuts the window does not widen it, too. */
	if (r->cuts != cuts)
		g.bytes = 0;
	if (g.flying)
		cubic_acked(&r->cubic, &(struct cubic_ack){
			.now = now,
			.bytes = g.bytes,
			.in_flight = in_flight,
			.largest = g.largest,
			.highest = r->above - 1,
			.sample = rtt,
			.rtt = rtt_assumed(&r->rtt),
		});
	return 0;
}

/*
 * RFC 9002, 6.2.1. The stack probes for its packets, and twice before this does. But
 * ngtcp2 does not if all that was in them has been acknowledged otherwise, and then
 * they would fill the window for ever.
 */
static uint64_t probe_time(const struct recovery *r)
{
	unsigned int shift = r->pto_count;

	if (!r->waiting || r->early)
		return UINT64_MAX;
	if (!r->own_waiting)
		shift += STACK_PATIENCE;
	return capped_sum(r->probe_start,
			  rtt_pto(&r->rtt) << least(shift, BACKOFF_MAX));
}

static uint64_t window_of(const struct recovery *r)
{
	return r->cubic.now.window;
}

static void fill(struct recovery *r, uint64_t now)
{
	pacer_fill(&r->pacer, r->payload_max, window_of(r), rtt_assumed(&r->rtt),
		   now);
}

uint64_t recovery_expiry(const struct recovery *r)
{
	uint64_t expiry = r->loss_time;

	if (expiry == UINT64_MAX)
		expiry = probe_time(r);
	if (r->limited && window_of(r) > flying(r))
		expiry = least(expiry, pacer_expiry(&r->pacer));
	return expiry;
}

unsigned int recovery_expired(struct recovery *r, uint64_t now)
{
	look_at_clock(r, now);
	fill(r, now);
	if (r->loss_time != UINT64_MAX) {
		if (r->loss_time <= now)
			detect(r, now);
		return 0;
	}
	if (probe_time(r) > now)
		return 0;
	if (r->pto_count < UINT32_MAX)
		r->pto_count++;
	r->probe_start = now;
	return least(r->waiting, PROBES_MAX);
}

int64_t recovery_room(struct recovery *r, uint64_t now)
{
	int64_t room = (int64_t)(window_of(r) - flying(r)), paced;

	look_at_clock(r, now);
	fill(r, now);
	if (room <= 0)
		return room;
	paced = pacer_room(&r->pacer);
	if (paced <= 0)
		return 0;
	return paced < room ? paced : room;
}

void recovery_limited(struct recovery *r, bool limited)
{
	if (r->limited && !limited)
		r->limited_end = r->above;
	r->limited = limited;
}

/* What it knows is all that is known. */
static void take_over(struct recovery *r, const struct recovery_stack *stack,
		      uint64_t now)
{
	if (!r->join_end)
		r->join_time = now;
	r->join_end = UINT64_MAX;
	if (stack->latest_rtt)
		rtt_take(&r->rtt, stack->latest_rtt, stack->smoothed_rtt,
			 stack->rtt_var, stack->min_rtt);
	cubic_take(&r->cubic, stack->window, stack->ssthresh, stack->in_flight, now);
}

/* It alone sees what becomes of packets from before. */
static void follow(struct recovery *r, const struct recovery_stack *stack, uint64_t now)
{
	if (r->join_end == UINT64_MAX)
		r->join_end = now + JOIN_PTOS * rtt_pto(&r->rtt);
	if (stack->window < r->stack_window &&
	    cubic_lost(&r->cubic, r->join_time, now))
		r->cuts++;
	if (now < r->join_end)
		return;
	r->join_end = 0;
	r->joined = 0;
}

void recovery_join(struct recovery *r, const struct recovery_stack *stack, uint64_t now)
{
	/* By a few bytes longer than the stack believes: never less than none. */
	r->joined = stack->in_flight - least(stack->in_flight, r->stack_flight);
	if (r->answered)
		follow(r, stack, now);
	else
		take_over(r, stack, now);
	r->stack_window = stack->window;
}

bool recovery_joining(const struct recovery *r)
{
	return r->join_end;
}

/*
 * A path is a new one each time that the peer comes back to it: it has the window of a
 * new one, but what may be sent at a time must not come of that.
 */
void recovery_path(struct recovery *r, uint64_t now)
{
	int64_t room;

	fill(r, now);
	room = pacer_room(&r->pacer);
	sent_leave(&r->sent);
	begin_path(r);
	pacer_go_on(&r->pacer, room, now);
	/* At the new rate: recovery_expiry() may be asked next. */
	fill(r, now);
	r->path_time = now;
	r->probe_start = now;
}

void recovery_payload(struct recovery *r, uint32_t payload_max)
{
	r->payload_max = payload_of(payload_max);
	r->cubic.payload_max = r->payload_max;
}

void recovery_early(struct recovery *r, bool early)
{
	r->early = early;
}

uint64_t recovery_rtt(const struct recovery *r)
{
	return rtt_assumed(&r->rtt);
}

void recovery_stats(const struct recovery *r, struct recovery_stats *stats)
{
	*stats = (struct recovery_stats){
		.smoothed_rtt = r->rtt.smoothed,
		.latest_rtt = r->rtt.latest,
		.min_rtt = r->rtt.min,
		.rtt_var = r->rtt.var,
		.window = window_of(r),
		.in_flight = flying(r),
		.ssthresh = r->cubic.now.ssthresh,
		.lost = r->lost,
		.spurious = r->spurious,
		.pto_count = r->pto_count,
		.congestion_events = r->cuts,
	};
}
