// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cubic.h"
#include "least.h"

#define NSEC_PER_MSEC	1000000

/*
 * Four minutes and more, in ms: so far from its middle the curve has left any
 * window behind, and the third power fits 54 bits.
 */
#define CURVE_MSEC_MAX	(1ULL << 18)

enum {
	/* RFC 9002, 7.2 and B.1. */
	INITIAL_DATAGRAMS = 10,
	INITIAL_BYTES = 14720,
	MINIMUM_DATAGRAMS = 2,
};

/* beta_cubic is 7 / 10 (RFC 9438, 4.6). */
static uint64_t beta(uint64_t bytes)
{
	return bytes * 7 / 10;
}

void cubic_init(struct cubic *c, uint32_t payload_max)
{
	uint64_t datagram = payload_max;

	*c = (struct cubic){
		.payload_max = payload_max,
		.now.window = least(INITIAL_DATAGRAMS * datagram,
				    most(INITIAL_BYTES,
					 MINIMUM_DATAGRAMS * datagram)),
		.now.ssthresh = UINT64_MAX,
	};
	hystart_init(&c->hystart);
}

static uint64_t window_min(const struct cubic *c)
{
	return (uint64_t)MINIMUM_DATAGRAMS * c->payload_max;
}

void cubic_take(struct cubic *c, uint64_t window, uint64_t ssthresh,
		uint64_t in_flight, uint64_t now)
{
	bool cut = window < c->now.window, recovering = c->recovering;
	uint64_t start = cut ? now : c->recovery_start;

	cubic_init(c, c->payload_max);
	c->now.window = most(least(window, CUBIC_WINDOW_MAX), window_min(c));
	c->now.ssthresh = ssthresh;
	c->peak[1] = in_flight;
	c->recovering = recovering || cut;
	c->recovery_start = start;
}

bool cubic_recovering(const struct cubic *c, uint64_t sent)
{
	return c->recovering && sent <= c->recovery_start;
}

/* The greatest number whose third power is not above. */
static uint64_t cube_root(uint64_t cube)
{
	uint64_t root = 0, more;
	int bit;

	for (bit = 20; bit >= 0; bit--) {
		more = root | 1ULL << bit;
		if (more * more * more <= cube)
			root = more;
	}
	return root;
}

/* W_cubic(t) of RFC 9438, 4.2, with C = 4 / 10 and times in ms. */
static uint64_t w_cubic(const struct cubic *c, uint64_t t)
{
	const struct cubic_curve *v = &c->now;
	uint64_t d, bytes;

	d = least(t < v->k ? v->k - t : t - v->k, CURVE_MSEC_MAX);
	/* d^3 / 10^9 * 4 / 10, so divided that each product fits. */
	bytes = d * d * d / 1000 * c->payload_max * 4 / 10000000;
	if (t < v->k)
		return v->w_max - least(v->w_max, bytes);
	return v->w_max + bytes;
}

/* RFC 9438, 4.2; 4.8 where no cut was before: K is 0. */
static void begin_avoidance(struct cubic *c, uint64_t now)
{
	struct cubic_curve *v = &c->now;

	v->avoiding = true;
	v->epoch = now;
	v->w_est = v->window;
	c->est_fraction = 0;
	c->fraction = 0;
	if (v->w_max > v->window) {
		/* cbrt(packets / C) s is cbrt(packets * 10 / 4 * 10^9) ms. */
		v->k = cube_root((v->w_max - v->window) * 2500000000ULL /
				 c->payload_max);
		return;
	}
	v->w_max = v->window;
	v->prior = v->window;
	v->k = 0;
}

/*
 * RFC 9438, 4.3: alpha_cubic, 3 * (1 - beta) / (1 + beta) = 9 / 17, makes it as fast
 * as Reno with its halving; 1 from where the window was.
 */
static void estimate(struct cubic *c, uint64_t bytes)
{
	struct cubic_curve *v = &c->now;
	uint64_t alpha = v->w_est < v->prior ? 9 : 17;
	uint64_t unit = 17 * v->window;

	c->est_fraction += alpha * c->payload_max * bytes;
	v->w_est = least(v->w_est + c->est_fraction / unit, CUBIC_WINDOW_MAX);
	c->est_fraction %= unit;
}

static void avoid(struct cubic *c, const struct cubic_ack *ack, uint64_t bytes)
{
	struct cubic_curve *v = &c->now;
	uint64_t t, w, target;

	if (!v->avoiding)
		begin_avoidance(c, ack->now);
	estimate(c, bytes);
	t = ack->now - least(ack->now, v->epoch);
	w = w_cubic(c, t / NSEC_PER_MSEC);
	if (w < v->w_est) {
		v->window = most(v->window, v->w_est);
		return;
	}
	/* RFC 9438, 4.2 to 4.5: (target - window) / window for each packet. */
	target = w_cubic(c, capped_sum(t, ack->rtt) / NSEC_PER_MSEC);
	target = least(most(target, v->window), v->window * 3 / 2);
	c->fraction += (target - v->window) * bytes;
	w = v->window;
	v->window += c->fraction / w;
	c->fraction %= w;
}

/* Of what was in flight in the last two rounds, the most. */
static uint64_t peak(struct cubic *c, const struct cubic_ack *ack)
{
	c->peak[0] = most(c->peak[0], ack->in_flight);
	if (ack->largest >= c->round_end) {
		c->round_end = ack->highest;
		c->peak[1] = c->peak[0];
		c->peak[0] = ack->in_flight;
	}
	return most(c->peak[0], c->peak[1]);
}

/*
 * A burst that waits for the pacer uses the window as far as RFC 9002, 7.8, goes:
 * but what never was in flight says nothing about the path.
 */
static bool used(struct cubic *c, const struct cubic_ack *ack)
{
	return peak(c, ack) * 2 > c->now.window && ack->bytes;
}

/* RFC 9438, 5.8: while the window is not used up the curve stands still. */
static void stand(struct cubic *c, uint64_t now)
{
	if (!c->idle)
		c->idle_since = now;
	c->idle = true;
}

static void move_on(struct cubic *c, uint64_t now)
{
	if (c->idle)
		c->now.epoch += now - least(now, c->idle_since);
	c->idle = false;
}

void cubic_acked(struct cubic *c, const struct cubic_ack *ack)
{
	struct cubic_curve *v = &c->now;
	uint64_t bytes = least(ack->bytes, CUBIC_WINDOW_MAX);
	bool first = v->ssthresh == UINT64_MAX;

	if (first && hystart_acked(&c->hystart, ack->largest, ack->highest,
				   ack->sample))
		v->ssthresh = v->window;
	if (!used(c, ack)) {
		stand(c, ack->now);
		return;
	}
	move_on(c, ack->now);
	if (v->window >= v->ssthresh)
		avoid(c, ack, bytes);
	else
		v->window += first ? hystart_growth(&c->hystart, bytes) : bytes;
	v->window = least(v->window, CUBIC_WINDOW_MAX);
}

bool cubic_lost(struct cubic *c, uint64_t sent, uint64_t now)
{
	struct cubic_curve *v = &c->now;

	if (cubic_recovering(c, sent))
		return false;
	c->before = *v;
	c->cut = true;
	c->recovering = true;
	c->recovery_start = now;
	c->idle = false;
	v->prior = v->window;
	/*
	 * Without the fast convergence of RFC 9438, 4.7: ngtcp2 has none, and beside
	 * it who gives room gets less (make bench EXPERIMENTS=share). Two of this are
	 * as fair to each other with it as without (recovery_path.c).
	 */
	v->w_max = v->window;
	v->window = most(beta(v->window), window_min(c));
	v->ssthresh = v->window;
	v->avoiding = false;
	return true;
}

void cubic_undo(struct cubic *c)
{
	if (!c->cut)
		return;
	c->cut = false;
	c->recovering = false;
	c->fraction = 0;
	c->est_fraction = 0;
	if (c->now.window < c->before.window)
		c->now = c->before;
}

void cubic_collapse(struct cubic *c)
{
	struct cubic_curve *v = &c->now;

	v->window = window_min(c);
	v->w_max = 0;
	v->avoiding = false;
	c->cut = false;
	c->recovering = false;
}
