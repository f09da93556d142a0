// SPDX-License-Identifier: GPL-2.0-only
/*
 * Without memory nothing is dropped, nothing leaks, and every request is either
 * granted or refused with -ENOMEM. Wants a kernel with CONFIG_FAILSLAB.
 *
 *   nomem [ROUNDS [SEED]]
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "chance.h"
#include "clock.h"
#include "drive.h"
#include "failslab.h"
#include "ktap.h"
#include "module.h"

enum {
	ROUNDS		= 1500,
	TIMEOUT_MS	= 100,
};

static struct nl nl;
static struct endpoint svc;
static int make_it_fail;

static bool is(const char *what, long got, long want)
{
	if (got != want)
		ktap_diag("%s: %ld, should be %ld", what, got, want);
	return got == want;
}

/* Every fourth allocation of this task fails, of either kind. */
static void fail_prepare(void)
{
	failslab_prepare("25");
	make_it_fail = open("/proc/self/make-it-fail", O_WRONLY | O_CLOEXEC);
	if (make_it_fail < 0)
		ktap_bail("make-it-fail");
}

/* On a file that is open already: to open one needs memory. */
static void fail(bool on)
{
	if (pwrite(make_it_fail, on ? "1" : "0", 1, 0) != 1)
		ktap_bail("make-it-fail");
}

static struct endpoint any_peer(struct chance *c)
{
	struct endpoint peer = endpoint_of("10.0.0.0", 1000);

	peer.addr.s6_addr[15] = chance_of(c, 40);
	return peer;
}

/* The errno of a report when memory is scarce: these, and no other. */
static bool allowed(int err)
{
	return !err || err == -ENOMEM || err == -ENOENT || err == -EEXIST ||
	       err == -ENOSPC || err == -ENOBUFS;
}

static unsigned int reports(struct chance *c, bool *refused)
{
	static const int cmds[] = {
		EQUIC_CMD_CONN_ACCEPTED, EQUIC_CMD_CONN_OPEN,
		EQUIC_CMD_CONN_CLOSE, EQUIC_CMD_CONN_CID,
	};
	struct cid cid = cid_of(chance_of(c, 20));
	struct report r = {
		.service = &svc, .id = 1 + chance_of(c, 60),
		.peer = any_peer(c), .cid = &cid,
	};
	int err;

	fail(true);
	err = conn_report(&nl, cmds[chance_of(c, 4)], &r);
	fail(false);
	*refused |= err == -ENOMEM;
	if (allowed(err))
		return 0;
	ktap_diag("errno %d: %s", -err, nl.words);
	return 1;
}

static unsigned int packets(struct chance *c)
{
	struct endpoint peer = any_peer(c);
	struct drive drive = {
		.pkt = pkt_of(EQUIC_PKT_INITIAL, &svc, &peer, 1,
			      chance_next(c)),
		.op = DRIVE_VERDICT, .vary = DRIVE_VARY_SCID, .n = 8,
	};
	int err;

	fail(true);
	err = drive_try(&drive);
	fail(false);
	/* There may be no memory for the packet either. */
	if (err)
		return 0;
	return drive.n - drive.answers[0] - drive.errors;
}

int main(int argc, char **argv)
{
	unsigned int wrong = 0, dropped = 0, i;
	bool refused = false;
	struct chance chance;
	struct plan plan;
	struct stats stats;

	ktap_begin();
	plan = chance_plan(argc, argv, ROUNDS, "rounds");
	chance_seed(&chance, plan.seed);
	module_load("max_clients=1024 max_conns=65536");
	nl_open(&nl);
	drive_open();
	fail_prepare();
	svc = endpoint_of("192.0.2.1", 443);
	for (i = 0; i < 50; i++) {
		int err;

		fail(true);
		err = service_add(&nl, &svc, EQUIC_A_SERVICE_PENDING_TIMEOUT,
				  TIMEOUT_MS);
		fail(false);
		refused |= err == -ENOMEM;
		wrong += !allowed(err);
		service_del(&nl, &svc);
	}
	ktap_result(!wrong && refused, "service add without memory is refused, and leaves nothing");
	service_add(&nl, &svc, EQUIC_A_SERVICE_ON_OVERFLOW,
		    EQUIC_ON_OVERFLOW_DROP, EQUIC_A_SERVICE_PENDING_TIMEOUT,
		    TIMEOUT_MS);
	refused = false;
	for (i = 0; i < plan.count; i++)
		if (chance_of(&chance, 2))
			wrong += reports(&chance, &refused);
		else
			dropped += packets(&chance);
	stats = stats_of(&nl, &svc);
	ktap_result(!wrong && refused, "reports without memory are refused with ENOMEM");
	ktap_result(is("dropped", dropped, 0) & is("dropped", stats.dropped, 0) &
		    (stats.passes[EQUIC_A_PASS_NO_MEMORY] > 0),
		    "packets without memory pass and are counted");
	nl_close(&nl);
	nl_open(&nl);
	ktap_result(clock_await(!stats_of(&nl, &svc).pending, 10000) &&
		    is("open", stats_of(&nl, &svc).open, 0) &&
		    is("owners", stats_of(&nl, &svc).owners, 0),
		    "and nothing is left in the end");
	drive_close();
	nl_close(&nl);
	module_unload();
	return ktap_end();
}
