/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * From an Ethernet frame to the UDP datagram in it.
 *
 * What is not provably a UDP datagram for the address in the packet is not one
 * here: other protocols, lengths that contradict each other or the packet,
 * routing headers with segments left.
 */
#ifndef _EQUIC_PARSE_IP_H
#define _EQUIC_PARSE_IP_H

#include <stddef.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>
#include <linux/equic.h>
#include <bpf/bpf_endian.h>
#include "packet.h"

#ifndef AF_INET
#define AF_INET			2
#endif
#ifndef AF_INET6
#define AF_INET6		10
#endif

enum {
	EQUIC_VLAN_TAGS_MAX	= 2,	/* 802.1AD outside, 802.1Q inside */
	EQUIC_EXT_HEADERS_MAX	= 8,

	EQUIC_IP_OFFSET		= 0x1fff, /* of struct iphdr's frag_off */
	EQUIC_IP_MF		= 0x2000,
	EQUIC_IP6_OFFSET	= 0xfff8, /* of struct equic_frag_hdr's */
	EQUIC_IP6_MF		= 0x0001,
};

struct equic_vlan_hdr {
	__be16	tci;
	__be16	proto;
};

/*
 * The first bytes of every IPv6 extension header that is walked: RFC 8200,
 * sections 4.3 to 4.6, and RFC 4302, section 2.
 */
struct equic_ext_hdr {
	__u8	nexthdr;
	__u8	len;
	union {
		__be16	frag_off;
		struct {
			__u8	routing_type;
			__u8	segments_left;
		};
	};
};

/* Room for any one header of this file, for equic_copy_addr6() too. */
union equic_ip_buf {
	struct ethhdr		eth;
	struct equic_vlan_hdr	vlan;
	struct iphdr		ip4;
	struct ipv6hdr		ip6;
	struct equic_ext_hdr	ext;
	struct udphdr		udp;
} __attribute__((aligned(8)));

static __always_inline bool equic_is_vlan(__be16 proto)
{
	return proto == bpf_htons(ETH_P_8021Q) ||
	       proto == bpf_htons(ETH_P_8021AD);
}

/*
 * The extension headers that a UDP header may follow, from IANA's registry.
 * What follows ESP is secret, 59 says that nothing follows.
 */
static __always_inline bool equic_is_ext_header(__u32 nexthdr)
{
	switch (nexthdr) {
	case IPPROTO_HOPOPTS:
	case IPPROTO_ROUTING:
	case IPPROTO_FRAGMENT:
	case IPPROTO_AH:
	case IPPROTO_DSTOPTS:
	case 135: /* Mobility, RFC 6275 */
	case 139: /* Host Identity Protocol, RFC 7401 */
	case 140: /* Shim6, RFC 5533 */
		return true;
	}
	return false;
}

/* As struct bpf_equic_pkt has it: ::ffff:a.b.c.d. */
static __always_inline void equic_copy_addr4(__be32 dst[4], __be32 addr)
{
	dst[0] = 0;
	dst[1] = 0;
	dst[2] = bpf_htonl(0xffff);
	dst[3] = addr;
}

/* As two words: packets are read at any alignment, struct bpf_equic_pkt has it. */
static __always_inline void equic_copy_addr6(__be32 dst[4],
					     const struct in6_addr *addr)
{
	__builtin_memcpy(__builtin_assume_aligned(dst, 8),
			 __builtin_assume_aligned(addr, 8), sizeof(*addr));
}

/* The UDP header at @off of an IP packet that ends at @ip_end. */
static __always_inline int
equic_parse_udp_header(struct equic_ctx *ctx, __u32 off, __u32 ip_end,
		       struct bpf_equic_pkt *pkt)
{
	const struct udphdr *hdr;
	union equic_ip_buf buf;
	__u32 len;

	if (off + sizeof(*hdr) > ip_end)
		return 0;
	hdr = equic_bytes(ctx, off, sizeof(*hdr), &buf);
	if (!hdr)
		return 0;
	pkt->sport = hdr->source;
	pkt->dport = hdr->dest;
	if (pkt->type == EQUIC_PKT_FRAGMENT)
		return 1;
	len = bpf_ntohs(hdr->len);
	if (len <= sizeof(*hdr) || off + len > ip_end)
		return 0;
	pkt->payload_off = off + sizeof(*hdr);
	pkt->payload_len = len - sizeof(*hdr);
	return 1;
}

static __always_inline int
equic_parse_ip4(struct equic_ctx *ctx, __u32 off, struct bpf_equic_pkt *pkt)
{
	const struct iphdr *ip;
	union equic_ip_buf buf;
	__u32 hdr_len, ip_len;
	__u16 frag_off;

	ip = equic_bytes(ctx, off, sizeof(*ip), &buf);
	if (!ip || ip->version != 4 || ip->protocol != IPPROTO_UDP)
		return 0;
	hdr_len = ip->ihl * 4;
	ip_len = bpf_ntohs(ip->tot_len);
	if (hdr_len < sizeof(*ip) || ip_len < hdr_len ||
	    !equic_has(ctx, off + ip_len))
		return 0;
	pkt->len = ip_len;
	pkt->family = AF_INET;
	equic_copy_addr4(pkt->saddr, ip->saddr);
	equic_copy_addr4(pkt->daddr, ip->daddr);
	frag_off = bpf_ntohs(ip->frag_off);
	if (frag_off & EQUIC_IP_OFFSET) {
		pkt->type = EQUIC_PKT_LATER_FRAGMENT;
		return 1;
	}
	if (frag_off & EQUIC_IP_MF)
		pkt->type = EQUIC_PKT_FRAGMENT;
	return equic_parse_udp_header(ctx, off + hdr_len, off + ip_len, pkt);
}

/**
 * struct equic_ext - the walk over extension headers
 * @off: offset of the next header in the packet.
 * @nexthdr: its protocol number.
 */
struct equic_ext {
	__u32	off;
	__u32	nexthdr;
};

/**
 * equic_parse_ext - step over one IPv6 extension header
 * @ctx: the packet
 * @ext: where it is; moved behind it
 *
 * A global function, so that the verifier walks it once and not once for every
 * combination of headers.
 *
 * Return: %EQUIC_PKT_SHORT: go on; %EQUIC_PKT_FRAGMENT: go on, this is a first
 * fragment; %EQUIC_PKT_LATER_FRAGMENT: the rest is not a header; -1: the packet
 * is not for its destination address, or ends here.
 */
__weak int equic_parse_ext(struct equic_ctx *ctx,
			   struct equic_ext *ext __arg_nonnull)
{
	const struct equic_ext_hdr *hdr;
	struct equic_ext_hdr buf;
	int type = EQUIC_PKT_SHORT;
	__u32 len;

	hdr = equic_bytes(ctx, ext->off, sizeof(*hdr), &buf);
	if (!hdr)
		return -1;
	len = (hdr->len + 1) * 8;
	switch (ext->nexthdr) {
	case IPPROTO_FRAGMENT:
		len = 8;
		if (hdr->frag_off & bpf_htons(EQUIC_IP6_OFFSET))
			type = EQUIC_PKT_LATER_FRAGMENT;
		else if (hdr->frag_off & bpf_htons(EQUIC_IP6_MF))
			type = EQUIC_PKT_FRAGMENT;
		/* Neither: an atomic fragment (RFC 6946) is whole. */
		break;
	case IPPROTO_AH:
		len = (hdr->len + 2) * 4;
		break;
	case IPPROTO_ROUTING:
		if (hdr->segments_left)
			return -1;
		break;
	}
	ext->off += len;
	ext->nexthdr = hdr->nexthdr;
	return type;
}

static __always_inline int
equic_parse_ip6(struct equic_ctx *ctx, __u32 off, struct bpf_equic_pkt *pkt)
{
	const struct ipv6hdr *ip;
	union equic_ip_buf buf;
	struct equic_ext ext;
	__u32 ip_len, ip_end;
	int i, type;

	ip = equic_bytes(ctx, off, sizeof(*ip), &buf);
	if (!ip || ip->version != 6)
		return 0;
	ext.nexthdr = ip->nexthdr;
	if (ext.nexthdr != IPPROTO_UDP && !equic_is_ext_header(ext.nexthdr))
		return 0;
	ip_len = bpf_ntohs(ip->payload_len) + sizeof(*ip);
	ip_end = off + ip_len;
	if (ip_len > 0xffff || !equic_has(ctx, ip_end))
		return 0;
	pkt->len = ip_len;
	pkt->family = AF_INET6;
	equic_copy_addr6(pkt->saddr, &ip->saddr);
	equic_copy_addr6(pkt->daddr, &ip->daddr);
	ext.off = off + sizeof(*ip);
	if (ext.nexthdr == IPPROTO_UDP)
		return equic_parse_udp_header(ctx, ext.off, ip_end, pkt);

	for (i = 0; i < EQUIC_EXT_HEADERS_MAX; i++) {
		type = equic_parse_ext(ctx, &ext);
		if (type < 0 || ext.off > ip_end)
			return 0;
		if (type != EQUIC_PKT_SHORT)
			pkt->type = type;
		if (type == EQUIC_PKT_LATER_FRAGMENT)
			return ext.nexthdr == IPPROTO_UDP;
		if (ext.nexthdr == IPPROTO_UDP)
			return equic_parse_udp_header(ctx, ext.off, ip_end,
						      pkt);
		if (!equic_is_ext_header(ext.nexthdr))
			return 0;
	}
	pkt->type = EQUIC_PKT_EXT_HEADERS;
	return 1;
}

/**
 * equic_parse_ip - find the UDP datagram of an Ethernet frame
 * @ctx: the packet
 * @pkt: zeroed; addresses, ports, family, lengths, payload and type are filled
 *
 * Walks up to two VLAN tags, IPv4 options or up to eight IPv6 extension
 * headers.
 *
 * The type is %EQUIC_PKT_SHORT for a whole datagram, of which nothing else is
 * known yet; else %EQUIC_PKT_FRAGMENT, %EQUIC_PKT_LATER_FRAGMENT or
 * %EQUIC_PKT_EXT_HEADERS. Without a UDP header to read, both ports are 0.
 *
 * Return: 1 when @pkt is filled, 0 when the packet is not (provably) UDP.
 */
static __always_inline int equic_parse_ip(struct equic_ctx *ctx,
					  struct bpf_equic_pkt *pkt)
{
	const struct equic_vlan_hdr *vlan;
	__u32 off = sizeof(struct ethhdr);
	const struct ethhdr *eth;
	union equic_ip_buf buf;
	__be16 proto;
	int i;

	eth = equic_bytes(ctx, 0, sizeof(*eth), &buf);
	if (!eth)
		return 0;
	proto = eth->h_proto;
#pragma unroll
	for (i = 0; i < EQUIC_VLAN_TAGS_MAX; i++) {
		if (!equic_is_vlan(proto))
			break;
		vlan = equic_bytes(ctx, off, sizeof(*vlan), &buf);
		if (!vlan)
			return 0;
		proto = vlan->proto;
		off += sizeof(*vlan);
	}
	if (proto == bpf_htons(ETH_P_IP))
		return equic_parse_ip4(ctx, off, pkt);
	if (proto == bpf_htons(ETH_P_IPV6))
		return equic_parse_ip6(ctx, off, pkt);
	return 0;
}

/**
 * equic_glance - tell the port of what nearly every packet looks like
 * @ctx: the packet
 * @dport: receives the destination port
 *
 * For UDP right behind IPv4 without options or IPv6, right behind Ethernet, all
 * in the linear part: the plain shape. Looks at no length, so that a packet for
 * a port that nobody asks for costs next to nothing.
 *
 * Return: AF_INET or AF_INET6 for the plain shape, with @dport; 0 for what is
 * not UDP; -1 for another shape, which equic_parse_ip() has to look at.
 */
static __always_inline int equic_glance(struct equic_ctx *ctx, __be16 *dport)
{
	const void *data_end = (void *)(long)ctx->data_end;
	const void *data = (void *)(long)ctx->data;
	const struct iphdr *ip4 = data + sizeof(struct ethhdr);
	const struct ipv6hdr *ip6 = data + sizeof(struct ethhdr);
	const struct udphdr *udp = (const void *)(ip4 + 1);
	__be16 proto;

	if ((const void *)(udp + 1) > data_end)
		return -1;
	/* struct ethhdr is packed: its member would be read bytewise. */
	proto = *(const __be16 *)(data + offsetof(struct ethhdr, h_proto));
	if (proto == bpf_htons(ETH_P_IP)) {
		if (ip4->protocol != IPPROTO_UDP)
			return 0;
		if (*(const __u8 *)ip4 != (4 << 4 | sizeof(*ip4) / 4) ||
		    ip4->frag_off & bpf_htons(EQUIC_IP_OFFSET | EQUIC_IP_MF))
			return -1;
		*dport = udp->dest;
		return AF_INET;
	}
	if (proto != bpf_htons(ETH_P_IPV6))
		return equic_is_vlan(proto) ? -1 : 0;

	udp = (const void *)(ip6 + 1);
	if ((const void *)(udp + 1) > data_end)
		return -1;
	if (ip6->nexthdr == IPPROTO_UDP) {
		if (*(const __u8 *)ip6 >> 4 != 6)
			return 0;
		*dport = udp->dest;
		return AF_INET6;
	}
	/* UDP is compared with first, not as one of many. */
	barrier();
	return equic_is_ext_header(ip6->nexthdr) ? -1 : 0;
}

/**
 * equic_parse_plain - equic_parse_ip() for the plain shape
 * @ctx: the packet
 * @family: what equic_glance() told, a constant
 * @pkt: all of it is set
 *
 * Return: 1, or 0 when the lengths prove nothing.
 */
static __always_inline int equic_parse_plain(struct equic_ctx *ctx,
					     const int family,
					     struct bpf_equic_pkt *pkt)
{
	const __u32 ip_hdr_len = family == AF_INET ? sizeof(struct iphdr) :
						     sizeof(struct ipv6hdr);
	const void *data_end = (void *)(long)ctx->data_end;
	const void *data = (void *)(long)ctx->data;
	const struct iphdr *ip4 = data + sizeof(struct ethhdr);
	const struct ipv6hdr *ip6 = data + sizeof(struct ethhdr);
	const struct udphdr *hdr = (const void *)ip4 + ip_hdr_len;
	__u32 ip_len, len;

	if ((const void *)(hdr + 1) > data_end)
		return 0;
	if (family == AF_INET) {
		ip_len = bpf_ntohs(ip4->tot_len);
		equic_copy_addr4(pkt->saddr, ip4->saddr);
		equic_copy_addr4(pkt->daddr, ip4->daddr);
	} else {
		ip_len = bpf_ntohs(ip6->payload_len) + sizeof(*ip6);
		if (ip_len > 0xffff)
			return 0;
		equic_copy_addr6(pkt->saddr, &ip6->saddr);
		equic_copy_addr6(pkt->daddr, &ip6->daddr);
	}
	len = bpf_ntohs(hdr->len);
	if (len <= sizeof(*hdr) || ip_hdr_len + len > ip_len ||
	    !equic_has(ctx, sizeof(struct ethhdr) + ip_len))
		return 0;

	pkt->sport = hdr->source;
	pkt->dport = hdr->dest;
	pkt->type = EQUIC_PKT_SHORT;
	pkt->family = family;
	pkt->len = ip_len;
	pkt->payload_off = sizeof(struct ethhdr) + ip_hdr_len + sizeof(*hdr);
	pkt->payload_len = len - sizeof(*hdr);
	/* From dcid to scid: no connection ID, nothing reserved. */
	__builtin_memset(pkt->dcid, 0,
			 offsetof(struct bpf_equic_pkt, payload_off) -
			 offsetof(struct bpf_equic_pkt, dcid));
	return 1;
}

#endif /* _EQUIC_PARSE_IP_H */
