// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Counts the frames of a QUIC connection by type, in both directions, on the
 * host of one endpoint. Every packet goes on untouched.
 *
 * For TC: frames_in at the ingress and frames_out at the egress of the device.
 * The endpoint gives the kernel its 1-RTT keys and tells the loader their
 * numbers (userspace/hooks/equic_ngtcp2_keys.h does, for ngtcp2); the loader
 * writes them into directions[]. What comes before that, or before the next
 * epoch is installed, is kept in the ring "later", for frames_again.
 *
 * Nothing is opened before the packets that came earlier than the key. A short
 * number says something only to who has opened what is before it (RFC 9000, A.3),
 * and not every client begins with 0: ngtcp2's take any number, whole until the
 * endpoint has acknowledged a packet, which has passed here then.
 */
#define EQUIC_PARSE_SKB
#include <linux/bpf.h>
#include <linux/equic.h>
#include <linux/errno.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>
#include "equic_kfuncs.h"
#include "packet.h"
#include "parse_ip.h"
#include "parse_quic.h"
#include "frame_walk.h"
#include "frames.h"
#include "short_packet.h"

enum {
	SEGMENTS_MAX	= 64,		/* of a GSO packet: UDP_MAX_SEGMENTS */
};

/* Written by the loader. */
__be16 port;				/* the server's */
struct direction directions[DIRECTIONS];

/* Read by it. */
struct count counts[DIRECTIONS];

/* Of those kept, the early ones that frames_again has not seen yet. */
static __u64 early[DIRECTIONS];

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} later SEC(".maps");

struct counting {
	struct frame_walk	walk;
	struct count		*count;
};

static long step(__u32 i, struct counting *c)
{
	__u8 type;

	switch (frame_step(&c->walk)) {
	case FRAME_WITHIN:
		return 0;
	case FRAME_DONE:
		type = c->walk.type;
		if (type < FRAME_TYPES)
			__sync_fetch_and_add(&c->count->frames[type], 1);
		return 0;
	case FRAMES_UNKNOWN:
		__sync_fetch_and_add(&c->count->unknown, 1);
		return 1;
	case FRAMES_END:
		break;
	}
	return 1;
}

static __noinline int count_frames(struct count *count, const __u8 *plain,
				   __u32 len)
{
	struct counting counting = {
		.walk = { .plain = plain, .end = len }, .count = count,
	};

	bpf_loop(FRAME_STEPS_MAX, step, &counting, 0);
	return 0;
}

/* For frames_again, as it came. */
static __always_inline void keep(struct __sk_buff *ctx, __u32 dir, __u32 off,
				 __u32 len, bool is_early)
{
	struct kept *kept;

	/* Tested one by one, or the verifier learns nothing of either. */
	barrier_var(len);
	if (!len)
		return;
	barrier_var(len);
	if (len > KEPT_LEN)
		return;
	kept = bpf_ringbuf_reserve(&later, sizeof(*kept), 0);
	if (!kept)
		return;
	kept->dir = dir;
	kept->early = is_early;
	kept->len = len;
	if (bpf_skb_load_bytes(ctx, off, kept->bytes, len)) {
		bpf_ringbuf_discard(kept, 0);
		return;
	}
	__sync_fetch_and_add(&counts[dir].kept, 1);
	if (is_early)
		__sync_fetch_and_add(&early[dir], 1);
	bpf_ringbuf_submit(kept, 0);
}

/* -ENOKEY: not yet. */
static __noinline int open_packet(struct __sk_buff *ctx, __u32 dir, __u32 off,
				  __u32 len)
{
	struct bpf_equic_packet packet = { .off = off, .len = len };
	struct direction *direction;
	struct count *count;
	__u8 *plain;
	int ret;

	if (dir >= DIRECTIONS)
		return 0;
	direction = &directions[dir];
	count = &counts[dir];
	plain = frame_plain();
	if (!plain)
		return 0;
	packet.key = direction->key;
	packet.pn_off = 1 + direction->cid_len;
	ret = packet.key ? bpf_skb_equic_open_copy(ctx, &packet, sizeof(packet),
						   plain, PLAIN_LEN) : -ENOKEY;
	if (!ret) {
		__sync_fetch_and_add(&count->opened, 1);
		count_frames(count, plain, packet.payload_len);
	} else if (ret != -ENOKEY) {
		__sync_fetch_and_add(&count->refused, 1);
		count->error = ret;
	}
	return ret;
}

/* One packet with a short header. */
static __noinline int count_packet(struct __sk_buff *ctx, __u32 dir, __u32 off,
				   __u32 len)
{
	bool is_early;

	if (dir >= DIRECTIONS)
		return 0;
	__sync_fetch_and_add(&counts[dir].packets, 1);
	is_early = !directions[dir].key || early[dir];
	if (is_early || open_packet(ctx, dir, off, len) == -ENOKEY)
		keep(ctx, dir, off, len, is_early);
	return 0;
}

static __noinline int count_datagram(struct __sk_buff *ctx, __u32 dir,
				     __u32 off, __u32 end)
{
	off = short_packet(ctx, off, end);
	if (off)
		count_packet(ctx, dir, off, end - off);
	return 0;
}

/* A GSO packet is datagrams of one size, the last one perhaps shorter. */
struct segments {
	struct __sk_buff	*ctx;
	__u32			dir;
	__u32			off;
	__u32			end;
	__u32			size;
};

static long next_segment(__u32 i, struct segments *s)
{
	__u32 end = s->off + s->size;

	if (s->off >= s->end)
		return 1;
	count_datagram(s->ctx, s->dir, s->off, end < s->end ? end : s->end);
	s->off = end;
	return 0;
}

static __always_inline int frames(struct __sk_buff *ctx, __u32 dir)
{
	struct segments segments = { .ctx = ctx, .dir = dir };
	struct bpf_equic_pkt pkt = {};

	if (!equic_parse_ip(ctx, &pkt) || pkt.type != EQUIC_PKT_SHORT)
		return TC_ACT_UNSPEC;
	if ((dir == IN ? pkt.dport : pkt.sport) != port)
		return TC_ACT_UNSPEC;
	segments.off = pkt.payload_off;
	segments.end = pkt.payload_off + pkt.payload_len;
	segments.size = ctx->gso_size ?: pkt.payload_len;
	bpf_loop(SEGMENTS_MAX, next_segment, &segments, 0);
	return TC_ACT_UNSPEC;
}

SEC("tc")
int frames_in(struct __sk_buff *ctx)
{
	return frames(ctx, IN);
}

SEC("tc")
int frames_out(struct __sk_buff *ctx)
{
	return frames(ctx, OUT);
}

/*
 * What was kept: a packet behind an Ethernet header. Its direction is cb[0], and
 * cb[1] says whether it was early.
 */
SEC("tc")
int frames_again(struct __sk_buff *ctx)
{
	__u32 dir = ctx->cb[0], off = sizeof(struct ethhdr);

	if (dir >= DIRECTIONS || ctx->len <= off)
		return TC_ACT_UNSPEC;
	if (open_packet(ctx, dir, off, ctx->len - off) == -ENOKEY)
		keep(ctx, dir, off, ctx->len - off, false);
	if (ctx->cb[1])
		__sync_fetch_and_add(&early[dir], -1);
	return TC_ACT_UNSPEC;
}

char _license[] SEC("license") = "Dual BSD/GPL";
