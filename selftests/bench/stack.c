// SPDX-License-Identifier: GPL-2.0-only
/*
 * stack: what a packet costs that is given to the network stack of the current
 * namespace, with whatever rules that has. core/rules.py makes it.
 *
 * An XDP program passes the packets up from device `rx`, as a driver would, in
 * batches of 64; they end in a rule, or in a UDP socket whose filter discards
 * them. From the cost is taken that of the same packets dropped by XDP.
 */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <getopt.h>
#include <linux/filter.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include "ktap.h"
#include "program.h"
#include "value.h"

#define DEVICE "rx"

enum {
	NEW_CLIENTS	= 1 << 21,
	/* More than any rule lets one client have. */
	FLOWS		= 16,
	PORT_STEP	= 1 << 16,
};

static struct {
	const char	*who;
	unsigned int	clients;
	unsigned int	packets;
	unsigned int	runs;
} options = {
	.clients = 1,
	.packets = 4096,
	.runs = 11,
};

static struct programs programs;
static unsigned int ifindex;
static int server;
/* Of the last delivery. */
static unsigned long passed;

/* It takes no packet, so none waits in it. */
static void server_open(void)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
				    .sin_port = htons(SERVICE_PORT) };
	struct sock_filter nothing = BPF_STMT(BPF_RET | BPF_K, 0);
	struct sock_fprog filter = { .len = 1, .filter = &nothing };

	server = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	inet_pton(AF_INET, SERVICE_ADDR4, &addr.sin_addr);
	if (server < 0 || setsockopt(server, SOL_SOCKET, SO_ATTACH_FILTER,
				     &filter, sizeof(filter)) ||
	    bind(server, (struct sockaddr *)&addr, sizeof(addr)))
		ktap_bail("no socket at " SERVICE_ADDR4);
}

/* To a connection tracker, whoever is answered is established. */
static void server_answer(unsigned int client)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET, .sin_port = htons(CLIENT_PORT),
		.sin_addr.s_addr = htonl(client_word(client, false)),
	};

	if (sendto(server, "", 1, 0, (struct sockaddr *)&addr,
		   sizeof(addr)) != 1)
		ktap_bail("no answer to client %u", client);
}

/* What the filter discarded, and nothing else: UDP's receive errors. */
static unsigned long discarded(void)
{
	FILE *file = fopen("/proc/net/snmp", "re");
	unsigned long errors = 0;
	char line[512];

	if (!file)
		ktap_bail("/proc/net/snmp");
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "Udp: %*u %*u %lu", &errors) == 1)
			break;
	fclose(file);
	return errors;
}

/* Delivers @n packets that differ as @vary says, less what they cost undelivered. */
static double deliver(const struct packet *p, const struct vary *vary,
		      unsigned int n)
{
	struct vary none[VARY_MAX] = {};
	unsigned long before = discarded();
	unsigned int delivered, dropped;

	programs_vary(&programs, vary ?: none);
	delivered = packet_deliver(programs.into_stack, p, n, ifindex);
	passed = discarded() - before;
	programs_vary(&programs, vary ?: none);
	dropped = packet_deliver(programs.into_nowhere, p, n, ifindex);
	return (double)delivered - dropped;
}

static double deliver_clients(const struct packet *p, unsigned int first,
			      unsigned int n)
{
	struct vary vary[VARY_MAX] = { {
		.off = p->client_off, .step = 1, .last = ~0U,
		.value = client_word(first, false),
	} };

	return deliver(p, vary, n);
}

/* The next @n flows of one client. */
static double deliver_flows(const struct packet *p, unsigned int *port,
			    unsigned int n)
{
	struct vary vary[VARY_MAX] = { {
		.off = p->ports_off, .step = PORT_STEP, .last = ~0U,
		.value = *port << 16 | SERVICE_PORT,
	} };

	*port = (*port + n) & 0xffff;
	return deliver(p, vary, n);
}

static void tell_cost(const char *what, double cost, unsigned int run)
{
	tell(what, options.who, cost, .family = 4, .clients = options.clients,
	     .packets = options.packets, .passed = passed, .run = run + 1);
}

static void cost_established(void)
{
	struct packet p;
	unsigned int i, client;

	packet_make(&p, PACKET_SHORT, false);
	for (i = 0; i < options.runs; i++) {
		client = (unsigned long)i * options.clients / options.runs;
		packet_from(&p, client);
		deliver(&p, NULL, 1);
		server_answer(client);
		tell_cost("established", deliver(&p, NULL, options.packets), i);
	}
}

static void cost_first(void)
{
	unsigned int i, client = NEW_CLIENTS;
	struct packet p;

	packet_make(&p, PACKET_INITIAL, false);
	for (i = 0; i < options.runs; i++) {
		tell_cost("admitted Initial",
			  deliver_clients(&p, client, options.packets), i);
		client += options.packets;
	}
}

static void cost_refused(void)
{
	unsigned int i, port = CLIENT_PORT + 1;
	struct packet p;

	packet_make(&p, PACKET_INITIAL, false);
	deliver_flows(&p, &port, FLOWS);
	for (i = 0; i < options.runs; i++)
		tell_cost("refused Initial",
			  deliver_flows(&p, &port, options.packets), i);
}

static void usage(void)
{
	fprintf(stderr,
		"usage: stack [OPTION]... WHO [established|admitted|refused]...\n"
		"  -c CLIENTS  that there are before (%u)\n"
		"  -p PACKETS  in a run (%u)\n"
		"  -n RUNS     values of each kind (%u)\n",
		options.clients, options.packets, options.runs);
	exit(2);
}

static void cost_of(const char *what)
{
	if (!strcmp(what, "established"))
		cost_established();
	else if (!strcmp(what, "admitted"))
		cost_first();
	else if (!strcmp(what, "refused"))
		cost_refused();
	else
		usage();
}

int main(int argc, char **argv)
{
	struct packet p;
	int opt;

	while ((opt = getopt(argc, argv, "c:p:n:")) != -1) {
		switch (opt) {
		case 'c':
			options.clients = atoi(optarg);
			break;
		case 'p':
			options.packets = atoi(optarg);
			break;
		case 'n':
			options.runs = atoi(optarg);
			break;
		default:
			usage();
		}
	}
	if (optind >= argc || !options.clients || !options.packets ||
	    !options.runs)
		usage();
	options.who = argv[optind++];
	ifindex = if_nametoindex(DEVICE);
	if (!ifindex)
		ktap_bail("no device " DEVICE);
	programs_open(&programs, false);
	server_open();
	packet_make(&p, PACKET_INITIAL, false);
	deliver_clients(&p, 0, options.clients);
	for (; optind < argc; optind++)
		cost_of(argv[optind]);
	programs_close(&programs);
	return 0;
}
