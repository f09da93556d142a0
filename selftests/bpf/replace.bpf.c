// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * An operator's own steps for the gateway program. Each takes the place of the
 * global function of the same name while traffic runs.
 */
#include <linux/bpf.h>
#include <linux/equic.h>
#include <bpf/bpf_helpers.h>

/* Read by the test: what the observing step saw. */
__u32 observed_type;
int observed_drop;
__u32 observed;

/* Nothing is found in any packet. */
SEC("freplace/equic_step_locate")
int locate(struct xdp_md *ctx, struct bpf_equic_pkt *pkt)
{
	return 0;
}

/* Every datagram is a Handshake. */
SEC("freplace/equic_step_parse")
int parse(struct xdp_md *ctx, struct bpf_equic_pkt *pkt)
{
	if (!pkt)
		return -1;
	pkt->type = EQUIC_PKT_HANDSHAKE;
	return 0;
}

/* Every packet is denied. */
SEC("freplace/equic_step_verdict")
int verdict(struct xdp_md *ctx, struct bpf_equic_pkt *pkt)
{
	return EQUIC_DROP_DENIED;
}

/* A refused packet is sent back instead of dropped. */
SEC("freplace/equic_step_refuse")
int refuse(struct xdp_md *ctx, struct bpf_equic_pkt *pkt, int drop)
{
	return XDP_TX;
}

SEC("freplace/equic_step_observe")
int observe(struct xdp_md *ctx, struct bpf_equic_pkt *pkt, int drop)
{
	if (pkt)
		observed_type = pkt->type;
	observed_drop = drop;
	observed++;
	return 0;
}

char _license[] SEC("license") = "Dual BSD/GPL";
