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
	bool csum_later;		/* the UDP checksum is not filled in yet */
};

/*
 * Takes what the program says, once: the struct may be in memory that others
 * write, too. What is checked is the copy, and it is all that is used.
 */
static int take_args(struct bpf_equic_packet *args,
		     const struct bpf_equic_packet *told, u32 size)
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
	/* Neither sum can wrap. */
	if (unlikely(args->len > EQUIC_PACKET_MAX_LEN))
		return -EMSGSIZE;
	return unlikely(args->off > S32_MAX) ? -EINVAL : 0;
}

/* What the program is told. */
static void give_args(struct bpf_equic_packet *told,
		      const struct bpf_equic_packet *args)
{
	told->pn = args->pn;
	told->epoch = args->epoch;
	told->payload_off = args->payload_off;
	told->payload_len = args->payload_len;
}

/* BH is disabled, RCU. */
static struct equic_key *find_key(const struct net_device *dev, u32 id)
{
	struct equic_key *key = equic_key_find(equic_net_of_dev(dev), id);

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

static void csum_begin(struct udp_csum *csum, const struct frame *frame,
		       const struct bpf_equic_packet *args)
{
	struct udphdr *udp;

	csum->field = NULL;
	if (!args->udp_off || frame->csum_later)
		return;
	udp = (struct udphdr *)(frame->data + args->udp_off);
	/* RFC 768: the sender computed none. */
	if (!udp->check)
		return;
	csum->field = &udp->check;
	csum->before = csum_partial(frame->data + args->off, args->len, 0);
}

static void csum_end(struct udp_csum *csum, const struct frame *frame,
		     const struct bpf_equic_packet *args)
{
	__wsum diff;

	if (!csum->field)
		return;
	diff = csum_sub(csum_partial(frame->data + args->off, args->len, 0),
			csum->before);
	diff = csum_shift(diff, args->off - args->udp_off);
	csum_replace_by_diff(csum->field, diff);
	if (!*csum->field)
		*csum->field = CSUM_MANGLED_0;
}

static void packet_of(struct equic_packet *packet,
		      const struct bpf_equic_packet *args, u8 *data)
{
	packet->data = data;
	packet->len = args->len;
	packet->pn_off = args->pn_off;
	packet->epoch = args->epoch;
	packet->pn = args->pn;
}

static void tell_opened(struct bpf_equic_packet *args,
			const struct equic_packet *packet, u32 off, u32 len)
{
	args->pn = packet->pn;
	args->epoch = packet->epoch;
	args->payload_off = off;
	args->payload_len = len;
}

static u32 header_len(const struct equic_packet *packet)
{
	return packet->pn_off + packet->pn_len;
}

/*
 * Memory that the crypto API cannot take: a zero-copy AF_XDP buffer is mapped
 * page by page.
 */
static bool must_bounce(const u8 *data)
{
	return is_vmalloc_addr(data);
}

/* Opens to this CPU's scratch: the packet is left alone until it is authentic. */
static int open_in_place(const struct frame *frame,
			 struct bpf_equic_packet *args)
{
	u8 *data = frame->data + args->off, *scratch;
	struct equic_packet packet;
	struct udp_csum csum;
	struct equic_key *key;
	bool bounce = must_bounce(data);
	int ret;

	key = find_key(frame->dev, args->key);
	if (unlikely(!key))
		return -ENOENT;
	scratch = equic_aead_scratch();
	if (unlikely(bounce))
		memcpy(scratch, data, args->len);
	packet_of(&packet, args, bounce ? scratch : data);
	csum_begin(&csum, frame, args);
	ret = equic_open(key, &packet, scratch);
	if (unlikely(ret < 0))
		return ret;
	if (unlikely(bounce))
		memcpy(data, scratch, header_len(&packet));
	memcpy(data + header_len(&packet), scratch + header_len(&packet), ret);
	csum_end(&csum, frame, args);
	tell_opened(args, &packet, args->off + header_len(&packet), ret);
	return 0;
}

static int seal_in_place(const struct frame *frame,
			 struct bpf_equic_packet *args)
{
	u8 *data = frame->data + args->off, *scratch;
	struct equic_packet packet;
	struct udp_csum csum;
	struct equic_key *key;
	int ret;

	key = find_key(frame->dev, args->key);
	if (unlikely(!key))
		return -ENOENT;
	packet_of(&packet, args, data);
	csum_begin(&csum, frame, args);
	if (unlikely(must_bounce(data))) {
		scratch = equic_aead_scratch();
		memcpy(scratch, data, args->len);
		packet.data = scratch;
		ret = equic_seal(key, &packet);
		memcpy(data, scratch, args->len);
	} else {
		ret = equic_seal(key, &packet);
	}
	csum_end(&csum, frame, args);
	if (unlikely(ret))
		return ret;
	args->payload_off = args->off + header_len(&packet);
	args->payload_len = args->len - header_len(&packet) - EQUIC_TAG_LEN;
	return 0;
}

/* The packet is in this CPU's scratch. */
static int open_scratch(struct equic_key *key, struct bpf_equic_packet *args,
			u8 *plain)
{
	u8 *scratch = equic_aead_scratch();
	struct equic_packet packet;
	int ret;

	packet_of(&packet, args, scratch);
	ret = equic_open(key, &packet, scratch);
	if (unlikely(ret < 0))
		return ret;
	memcpy(plain, scratch + header_len(&packet), ret);
	tell_opened(args, &packet, 0, ret);
	return 0;
}

/* Of the longest payload: the number has one byte. */
static int check_room(const struct bpf_equic_packet *args, u32 room)
{
	return (u64)args->pn_off + 1 + EQUIC_TAG_LEN + room < args->len ?
		-ENOBUFS : 0;
}

typedef int (*in_place_fn)(const struct frame *frame,
			   struct bpf_equic_packet *args);

static int xdp_in_place(struct xdp_md *ctx, struct bpf_equic_packet *told,
			u32 size, in_place_fn act)
{
	struct xdp_buff *xdp = (struct xdp_buff *)ctx;
	struct bpf_equic_packet args;
	struct frame frame = {
		.dev = xdp->rxq->dev,
		.data = xdp->data,
		.len = xdp->data_end - xdp->data,
	};
	int ret;

	ret = take_args(&args, told, size);
	if (unlikely(ret))
		return ret;
	if (unlikely(args.off + args.len > frame.len))
		return args.off + args.len > xdp_get_buff_len(xdp) ?
			-EINVAL : -EOPNOTSUPP;
	rcu_read_lock();
	ret = act(&frame, &args);
	rcu_read_unlock();
	if (likely(!ret))
		give_args(told, &args);
	return ret;
}

static int skb_in_place(struct __sk_buff *ctx, struct bpf_equic_packet *told,
			u32 size, in_place_fn act)
{
	struct sk_buff *skb = (struct sk_buff *)ctx;
	struct frame frame = {
		.dev = skb->dev,
		.data = skb->data,
		.len = skb_headlen(skb),
	};
	struct bpf_equic_packet args;
	int ret;

	ret = take_args(&args, told, size);
	if (unlikely(ret))
		return ret;
	if (unlikely(args.off + args.len > skb->len))
		return -EINVAL;
	/* Several packets: what they share is in none of them. */
	if (unlikely(skb_is_gso(skb)))
		return -EOPNOTSUPP;
	if (unlikely(args.off + args.len > frame.len ||
		     (skb_cloned(skb) &&
		      !skb_clone_writable(skb, args.off + args.len))))
		return -EAGAIN;
	/* Of this header; that of a tunnel around it is another's. */
	frame.csum_later = skb->ip_summed == CHECKSUM_PARTIAL &&
			   skb_checksum_start_offset(skb) == args.udp_off;
	rcu_read_lock();
	ret = act(&frame, &args);
	rcu_read_unlock();
	if (likely(!ret))
		give_args(told, &args);
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
	struct bpf_equic_packet args;
	struct equic_key *key;
	int ret;

	ret = take_args(&args, told, size);
	ret = ret ?: check_room(&args, room);
	if (unlikely(ret))
		return ret;
	if (unlikely(args.off + args.len > xdp_get_buff_len(xdp)))
		return -EINVAL;
	key = find_key(xdp->rxq->dev, args.key);
	if (unlikely(!key))
		return -ENOENT;
	ret = xdp_copy(xdp, args.off, equic_aead_scratch(), args.len);
	ret = ret ?: open_scratch(key, &args, plain);
	if (likely(!ret))
		give_args(told, &args);
	return ret;
}

static int skb_open_copy(struct sk_buff *skb, struct bpf_equic_packet *told,
			 u32 size, u8 *plain, u32 room)
{
	struct bpf_equic_packet args;
	struct equic_key *key;
	int ret;

	ret = take_args(&args, told, size);
	ret = ret ?: check_room(&args, room);
	if (unlikely(ret))
		return ret;
	key = find_key(skb->dev, args.key);
	if (unlikely(!key))
		return -ENOENT;
	if (unlikely(skb_copy_bits(skb, args.off, equic_aead_scratch(),
				   args.len)))
		return -EINVAL;
	ret = open_scratch(key, &args, plain);
	if (likely(!ret))
		give_args(told, &args);
	return ret;
}

__bpf_kfunc_start_defs();

__bpf_kfunc int bpf_xdp_equic_open(struct xdp_md *ctx,
				   struct bpf_equic_packet *packet,
				   u32 packet__sz)
{
	return xdp_in_place(ctx, packet, packet__sz, open_in_place);
}

__bpf_kfunc int bpf_skb_equic_open(struct __sk_buff *ctx,
				   struct bpf_equic_packet *packet,
				   u32 packet__sz)
{
	return skb_in_place(ctx, packet, packet__sz, open_in_place);
}

__bpf_kfunc int bpf_xdp_equic_seal(struct xdp_md *ctx,
				   struct bpf_equic_packet *packet,
				   u32 packet__sz)
{
	return xdp_in_place(ctx, packet, packet__sz, seal_in_place);
}

__bpf_kfunc int bpf_skb_equic_seal(struct __sk_buff *ctx,
				   struct bpf_equic_packet *packet,
				   u32 packet__sz)
{
	return skb_in_place(ctx, packet, packet__sz, seal_in_place);
}

__bpf_kfunc int bpf_xdp_equic_open_copy(struct xdp_md *ctx,
					struct bpf_equic_packet *packet,
					u32 packet__sz, void *plain,
					u32 plain__sz)
{
	int ret;

	rcu_read_lock();
	ret = xdp_open_copy((struct xdp_buff *)ctx, packet, packet__sz, plain,
			    plain__sz);
	rcu_read_unlock();
	return ret;
}

__bpf_kfunc int bpf_skb_equic_open_copy(struct __sk_buff *ctx,
					struct bpf_equic_packet *packet,
					u32 packet__sz, void *plain,
					u32 plain__sz)
{
	int ret;

	rcu_read_lock();
	ret = skb_open_copy((struct sk_buff *)ctx, packet, packet__sz, plain,
			    plain__sz);
	rcu_read_unlock();
	return ret;
}

__bpf_kfunc_end_defs();
