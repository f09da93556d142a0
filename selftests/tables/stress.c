// SPDX-License-Identifier: GPL-2.0-only
/*
 * Everything at once on four CPUs: packets, charges, reports, owners that end,
 * services that go, timeouts, dumps, flushes. There is no model; nothing may go
 * below zero or above a bound, and in the end everything is zero.
 *
 *   stress [ROUNDS [SEED]]
 */
#include <stdatomic.h>
#include <string.h>
#include "chance.h"
#include "clock.h"
#include "crew.h"
#include "drive.h"
#include "ktap.h"
#include "module.h"

enum {
	CPUS		= 4,
	ROUNDS		= 10000,
	SERVICES	= 3,
	MAX_CLIENTS	= 64,
	MAX_CONNS	= 512,
	QUOTA		= 4,
	TIMEOUT_MS	= 100,
};

#define PARAMETERS "max_clients=64 max_conns=512"

static struct endpoint services[SERVICES];
static atomic_uint wrong;
static atomic_uint verdicts[2];
static struct plan plan;

static struct endpoint any_peer(struct chance *c)
{
	struct endpoint peer = endpoint_of("10.0.0.0", 1000);

	peer.port += chance_of(c, 3);
	/* More clients than the table has room for. */
	peer.addr.s6_addr[15] = chance_of(c, chance_of(c, 4) ? 8 : 100);
	return peer;
}

static void packets(struct chance *c)
{
	static const int ops[] = {
		DRIVE_VERDICT, DRIVE_VERDICT, DRIVE_CHARGE, DRIVE_RELEASE,
		DRIVE_CLIENT,
	};
	struct endpoint peer = any_peer(c);
	struct drive drive = {
		.pkt = pkt_of(chance_of(c, 4) ? EQUIC_PKT_INITIAL :
					       EQUIC_PKT_ZERO_RTT,
			      &services[chance_of(c, SERVICES)], &peer,
			      chance_of(c, 4), chance_of(c, 4)),
		.op = ops[chance_of(c, 5)],
		.vary = chance_of(c, 8),
		.n = 1 + chance_of(c, 16),
	};

	drive_run(&drive);
	if (drive.op == DRIVE_VERDICT) {
		atomic_fetch_add(&verdicts[0], drive.answers[0]);
		atomic_fetch_add(&verdicts[1], drive.n - drive.answers[0]);
		atomic_fetch_add(&wrong, drive.errors);
	}
	if (drive.opts.pending > MAX_CONNS || drive.opts.open > MAX_CONNS)
		atomic_fetch_add(&wrong, 1);
}

static void reports(struct chance *c, struct nl *nl)
{
	static const int cmds[] = {
		EQUIC_CMD_CONN_ACCEPTED, EQUIC_CMD_CONN_OPEN,
		EQUIC_CMD_CONN_OPEN, EQUIC_CMD_CONN_CLOSE,
		EQUIC_CMD_CONN_CLOSE, EQUIC_CMD_CONN_CLOSE,
		EQUIC_CMD_CONN_MOVE, EQUIC_CMD_CONN_CID,
	};
	struct cid dcid = cid_of(chance_of(c, 4)), scid = cid_of(chance_of(c, 4));
	struct report r = {
		.service = &services[chance_of(c, SERVICES)],
		.id = chance_of(c, 40), .peer = any_peer(c),
	};

	if (chance_of(c, 2)) {
		r.odcid = &dcid;
		r.scid = &scid;
	}
	if (!chance_of(c, 3))
		r.cid = &dcid;
	conn_report(nl, cmds[chance_of(c, 8)], &r);
}

static void totals(struct nl *nl)
{
	struct stats stats = stats_of(nl, NULL);

	/* Below zero is far above these. */
	if (stats.open > MAX_CONNS || stats.pending > MAX_CONNS ||
	    stats.clients > MAX_CLIENTS || stats.owners > 2 * CPUS)
		atomic_fetch_add(&wrong, 1);
}

static void control(struct chance *c, struct nl *nl)
{
	const struct endpoint *svc = &services[chance_of(c, SERVICES)];
	static __thread struct client clients[MAX_CLIENTS];

	switch (chance_of(c, 8)) {
	case 0:
		service_del(nl, svc);
		break;
	case 1:
		flush(nl, svc);
		break;
	case 2:
		service_set(nl, svc, EQUIC_A_SERVICE_MODE, chance_of(c, 3),
			    EQUIC_A_SERVICE_QUOTA, 1 + chance_of(c, QUOTA));
		break;
	case 3:
		service_set(nl, svc, EQUIC_A_SERVICE_PREFIX4,
			    31 + chance_of(c, 2));
		break;
	case 4:
		clients_dump(nl, NULL, NULL, 0, false, clients, MAX_CLIENTS);
		break;
	case 5:
		conns_dump(nl, svc, NULL, 0, NULL, 0);
		break;
	case 6:
		resync(nl, svc, chance_of(c, 2));
		break;
	default:
		totals(nl);
	}
	service_add(nl, svc, EQUIC_A_SERVICE_QUOTA, QUOTA,
		    EQUIC_A_SERVICE_NO_OWNER, EQUIC_NO_OWNER_ENFORCE,
		    EQUIC_A_SERVICE_PENDING_TIMEOUT, TIMEOUT_MS);
}

static void member(struct crew *crew, int cpu)
{
	struct chance c;
	unsigned int i;
	struct nl nl;

	(void)crew;
	chance_seed(&c, plan.seed + cpu);
	nl_open(&nl);
	for (i = 0; i < plan.count / CPUS; i++) {
		unsigned int what = chance_of(&c, 100);

		if (what < 55) {
			packets(&c);
		} else if (what < 90) {
			reports(&c, &nl);
		} else if (what < 98) {
			control(&c, &nl);
		} else {
			nl_close(&nl);
			nl_open(&nl);
		}
	}
	nl_close(&nl);
}

static bool is(const char *what, long got, long want)
{
	if (got != want)
		ktap_diag("%s: %ld, should be %ld", what, got, want);
	return got == want;
}

int main(int argc, char **argv)
{
	struct crew *crew;
	struct stats stats;
	struct nl nl;
	int i;

	ktap_begin();
	plan = chance_plan(argc, argv, ROUNDS, "rounds");
	module_load(PARAMETERS);
	nl_open(&nl);
	drive_open();
	for (i = 0; i < SERVICES; i++)
		services[i] = endpoint_of("192.0.2.1", 443 + i);
	crew = crew_start(CPUS, member);
	crew_go(crew);
	crew_stop(crew);
	ktap_diag("%u passed, %u dropped", verdicts[0], verdicts[1]);
	ktap_result(is("impossible answers", wrong, 0),
		    "no count goes below zero or above its bound");
	clock_await(!stats_of(&nl, NULL).pending, 5000);
	stats = stats_of(&nl, NULL);
	ktap_result(is("open", stats.open, 0) & is("pending", stats.pending, 0) &
		    is("owners", stats.owners, 0),
		    "without owners and after the timeout nothing is left");
	flush(&nl, NULL);
	ktap_result(is("clients", stats_of(&nl, NULL).clients, 0),
		    "a flush leaves no client");
	drive_close();
	nl_close(&nl);
	module_unload();
	return ktap_end();
}
