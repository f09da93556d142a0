// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kfuncs of packet protection: they find the packet in the frame, and keep
 * the frame in order. Documented for their users in bpf/equic_kfuncs.h.
 *
 * None moves the frame's data: the verifier lets programs keep their pointers.
 */
#include "kfunc.h"
#include "key.h"
#include "netns.h"
#include "protect.h"

#include <linux/bpf.h>
#include <linux/btf.h>
#include <linux/filter.h>
#include <linux/mm.h>
#include <linux/skbuff.h>
#include <linux/udp.h>
#include <net/checksum.h>
#include <net/xdp.h>

/* The first version of the struct: a smaller one was never valid. */
#define PACKET_SIZE_V1	sizeof(struct bpf_equic_packet)

/* The part of a frame that a packet can be changed in. */
struct frame {
	struct net_device *dev;
	u8 *data;
	u32 len;
	const struct sk_buff *skb;	/* NULL: XDP */
	/*
	 * The crypto API cannot take it: a zero-copy AF_XDP buffer is mapped
	 * page by page.
	 */
	bool scattered;
};

/*
 * Takes what the program says, once: the struct may be in memory that others
 * write, too. What is checked is the copy, and it is all that is used.
 */
static __always_inline int take_args(struct bpf_equic_packet *args,
				     const struct bpf_equic_packet *told,
				     u32 size)
{
	if (unlikely(size < PACKET_SIZE_V1))
		return -EINVAL;
	memcpy(args, told, sizeof(*args));
	barrier();
	if (unlikely(args->flags))
		return -EINVAL;
	if (unlikely(size > sizeof(*args) &&
		     memchr_inv(told + 1, 0, size - sizeof(*args))))
		return -EINVAL;
	if (unlikely(args->udp_off &&
		     args->udp_off + sizeof(struct udphdr) > args->off))
		return -EINVAL;
	return likely(args->len <= EQUIC_PACKET_MAX_LEN) ? 0 : -EMSGSIZE;
}

static u64 packet_end(const struct bpf_equic_packet *args)
{
	return (u64)args->off + args->len;
}

static u32 header_len(const struct equic_packet *packet)
{
	return packet->args.pn_off + packet->pn_len;
}

static u32 payload_len(const struct equic_packet *packet)
{
	return packet->args.len - header_len(packet) - EQUIC_TAG_LEN;
}

/* What the program is told. */
static void give_args(struct bpf_equic_packet *told,
		      const struct equic_packet *packet, u32 payload_off)
{
	told->pn = packet->args.pn;
	told->epoch = packet->args.epoch;
	told->payload_off = payload_off;
	told->payload_len = payload_len(packet);
}

static __always_inline struct equic_key *
find_key(const struct net_device *dev, u32 id)
{
	struct equic_key *key = equic_key_find(&equic_net_of_dev(dev)->keys, id);

	/* The scratch of the CPUs was made before the first key. */
	if (likely(key))
		smp_acquire__after_ctrl_dep();
	return key;
}

/* What changes in the packet is taken out of the checksum, and put in again. */
struct udp_csum {
	__sum16 *field;			/* NULL: nothing to do */
	__wsum before;
};

/*
 * The checksum of this header is not filled in yet; that of a tunnel around it
 * is another's.
 */
static bool csum_later(const struct sk_buff *skb, u32 udp_off)
{
	return skb->ip_summed == CHECKSUM_PARTIAL &&
	       skb_checksum_start_offset(skb) == udp_off;
}

static __always_inline struct udp_csum
csum_begin(const struct frame *frame, const struct equic_packet *packet)
{
	const struct bpf_equic_packet *args = &packet->args;
	struct udphdr *udp = (struct udphdr *)(frame->data + args->udp_off);
	struct udp_csum none = { };

	if (!args->udp_off || (frame->skb && csum_later(frame->skb,
							args->udp_off)))
		return none;
	/* RFC 768: the sender computed none. */
	if (!udp->check)
		return none;
	return (struct udp_csum) {
		.field = &udp->check,
		.before = csum_partial(packet->data, args->len, 0),
	};
}

static noinline void csum_change(struct udp_csum csum,
				 const struct equic_packet *packet)
{
	const struct bpf_equic_packet *args = &packet->args;
	__wsum diff;

	diff = csum_sub(csum_partial(packet->data, args->len, 0), csum.before);
	diff = csum_shift(diff, args->off - args->udp_off);
	csum_replace_by_diff(csum.field, diff);
	if (!*csum.field)
		*csum.field = CSUM_MANGLED_0;
}

/* What acts on a packet may count on its data, and on checked arguments. */
typedef int (*act_fn)(struct equic_key *key, struct equic_packet *packet);

/* In this CPU's scratch. */
static int act_in_scratch(struct equic_key *key, struct equic_packet *packet,
			  act_fn act)
{
	u8 *data = packet->data;
	int ret;

	packet->data = equic_aead_scratch();
	memcpy(packet->data, data, packet->args.len);
	ret = act(key, packet);
	memcpy(data, packet->data, packet->args.len);
	packet->data = data;
	return ret;
}

static __always_inline int in_place(const struct frame *frame,
				    struct equic_packet *packet, act_fn act)
{
	struct udp_csum csum;
	struct equic_key *key;
	int ret;

	key = find_key(frame->dev, packet->args.key);
	if (unlikely(!key))
		return -ENOENT;
	packet->data = frame->data + packet->args.off;
	csum = csum_begin(frame, packet);
	if (unlikely(frame->scattered))
		ret = act_in_scratch(key, packet, act);
	else
		ret = act(key, packet);
	if (csum.field)
		csum_change(csum, packet);
	return ret;
}

/* The packet is in this CPU's scratch. */
static int open_scratch(struct equic_key *key, struct equic_packet *packet,
			u8 *plain)
{
	int ret;

	packet->data = equic_aead_scratch();
	ret = equic_open(key, packet);
	if (likely(!ret))
		memcpy(plain, packet->data + header_len(packet),
		       payload_len(packet));
	return ret;
}

/* Of the longest payload: the number has one byte. */
static int check_room(const struct bpf_equic_packet *args, u32 room)
{
	return (u64)args->pn_off + 1 + EQUIC_TAG_LEN + room < args->len ?
		-ENOBUFS : 0;
}

static __always_inline int xdp_in_place(struct xdp_md *ctx,
					struct bpf_equic_packet *told, u32 size,
					act_fn act)
{
	struct xdp_buff *xdp = (struct xdp_buff *)ctx;
	struct frame frame = {
		.dev = xdp->rxq->dev,
		.data = xdp->data,
		.len = xdp->data_end - xdp->data,
		.scattered = xdp->rxq->mem.type == MEM_TYPE_XSK_BUFF_POOL,
	};
	struct equic_packet packet __uninitialized;
	u64 end;
	int ret;

	ret = take_args(&packet.args, told, size);
	if (unlikely(ret))
		return ret;
	end = packet_end(&packet.args);
	if (unlikely(end > frame.len))
		return end > xdp_get_buff_len(xdp) ? -EINVAL : -EOPNOTSUPP;
	ret = in_place(&frame, &packet, act);
	if (likely(!ret))
		give_args(told, &packet,
			  packet.args.off + header_len(&packet));
	return ret;
}

static __always_inline int skb_in_place(struct __sk_buff *ctx,
					struct bpf_equic_packet *told, u32 size,
					act_fn act)
{
	struct sk_buff *skb = (struct sk_buff *)ctx;
	struct frame frame = {
		.dev = skb->dev,
		.skb = skb,
		.data = skb->data,
		.len = skb_headlen(skb),
	};
	struct equic_packet packet __uninitialized;
	u64 end;
	int ret;

	ret = take_args(&packet.args, told, size);
	if (unlikely(ret))
		return ret;
	end = packet_end(&packet.args);
	/* Several packets: what they share is in none of them. */
	if (unlikely(end > frame.len || skb_is_gso(skb)))
		return end > skb->len ? -EINVAL :
		       skb_is_gso(skb) ? -EOPNOTSUPP : -EAGAIN;
	if (unlikely(skb_cloned(skb) && !skb_clone_writable(skb, end)))
		return -EAGAIN;
	ret = in_place(&frame, &packet, act);
	if (likely(!ret))
		give_args(told, &packet,
			  packet.args.off + header_len(&packet));
	/* What the device summed up is not there any more. */
	if (skb->ip_summed == CHECKSUM_COMPLETE)
		skb->ip_summed = CHECKSUM_NONE;
	return ret;
}

/* -EOPNOTSUPP: frames of several zero-copy buffers. */
static int xdp_copy(struct xdp_buff *xdp, u32 off, u8 *to, u32 len)
{
	u32 linear = xdp->data_end - xdp->data, n;
	const struct skb_shared_info *sinfo;
	int i;

	if (likely(off + len <= linear)) {
		memcpy(to, xdp->data + off, len);
		return 0;
	}
	if (xdp->rxq->mem.type == MEM_TYPE_XSK_BUFF_POOL)
		return -EOPNOTSUPP;
	if (off < linear) {
		n = linear - off;
		memcpy(to, xdp->data + off, n);
		to += n;
		len -= n;
		off = linear;
	}
	off -= linear;
	sinfo = xdp_get_shared_info_from_buff(xdp);
	for (i = 0; i < sinfo->nr_frags && len; i++) {
		const skb_frag_t *frag = &sinfo->frags[i];

		if (off >= skb_frag_size(frag)) {
			off -= skb_frag_size(frag);
			continue;
		}
		n = min(len, skb_frag_size(frag) - off);
		memcpy(to, skb_frag_address(frag) + off, n);
		to += n;
		len -= n;
		off = 0;
	}
	return 0;
}

static int xdp_open_copy(struct xdp_buff *xdp, struct bpf_equic_packet *told,
			 u32 size, u8 *plain, u32 room)
{
	struct equic_packet packet __uninitialized;
	struct equic_key *key;
	int ret;

	ret = take_args(&packet.args, told, size);
	ret = ret ?: check_room(&packet.args, room);
	if (unlikely(ret))
		return ret;
	if (unlikely(packet_end(&packet.args) > xdp_get_buff_len(xdp)))
		return -EINVAL;
	key = find_key(xdp->rxq->dev, packet.args.key);
	if (unlikely(!key))
		return -ENOENT;
	ret = xdp_copy(xdp, packet.args.off, equic_aead_scratch(),
		       packet.args.len);
	ret = ret ?: open_scratch(key, &packet, plain);
	if (likely(!ret))
		give_args(told, &packet, 0);
	return ret;
}

static int skb_open_copy(struct sk_buff *skb, struct bpf_equic_packet *told,
			 u32 size, u8 *plain, u32 room)
{
	struct equic_packet packet __uninitialized;
	struct equic_key *key;
	int ret;

	ret = take_args(&packet.args, told, size);
	ret = ret ?: check_room(&packet.args, room);
	if (unlikely(ret))
		return ret;
	if (unlikely(packet_end(&packet.args) > skb->len))
		return -EINVAL;
	key = find_key(skb->dev, packet.args.key);
	if (unlikely(!key))
		return -ENOENT;
	ret = skb_copy_bits(skb, packet.args.off, equic_aead_scratch(),
			    packet.args.len);
	ret = ret ?: open_scratch(key, &packet, plain);
	if (likely(!ret))
		give_args(told, &packet, 0);
	return ret;
}

__bpf_kfunc_start_defs();

__bpf_kfunc int bpf_xdp_equic_open(struct xdp_md *ctx,
				   struct bpf_equic_packet *packet,
				   u32 packet__sz)
{
	return xdp_in_place(ctx, packet, packet__sz, equic_open);
}

__bpf_kfunc int bpf_skb_equic_open(struct __sk_buff *ctx,
				   struct bpf_equic_packet *packet,
				   u32 packet__sz)
{
	return skb_in_place(ctx, packet, packet__sz, equic_open);
}

__bpf_kfunc int bpf_xdp_equic_seal(struct xdp_md *ctx,
				   struct bpf_equic_packet *packet,
				   u32 packet__sz)
{
	return xdp_in_place(ctx, packet, packet__sz, equic_seal);
}

__bpf_kfunc int bpf_skb_equic_seal(struct __sk_buff *ctx,
				   struct bpf_equic_packet *packet,
				   u32 packet__sz)
{
	return skb_in_place(ctx, packet, packet__sz, equic_seal);
}

__bpf_kfunc int bpf_xdp_equic_open_copy(struct xdp_md *ctx,
					struct bpf_equic_packet *packet,
					u32 packet__sz, void *plain,
					u32 plain__sz)
{
	return xdp_open_copy((struct xdp_buff *)ctx, packet, packet__sz, plain,
			     plain__sz);
}

__bpf_kfunc int bpf_skb_equic_open_copy(struct __sk_buff *ctx,
					struct bpf_equic_packet *packet,
					u32 packet__sz, void *plain,
					u32 plain__sz)
{
	return skb_open_copy((struct sk_buff *)ctx, packet, packet__sz, plain,
			     plain__sz);
}

__bpf_kfunc_end_defs();
