/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The kfuncs of equic.ko, for any XDP or TC program.
 *
 * Include <linux/equic.h> and this file, build with BTF (-g), load with libbpf
 * while equic.ko is loaded. Programs that use a kfunc pin the module.
 *
 * Context of all: XDP (BPF_PROG_TYPE_XDP: the _xdp_ names) and TC ingress or
 * egress (BPF_PROG_TYPE_SCHED_CLS: the _skb_ names). The state they see is that
 * of the network namespace of the packet's device. None sleeps, none invalidates
 * packet pointers; those that change the packet say so.
 *
 * Errors of all functions with a size: -EINVAL when the size is smaller than
 * the first version of the struct, or when a byte the module does not know is
 * not 0; reserved fields must be 0.
 */
#ifndef _EQUIC_KFUNCS_H
#define _EQUIC_KFUNCS_H

#include <linux/bpf.h>
#include <linux/equic.h>
#include <bpf/bpf_helpers.h>

/**
 * bpf_xdp_equic_port - may a UDP packet to this port be for a service?
 * @ctx: the packet's context
 * @dport: its destination port, network byte order
 *
 * The cheap test to do before anything else about a packet: one bit. True says
 * that some service uses the port, not that the packet is for it.
 *
 * Return: 1 or 0.
 */
extern int bpf_xdp_equic_port(struct xdp_md *ctx, __be16 dport) __ksym;
extern int bpf_skb_equic_port(struct __sk_buff *ctx, __be16 dport) __ksym;

/**
 * bpf_xdp_equic_verdict - decide on a packet, and account for it
 * @ctx: the packet's context
 * @pkt: what the program parsed
 * @pkt__sz: sizeof(*pkt)
 *
 * Finds the service and the client, admits or refuses an Initial, counts. An
 * admitted Initial makes a pending connection. To be called once per packet.
 *
 * Return:
 * * 0: pass
 * * > 0: drop; the reason, enum equic_drop
 * * -EINVAL: @pkt makes no sense (pass)
 */
extern int bpf_xdp_equic_verdict(struct xdp_md *ctx, struct bpf_equic_pkt *pkt,
				 __u32 pkt__sz) __ksym;
extern int bpf_skb_equic_verdict(struct __sk_buff *ctx,
				 struct bpf_equic_pkt *pkt,
				 __u32 pkt__sz) __ksym;

/**
 * bpf_xdp_equic_client - read the counts of a packet's client
 * @ctx: the packet's context
 * @pkt: addresses and ports decide; the rest must make sense
 * @pkt__sz: sizeof(*pkt)
 * @opts: receives the counts
 * @opts__sz: sizeof(*opts)
 *
 * Counts nothing, changes nothing. A client that is not in the table has no
 * connections: that is a result, not an error.
 *
 * Return:
 * * 0: @opts is filled
 * * -ENOENT: the packet is for no service
 * * -EINVAL: see above
 */
extern int bpf_xdp_equic_client(struct xdp_md *ctx, struct bpf_equic_pkt *pkt,
				__u32 pkt__sz, struct bpf_equic_opts *opts,
				__u32 opts__sz) __ksym;
extern int bpf_skb_equic_client(struct __sk_buff *ctx,
				struct bpf_equic_pkt *pkt, __u32 pkt__sz,
				struct bpf_equic_opts *opts,
				__u32 opts__sz) __ksym;

/**
 * bpf_xdp_equic_charge - charge a client with a pending connection
 * @ctx: the packet's context
 * @pkt: addresses, ports, and the handshake's DCID and SCID; of type
 *	%EQUIC_PKT_INITIAL or %EQUIC_PKT_ZERO_RTT, for others have none
 * @pkt__sz: sizeof(*pkt)
 * @opts: receives the counts after the charge
 * @opts__sz: sizeof(*opts)
 *
 * For programs with a parser or a policy of their own. The connection is like
 * one that the verdict kfunc admits: it ends at the service's pending-timeout
 * unless its server confirms it. A handshake that is known is not charged
 * again. Counts no packet.
 *
 * Return:
 * * 0: charged, or known
 * * -EDQUOT: the client is at its quota, whatever mode the service has
 * * -ENOENT: the packet is for no service
 * * -ENOSPC: a table is full
 * * -ENOMEM: no memory
 * * -EINVAL: see above
 */
extern int bpf_xdp_equic_charge(struct xdp_md *ctx, struct bpf_equic_pkt *pkt,
				__u32 pkt__sz, struct bpf_equic_opts *opts,
				__u32 opts__sz) __ksym;
extern int bpf_skb_equic_charge(struct __sk_buff *ctx,
				struct bpf_equic_pkt *pkt, __u32 pkt__sz,
				struct bpf_equic_opts *opts,
				__u32 opts__sz) __ksym;

/**
 * bpf_xdp_equic_release - give back what a charge took
 * @ctx: the packet's context
 * @pkt: as in the charge
 * @pkt__sz: sizeof(*pkt)
 * @opts: receives the counts after the release
 * @opts__sz: sizeof(*opts)
 *
 * Ends the pending connection of this handshake. One that a server has reported
 * is the server's to end.
 *
 * Return:
 * * 0: released
 * * -ENOENT: no service, or no such pending connection
 * * -EBUSY: a server has reported it
 * * -EINVAL: see above
 */
extern int bpf_xdp_equic_release(struct xdp_md *ctx, struct bpf_equic_pkt *pkt,
				 __u32 pkt__sz, struct bpf_equic_opts *opts,
				 __u32 opts__sz) __ksym;
extern int bpf_skb_equic_release(struct __sk_buff *ctx,
				 struct bpf_equic_pkt *pkt, __u32 pkt__sz,
				 struct bpf_equic_opts *opts,
				 __u32 opts__sz) __ksym;

/**
 * bpf_xdp_equic_open - remove the protection of a QUIC packet, in place
 * @ctx: the packet's context
 * @packet: where it is, and a key that opens; receives what it was
 * @packet__sz: sizeof(*packet)
 *
 * Changes the packet: header and payload are in clear, the tag stays. To be
 * sent on it must be sealed again: by another key, or by the same with its own
 * number where nobody sees both packets. One that is not authentic is what it was
 * (and took twice the time). Of a 1-RTT key that has the next epoch, a packet of
 * that epoch makes it the current one.
 *
 * To keep the UDP checksum right, give @packet->udp_off. It is kept right from
 * what it was: of a veth device whose peer leaves checksums to the hardware, XDP
 * sees one that is not filled in, and cannot know. What the program changes in an
 * open packet, it must put into the checksum itself.
 *
 * Return:
 * * 0: @packet is filled, its payload can be read and changed
 * * -EBADMSG: not authentic
 * * -ENOENT: no such key in this namespace
 * * -ENOKEY: the key has no epoch for this packet (yet)
 * * -EKEYREJECTED: the key seals
 * * -EKEYEXPIRED: it has met too many packets that were not authentic
 * * -EPROTO: a long header for a 1-RTT key, or a short one for another
 * * -EMSGSIZE: too short to be protected, or longer than 16384 bytes
 * * -EOPNOTSUPP: not in the linear part of the frame, or (TC) a GSO packet, which
 *   holds several
 * * -EAGAIN: (TC) shared with somebody, or not in the linear part:
 *   bpf_skb_pull_data() first
 * * -EINVAL: beyond the frame, or see above
 */
extern int bpf_xdp_equic_open(struct xdp_md *ctx,
			      struct bpf_equic_packet *packet,
			      __u32 packet__sz) __ksym;
extern int bpf_skb_equic_open(struct __sk_buff *ctx,
			      struct bpf_equic_packet *packet,
			      __u32 packet__sz) __ksym;

/**
 * bpf_xdp_equic_open_copy - read what is in a QUIC packet
 * @ctx: the packet's context
 * @packet: where it is, and a key that opens; receives what it was
 * @packet__sz: sizeof(*packet)
 * @plain: receives the payload; a map's value, or a global
 * @plain__sz: its size
 *
 * Leaves the packet alone. It may be anywhere in the frame, and one of several in
 * a GSO packet of TC. Otherwise as bpf_xdp_equic_open().
 *
 * Return: as bpf_xdp_equic_open(), and
 * * -ENOBUFS: @plain is smaller than the payload may be
 * * -EOPNOTSUPP: only for AF_XDP zero-copy frames of several buffers
 */
extern int bpf_xdp_equic_open_copy(struct xdp_md *ctx,
				   struct bpf_equic_packet *packet,
				   __u32 packet__sz, void *plain,
				   __u32 plain__sz) __ksym;
extern int bpf_skb_equic_open_copy(struct __sk_buff *ctx,
				   struct bpf_equic_packet *packet,
				   __u32 packet__sz, void *plain,
				   __u32 plain__sz) __ksym;

/**
 * bpf_xdp_equic_seal - protect a QUIC packet, in place
 * @ctx: the packet's context
 * @packet: where it is, a key that seals, the epoch, the number
 * @packet__sz: sizeof(*packet)
 *
 * Changes the packet. Its header is in clear, the lowest two bits of its first
 * byte are the number's length less one; the number, and in a short header the
 * key phase, are written here. The last 16 bytes of the packet are room for the
 * tag. A number is spent by the attempt, and never sealed again under the same
 * epoch of the same key, whoever asks.
 *
 * The checksum: as bpf_xdp_equic_open().
 *
 * Return: as bpf_xdp_equic_open(), but for -EBADMSG, and
 * * -EALREADY: the number was sealed before
 * * -ERANGE: it is so far below the largest that it may have been, or it is none
 * * -ENOKEY: no such epoch: not installed, or replaced by two newer ones
 * * -EKEYREJECTED: the key opens
 * * -EKEYEXPIRED: the epoch has sealed as many packets as it may
 */
extern int bpf_xdp_equic_seal(struct xdp_md *ctx,
			      struct bpf_equic_packet *packet,
			      __u32 packet__sz) __ksym;
extern int bpf_skb_equic_seal(struct __sk_buff *ctx,
			      struct bpf_equic_packet *packet,
			      __u32 packet__sz) __ksym;

#endif /* _EQUIC_KFUNCS_H */
