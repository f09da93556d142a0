// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <string.h>

#include "frame.h"
#include "translate.h"

/* Nothing is left of a frame, and nobody would answer. */
static void erase(uint8_t *payload, const struct frame *frame)
{
	memset(payload + frame->begin, FRAME_PADDING, frame->end - frame->begin);
}

/* Nothing is left of a frame but that it is to be acknowledged. */
static void hide(uint8_t *payload, const struct frame *frame)
{
	erase(payload, frame);
	payload[frame->begin] = FRAME_PING;
}

/*
 * Ranges that only numbers of others kept apart become one: such a gap cannot be
 * written.
 */
static void to_stack(struct ack *ack, const struct numbers *numbers)
{
	struct ack_range *to = ack->range, range;
	size_t i;

	for (i = 0; i < ack->ranges; i++) {
		if (!numbers_within(numbers, ack->range[i].first,
				    ack->range[i].last, &range.first, &range.last))
			continue;
		if (to != ack->range && to[-1].first == range.last + 1)
			to[-1].first = range.first;
		else
			*to++ = range;
	}
	ack->ranges = to - ack->range;
}

/*
 * What is written never needs more room than what was read. Each number of it takes
 * the place of some that were read, and no two of them of the same:
 *
 * - Largest Acknowledged is not larger, for a number of the stack is not above its
 *   number on the wire. ACK Delay is the same. There are not more ranges.
 * - A range is made of one or more that were read, and of the gaps between those: it
 *   takes the place of all their numbers. It holds not more packets than they do.
 * - A gap is made of one or more that were read, and of ranges between those that
 *   hold none of the stack's: numbers that were forgotten are below all others. It
 *   misses not more packets than the gaps do.
 *
 * So a number v replaces m numbers x of ranges, or gaps, and m - 1 of the other kind
 * between them, with v <= sum(x + 1) - 1. For m = 1 it is not larger. Otherwise m - 1
 * bytes at least come on top of those of the x; v is below NUMBERS_SAME + NUMBERS_MAX,
 * thus below 2^30, and has 1, 2 or 4 bytes. 2 fit, m = 2 has 3. 4 fit m >= 3, which has
 * 5, and m = 2 unless both x have one byte: then v <= 63 + 63 + 1 needs but 2.
 */
static void write_ack(struct translator *t, uint8_t *payload,
		      const struct frame *frame)
{
	uint8_t *end = payload + frame->end, *at;

	at = ack_write(&t->ack, payload + frame->begin, end);
	if (at)
		memset(at, FRAME_PADDING, end - at);
	else	/* not by the above; never a torn frame */
		erase(payload, frame);
}

static int receive_ack(struct translator *t, uint8_t *payload,
		       const struct frame *frame)
{
	int err = ack_parse(&t->ack, payload + frame->begin,
			    frame->end - frame->begin);

	if (err)
		return err;
	t->ops->acked(t->ctx, &t->ack);
	to_stack(&t->ack, t->numbers);
	if (!t->ack.ranges) {
		erase(payload, frame);
		return 0;
	}
	write_ack(t, payload, frame);
	numbers_acked(t->numbers, t->ack.range[0].last);
	return 0;
}

static int receive(struct translator *t, uint8_t *payload,
		   const struct frame *frame)
{
	const uint64_t *number = frame->number;

	switch (frame->type) {
	case FRAME_ACK:
	case FRAME_ACK_ECN:
		return receive_ack(t, payload, frame);
	case FRAME_MAX_DATA:
		t->ops->max_data(t->ctx, number[0]);
		break;
	case FRAME_MAX_STREAM_DATA:
		if (!t->ops->owns(t->ctx, number[0]))
			break;
		t->ops->max_stream_data(t->ctx, number[0], number[1]);
		hide(payload, frame);
		break;
	case FRAME_STOP_SENDING:
		if (!t->ops->owns(t->ctx, number[0]))
			break;
		t->ops->stop_sending(t->ctx, number[0], number[1]);
		hide(payload, frame);
		break;
	}
	return 0;
}

int translate_received(struct translator *t, uint8_t *payload, size_t len)
{
	struct frame frame = { .end = 0 };
	int found, err;

	while ((found = frame_next(payload, len, frame.end, &frame)) > 0) {
		err = receive(t, payload, &frame);
		if (err)
			return err;
	}
	return found;
}

int translate_sent(struct translator *t, uint8_t *payload, size_t len)
{
	struct frame frame = { .end = 0 };
	int found;

	while ((found = frame_next(payload, len, frame.end, &frame)) > 0)
		if (frame.type == FRAME_RESET_STREAM &&
		    t->ops->owns(t->ctx, frame.number[0]))
			hide(payload, &frame);
	return found;
}

static bool frame_elicits(uint8_t type)
{
	switch (type) {
	case FRAME_PADDING:
	case FRAME_ACK:
	case FRAME_ACK_ECN:
	case FRAME_CONNECTION_CLOSE:
	case FRAME_CONNECTION_CLOSE_APP:
		return false;
	default:
		return true;
	}
}

/* Most packets begin with a frame that says it, whatever is in it. */
bool payload_elicits(const uint8_t *payload, size_t len)
{
	struct frame frame = { .end = 0 };

	while (frame.end < len)
		if (frame_elicits(payload[frame.end]) ||
		    frame_next(payload, len, frame.end, &frame) < 0)
			return true;
	return false;
}

size_t payload_padding(const uint8_t *payload, size_t len)
{
	struct frame frame = { .end = 0 };

	while (frame.end < len)
		if (frame_next(payload, len, frame.end, &frame) < 0)
			return 0;
	return len && frame.type == FRAME_PADDING ? len - frame.begin : 0;
}
