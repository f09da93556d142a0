// SPDX-License-Identifier: GPL-2.0-only
/*
 * grow: what an established packet and a refused Initial cost, with ever more
 * services, or ever more connections of one client.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "ktap.h"
#include "table.h"
#include "value.h"

enum {
	NEW_CONNS	= 1 << 21,
	/* Not the measured one's. */
	FIRST_PORT	= 1024,
};

static struct programs programs;
static unsigned int repeat, runs;

/* Where it grows, and what there is of the one thing that does. */
static void measure(struct table *t, unsigned int services, unsigned int conns)
{
	struct packet established, refused;
	unsigned int i;

	packet_make(&established, PACKET_SHORT, t->ip6);
	packet_make(&refused, PACKET_INITIAL, t->ip6);
	for (i = 0; i < runs; i++) {
		packet_scid(&refused, NEW_CONNS + i);
		tell("established", "equic",
		     packet_run(programs.gateway, &established, repeat,
				XDP_PASS),
		     .family = t->ip6 ? 6 : 4, .services = services,
		     .conns = conns, .run = i + 1);
		tell("refused Initial", "equic",
		     packet_run(programs.gateway, &refused, repeat, XDP_DROP),
		     .family = t->ip6 ? 6 : 4, .services = services,
		     .conns = conns, .run = i + 1);
	}
}

/* Other services, each at a port of its own, at the same address. */
static void add_services(struct table *t, unsigned int first, unsigned int last)
{
	struct equic_service service = t->service;
	unsigned int i;
	int err;

	for (i = first; i < last; i++) {
		service.key.port = FIRST_PORT + i;
		err = equic_service_add(t->manager, &service);
		errno = -err;
		if (err)
			ktap_bail("service %u: %s", i,
				  equic_strerror(t->manager));
	}
}

static void del_services(struct table *t, unsigned int n)
{
	struct equic_key key = t->service.key;
	unsigned int i;
	int err;

	for (i = 1; i < n; i++) {
		key.port = FIRST_PORT + i;
		err = equic_service_del(t->manager, &key);
		errno = -err;
		if (err)
			ktap_bail("service %u: %s", i,
				  equic_strerror(t->manager));
	}
}

static void grow_services(int n, char **counts)
{
	unsigned int services = 1, more;
	struct table t;
	int i;

	table_open(&t, false, 1);
	table_fill(&t, &programs, 1);
	for (i = 0; i < n; i++) {
		more = atoi(counts[i]);
		add_services(&t, services, more);
		services = more;
		measure(&t, services, 0);
	}
	del_services(&t, services);
	table_close(&t);
}

static void grow_conns(int n, char **counts)
{
	struct vary vary[VARY_MAX] = { { .step = 1, .last = ~0U, .value = 1 } };
	unsigned int conns = 1, more;
	struct packet p;
	struct table t;
	int i;

	table_open(&t, false, 1);
	table_fill(&t, &programs, 1);
	packet_make(&p, PACKET_INITIAL, false);
	vary[0].off = p.scid_off;
	for (i = 0; i < n; i++) {
		more = atoi(counts[i]);
		table_set(&t, more, EQUIC_MODE_NEW);
		programs_vary(&programs, vary);
		if (more > conns)
			programs_run_varied(&programs, programs.gateway, &p,
					    more - conns, XDP_PASS);
		vary[0].value += more - conns;
		conns = more;
		measure(&t, 0, conns);
	}
	table_close(&t);
}

static void usage(void)
{
	fprintf(stderr,
		"usage: grow services|connections REPEAT RUNS COUNT...\n");
	exit(2);
}

int main(int argc, char **argv)
{
	if (argc < 5)
		usage();
	repeat = atoi(argv[2]);
	runs = atoi(argv[3]);
	if (!repeat || !runs)
		usage();
	table_load();
	programs_open(&programs, true);
	if (!strcmp(argv[1], "services"))
		grow_services(argc - 4, argv + 4);
	else if (!strcmp(argv[1], "connections"))
		grow_conns(argc - 4, argv + 4);
	else
		usage();
	programs_close(&programs);
	return 0;
}
