// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The gateway program without equic.ko: stand-ins for the two kfuncs remember
 * what they were asked and answer what the test wants, so that any kernel can
 * run the parser.
 */
#define _EQUIC_KFUNCS_H

#include <linux/bpf.h>
#include <linux/equic.h>
#include <bpf/bpf_helpers.h>

/* Written by the test. */
__be16 service_port;
int verdict;
__u32 cut;

/* Read by the test, which zeroes them before each packet. */
__u32 linear;
__u32 port_calls;
__u32 port_refusals;
__u32 verdict_calls;
__u32 verdict_size;
struct bpf_equic_pkt seen;

static int bpf_xdp_equic_port(struct xdp_md *ctx, __be16 dport)
{
	port_calls++;
	port_refusals += dport != service_port;
	return dport == service_port;
}

static int bpf_xdp_equic_verdict(struct xdp_md *ctx, struct bpf_equic_pkt *pkt,
				 __u32 pkt__sz)
{
	verdict_calls++;
	verdict_size = pkt__sz;
	seen = *pkt;
	return verdict;
}

#include "../../bpf/gateway.bpf.c"

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} gateway SEC(".maps");

/*
 * A test run puts a packet's first bytes, as many as there is room for, into
 * the linear part. Cutting off its beginning moves the end of the linear part
 * to wherever the test wants it in the rest.
 */
SEC("xdp.frags")
int equic_cut(struct xdp_md *ctx)
{
	linear = ctx->data_end - ctx->data;
	if (cut && bpf_xdp_adjust_head(ctx, cut))
		return XDP_ABORTED;
	bpf_tail_call(ctx, &gateway, 0);
	return XDP_ABORTED;
}
