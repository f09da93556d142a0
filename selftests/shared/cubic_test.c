// SPDX-License-Identifier: GPL-2.0-only
/*
 * The window against the formulas of RFC 9438, in doubles; the end of slow start of
 * RFC 9406; the pacer of RFC 9002, 7.7.
 */
#include <math.h>
#include <stdint.h>
#include "cubic.h"
#include "expect.h"
#include "pacer.h"

#define MSEC	1000000ULL
#define SEC	1000000000ULL

enum { DATAGRAM = 1200 };

static struct cubic c;
static uint64_t pn;

/* A window that was all in flight; RTT samples in ns. */
static void acked_then(uint64_t now, uint64_t bytes, uint64_t rtt, bool sample)
{
	cubic_acked(&c, &(struct cubic_ack){
		.now = now, .bytes = bytes, .in_flight = c.now.window,
		.largest = pn, .highest = pn + c.now.window / DATAGRAM,
		.sample = sample ? rtt : 0, .rtt = rtt,
	});
	pn += bytes / DATAGRAM;
}

static double packets(void)
{
	return (double)c.now.window / DATAGRAM;
}

/* Out of slow start, at that window. */
static void avoiding(unsigned int window)
{
	cubic_init(&c, DATAGRAM);
	pn = 0;
	c.now.window = window * DATAGRAM;
	c.now.ssthresh = c.now.window;
}

/* Acknowledges everything, paced, until then; the greatest error of the curve. */
static double follow(uint64_t from, uint64_t until, uint64_t rtt, double w_max,
		     double k)
{
	double worst = 0, t, want;
	uint64_t now = from;

	while (now < until) {
		acked_then(now, DATAGRAM, rtt, false);
		/* The window gets to the curve of an RTT later, an RTT later. */
		t = (now - from) / 1e9;
		want = 0.4 * pow(t - k, 3) + w_max;
		if (t > 0.5 && fabs(packets() - want) > worst)
			worst = fabs(packets() - want);
		now += rtt * DATAGRAM / c.now.window;
	}
	return worst;
}

static void test_curve(void)
{
	uint64_t before, i;
	double k, worst;

	/* An RTT so long that Reno is slower by far. */
	avoiding(1000);
	cubic_lost(&c, SEC, 2 * SEC);
	expect_eq(c.now.window, 700 * DATAGRAM,
		  "a loss leaves 7/10 of the window (RFC 9438, 4.6)");
	k = cbrt(1000 * 0.3 / 0.4);
	worst = follow(3 * SEC, 3 * SEC + 2 * (uint64_t)(k * 1e9), 200 * MSEC,
		       1000, k);
	ktap_diag("K is %.3f s; at most %.2f packets off; in the end %.1f", k,
		  worst, packets());
	expect_eq(c.now.k, (long long)(k * 1000), "K follows (RFC 9438, 4.2)");
	ktap_result(worst < 1 && packets() > 1250,
		    "the window follows the curve, concave and convex (RFC 9438, 4.4, 4.5)");

	avoiding(1000);
	acked_then(SEC, DATAGRAM, 100 * MSEC, false);
	worst = follow(SEC, 9 * SEC, 200 * MSEC, 1000, 0);
	/* Reno is faster for the first seconds. */
	ktap_result(worst < 15,
		    "without a loss before, the curve begins flat (RFC 9438, 4.8)");

	/* In 5 s to 50 packets above: of that, 1 / 10^5 for each packet. */
	avoiding(100000);
	acked_then(SEC, DATAGRAM, MSEC, false);
	before = c.now.window;
	for (i = 0; i < 100; i++)
		acked_then(6 * SEC, DATAGRAM, MSEC, false);
	expect_eq(c.now.window - before, 60,
		  "parts of a byte add up, however wide the window");

	avoiding(100);
	cubic_lost(&c, SEC, 2 * SEC);
	acked_then(3 * SEC, DATAGRAM, 100 * MSEC, false);
	acked_then(1000000 * SEC, DATAGRAM, 100 * MSEC, false);
	ktap_result(packets() < 71, "however late, one packet is half of one at most");
}

static void test_cut(void)
{
	avoiding(1000);
	cubic_lost(&c, SEC, 2 * SEC);
	expect_eq(c.now.w_max, 1000 * DATAGRAM, "the curve goes to where it was cut");
	cubic_lost(&c, 3 * SEC, 4 * SEC);
	ktap_result(c.now.w_max == 700 * DATAGRAM && c.now.window == 490 * DATAGRAM,
		    "also if that is less than the last time: ngtcp2 gives no more room (RFC 9438, 4.7)");
	expect_eq(cubic_lost(&c, 4 * SEC, 5 * SEC), false,
		  "what was sent before the cut cuts nothing (RFC 9002, 7.3.2)");
}

static void test_reno(void)
{
	double reno;
	uint64_t now = 3 * SEC;

	/* An RTT so short that the curve is slower by far: 9 / 17 packets per RTT. */
	avoiding(100);
	cubic_lost(&c, SEC, 2 * SEC);
	for (reno = 70; reno < 100; now += MSEC / 100) {
		acked_then(now, DATAGRAM, MSEC, false);
		reno += 9.0 / 17 / packets();
	}
	ktap_diag("%.2f packets, Reno has %.2f", packets(), reno);
	ktap_result(fabs(packets() - reno) < 0.5,
		    "where Reno is faster, so is CUBIC (RFC 9438, 4.3)");
	for (; reno < 130; now += MSEC / 100) {
		acked_then(now, DATAGRAM, MSEC, false);
		reno += 1 / packets();
	}
	ktap_diag("%.2f packets, Reno has %.2f", packets(), reno);
	ktap_result(fabs(packets() - reno) < 1,
		    "as Reno itself from where it was cut (RFC 9438, 4.3)");
}

static void test_pause(void)
{
	uint64_t window;

	avoiding(1000);
	cubic_lost(&c, SEC, 2 * SEC);
	follow(3 * SEC, 4 * SEC, 200 * MSEC, 1000, 9);
	window = c.now.window;
	acked_then(4 * SEC, 0, 200 * MSEC, false);
	acked_then(1000 * SEC, 0, 200 * MSEC, false);
	expect_eq(c.now.window, window, "unused, the window stays");
	follow(1000 * SEC, 1000 * SEC + 200 * MSEC, 200 * MSEC, 1000, 9);
	ktap_diag("from %.1f packets to %.1f", (double)window / DATAGRAM, packets());
	ktap_result(packets() - (double)window / DATAGRAM < 30,
		    "and the curve goes on where it was (RFC 9438, 5.8)");
}

static void test_undo(void)
{
	avoiding(1000);
	cubic_lost(&c, SEC, 2 * SEC);
	cubic_undo(&c);
	ktap_result(c.now.window == 1000 * DATAGRAM && !cubic_recovering(&c, SEC),
		    "a cut is taken back (RFC 9438, 4.9)");
	cubic_undo(&c);
	expect_eq(c.now.window, 1000 * DATAGRAM, "once");
	cubic_lost(&c, SEC, 2 * SEC);
	cubic_collapse(&c);
	ktap_result(c.now.window == 2 * DATAGRAM && c.now.ssthresh == 700 * DATAGRAM,
		    "persistent congestion leaves two datagrams (RFC 9002, 7.6.2)");
	cubic_undo(&c);
	expect_eq(c.now.window, 2 * DATAGRAM, "which nothing takes back");
	acked_then(3 * SEC, 2 * DATAGRAM, 100 * MSEC, false);
	expect_eq(c.now.window, 4 * DATAGRAM, "slow start is what follows");
}

/* A round of slow start: a window, in eight samples. */
static void slow_round(uint64_t *now, uint64_t rtt)
{
	uint64_t share = c.now.window / 8, i;

	for (i = 0; i < 8; i++)
		cubic_acked(&c, &(struct cubic_ack){
			.now = *now += MSEC, .bytes = share,
			.in_flight = c.now.window,
			.largest = c.hystart.round_end - (i < 7),
			.highest = c.hystart.round_end + 100,
			.sample = rtt, .rtt = rtt });
}

static void start(uint64_t *now)
{
	cubic_init(&c, DATAGRAM);
	*now = SEC;
	pn = 0;
	/* The first acknowledgment ends a round that had not begun. */
	cubic_acked(&c, &(struct cubic_ack){ .now = *now, .rtt = 1, .highest = 1 });
}

static void test_hystart(void)
{
	uint64_t now, window, i;

	start(&now);
	for (i = 0; i < 4; i++)
		slow_round(&now, 80 * MSEC);
	window = c.now.window;
	ktap_result(window > 14 * 10 * DATAGRAM && c.now.ssthresh == UINT64_MAX,
		    "slow start goes on while the RTT stays");
	slow_round(&now, 89 * MSEC);
	ktap_result(c.now.window > window * 19 / 10,
		    "and while it grows by less than an eighth (RFC 9406, 4.2)");
	slow_round(&now, 101 * MSEC);
	window = c.now.window;
	slow_round(&now, 101 * MSEC);
	ktap_result(c.now.window < window * 13 / 10 && c.now.window > window * 12 / 10,
		    "else it is four times slower (RFC 9406, 4.2)");
	for (i = 0; i < 2; i++)
		slow_round(&now, 101 * MSEC);
	expect_eq(c.now.ssthresh == UINT64_MAX, true, "for five rounds");
	slow_round(&now, 101 * MSEC);
	window = c.now.window;
	ktap_result(c.now.ssthresh < UINT64_MAX,
		    "then congestion avoidance begins (RFC 9406, 4.2)");
	slow_round(&now, 80 * MSEC);
	ktap_result(c.now.window < window + 2 * DATAGRAM, "and stays");

	start(&now);
	slow_round(&now, 80 * MSEC);
	slow_round(&now, 80 * MSEC);
	slow_round(&now, 100 * MSEC);
	slow_round(&now, 85 * MSEC);
	window = c.now.window;
	slow_round(&now, 85 * MSEC);
	ktap_result(c.now.window > window * 19 / 10,
		    "a delay that passes was of no queue: as fast as before (RFC 9406, 4.2)");

	start(&now);
	slow_round(&now, 5 * MSEC);
	slow_round(&now, 8 * MSEC);
	window = c.now.window;
	slow_round(&now, 8 * MSEC);
	ktap_result(c.now.window > window * 19 / 10,
		    "less than 4 ms say nothing (RFC 9406, 4.3)");
	slow_round(&now, 400 * MSEC);
	slow_round(&now, 400 * MSEC);
	start(&now);
	slow_round(&now, 400 * MSEC);
	slow_round(&now, 417 * MSEC);
	window = c.now.window;
	slow_round(&now, 417 * MSEC);
	ktap_result(c.now.window < window * 13 / 10,
		    "more than 16 ms say enough (RFC 9406, 4.3)");
}

static void test_pacer(void)
{
	struct pacer p;
	uint64_t now = SEC, sent = 0;

	pacer_init(&p, DATAGRAM);
	pacer_fill(&p, DATAGRAM, 100 * DATAGRAM, 100 * MSEC, now);
	while (pacer_room(&p) > 0)
		pacer_take(&p, DATAGRAM);
	for (;;) {
		now = pacer_expiry(&p);
		if (now > 2 * SEC)
			break;
		pacer_fill(&p, DATAGRAM, 100 * DATAGRAM, 100 * MSEC, now);
		for (; pacer_room(&p) > 0; sent++)
			pacer_take(&p, DATAGRAM);
	}
	ktap_diag("%llu datagrams in a second", (unsigned long long)sent);
	ktap_result(sent >= 1249 && sent <= 1251,
		    "it gives 5/4 of the window per RTT (RFC 9002, 7.7)");

	pacer_init(&p, DATAGRAM);
	for (sent = 0, now = SEC; now < 2 * SEC; now += 700) {
		pacer_fill(&p, DATAGRAM, 100 * DATAGRAM, 100 * MSEC, now);
		for (; pacer_room(&p) > 0; sent++)
			pacer_take(&p, DATAGRAM);
	}
	ktap_result(sent >= 1258 && sent <= 1262,
		    "however often it is asked, no part of a byte is lost");

	/* 1.25 * 10^9 bytes per second. */
	pacer_init(&p, DATAGRAM);
	pacer_fill(&p, DATAGRAM, 1000000, MSEC, SEC);
	pacer_fill(&p, DATAGRAM, 1000000, MSEC, 2 * SEC);
	expect_eq(pacer_room(&p), 2500000,
		  "at high rates it holds what falls due in two milliseconds");
	while (pacer_room(&p) > 0)
		pacer_take(&p, 50000);
	expect_eq(pacer_expiry(&p), 2 * SEC + MSEC, "and is worth a timer in one");
	pacer_fill(&p, DATAGRAM, CUBIC_WINDOW_MAX, 1, UINT64_MAX - 1);
	pacer_fill(&p, UINT16_MAX, 2, 3600 * SEC, UINT64_MAX);
	pacer_take(&p, UINT32_MAX);
	ktap_result(pacer_expiry(&p) == UINT64_MAX && pacer_room(&p) < 0,
		    "no window, RTT and time is too much");
}

int main(void)
{
	ktap_begin();
	test_curve();
	test_cut();
	test_reno();
	test_pause();
	test_undo();
	test_hystart();
	test_pacer();
	return ktap_end();
}
