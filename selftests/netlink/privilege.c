// SPDX-License-Identifier: GPL-2.0-only
/* Who may do what: nobody, and root of a user namespace. */
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "family.h"
#include "ktap.h"
#include "module.h"

enum {
	NOBODY			= 65534,
	MAX_CLIENTS		= 64,
	MAX_CLIENTS_USER	= 16,
	MAX_CONNS_USER		= 32,
};

#define PARAMETERS \
	"max_clients=64 max_conns=256 max_clients_user=16 max_conns_user=32"

static struct nl admin;
static struct endpoint svc, peer;

/* Runs @body in another process: true when it says so. */
static bool elsewhere(bool (*body)(void))
{
	int status = 1;
	pid_t pid = fork();

	if (!pid)
		_exit(!body());
	waitpid(pid, &status, 0);
	return !status;
}

static bool is(const char *what, long got, long want)
{
	if (got != want)
		ktap_diag("%s: %ld, should be %ld", what, got, want);
	return got == want;
}

static struct nl nobody;

static bool become_nobody(void)
{
	return !setresgid(NOBODY, NOBODY, NOBODY) &&
	       !setresuid(NOBODY, NOBODY, NOBODY) &&
	       !nl_open_portid(&nobody, 0);
}

static bool denied(const char *what, int err)
{
	return is(what, err, -EPERM) &&
	       (strstr(nobody.words, "CAP_NET_ADMIN") ||
		is(nobody.words, 0, 1));
}

/* One with nothing in it: who asks is looked at first. */
static int request(struct nl *nl, int cmd)
{
	struct nlm m;

	nlm_begin(&m, cmd, 0);
	return nl_do(nl, &m, NULL);
}

static bool nobody_changes(void)
{
	struct shown shown;

	if (!become_nobody())
		return false;
	return denied("add", service_add(&nobody, &svc)) &
	       denied("set", service_set(&nobody, &svc)) &
	       denied("del", service_del(&nobody, &svc)) &
	       denied("get", service_get(&nobody, &svc, &shown)) &
	       denied("flush", flush(&nobody, NULL)) &
	       denied("bypass", bypass(&nobody, NULL, 1000)) &
	       denied("key", request(&nobody, EQUIC_CMD_KEY_ADD)) &
	       denied("key update", request(&nobody, EQUIC_CMD_KEY_UPDATE)) &
	       denied("key del", request(&nobody, EQUIC_CMD_KEY_DEL));
}

static bool nobody_reports(void)
{
	struct endpoint unknown = svc;
	struct cid cid = cid_of(1);

	unknown.port++;
	if (!become_nobody())
		return false;
	return denied("accepted", conn_accepted(&nobody, .service = &svc,
						.peer = peer)) &
	       denied("open", conn_open(&nobody, .service = &svc,
					.peer = peer)) &
	       denied("close", conn_close(&nobody, .service = &svc, .id = 1)) &
	       denied("move", conn_move(&nobody, .service = &svc, .id = 1,
					.peer = peer)) &
	       denied("cid", conn_cid(&nobody, .service = &svc, .id = 1,
				      .cid = &cid)) &
	       denied("resync", resync(&nobody, &svc, EQUIC_RESYNC_BEGIN)) &
	       denied("a service that is not there",
		      resync(&nobody, &unknown, EQUIC_RESYNC_BEGIN));
}

static int keys_dump(struct nl *nl)
{
	struct nlm m;

	nlm_begin(&m, EQUIC_CMD_KEY_GET, 0);
	return nl_dump(nl, &m, NULL, NULL);
}

static bool nobody_looks(void)
{
	struct client clients[2];
	struct shown shown[2];
	struct conn conns[2];
	struct stats stats;

	if (!become_nobody())
		return false;
	return denied("services", services_dump(&nobody, shown, 2)) &
	       denied("clients", clients_dump(&nobody, NULL, NULL, 0, false,
					      clients, 2)) &
	       denied("connections of a service",
		      conns_dump(&nobody, &svc, NULL, 0, conns, 2)) &
	       is("connections", conns_dump(&nobody, NULL, NULL, 0, conns, 2),
		  0) &
	       denied("counters", stats_get(&nobody, &svc, &stats)) &
	       denied("keys", keys_dump(&nobody)) &
	       is("totals", stats_get(&nobody, NULL, &stats), 0) &
	       is("open", stats.open, 1);
}

static bool nobody_listens(void)
{
	return become_nobody() && is("join", nl_join_events(&nobody), -EPERM);
}

/* As `unshare -Ur`: root there, and still in the namespace outside. */
static bool root_elsewhere(void)
{
	struct nl nl;

	if (unshare(CLONE_NEWUSER) || nl_open_portid(&nl, 0))
		return false;
	return is("add", service_add(&nl, &(struct endpoint){ .port = 80 }),
		  -EPERM) &
	       is("del", service_del(&nl, &svc), -EPERM);
}

/* As `unshare -Urn`. */
static bool root_of_its_own(void)
{
	struct stats stats;
	struct nl nl;
	unsigned int i;
	int err = 0;

	if (unshare(CLONE_NEWUSER | CLONE_NEWNET) || nl_open_portid(&nl, 0))
		return false;
	if (!is("add", service_add(&nl, &svc), 0) ||
	    !is("totals", stats_get(&nl, NULL, &stats), 0))
		return false;
	for (i = 0; !err && i <= MAX_CLIENTS_USER; i++) {
		struct endpoint from = peer;

		from.addr.s6_addr[15] = i;
		err = conn_open(&nl, .service = &svc, .peer = from);
	}
	return is("open", stats.open, 0) &
	       is("clients", stats.max_clients, MAX_CLIENTS_USER) &
	       is("connections", stats.max_conns, MAX_CONNS_USER) &
	       is("a client too many", err, -ENOSPC) &
	       is("clients", i, MAX_CLIENTS_USER + 1);
}

static bool owner_uid_elsewhere(void)
{
	struct nl nl;

	if (unshare(CLONE_NEWUSER | CLONE_NEWNET) || nl_open_portid(&nl, 0))
		return false;
	return is("owner-uid", service_add(&nl, &svc, EQUIC_A_SERVICE_OWNER_UID,
					   1234), -EINVAL) &&
	       strstr(nl.words, "no user of this user namespace");
}

int main(void)
{
	ktap_begin();
	module_load(PARAMETERS);
	nl_open(&admin);
	svc = endpoint_of("192.0.2.1", 443);
	peer = endpoint_of("198.51.100.1", 1000);
	service_add(&admin, &svc);
	conn_open(&admin, .service = &svc, .id = 1, .peer = peer);

	ktap_result(elsewhere(nobody_changes), "nobody changes nothing, and is told what is missing");
	ktap_result(elsewhere(nobody_reports), "nobody reports nothing, and does not learn which services there are");
	ktap_result(elsewhere(nobody_looks), "nobody sees totals and no more");
	ktap_result(elsewhere(nobody_listens), "nobody hears no events");
	ktap_result(is("join", nl_join_events(&admin), 0), "the administrator does");
	ktap_result(elsewhere(root_elsewhere), "root of another user namespace changes nothing here");
	ktap_result(elsewhere(root_of_its_own), "root of its own network namespace does there, with limits of its own");
	ktap_result(elsewhere(owner_uid_elsewhere), "owner-uid is a user of that user namespace");
	ktap_result(is("open", stats_of(&admin, NULL).open, 1) &
		    is("services", stats_of(&admin, NULL).services, 1) &
		    is("owners", stats_of(&admin, NULL).owners, 1),
		    "nothing of it reached this namespace");
	nl_close(&admin);
	module_unload();
	return ktap_end();
}
