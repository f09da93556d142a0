// SPDX-License-Identifier: GPL-2.0-only
/* Reports and management, against the module. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
#include <sys/wait.h>

#include "expect.h"
#include "module.h"
#include "peer.h"
#include "server.h"
#include "wire.h"

static struct server server;

void service_make(struct equic *manager, uint32_t owner_uid)
{
	struct equic_service service = EQUIC_INIT(service,
		.knobs = EQUIC_KNOB_QUOTA | EQUIC_KNOB_OWNER_UID,
		.key = peer_service, .quota = 5, .owner_uid = owner_uid);
	int err = equic_service_add(manager, &service);

	if (err) {
		errno = -err;
		ktap_bail("equic_service_add: %s", equic_strerror(manager));
	}
}

static void test_batches(struct equic *manager)
{
	enum { CONNS = SERVER_CONNS_MAX };
	struct equic_report_stats stats = EQUIC_INIT(stats);
	unsigned int n;
	int err = 0;

	service_make(manager, EQUIC_UID_NONE);
	server_start(&server, 0);
	for (n = 0; n < 100; n++)
		err |= server_conn_open(&server, n, 0);
	wire_sends = 0;
	err |= equic_submit(server.eq);
	expect_eq(wire_sends, 1, "a batch of 100 reports is one system call");
	wire_sends = 0;
	err |= equic_submit(server.eq);
	expect_eq(wire_sends, 0, "nothing to send is none");
	expect_eq(kernel_open(manager), 100, "all are counted");

	for (n = 100; n < CONNS; n++)
		err |= server_conn_open(&server, n, 0);
	err |= server_turn(&server, 0);
	expect_eq(err, 0, "%u reports in a row succeed", CONNS);
	expect_eq(kernel_open(manager), CONNS, "and are counted");
	for (n = 0; n < CONNS; n++)
		err |= server_conn_close(&server, n, 0);
	err |= server_turn(&server, 0);
	expect_eq(kernel_open(manager), 0, "closed, none is left");
	equic_report_stats_get(server.eq, &stats);
	expect_eq(stats.sent, 2 * CONNS, "each was sent once");
	expect_eq(stats.races + stats.refused + stats.lost, 0, "none refused");

	/* What closes twice is no error of the server's. */
	server.id[0] = 12345;
	err = server_conn_close(&server, 0, 0);
	err |= server_turn(&server, 0);
	equic_report_stats_get(server.eq, &stats);
	expect_eq(err, 0, "a close of what is gone is no error");
	expect_eq(stats.races, 1, "but is counted");
	equic_close(server.eq);
	equic_service_del(manager, &peer_service);
}

static void test_outcomes(struct equic *manager)
{
	enum { CONNS = 3000 };
	unsigned int n;

	service_make(manager, EQUIC_UID_NONE);
	server_start(&server, 0);
	for (n = 0; n < CONNS; n++)
		server_conn_open(&server, n, EQUIC_REPORT_ACK);
	while (server.told < CONNS && !server_turn(&server, 1000))
		;
	expect_eq(server.told, CONNS, "each outcome is told");
	expect_eq(server.told_errors, 0, "all are good");
	for (n = 0; n < CONNS; n++) {
		server.id[n] = n % 2 ? server.id[n] : 900000 + n;
		server_conn_close(&server, n, EQUIC_REPORT_ACK);
	}
	while (server.told < 2 * CONNS && !server_turn(&server, 1000))
		;
	expect_eq(server.told, 2 * CONNS, "those of refusals too");
	expect_eq(server.told_in_order, 1, "in order");
	expect_eq(server.told_errors, CONNS / 2, "those that were wrong are");
	expect_eq(server.told_err, -ENOENT, "with their error");
	expect_text(server.told_text, "no such connection",
		    "and the kernel's words");
	expect_eq(kernel_open(manager), CONNS / 2, "the others took effect");
	equic_close(server.eq);
	expect_eq(kernel_open(manager), 0, "close releases what was reported");
	equic_service_del(manager, &peer_service);
}

static void test_pending(struct equic *manager)
{
	struct peer p, other;

	service_make(manager, EQUIC_UID_NONE);
	server_start(&server, 0);
	peer_init(&p, 1, 1);
	peer_init(&other, 2, 2);
	equic_conn_accepted(server.eq, &p.report);
	server_turn(&server, 0);
	expect_eq(kernel_pending(manager), 1, "accepted is pending");
	equic_conn_open(server.eq, &p.report);
	server_turn(&server, 0);
	expect_eq(kernel_pending(manager), 0, "confirmed is not");
	expect_eq(kernel_open(manager), 1, "but open");
	equic_inc_counter(server.eq, other.report.peer);
	expect_eq(kernel_open(manager), 2, "inc counts at once");
	equic_dec_counter(server.eq, other.report.peer);
	expect_eq(kernel_open(manager), 1, "dec takes it back");
	equic_conn_close(server.eq, &p.report);
	server_turn(&server, 0);
	expect_eq(kernel_open(manager), 0, "close names it by id");
	equic_close(server.eq);
	equic_service_del(manager, &peer_service);
}

static int seen(const struct equic_conn *conn, void *user)
{
	*(struct equic_conn *)user = *conn;
	return 0;
}

static void test_details(struct equic *manager)
{
	struct equic_conn conn = { 0 };
	struct peer p;

	service_make(manager, EQUIC_UID_NONE);
	server_start(&server, 0);
	peer_init(&p, 7, 77);
	p.report.cid = "abcdefgh";
	p.report.cid_len = 8;
	equic_conn_accepted(server.eq, &p.report);
	equic_conn_open(server.eq, &p.report);
	p.report.cid = "ijkl";
	p.report.cid_len = 4;
	equic_conn_cid(server.eq, &p.report, true);
	p.report.cid = "abcdefgh";
	p.report.cid_len = 8;
	equic_conn_cid(server.eq, &p.report, false);
	p.addr.sin_port = htons(4444);
	equic_conn_move(server.eq, &p.report);
	server_turn(&server, 0);
	expect_eq(equic_conn_list(manager, NULL, seen, &conn), 0, "conn list");
	expect_eq(conn.id, p.report.id, "the connection has its id");
	expect_eq(conn.peer_port, 4444, "the path it moved to");
	expect_eq(conn.state, EQUIC_CONN_STATE_OPEN, "its state");
	expect_eq(conn.owner_pid, getpid(), "its reporter's process");
	ktap_result(conn.has_scid && conn.scid.len == 8 &&
		    !memcmp(conn.scid.data, p.scid, 8), "the client's SCID");
	ktap_result(conn.cids_len == 1 && conn.cids[0].len == 4 &&
		    !memcmp(conn.cids[0].data, "ijkl", 4),
		    "the server's connection IDs, less the retired one");
	expect_eq(conn.service.port, 443, "its service");
	expect_eq(conn.client.len, 32, "and its client");
	equic_close(server.eq);
	equic_service_del(manager, &peer_service);
}

static bool is_empty(void *arg)
{
	return !kernel_open(arg);
}

static void test_kill(struct equic *manager)
{
	int ready[2], status;
	unsigned int n;
	char c;
	pid_t pid;

	service_make(manager, EQUIC_UID_NONE);
	if (pipe(ready))
		ktap_bail("pipe");
	pid = fork();
	if (!pid) {
		server_start(&server, 0);
		for (n = 0; n < 1000; n++)
			server_conn_open(&server, n, 0);
		server_turn(&server, 0);
		(void)!write(ready[1], "", 1);
		pause();
	}
	(void)!read(ready[0], &c, 1);
	expect_eq(kernel_open(manager), 1000, "another process reports");
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	ktap_result(wait_until(is_empty, manager, 100),
		    "SIGKILL releases all it reported within 100 ms");
	close(ready[0]);
	close(ready[1]);
	equic_service_del(manager, &peer_service);
}

/* As nobody: with the service's leave, and without. */
static int unprivileged(bool allowed)
{
	struct equic_report_stats stats = EQUIC_INIT(stats);
	struct equic_conn conn = { 0 };
	struct equic_service service = EQUIC_INIT(service, .key = peer_service);
	struct equic *eq;
	int bad = 0;

	if (setgid(65534) || setuid(65534))
		return 1;
	server_start(&server, 0);
	server_conn_open(&server, 1, 0);
	server_turn(&server, 0);
	equic_report_stats_get(server.eq, &stats);
	bad |= (stats.state == EQUIC_REPORTING_ON) != allowed;
	if (equic_open(&eq, NULL))
		return 1;
	bad |= equic_service_add(eq, &service) != -EPERM;
	bad |= !strstr(equic_strerror(eq), "CAP_NET_ADMIN");
	bad |= equic_events_fd(eq) != -EPERM;
	bad |= equic_conn_list(eq, NULL, seen, &conn) != 0;
	bad |= (conn.id != 0) != allowed;
	equic_close(eq);
	return bad;
}

static int as_child(int (*run)(bool allowed), bool allowed)
{
	int status;
	pid_t pid = fork();

	if (!pid)
		_exit(run(allowed));
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

static void test_owner_uid(struct equic *manager)
{
	service_make(manager, EQUIC_UID_NONE);
	expect_eq(as_child(unprivileged, false), 0,
		  "who is not owner-uid reports nothing, changes nothing, sees nothing");
	equic_service_del(manager, &peer_service);
	service_make(manager, 65534);
	expect_eq(as_child(unprivileged, true), 0,
		  "owner-uid reports and sees its own, and changes nothing");
	equic_service_del(manager, &peer_service);
}

static void test_management(struct equic *manager)
{
	struct equic_service service = EQUIC_INIT(service, .key = peer_service);
	struct equic_key other = { .port = 4444 };

	service_make(manager, EQUIC_UID_NONE);
	expect_eq(equic_service_add(manager, &service), -EEXIST,
		  "a service is added once");
	expect_eq(equic_service_get(manager, &other, &service), -ENOENT,
		  "what is not there is not found");
	ktap_result(equic_strerror(manager)[0], "in words");
	expect_eq(equic_service_get(manager, &peer_service, &service), 0,
		  "a service is read");
	expect_eq(service.quota, 5, "with the knob that was set");
	expect_eq(service.prefix6, 64, "and the defaults of the others");
	expect_eq(service.idle, EQUIC_IDLE_NO_OWNER, "and why it is idle");
	service.knobs = EQUIC_KNOB_QUOTA;
	service.quota = 0;
	expect_eq(equic_service_set(manager, &service) < 0, 1,
		  "a quota of 0 is refused");
	service.knobs = EQUIC_KNOB_MODE | EQUIC_KNOB_PENDING_TIMEOUT;
	service.mode = EQUIC_MODE_ALL;
	service.pending_timeout_ms = 500;
	expect_eq(equic_service_set(manager, &service), 0, "knobs change");
	equic_service_get(manager, &peer_service, &service);
	ktap_result(service.mode == EQUIC_MODE_ALL && service.quota == 5 &&
		    service.pending_timeout_ms == 500, "only those named");
	expect_eq(equic_bypass(manager, &peer_service, EQUIC_BYPASS_FOREVER_MS), 0,
		  "bypass");
	equic_service_get(manager, &peer_service, &service);
	expect_eq(service.bypass_ms, EQUIC_BYPASS_FOREVER_MS, "is read back");
	ktap_result(service.idle & EQUIC_IDLE_BYPASS, "and makes it idle");
	expect_eq(equic_flush(manager, NULL), 0, "flush");
	expect_eq(equic_service_del(manager, &peer_service), 0, "it is deleted");
	expect_eq(equic_service_del(manager, &peer_service), -ENOENT, "once");
}

static int reenter(const struct equic_conn *conn, void *user)
{
	(void)conn;
	return equic_flush(user, NULL);
}

static int stop(const struct equic_conn *conn, void *user)
{
	(void)conn;
	return ++*(int *)user == 3 ? 42 : 0;
}

static void test_callbacks(struct equic *manager)
{
	int n = 0;

	service_make(manager, EQUIC_UID_NONE);
	server_start(&server, 0);
	for (n = 0; n < 1000; n++)
		server_conn_open(&server, n, 0);
	server_turn(&server, 0);
	expect_eq(equic_conn_list(manager, NULL, reenter, manager), -EDEADLK,
		  "a callback that calls its handle is told so");
	n = 0;
	expect_eq(equic_conn_list(manager, NULL, stop, &n), 42,
		  "a callback ends a list");
	expect_eq(n, 3, "at once");
	expect_eq(kernel_open(manager), 1000, "and the handle goes on");
	equic_close(server.eq);
	equic_service_del(manager, &peer_service);
}

struct noted {
	unsigned int added;
	unsigned int deleted;
	unsigned int owner_gone;
};

static int note(const struct equic_notice *notice, void *user)
{
	struct noted *noted = user;

	if (notice->service.key.port != 443)
		return 0;
	if (notice->event == EQUIC_EVENT_POLICY && notice->deleted)
		noted->deleted++;
	else if (notice->event == EQUIC_EVENT_POLICY)
		noted->added += notice->service.quota == 5;
	else if (notice->event == EQUIC_EVENT_OWNER_GONE)
		noted->owner_gone += notice->released == 1;
	return 0;
}

static void events_wait(struct equic *eq, struct noted *noted,
			unsigned int *field, unsigned int want)
{
	struct pollfd p = { .fd = equic_events_fd(eq), .events = POLLIN };

	while (*field < want && poll(&p, 1, 2000) == 1)
		equic_events_dispatch(eq, note, noted);
}

static void test_events(struct equic *manager)
{
	struct equic *eq = manager_open();
	struct noted noted = { 0 };

	ktap_result(equic_events_fd(eq) >= 0, "events are subscribed to");
	service_make(manager, EQUIC_UID_NONE);
	events_wait(eq, &noted, &noted.added, 1);
	expect_eq(noted.added, 1, "a new service is told, with its policy");
	server_start(&server, 0);
	server_conn_open(&server, 1, 0);
	equic_close(server.eq);
	events_wait(eq, &noted, &noted.owner_gone, 1);
	expect_eq(noted.owner_gone, 1, "a reporter's end, with what it released");
	equic_service_del(manager, &peer_service);
	events_wait(eq, &noted, &noted.deleted, 1);
	expect_eq(noted.deleted, 1, "a deleted service");
	module_unload();
	module_load();
	/* The group is joined as the news of it are read. */
	equic_events_dispatch(eq, note, &noted);
	service_make(manager, EQUIC_UID_NONE);
	events_wait(eq, &noted, &noted.added, 2);
	expect_eq(noted.added, 2, "events come back with the module");
	equic_service_del(manager, &peer_service);
	equic_close(eq);
}

static void test_netns(struct equic *manager)
{
	struct equic_opts opts = EQUIC_INIT(opts, .netns = "lib-report");
	struct equic_service service = EQUIC_INIT(service, .key = peer_service);
	struct equic *eq;

	shell("ip netns add lib-report");
	expect_eq(equic_open(&eq, &opts), 0, "a handle opens in a namespace");
	expect_eq(equic_service_add(eq, &service), 0, "a service is added there");
	expect_eq(equic_service_get(manager, &peer_service, &service), -ENOENT,
		  "it is not here");
	equic_close(eq);
	shell("ip netns del lib-report");
}

int main(void)
{
	struct equic *manager;

	ktap_begin();
	module_load();
	manager = manager_open();
	test_management(manager);
	test_batches(manager);
	test_outcomes(manager);
	test_pending(manager);
	test_details(manager);
	test_kill(manager);
	test_owner_uid(manager);
	test_callbacks(manager);
	test_events(manager);
	test_netns(manager);
	test_module_reload(manager);
	test_service_again(manager);
	test_late_module(manager);
	test_full_queue(manager);
	test_refused_replay(manager);
	equic_close(manager);
	module_unload();
	return ktap_end();
}
