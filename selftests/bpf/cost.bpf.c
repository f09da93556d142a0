// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What the gateway's cost is compared with: the least that a program has to do
 * which looks at UDP ports, and the least that one has to do which counts
 * packets by source address. Without VLANs, options or fragments.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "equic_kfuncs.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1 << 16);
	__type(key, __be32);
	__type(value, __u64);
} packets SEC(".maps");

/* The IPv4 header when a UDP header follows it, else NULL. */
static __always_inline const struct iphdr *parse(struct xdp_md *ctx,
						 __be16 *dport)
{
	const void *data = (void *)(long)ctx->data;
	const void *data_end = (void *)(long)ctx->data_end;
	const struct ethhdr *eth = data;
	const struct iphdr *ip = data + sizeof(*eth);
	const struct udphdr *udp = (void *)(ip + 1);

	if ((void *)(udp + 1) > data_end)
		return NULL;
	if (eth->h_proto != bpf_htons(ETH_P_IP) || ip->version != 4 ||
	    ip->ihl != 5 || ip->protocol != IPPROTO_UDP ||
	    ip->frag_off & bpf_htons(0x3fff))
		return NULL;
	*dport = udp->dest;
	return ip;
}

SEC("xdp.frags")
int parse_only(struct xdp_md *ctx)
{
	__be16 dport;

	if (parse(ctx, &dport) && dport == bpf_htons(7))
		return XDP_DROP;
	return XDP_PASS;
}

SEC("xdp.frags")
int parse_only6(struct xdp_md *ctx)
{
	const void *data = (void *)(long)ctx->data;
	const void *data_end = (void *)(long)ctx->data_end;
	const struct ethhdr *eth = data;
	const struct ipv6hdr *ip = data + sizeof(*eth);
	const struct udphdr *udp = (void *)(ip + 1);

	if ((void *)(udp + 1) > data_end)
		return XDP_PASS;
	if (eth->h_proto == bpf_htons(ETH_P_IPV6) && ip->version == 6 &&
	    ip->nexthdr == IPPROTO_UDP && udp->dest == bpf_htons(7))
		return XDP_DROP;
	return XDP_PASS;
}

SEC("xdp.frags")
int hash_lookup(struct xdp_md *ctx)
{
	const struct iphdr *ip;
	__u64 *count, one = 1;
	__be16 dport;
	__be32 saddr;

	ip = parse(ctx, &dport);
	if (!ip || dport != bpf_htons(443))
		return XDP_PASS;
	saddr = ip->saddr;
	count = bpf_map_lookup_elem(&packets, &saddr);
	if (count)
		__sync_fetch_and_add(count, 1);
	else
		bpf_map_update_elem(&packets, &saddr, &one, BPF_ANY);
	return XDP_PASS;
}

/* The module's share: its two functions alone. */
struct bpf_equic_pkt pkt;

SEC("xdp.frags")
int port(struct xdp_md *ctx)
{
	return bpf_xdp_equic_port(ctx, pkt.dport) ? XDP_PASS : XDP_DROP;
}

SEC("xdp.frags")
int verdict(struct xdp_md *ctx)
{
	return bpf_xdp_equic_verdict(ctx, &pkt, sizeof(pkt)) ? XDP_DROP :
							       XDP_PASS;
}

/* Ends the pending connection of the handshake in pkt. */
SEC("xdp.frags")
int release(struct xdp_md *ctx)
{
	struct bpf_equic_opts opts = {};

	return bpf_xdp_equic_release(ctx, &pkt, sizeof(pkt), &opts,
				     sizeof(opts)) ? XDP_DROP : XDP_PASS;
}

SEC("xdp.frags")
int nothing(struct xdp_md *ctx)
{
	return XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
