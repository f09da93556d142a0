// SPDX-License-Identifier: GPL-2.0-only
/*
 * parallel: packets per second when several CPUs work at once, each with a
 * thread of its own that is pinned to it; each for clients of its own, or all
 * for one client.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "ktap.h"
#include "table.h"
#include "value.h"

enum {
	CPUS_MAX	= 64,
	/*
	 * All work at once for so long, whatever a packet takes: much longer
	 * than until a test run has begun, for which the kernel waits for RCU
	 * (bpf_prog_change_xdp()). What it takes to begin is not counted.
	 */
	WORK_NS		= 400000000,
	NEW_CLIENTS	= 1 << 21,
};

enum target { DROP_ONLY, PROTOTYPE, GATEWAY };

/* What is measured. */
static const struct load {
	const char		*what;
	const char		*who;
	enum target		target;
	enum packet_kind	kind;
	unsigned int		action;
	bool			shared;		/* one client's packets */
} loads[] = {
	{ "drop", "XDP drop only", DROP_ONLY, PACKET_SHORT, XDP_DROP },
	{ "miss", "2021 program", PROTOTYPE, PACKET_SHORT, XDP_PASS },
	{ "established, own clients", "equic", GATEWAY, PACKET_SHORT,
	  XDP_PASS, false },
	{ "established, one client", "equic", GATEWAY, PACKET_SHORT, XDP_PASS,
	  true },
	{ "refused Initial, own clients", "equic", GATEWAY, PACKET_INITIAL,
	  XDP_DROP, false },
	{ "refused Initial, one client", "equic", GATEWAY, PACKET_INITIAL,
	  XDP_DROP, true },
};

struct worker {
	const struct load	*load;
	pthread_t		thread;
	int			cpu;
	double			pps;
};

static struct programs programs;
static unsigned int repeat, clients;
static pthread_barrier_t ready;

static int prog_of(enum target target)
{
	switch (target) {
	case DROP_ONLY:	return programs.drop_only;
	case PROTOTYPE:	return programs.prototype;
	default:	return programs.gateway;
	}
}

static void *work(void *arg)
{
	struct worker *w = arg;
	int prog = prog_of(w->load->target);
	unsigned int once;
	struct packet p;
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(w->cpu, &cpus);
	errno = pthread_setaffinity_np(pthread_self(), sizeof(cpus), &cpus);
	if (errno)
		ktap_bail("CPU %d", w->cpu);
	packet_make(&p, w->load->kind, false);
	packet_from(&p, w->load->shared ? 0 : w->cpu * (clients / CPUS_MAX));
	if (w->load->kind == PACKET_INITIAL)
		packet_scid(&p, NEW_CLIENTS + w->cpu);

	once = packet_run(prog, &p, repeat, w->load->action) ?: 1;
	pthread_barrier_wait(&ready);
	once = packet_run(prog, &p, WORK_NS / once + 1, w->load->action) ?: 1;
	w->pps = 1e9 / once;
	return NULL;
}

static void measure(const struct load *load, int cpus, unsigned int run)
{
	struct worker workers[CPUS_MAX] = {};
	double pps = 0;
	int i;

	pthread_barrier_init(&ready, NULL, cpus);
	for (i = 0; i < cpus; i++) {
		workers[i].load = load;
		workers[i].cpu = i;
		errno = pthread_create(&workers[i].thread, NULL, work,
				       &workers[i]);
		if (errno)
			ktap_bail("thread %d", i);
	}
	for (i = 0; i < cpus; i++) {
		pthread_join(workers[i].thread, NULL);
		pps += workers[i].pps;
	}
	pthread_barrier_destroy(&ready);
	tell(load->what, load->who, pps, .unit = "packets/s", .family = 4,
	     .clients = clients, .cpus = cpus, .run = run + 1);
}

static void usage(void)
{
	fprintf(stderr, "usage: parallel CLIENTS REPEAT RUNS CPUS...\n"
		"  CLIENTS  in the table, at least %d\n"
		"  REPEAT   packets to find out how many are enough\n",
		CPUS_MAX);
	exit(2);
}

int main(int argc, char **argv)
{
	unsigned int run, runs, load;
	struct table t;
	int i, cpus;

	if (argc < 5)
		usage();
	clients = atoi(argv[1]);
	repeat = atoi(argv[2]);
	runs = atoi(argv[3]);
	if (clients < CPUS_MAX || !repeat || !runs)
		usage();
	table_load();
	programs_open(&programs, true);
	table_open(&t, false, 1);
	table_fill(&t, &programs, clients);
	/* Side by side: what disturbs the machine disturbs them all. */
	for (run = 0; run < runs; run++)
		for (i = 4; i < argc; i++) {
			cpus = atoi(argv[i]);
			if (cpus < 1 || cpus > CPUS_MAX)
				usage();
			for (load = 0; load < sizeof(loads) / sizeof(*loads);
			     load++)
				measure(&loads[load], cpus, run);
		}
	table_close(&t);
	programs_close(&programs);
	return 0;
}
