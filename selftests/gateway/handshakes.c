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
#include "pattern.h"

enum {
	SOURCES_MAX = 64,
	PORTS_MAX = 64,
	HANDSHAKES_MAX = 4096,
	CID_MIN = 8,
	CID_MAX = 20,
	DATAGRAM_BYTES = 1200,	/* RFC 9000, section 14.1 */
	SHORT_BYTES = 48,
};

/* Long header types of version 1 (RFC 9000, section 17.2). */
enum long_type {
	TYPE_INITIAL,
	TYPE_ZERO_RTT,
	TYPE_HANDSHAKE,
};

static const uint32_t versions[] = { 0x00000001, 0x6b3343cf };

struct handshake {
	int fd;
	bool v2;
	uint8_t dcid_len;
	uint8_t scid_len;
	uint8_t dcid[CID_MAX];
	uint8_t second_dcid[CID_MAX];
	uint8_t scid[CID_MAX];
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
	struct handshake known[HANDSHAKES_MAX];
	unsigned int n_known;
	uint64_t sent;
	uint64_t bytes;
	uint64_t failed;
} all = { .n_ports = 8, .first_port = 20000, .count = 100 };

static unsigned int draw(unsigned int n)
{
	return pattern_next(&all.lots) % n;
}

static void draw_bytes(uint8_t *data, size_t len)
{
	while (len--)
		*data++ = pattern_next(&all.lots);
}

static uint8_t *put_cid(uint8_t *p, const uint8_t *cid, uint8_t len)
{
	*p++ = len;
	memcpy(p, cid, len);
	return p + len;
}

static void put_long(uint8_t data[DATAGRAM_BYTES], const struct handshake *h,
		     enum long_type type, const uint8_t *dcid)
{
	uint32_t version = versions[h->v2];
	/* RFC 9369, section 3.2: each type of version 1 plus one. */
	uint8_t bits = (type + h->v2) & 3, *p = data;
	unsigned int rest;
	int i;

	*p++ = 0xc0 | bits << 4 | draw(16);
	for (i = 24; i >= 0; i -= 8)
		*p++ = version >> i;
	p = put_cid(p, dcid, h->dcid_len);
	p = put_cid(p, h->scid, h->scid_len);
	if (type == TYPE_INITIAL)
		*p++ = 0;	/* no token */
	rest = data + DATAGRAM_BYTES - p - 2;
	*p++ = 0x40 | rest >> 8;
	*p++ = rest;
	draw_bytes(p, rest);
}

static void put_short(uint8_t data[SHORT_BYTES], const struct handshake *h)
{
	draw_bytes(data, SHORT_BYTES);
	data[0] = 0x40 | (data[0] & 0x3f);
	memcpy(data + 1, h->second_dcid, h->dcid_len);
}

static void transmit(const struct handshake *h, const uint8_t *data, size_t len)
{
	if (sendto(h->fd, data, len, 0, &all.target.sa,
		   addr_len(&all.target)) == (ssize_t)len) {
		all.sent++;
		all.bytes += len;
	} else {
		all.failed++;
	}
}

static void send_new(uint8_t *data)
{
	struct handshake *h = &all.known[all.n_known++];

	h->fd = all.fds[draw(all.n_sources * all.n_ports)];
	h->v2 = draw(4) == 0;
	h->dcid_len = CID_MIN + draw(CID_MAX - CID_MIN + 1);
	h->scid_len = draw(CID_MAX + 1);
	draw_bytes(h->dcid, sizeof(h->dcid));
	draw_bytes(h->second_dcid, sizeof(h->second_dcid));
	draw_bytes(h->scid, sizeof(h->scid));
	put_long(data, h, TYPE_INITIAL, h->dcid);
	transmit(h, data, DATAGRAM_BYTES);
}

static void send_again(uint8_t *data)
{
	const struct handshake *h = &all.known[draw(all.n_known)];

	switch (draw(8)) {
	case 0:
		put_long(data, h, TYPE_INITIAL, h->second_dcid);
		break;
	case 1:
		put_long(data, h, TYPE_ZERO_RTT, h->dcid);
		break;
	case 2:
		put_long(data, h, TYPE_HANDSHAKE, h->second_dcid);
		break;
	case 3:
		put_short(data, h);
		transmit(h, data, SHORT_BYTES);
		return;
	default:
		put_long(data, h, TYPE_INITIAL, h->dcid);
	}
	transmit(h, data, DATAGRAM_BYTES);
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
	uint8_t data[DATAGRAM_BYTES];
	unsigned int i;

	for (i = 0; i < all.count; i++) {
		if (!all.n_known || draw(2))
			send_new(data);
		else
			send_again(data);
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
