// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A test run gives a program the same packet each time. These make it another
 * packet each time, before it goes where it is measured: into a program, or
 * into the network stack.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "vary.h"

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} next SEC(".maps");

struct vary vary[VARY_MAX];

static __always_inline void vary_one(struct xdp_md *ctx, struct vary *v)
{
	const void *data_end = (void *)(long)ctx->data_end;
	__u32 off = v->off;
	__be32 *word;

	barrier_var(off);
	if (!off || off > VARY_OFF_MAX)
		return;
	word = (void *)(long)ctx->data + off;
	if ((void *)(word + 1) > data_end)
		return;
	*word = bpf_htonl(v->value);
	v->value = v->value == v->last ? v->first : v->value + v->step;
}

static __always_inline void vary_all(struct xdp_md *ctx)
{
	vary_one(ctx, &vary[0]);
	vary_one(ctx, &vary[1]);
}

/* The stack looks at it. An IPv6 header has none. */
static __always_inline void ip_checksum(struct xdp_md *ctx)
{
	const void *data_end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = (void *)(long)ctx->data;
	struct iphdr *ip = (void *)(eth + 1);
	__u16 *half = (void *)ip;
	__u32 sum = 0;
	int i;

	if ((void *)(ip + 1) > data_end || eth->h_proto != bpf_htons(ETH_P_IP))
		return;
	ip->check = 0;
	for (i = 0; i < 10; i++)
		sum += half[i];
	sum = (sum & 0xffff) + (sum >> 16);
	ip->check = ~(sum + (sum >> 16));
}

SEC("xdp.frags")
int into_program(struct xdp_md *ctx)
{
	vary_all(ctx);
	bpf_tail_call(ctx, &next, 0);
	return XDP_ABORTED;
}

SEC("xdp")
int into_stack(struct xdp_md *ctx)
{
	vary_all(ctx);
	ip_checksum(ctx);
	return XDP_PASS;
}

/* The same for nothing: what the making of the packets costs. */
SEC("xdp")
int into_nowhere(struct xdp_md *ctx)
{
	vary_all(ctx);
	ip_checksum(ctx);
	return XDP_DROP;
}

char _license[] SEC("license") = "Dual BSD/GPL";
