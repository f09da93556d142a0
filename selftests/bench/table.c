// SPDX-License-Identifier: GPL-2.0-only
/* See table.h. */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>
#include "ktap.h"
#include "table.h"

#define PARAMETERS "max_clients=1048576 max_conns=1310720"

static void must(int err, struct equic *eq, const char *what)
{
	errno = -err;
	if (err)
		ktap_bail("%s: %s", what, eq ? equic_strerror(eq) : "");
}

double now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1e9 + now.tv_nsec;
}

void table_load(void)
{
	const char *path = getenv("EQUIC_KO");
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;

	if (fd < 0 || (syscall(SYS_finit_module, fd, PARAMETERS, 0) &&
		       errno != EEXIST))
		ktap_bail("cannot insert EQUIC_KO, '%s'", path ?: "");
	close(fd);
	if (unshare(CLONE_NEWNET))
		ktap_bail("no network namespace");
}

static void server_open(struct table *t)
{
	struct equic_report_stats stats = EQUIC_INIT(stats);
	struct equic_opts opts = EQUIC_INIT(opts, .service = t->service.key);

	must(equic_open(&t->server, &opts), NULL, "equic_open");
	must(equic_dispatch(t->server), t->server, "equic_dispatch");
	must(equic_report_stats_get(t->server, &stats), t->server, "stats");
	errno = 0;
	if (stats.state != EQUIC_REPORTING_ON)
		ktap_bail("the reporter is in state %u", stats.state);
}

void table_open(struct table *t, bool ip6, unsigned int quota)
{
	memset(t, 0, sizeof(*t));
	t->ip6 = ip6;
	t->service = (struct equic_service)EQUIC_INIT(t->service,
		.knobs = EQUIC_KNOB_QUOTA | EQUIC_KNOB_PENDING_TIMEOUT,
		.quota = quota,
		.pending_timeout_ms = EQUIC_PENDING_TIMEOUT_MAX_MS);
	must(equic_key_parse(ip6 ? "[" SERVICE_ADDR6 "]:443" :
				   SERVICE_ADDR4 ":443", &t->service.key),
	     NULL, "equic_key_parse");
	must(equic_open(&t->manager, NULL), NULL, "equic_open");
	must(equic_service_add(t->manager, &t->service), t->manager,
	     "equic_service_add");
	server_open(t);
}

void table_close(struct table *t)
{
	must(equic_service_del(t->manager, &t->service.key), t->manager,
	     "equic_service_del");
	equic_close(t->server);
	equic_close(t->manager);
}

void table_set(struct table *t, unsigned int quota, unsigned int mode)
{
	t->service.knobs = EQUIC_KNOB_QUOTA | EQUIC_KNOB_MODE;
	t->service.quota = quota;
	t->service.mode = mode;
	must(equic_service_set(t->manager, &t->service), t->manager,
	     "equic_service_set");
}

static struct equic_stats stats_of(struct table *t)
{
	struct equic_stats stats;

	must(equic_stats_get(t->manager, &t->service.key, &stats), t->manager,
	     "equic_stats_get");
	return stats;
}

unsigned long table_drops(struct table *t, unsigned int reason)
{
	return stats_of(t).drops[reason];
}

unsigned long table_passed(struct table *t)
{
	return stats_of(t).passed_packets;
}

/* The packets of clients from @first on, whose SCID is the client's number. */
static void vary_client(struct programs *programs, const struct packet *p,
			unsigned int first)
{
	struct vary vary[VARY_MAX] = {
		{ .off = p->client_off, .step = 1, .last = ~0U,
		  .value = client_word(first, p->frame.ip6) },
		{ .off = p->scid_off, .step = 1, .last = ~0U, .value = first },
	};

	programs_vary(programs, vary);
}

/* The cost of each, with that of being another packet each time. */
static unsigned int admit(struct table *t, struct programs *programs,
			  const struct packet *p, unsigned int first,
			  unsigned int n)
{
	unsigned long before = stats_of(t).admitted, now;
	unsigned int cost;

	vary_client(programs, p, first);
	cost = programs_run_varied(programs, programs->gateway, p, n,
				   XDP_PASS);
	now = stats_of(t).admitted;
	errno = 0;
	if (now - before != n)
		ktap_bail("%lu of %u Initials were admitted", now - before, n);
	return cost;
}

void table_fill(struct table *t, struct programs *programs,
		unsigned int clients)
{
	struct packet p;

	packet_make(&p, PACKET_INITIAL, t->ip6);
	if (clients > t->clients)
		admit(t, programs, &p, t->clients, clients - t->clients);
	t->clients = clients;
}

double table_admit(struct table *t, struct programs *programs,
		   unsigned int first, unsigned int n)
{
	unsigned int cost, varying, dropping;
	struct packet p;

	packet_make(&p, PACKET_INITIAL, t->ip6);
	cost = admit(t, programs, &p, first, n);
	varying = programs_run_varied(programs, programs->drop_only, &p, n,
				      XDP_DROP);
	dropping = packet_run(programs->drop_only, &p, n, XDP_DROP);
	return (double)cost - varying + dropping;
}

static void sockaddr_of(struct sockaddr_storage *sa, bool ip6,
			const __u8 *addr, __u16 port)
{
	memset(sa, 0, sizeof(*sa));
	sa->ss_family = ip6 ? AF_INET6 : AF_INET;
	if (ip6) {
		memcpy(&((struct sockaddr_in6 *)sa)->sin6_addr, addr, 16);
		((struct sockaddr_in6 *)sa)->sin6_port = htons(port);
	} else {
		memcpy(&((struct sockaddr_in *)sa)->sin_addr, addr, 4);
		((struct sockaddr_in *)sa)->sin_port = htons(port);
	}
}

void table_identity(const struct packet *p, struct identity *who)
{
	bool ip6 = p->frame.ip6;
	const __u8 *src = p->built.data + p->built.ip + (ip6 ? 8 : 12);

	sockaddr_of(&who->peer, ip6, src, CLIENT_PORT);
	sockaddr_of(&who->local, ip6, src + (ip6 ? 16 : 4), SERVICE_PORT);
	who->report = (struct equic_report)EQUIC_INIT(who->report,
		.peer = (struct sockaddr *)&who->peer,
		.local = (struct sockaddr *)&who->local,
		.odcid = p->built.data + p->built.dcid[0], .odcid_len = 18,
		.scid = p->built.data + p->built.scid[0], .scid_len = 17);
}

void table_establish(struct table *t, unsigned int client)
{
	struct identity who;
	struct packet p;

	packet_make(&p, PACKET_INITIAL, t->ip6);
	packet_from(&p, client);
	packet_scid(&p, client);
	table_identity(&p, &who);
	/* Of its own choice: to be told again changes nothing. */
	who.report.id = client + 1;
	must(equic_conn_open(t->server, &who.report), t->server,
	     "equic_conn_open");
	must(equic_submit(t->server), t->server, "equic_submit");
	must(equic_dispatch(t->server), t->server, "equic_dispatch");
}
