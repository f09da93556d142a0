// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * One packet, behind an Ethernet header: sealed, opened, copied, by equic and by
 * the crypto API alone. What precedes that is the same in all: "nothing" is only
 * that.
 */
#include <stdbool.h>
#include <linux/bpf.h>
#include <linux/errno.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>
#include "equic_kfuncs.h"

extern int bpf_bare_seal(__u32 len, __u32 header, __u32 which) __ksym;
extern int bpf_bare_open(__u32 len, __u32 header, __u32 which) __ksym;
extern int bpf_bare_copy(__u32 len) __ksym;

enum {
	OFF		= sizeof(struct ethhdr),
	CID_LEN		= 8,
	PN_OFF		= 1 + CID_LEN,
	HEADER		= PN_OFF + 4,
	FIRST_BYTE	= 0x43,		/* short header, number of 4 bytes */
};

/* Written by the loader. */
__u32 len;				/* of the packet, with the tag */
__u32 opener, sealer;			/* keys */
__u32 which;				/* cipher, and 0x100: the slow one */

/* Read by it: anything but 0 is a failure. */
int result;
__u64 pn;
__u8 plain[1 << 14];

/* A packet in clear; what it says behind its first byte does not matter. */
static __always_inline bool begin(struct xdp_md *ctx)
{
	__u8 *first = (__u8 *)(long)ctx->data + OFF;

	if ((void *)(first + 1) > (void *)(long)ctx->data_end)
		return false;
	*first = FIRST_BYTE;
	return true;
}

static __always_inline int seal(struct xdp_md *ctx)
{
	struct bpf_equic_packet packet = {
		.key = sealer, .off = OFF, .len = len, .pn_off = PN_OFF,
		.pn = pn++,
	};

	return bpf_xdp_equic_seal(ctx, &packet, sizeof(packet));
}

SEC("xdp.frags")
int nothing(struct xdp_md *ctx)
{
	return begin(ctx) ? XDP_PASS : XDP_ABORTED;
}

SEC("xdp.frags")
int copy(struct xdp_md *ctx)
{
	if (begin(ctx))
		result = bpf_bare_copy(len);
	return XDP_PASS;
}

SEC("xdp.frags")
int bare_seal(struct xdp_md *ctx)
{
	if (begin(ctx))
		result = bpf_bare_seal(len, HEADER, which);
	return XDP_PASS;
}

/* Seals, and opens what it sealed: opening alone is this less bare_seal. */
SEC("xdp.frags")
int bare_both(struct xdp_md *ctx)
{
	if (begin(ctx))
		result = bpf_bare_seal(len, HEADER, which) ?:
			 bpf_bare_open(len, HEADER, which);
	return XDP_PASS;
}

SEC("xdp.frags")
int equic_seal(struct xdp_md *ctx)
{
	if (begin(ctx))
		result = seal(ctx);
	return XDP_PASS;
}

/* Seals, and opens what it sealed: the same of equic_seal. */
SEC("xdp.frags")
int equic_both(struct xdp_md *ctx)
{
	struct bpf_equic_packet packet = {
		.key = opener, .off = OFF, .len = len, .pn_off = PN_OFF,
	};

	if (!begin(ctx))
		return XDP_PASS;
	result = seal(ctx) ?: bpf_xdp_equic_open(ctx, &packet, sizeof(packet));
	return XDP_PASS;
}

/* Of a packet that equic_seal made: it stays what it is. */
SEC("xdp.frags")
int equic_open_copy(struct xdp_md *ctx)
{
	struct bpf_equic_packet packet = {
		.key = opener, .off = OFF, .len = len, .pn_off = PN_OFF,
	};

	result = bpf_xdp_equic_open_copy(ctx, &packet, sizeof(packet), plain,
					 sizeof(plain));
	return XDP_PASS;
}

/* The same from TC, where a test run's frame can grow beyond a page in one. */
static __always_inline bool tc_begin(struct __sk_buff *ctx)
{
	__u8 *first;

	if (ctx->len != OFF + len && bpf_skb_change_tail(ctx, OFF + len, 0))
		return false;
	first = (__u8 *)(long)ctx->data + OFF;
	if ((void *)(first + 1) > (void *)(long)ctx->data_end)
		return false;
	*first = FIRST_BYTE;
	return true;
}

static __always_inline int tc_seal(struct __sk_buff *ctx)
{
	struct bpf_equic_packet packet = {
		.key = sealer, .off = OFF, .len = len, .pn_off = PN_OFF,
		.pn = pn++,
	};

	return bpf_skb_equic_seal(ctx, &packet, sizeof(packet));
}

SEC("tc")
int tc_nothing(struct __sk_buff *ctx)
{
	result = tc_begin(ctx) ? 0 : -ENOMEM;
	return TC_ACT_OK;
}

SEC("tc")
int tc_equic_seal(struct __sk_buff *ctx)
{
	result = tc_begin(ctx) ? tc_seal(ctx) : -ENOMEM;
	return TC_ACT_OK;
}

SEC("tc")
int tc_equic_both(struct __sk_buff *ctx)
{
	struct bpf_equic_packet packet = {
		.key = opener, .off = OFF, .len = len, .pn_off = PN_OFF,
	};

	result = tc_begin(ctx) ? tc_seal(ctx) : -ENOMEM;
	if (!result)
		result = bpf_skb_equic_open(ctx, &packet, sizeof(packet));
	return TC_ACT_OK;
}

char _license[] SEC("license") = "GPL";
