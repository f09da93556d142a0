// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "ktap.h"
#include "peer.h"
#include "server.h"

/* As a real server does: everything that is live, with the id it had. */
static int replay(struct equic *eq, void *user)
{
	struct server *s = user;
	struct peer p;
	unsigned int n;
	int err;

	s->replays++;
	if (s->replay_err) {
		err = s->replay_err;
		s->replay_err = 0;
		return err;
	}
	for (n = 0; n < SERVER_CONNS_MAX; n++) {
		if (!s->id[n])
			continue;
		peer_init(&p, n, n);
		p.report.id = s->id[n];
		err = equic_conn_open(eq, &p.report);
		if (err)
			return err;
	}
	return 0;
}

static void told(struct equic *eq, uint64_t cookie, int err, const char *text,
		 void *user)
{
	struct server *s = user;

	(void)eq;
	s->told_in_order &= cookie == s->told;
	s->told++;
	if (!err)
		return;
	s->told_errors++;
	s->told_err = err;
	snprintf(s->told_text, sizeof(s->told_text), "%s", text);
}

void server_start(struct server *s, uint32_t queue_max)
{
	struct equic_opts opts = EQUIC_INIT(opts, .service = peer_service,
		.resync = replay, .report_done = told, .user = s,
		.queue_max = queue_max);
	int err;

	memset(s, 0, sizeof(*s));
	s->told_in_order = true;
	err = equic_open(&s->eq, &opts);
	if (err) {
		errno = -err;
		ktap_bail("equic_open");
	}
}

/* Cookies count the reports that ask for their outcome. */
static unsigned int cookie_next(struct server *s, uint32_t flags)
{
	return flags & EQUIC_REPORT_ACK ? s->asked++ : 0;
}

int server_conn_open(struct server *s, unsigned int n, uint32_t flags)
{
	struct peer p;
	int err;

	peer_init(&p, n, n);
	p.report.flags = flags;
	p.report.id = s->id[n];
	p.report.cookie = cookie_next(s, flags);
	err = equic_conn_open(s->eq, &p.report);
	s->id[n] = p.report.id;
	return err;
}

int server_conn_close(struct server *s, unsigned int n, uint32_t flags)
{
	struct equic_report r = EQUIC_INIT(r, .id = s->id[n], .flags = flags);

	r.cookie = cookie_next(s, flags);
	s->id[n] = 0;
	return equic_conn_close(s->eq, &r);
}

int server_turn(struct server *s, int ms)
{
	struct pollfd p = { .fd = equic_fd(s->eq), .events = POLLIN };

	equic_submit(s->eq);
	poll(&p, 1, ms);
	return equic_dispatch(s->eq);
}

static long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

bool server_reaches(struct server *s, enum equic_reporting state, int ms)
{
	struct equic_report_stats stats = EQUIC_INIT(stats);
	long end = now_ms() + ms;

	for (;;) {
		equic_report_stats_get(s->eq, &stats);
		if (stats.state == state)
			return true;
		if (now_ms() >= end) {
			ktap_diag("the state is %u, not %u", stats.state, state);
			return false;
		}
		server_turn(s, end - now_ms());
	}
}

static struct equic_stats totals(struct equic *eq)
{
	struct equic_stats stats;
	int err = equic_stats_get(eq, NULL, &stats);

	if (err) {
		errno = -err;
		ktap_bail("equic_stats_get: %s", equic_strerror(eq));
	}
	return stats;
}

unsigned int kernel_open(struct equic *eq)
{
	return totals(eq).open;
}

unsigned int kernel_pending(struct equic *eq)
{
	return totals(eq).pending;
}
