/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A walk over the frames of one payload, in a buffer, for any type of program.
 *
 * A program verifies fast if it takes one step at a time, in bpf_loop():
 *
 *	__u8 *plain = frame_plain();
 *	...
 *	struct frame_walk walk = { .plain = plain, .end = packet.payload_len };
 *
 *	bpf_loop(FRAME_STEPS_MAX, step, &walk, 0);
 *
 * where step() asks frame_step() what there is to do.
 */
#ifndef EQUIC_EXAMPLES_FRAME_WALK_H
#define EQUIC_EXAMPLES_FRAME_WALK_H

#include <stdbool.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>
#include "frame_type.h"

enum {
	PLAIN_LEN	= 1 << 14,	/* a power of two: offsets are masked */
	/* Of a byte: a frame that begins with it, and ends behind it. */
	FRAME_STEPS_MAX	= 2 * PLAIN_LEN,
};

/* Not on the stack, which has 512 bytes; a program is not interrupted by another. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u8[PLAIN_LEN]);
} plains SEC(".maps");

/**
 * frame_plain - this CPU's buffer for a payload
 *
 * Return: %PLAIN_LEN bytes; the verifier wants to see that they are not NULL.
 */
static __always_inline __u8 *frame_plain(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&plains, &zero);
}

/* What follows the numbers of a frame. */
enum frame_after {
	FRAME_NOTHING,
	FRAME_LENGTH,		/* as many bytes as the last number says */
	FRAME_RANGES,		/* of an ACK: the last number says how many */
	FRAME_RANGES_ECN,	/* and three more numbers */
	FRAME_REST,		/* all that is left of the packet */
};

/* How a frame goes on behind its type. */
static const struct frame_shape {
	__u8	numbers;
	__u8	after;
	__u8	bytes;	/* behind that */
} frame_shapes[FRAME_TYPES] = {
	[0x00] = { 0, FRAME_NOTHING, 0 },	/* PADDING */
	[0x01] = { 0, FRAME_NOTHING, 0 },	/* PING */
	[0x02] = { 3, FRAME_RANGES, 0 },	/* ACK */
	[0x03] = { 3, FRAME_RANGES_ECN, 0 },
	[0x04] = { 3, FRAME_NOTHING, 0 },	/* RESET_STREAM */
	[0x05] = { 2, FRAME_NOTHING, 0 },	/* STOP_SENDING */
	[0x06] = { 2, FRAME_LENGTH, 0 },	/* CRYPTO */
	[0x07] = { 1, FRAME_LENGTH, 0 },	/* NEW_TOKEN */
	/* STREAM: OFF, LEN and FIN are bits */
	[0x08] = { 1, FRAME_REST, 0 },
	[0x09] = { 1, FRAME_REST, 0 },
	[0x0a] = { 2, FRAME_LENGTH, 0 },
	[0x0b] = { 2, FRAME_LENGTH, 0 },
	[0x0c] = { 2, FRAME_REST, 0 },
	[0x0d] = { 2, FRAME_REST, 0 },
	[0x0e] = { 3, FRAME_LENGTH, 0 },
	[0x0f] = { 3, FRAME_LENGTH, 0 },
	[0x10] = { 1, FRAME_NOTHING, 0 },	/* MAX_DATA */
	[0x11] = { 2, FRAME_NOTHING, 0 },	/* MAX_STREAM_DATA */
	[0x12] = { 1, FRAME_NOTHING, 0 },	/* MAX_STREAMS */
	[0x13] = { 1, FRAME_NOTHING, 0 },
	[0x14] = { 1, FRAME_NOTHING, 0 },	/* DATA_BLOCKED */
	[0x15] = { 2, FRAME_NOTHING, 0 },	/* STREAM_DATA_BLOCKED */
	[0x16] = { 1, FRAME_NOTHING, 0 },	/* STREAMS_BLOCKED */
	[0x17] = { 1, FRAME_NOTHING, 0 },
	/* NEW_CONNECTION_ID: its length is below 64, so a number as well. */
	[0x18] = { 3, FRAME_LENGTH, 16 },
	[0x19] = { 1, FRAME_NOTHING, 0 },	/* RETIRE_CONNECTION_ID */
	[0x1a] = { 0, FRAME_NOTHING, 8 },	/* PATH_CHALLENGE */
	[0x1b] = { 0, FRAME_NOTHING, 8 },	/* PATH_RESPONSE */
	[0x1c] = { 3, FRAME_LENGTH, 0 },	/* CONNECTION_CLOSE */
	[0x1d] = { 2, FRAME_LENGTH, 0 },
	[FRAME_HANDSHAKE_DONE] = { 0, FRAME_NOTHING, 0 },
	[FRAME_DATAGRAM] = { 0, FRAME_REST, 0 },
	[FRAME_DATAGRAM_LEN] = { 1, FRAME_LENGTH, 0 },
};

/**
 * struct frame_walk - where a walk is
 * @plain: the payload, in a buffer of %PLAIN_LEN bytes.
 * @end: its length.
 * @off: where the next step begins.
 * @content: of a frame that is done: where the bytes are that it is about: the
 *	application's data, a reason, a token, a connection ID.
 * @len: how many they are.
 * @type: enum frame_type.
 * @inside: it has not been done yet.
 */
struct frame_walk {
	const __u8	*plain;
	__u32		end;
	__u32		off;
	__u32		content;
	__u32		len;
	__u8		type;
	bool		inside;
	/* private: */
	__u8		after;
	__u8		bytes;
	__u64		numbers;	/* of this frame, still to come */
	__u64		last;		/* the last number */
};

/**
 * enum frame_step - what a step has come to
 * @FRAME_WITHIN: nothing to be said about yet.
 * @FRAME_DONE: the end of a frame that is whole.
 * @FRAMES_END: the end of all. No step follows, nor after what is next.
 * @FRAMES_UNKNOWN: a frame of a type that is not known, or longer than the
 *	packet: there is no telling where another begins.
 */
enum frame_step {
	FRAME_WITHIN,
	FRAME_DONE,
	FRAMES_END,
	FRAMES_UNKNOWN,
};

static __always_inline __u8 frame_byte(const struct frame_walk *w, __u32 off)
{
	return w->plain[off & (PLAIN_LEN - 1)];
}

/* RFC 9000, 16: a number in 1, 2, 4 or 8 bytes. */
static __always_inline __u64 frame_number(struct frame_walk *w)
{
	__u32 len = 1 << (frame_byte(w, w->off) >> 6), i;
	__u64 value = frame_byte(w, w->off) & 0x3f;

	for (i = 1; i < 8; i++)
		if (i < len)
			value = value << 8 | frame_byte(w, w->off + i);
	w->off += len;
	return value;
}

static __always_inline enum frame_step frame_begin(struct frame_walk *w)
{
	__u64 type = frame_number(w);
	const struct frame_shape *shape;

	if (type >= FRAME_TYPES ||
	    (type > FRAME_HANDSHAKE_DONE && type < FRAME_DATAGRAM))
		return FRAMES_UNKNOWN;
	shape = &frame_shapes[type];
	w->type = type;
	w->numbers = shape->numbers;
	w->after = shape->after;
	w->bytes = shape->bytes;
	w->inside = true;
	return FRAME_WITHIN;
}

/* The numbers are read: what is left of the frame. */
static __always_inline enum frame_step frame_end(struct frame_walk *w)
{
	__u64 len = 0;

	switch (w->after) {
	case FRAME_RANGES:
	case FRAME_RANGES_ECN:
		/* First ACK Range, then pairs of Gap and Range Length. */
		w->numbers = 1 + 2 * w->last;
		if (w->after == FRAME_RANGES_ECN)
			w->numbers += 3;
		w->after = FRAME_NOTHING;
		return FRAME_WITHIN;
	case FRAME_LENGTH:
		len = w->last;
		break;
	case FRAME_REST:
		len = w->end - w->off;
		break;
	}
	if (w->off > w->end || len > w->end - w->off ||
	    w->bytes > w->end - w->off - len)
		return FRAMES_UNKNOWN;
	w->content = w->off;
	w->len = len;
	w->off += len + w->bytes;
	w->inside = false;
	return FRAME_DONE;
}

/**
 * frame_step - take a step: one number, the begin or the end of a frame
 * @w: the walk
 */
static __always_inline enum frame_step frame_step(struct frame_walk *w)
{
	if (w->inside && !w->numbers)
		return frame_end(w);
	if (w->off >= w->end)
		return w->inside ? FRAMES_UNKNOWN : FRAMES_END;
	if (!w->inside)
		return frame_begin(w);
	w->last = frame_number(w);
	w->numbers--;
	return FRAME_WITHIN;
}

#endif /* EQUIC_EXAMPLES_FRAME_WALK_H */
