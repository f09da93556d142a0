// SPDX-License-Identifier: GPL-2.0-only
/* What each policy does to which packet. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "chance.h"
#include "clock.h"
#include "drive.h"
#include "ktap.h"
#include "module.h"

/* Packets to two services that differ in their modes alone. */
enum { ROUNDS = 1500 };

static struct nl nl;
static struct endpoint svc, peer;

/* A service like new, with a reporter. */
#define fresh(...)							\
({									\
	service_del(&nl, &svc);						\
	if (service_add(&nl, &svc, ##__VA_ARGS__))			\
		ktap_bail("service add: %s", nl.words);			\
	resync(&nl, &svc, EQUIC_RESYNC_BEGIN);				\
})

static bool is(const char *what, long got, long want)
{
	if (got != want)
		ktap_diag("%s: %ld, should be %ld", what, got, want);
	return got == want;
}

static int packet(int type, __u64 dcid, __u64 scid)
{
	struct bpf_equic_pkt pkt = pkt_of(type, &svc, &peer, dcid, scid);

	return verdict(&pkt);
}

static int first(__u64 dcid, __u64 scid)
{
	return packet(EQUIC_PKT_INITIAL, dcid, scid);
}

static __u64 admitted(void)
{
	return stats_of(&nl, &svc).admitted;
}

static void test_dcids(void)
{
	struct cid odcid = cid_of(1), scid = cid_of(1), own = cid_of(50);

	fresh(EQUIC_A_SERVICE_QUOTA, 5);
	ktap_result(is("first", first(1, 1), 0) &
		    is("Retry's", first(2, 1), 0) &
		    is("server's", first(3, 1), 0) & is("n", admitted(), 1),
		    "a handshake has three DCIDs");
	ktap_result(is("verdict", first(4, 1), 0) & is("n", admitted(), 2),
		    "a fourth DCID is another connection");
	ktap_result(is("verdict", first(1, 2), 0) & is("n", admitted(), 3),
		    "another SCID is another connection");
	peer.port++;
	ktap_result(is("verdict", first(1, 1), 0) & is("n", admitted(), 4),
		    "another port is another connection");
	peer.port--;

	fresh(EQUIC_A_SERVICE_QUOTA, 1);
	first(1, 1);
	ktap_result(is("accepted", conn_accepted(&nl, .service = &svc, .id = 1,
						 .peer = peer, .odcid = &odcid,
						 .scid = &scid, .cid = &own),
		       0) & is("server's", first(50, 1), 0) &
		    is("a third", first(3, 1), EQUIC_DROP_QUOTA),
		    "after the server has named its SCID no DCID is learnt");
	own = cid_of(60);
	ktap_result(is("report", conn_cid(&nl, .service = &svc, .id = 1,
					  .cid = &own), 0) &
		    is("its CID", first(60, 1), 0) & is("n", admitted(), 1) &
		    is("of another SCID", first(60, 2), EQUIC_DROP_QUOTA),
		    "a CID that the server gave later is of this handshake");
	ktap_result(is("report", conn_cid(&nl, .service = &svc, .id = 1,
					  .cid = &own, .remove = true), 0) &
		    is("its CID", first(60, 1), EQUIC_DROP_QUOTA),
		    "and no longer when it was retired");
}

static void test_new(void)
{
	fresh(EQUIC_A_SERVICE_QUOTA, 2);
	ktap_result(is("1", first(1, 1), 0) & is("2", first(2, 2), 0) &
		    is("3", first(3, 3), EQUIC_DROP_QUOTA),
		    "new: a third Initial is dropped at quota 2");
	ktap_result(is("Initial", first(1, 1), 0) & is("n", admitted(), 2),
		    "new: a retransmitted Initial of an admitted connection passes");
	ktap_result(is("Handshake", packet(EQUIC_PKT_HANDSHAKE, 0, 0), 0) &
		    is("short", packet(EQUIC_PKT_SHORT, 0, 0), 0) &
		    is("0-RTT", packet(EQUIC_PKT_ZERO_RTT, 1, 1), 0),
		    "new: other packets of a refused client pass");
	ktap_result(is("0-RTT", packet(EQUIC_PKT_ZERO_RTT, 3, 3),
		       EQUIC_DROP_ZERO_RTT),
		    "new: 0-RTT falls with the refused connection it belongs to");
	peer.addr.s6_addr[15]++;
	ktap_result(is("Initial", first(3, 3), 0),
		    "new: another client is not concerned");
	peer.addr.s6_addr[15]--;
	conn_open(&nl, .service = &svc, .id = 7, .peer = peer);
	ktap_result(is("full", first(3, 3), EQUIC_DROP_QUOTA) &
		    is("close", conn_close(&nl, .service = &svc, .id = 7), 0) &
		    is("Initial", first(3, 3), 0),
		    "new: a closed connection frees its slot");
	fresh();
	ktap_result(is("1", first(1, 1), 0) & is("2", first(2, 2), 0) &
		    is("pending", stats_of(&nl, &svc).pending, 2),
		    "without a quota connections are counted and admitted");
}

static void test_all(void)
{
	fresh(EQUIC_A_SERVICE_QUOTA, 2, EQUIC_A_SERVICE_MODE, EQUIC_MODE_ALL);
	first(1, 1);
	conn_open(&nl, .service = &svc, .id = 1, .peer = peer);
	first(2, 2);
	ktap_result(is("short", packet(EQUIC_PKT_SHORT, 0, 0), 0) &
		    is("Initial", first(1, 1), 0),
		    "all: a client at its quota is served");
	ktap_result(is("refused", first(3, 3), EQUIC_DROP_QUOTA) &
		    is("short", packet(EQUIC_PKT_SHORT, 0, 0),
		       EQUIC_DROP_CLIENT_OVER) &
		    is("Handshake", packet(EQUIC_PKT_HANDSHAKE, 0, 0),
		       EQUIC_DROP_CLIENT_OVER) &
		    is("known Initial", first(2, 2), EQUIC_DROP_CLIENT_OVER) &
		    is("0-RTT", packet(EQUIC_PKT_ZERO_RTT, 1, 1),
		       EQUIC_DROP_CLIENT_OVER) &
		    is("malformed", packet(EQUIC_PKT_TRUNCATED, 0, 0),
		       EQUIC_DROP_CLIENT_OVER),
		    "all: everything is dropped from the first refused attempt");
	peer.addr.s6_addr[15]++;
	ktap_result(is("short", packet(EQUIC_PKT_SHORT, 0, 0), 0),
		    "all: another client is served");
	peer.addr.s6_addr[15]--;
	conn_close(&nl, .service = &svc, .id = 1);
	ktap_result(is("short", packet(EQUIC_PKT_SHORT, 0, 0), 0) &
		    is("Initial", first(3, 3), 0),
		    "all: under its quota again, the client is served again");
}

enum { TWIN_CIDS = 8 };

/* The same to two services: one drops, the other counts. */
struct twin {
	struct endpoint	drops, counts;
	__u64		would;
	unsigned int	wrong;
	/* What mode new did to the Initial: [scid][dcid] */
	bool		admitted[TWIN_CIDS][TWIN_CIDS];
	bool		refused[TWIN_CIDS][TWIN_CIDS];
};

static void twin_packet(struct twin *t, int type, __u64 dcid, __u64 scid)
{
	struct bpf_equic_pkt pkt = pkt_of(type, &t->drops, &peer, dcid, scid);
	__u64 would;
	int drop;

	drop = verdict(&pkt);
	if (type == EQUIC_PKT_INITIAL) {
		t->admitted[scid][dcid] = !drop;
		t->refused[scid][dcid] = drop;
	}
	pkt.dport = htons(t->counts.port);
	t->wrong += !is("mode count", verdict(&pkt), 0);
	would = stats_of(&nl, &t->counts).would_drop;
	t->wrong += !is("would drop", would - t->would, !!drop);
	t->would = would;
}

static void twin_report(const struct twin *t, int cmd, __u64 dcid, __u64 scid,
			bool drops_too)
{
	struct cid odcid = cid_of(dcid), own = cid_of(scid);
	struct report r = {
		.service = &t->counts, .peer = peer, .odcid = &odcid,
		.scid = &own,
	};

	conn_report(&nl, cmd, &r);
	r.service = &t->drops;
	if (drops_too)
		conn_report(&nl, cmd, &r);
}

/* @over_too: the server accepts what mode count lets through. */
static void twin_step(struct twin *t, struct chance *chance, bool over_too)
{
	static const int types[] = {
		EQUIC_PKT_INITIAL, EQUIC_PKT_INITIAL, EQUIC_PKT_INITIAL,
		EQUIC_PKT_ZERO_RTT, EQUIC_PKT_SHORT, EQUIC_PKT_HANDSHAKE,
		EQUIC_PKT_SMALL_INITIAL, EQUIC_PKT_VERSION_ZERO,
	};
	unsigned int dcid = 1 + chance_of(chance, TWIN_CIDS - 1);
	unsigned int scid = 1 + chance_of(chance, TWIN_CIDS - 1);
	unsigned int what = chance_of(chance, 10);

	if (what == 0 && t->admitted[scid][dcid]) {
		twin_report(t, EQUIC_CMD_CONN_OPEN, dcid, scid, true);
	} else if (what == 1 && over_too && t->refused[scid][dcid]) {
		twin_report(t, EQUIC_CMD_CONN_OPEN, dcid, scid, false);
	} else if (what == 1 && !over_too && t->admitted[scid][dcid]) {
		twin_report(t, EQUIC_CMD_CONN_CLOSE, dcid, scid, true);
		memset(t->admitted[scid], 0, sizeof(t->admitted[scid]));
	} else {
		twin_packet(t, types[chance_of(chance, 8)], dcid, scid);
	}
}

static void test_count(struct plan plan, bool over_too)
{
	struct twin t = { .drops = svc, .counts = svc };
	struct stats drops, counts;
	struct chance chance;
	unsigned int i;

	chance_seed(&chance, plan.seed);
	t.counts.port++;
	fresh(EQUIC_A_SERVICE_QUOTA, 3);
	service_add(&nl, &t.counts, EQUIC_A_SERVICE_QUOTA, 3,
		    EQUIC_A_SERVICE_MODE, EQUIC_MODE_COUNT);
	resync(&nl, &t.counts, EQUIC_RESYNC_BEGIN);
	service_set(&nl, &t.drops, EQUIC_A_SERVICE_PENDING_TIMEOUT, 3600000);
	service_set(&nl, &t.counts, EQUIC_A_SERVICE_PENDING_TIMEOUT, 3600000);
	for (i = 0; i < plan.count && !t.wrong; i++)
		twin_step(&t, &chance, over_too);
	drops = stats_of(&nl, &t.drops);
	counts = stats_of(&nl, &t.counts);
	/* Malformed packets are would-be drops of mode new as well. */
	ktap_result(!t.wrong & is("would drop", counts.would_drop,
				  drops.dropped) &
		    is("dropped", counts.dropped, 0) &
		    (drops.drops[EQUIC_DROP_QUOTA] > 0) &
		    (drops.drops[EQUIC_DROP_ZERO_RTT] > 0) &
		    is("passed", counts.passed, drops.passed + drops.dropped),
		    "count: drops nothing and counts what new drops: %s",
		    over_too ? "connections above the quota are reported" :
			       "connections are closed meanwhile");
	service_del(&nl, &t.counts);
}

static void test_percent(void)
{
	unsigned int enforced = 0, unsteady = 0, i;

	fresh(EQUIC_A_SERVICE_QUOTA, 1, EQUIC_A_SERVICE_ENFORCE_PERCENT, 0);
	first(1, 1);
	ktap_result(is("verdict", first(2, 2), 0) &
		    is("would drop", stats_of(&nl, &svc).would_drop, 1),
		    "enforce-percent 0 counts");
	service_set(&nl, &svc, EQUIC_A_SERVICE_ENFORCE_PERCENT, 50);
	for (i = 0; i < 400; i++) {
		struct endpoint from = peer;
		int drop;

		from.addr.s6_addr[14] = 1 + i / 200;
		from.addr.s6_addr[15] = i % 200;
		initial(&svc, &from, 1, 1);
		drop = initial(&svc, &from, 2, 2);
		enforced += drop == EQUIC_DROP_QUOTA;
		unsteady += initial(&svc, &from, 3, 3) != drop;
	}
	ktap_diag("%u of 400 clients", enforced);
	/* Eight standard deviations off: once in 10^15 runs. */
	ktap_result(enforced > 120 && enforced < 280 &&
		    is("clients that change sides", unsteady, 0),
		    "enforce-percent 50 is enforced for half of the clients, always the same");
	service_set(&nl, &svc, EQUIC_A_SERVICE_ENFORCE_PERCENT, 100);
	ktap_result(is("verdict", first(2, 2), EQUIC_DROP_QUOTA),
		    "enforce-percent 100 is enforced");
}

static void test_no_owner(void)
{
	service_del(&nl, &svc);
	service_add(&nl, &svc, EQUIC_A_SERVICE_QUOTA, 2);
	first(1, 1);
	first(2, 2);
	ktap_result(is("verdict", first(3, 3), 0) &
		    is("would drop", stats_of(&nl, &svc).would_drop, 1),
		    "without a reporter the quota is counted by default");
	service_del(&nl, &svc);
	service_add(&nl, &svc, EQUIC_A_SERVICE_QUOTA, 2,
		    EQUIC_A_SERVICE_NO_OWNER, EQUIC_NO_OWNER_ENFORCE,
		    EQUIC_A_SERVICE_PENDING_TIMEOUT, 300);
	ktap_result(is("1", first(1, 1), 0) & is("2", first(2, 2), 0) &
		    is("3", first(3, 3), EQUIC_DROP_QUOTA) &
		    clock_await(!stats_of(&nl, &svc).pending, 5000) &
		    is("4", first(4, 4), 0) & is("5", first(5, 5), 0) &
		    is("6", first(6, 6), EQUIC_DROP_QUOTA),
		    "no-owner enforce: as many starts in a pending-timeout as the quota");
}

static void test_deny(void)
{
	fresh(EQUIC_A_SERVICE_DEFAULT, EQUIC_DEFAULT_DENY);
	ktap_result(is("Initial", first(1, 1), EQUIC_DROP_DENIED) &
		    is("short", packet(EQUIC_PKT_SHORT, 0, 0),
		       EQUIC_DROP_DENIED) &
		    is("counter", stats_of(&nl, &svc).drops[EQUIC_DROP_DENIED],
		       2), "default deny drops every packet");
	service_set(&nl, &svc, EQUIC_A_SERVICE_MODE, EQUIC_MODE_COUNT);
	ktap_result(is("Initial", first(1, 1), 0) &
		    is("would drop", stats_of(&nl, &svc).would_drop, 1),
		    "default deny in mode count drops nothing");
}

static bool bypassed(void)
{
	__u64 before = stats_of(&nl, &svc).passes[EQUIC_A_PASS_BYPASS];

	return is("denied", packet(EQUIC_PKT_SHORT, 0, 0), 0) &
	       is("counter", stats_of(&nl, &svc).passes[EQUIC_A_PASS_BYPASS],
		  before + 1);
}

static bool enforced(void)
{
	return is("verdict", packet(EQUIC_PKT_SHORT, 0, 0), EQUIC_DROP_DENIED);
}

static bool machine_bypass(const char *value)
{
	int fd = open("/sys/kernel/equic/bypass", O_WRONLY | O_CLOEXEC);
	bool ok = fd >= 0 && write(fd, value, 1) == 1;

	close(fd);
	return ok;
}

static void test_bypass(void)
{
	struct endpoint other = svc;

	other.port++;
	fresh(EQUIC_A_SERVICE_DEFAULT, EQUIC_DEFAULT_DENY);
	service_add(&nl, &other);
	ktap_result(!bypass(&nl, &svc, EQUIC_BYPASS_FOREVER_MS) && bypassed() &&
		    !bypass(&nl, &svc, 0) && enforced(),
		    "bypass of a service lets everything through, until it is off");
	ktap_result(!bypass(&nl, &other, EQUIC_BYPASS_FOREVER_MS) && enforced(),
		    "bypass of another service does not");
	ktap_result(!bypass(&nl, NULL, EQUIC_BYPASS_FOREVER_MS) && bypassed() &&
		    !bypass(&nl, NULL, 0) && enforced(),
		    "bypass of the namespace");
	ktap_result(machine_bypass("1") && bypassed() &&
		    machine_bypass("0") && enforced(),
		    "bypass of the machine, in sysfs");
	bypass(&nl, &svc, 1500);
	ktap_result(bypassed() &&
		    clock_await(packet(EQUIC_PKT_SHORT, 0, 0) ==
				EQUIC_DROP_DENIED, 5000) &&
		    is("left", stats_of(&nl, NULL).bypass, 0),
		    "bypass for a time ends by itself");
	service_del(&nl, &other);
}

static void test_malformed(void)
{
	static const struct {
		int type, drop;
	} packets[] = {
		{ EQUIC_PKT_FRAGMENT, EQUIC_DROP_FRAGMENT },
		{ EQUIC_PKT_TRUNCATED, EQUIC_DROP_TRUNCATED },
		{ EQUIC_PKT_CID_LENGTH, EQUIC_DROP_CID_LENGTH },
		{ EQUIC_PKT_SMALL_INITIAL, EQUIC_DROP_SMALL_INITIAL },
		{ EQUIC_PKT_SERVER_PACKET, EQUIC_DROP_SERVER_PACKET },
		{ EQUIC_PKT_VERSION_ZERO, EQUIC_DROP_VERSION_ZERO },
	};
	struct stats stats, totals;
	bool right = true;
	size_t i;

	fresh();
	for (i = 0; i < sizeof(packets) / sizeof(*packets); i++) {
		right &= is("drop", packet(packets[i].type, 0, 0),
			    packets[i].drop);
		stats = stats_of(&nl, &svc);
		right &= is("counter", stats.drops[packets[i].drop], 1) &
			 is("dropped", stats.dropped, i + 1);
	}
	ktap_result(right, "malformed packets are dropped, each with a counter of its own");
	right = is("verdict", packet(EQUIC_PKT_UNKNOWN_VERSION, 0, 0), 0);
	ktap_result(right & is("counter", stats_of(&nl, &svc).passes[
			       EQUIC_A_PASS_UNKNOWN_VERSION], 1),
		    "unknown versions pass and are counted");
	packet(EQUIC_PKT_LATER_FRAGMENT, 0, 0);
	packet(EQUIC_PKT_EXT_HEADERS, 0, 0);
	totals = stats_of(&nl, NULL);
	ktap_result(is("later fragments",
		       totals.passes[EQUIC_A_PASS_LATER_FRAGMENT], 1) &
		    is("extension headers",
		       totals.passes[EQUIC_A_PASS_EXT_HEADERS], 1),
		    "packets without ports pass and are counted for the namespace");
}

static void test_any(void)
{
	struct endpoint any = { .port = 443 }, foreign = svc;
	struct endpoint local = endpoint_of("127.0.0.1", 443);
	struct endpoint local6 = endpoint_of("::1", 443);
	struct endpoint from6 = endpoint_of("2001:db8:1::1", 1000);

	service_del(&nl, &svc);
	if (system("ip link set lo up"))
		ktap_bail("lo does not come up");
	service_add(&nl, &any, EQUIC_A_SERVICE_DEFAULT, EQUIC_DEFAULT_DENY);
	ktap_result(is("IPv4", initial(&local, &peer, 1, 1),
		       EQUIC_DROP_DENIED) &
		    is("IPv6", initial(&local6, &from6, 1, 1),
		       EQUIC_DROP_DENIED),
		    "a service without an address covers the local ones of both families");
	ktap_result(is("forwarded", initial(&foreign, &peer, 1, 1), 0),
		    "and not what is forwarded");
	service_add(&nl, &local);
	ktap_result(is("IPv4", initial(&local, &peer, 1, 1), 0),
		    "the most specific service wins");
	service_del(&nl, &local);
	service_del(&nl, &any);
}

int main(int argc, char **argv)
{
	struct plan plan;

	ktap_begin();
	plan = chance_plan(argc, argv, ROUNDS, "rounds");
	module_load("max_clients=1024 max_conns=4096");
	nl_open(&nl);
	drive_open();
	svc = endpoint_of("192.0.2.1", 443);
	peer = endpoint_of("198.51.100.1", 1000);
	test_dcids();
	test_new();
	test_all();
	test_count(plan, false);
	plan.seed++;
	test_count(plan, true);
	test_percent();
	test_no_owner();
	test_deny();
	test_bypass();
	test_malformed();
	test_any();
	drive_close();
	nl_close(&nl);
	module_unload();
	return ktap_end();
}
