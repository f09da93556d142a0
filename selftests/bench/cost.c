// SPDX-License-Identifier: GPL-2.0-only
/*
 * cost: what a packet costs, by what becomes of it and how many clients there
 * are, beside programs that do less.
 *
 * Where a table is looked into, the clients that are asked for are spread over
 * it evenly: each is one value.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "ktap.h"
#include "memory.h"
#include "table.h"
#include "value.h"

enum {
	LEVELS_MAX	= 16,
	/* One of them more is refused. */
	QUOTA		= 1,
	/* Numbers that no filled-in client has. */
	NEW_CLIENTS	= 1 << 21,
};

static struct {
	bool		families[2];		/* IPv4, IPv6 */
	bool		only_tables;
	bool		list;
	unsigned int	levels[LEVELS_MAX];
	unsigned int	nr_levels;
	unsigned int	repeat;
	unsigned int	admit;
	unsigned int	runs;
} options = {
	.repeat = 1000,
	.admit = 100,
	.runs = 33,
};

static struct programs programs;
static unsigned int next_client = NEW_CLIENTS;

static void tell_cost(const char *what, const char *who, double cost, bool ip6,
		      unsigned int clients, unsigned int run)
{
	tell(what, who, cost, .family = ip6 ? 6 : 4, .clients = clients,
	     .run = run + 1);
}

/* One of the clients, spread over all of them. */
static unsigned int sample(unsigned int run, unsigned int clients)
{
	return (unsigned long)run * clients / options.runs;
}

static unsigned int run(int prog, const struct packet *p, unsigned int action)
{
	return packet_run(prog, p, options.repeat, action);
}

/* What does not depend on any table. */
static void cost_without_tables(bool ip6)
{
	struct packet foreign, initial;
	unsigned int i;

	packet_make(&foreign, PACKET_FOREIGN, ip6);
	packet_make(&initial, PACKET_INITIAL, ip6);
	for (i = 0; i < options.runs; i++) {
		tell_cost("drop", "XDP drop only",
			  run(programs.drop_only, &initial, XDP_DROP), ip6, 0,
			  i);
		tell_cost("drop", "XDP parse and drop",
			  run(programs.parse_drop[ip6], &initial, XDP_DROP),
			  ip6, 0, i);
		tell_cost("foreign UDP", "XDP parse and drop",
			  run(programs.parse_drop[ip6], &foreign, XDP_PASS),
			  ip6, 0, i);
		tell_cost("foreign UDP", "equic",
			  run(programs.gateway, &foreign, XDP_PASS), ip6, 0, i);
	}
}

/* Of packets that must be dropped for @reason. */
static void cost_dropped(struct table *t, const char *what,
			 const struct packet *p, unsigned int reason,
			 unsigned int i)
{
	unsigned long before = table_drops(t, reason), now;
	unsigned int cost = run(programs.gateway, p, XDP_DROP);

	now = table_drops(t, reason);
	errno = 0;
	if (now - before != options.repeat)
		ktap_bail("%s: %lu of %u were dropped for it", what,
			  now - before, options.repeat);
	tell_cost(what, "equic", cost, t->ip6, t->clients, i);
}

/* Of packets that must pass for their service. */
static void cost_passed(struct table *t, const char *what,
			const struct packet *p, unsigned int i)
{
	unsigned long before = table_passed(t), now;
	unsigned int cost = run(programs.gateway, p, XDP_PASS);

	now = table_passed(t);
	errno = 0;
	if (now - before != options.repeat)
		ktap_bail("%s: %lu of %u passed", what, now - before,
			  options.repeat);
	tell_cost(what, "equic", cost, t->ip6, t->clients, i);
}

static void cost_of_client(struct table *t, unsigned int i)
{
	unsigned int client = sample(i, t->clients);
	struct packet p;

	table_establish(t, client);
	packet_make(&p, PACKET_SHORT, t->ip6);
	packet_from(&p, client);
	cost_passed(t, "established", &p, i);

	packet_make(&p, PACKET_INITIAL, t->ip6);
	packet_from(&p, client);
	packet_scid(&p, client + NEW_CLIENTS);
	cost_dropped(t, "refused Initial", &p, EQUIC_DROP_QUOTA, i);
	if (options.only_tables)
		return;

	packet_make(&p, PACKET_MALFORMED, t->ip6);
	packet_from(&p, client);
	cost_dropped(t, "malformed", &p, EQUIC_DROP_SMALL_INITIAL, i);
}

static void cost_of_admission(struct table *t, unsigned int i)
{
	tell_cost("admitted Initial", "equic",
		  table_admit(t, &programs, next_client, options.admit),
		  t->ip6, t->clients, i);
	next_client += options.admit;
}

/* Those that were refused before. */
static void cost_of_shut_out(struct table *t)
{
	struct packet p;
	unsigned int i;

	table_set(t, QUOTA, EQUIC_MODE_ALL);
	packet_make(&p, PACKET_SHORT, t->ip6);
	for (i = 0; i < options.runs; i++) {
		packet_from(&p, sample(i, t->clients));
		cost_dropped(t, "mode all", &p, EQUIC_DROP_CLIENT_OVER, i);
	}
	table_set(t, QUOTA, EQUIC_MODE_NEW);
}

static int count_one(const struct equic_client *client, void *user)
{
	(void)client;
	++*(unsigned long *)user;
	return 0;
}

static void cost_of_list(struct table *t)
{
	double begin = now_ns();
	unsigned long n = 0;
	int err = equic_client_list(t->manager, NULL, count_one, &n);

	errno = -err;
	if (err || n < t->clients)
		ktap_bail("%lu of %u clients were listed", n, t->clients);
	tell("list all clients", "equic", now_ns() - begin,
	     .family = t->ip6 ? 6 : 4, .clients = n, .run = 1);
}

static void cost_with_table(bool ip6)
{
	struct table t;
	unsigned int level, i;

	table_open(&t, ip6, QUOTA);
	memory_tell("empty tables", ip6, 0);
	for (level = 0; level < options.nr_levels; level++) {
		table_fill(&t, &programs, options.levels[level]);
		memory_tell("filled tables", ip6, t.clients);
		for (i = 0; i < options.runs; i++)
			cost_of_client(&t, i);
		if (!options.only_tables) {
			cost_of_shut_out(&t);
			for (i = 0; i < options.runs; i++)
				cost_of_admission(&t, i);
		}
		if (options.list)
			cost_of_list(&t);
	}
	table_close(&t);
}

static void prototype_set(unsigned int client, unsigned int connections)
{
	unsigned int key = htonl(client_word(client, false));

	if (bpf_map_update_elem(programs.counters, &key, &connections, BPF_ANY))
		ktap_bail("the prototype's map");
}

/* The map of 2021, of which user space is the only writer. */
static void cost_of_prototype(void)
{
	unsigned int level, client = 0, i;
	struct packet p;

	packet_make(&p, PACKET_SHORT, false);
	for (level = 0; level < options.nr_levels; level++) {
		unsigned int clients = options.levels[level];

		for (; client < clients; client++)
			prototype_set(client, 3);
		for (i = 0; i < options.runs; i++) {
			packet_from(&p, NEW_CLIENTS + i);
			tell_cost("miss", "2021 program",
				  run(programs.prototype, &p, XDP_PASS), false,
				  clients, i);
			packet_from(&p, sample(i, clients));
			tell_cost("established", "2021 program",
				  run(programs.prototype, &p, XDP_PASS), false,
				  clients, i);
			prototype_set(sample(i, clients), 6);
			tell_cost("refused Initial", "2021 program",
				  run(programs.prototype, &p, XDP_DROP), false,
				  clients, i);
			prototype_set(sample(i, clients), 3);
		}
	}
}

static void usage(void)
{
	fprintf(stderr,
		"usage: cost [OPTION]... CLIENTS...\n"
		"  -4, -6     of which family (both)\n"
		"  -r REPEAT  packets in a run (%u)\n"
		"  -a REPEAT  the same for Initials that are admitted (%u)\n"
		"  -n RUNS    values of each kind (%u)\n"
		"  -t         only what looks into the tables, and not all of it\n"
		"  -l         list the clients too\n",
		options.repeat, options.admit, options.runs);
	exit(2);
}

static void parse(int argc, char **argv)
{
	int opt;

	while ((opt = getopt(argc, argv, "46r:a:n:tl")) != -1) {
		switch (opt) {
		case '4':
			options.families[0] = true;
			break;
		case '6':
			options.families[1] = true;
			break;
		case 'r':
			options.repeat = atoi(optarg);
			break;
		case 'a':
			options.admit = atoi(optarg);
			break;
		case 'n':
			options.runs = atoi(optarg);
			break;
		case 't':
			options.only_tables = true;
			break;
		case 'l':
			options.list = true;
			break;
		default:
			usage();
		}
	}
	for (; optind < argc && options.nr_levels < LEVELS_MAX; optind++)
		options.levels[options.nr_levels++] = atoi(argv[optind]);
	if (!options.nr_levels || optind < argc || !options.repeat ||
	    !options.admit || !options.runs)
		usage();
	if (!options.families[0] && !options.families[1]) {
		options.families[0] = true;
		options.families[1] = true;
	}
}

int main(int argc, char **argv)
{
	int ip6;

	parse(argc, argv);
	table_load();
	programs_open(&programs, true);
	for (ip6 = 0; ip6 < 2; ip6++) {
		struct table t;

		if (!options.families[ip6])
			continue;
		if (!options.only_tables) {
			/* A port bitmap to look into. */
			table_open(&t, ip6, QUOTA);
			cost_without_tables(ip6);
			table_close(&t);
		}
		cost_with_table(ip6);
	}
	if (options.families[0])
		cost_of_prototype();
	programs_close(&programs);
	return 0;
}
