// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Opens and seals the QUIC packets for one port where packets really pass: XDP in
 * the driver and behind it, TC at both ends. What leaves is what came, if all
 * goes well.
 */
#include <stdbool.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/pkt_cls.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "equic_kfuncs.h"

/* Written by the test: what does not change from packet to packet. */
__be16 port;
struct bpf_equic_packet opening, sealing;

/* Read by the test: of the last packet. */
int opened, sealed;
__u64 pn;
__u32 packets;

struct headers {
	struct ethhdr	eth;
	struct iphdr	ip;
	struct udphdr	udp;
} __attribute__((packed));

static __always_inline bool is_ours(const void *data, const void *data_end)
{
	const struct headers *h = data;

	return (const void *)(h + 1) <= data_end &&
	       h->eth.h_proto == bpf_htons(ETH_P_IP) && h->ip.ihl == 5 &&
	       h->ip.protocol == IPPROTO_UDP && h->udp.dest == port;
}

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

	if (is_ours(data, data_end))
		ROUND(xdp, ctx, data_end - data);
	return XDP_PASS;
}

SEC("tc")
int live_tc(struct __sk_buff *ctx)
{
	/* All of it in one piece, and nobody else's. */
	if (bpf_skb_pull_data(ctx, ctx->len))
		return TC_ACT_UNSPEC;
	if (is_ours((void *)(long)ctx->data, (void *)(long)ctx->data_end))
		ROUND(skb, ctx, ctx->len);
	return TC_ACT_UNSPEC;
}

char _license[] SEC("license") = "GPL";
