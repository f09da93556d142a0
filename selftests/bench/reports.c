// SPDX-License-Identifier: GPL-2.0-only
/*
 * reports: how long a server's reports take, through libequic: for connections
 * that the gateway has admitted, one system call for each report, or one for
 * each batch.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "ktap.h"
#include "table.h"
#include "value.h"

/* What a report is made of, and what it says. */
struct sender {
	struct table	table;
	unsigned int	conns;
	unsigned int	batch;
	const char	*who;
};

static void submit(struct sender *s)
{
	int err = equic_submit(s->table.server) ?:
		  equic_dispatch(s->table.server);

	errno = -err;
	if (err)
		ktap_bail("reports: %s", equic_strerror(s->table.server));
}

/* Time for each of the reports that @report makes of each connection. */
static void measure(struct sender *s, const char *what, unsigned int run,
		    int (*report)(struct equic *eq, struct equic_report *r))
{
	struct identity who;
	struct packet p;
	double begin;
	unsigned int i;
	int err = 0;

	packet_make(&p, PACKET_INITIAL, false);
	begin = now_ns();
	for (i = 0; i < s->conns; i++) {
		packet_from(&p, i);
		packet_scid(&p, i);
		table_identity(&p, &who);
		who.report.id = i + 1;
		err = err ?: report(s->table.server, &who.report);
		if ((i + 1) % s->batch == 0)
			submit(s);
	}
	submit(s);
	errno = -err;
	if (err)
		ktap_bail("%s", what);
	tell(what, s->who, (now_ns() - begin) / s->conns, .family = 4,
	     .clients = s->conns, .run = run + 1);
}

static int report_nothing(struct equic *eq, struct equic_report *r)
{
	(void)eq;
	(void)r;
	return 0;
}

static int report_close(struct equic *eq, struct equic_report *r)
{
	return equic_conn_close(eq, r);
}

static void check(struct sender *s)
{
	struct equic_report_stats stats = EQUIC_INIT(stats);

	errno = 0;
	if (equic_report_stats_get(s->table.server, &stats) || stats.refused ||
	    stats.races || stats.lost || stats.sent < 3UL * s->conns)
		ktap_bail("not every report arrived");
}

static void usage(void)
{
	fprintf(stderr, "usage: reports WHO BATCH CONNECTIONS RUNS\n");
	exit(2);
}

int main(int argc, char **argv)
{
	struct programs programs;
	unsigned int run, runs;
	struct sender s = {};

	if (argc != 5)
		usage();
	s.who = argv[1];
	s.batch = atoi(argv[2]);
	s.conns = atoi(argv[3]);
	runs = atoi(argv[4]);
	if (!s.batch || !s.conns || !runs)
		usage();
	table_load();
	programs_open(&programs, true);
	for (run = 0; run < runs; run++) {
		table_open(&s.table, false, 1);
		table_fill(&s.table, &programs, s.conns);
		measure(&s, "report nothing", run, report_nothing);
		measure(&s, "report accepted", run, equic_conn_accepted);
		measure(&s, "report open", run, equic_conn_open);
		measure(&s, "report close", run, report_close);
		check(&s);
		table_close(&s.table);
	}
	programs_close(&programs);
	return 0;
}
