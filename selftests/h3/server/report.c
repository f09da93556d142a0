// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the server tells equic. The calls for each connection are in conn.c,
 * where things happen to it; here are the handles.
 */
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

#include "conn.h"
#include "report.h"
#include "worker.h"

/* The module was loaded (again): it knows nothing of what lives here. */
static int resync(struct equic *eq, void *user)
{
	struct worker *worker = user;
	struct conn *conn;
	int ret = 0;

	for (conn = worker->conns; conn && !ret; conn = conn->next)
		if (conn->equic.eq == eq)
			ret = equic_ngtcp2_replay(&conn->equic);
	return ret;
}

static struct equic *open_handle(struct worker *worker,
				 const struct equic_key *key)
{
	struct equic_opts opts = EQUIC_INIT(opts, .service = *key,
					    .resync = resync, .user = worker);
	struct epoll_event event = { .events = EPOLLIN };
	char text[EQUIC_ADDR_TEXT];
	struct equic *eq;
	int ret;

	ret = equic_open(&eq, &opts);
	if (ret) {
		fprintf(stderr, "h3server: no reports for %s: %s\n",
			equic_key_format(key, text, sizeof(text)),
			equic_strerror(NULL));
		return NULL;
	}
	event.data.ptr = eq;
	if (equic_fd(eq) < 0 ||
	    epoll_ctl(worker->epoll, EPOLL_CTL_ADD, equic_fd(eq), &event)) {
		perror("h3server: equic_fd");
		equic_close(eq);
		return NULL;
	}
	return eq;
}

static bool key_equal(const struct equic_key *a, const struct equic_key *b)
{
	return a->port == b->port && a->addr.family == b->addr.family &&
	       !memcmp(a->addr.bytes, b->addr.bytes, sizeof(a->addr.bytes));
}

static void service_key(const struct options *options, const union addr *bound,
			struct equic_key *key)
{
	memset(key, 0, sizeof(*key));
	equic_key_from_sockaddr(options->service.sa.sa_family ?
				&options->service.sa : &bound->sa, key);
}

static struct equic *find_handle(const struct report *report,
				 const struct equic_key *key)
{
	unsigned int i;

	for (i = 0; i < report->n; i++)
		if (key_equal(&report->keys[i], key))
			return report->handles[i];
	return NULL;
}

void report_open(struct worker *worker)
{
	struct report *report = &worker->report;
	unsigned int i;

	if (worker->options->quota_in != QUOTA_IN_KERNEL)
		return;
	for (i = 0; i < worker->n_listeners; i++) {
		struct equic_key key;
		struct equic *eq;

		service_key(worker->options, &worker->listeners[i].bound, &key);
		if (find_handle(report, &key))
			continue;
		eq = open_handle(worker, &key);
		if (!eq)
			continue;
		report->keys[report->n] = key;
		report->handles[report->n++] = eq;
	}
}

struct equic *report_handle(struct worker *worker, const union addr *bound)
{
	struct equic_key key;

	if (!worker->report.n)
		return NULL;
	service_key(worker->options, bound, &key);
	return find_handle(&worker->report, &key);
}

void report_submit(struct worker *worker)
{
	unsigned int i;

	for (i = 0; i < worker->report.n; i++)
		equic_submit(worker->report.handles[i]);
}

void report_close(struct worker *worker)
{
	unsigned int i;

	for (i = 0; i < worker->report.n; i++)
		equic_close(worker->report.handles[i]);
	worker->report.n = 0;
}
