/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Shared by datagram.bpf.c and its loader. */
#ifndef EQUIC_EXAMPLES_DATAGRAM_H
#define EQUIC_EXAMPLES_DATAGRAM_H

#include <linux/types.h>

enum {
	TAG_LEN	= 4,
};

/**
 * struct direction - the packets that are to be relabelled
 * @open: id of a key that opens them; 0: there is none yet.
 * @seal: id of the same key, sealing.
 * @cid_len: bytes of the connection ID in their short headers.
 */
struct direction {
	__u32	open;
	__u32	seal;
	__u32	cid_len;
};

/**
 * struct tags - what DATAGRAM frames begin with
 * @from: those that are to be changed.
 * @to: and when they are.
 */
struct tags {
	__u8	from[TAG_LEN];
	__u8	to[TAG_LEN];
};

/**
 * struct count - what was seen
 * @packets: with a short header.
 * @early: of them, before there was a key. They passed.
 * @refused: of them, not opened. They passed.
 * @opened: of them, to be read.
 * @kept: of those opened: could not be changed, and passed with their labels.
 * @sealed: of those opened: passed with others.
 * @dropped: of those opened: changed, and could not be sealed.
 * @datagrams: DATAGRAM frames in those opened.
 * @relabelled: of them, those in packets that were sealed.
 * @unknown: packets with a frame that is not known, or makes no sense.
 */
struct count {
	__u64	packets;
	__u64	early;
	__u64	refused;
	__u64	opened;
	__u64	kept;
	__u64	sealed;
	__u64	dropped;
	__u64	datagrams;
	__u64	relabelled;
	__u64	unknown;
};

#endif /* EQUIC_EXAMPLES_DATAGRAM_H */
