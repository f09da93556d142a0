// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Somebody else's TC program over the gateway's parse headers. */
#define EQUIC_PARSE_SKB
#include "packet.h"
#include "parse_ip.h"
#include "parse_quic.h"

/* Written by the test. */
__be16 service_port;

/* Read by the test. */
struct bpf_equic_pkt seen;

/* Returns enum outcome: 0 UNSEEN, 1 FOREIGN, 2 DECIDED. */
SEC("tc")
int parse_skb(struct __sk_buff *skb)
{
	struct bpf_equic_pkt pkt = {};

	if (!equic_parse_ip(skb, &pkt))
		return 0;
	if (pkt.type != EQUIC_PKT_LATER_FRAGMENT &&
	    pkt.type != EQUIC_PKT_EXT_HEADERS && pkt.dport != service_port)
		return 1;
	if (pkt.type == EQUIC_PKT_SHORT)
		equic_parse_quic(skb, &pkt);
	seen = pkt;
	return 2;
}

char _license[] SEC("license") = "Dual BSD/GPL";
