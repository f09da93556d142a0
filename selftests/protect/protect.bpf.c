// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Each kfunc of packet protection, from XDP and from TC, with what it is given. */
#include "equic_kfuncs.h"
#include "protect_room.h"

/* Written by the test. */
struct packet_room packet;
struct bpf_equic_packet sealing;
__u32 packet_size;
__u32 plain_size;

/* Read by the test: what the kfunc returned, and where it may have written. */
int result;
__u8 plain[PLAIN_ROOM];

#define PROGRAM(hook, section, type, name, ...)				\
SEC(section)								\
int hook ## _ ## name(struct type *ctx)					\
{									\
	__u32 packet__sz = packet_size, plain__sz = plain_size;		\
									\
	if (packet__sz > sizeof(packet) || plain__sz > sizeof(plain))	\
		return 0;						\
	result = bpf_ ## hook ## _equic_ ## name(ctx, &packet.packet,	\
						 packet__sz,		\
						 ## __VA_ARGS__);	\
	return 0;							\
}

#define PROGRAMS(hook, section, type)					\
PROGRAM(hook, section, type, open)					\
PROGRAM(hook, section, type, open_copy, plain, plain__sz)		\
PROGRAM(hook, section, type, seal)

PROGRAMS(xdp, "xdp.frags", xdp_md)
PROGRAMS(skb, "tc", __sk_buff)

/*
 * To a buffer, in place, and back: what is left is what came. @packet is what the
 * second opening says, and @sealing names the key to seal with.
 */
#define ROUND(hook, section, type)					\
SEC(section)								\
int hook ## _round(struct type *ctx)					\
{									\
	struct bpf_equic_packet copied = packet.packet;			\
									\
	result = bpf_ ## hook ## _equic_open_copy(ctx, &copied,		\
						  sizeof(copied), plain, \
						  sizeof(plain));	\
	if (result)							\
		return 0;						\
	result = bpf_ ## hook ## _equic_open(ctx, &packet.packet,	\
					     sizeof(packet.packet));	\
	if (result)							\
		return 0;						\
	sealing.pn = copied.pn;						\
	sealing.epoch = copied.epoch;					\
	result = bpf_ ## hook ## _equic_seal(ctx, &sealing,		\
					     sizeof(sealing));		\
	return 0;							\
}

ROUND(xdp, "xdp.frags", xdp_md)
ROUND(skb, "tc", __sk_buff)

char _license[] SEC("license") = "GPL";
