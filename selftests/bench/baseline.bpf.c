// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What the gateway is measured beside: programs that do the least, and the
 * algorithm of the 2021 eQUIC gateway, which looks a source address up in a hash
 * map of counters that user space keeps.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

enum {
	PORT		= 443,
	/* The paper's: the sixth connection of a client is one too many. */
	LIMIT		= 5,
	CLIENTS_MAX	= 1 << 20,
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, CLIENTS_MAX);
	__type(key, __be32);
	__type(value, __u32);
} counters SEC(".maps");

/* The IPv4 header when a UDP header for the port follows it, else NULL. */
static __always_inline const struct iphdr *parse(struct xdp_md *ctx)
{
	const void *data = (void *)(long)ctx->data;
	const void *data_end = (void *)(long)ctx->data_end;
	const struct ethhdr *eth = data;
	const struct iphdr *ip = data + sizeof(*eth);
	const struct udphdr *udp = (void *)(ip + 1);

	if ((void *)(udp + 1) > data_end)
		return NULL;
	if (eth->h_proto != bpf_htons(ETH_P_IP) || ip->ihl != 5 ||
	    ip->protocol != IPPROTO_UDP || udp->dest != bpf_htons(PORT))
		return NULL;
	return ip;
}

SEC("xdp.frags")
int drop_only(struct xdp_md *ctx)
{
	return XDP_DROP;
}

SEC("xdp.frags")
int parse_drop(struct xdp_md *ctx)
{
	return parse(ctx) ? XDP_DROP : XDP_PASS;
}

SEC("xdp.frags")
int parse_drop6(struct xdp_md *ctx)
{
	const void *data = (void *)(long)ctx->data;
	const void *data_end = (void *)(long)ctx->data_end;
	const struct ethhdr *eth = data;
	const struct ipv6hdr *ip = data + sizeof(*eth);
	const struct udphdr *udp = (void *)(ip + 1);

	if ((void *)(udp + 1) > data_end)
		return XDP_PASS;
	if (eth->h_proto == bpf_htons(ETH_P_IPV6) &&
	    ip->nexthdr == IPPROTO_UDP && udp->dest == bpf_htons(PORT))
		return XDP_DROP;
	return XDP_PASS;
}

SEC("xdp.frags")
int prototype(struct xdp_md *ctx)
{
	const struct iphdr *ip = parse(ctx);
	const __u32 *count;
	__be32 saddr;

	if (!ip)
		return XDP_PASS;
	saddr = ip->saddr;
	count = bpf_map_lookup_elem(&counters, &saddr);
	if (count && *count > LIMIT)
		return XDP_DROP;
	return XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
