// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random requests, packets, deaths and timeouts, one at a time; after each the
 * tables are what the model says they must be.
 *
 *   random [ROUNDS [SEED]]
 */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "chance.h"
#include "clock.h"
#include "drive.h"
#include "ktap.h"
#include "model.h"
#include "module.h"

enum {
	ROUNDS		= 10000,
	/*
	 * Every so many rounds everything is compared; in between the services
	 * that the round was about.
	 */
	ALL_EVERY	= 16,
	CONNS_MANY	= 120,
	CONNS_MAX	= 1024,
	ALL		= -1,
};

#define PARAMETERS "max_clients=64 max_conns=1024"

static struct model model;
static struct chance chance;
static struct nl admin;
static struct nl owners[MODEL_OWNERS];
static unsigned int round_nr;
/* What the round did, for the explanation of a difference, and to which. */
static char deed[200];
static int touched;

#define DEED(...) snprintf(deed, sizeof(deed), __VA_ARGS__)

static bool same(const char *what, long got, long want)
{
	if (got != want)
		ktap_diag("round %u: %s: %s is %ld, should be %ld", round_nr,
			  deed, what, got, want);
	return got == want;
}

static unsigned int any(unsigned int n)
{
	return chance_of(&chance, n);
}

static bool one_in(unsigned int n)
{
	return !any(n);
}

static struct endpoint any_peer(int service)
{
	struct endpoint peer;

	if (IN6_IS_ADDR_V4MAPPED(&model.services[service].name.addr)) {
		peer = endpoint_of("10.0.0.0", 1000 + any(2));
		peer.addr.s6_addr[15] = 1 + any(3);
	} else {
		peer = endpoint_of("2001:db8:1::", 1000 + any(2));
		peer.addr.s6_addr[7] = any(4);
		peer.addr.s6_addr[15] = any(2);
	}
	return peer;
}

static struct model_report any_report(int service, int owner)
{
	struct model_report r = {
		.service = service, .owner = owner, .peer = any_peer(service),
		.has_peer = true,
	};

	switch (any(4)) {
	case 0:
		r.peer.port = 0;
		break;
	case 1:
		break;
	default:
		r.handshake = true;
		r.dcid = 1 + any(5);
		r.scid = 1 + any(3);
	}
	if (any(3))
		r.id = 1 + any(40);
	return r;
}

static int report(int cmd, const struct model_report *m, bool remove)
{
	struct cid dcid = cid_of(m->dcid), scid = cid_of(m->scid);
	struct cid cid = cid_of(m->cid);
	struct report r = {
		.service = &model.services[m->service].name, .id = m->id,
		.odcid = m->handshake ? &dcid : NULL,
		.scid = m->handshake ? &scid : NULL,
		.cid = m->cid ? &cid : NULL, .remove = remove,
	};

	if (m->has_peer)
		r.peer = m->peer;
	DEED("report %d of owner %d: service %d id %u port %u peer ..%02x%02x dcid %llu scid %llu cid %llu",
	     cmd, m->owner, m->service, m->id, m->peer.port,
	     m->peer.addr.s6_addr[7], m->peer.addr.s6_addr[15], m->dcid,
	     m->scid, m->cid);
	return conn_report(&owners[m->owner], cmd, &r);
}

static bool do_begin(int service, int owner)
{
	struct model_report r = any_report(service, owner);
	bool open = any(2);

	if (one_in(3))
		r.cid = 1 + any(20);
	return same("accepted or open",
		    report(open ? EQUIC_CMD_CONN_OPEN : EQUIC_CMD_CONN_ACCEPTED,
			   &r, false), model_begin(&model, &r, open));
}

static bool do_close(int service, int owner)
{
	struct model_report r = any_report(service, owner);

	if (r.id && one_in(3))
		r.has_peer = r.handshake = false;
	return same("close", report(EQUIC_CMD_CONN_CLOSE, &r, false),
		    model_close(&model, &r));
}

static bool do_move(int service, int owner)
{
	struct model_report r = any_report(service, owner);

	return same("move", report(EQUIC_CMD_CONN_MOVE, &r, false),
		    model_move(&model, &r));
}

static bool do_cid(int service, int owner)
{
	struct model_report r = any_report(service, owner);
	bool remove = one_in(3);

	r.handshake = r.has_peer = false;
	r.cid = any(20);
	return same("cid", report(EQUIC_CMD_CONN_CID, &r, remove),
		    model_cid(&model, &r, remove));
}

static bool do_resync(int service, int owner)
{
	int phase = any(2), err;

	DEED("resync %d of owner %d: service %d", phase, owner, service);
	err = resync(&owners[owner], &model.services[service].name, phase);
	if (!model.services[service].there)
		return same("resync", err, -ENOENT);
	model_resync(&model, service, owner, phase);
	return same("resync", err, 0);
}

static bool do_packet(int service)
{
	static const int types[] = {
		EQUIC_PKT_INITIAL, EQUIC_PKT_INITIAL, EQUIC_PKT_INITIAL,
		EQUIC_PKT_ZERO_RTT, EQUIC_PKT_SHORT,
	};
	int type = types[any(sizeof(types) / sizeof(*types))];
	struct endpoint peer = any_peer(service);
	__u64 dcid = 1 + any(5), scid = 1 + any(3);
	struct bpf_equic_pkt pkt;
	int want;

	pkt = pkt_of(type, &model.services[service].name, &peer, dcid, scid);
	DEED("packet %d: service %d port %u peer ..%02x%02x dcid %llu scid %llu",
	     type, service, peer.port, peer.addr.s6_addr[7],
	     peer.addr.s6_addr[15], dcid, scid);
	if (type == EQUIC_PKT_INITIAL)
		want = model_initial(&model, service, &peer, dcid, scid);
	else if (type == EQUIC_PKT_ZERO_RTT)
		want = model_zero_rtt(&model, service, &peer, dcid, scid);
	else
		want = model_short(&model, service, &peer);
	return same("verdict", verdict(&pkt), want);
}

static bool do_charge(int service)
{
	struct endpoint peer = any_peer(service);
	__u64 dcid = 1 + any(5), scid = 1 + any(3);
	bool charge = any(2);
	struct drive drive = {
		.pkt = pkt_of(EQUIC_PKT_INITIAL, &model.services[service].name,
			      &peer, dcid, scid),
		.op = charge ? DRIVE_CHARGE : DRIVE_RELEASE, .n = 1,
	};
	struct in6_addr client;
	int want;

	DEED("%s: service %d port %u peer ..%02x%02x dcid %llu scid %llu",
	     charge ? "charge" : "release", service, peer.port,
	     peer.addr.s6_addr[7], peer.addr.s6_addr[15], dcid, scid);
	if (one_in(4))
		drive_run_skb(&drive);
	else
		drive_run(&drive);
	if (charge)
		want = model_charge(&model, service, &peer, dcid, scid);
	else
		want = model_release(&model, service, &peer, dcid, scid);
	if (!same("answer", drive.ret, want))
		return false;
	if (want == -ENOENT)
		return true;
	client = model_fold(&model, service, &peer.addr);
	return same("pending", drive.opts.pending,
		    model_count(&model, service, &client,
				EQUIC_CONN_STATE_PENDING)) &
	       same("open", drive.opts.open,
		    model_count(&model, service, &client,
				EQUIC_CONN_STATE_OPEN));
}

static void open_owner(int owner)
{
	if (owner % 2)
		nl_open_process(&owners[owner]);
	else
		nl_open(&owners[owner]);
}

/* Closes its socket, or kills its process. */
static bool do_owner_end(int owner)
{
	DEED("end of owner %d", owner);
	touched = ALL;
	nl_close(&owners[owner]);
	model_owner_gone(&model, owner);
	open_owner(owner);
	return true;
}

static bool do_policy(int service)
{
	struct model_service *svc = &model.services[service];
	__u32 quota = 1 + any(5);
	int mode = any(3), no_owner = any(2);
	int err;

	DEED("policy of service %d: quota %u mode %d no-owner %d", service,
	     quota, mode, no_owner);
	err = service_set(&admin, &svc->name, EQUIC_A_SERVICE_QUOTA, quota,
			  EQUIC_A_SERVICE_MODE, mode,
			  EQUIC_A_SERVICE_NO_OWNER, no_owner);
	if (!svc->there)
		return same("set", err, -ENOENT);
	svc->quota = quota;
	svc->mode = mode;
	svc->no_owner = no_owner;
	model_requote(&model, service);
	return same("set", err, 0);
}

static bool do_prefix(int service)
{
	struct model_service *svc = &model.services[service];
	int len = one_in(2) ? 64 : 62;
	int err, want = 0;

	DEED("prefix6 %d of service %d", len, service);
	err = service_set(&admin, &svc->name, EQUIC_A_SERVICE_PREFIX6, len);
	if (!svc->there)
		return same("set", err, -ENOENT);
	if (len != svc->prefix_len && model_count(&model, service, NULL, 0) +
				      model_count(&model, service, NULL, 1))
		want = -EBUSY;
	else
		svc->prefix_len = len;
	return same("set", err, want);
}

/* All that is pending now expires; then timeouts are long again. */
static bool do_expire(int service)
{
	struct model_service *svc = &model.services[service];
	bool gone;

	if (!svc->there)
		return true;
	DEED("expiry of service %d", service);
	service_set(&admin, &svc->name, EQUIC_A_SERVICE_PENDING_TIMEOUT,
		    EQUIC_PENDING_TIMEOUT_MIN_MS);
	gone = clock_await(!stats_of(&admin, &svc->name).pending, 5000);
	service_set(&admin, &svc->name, EQUIC_A_SERVICE_PENDING_TIMEOUT,
		    EQUIC_PENDING_TIMEOUT_MAX_MS);
	model_expire(&model, service);
	model_requote(&model, service);
	return same("expiry", gone, true);
}

static bool do_service(int service)
{
	struct model_service *svc = &model.services[service];
	bool add = one_in(3);
	int err, want;

	if (!add) {
		DEED("del of service %d", service);
		want = svc->there ? 0 : -ENOENT;
		model_service_del(&model, service);
		if (!same("del", service_del(&admin, &svc->name), want))
			return false;
	}
	DEED("add of service %d", service);
	want = svc->there ? -EEXIST : 0;
	if (!svc->there) {
		svc->quota = 1 + any(5);
		svc->mode = EQUIC_MODE_NEW;
		svc->no_owner = any(2);
		svc->prefix_len = 64;
		svc->there = true;
	}
	err = service_add(&admin, &svc->name, EQUIC_A_SERVICE_QUOTA, svc->quota,
			  EQUIC_A_SERVICE_NO_OWNER, svc->no_owner,
			  EQUIC_A_SERVICE_PENDING_TIMEOUT,
			  EQUIC_PENDING_TIMEOUT_MAX_MS);
	return same("add", err, want);
}

static bool do_flush(int service)
{
	DEED("flush");
	if (one_in(2))
		return same("flush", flush(&admin, NULL), 0);
	return same("flush", flush(&admin, &model.services[service].name),
		    model.services[service].there ? 0 : -ENOENT);
}

/* Another namespace with connections of each kind, and its end. */
static void other_namespace(void)
{
	struct endpoint service = endpoint_of("192.0.2.1", 443);
	struct endpoint peer = endpoint_of("10.0.0.1", 1000);
	struct nl nl;

	if (unshare(CLONE_NEWNET) || nl_open_portid(&nl, 0) ||
	    service_add(&nl, &service, EQUIC_A_SERVICE_QUOTA, 4) ||
	    conn_open(&nl, .service = &service, .id = 1, .peer = peer) ||
	    conn_accepted(&nl, .service = &service, .id = 2, .peer = peer) ||
	    initial(&service, &peer, 1, 1) || initial(&service, &peer, 2, 2) ||
	    initial(&service, &peer, 3, 3) != EQUIC_DROP_QUOTA)
		_exit(1);
	_exit(0);
}

static bool do_namespace(void)
{
	int status = -1;
	pid_t pid;

	DEED("another namespace");
	pid = fork();
	if (!pid)
		other_namespace();
	waitpid(pid, &status, 0);
	return same("its own tables", status, 0);
}

static bool step(void)
{
	int service = any(MODEL_SERVICES), owner = any(MODEL_OWNERS);
	unsigned int what = any(1000);

	touched = service;
	if (model_conns(&model) > CONNS_MANY)
		return one_in(8) ? do_owner_end(owner) :
				   do_close(service, owner);
	if (what < 300)
		return do_packet(service);
	if (what < 500)
		return do_begin(service, owner);
	if (what < 700)
		return do_close(service, owner);
	if (what < 780)
		return do_charge(service);
	if (what < 840)
		return do_move(service, owner);
	if (what < 890)
		return do_cid(service, owner);
	if (what < 915)
		return do_resync(service, owner);
	if (what < 940)
		return do_policy(service);
	if (what < 955)
		return do_prefix(service);
	if (what < 970)
		return do_flush(service);
	if (what < 985)
		return do_owner_end(owner);
	if (what < 995)
		return do_service(service);
	return what < 998 ? do_expire(service) : do_namespace();
}

/* @which: a service, or ALL */
static bool services_equal(int which)
{
	struct model_service *svc;
	bool equal = true;
	struct stats stats;
	int i;

	for (i = 0; i < MODEL_SERVICES; i++) {
		svc = &model.services[i];
		if (!svc->there || (which != ALL && which != i))
			continue;
		stats = stats_of(&admin, &svc->name);
		equal &= same("pending of a service", stats.pending,
			      model_count(&model, i, NULL, 0)) &
			 same("open of a service", stats.open,
			      model_count(&model, i, NULL, 1)) &
			 same("owners of a service", stats.owners,
			      model_owners(&model, i));
	}
	return equal;
}

static int service_index(const struct endpoint *name)
{
	int i;

	for (i = 0; i < MODEL_SERVICES; i++)
		if (name->port == model.services[i].name.port &&
		    addr_equal(&name->addr, &model.services[i].name.addr))
			return i;
	return -1;
}

static bool client_equal(const struct client *client)
{
	int service = service_index(&client->service);

	return same("pending of a client", client->pending,
		    model_count(&model, service, &client->addr, 0)) &
	       same("open of a client", client->open,
		    model_count(&model, service, &client->addr, 1)) &
	       same("mark of a client", client->over,
		    model_is_over(&model, service, &client->addr));
}

/* Every client's counts; those of all together say that none is missing. */
static bool clients_equal(int which)
{
	static struct client clients[MODEL_CLIENTS];
	unsigned int conns = 0, want = 0;
	bool equal = true;
	int n, i;

	if (which != ALL && !model.services[which].there)
		return true;
	n = clients_dump(&admin, which == ALL ? NULL :
				 &model.services[which].name, NULL, 0, false,
			 clients, MODEL_CLIENTS);
	if (n < 0 || n > MODEL_CLIENTS)
		return same("clients", n, MODEL_CLIENTS);
	for (i = 0; i < n; i++) {
		equal &= client_equal(&clients[i]);
		conns += clients[i].pending + clients[i].open;
	}
	for (i = 0; i < MODEL_SERVICES; i++)
		if (which == ALL || which == i)
			want += model_count(&model, i, NULL, 0) +
				model_count(&model, i, NULL, 1);
	return equal & same("connections of clients", conns, want);
}

static bool conn_is(const struct conn *conn, const struct model_conn *m)
{
	struct cid dcid = cid_of(m->dcids[0]), scid = cid_of(m->scid);

	if (!m->there || service_index(&conn->service) != m->service ||
	    conn->id != m->id || conn->state != m->state ||
	    conn->over != m->over || conn->handshake != m->handshake ||
	    conn->cids != m->nr_cids || conn->peer.port != m->moved.port ||
	    !addr_equal(&conn->peer.addr, &m->moved.addr) ||
	    !addr_equal(&conn->client, &m->client) ||
	    conn->owner != (m->owner == MODEL_NOBODY ? 0 :
			    owners[m->owner].portid))
		return false;
	return !m->handshake || (!memcmp(&conn->odcid, &dcid, sizeof(dcid)) &&
				 !memcmp(&conn->scid, &scid, sizeof(scid)));
}

static bool conns_equal(void)
{
	static struct conn conns[CONNS_MAX];
	static bool seen[MODEL_CONNS];
	int n = conns_dump(&admin, NULL, NULL, 0, conns, CONNS_MAX), i, j;

	if (!same("connections", n, model_conns(&model)))
		return false;
	memset(seen, 0, sizeof(seen));
	for (i = 0; i < n; i++) {
		for (j = 0; j < MODEL_CONNS; j++)
			if (!seen[j] && conn_is(&conns[i], &model.conns[j]))
				break;
		if (j == MODEL_CONNS)
			return same("a connection that should not be, of id",
				    conns[i].id, -1);
		seen[j] = true;
	}
	return true;
}

static bool all_zero(void)
{
	struct stats stats;
	int i;

	DEED("the end");
	for (i = 0; i < MODEL_OWNERS; i++) {
		nl_close(&owners[i]);
		model_owner_gone(&model, i);
	}
	for (i = 0; i < MODEL_SERVICES; i++)
		if (!do_expire(i))
			return false;
	stats = stats_of(&admin, NULL);
	return same("open", stats.open, 0) & same("pending", stats.pending, 0) &
	       same("owners", stats.owners, 0) & clients_equal(ALL) &
	       conns_equal();
}

static void begin(void)
{
	static const struct { const char *addr; __u16 port; } names[] = {
		{ "192.0.2.1", 443 }, { "2001:db8::1", 443 },
		{ "192.0.2.1", 444 },
	};
	int i;

	for (i = 0; i < MODEL_SERVICES; i++) {
		model.services[i].name = endpoint_of(names[i].addr,
						     names[i].port);
		while (!model.services[i].there)
			do_service(i);
	}
	for (i = 0; i < MODEL_OWNERS; i++)
		open_owner(i);
}

int main(int argc, char **argv)
{
	bool equal = true;
	struct plan plan;

	ktap_begin();
	plan = chance_plan(argc, argv, ROUNDS, "rounds");
	chance_seed(&chance, plan.seed);
	module_load(PARAMETERS);
	nl_open(&admin);
	drive_open();
	begin();
	for (round_nr = 1; round_nr <= plan.count && equal; round_nr++) {
		equal = step() && services_equal(touched) &&
			clients_equal(touched);
		if (equal && round_nr % ALL_EVERY == 0)
			equal = services_equal(ALL) && clients_equal(ALL) &&
				conns_equal();
	}
	ktap_result(equal, "after each of %u steps the tables are the model's",
		    plan.count);
	ktap_result(all_zero(), "without owners and after the timeout nothing is left");
	drive_close();
	nl_close(&admin);
	module_unload();
	return ktap_end();
}
