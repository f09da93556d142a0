// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exactly as many connections of one client are admitted as its quota says,
 * whatever CPUs its Initials arrive on.
 *
 *   exact [ROUNDS]
 *
 * Exits with 0 when no round miscounted, else with 1.
 */
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "crew.h"
#include "drive.h"
#include "ktap.h"
#include "module.h"
#include "wire.h"

enum {
	CPUS		= 4,
	ROUNDS		= 100,
	GATEWAY_ROUNDS	= 10,
	/* Initials of one CPU in one round: its share of the quota, and some. */
	EXCESS		= 6,
	QUOTA_MAX	= 50,
	LAST_QUOTA	= 5,
};

/* How the Initials of one round differ. */
struct shape {
	const char	*name;
	__u32		vary;
	const char	*service;
	const char	*client;
	bool		same_64;	/* from anywhere in the client's /64 */
	bool		twins;		/* every CPU sends the same ones */
};

static const struct shape shapes[] = {
	{ "one 4-tuple, IPv4", DRIVE_VARY_DCID | DRIVE_VARY_SCID,
	  "192.0.2.1", "10.0.0.0" },
	{ "one 4-tuple, IPv6", DRIVE_VARY_DCID | DRIVE_VARY_SCID,
	  "2001:db8::1", "2001:db8:1::" },
	{ "one 4-tuple, distinct SCIDs alone", DRIVE_VARY_SCID,
	  "192.0.2.1", "10.0.0.0" },
	{ "distinct ports", DRIVE_VARY_PORT | DRIVE_VARY_DCID | DRIVE_VARY_SCID,
	  "192.0.2.1", "10.0.0.0" },
	{ "distinct ports, one SCID", DRIVE_VARY_PORT,
	  "192.0.2.1", "10.0.0.0" },
	{ "distinct addresses of one /64", DRIVE_VARY_ADDR | DRIVE_VARY_SCID,
	  "2001:db8::1", "2001:db8:1::", .same_64 = true },
	{ "twins", DRIVE_VARY_DCID | DRIVE_VARY_SCID,
	  "192.0.2.1", "10.0.0.0", .twins = true },
};

static const struct shape last_slot = {
	"twins at the last free slot", 0, "192.0.2.1", "10.0.0.0",
	.twins = true,
};

static const unsigned int quotas[] = { 1, 5, QUOTA_MAX };

/* What the threads do: rounds, each with a client of its own. */
static struct {
	const struct shape	*shape;
	struct endpoint		service;
	unsigned int		quota;
	unsigned int		each;	/* Initials of one CPU in a round */
	unsigned int		rounds;
	bool			gateway;
	struct drive		drive[CPUS][ROUNDS];
} run;

static struct nl nl;

static struct endpoint client_in(unsigned int round)
{
	struct endpoint peer = endpoint_of(run.shape->client, 1024);
	int at = IN6_IS_ADDR_V4MAPPED(&peer.addr) ? 14 : 6;

	peer.addr.s6_addr[at] = round >> 8;
	peer.addr.s6_addr[at + 1] = round;
	return peer;
}

static void prepare(int cpu, unsigned int round)
{
	unsigned int mine = run.shape->twins ? 0 : cpu * run.each;
	struct drive *drive = &run.drive[cpu][round];
	struct endpoint peer = client_in(round);
	__u64 dcid = 1, scid = 1;

	if (run.shape->vary & DRIVE_VARY_PORT)
		peer.port += mine;
	if (run.shape->vary & DRIVE_VARY_DCID)
		dcid += mine;
	if (run.shape->vary & DRIVE_VARY_SCID)
		scid += mine;
	if (run.shape->same_64)
		peer.addr.s6_addr[8] = cpu;
	memset(drive, 0, sizeof(*drive));
	drive->pkt = pkt_of(EQUIC_PKT_INITIAL, &run.service, &peer, dcid, scid);
	drive->op = DRIVE_VERDICT;
	drive->vary = run.shape->vary;
	drive->n = run.each;
}

static void through_gateway(struct drive *drive)
{
	__u8 frame[WIRE_MAX];
	__u64 number;
	unsigned int i;

	for (i = 0; i < drive->n; i++) {
		size_t len = wire_of(&drive->pkt, frame);
		int drop = gateway_run(frame, len) == XDP_DROP;

		drive->answers[drop ? EQUIC_DROP_QUOTA : 0]++;
		memcpy(&number, drive->pkt.scid, sizeof(number));
		number++;
		memcpy(drive->pkt.scid, &number, sizeof(number));
	}
}

static void send_initials(struct crew *crew, int cpu)
{
	unsigned int round;

	for (round = 0; round < run.rounds; round++) {
		crew_meet(crew);
		if (run.gateway)
			through_gateway(&run.drive[cpu][round]);
		else
			drive_run(&run.drive[cpu][round]);
	}
}

static unsigned int answered(unsigned int round, int answer)
{
	unsigned int n = 0;
	int cpu;

	for (cpu = 0; cpu < CPUS; cpu++)
		n += run.drive[cpu][round].answers[answer];
	return n;
}

static bool is(const char *what, __u64 got, __u64 want)
{
	if (got != want)
		ktap_diag("%s, quota %u, %u rounds: %llu %s, should be %llu",
			  run.shape->name, run.quota, run.rounds, got, what,
			  want);
	return got == want;
}

/* Of each round's client. Each of the twins of an admitted Initial passes. */
static unsigned int to_pass(void)
{
	return run.shape->twins ? CPUS * run.quota : run.quota;
}

static bool rounds_exact(void)
{
	unsigned int round, wrong = 0;

	for (round = 0; round < run.rounds; round++)
		wrong += answered(round, EQUIC_DROP_NONE) != to_pass() ||
			 answered(round, EQUIC_DROP_QUOTA) !=
			 CPUS * run.each - to_pass();
	return is("rounds that miscounted", wrong, 0);
}

static bool service_exact(void)
{
	__u64 sent = (__u64)run.rounds * CPUS * run.each;
	__u64 passed = (__u64)run.rounds * to_pass();
	struct stats stats = stats_of(&nl, &run.service);

	return is("passed", stats.passed, passed) &
	       is("dropped", stats.dropped, sent - passed) &
	       is("dropped for the quota", stats.drops[EQUIC_DROP_QUOTA],
		  sent - passed) &
	       is("bytes", stats.passed_bytes + stats.dropped_bytes,
		  sent * run.drive[0][0].pkt.len) &
	       is("admitted", stats.admitted, run.rounds * run.quota) &
	       is("pending", stats.pending, run.rounds * run.quota);
}

/* What the table has of the first round's client. */
static bool client_exact(void)
{
	struct in6_addr addr = client_in(0).addr;
	struct client client = client_of(&nl, &run.service, &addr);

	return is("pending at the client", client.pending, run.quota) &
	       is("open at the client", client.open, 0) &
	       is("passed at the client", client.stats.passed, to_pass()) &
	       is("dropped at the client", client.stats.dropped,
		  CPUS * run.each - to_pass()) &
	       is("mark of the refused client", client.over, 1);
}

static void begin(const struct shape *shape, unsigned int quota,
		  unsigned int rounds)
{
	unsigned int round;
	int cpu;

	run.shape = shape;
	run.quota = quota;
	run.rounds = rounds;
	run.service = endpoint_of(shape->service, 443);
	run.each = shape->twins ? quota + EXCESS : quota / CPUS + EXCESS;
	/* Enforced without a reporter: what is counted is the same. */
	if (service_add(&nl, &run.service, EQUIC_A_SERVICE_QUOTA, quota,
			EQUIC_A_SERVICE_NO_OWNER, EQUIC_NO_OWNER_ENFORCE,
			EQUIC_A_SERVICE_PENDING_TIMEOUT,
			EQUIC_PENDING_TIMEOUT_MAX_MS))
		ktap_bail("service add: %s", nl.words);
	for (cpu = 0; cpu < CPUS; cpu++)
		for (round = 0; round < rounds; round++)
			prepare(cpu, round);
}

static void test_shape(struct crew *crew, const struct shape *shape,
		       unsigned int quota, unsigned int rounds, bool gateway)
{
	begin(shape, quota, rounds);
	run.gateway = gateway;
	crew_go(crew);
	ktap_result(rounds_exact() & service_exact() & client_exact(),
		    "%u of %u admitted%s: %s", quota, CPUS * run.each,
		    gateway ? " by the gateway" : "", shape->name);
	service_del(&nl, &run.service);
}

/* All slots but one are taken when an Initial comes on every CPU at once. */
static void test_last_slot(struct crew *crew, unsigned int rounds)
{
	unsigned int round, passed = 0, refused = 0, i;
	int cpu;

	begin(&last_slot, LAST_QUOTA, rounds);
	run.gateway = false;
	for (round = 0; round < rounds; round++) {
		struct endpoint peer = client_in(round);

		for (i = 1; i < LAST_QUOTA; i++)
			initial(&run.service, &peer, 1000 + i, 1000 + i);
		for (cpu = 0; cpu < CPUS; cpu++)
			run.drive[cpu][round].n = 1;
	}
	crew_go(crew);
	for (round = 0; round < rounds; round++) {
		struct endpoint peer = client_in(round);

		passed += answered(round, EQUIC_DROP_NONE) == CPUS;
		refused += initial(&run.service, &peer, 2000, 2000) ==
			   EQUIC_DROP_QUOTA;
	}
	ktap_result(is("rounds that passed every twin", passed, rounds) &
		    is("rounds that charged one", refused, rounds) &
		    is("admitted", stats_of(&nl, &run.service).admitted,
		       rounds * LAST_QUOTA),
		    "twins at the last free slot pass, and are charged once");
	service_del(&nl, &run.service);
}

int main(int argc, char **argv)
{
	unsigned int rounds = argc > 1 ? atoi(argv[1]) : ROUNDS;
	struct crew *crew;
	size_t i, q;

	if (!rounds || rounds > ROUNDS)
		rounds = ROUNDS;
	ktap_begin();
	module_load("");
	nl_open(&nl);
	drive_open();
	gateway_open();
	crew = crew_start(CPUS, send_initials);
	for (i = 0; i < sizeof(shapes) / sizeof(*shapes); i++)
		for (q = 0; q < sizeof(quotas) / sizeof(*quotas); q++)
			test_shape(crew, &shapes[i], quotas[q], rounds, false);
	for (i = 0; i < 2; i++)
		test_shape(crew, &shapes[i], 5, GATEWAY_ROUNDS, true);
	test_last_slot(crew, rounds);
	crew_stop(crew);
	gateway_close();
	drive_close();
	nl_close(&nl);
	module_unload();
	return ktap_end();
}
