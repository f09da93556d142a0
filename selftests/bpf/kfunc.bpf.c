// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Each kfunc of equic.ko from XDP and from TC, with what the test gives it. */
#include "equic_kfuncs.h"
#include "kfunc_room.h"

/* Written by the test. */
struct pkt_room pkt;
struct opts_room opts;
__u32 pkt_size;
__u32 opts_size;

/* Read by the test: what the kfunc returned. */
int result;

#define PROGRAM(hook, section, type, name, ...)				\
SEC(section)								\
int hook ## _ ## name(struct type *ctx)					\
{									\
	__u32 pkt__sz = pkt_size, opts__sz = opts_size;			\
									\
	if (pkt__sz > sizeof(pkt) || opts__sz > sizeof(opts))		\
		return 0;						\
	result = bpf_ ## hook ## _equic_ ## name(ctx, ## __VA_ARGS__);	\
	return 0;							\
}

#define PROGRAMS(hook, section, type)					\
PROGRAM(hook, section, type, port, pkt.pkt.dport)			\
PROGRAM(hook, section, type, verdict, &pkt.pkt, pkt__sz)		\
PROGRAM(hook, section, type, client, &pkt.pkt, pkt__sz, &opts.opts, opts__sz) \
PROGRAM(hook, section, type, charge, &pkt.pkt, pkt__sz, &opts.opts, opts__sz) \
PROGRAM(hook, section, type, release, &pkt.pkt, pkt__sz, &opts.opts, opts__sz)

PROGRAMS(xdp, "xdp", xdp_md)
PROGRAMS(skb, "tc", __sk_buff)

char _license[] SEC("license") = "Dual BSD/GPL";
