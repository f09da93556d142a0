// SPDX-License-Identifier: GPL-2.0-only
/* Replays: whatever happened, the kernel ends up counting what is live. */
#include <errno.h>

#include "expect.h"
#include "module.h"
#include "peer.h"
#include "server.h"
#include "wire.h"

enum { CONNS = 500 };

static struct server server;

static struct server *serve(unsigned int conns, uint32_t queue_max)
{
	unsigned int n;

	server_start(&server, queue_max);
	for (n = 0; n < conns; n++)
		server_conn_open(&server, n, 0);
	server_turn(&server, 0);
	return &server;
}

void test_module_reload(struct equic *manager)
{
	struct equic_report_stats stats = EQUIC_INIT(stats);
	struct server *s;
	unsigned int n;
	int err = 0;

	service_make(manager, EQUIC_UID_NONE);
	s = serve(CONNS, 0);
	expect_eq(kernel_open(manager), CONNS, "connections are counted");
	expect_eq(s->replays, 0, "a first report needs no replay");

	module_unload();
	ktap_result(server_reaches(s, EQUIC_REPORTING_NO_MODULE, 1000),
		    "the descriptor tells that the module went");
	for (n = 0; n < CONNS / 2; n++)
		err |= server_conn_close(s, n, 0);
	for (n = CONNS; n < CONNS + 10; n++)
		err |= server_conn_open(s, n, 0);
	err |= server_turn(s, 0);
	expect_eq(err, 0, "reports without the module succeed");

	module_load();
	ktap_result(server_reaches(s, EQUIC_REPORTING_REFUSED, 1000),
		    "it tells that the module came, without the service");
	service_make(manager, EQUIC_UID_NONE);
	ktap_result(server_reaches(s, EQUIC_REPORTING_ON, 3000),
		    "and that the service is there again");
	expect_eq(s->replays, 1, "the server replays once");
	expect_eq(kernel_open(manager), CONNS / 2 + 10,
		  "what is live is counted, what ended meanwhile is not");
	for (n = CONNS / 2; n < CONNS + 10; n++)
		server_conn_close(s, n, 0);
	server_turn(s, 0);
	expect_eq(kernel_open(manager), 0, "ids survive: all can be closed");
	equic_report_stats_get(s->eq, &stats);
	expect_eq(stats.races + stats.refused, 0, "without a refusal");
	equic_close(s->eq);
	equic_service_del(manager, &peer_service);
}

void test_service_again(struct equic *manager)
{
	struct server *s;

	service_make(manager, EQUIC_UID_NONE);
	s = serve(CONNS, 0);
	equic_service_del(manager, &peer_service);
	expect_eq(kernel_open(manager), 0, "a deleted service counts nothing");
	service_make(manager, EQUIC_UID_NONE);
	/* Idle: nothing but the policy event tells it. */
	while (!s->replays && server_turn(s, 3000) != -EINVAL)
		;
	expect_eq(s->replays, 1, "an idle server replays when it is added again");
	expect_eq(kernel_open(manager), CONNS, "and all is counted");
	server_conn_open(s, CONNS, 0);
	server_turn(s, 0);
	expect_eq(kernel_open(manager), CONNS + 1, "reports go on");
	equic_close(s->eq);
	equic_service_del(manager, &peer_service);
}

void test_late_module(struct equic *manager)
{
	struct server *s;

	module_unload();
	s = serve(CONNS, 0);
	module_load();
	service_make(manager, EQUIC_UID_NONE);
	ktap_result(server_reaches(s, EQUIC_REPORTING_ON, 3000),
		    "a server that was there before the module finds it");
	expect_eq(s->replays, 1, "it is asked for what it has");
	expect_eq(kernel_open(manager), CONNS, "which is counted");
	equic_close(s->eq);
	equic_service_del(manager, &peer_service);
}

void test_full_queue(struct equic *manager)
{
	struct equic_report_stats stats = EQUIC_INIT(stats);
	struct server *s;
	unsigned int n;
	int err = 0;

	service_make(manager, EQUIC_UID_NONE);
	s = serve(10, 50);
	wire_errno = EAGAIN;
	for (n = 10; n < 60; n++)
		err |= server_conn_open(s, n, 0);
	expect_eq(err, 0, "a kernel that takes nothing fills the queue");
	expect_eq(equic_submit(s->eq), -EAGAIN, "submit says what is kept");
	equic_report_stats_get(s->eq, &stats);
	expect_eq(stats.queued, 50, "as many as asked for are kept");
	wire_errno = 0;
	server_turn(s, 1000);
	expect_eq(kernel_open(manager), 60,
		  "the descriptor tells when to go on: nothing is lost");

	wire_errno = ENOBUFS;
	for (err = 0, n = 60; n < 200 && !err; n++)
		err = server_conn_open(s, n, 0);
	expect_eq(err, -ENOBUFS, "a report too many is lost, and says so");
	for (; n < 200; n++)
		server_conn_open(s, n, 0);
	wire_errno = 0;
	ktap_result(server_reaches(s, EQUIC_REPORTING_ON, 3000),
		    "a replay makes up for it");
	expect_eq(s->replays, 1, "one");
	expect_eq(kernel_open(manager), 200, "all that is live is counted");
	equic_close(s->eq);
	equic_service_del(manager, &peer_service);
}

void test_refused_replay(struct equic *manager)
{
	struct server *s;

	service_make(manager, EQUIC_UID_NONE);
	s = serve(CONNS, 0);
	equic_service_del(manager, &peer_service);
	s->replay_err = -EIO;
	service_make(manager, EQUIC_UID_NONE);
	while (s->replays < 2 && server_turn(s, 3000) != -EINVAL)
		;
	ktap_result(server_reaches(s, EQUIC_REPORTING_ON, 3000),
		    "a replay that the server gave up is tried again");
	expect_eq(kernel_open(manager), CONNS, "until all is counted");
	equic_close(s->eq);
	equic_service_del(manager, &peer_service);
}
