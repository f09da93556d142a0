/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What programs at an end of the cable (cable.h) look for. */
#ifndef EQUIC_SELFTESTS_PROTECT_CABLE_FRAME_H
#define EQUIC_SELFTESTS_PROTECT_CABLE_FRAME_H

#include <stdbool.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

struct headers {
	struct ethhdr	eth;
	struct iphdr	ip;
	struct udphdr	udp;
} __attribute__((packed));

/* A datagram over IPv4 for a port. */
static __always_inline bool is_for(const void *data, const void *data_end,
				   __be16 port)
{
	const struct headers *h = data;

	return (const void *)(h + 1) <= data_end &&
	       h->eth.h_proto == bpf_htons(ETH_P_IP) && h->ip.ihl == 5 &&
	       h->ip.protocol == IPPROTO_UDP && h->udp.dest == port;
}

#endif /* EQUIC_SELFTESTS_PROTECT_CABLE_FRAME_H */
