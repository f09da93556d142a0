// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The gateway: every packet of a device passes here, those for a service are
 * decided on by equic.ko.
 *
 * Each step is a global function, which the verifier proves on its own, so an
 * operator can replace it in the running program (BPF_PROG_TYPE_EXT, libbpf's
 * SEC("freplace/NAME")) or link a strong definition instead of the weak one.
 * Weak also keeps the compiler from looking through a step. Their signatures
 * do not change; struct bpf_equic_pkt grows at the end.
 *
 *   equic_step_locate    Ethernet to UDP          -> addresses, ports, payload
 *   equic_step_parse     the QUIC invariants      -> type, connection IDs
 *   equic_step_verdict   the module's decision    -> enum equic_drop
 *   equic_step_refuse    what becomes of a drop   -> XDP action
 *   equic_step_observe   sees packet and verdict
 */
#include <linux/bpf.h>
#include <linux/equic.h>
#include <bpf/bpf_helpers.h>
#include "equic_kfuncs.h"
#include "packet.h"
#include "parse_ip.h"
#include "parse_quic.h"

/**
 * equic_step_locate - find the UDP datagram in a packet
 * @ctx: the packet
 * @pkt: zeroed; addresses, ports, family, lengths, payload and type are to be
 *	filled
 *
 * Not for plain IP and UDP right behind Ethernet: that is what nearly every
 * packet of the device is, and equic_gateway() knows it at a glance.
 *
 * Return: 1 when @pkt is filled; 0 for a packet that is none of our business.
 */
__weak int equic_step_locate(struct xdp_md *ctx,
			     struct bpf_equic_pkt *pkt __arg_nonnull)
{
	return equic_parse_ip(ctx, pkt);
}

/**
 * equic_step_parse - find out what a datagram is
 * @ctx: the packet
 * @pkt: what IP and UDP say, and the port is some service's; type and connection
 *	IDs, which are 0, are to be filled (behind a connection ID's length, any
 *	bytes will do)
 *
 * Return: 0, or a negative number to let the packet pass unseen.
 */
__weak int equic_step_parse(struct xdp_md *ctx,
			    struct bpf_equic_pkt *pkt __arg_nonnull)
{
	equic_parse_quic(ctx, pkt);
	return 0;
}

/**
 * equic_step_verdict - decide on a packet, and account for it
 * @ctx: the packet
 * @pkt: what is known of it
 *
 * Return: enum equic_drop when it is to be dropped; 0 or a negative number
 * when it is to pass.
 */
__weak int equic_step_verdict(struct xdp_md *ctx,
			      struct bpf_equic_pkt *pkt __arg_nonnull)
{
	return bpf_xdp_equic_verdict(ctx, pkt, sizeof(*pkt));
}

/**
 * equic_step_refuse - answer a packet that is to be dropped
 * @ctx: the packet
 * @pkt: what is known of it
 * @drop: enum equic_drop: why
 *
 * Return: the XDP action. XDP_DROP is silence.
 */
__weak int equic_step_refuse(struct xdp_md *ctx,
			     struct bpf_equic_pkt *pkt __arg_nonnull, int drop)
{
	return XDP_DROP;
}

/**
 * equic_step_observe - see what was decided
 * @ctx: the packet
 * @pkt: what is known of it
 * @drop: the verdict: enum equic_drop, or 0 or negative for a packet that
 *	passes
 *
 * Runs for every packet of a service and changes nothing.
 *
 * Return: ignored.
 */
__weak int equic_step_observe(struct xdp_md *ctx,
			      struct bpf_equic_pkt *pkt __arg_nonnull, int drop)
{
	return 0;
}

/* What is known of @pkt is what IP and UDP say. */
static __always_inline int equic_decide(struct xdp_md *ctx,
					struct bpf_equic_pkt *pkt)
{
	int drop;

	if (pkt->type == EQUIC_PKT_SHORT && equic_step_parse(ctx, pkt) < 0)
		return XDP_PASS;
	drop = equic_step_verdict(ctx, pkt);
	equic_step_observe(ctx, pkt, drop);
	return drop > 0 ? equic_step_refuse(ctx, pkt, drop) : XDP_PASS;
}

/* A packet of any shape but the plain one. */
static __noinline int equic_other_shape(struct xdp_md *ctx)
{
	struct bpf_equic_pkt pkt = {};

	if (!equic_step_locate(ctx, &pkt))
		return XDP_PASS;
	/* Without a UDP header in the packet there is no port to ask for. */
	if (pkt.type != EQUIC_PKT_LATER_FRAGMENT &&
	    pkt.type != EQUIC_PKT_EXT_HEADERS &&
	    !bpf_xdp_equic_port(ctx, pkt.dport))
		return XDP_PASS;
	return equic_decide(ctx, &pkt);
}

/* Inlined for each family: what most packets of a service are pays no call. */
static __always_inline int equic_plain_shape(struct xdp_md *ctx,
					     const int family, __be16 dport)
{
	struct bpf_equic_pkt pkt;

	if (!bpf_xdp_equic_port(ctx, dport) ||
	    !equic_parse_plain(ctx, family, &pkt))
		return XDP_PASS;
	return equic_decide(ctx, &pkt);
}

SEC("xdp.frags")
int equic_gateway(struct xdp_md *ctx)
{
	__be16 dport = 0;

	/* Every packet of the device comes this far. */
	switch (equic_glance(ctx, &dport)) {
	case 0:
		return XDP_PASS;
	case AF_INET:
		return equic_plain_shape(ctx, AF_INET, dport);
	case AF_INET6:
		return equic_plain_shape(ctx, AF_INET6, dport);
	}
	return equic_other_shape(ctx);
}

char _license[] SEC("license") = "Dual BSD/GPL";
