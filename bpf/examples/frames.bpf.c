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
#include "frames.h"

enum {
	PLAIN_LEN	= 1 << 14,	/* a power of two: offsets are masked */
	SEGMENTS_MAX	= 64,		/* of a GSO packet: UDP_MAX_SEGMENTS */
	PACKETS_MAX	= 4,		/* coalesced in a datagram */
	STEPS_MAX	= 2 * PLAIN_LEN,
};

/* Written by the loader. */
__be16 port;				/* the server's */
struct direction directions[DIRECTIONS];

/* Read by it. */
struct count counts[DIRECTIONS];

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 18);
} later SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u8[PLAIN_LEN]);
} plains SEC(".maps");

/* What follows the numbers of a frame. */
enum after {
	NOTHING,
	LENGTH,		/* as many bytes as the last number says */
	RANGES,		/* of an ACK: the last number says how many */
	RANGES_ECN,	/* and three more numbers */
	REST,		/* all that is left of the packet */
};

/* RFC 9000, 19, and RFC 9221, 4: how a frame goes on behind its type. */
static const struct shape {
	__u8	numbers;
	__u8	after;
	__u8	bytes;	/* behind that */
} shapes[FRAME_TYPES] = {
	[0x00] = { 0, NOTHING, 0 },	/* PADDING */
	[0x01] = { 0, NOTHING, 0 },	/* PING */
	[0x02] = { 3, RANGES, 0 },		/* ACK */
	[0x03] = { 3, RANGES_ECN, 0 },
	[0x04] = { 3, NOTHING, 0 },	/* RESET_STREAM */
	[0x05] = { 2, NOTHING, 0 },	/* STOP_SENDING */
	[0x06] = { 2, LENGTH, 0 },		/* CRYPTO */
	[0x07] = { 1, LENGTH, 0 },		/* NEW_TOKEN */
	[0x08] = { 1, REST, 0 },		/* STREAM: OFF, LEN and FIN are bits */
	[0x09] = { 1, REST, 0 },
	[0x0a] = { 2, LENGTH, 0 },
	[0x0b] = { 2, LENGTH, 0 },
	[0x0c] = { 2, REST, 0 },
	[0x0d] = { 2, REST, 0 },
	[0x0e] = { 3, LENGTH, 0 },
	[0x0f] = { 3, LENGTH, 0 },
	[0x10] = { 1, NOTHING, 0 },	/* MAX_DATA */
	[0x11] = { 2, NOTHING, 0 },	/* MAX_STREAM_DATA */
	[0x12] = { 1, NOTHING, 0 },	/* MAX_STREAMS */
	[0x13] = { 1, NOTHING, 0 },
	[0x14] = { 1, NOTHING, 0 },	/* DATA_BLOCKED */
	[0x15] = { 2, NOTHING, 0 },	/* STREAM_DATA_BLOCKED */
	[0x16] = { 1, NOTHING, 0 },	/* STREAMS_BLOCKED */
	[0x17] = { 1, NOTHING, 0 },
	/* NEW_CONNECTION_ID: its length is below 64, so a number as well. */
	[0x18] = { 3, LENGTH, 16 },
	[0x19] = { 1, NOTHING, 0 },	/* RETIRE_CONNECTION_ID */
	[0x1a] = { 0, NOTHING, 8 },	/* PATH_CHALLENGE */
	[0x1b] = { 0, NOTHING, 8 },	/* PATH_RESPONSE */
	[0x1c] = { 3, LENGTH, 0 },		/* CONNECTION_CLOSE */
	[0x1d] = { 2, LENGTH, 0 },
	[0x1e] = { 0, NOTHING, 0 },	/* HANDSHAKE_DONE */
	[0x30] = { 0, REST, 0 },		/* DATAGRAM */
	[0x31] = { 1, LENGTH, 0 },
};

/* A walk over the frames of one payload. */
struct walk {
	const __u8	*plain;
	struct count	*count;
	__u64		numbers;	/* of this frame, still to come */
	__u64		last;		/* the last number */
	__u32		off;
	__u32		end;
	__u8		after;
	__u8		bytes;
	bool		inside;		/* a frame */
};

static __always_inline __u8 byte_at(const struct walk *w, __u32 off)
{
	return w->plain[off & (PLAIN_LEN - 1)];
}

/* RFC 9000, 16: a number in 1, 2, 4 or 8 bytes. */
static __always_inline __u64 number(struct walk *w)
{
	__u32 len = 1 << (byte_at(w, w->off) >> 6), i;
	__u64 value = byte_at(w, w->off) & 0x3f;

	for (i = 1; i < 8; i++)
		if (i < len)
			value = value << 8 | byte_at(w, w->off + i);
	w->off += len;
	return value;
}

static __always_inline void begin_frame(struct walk *w)
{
	__u64 type = number(w);
	const struct shape *shape;

	if (type >= FRAME_TYPES || (type > 0x1e && type < 0x30) ||
	    type > 0x31) {
		__sync_fetch_and_add(&w->count->unknown, 1);
		w->off = w->end;
		return;
	}
	__sync_fetch_and_add(&w->count->frames[type], 1);
	shape = &shapes[type];
	w->numbers = shape->numbers;
	w->after = shape->after;
	w->bytes = shape->bytes;
	w->inside = true;
}

/* The numbers are read: what is left of the frame. */
static __always_inline void end_frame(struct walk *w)
{
	switch (w->after) {
	case RANGES:
	case RANGES_ECN:
		/* First ACK Range, then pairs of Gap and Range Length. */
		w->numbers = 1 + 2 * w->last + (w->after == RANGES_ECN ? 3 : 0);
		w->after = NOTHING;
		return;
	case LENGTH:
		w->off = w->last < w->end ? w->off + w->last : w->end;
		break;
	case REST:
		w->off = w->end;
		break;
	}
	w->off += w->bytes;
	w->inside = false;
}

/* One number, the begin or the end of a frame. 1: the walk is over. */
static long step(__u32 i, struct walk *w)
{
	if (w->inside && !w->numbers) {
		end_frame(w);
		return 0;
	}
	if (w->off >= w->end)
		return 1;
	if (w->inside) {
		w->last = number(w);
		w->numbers--;
	} else {
		begin_frame(w);
	}
	return 0;
}

static __noinline int count_frames(struct count *count, const __u8 *plain,
				   __u32 len)
{
	struct walk walk = { .plain = plain, .count = count, .end = len };

	bpf_loop(STEPS_MAX, step, &walk, 0);
	/* A frame that ends behind the payload is none that we know. */
	if (walk.inside || walk.off != walk.end)
		__sync_fetch_and_add(&count->unknown, 1);
	return 0;
}

/* For frames_again, as it came. */
static __always_inline void keep(struct __sk_buff *ctx, __u32 dir, __u32 off,
				 __u32 len)
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
	kept->len = len;
	if (bpf_skb_load_bytes(ctx, off, kept->bytes, len)) {
		bpf_ringbuf_discard(kept, 0);
		return;
	}
	__sync_fetch_and_add(&counts[dir].kept, 1);
	bpf_ringbuf_submit(kept, 0);
}

/* One packet with a short header. */
static __noinline int count_packet(struct __sk_buff *ctx, __u32 dir, __u32 off,
				   __u32 len)
{
	struct bpf_equic_packet packet = { .off = off, .len = len };
	struct direction *direction;
	struct count *count;
	__u32 zero = 0;
	__u8 *plain;
	int ret;

	if (dir >= DIRECTIONS)
		return 0;
	direction = &directions[dir];
	count = &counts[dir];
	plain = bpf_map_lookup_elem(&plains, &zero);
	if (!plain)
		return 0;
	packet.key = direction->key;
	packet.pn_off = 1 + direction->cid_len;
	ret = packet.key ? bpf_skb_equic_open_copy(ctx, &packet, sizeof(packet),
						   plain, PLAIN_LEN) : -ENOKEY;
	if (!ret) {
		__sync_fetch_and_add(&count->opened, 1);
		count_frames(count, plain, packet.payload_len);
	} else if (ret == -ENOKEY) {
		keep(ctx, dir, off, len);
	} else {
		__sync_fetch_and_add(&count->refused, 1);
	}
	return ret;
}

/*
 * The packets of one datagram: those with long headers are stepped over, one
 * with a short header is the last.
 */
static __noinline int count_datagram(struct __sk_buff *ctx, __u32 dir,
				     __u32 off, __u32 end)
{
	struct equic_long hdr;
	__u8 first;
	int i, type;

	for (i = 0; i < PACKETS_MAX && off < end; i++) {
		if (bpf_skb_load_bytes(ctx, off, &first, 1))
			return 0;
		/* The bit below may be anything (RFC 9287). */
		if (!(first & EQUIC_LONG_HEADER)) {
			__sync_fetch_and_add(&counts[dir & 1].packets, 1);
			count_packet(ctx, dir, off, end - off);
			return 0;
		}
		__builtin_memset(&hdr, 0, sizeof(hdr));
		type = equic_parse_long(ctx, off, end, &hdr);
		off = hdr.next;
		if (type == EQUIC_PKT_INITIAL) {
			/* Token and packet have a length before them, both. */
			off = equic_long_next(ctx, hdr.scid_off + hdr.scid_len,
					      end);
			off = equic_long_next(ctx, off, end);
		}
		if (!off)
			return 0;
	}
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

/* What was kept: a packet behind an Ethernet header. Its direction is cb[0]. */
SEC("tc")
int frames_again(struct __sk_buff *ctx)
{
	if (ctx->len > sizeof(struct ethhdr))
		count_packet(ctx, ctx->cb[0], sizeof(struct ethhdr),
			     ctx->len - sizeof(struct ethhdr));
	return TC_ACT_UNSPEC;
}

char _license[] SEC("license") = "Dual BSD/GPL";
