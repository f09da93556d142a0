// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Opens and seals the QUIC packets for one port where packets really pass: XDP in
 * the driver and behind it, TC at both ends. What leaves is what came, if all
 * goes well.
 */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>
#include "equic_kfuncs.h"
#include "cable_frame.h"

/* Written by the test: what does not change from packet to packet. */
__be16 port;
struct bpf_equic_packet opening, sealing;

/* Read by the test: of the last packet. */
int opened, sealed;
__u64 pn;
__u32 packets;

static __always_inline void describe(struct bpf_equic_packet *packet, __u32 len)
{
	packet->off = sizeof(struct headers);
	packet->len = len - sizeof(struct headers);
	packet->udp_off = offsetof(struct headers, udp);
}

#define ROUND(hook, ctx, length) do {					\
	struct bpf_equic_packet o = opening, s = sealing;		\
									\
	__sync_fetch_and_add(&packets, 1);				\
	describe(&o, length);						\
	describe(&s, length);						\
	opened = bpf_ ## hook ## _equic_open(ctx, &o, sizeof(o));	\
	if (opened)							\
		break;							\
	pn = s.pn = o.pn;						\
	s.epoch = o.epoch;						\
	sealed = bpf_ ## hook ## _equic_seal(ctx, &s, sizeof(s));	\
} while (0)

SEC("xdp")
int live_xdp(struct xdp_md *ctx)
{
	const void *data = (void *)(long)ctx->data;
	const void *data_end = (void *)(long)ctx->data_end;

	if (is_for(data, data_end, port))
		ROUND(xdp, ctx, data_end - data);
	return XDP_PASS;
}

SEC("tc")
int live_tc(struct __sk_buff *ctx)
{
	/* All of it in one piece, and nobody else's. */
	if (bpf_skb_pull_data(ctx, ctx->len))
		return TC_ACT_UNSPEC;
	if (is_for((void *)(long)ctx->data, (void *)(long)ctx->data_end,
		    port))
		ROUND(skb, ctx, ctx->len);
	return TC_ACT_UNSPEC;
}

char _license[] SEC("license") = "GPL";
