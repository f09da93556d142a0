// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Opens the packets for one port where they really pass: to a buffer, and in
 * place, in TC only as it comes first and after bpf_skb_pull_data(). In XDP it
 * may seal them again.
 */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>
#include "equic_kfuncs.h"
#include "cable_frame.h"
#include "protect_room.h"

/* Written by the test. */
__be16 port;
__u32 key;
__u32 sealer;
__u32 resealer;				/* 0: it leaves them open */
__u16 pn_off;

/* Read by the test: what came of the last packet, 1 where nothing was asked. */
__u32 packets;
__u32 linear;
int copied = 1, sealed = 1, opened = 1, pulled = 1, resealed = 1;
__u8 plain[PLAIN_ROOM];

static __always_inline struct bpf_equic_packet describe(__u32 len)
{
	struct bpf_equic_packet packet = {
		.key = key,
		.off = sizeof(struct headers),
		.len = len - sizeof(struct headers),
		.pn_off = pn_off,
		.udp_off = offsetof(struct headers, udp),
	};

	return packet;
}

SEC("xdp.frags")
int pieces_xdp(struct xdp_md *ctx)
{
	struct bpf_equic_packet packet = describe(bpf_xdp_get_buff_len(ctx));

	if (!is_for((void *)(long)ctx->data, (void *)(long)ctx->data_end,
		    port))
		return XDP_PASS;
	packets++;
	linear = ctx->data_end - ctx->data;
	copied = bpf_xdp_equic_open_copy(ctx, &packet, sizeof(packet), plain,
					 sizeof(plain));
	packet = describe(bpf_xdp_get_buff_len(ctx));
	packet.key = sealer;
	sealed = bpf_xdp_equic_seal(ctx, &packet, sizeof(packet));
	packet = describe(bpf_xdp_get_buff_len(ctx));
	opened = bpf_xdp_equic_open(ctx, &packet, sizeof(packet));
	if (opened || !resealer)
		return XDP_PASS;
	packet.key = resealer;
	resealed = bpf_xdp_equic_seal(ctx, &packet, sizeof(packet));
	return XDP_PASS;
}

SEC("tc")
int pieces_tc(struct __sk_buff *ctx)
{
	struct bpf_equic_packet packet = describe(ctx->len);

	if (!is_for((void *)(long)ctx->data, (void *)(long)ctx->data_end,
		    port))
		return TC_ACT_UNSPEC;
	packets++;
	linear = ctx->data_end - ctx->data;
	copied = bpf_skb_equic_open_copy(ctx, &packet, sizeof(packet), plain,
					 sizeof(plain));
	packet = describe(ctx->len);
	packet.key = sealer;
	sealed = bpf_skb_equic_seal(ctx, &packet, sizeof(packet));
	packet = describe(ctx->len);
	opened = bpf_skb_equic_open(ctx, &packet, sizeof(packet));
	if (!opened || bpf_skb_pull_data(ctx, ctx->len))
		return TC_ACT_UNSPEC;
	packet = describe(ctx->len);
	pulled = bpf_skb_equic_open(ctx, &packet, sizeof(packet));
	return TC_ACT_UNSPEC;
}

char _license[] SEC("license") = "GPL";
