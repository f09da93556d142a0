// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The gateway: every packet of a device passes here, those for a service are
 * decided on by equic.ko.
 *
 * Each step is a global function, which the verifier proves on its own, so an
 * operator can replace it in the running program (BPF_PROG_TYPE_EXT, libbpf's
 * SEC("freplace/NAME")) or link a strong definition instead of the weak one.
 * Weak also keeps the compiler from looking through a step. Their signatures
 * do not change; struct bpf_equic_pkt and struct equic_udp grow at the end.
 *
 *   equic_step_locate    Ethernet to UDP          -> struct equic_udp
 *   equic_step_parse     the QUIC invariants      -> struct bpf_equic_pkt
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
 * @udp: zeroed; to be filled
 *
 * Not for plain IP and UDP right behind Ethernet: that is what nearly every
 * packet of the device is, and equic_gateway() knows it at a glance.
 *
 * Return: 1 when @udp is filled; 0 for a packet that is none of our business.
 */
__weak int equic_step_locate(struct xdp_md *ctx,
			     struct equic_udp *udp __arg_nonnull)
{
	return equic_parse_ip(ctx, udp);
}

/**
 * equic_step_parse - find out what a datagram is
 * @ctx: the packet
 * @udp: where the datagram is; its port is some service's
 * @pkt: zeroed, but for what IP and UDP say; type and connection IDs are to be
 *	filled
 *
 * Return: 0, or a negative number to let the packet pass unseen.
 */
__weak int equic_step_parse(struct xdp_md *ctx,
			    struct equic_udp *udp __arg_nonnull,
			    struct bpf_equic_pkt *pkt __arg_nonnull)
{
	equic_parse_quic(ctx, udp, pkt);
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
					struct equic_udp *udp,
					struct bpf_equic_pkt *pkt)
{
	int drop;

	if (pkt->type == EQUIC_PKT_SHORT && equic_step_parse(ctx, udp, pkt) < 0)
		return XDP_PASS;
	drop = equic_step_verdict(ctx, pkt);
	equic_step_observe(ctx, pkt, drop);
	return drop > 0 ? equic_step_refuse(ctx, pkt, drop) : XDP_PASS;
}

/* A packet of any shape but the plain one. */
static __noinline int equic_other_shape(struct xdp_md *ctx)
{
	struct bpf_equic_pkt pkt = {};
	struct equic_udp udp = {};

	if (!equic_step_locate(ctx, &udp))
		return XDP_PASS;
	/* Without a UDP header in the packet there is no port to ask for. */
	if (udp.type != EQUIC_PKT_LATER_FRAGMENT &&
	    udp.type != EQUIC_PKT_EXT_HEADERS &&
	    !bpf_xdp_equic_port(ctx, udp.dport))
		return XDP_PASS;
	if (equic_pkt_init(ctx, &udp, &pkt))
		return XDP_PASS;
	return equic_decide(ctx, &udp, &pkt);
}

/* Inlined: what most packets of a service are pays for no call. */
static __always_inline int equic_plain_shape(struct xdp_md *ctx, int family)
{
	struct bpf_equic_pkt pkt = {};
	struct equic_udp udp = {};

	if (!equic_parse_plain(ctx, family, &udp, &pkt))
		return XDP_PASS;
	return equic_decide(ctx, &udp, &pkt);
}

SEC("xdp.frags")
int equic_gateway(struct xdp_md *ctx)
{
	__be16 dport = 0;
	int family;

	/* Every packet of the device comes this far. */
	family = equic_glance(ctx, &dport);
	if (!family)
		return XDP_PASS;
	if (family < 0)
		return equic_other_shape(ctx);
	if (!bpf_xdp_equic_port(ctx, dport))
		return XDP_PASS;
	return equic_plain_shape(ctx, family);
}

char _license[] SEC("license") = "Dual BSD/GPL";
