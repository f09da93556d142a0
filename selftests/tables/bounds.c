// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tables are bounded: what happens when they are full, and what a dump shows
 * while they change.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include "clock.h"
#include "drive.h"
#include "ktap.h"
#include "module.h"

enum {
	MAX_CLIENTS	= 64,
	MAX_CONNS	= 256,
	STAYING		= 40,
	DUMPS		= 60,
	SERVICES	= 100,
};

#define PARAMETERS "max_clients=64 max_conns=256"

static struct nl nl;
static struct endpoint svc, peer;

static bool is(const char *what, long got, long want)
{
	if (got != want)
		ktap_diag("%s: %ld, should be %ld", what, got, want);
	return got == want;
}

static struct endpoint client_nr(unsigned int n)
{
	struct endpoint from = peer;

	from.addr.s6_addr[14] = n >> 8;
	from.addr.s6_addr[15] = n;
	return from;
}

static int first_of(unsigned int n)
{
	struct endpoint from = client_nr(n);

	return initial(&svc, &from, 1, 1);
}

static void fresh(int on_overflow)
{
	service_del(&nl, &svc);
	if (service_add(&nl, &svc, EQUIC_A_SERVICE_ON_OVERFLOW, on_overflow,
			EQUIC_A_SERVICE_PENDING_TIMEOUT,
			EQUIC_PENDING_TIMEOUT_MAX_MS))
		ktap_bail("service add: %s", nl.words);
	resync(&nl, &svc, EQUIC_RESYNC_BEGIN);
}

static void test_clients(void)
{
	struct endpoint more = client_nr(MAX_CLIENTS);
	struct stats stats;
	unsigned int i;
	bool right = true;

	fresh(EQUIC_ON_OVERFLOW_PASS);
	for (i = 0; i < MAX_CLIENTS; i++)
		right &= is("verdict", first_of(i), 0);
	right &= is("more", first_of(MAX_CLIENTS), 0);
	stats = stats_of(&nl, &svc);
	ktap_result(right & is("clients", stats.clients, MAX_CLIENTS) &
		    is("pending", stats.pending, MAX_CLIENTS) &
		    is("overflow", stats.passes[EQUIC_A_PASS_OVERFLOW], 1),
		    "a client too many passes uncounted, on-overflow pass");
	ktap_result(is("open", conn_open(&nl, .service = &svc, .id = 1,
					 .peer = more), -ENOSPC) &&
		    strstr(nl.words, "max_clients"),
		    "a report about it is refused: %s", nl.words);
	service_set(&nl, &svc, EQUIC_A_SERVICE_ON_OVERFLOW,
		    EQUIC_ON_OVERFLOW_DROP);
	ktap_result(is("verdict", first_of(MAX_CLIENTS),
		       EQUIC_DROP_OVERFLOW) &
		    is("counter",
		       stats_of(&nl, &svc).drops[EQUIC_DROP_OVERFLOW], 1),
		    "and is dropped, on-overflow drop");
	for (i = 0; i < MAX_CLIENTS; i++)
		right &= is("known", first_of(i), 0);
	ktap_result(right & is("pending", stats_of(&nl, &svc).pending,
			       MAX_CLIENTS),
		    "clients with connections were not evicted");
}

/* Clients that have none any more make room, however many come. */
static void test_eviction(void)
{
	struct drive drive = { .op = DRIVE_RELEASE, .n = 1 };
	struct endpoint from;
	bool right = true;
	unsigned int i;

	fresh(EQUIC_ON_OVERFLOW_DROP);
	for (i = 0; i < MAX_CLIENTS / 2; i++)
		right &= is("staying", first_of(i), 0);
	for (i = 1000; i < 1000 + 4 * MAX_CLIENTS; i++) {
		right &= is("coming", first_of(i), 0);
		from = client_nr(i);
		drive.pkt = pkt_of(EQUIC_PKT_INITIAL, &svc, &from, 1, 1);
		drive_run(&drive);
		right &= is("release", drive.ret, 0) &
			 is("bound", stats_of(&nl, NULL).clients <= MAX_CLIENTS,
			    1);
	}
	for (i = 0; i < MAX_CLIENTS / 2; i++) {
		from = client_nr(i);
		right &= is("stayed", client_of(&nl, &svc, &from.addr).pending,
			    1);
	}
	ktap_result(right, "clients without connections make room for others, others do not");
}

static void test_conns(void)
{
	struct drive drive = {
		.op = DRIVE_VERDICT, .vary = DRIVE_VARY_SCID,
		.n = MAX_CONNS + 10,
	};
	struct stats stats;

	fresh(EQUIC_ON_OVERFLOW_PASS);
	drive.pkt = pkt_of(EQUIC_PKT_INITIAL, &svc, &peer, 1, 1);
	drive_run(&drive);
	stats = stats_of(&nl, &svc);
	ktap_result(is("passed", drive.answers[0], MAX_CONNS + 10) &
		    is("pending", stats.pending, MAX_CONNS) &
		    is("overflow", stats.passes[EQUIC_A_PASS_OVERFLOW], 10),
		    "connections too many pass uncounted, on-overflow pass");
	ktap_result(is("open", conn_open(&nl, .service = &svc, .id = 1,
					 .peer = client_nr(1)), -ENOSPC) &&
		    strstr(nl.words, "max_conns"),
		    "a report about one is refused: %s", nl.words);
	service_set(&nl, &svc, EQUIC_A_SERVICE_ON_OVERFLOW,
		    EQUIC_ON_OVERFLOW_DROP);
	ktap_result(is("verdict", initial(&svc, &peer, 1, 7777),
		       EQUIC_DROP_OVERFLOW) &
		    is("known", initial(&svc, &peer, 1, 1), 0),
		    "and is dropped, on-overflow drop");
	drive.op = DRIVE_CHARGE;
	drive.n = 1;
	drive.pkt = pkt_of(EQUIC_PKT_INITIAL, &svc, &peer, 1, 8888);
	drive_run(&drive);
	ktap_result(is("answer", drive.ret, -ENOSPC),
		    "a program's charge is told: ENOSPC");
}

static atomic_bool stop;

/* Clients and connections that come and go, beside those that stay. */
static void *churn(void *arg)
{
	struct drive drive = { .n = 1 };
	unsigned int n = 0;

	(void)arg;
	while (!atomic_load(&stop)) {
		struct endpoint from = client_nr(1000 + n++ % 200);

		drive.pkt = pkt_of(EQUIC_PKT_INITIAL, &svc, &from, 1, 1);
		drive.op = DRIVE_VERDICT;
		drive_run(&drive);
		drive.op = DRIVE_RELEASE;
		drive_run(&drive);
	}
	return NULL;
}

/* How many of those that stay are not exactly once in the dump. */
static unsigned int not_once(const struct in6_addr *addrs, size_t stride, int n)
{
	unsigned int wrong = 0, times, i;
	int j;

	for (i = 0; i < STAYING; i++) {
		struct in6_addr addr = client_nr(i).addr;

		times = 0;
		for (j = 0; j < n; j++)
			times += addr_equal((const void *)((const char *)addrs +
							   j * stride), &addr);
		wrong += times != 1;
	}
	return wrong;
}

static void test_dumps(void)
{
	static struct client clients[4 * MAX_CLIENTS];
	static struct conn conns[4 * MAX_CONNS];
	unsigned int wrong_clients = 0, wrong_conns = 0, interrupted = 0, i;
	pthread_t thread;
	int n;

	fresh(EQUIC_ON_OVERFLOW_PASS);
	for (i = 0; i < STAYING; i++)
		first_of(i);
	atomic_store(&stop, false);
	pthread_create(&thread, NULL, churn, NULL);
	for (i = 0; i < DUMPS; i++) {
		n = clients_dump(&nl, &svc, NULL, 0, false, clients,
				 4 * MAX_CLIENTS);
		wrong_clients += not_once(&clients->addr, sizeof(*clients), n);
		interrupted += nl.interrupted;
		n = conns_dump(&nl, NULL, NULL, 0, conns, 4 * MAX_CONNS);
		wrong_conns += not_once(&conns->client, sizeof(*conns), n);
		interrupted += nl.interrupted;
	}
	atomic_store(&stop, true);
	pthread_join(thread, NULL);
	ktap_result(is("clients not shown once", wrong_clients, 0),
		    "a dump of clients during churn shows those that stay exactly once");
	ktap_result(is("connections not shown once", wrong_conns, 0),
		    "a dump of connections does as well");
	ktap_result(is("interrupted", interrupted, 0),
		    "neither is called interrupted");
}

/* What happens between two parts of a dump. */
static struct {
	struct nl	other;
	bool		add;
	unsigned int	seen;
} between;

static void between_parts(const struct nlattr *attrs, size_t len, void *arg)
{
	struct endpoint one = { .port = 60000 };

	(void)attrs;
	(void)len;
	(void)arg;
	if (!between.seen++ && between.add)
		service_add(&between.other, &one);
}

static bool dump_services(bool add)
{
	struct nlm m;

	between.seen = 0;
	between.add = add;
	nlm_begin(&m, EQUIC_CMD_SERVICE_GET, 0);
	if (nl_dump(&nl, &m, between_parts, NULL))
		return false;
	return is("interrupted", nl.interrupted, add);
}

static void test_policy_dump(void)
{
	struct endpoint one = svc;
	bool right;
	int i;

	service_del(&nl, &svc);
	nl_open(&between.other);
	for (i = 0; i < SERVICES; i++) {
		one.port = 1000 + i;
		service_add(&nl, &one);
	}
	right = dump_services(false);
	ktap_result(right & is("services", between.seen, SERVICES),
		    "a dump of services shows all");
	ktap_result(dump_services(true),
		    "it says when one was added meanwhile (NLM_F_DUMP_INTR)");
	nl_close(&between.other);
}

int main(void)
{
	struct stats totals;

	ktap_begin();
	module_load(PARAMETERS);
	nl_open(&nl);
	drive_open();
	svc = endpoint_of("192.0.2.1", 443);
	peer = endpoint_of("10.0.0.0", 1000);
	totals = stats_of(&nl, NULL);
	ktap_result(is("clients", totals.max_clients, MAX_CLIENTS) &
		    is("connections", totals.max_conns, MAX_CONNS),
		    "totals show the limits");
	test_clients();
	test_eviction();
	test_conns();
	test_dumps();
	test_policy_dump();
	drive_close();
	nl_close(&nl);
	module_unload();
	return ktap_end();
}
