/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How the packets of a run differ: shared with vary.bpf.c. */
#ifndef EQUIC_BENCH_VARY_H
#define EQUIC_BENCH_VARY_H

#include <linux/types.h>

enum {
	VARY_MAX	= 2,
	VARY_OFF_MAX	= 255,
};

/**
 * struct vary - a word that is another one in each packet
 * @off: where it is in the packet; 0: there is none
 * @value: what it is in the next packet
 * @step: how much more it is in the one after that
 * @last: after this value comes @first
 * @first: likewise
 */
struct vary {
	__u32	off;
	__u32	value;
	__u32	step;
	__u32	last;
	__u32	first;
};

#endif /* EQUIC_BENCH_VARY_H */
