// SPDX-License-Identifier: GPL-2.0-only
/*
 * handshakes [OPTION]... ADDR:PORT: what many clients send who begin
 * connections and get no answer, the same for the same seed to the last byte
 * and port: first Initials, their repetitions, Initials under a second DCID,
 * 0-RTT, and now and then a Handshake or short-header packet. Nothing in them
 * is sealed; who has no keys cannot tell.
 */
#include <errno.h>
#include <getopt.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../h3/net/addr.h"
#include "../h3/net/udp.h"
#include "initial.h"
#include "pattern.h"

enum {
	SOURCES_MAX = 64,
	PORTS_MAX = 64,
	HANDSHAKES_MAX = 4096,
	SHORT_BYTES = 48,
};

struct known {
	int fd;
	struct handshake handshake;
	uint8_t second_dcid[INITIAL_CID_MAX];
};

static struct {
	union addr target;
	union addr sources[SOURCES_MAX];
	unsigned int n_sources;
	unsigned int n_ports;
	unsigned int first_port;
	unsigned int count;
	uint64_t lots;
	int fds[SOURCES_MAX * PORTS_MAX];
	struct known known[HANDSHAKES_MAX];
	unsigned int n_known;
	uint64_t sent;
	uint64_t bytes;
	uint64_t failed;
} all = { .n_ports = 8, .first_port = 20000, .count = 100 };

static void transmit(const struct known *known, const uint8_t *data, size_t len)
{
	if (sendto(known->fd, data, len, 0, &all.target.sa,
		   addr_len(&all.target)) == (ssize_t)len) {
		all.sent++;
		all.bytes += len;
	} else {
		all.failed++;
	}
}

static void send_long(const struct known *known, enum long_type type,
		      const uint8_t *dcid)
{
	uint8_t data[INITIAL_BYTES];

	initial_put(data, &known->handshake, type, dcid, &all.lots);
	transmit(known, data, sizeof(data));
}

static void send_short(const struct known *known)
{
	uint8_t data[SHORT_BYTES];

	pattern_draw_bytes(&all.lots, data, sizeof(data));
	data[0] = 0x40 | (data[0] & 0x3f);
	memcpy(data + 1, known->second_dcid, known->handshake.dcid_len);
	transmit(known, data, sizeof(data));
}

static void send_new(void)
{
	struct known *known = &all.known[all.n_known++];

	known->fd = all.fds[pattern_draw(&all.lots,
					 all.n_sources * all.n_ports)];
	initial_choose(&known->handshake, &all.lots);
	pattern_draw_bytes(&all.lots, known->second_dcid,
			   sizeof(known->second_dcid));
	send_long(known, TYPE_INITIAL, known->handshake.dcid);
}

static void send_again(void)
{
	const struct known *known =
		&all.known[pattern_draw(&all.lots, all.n_known)];

	switch (pattern_draw(&all.lots, 8)) {
	case 0:
		send_long(known, TYPE_INITIAL, known->second_dcid);
		break;
	case 1:
		send_long(known, TYPE_ZERO_RTT, known->handshake.dcid);
		break;
	case 2:
		send_long(known, TYPE_HANDSHAKE, known->second_dcid);
		break;
	case 3:
		send_short(known);
		break;
	default:
		send_long(known, TYPE_INITIAL, known->handshake.dcid);
	}
}

static int open_sockets(void)
{
	unsigned int s, p, n = 0;

	for (s = 0; s < all.n_sources; s++) {
		for (p = 0; p < all.n_ports; p++) {
			union addr local = all.sources[s];

			addr_set_port(&local, all.first_port + p);
			all.fds[n] = udp_open(&local, 0);
			if (all.fds[n] < 0) {
				fprintf(stderr, "handshakes: socket: %s\n",
					strerror(-all.fds[n]));
				return -1;
			}
			n++;
		}
	}
	return 0;
}

static void send_all(void)
{
	unsigned int i;

	for (i = 0; i < all.count; i++) {
		if (!all.n_known || pattern_draw(&all.lots, 2))
			send_new();
		else
			send_again();
	}
}

static void report(void)
{
	json_object *root = json_object_new_object();

	json_object_object_add(root, "sent_datagrams",
			       json_object_new_int64(all.sent));
	json_object_object_add(root, "sent_bytes",
			       json_object_new_int64(all.bytes));
	json_object_object_add(root, "send_errors",
			       json_object_new_int64(all.failed));
	json_object_object_add(root, "handshakes",
			       json_object_new_int64(all.n_known));
	puts(json_object_to_json_string_ext(root, JSON_C_TO_STRING_PLAIN));
	json_object_put(root);
}

static void usage(void)
{
	fprintf(stderr, "usage: handshakes [--seed N] [--count N] [--ports N]\n"
		"                  [--first-port N] --source ADDR[,ADDR]... ADDR:PORT\n");
	exit(2);
}

static unsigned int number(const char *text, unsigned int max)
{
	unsigned long value;
	char *end;

	value = strtoul(text, &end, 10);
	if (end == text || *end || !value || value > max)
		usage();
	return value;
}

static void add_sources(char *list)
{
	char *item, *rest = NULL;

	for (item = strtok_r(list, ",", &rest); item;
	     item = strtok_r(NULL, ",", &rest))
		if (all.n_sources == SOURCES_MAX ||
		    addr_parse_host(&all.sources[all.n_sources++], item))
			usage();
}

static void parse(int argc, char **argv)
{
	static const struct option options[] = {
		{ "seed", required_argument, NULL, 'r' },
		{ "count", required_argument, NULL, 'n' },
		{ "ports", required_argument, NULL, 'p' },
		{ "first-port", required_argument, NULL, 'f' },
		{ "source", required_argument, NULL, 's' },
		{ 0 }
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'r':
			all.lots = number(optarg, 1U << 31);
			break;
		case 'n':
			all.count = number(optarg, HANDSHAKES_MAX);
			break;
		case 'p':
			all.n_ports = number(optarg, PORTS_MAX);
			break;
		case 'f':
			all.first_port = number(optarg, 65535 - PORTS_MAX);
			break;
		case 's':
			add_sources(optarg);
			break;
		default:
			usage();
		}
	}
	if (optind + 1 != argc || addr_parse(&all.target, argv[optind]) ||
	    !all.n_sources)
		usage();
}

int main(int argc, char **argv)
{
	parse(argc, argv);
	if (open_sockets())
		return 1;
	send_all();
	report();
	return all.failed ? 1 : 0;
}
