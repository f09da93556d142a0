// SPDX-License-Identifier: GPL-2.0-only
/*
 * An unconfirmed connection counts for its service's pending-timeout, and for
 * at most 100 ms more.
 */
#include <string.h>
#include "clock.h"
#include "drive.h"
#include "ktap.h"
#include "module.h"

enum {
	TIMEOUT_MS	= 250,
	/* A busy host can stop the whole machine: the best of some counts. */
	TRIES		= 5,
	MANY		= 3000,
};

static struct nl nl;
static struct endpoint svc, peer;

static bool is(const char *what, long got, long want)
{
	if (got != want)
		ktap_diag("%s: %ld, should be %ld", what, got, want);
	return got == want;
}

static void fresh(__u32 timeout_ms)
{
	service_del(&nl, &svc);
	if (service_add(&nl, &svc, EQUIC_A_SERVICE_QUOTA, 5,
			EQUIC_A_SERVICE_NO_OWNER, EQUIC_NO_OWNER_ENFORCE,
			EQUIC_A_SERVICE_PENDING_TIMEOUT, timeout_ms))
		ktap_bail("service add: %s", nl.words);
}

static bool expired(void)
{
	return !stats_of(&nl, &svc).pending;
}

/* Both bounds, as seen from here: it was there until @last, gone by @first. */
struct life {
	__u64 last, first;
};

static struct life life_of(__u64 begin)
{
	struct life life = { begin, 0 };

	do {
		life.last = life.first;
		life.first = clock_ms();
	} while (!expired());
	/* Asked after @first was read: it may have gone at any time since. */
	life.first = clock_ms();
	life.last -= begin;
	life.first -= begin;
	return life;
}

static void test_timeout(void)
{
	__u64 best = ~0ULL;
	bool early = false;
	struct life life;
	int i;

	for (i = 0; i < TRIES; i++) {
		__u64 begin;

		fresh(TIMEOUT_MS);
		begin = clock_ms();
		initial(&svc, &peer, 1, 1);
		life = life_of(begin);
		/* Milliseconds are cut off twice. */
		early |= life.first + 2 < TIMEOUT_MS;
		if (life.last < best)
			best = life.last;
	}
	ktap_diag("%llu ms of %d", best, TIMEOUT_MS);
	ktap_result(!early, "a pending connection counts for the pending-timeout");
	ktap_result(best <= TIMEOUT_MS + EXPIRY_SLACK_MS,
		    "and for at most %d ms more", EXPIRY_SLACK_MS);
	ktap_result(is("expired", stats_of(&nl, &svc).expired, 1) &
		    is("verdict", initial(&svc, &peer, 1, 1), 0),
		    "what expired is counted, and its Initial starts anew");
}

static void test_live_change(void)
{
	__u64 best = ~0ULL, begin;
	struct life life;
	int i;

	for (i = 0; i < TRIES; i++) {
		fresh(EQUIC_PENDING_TIMEOUT_MAX_MS);
		initial(&svc, &peer, 1, 1);
		begin = clock_ms();
		service_set(&nl, &svc, EQUIC_A_SERVICE_PENDING_TIMEOUT,
			    EQUIC_PENDING_TIMEOUT_MIN_MS);
		life = life_of(begin);
		if (life.last < best)
			best = life.last;
	}
	ktap_diag("%llu ms of %d", best, EQUIC_PENDING_TIMEOUT_MIN_MS);
	ktap_result(best <= EQUIC_PENDING_TIMEOUT_MIN_MS + EXPIRY_SLACK_MS,
		    "a shorter timeout holds for those that are pending");

	fresh(TIMEOUT_MS);
	initial(&svc, &peer, 1, 1);
	service_set(&nl, &svc, EQUIC_A_SERVICE_PENDING_TIMEOUT,
		    EQUIC_PENDING_TIMEOUT_MAX_MS);
	ktap_result(!clock_await(expired(), TIMEOUT_MS + 2 * EXPIRY_SLACK_MS),
		    "and so does a longer one");
}

static void test_states(void)
{
	struct report open = { .service = &svc, .id = 1, .peer = peer };
	struct report accepted = { .service = &svc, .id = 2, .peer = peer };

	fresh(TIMEOUT_MS);
	conn_report(&nl, EQUIC_CMD_CONN_OPEN, &open);
	conn_report(&nl, EQUIC_CMD_CONN_ACCEPTED, &accepted);
	ktap_result(clock_await(expired(), 5000) &&
		    is("open", stats_of(&nl, &svc).open, 1),
		    "an accepted connection expires, an open one does not");
	ktap_result(is("close", conn_report(&nl, EQUIC_CMD_CONN_CLOSE,
					    &accepted), -2) &
		    is("open", conn_report(&nl, EQUIC_CMD_CONN_OPEN,
					   &accepted), 0) &
		    is("open", stats_of(&nl, &svc).open, 2),
		    "one that is confirmed too late is a fact, and its id is free");
	conn_report(&nl, EQUIC_CMD_CONN_CLOSE, &open);
	conn_report(&nl, EQUIC_CMD_CONN_CLOSE, &accepted);
}

/* From many clients at once, on this CPU: one list, and more than one batch. */
static void test_many(void)
{
	struct endpoint from = peer;
	struct drive drive = {
		.op = DRIVE_VERDICT, .vary = DRIVE_VARY_ADDR, .n = MANY,
	};
	__u64 begin;

	/* None expires before the last of them is there. */
	fresh(EQUIC_PENDING_TIMEOUT_MAX_MS);
	drive.pkt = pkt_of(EQUIC_PKT_INITIAL, &svc, &from, 1, 1);
	drive_run(&drive);
	begin = stats_of(&nl, &svc).pending;
	service_set(&nl, &svc, EQUIC_A_SERVICE_PENDING_TIMEOUT, TIMEOUT_MS);
	ktap_result(is("pending", begin, MANY) & clock_await(expired(), 5000) &
		    is("expired", stats_of(&nl, &svc).expired, MANY) &
		    is("admitted", stats_of(&nl, &svc).admitted, MANY),
		    "%d connections expire, each once", MANY);
}

int main(void)
{
	ktap_begin();
	module_load("max_clients=4096 max_conns=4096");
	nl_open(&nl);
	drive_open();
	svc = endpoint_of("192.0.2.1", 443);
	peer = endpoint_of("10.0.0.1", 1000);
	test_timeout();
	test_live_change();
	test_states();
	test_many();
	drive_close();
	nl_close(&nl);
	module_unload();
	return ktap_end();
}
