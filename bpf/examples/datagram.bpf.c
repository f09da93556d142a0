// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Relabels media: where the payload of a DATAGRAM frame (RFC 9221) begins with
 * a tag, it begins with another of the same length afterwards. The packets are
 * those of one direction of a QUIC connection, from XDP, and nothing else in
 * them changes: they leave with their numbers and key phases, and who receives
 * them finds them authentic.
 *
 * A packet is read from a copy first. If there is nothing to change, it goes on
 * as it came, to the bit; so it does when it cannot be opened, whatever the
 * reason. Once it is open in place there is no way back: it is sealed, or
 * dropped, and never sent in clear.
 *
 * It is sealed under its own number with its own key, and then there are two
 * packets of that number. Who has both knows what they differ in and, with
 * AES-GCM, can forge others (RFC 5116, 5.1.1). This is sound only because just
 * one of the two ever leaves: to be run in the host of the receiver, where what
 * was on the wire is the one and no wire sees the other. A middlebox that is
 * watched from both sides needs a key of its own for each.
 *
 * The endpoint gives the kernel the key twice, to open and to seal, and the
 * loader writes their numbers into direction.
 */
#include <linux/bpf.h>
#include <linux/equic.h>
#include <linux/udp.h>
#include <bpf/bpf_helpers.h>
#include "equic_kfuncs.h"
#include "packet.h"
#include "parse_ip.h"
#include "parse_quic.h"
#include "datagram.h"
#include "frame_walk.h"
#include "short_packet.h"

/* Written by the loader. */
__be16 port;				/* of the receiver */
struct tags tags;
struct direction direction;

/* Read by it. */
struct count count;

/**
 * struct passage - a packet on its way through
 * @ctx: its context.
 * @packet: where it is; what it was.
 * @walk: over the copy of its payload.
 * @relabelled: how many of its frames are.
 * @open: in place: from now on it must be sealed.
 */
struct passage {
	struct xdp_md		*ctx;
	struct bpf_equic_packet	packet;
	struct frame_walk	walk;
	__u32			relabelled;
	bool			open;
};

#define COUNT(what)	__sync_fetch_and_add(&count.what, 1)

static __always_inline bool is_tagged(const struct frame_walk *walk)
{
	__u32 i;

	if (walk->len < TAG_LEN)
		return false;
	for (i = 0; i < TAG_LEN; i++)
		if (frame_byte(walk, walk->content + i) != tags.from[i])
			return false;
	return true;
}

/*
 * The kfuncs keep the checksum right over what they change; the tag is ours
 * (RFC 1624). What begins at an odd byte is summed up with its bytes swapped.
 */
static __always_inline void change_csum(const struct passage *p, __u32 off)
{
	__u32 field = p->packet.udp_off + offsetof(struct udphdr, check);
	__u64 diff;
	__u16 csum;

	diff = (__u32)bpf_csum_diff((__be32 *)tags.from, TAG_LEN,
				    (__be32 *)tags.to, TAG_LEN, 0);
	diff = (diff & 0xffff) + (diff >> 16);
	diff = (diff & 0xffff) + (diff >> 16);
	if ((off - p->packet.udp_off) & 1)
		diff = __builtin_bswap16(diff);
	/* RFC 768: the sender computed none. */
	if (bpf_xdp_load_bytes(p->ctx, field, &csum, sizeof(csum)) || !csum)
		return;
	diff += (__u16)~csum;
	csum = ~((diff & 0xffff) + (diff >> 16));
	if (!csum)
		csum = 0xffff;
	bpf_xdp_store_bytes(p->ctx, field, &csum, sizeof(csum));
}

/* The first one is what the packet is opened for. */
static __always_inline int relabel(struct passage *p)
{
	__u32 off;

	if (!p->open && bpf_xdp_equic_open(p->ctx, &p->packet,
					   sizeof(p->packet))) {
		COUNT(kept);
		return 1;
	}
	p->open = true;
	off = p->packet.payload_off + p->walk.content;
	if (bpf_xdp_store_bytes(p->ctx, off, tags.to, TAG_LEN))
		return 0;
	change_csum(p, off);
	p->relabelled++;
	return 0;
}

static long step(__u32 i, struct passage *p)
{
	switch (frame_step(&p->walk)) {
	case FRAME_WITHIN:
		return 0;
	case FRAME_DONE:
		if (p->walk.type < FRAME_DATAGRAM)
			return 0;
		COUNT(datagrams);
		return is_tagged(&p->walk) ? relabel(p) : 0;
	case FRAMES_UNKNOWN:
		COUNT(unknown);
		return 1;
	case FRAMES_END:
		break;
	}
	return 1;
}

static __always_inline int seal(const struct passage *p)
{
	struct bpf_equic_packet packet = p->packet;

	packet.key = direction.seal;
	if (bpf_xdp_equic_seal(p->ctx, &packet, sizeof(packet))) {
		COUNT(dropped);
		return XDP_DROP;
	}
	COUNT(sealed);
	__sync_fetch_and_add(&count.relabelled, p->relabelled);
	return XDP_PASS;
}

static __noinline int pass(struct xdp_md *ctx, __u32 off, __u32 end,
			   __u32 udp_off)
{
	struct passage p = {
		.ctx = ctx,
		.packet = {
			.key = direction.open,
			.off = off,
			.len = end - off,
			.pn_off = 1 + direction.cid_len,
			.udp_off = udp_off,
		},
	};
	__u8 *plain;

	plain = frame_plain();
	if (!plain)
		return XDP_PASS;
	COUNT(packets);
	if (!p.packet.key) {
		COUNT(early);
		return XDP_PASS;
	}
	if (bpf_xdp_equic_open_copy(ctx, &p.packet, sizeof(p.packet), plain,
				    PLAIN_LEN)) {
		COUNT(refused);
		return XDP_PASS;
	}
	COUNT(opened);
	p.walk.plain = plain;
	p.walk.end = p.packet.payload_len;
	bpf_loop(FRAME_STEPS_MAX, step, &p, 0);
	return p.open ? seal(&p) : XDP_PASS;
}

SEC("xdp.frags")
int datagram(struct xdp_md *ctx)
{
	struct bpf_equic_pkt pkt = {};
	__u32 off, end;

	if (!equic_parse_ip(ctx, &pkt) || pkt.type != EQUIC_PKT_SHORT ||
	    pkt.dport != port)
		return XDP_PASS;
	end = pkt.payload_off + pkt.payload_len;
	off = short_packet(ctx, pkt.payload_off, end);
	return off ? pass(ctx, off, end,
			  pkt.payload_off - sizeof(struct udphdr)) : XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
