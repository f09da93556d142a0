// SPDX-License-Identifier: GPL-2.0-only
/*
 * flow [OPTION]... ADDR:PORT: traffic of some other application. Sends
 * datagrams that sink knows again, and prints how many the kernel took.
 */
#include <errno.h>
#include <getopt.h>
#include <netinet/ip.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../h3/net/addr.h"
#include "pattern.h"

enum {
	/* In units of eight bytes behind the first: RFC 8200, section 4.6. */
	DSTOPTS_UNITS = 2,
	DSTOPTS_BYTES = (DSTOPTS_UNITS + 1) * 8,
	/* Skipped by who does not know it: RFC 8200, 4.2, and RFC 4727. */
	DSTOPTS_EXPERIMENT = 0x1e,
};

struct flow {
	union addr target;
	union addr source;
	unsigned long count;
	unsigned long size;
	unsigned long gap_us;
	bool ip_options;
};

static int set_int(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value));
}

/* IPv4: four NOPs. IPv6: a destination options header, one experimental option. */
static int set_ip_options(int fd, int family)
{
	static const uint8_t nops[4] = { 1, 1, 1, 1 };
	uint8_t dstopts[DSTOPTS_BYTES] = { 0, DSTOPTS_UNITS };

	if (family == AF_INET)
		return setsockopt(fd, IPPROTO_IP, IP_OPTIONS, nops,
				  sizeof(nops));
	dstopts[2] = DSTOPTS_EXPERIMENT;
	dstopts[3] = DSTOPTS_BYTES - 4;
	return setsockopt(fd, IPPROTO_IPV6, IPV6_DSTOPTS, dstopts,
			  sizeof(dstopts));
}

static int flow_open(const struct flow *flow)
{
	int family = flow->target.sa.sa_family;
	bool v6 = family == AF_INET6;
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	/* What is longer than the MTU leaves in fragments. */
	if (set_int(fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP,
		    v6 ? IPV6_MTU_DISCOVER : IP_MTU_DISCOVER,
		    v6 ? IPV6_PMTUDISC_DONT : IP_PMTUDISC_DONT) ||
	    (flow->ip_options && set_ip_options(fd, family)) ||
	    (flow->source.sa.sa_family &&
	     bind(fd, &flow->source.sa, addr_len(&flow->source))) ||
	    connect(fd, &flow->target.sa, addr_len(&flow->target))) {
		close(fd);
		return -1;
	}
	return fd;
}

static unsigned long flow_send(const struct flow *flow, int fd)
{
	struct timespec gap = {
		.tv_sec = flow->gap_us / 1000000,
		.tv_nsec = flow->gap_us % 1000000 * 1000,
	};
	static uint8_t data[65507];
	unsigned long i, sent = 0;

	for (i = 0; i < flow->count; i++) {
		pattern_fill(data, flow->size, i);
		sent += send(fd, data, flow->size, 0) == (ssize_t)flow->size;
		if (flow->gap_us)
			nanosleep(&gap, NULL);
	}
	return sent;
}

static unsigned long number(const char *text, unsigned long min,
			    unsigned long max)
{
	unsigned long value;
	char *end;

	value = strtoul(text, &end, 10);
	if (end == text || *end || value < min || value > max) {
		fprintf(stderr, "flow: %s: not a number from %lu to %lu\n",
			text, min, max);
		exit(2);
	}
	return value;
}

static void usage(void)
{
	fprintf(stderr, "usage: flow [--source ADDR] [--count N] [--size BYTES]\n"
		"            [--gap-us N] [--ip-options] ADDR:PORT\n");
	exit(2);
}

static void parse(struct flow *flow, int argc, char **argv)
{
	static const struct option options[] = {
		{ "source", required_argument, NULL, 's' },
		{ "count", required_argument, NULL, 'n' },
		{ "size", required_argument, NULL, 'b' },
		{ "gap-us", required_argument, NULL, 'g' },
		{ "ip-options", no_argument, NULL, 'o' },
		{ 0 }
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 's':
			if (addr_parse_host(&flow->source, optarg))
				usage();
			break;
		case 'n':
			flow->count = number(optarg, 1, 1000000);
			break;
		case 'b':
			flow->size = number(optarg, PATTERN_MIN, 65507);
			break;
		case 'g':
			flow->gap_us = number(optarg, 0, 1000000000);
			break;
		case 'o':
			flow->ip_options = true;
			break;
		default:
			usage();
		}
	}
	if (optind + 1 != argc || addr_parse(&flow->target, argv[optind]))
		usage();
}

int main(int argc, char **argv)
{
	struct flow flow = { .count = 100, .size = 64 };
	unsigned long sent;
	int fd;

	parse(&flow, argc, argv);
	fd = flow_open(&flow);
	if (fd < 0) {
		fprintf(stderr, "flow: socket: %s\n", strerror(errno));
		return 1;
	}
	sent = flow_send(&flow, fd);
	printf("%lu\n", sent);
	return sent == flow.count ? 0 : 1;
}
