// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loss detection and congestion control by example: the sections that a name cites are
 * what it specifies.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "expect.h"
#include "recovery.h"

#define MSEC	1000000ULL
#define SEC	1000000000ULL

enum { DATAGRAM = 1200, NUMBERS = 100000 };

/* What recovery says became of packets. */
enum fate { NOTHING, ACKED, LOST };

static struct recovery *r;
static enum fate fate[NUMBERS];
static uint64_t next;

static void acked(void *ctx, const struct sent *sent)
{
	(void)ctx;
	fate[sent->pn] = fate[sent->pn] ? NUMBERS : ACKED;
}

static void lost(void *ctx, const struct sent *sent)
{
	(void)ctx;
	fate[sent->pn] = fate[sent->pn] ? NUMBERS : LOST;
}

static const struct recovery_ops ops = { .acked = acked, .lost = lost };

static void begin(void)
{
	recovery_free(r);
	r = recovery_new(&ops, NULL, DATAGRAM);
	if (!r)
		ktap_bail("no memory");
	memset(fate, 0, sizeof(fate));
	next = 0;
}

static struct recovery_stats stats(void)
{
	struct recovery_stats s;

	recovery_stats(r, &s);
	return s;
}

static int tell(uint64_t pn, uint64_t time, enum sender sender, bool elicits)
{
	next = pn >= next ? pn + 1 : next;
	return recovery_sent(r, &(struct sent){ .pn = pn, .time = time,
						.size = DATAGRAM,
						.sender = sender,
						.elicits = elicits });
}

/* Of the second sender, which elicit. */
static void tell_run(uint64_t first, uint64_t last, uint64_t time)
{
	for (; first <= last; first++)
		tell(first, time, SENDER_SECOND, true);
}

static int ack_delayed(uint64_t first, uint64_t last, uint64_t now, uint64_t delay)
{
	struct ack ack = { .delay = delay, .ranges = 1, .range = { { first, last } } };

	return recovery_acked(r, &ack, next, now);
}

static int ack(uint64_t first, uint64_t last, uint64_t now)
{
	return ack_delayed(first, last, now, 0);
}

/* A sample of 100 ms: the packet with that number, at 1 s. */
static void warm(uint64_t pn)
{
	tell(pn, SEC - 100 * MSEC, SENDER_SECOND, true);
	ack(pn, pn, SEC);
}

static void rtt_is(uint64_t latest, uint64_t min, uint64_t smoothed, uint64_t var,
		   const char *name)
{
	struct recovery_stats s = stats();

	if (s.latest_rtt != latest || s.min_rtt != min ||
	    s.smoothed_rtt != smoothed || s.rtt_var != var)
		ktap_diag("latest %llu, min %llu, smoothed %llu, var %llu",
			  (unsigned long long)s.latest_rtt,
			  (unsigned long long)s.min_rtt,
			  (unsigned long long)s.smoothed_rtt,
			  (unsigned long long)s.rtt_var);
	ktap_result(s.latest_rtt == latest && s.min_rtt == min &&
		    s.smoothed_rtt == smoothed && s.rtt_var == var, "%s", name);
}

static void test_rtt(void)
{
	begin();
	rtt_is(0, 0, 0, 0, "there is no RTT before a sample");
	tell_run(0, 0, SEC);
	ack_delayed(0, 0, SEC + 80 * MSEC, 1000);
	rtt_is(80 * MSEC, 80 * MSEC, 80 * MSEC, 40 * MSEC,
	       "the first sample is taken as it is, half of it is the variation (RFC 9002, 5.3)");
	/* 1250 * 2^3 us = 10 ms; |80 - 110| = 30; 3/4 * 40 + 30/4; 7/8 * 80 + 110/8. */
	tell_run(1, 1, 2 * SEC);
	ack_delayed(1, 1, 2 * SEC + 120 * MSEC, 1250);
	rtt_is(120 * MSEC, 80 * MSEC, 83750000, 37500000,
	       "the delay that the peer tells is taken off (RFC 9002, 5.3)");
	/* 85 - 80 < 10: not taken off. |83.75 - 85| = 1.25. */
	tell_run(2, 2, 3 * SEC);
	ack_delayed(2, 2, 3 * SEC + 85 * MSEC, 1250);
	rtt_is(85 * MSEC, 80 * MSEC, 83906250, 28437500,
	       "unless that made the sample less than the least (RFC 9002, 5.3)");
	/* 145 - 25 = 120; |83.90625 - 120| = 36.09375. */
	tell_run(3, 3, 4 * SEC);
	ack_delayed(3, 3, 4 * SEC + 145 * MSEC, 1ULL << 61);
	rtt_is(145 * MSEC, 80 * MSEC, 88417968, 30351562,
	       "and at most max_ack_delay is (RFC 9002, 5.3)");

	recovery_peer(r, UINT64_MAX, 77);
	tell_run(4, 4, 5 * SEC);
	ack_delayed(4, 4, 5 * SEC + 80 * MSEC, (1ULL << 62) - 1);
	expect_eq(stats().latest_rtt, 80 * MSEC,
		  "parameters and delays beyond all bounds do no harm");

	begin();
	tell_run(0, 0, SEC);
	tell_run(1, 2, SEC + 10 * MSEC);
	ack(1, 1, SEC + 60 * MSEC);
	ack(0, 1, SEC + 90 * MSEC);
	expect_eq(stats().latest_rtt, 50 * MSEC,
		  "no sample unless the largest acknowledged is new (RFC 9002, 5.1)");
	ack(2, 2, SEC + 80 * MSEC);
	expect_eq(stats().latest_rtt, 70 * MSEC, "and one when it is");

	begin();
	tell(0, SEC, SENDER_STACK, false);
	ack(0, 0, SEC + 50 * MSEC);
	expect_eq(stats().latest_rtt, 0,
		  "no sample from packets that elicit nothing (RFC 9002, 5.1)");
	tell(1, SEC, SENDER_STACK, true);
	tell(2, SEC + 10 * MSEC, SENDER_STACK, false);
	ack(1, 2, SEC + 50 * MSEC);
	expect_eq(stats().latest_rtt, 40 * MSEC,
		  "one newly acknowledged that elicits is enough, with the largest's time");
	tell(3, 9 * SEC, SENDER_SECOND, true);
	ack(3, 3, 2 * SEC);
	expect_eq(stats().latest_rtt, 40 * MSEC,
		  "no sample from a sender that is ahead of time");
	tell(4, 2 * SEC, SENDER_SECOND, true);
	ack(4, 4, 2 * SEC);
	ktap_result(stats().latest_rtt && stats().smoothed_rtt,
		    "an RTT of nothing is a sample");
}

static void test_thresholds(void)
{
	begin();
	warm(0);
	tell_run(1, 5, SEC);
	ack(4, 4, SEC + 10 * MSEC);
	ktap_result(fate[1] == LOST && !fate[2] && !fate[3] && fate[4] == ACKED &&
		    !fate[5],
		    "lost is what is three numbers below (RFC 9002, 6.1.1)");
	/* 9/8 * max(7/8 * 100 + 1/8 * 10, 10) = 9/8 * 88.75 */
	expect_eq(recovery_expiry(r), SEC + 99843750,
		  "and the rest 9/8 of an RTT after it was sent (RFC 9002, 6.1.2)");
	recovery_expired(r, SEC + 99843749);
	ktap_result(!fate[2] && !fate[3], "not before");
	expect_eq(recovery_expired(r, SEC + 99843750), 0, "no probe is for that");
	ktap_result(fate[2] == LOST && fate[3] == LOST && !fate[5],
		    "but then, and not what was sent after the acknowledged one");

	begin();
	tell_run(0, 1, SEC);
	ack(1, 1, SEC + 100);
	expect_eq(recovery_expiry(r), SEC + MSEC,
		  "a packet has a millisecond at least (RFC 9002, 6.1.2)");

	begin();
	warm(0);
	tell_run(1, 1, SEC);
	tell_run(2, 2, SEC + 100 * MSEC);
	ack(2, 2, SEC + 120 * MSEC);
	expect_eq(fate[1], LOST, "what is already that old is lost at once");

	begin();
	warm(0);
	tell(8, SEC, SENDER_STACK, true);
	ack(8, 8, SEC + 50 * MSEC);
	tell(5, SEC, SENDER_SECOND, true);
	tell(6, SEC + 20 * MSEC, SENDER_SECOND, true);
	ktap_result(recovery_expiry(r) <= SEC + 50 * MSEC && !fate[5],
		    "a packet told of late is due at once if it is three below");
	recovery_expired(r, SEC + 50 * MSEC);
	ktap_result(fate[5] == LOST && !fate[6],
		    "and lost as soon as somebody looks");
	expect_eq(recovery_expiry(r), SEC + 20 * MSEC + 93750000 * 9 / 8,
		  "others when their time has come");
	ack(6, 6, SEC + 60 * MSEC);
	expect_eq(fate[6], ACKED, "unless they are acknowledged before");
	ktap_result(stats().in_flight == 0 && stats().lost == 1,
		    "nothing is left in flight");
}

/* In a queue of their own, which elicit. */
static void tell_queue(uint8_t queue, uint64_t first, uint64_t last, uint64_t time)
{
	for (; first <= last; first++) {
		next = first >= next ? first + 1 : next;
		recovery_sent(r, &(struct sent){ .pn = first, .time = time,
						 .size = DATAGRAM,
						 .sender = SENDER_SECOND,
						 .queue = queue,
						 .elicits = true });
	}
}

static void test_queues(void)
{
	enum { LAST = RECOVERY_QUEUES - 1 };

	begin();
	warm(0);
	tell_queue(0, 1, 2, SEC);
	tell_queue(LAST, 3, 6, SEC);
	tell_queue(0, 7, 8, SEC);
	ack(5, 6, SEC + 10 * MSEC);
	ktap_result(!fate[1] && !fate[2] && fate[3] == LOST &&
		    !fate[4],
		    "packets that wait are not lost because another queue's pass them");
	expect_eq(recovery_expiry(r), SEC + 99843750,
		  "but their time runs (RFC 9002, 6.1.2)");
	ack(7, 7, SEC + 20 * MSEC);
	ktap_result(fate[1] == LOST && fate[2] == LOST,
		    "they are when three numbers on one of their own has passed");
	tell_queue(LAST, 9, 9, SEC + 20 * MSEC);
	ack(9, 9, SEC + 30 * MSEC);
	ktap_result(fate[4] == LOST && !fate[8], "each queue for itself");
	tell_queue(1, 5000, 5000, SEC + 30 * MSEC);
	ack(5000, 5000, SEC + 40 * MSEC);
	tell_queue(2, 10, 10, SEC + 30 * MSEC);
	recovery_expired(r, SEC + 40 * MSEC);
	expect_eq(fate[10], 0, "one that is told of late has its queue, too");
}

static void test_numbers(void)
{
	struct recovery_stats before, after;
	struct ack two = { .ranges = 2, .range = { { 12, 12 }, { 4, 5 } } };

	begin();
	tell_run(0, 9, SEC);
	recovery_void(r, 10);
	before = stats();
	next = 13;
	expect_eq(ack(9, 10, 2 * SEC), -EPROTO,
		  "an ACK of a void number is refused (RFC 9000, 13.1)");
	expect_eq(ack(0, 13, 2 * SEC), -EPROTO,
		  "and one of a number that was not taken");
	two.range[1] = (struct ack_range){ 10, 12 };
	expect_eq(recovery_acked(r, &two, next, 2 * SEC), -EPROTO,
		  "and ranges that are not in descending order");
	after = stats();
	ktap_result(!memcmp(&before, &after, sizeof(before)) && !fate[9],
		    "nothing was changed by them");
	expect_eq(ack(11, 12, 2 * SEC), 0,
		  "numbers that nothing is known of are acknowledged for nothing");
	expect_eq(fate[0], NOTHING, "nor does anything below them become lost");
	two.range[1] = (struct ack_range){ 4, 5 };
	expect_eq(recovery_acked(r, &two, next, 2 * SEC), 0,
		  "beside those that are known");
	ktap_result(fate[4] == ACKED && fate[5] == ACKED && fate[0] == LOST,
		    "which count");
	expect_eq(tell(5, SEC, SENDER_STACK, true), -EEXIST,
		  "a number that was acknowledged does not come again");
	expect_eq(tell(0, SEC, SENDER_STACK, true), -EEXIST, "nor one that was lost");
	expect_eq(recovery_void(r, 9), -EEXIST, "nor is an outstanding one void");
	expect_eq(tell(1ULL << 62, SEC, SENDER_STACK, true), -EINVAL,
		  "nor is there one of more than 62 bits (RFC 9000, 12.3)");
	next = 13;
	expect_eq(tell(9 + RECOVERY_SPAN, SEC, SENDER_STACK, true), -ENOBUFS,
		  "a leap of the numbers is refused while packets are outstanding");
	ack(6, 9, 2 * SEC);
	tell(9 + 2 * RECOVERY_KEPT, 2 * SEC, SENDER_STACK, true);
	expect_eq(tell(11, SEC, SENDER_STACK, true), -ESTALE,
		  "a number is too old when nothing is remembered of its like");
	tell(12 + 2 * RECOVERY_KEPT, 2 * SEC, SENDER_STACK, true);
	ack(12 + 2 * RECOVERY_KEPT, 12 + 2 * RECOVERY_KEPT, 3 * SEC);
	ktap_result(fate[9 + 2 * RECOVERY_KEPT] == LOST &&
		    fate[12 + 2 * RECOVERY_KEPT] == ACKED,
		    "what comes behind a leap is found");
}

static void test_pto(void)
{
	uint64_t at;

	begin();
	recovery_limited(r, false);
	tell(1, SEC, SENDER_LIBRARY, false);
	expect_eq(recovery_expiry(r), UINT64_MAX,
		  "no probe timeout is for what elicits nothing (RFC 9002, 6.2.1)");
	tell(0, SEC, SENDER_STACK, true);
	/* 333 + 4 * 166.5 + 25 */
	expect_eq(recovery_expiry(r), SEC + 4 * 1024 * MSEC,
		  "for packets of the stack alone it is four times as long");
	tell(2, SEC, SENDER_SECOND, true);
	/* 333 + 4 * 166.5 + 25 */
	expect_eq(recovery_expiry(r), SEC + 1024 * MSEC,
		  "before a sample it follows from 333 ms (RFC 9002, 6.2.2)");
	ack(0, 2, SEC + 100 * MSEC);
	tell(3, 2 * SEC, SENDER_SECOND, true);
	/* 100 + 4 * 50 + 25 */
	at = 2 * SEC + 325 * MSEC;
	expect_eq(recovery_expiry(r), at,
		  "then it is RTT, four variations and the peer's delay (RFC 9002, 6.2.1)");
	expect_eq(recovery_expired(r, at - 1), 0, "there is no probe before");
	expect_eq(recovery_expired(r, at), 1, "one packet is probed with one");
	expect_eq(recovery_expiry(r), at + 650 * MSEC,
		  "the next comes after twice that time (RFC 9002, 6.2.1)");
	tell(4, at, SENDER_LIBRARY, true);
	expect_eq(recovery_expiry(r), at + 650 * MSEC, "from when the probe was sent");
	expect_eq(recovery_expired(r, at + 650 * MSEC), 2, "more are with two");
	expect_eq(stats().pto_count, 2, "timeouts are counted");
	ktap_result(!stats().lost && !fate[3] && !stats().congestion_events,
		    "a probe timeout is no loss (RFC 9002, 6.2)");
	ack(4, 4, at + 700 * MSEC);
	expect_eq(stats().pto_count, 0, "an answer ends the backoff (RFC 9002, 6.2.1)");

	begin();
	tell(0, UINT64_MAX, SENDER_SECOND, true);
	recovery_limited(r, false);
	recovery_room(r, SEC);
	ktap_result(recovery_expiry(r) <= 3 * SEC,
		    "a sender ahead of time does not put it off");
	for (at = 0; at < 100; at++)
		recovery_expired(r, recovery_expiry(r));
	ktap_result(recovery_expiry(r) > 3 * SEC, "however often it expires");
}

static void test_window(void)
{
	uint64_t i;

	begin();
	expect_eq(stats().window, 10 * DATAGRAM,
		  "the window begins with ten datagrams (RFC 9002, 7.2)");
	expect_eq(recovery_room(r, SEC), 10 * DATAGRAM, "which are the first burst");
	tell_run(0, 10, SEC);
	expect_eq(recovery_room(r, SEC), -DATAGRAM,
		  "what is overrun is below zero");
	ack(0, 1, SEC + 100 * MSEC);
	expect_eq(stats().window, 12 * DATAGRAM,
		  "slow start: it grows by what is acknowledged (RFC 9002, 7.3.1)");
	tell_run(11, 14, SEC + 100 * MSEC);
	ack(5, 5, SEC + 110 * MSEC);
	/* The fifth widened nothing: it is of before the cut. */
	expect_eq(stats().window, 12 * DATAGRAM * 7 / 10,
		  "a loss cuts it to 7/10 (RFC 9438, 4.6)");
	expect_eq(stats().congestion_events, 1, "once");
	ack(8, 14, SEC + 200 * MSEC);
	ktap_result(stats().window == 12 * DATAGRAM * 7 / 10 &&
		    stats().congestion_events == 1 && stats().lost == 5,
		    "more losses of what was sent before do not (RFC 9002, 7.3.2)");
	tell_run(15, 20, SEC + 300 * MSEC);
	ack(20, 20, SEC + 400 * MSEC);
	expect_eq(stats().congestion_events, 2, "of what was sent after, they do");

	begin();
	for (i = 0; i < 20; i++) {
		tell_run(4 * i, 4 * i + 3, (i + 1) * SEC);
		ack(4 * i + 3, 4 * i + 3, (i + 1) * SEC + 100 * MSEC);
	}
	expect_eq(stats().window, 2 * DATAGRAM,
		  "it never is less than two datagrams (RFC 9002, 7.2)");
}

static void test_pmtu_probe(void)
{
	struct sent probe = {
		.pn = 0, .time = SEC, .size = 1400, .sender = SENDER_STACK,
		.elicits = true, .pmtu_probe = true,
	};

	begin();
	recovery_sent(r, &probe);
	tell_run(1, 4, SEC);
	ack(1, 4, SEC + 100 * MSEC);
	ktap_result(fate[0] == LOST && stats().lost == 1 && !stats().in_flight,
		    "a PMTU probe is lost as others are");
	ktap_result(!stats().congestion_events && stats().window == 14 * DATAGRAM,
		    "and does not cut the window (RFC 9000, 14.4)");
	recovery_payload(r, 1400);
	recovery_path(r, 2 * SEC);
	expect_eq(stats().window, 10 * 1400,
		  "what the path takes is what a window is counted in");
}

static void test_spurious(void)
{
	begin();
	tell_run(0, 9, SEC);
	ack(4, 4, SEC + 100 * MSEC);
	ktap_result(fate[0] == LOST && fate[1] == LOST && stats().lost == 2,
		    "two are lost");
	ack(0, 0, SEC + 101 * MSEC);
	ktap_result(stats().spurious == 1 && fate[0] == LOST &&
		    stats().window < 10 * DATAGRAM,
		    "one is acknowledged after all: it is counted, nobody is told");
	ack(0, 1, SEC + 101 * MSEC);
	ktap_result(stats().spurious == 2 && stats().window == 10 * DATAGRAM &&
		    stats().ssthresh == UINT64_MAX,
		    "the other as well: the window was not to be cut (RFC 9438, 4.9)");
}

/* A packet of the queue that is behind is really lost, in the same round trip. */
static void test_half_spurious(void)
{
	uint64_t cut;

	begin();
	warm(0);
	tell_queue(2, 1, 1, SEC);
	tell_queue(1, 2, 7, SEC);
	ack(3, 7, SEC + 100 * MSEC);
	cut = stats().window;
	recovery_expired(r, SEC + 120 * MSEC);
	ktap_result(stats().congestion_events == 1 && fate[1] == LOST && fate[2] == LOST,
		    "two queues lose one each: the window is cut once");
	ack(2, 2, SEC + 121 * MSEC);
	ktap_result(stats().spurious == 1 && stats().window == cut,
		    "one comes after all: it stays cut for the other");
}

/* Hundreds of ACK frames in one packet would look hundreds of times at all packets. */
static void test_many_acks(void)
{
	begin();
	warm(0);
	tell_run(1, 20, SEC);
	ack(6, 6, SEC + 100 * MSEC);
	ktap_result(fate[3] == LOST && !fate[4], "an ACK says what is lost");
	ack(12, 12, SEC + 100 * MSEC);
	ktap_result(fate[12] == ACKED && !fate[4] && recovery_expiry(r) == SEC + 100 * MSEC,
		    "another one of the same moment leaves that to the timer, which is due");
	recovery_expired(r, SEC + 100 * MSEC);
	ktap_result(fate[9] == LOST && !fate[10], "then that is said");
}

static void test_early(void)
{
	begin();
	recovery_early(r, true);
	tell_run(0, 3, SEC);
	ktap_result(recovery_expiry(r) == UINT64_MAX && !recovery_expired(r, 10 * SEC),
		    "before the handshake is confirmed nothing is probed for (RFC 9002, 6.2.1)");
	recovery_early(r, false);
	ktap_result(recovery_expired(r, 10 * SEC) == 2, "behind it, it is");
}

static void test_limited(void)
{
	uint64_t window, i;

	begin();
	recovery_limited(r, false);
	tell_run(0, 9, SEC);
	ack(0, 9, SEC + 100 * MSEC);
	expect_eq(stats().window, 10 * DATAGRAM,
		  "senders that want no more do not widen the window (RFC 9002, 7.8)");
	recovery_limited(r, true);
	tell_run(10, 19, SEC + 100 * MSEC);
	recovery_limited(r, false);
	tell_run(20, 29, SEC + 101 * MSEC);
	ack(10, 29, SEC + 200 * MSEC);
	expect_eq(stats().window, 20 * DATAGRAM,
		  "what was sent while they did does, though it be acknowledged later");
	recovery_limited(r, true);
	for (i = 0, window = 0; i < 20; i++) {
		tell_run(30 + 5 * i, 34 + 5 * i, (2 + i) * SEC);
		ack(30 + 5 * i, 34 + 5 * i, (2 + i) * SEC + 100 * MSEC);
		if (i == 2)
			window = stats().window;
	}
	expect_eq(stats().window, window,
		    "bursts that never fill half of it do not, whatever is wanted");
}

static void test_persistent(void)
{
	/* The second sample of 100 ms leaves 3/4 of the first one's variation. */
	uint64_t period = 3 * (100 + 3 * 50 + 25) * MSEC, from = SEC + MSEC;

	begin();
	warm(0);
	tell_run(1, 1, from);
	tell_run(2, 2, from + period);
	tell_run(6, 6, from + period);
	ack(6, 6, from + period + 100 * MSEC);
	ktap_result(stats().window > 2 * DATAGRAM && stats().lost == 2,
		    "two losses a while apart are no persistent congestion");

	begin();
	warm(0);
	tell_run(1, 1, from);
	tell_run(2, 2, from + period + 1);
	tell_run(6, 6, from + period + 1);
	ack(6, 6, from + period + 1 + 100 * MSEC);
	expect_eq(stats().window, 2 * DATAGRAM,
		  "more than three probe timeouts apart they are: two datagrams (RFC 9002, 7.6)");
	expect_eq(stats().min_rtt, 100 * MSEC,
		  "and the least RTT begins anew (RFC 9002, 5.2)");

	begin();
	warm(0);
	tell_run(1, 1, from);
	tell_run(2, 2, from + period / 2);
	tell_run(3, 3, from + period + 40 * MSEC);
	tell_run(6, 6, from + period + 40 * MSEC);
	next = 7;
	recovery_acked(r, &(struct ack){ .ranges = 2,
					 .range = { { 6, 6 }, { 2, 2 } } },
		       next, from + period + 140 * MSEC);
	ktap_result(stats().lost == 2 && stats().window > 2 * DATAGRAM,
		    "not if a packet between them is acknowledged (RFC 9002, 7.6.2)");

	begin();
	tell_run(0, 0, 0);
	tell_run(1, 1, 90 * SEC);
	tell_run(5, 5, 90 * SEC);
	ack(5, 5, 90 * SEC + 100 * MSEC);
	ktap_result(stats().lost == 2 && stats().window > 2 * DATAGRAM,
		    "nor before there was a sample of the RTT (RFC 9002, 7.6.2)");
}

/* To and fro between two paths, and on each of them all that may be sent is sent. */
static void test_flapping(void)
{
	uint64_t now = SEC, sent = 0;
	int64_t room;

	begin();
	warm(next++);
	for (; now < 2 * SEC; now += MSEC) {
		recovery_path(r, now);
		for (room = recovery_room(r, now); room > 0; room -= DATAGRAM) {
			tell(next, now, SENDER_SECOND, true);
			sent++;
		}
	}
	ktap_diag("%llu datagrams", (unsigned long long)sent);
	/* One burst, and 5/4 of the initial window in 333 ms (RFC 9002, 6.2.2, 7.7). */
	ktap_result(sent >= 10 + 30 && sent <= 10 + 40,
		    "a path that changes each millisecond has no burst each time");
}

/* Whoever waits for room does so for no longer than a datagram takes at the new rate. */
static void test_path_pace(void)
{
	int64_t room;

	begin();
	warm(next++);
	for (room = recovery_room(r, SEC); room > 0; room -= DATAGRAM)
		tell(next, SEC, SENDER_STACK, false);
	tell_run(next, next + 9, SEC);
	recovery_path(r, SEC);
	recovery_limited(r, true);
	ktap_result(recovery_expiry(r) <= 2 * SEC,
		    "on another path pacing has its rate at once");
}

static void test_path(void)
{
	begin();
	warm(0);
	tell_run(1, 6, SEC);
	recovery_path(r, 2 * SEC);
	ktap_result(stats().in_flight == 0 && stats().window == 10 * DATAGRAM &&
		    !stats().smoothed_rtt,
		    "another path begins anew (RFC 9000, 9.4)");
	tell(7, SEC, SENDER_SECOND, true);
	expect_eq(stats().in_flight, 0,
		  "what is told of late is on the path on which it was sent");
	tell_run(8, 8, 2 * SEC);
	expect_eq(stats().in_flight, DATAGRAM, "as is what comes next");
	ack(6, 6, 2 * SEC + 50 * MSEC);
	ktap_result(fate[1] == LOST && fate[6] == ACKED &&
		    stats().window == 10 * DATAGRAM &&
		    !stats().congestion_events,
		    "losses of the old path are told, and cut nothing");
	expect_eq(stats().latest_rtt, 0, "nor is its RTT one of the new path");
	ack(8, 8, 2 * SEC + 50 * MSEC);
	ktap_result(stats().latest_rtt == 50 * MSEC && !stats().in_flight,
		    "but that of its own packets is");
	tell_run(9, 9, 2 * SEC + 60 * MSEC);
	tell_run(10, 10, SEC);
	ack(9, 10, 3 * SEC);
	expect_eq(stats().latest_rtt, 50 * MSEC,
		  "unless the largest of them is of the old one");
}

/* Sends what there is room for; how much that was. */
static uint64_t send_room(uint64_t now)
{
	uint64_t sent = 0;

	while (recovery_room(r, now) > 0) {
		tell(next, now, SENDER_SECOND, true);
		sent += DATAGRAM;
	}
	return sent;
}

static void test_pacing(void)
{
	uint64_t now = SEC, sent = 0, most = 0, wakes = 0, window;
	int64_t room;

	begin();
	/* 40 datagrams per 100 ms, and none in flight. */
	for (window = 10; window < 40; window += 10, now += SEC) {
		tell_run(next, next + window / 2 - 1, now);
		ack(next - window / 2, next - 1, now + 100 * MSEC);
		tell_run(next, next + window - window / 2 - 1, now + 100 * MSEC);
		ack(next - (window - window / 2), next - 1, now + 200 * MSEC);
		if (stats().window >= 40 * DATAGRAM)
			break;
	}
	now += 10 * SEC;
	window = stats().window;
	room = recovery_room(r, now);
	expect_eq(room, 10 * DATAGRAM,
		  "after a pause ten datagrams are sent at once (RFC 9002, 7.7)");
	send_room(now);
	recovery_limited(r, true);
	while (stats().in_flight < window && wakes < 1000) {
		uint64_t at = recovery_expiry(r), some;

		if (at <= now)
			ktap_bail("time stands still");
		sent += some = (now = at, recovery_expired(r, now), send_room(now));
		most = some > most ? some : most;
		wakes++;
	}
	now -= 11 * SEC;
	ktap_result(sent >= window - 11 * DATAGRAM && most <= 2 * DATAGRAM,
		    "then one by one, woken by recovery_expiry()");
	recovery_limited(r, false);
	ktap_result(recovery_expiry(r) > now + 11 * SEC + 50 * MSEC,
		    "nobody is woken who wants nothing");
}

int main(void)
{
	ktap_begin();
	test_rtt();
	test_thresholds();
	test_queues();
	test_numbers();
	test_pto();
	test_window();
	test_pmtu_probe();
	test_spurious();
	test_half_spurious();
	test_many_acks();
	test_early();
	test_limited();
	test_persistent();
	test_path();
	test_path_pace();
	test_flapping();
	test_pacing();
	recovery_free(r);
	return ktap_end();
}
