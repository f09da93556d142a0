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

/* Read by the test, which zeroes them before each packet. */
__u32 port_calls;
__u32 verdict_calls;
__u32 verdict_size;
struct bpf_equic_pkt seen;

static int bpf_xdp_equic_port(struct xdp_md *ctx, __be16 dport)
{
	port_calls++;
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
