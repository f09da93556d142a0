// SPDX-License-Identifier: GPL-2.0-only
/* See wire.h. */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "ktap.h"
#include "wire.h"

enum {
	PAYLOAD		= 1200,	/* RFC 9000, section 14.1 */
	SHORT_PAYLOAD	= 40,
	LONG_FORM	= 0xc0,	/* with the fixed bit */
	SHORT_FORM	= 0x40,
};

static struct bpf_object *gateway;
static int gateway_fd;

static size_t put_cid(__u8 *p, const __u8 *cid, __u8 len)
{
	p[0] = len;
	memcpy(p + 1, cid, len);
	return 1 + len;
}

/* RFC 9000, section 17.2. What follows the connection IDs is not for us. */
static void put_long(__u8 *p, const struct bpf_equic_pkt *pkt, int type)
{
	__u8 *begin = p;

	*p++ = LONG_FORM | type << 4;
	*p++ = 0;
	*p++ = 0;
	*p++ = 0;
	*p++ = 1;
	p += put_cid(p, pkt->dcid, pkt->dcid_len);
	p += put_cid(p, pkt->scid, pkt->scid_len);
	if (!type)
		*p++ = 0;	/* no token */
	/* One packet, to the end of the datagram. */
	*p = 0x40 | (begin + PAYLOAD - p - 2) >> 8;
	p[1] = (begin + PAYLOAD - p - 2) & 0xff;
}

static size_t put_quic(__u8 *p, const struct bpf_equic_pkt *pkt)
{
	memset(p, 0, PAYLOAD);
	switch (pkt->type) {
	case EQUIC_PKT_INITIAL:
		put_long(p, pkt, 0);
		return PAYLOAD;
	case EQUIC_PKT_ZERO_RTT:
		put_long(p, pkt, 1);
		return PAYLOAD;
	case EQUIC_PKT_HANDSHAKE:
		put_long(p, pkt, 2);
		return PAYLOAD;
	case EQUIC_PKT_SMALL_INITIAL:
		put_long(p, pkt, 0);
		return PAYLOAD - 1;
	default:
		*p = SHORT_FORM;
		return SHORT_PAYLOAD;
	}
}

static size_t put_ip(__u8 *p, const struct bpf_equic_pkt *pkt, size_t payload)
{
	struct iphdr ip4 = {
		.version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_UDP,
		.tot_len = htons(sizeof(ip4) + payload),
		.saddr = pkt->saddr[3], .daddr = pkt->daddr[3],
	};
	struct ipv6hdr ip6 = {
		.version = 6, .hop_limit = 64, .nexthdr = IPPROTO_UDP,
		.payload_len = htons(payload),
	};

	if (pkt->family == AF_INET) {
		memcpy(p, &ip4, sizeof(ip4));
		return sizeof(ip4);
	}
	memcpy(&ip6.saddr, pkt->saddr, sizeof(ip6.saddr));
	memcpy(&ip6.daddr, pkt->daddr, sizeof(ip6.daddr));
	memcpy(p, &ip6, sizeof(ip6));
	return sizeof(ip6);
}

size_t wire_of(const struct bpf_equic_pkt *pkt, __u8 frame[WIRE_MAX])
{
	struct ethhdr eth = {
		.h_proto = htons(pkt->family == AF_INET ? ETH_P_IP :
							  ETH_P_IPV6),
	};
	__u8 quic[PAYLOAD];
	size_t len = put_quic(quic, pkt), at = sizeof(eth);
	struct udphdr udp = {
		.source = pkt->sport, .dest = pkt->dport,
		.len = htons(sizeof(udp) + len),
	};

	memcpy(frame, &eth, sizeof(eth));
	at += put_ip(frame + at, pkt, sizeof(udp) + len);
	memcpy(frame + at, &udp, sizeof(udp));
	at += sizeof(udp);
	memcpy(frame + at, quic, len);
	return at + len;
}

void gateway_open(void)
{
	const char *build = getenv("EQUIC_BUILD");
	struct bpf_program *prog;
	char path[4096];

	snprintf(path, sizeof(path), "%s/bpf/gateway.bpf.o",
		 build ? build : "build");
	gateway = bpf_object__open_file(path, NULL);
	if (!gateway || bpf_object__load(gateway))
		ktap_bail("cannot load %s", path);
	prog = bpf_object__find_program_by_name(gateway, "equic_gateway");
	if (!prog)
		ktap_bail("no equic_gateway in %s", path);
	gateway_fd = bpf_program__fd(prog);
}

void gateway_close(void)
{
	bpf_object__close(gateway);
	gateway = NULL;
}

int gateway_run(const __u8 *frame, size_t len)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts,
		    .data_in = frame, .data_size_in = len);
	int err = bpf_prog_test_run_opts(gateway_fd, &opts);

	if (err) {
		errno = -err;
		ktap_bail("test run of %zu bytes", len);
	}
	return opts.retval;
}
