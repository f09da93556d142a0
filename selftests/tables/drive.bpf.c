// SPDX-License-Identifier: GPL-2.0-only
/* See drive.h. */
#include <linux/bpf.h>
#include <linux/equic.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>
#include "drive.h"
#include "equic_kfuncs.h"

/* A TC test run needs a packet with a MAC header; drive_run_skb() adds one. */
enum { MAC_LEN = 14 };

/* Too large for the stack. No run is interrupted by another on its CPU. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct drive);
} drives SEC(".maps");

static void vary_cid(__u8 *cid)
{
	__u64 number;

	__builtin_memcpy(&number, cid, sizeof(number));
	number++;
	__builtin_memcpy(cid, &number, sizeof(number));
}

static void vary(struct drive *d)
{
	if (d->vary & DRIVE_VARY_DCID)
		vary_cid(d->pkt.dcid);
	if (d->vary & DRIVE_VARY_SCID)
		vary_cid(d->pkt.scid);
	if (d->vary & DRIVE_VARY_PORT)
		d->pkt.sport = bpf_htons(bpf_ntohs(d->pkt.sport) + 1);
	if (d->vary & DRIVE_VARY_ADDR)
		d->pkt.saddr[3] = bpf_htonl(bpf_ntohl(d->pkt.saddr[3]) + 1);
}

static void answer(struct drive *d, int ret)
{
	d->ret = ret;
	if (ret < 0)
		d->errors++;
	else
		d->answers[ret & 15]++;
	vary(d);
}

#define CALL(kind, ctx, d)						\
({									\
	int __ret;							\
									\
	switch ((d)->op) {						\
	case DRIVE_VERDICT:						\
		__ret = bpf_##kind##_equic_verdict(ctx, &(d)->pkt,	\
						   sizeof((d)->pkt));	\
		break;							\
	case DRIVE_CLIENT:						\
		__ret = bpf_##kind##_equic_client(ctx, &(d)->pkt,	\
			sizeof((d)->pkt), &(d)->opts,			\
			sizeof((d)->opts));				\
		break;							\
	case DRIVE_CHARGE:						\
		__ret = bpf_##kind##_equic_charge(ctx, &(d)->pkt,	\
			sizeof((d)->pkt), &(d)->opts,			\
			sizeof((d)->opts));				\
		break;							\
	case DRIVE_RELEASE:						\
		__ret = bpf_##kind##_equic_release(ctx, &(d)->pkt,	\
			sizeof((d)->pkt), &(d)->opts,			\
			sizeof((d)->opts));				\
		break;							\
	default:							\
		__ret = bpf_##kind##_equic_port(ctx, (d)->pkt.dport);	\
	}								\
	__ret;								\
})

SEC("xdp")
int drive_xdp(struct xdp_md *ctx)
{
	__u32 key = 0, i;
	struct drive *d = bpf_map_lookup_elem(&drives, &key);

	if (!d || bpf_xdp_load_bytes(ctx, 0, d, sizeof(*d)))
		return XDP_ABORTED;
	bpf_for(i, 0, DRIVE_MAX) {
		if (i >= d->n)
			break;
		answer(d, CALL(xdp, ctx, d));
	}
	if (bpf_xdp_store_bytes(ctx, 0, d, sizeof(*d)))
		return XDP_ABORTED;
	return XDP_PASS;
}

SEC("tc")
int drive_skb(struct __sk_buff *skb)
{
	__u32 key = 0, i;
	struct drive *d = bpf_map_lookup_elem(&drives, &key);

	if (!d || bpf_skb_load_bytes(skb, MAC_LEN, d, sizeof(*d)))
		return -1;
	bpf_for(i, 0, DRIVE_MAX) {
		if (i >= d->n)
			break;
		answer(d, CALL(skb, skb, d));
	}
	return bpf_skb_store_bytes(skb, MAC_LEN, d, sizeof(*d), 0);
}

char _license[] SEC("license") = "GPL";
