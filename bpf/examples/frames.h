/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Shared by frames.bpf.c and its loader. */
#ifndef EQUIC_EXAMPLES_FRAMES_H
#define EQUIC_EXAMPLES_FRAMES_H

#include <linux/types.h>
#include "frame_type.h"

enum {
	IN,
	OUT,
	DIRECTIONS,

	KEPT_LEN	= 1500,
};

/**
 * struct direction - what is needed to open the packets of one
 * @key: id of a key that opens them; 0: there is none yet.
 * @cid_len: bytes of the connection ID in their short headers.
 */
struct direction {
	__u32	key;
	__u32	cid_len;
};

/**
 * struct count - what was seen in one direction
 * @packets: packets with a short header.
 * @opened: of them, and of those kept.
 * @kept: of them, for later.
 * @refused: of them, for good.
 * @error: why, of the one that was refused last: an errno of
 *	bpf_skb_equic_open_copy().
 * @frames: in those opened, by type.
 * @unknown: frames of a type that is not known, or that make no sense.
 */
struct count {
	__u64	packets;
	__u64	opened;
	__u64	kept;
	__u64	refused;
	__u64	frames[FRAME_TYPES];
	__u64	unknown;
	__s32	error;
};

/**
 * struct kept - a packet that could not be opened yet
 * @dir: its direction.
 * @early: it came before the key, or behind one that did.
 * @len: its length.
 * @bytes: itself.
 */
struct kept {
	__u32	dir;
	__u32	early;
	__u32	len;
	__u8	bytes[KEPT_LEN];
};

#endif /* EQUIC_EXAMPLES_FRAMES_H */
