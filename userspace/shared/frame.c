// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>

#include "frame.h"
#include "varint.h"

enum {
	CID_MAX		= 20,	/* RFC 9000, 17.2 */
	RESET_TOKEN_LEN	= 16,	/* RFC 9000, 10.3 */
	PATH_DATA_LEN	= 8,	/* RFC 9000, 19.17 */
};

/* What follows the numbers of a frame. */
enum after {
	UNKNOWN,	/* it is no type */
	NOTHING,
	MORE,		/* of the same: PADDING */
	LENGTH,		/* as many bytes as the last number says */
	REST,		/* all that is left of the packet */
	RANGES,		/* of an ACK: the third number says how many */
	RANGES_ECN,	/* and three counts */
	CID,		/* its length in a byte, itself, and a token */
	PATH_DATA,
};

static const struct shape {
	uint8_t	numbers;
	uint8_t	after;
} shapes[FRAME_TYPES] = {
	[FRAME_PADDING]			= { 0, MORE },
	[FRAME_PING]			= { 0, NOTHING },
	[FRAME_ACK]			= { 4, RANGES },
	[FRAME_ACK_ECN]			= { 4, RANGES_ECN },
	[FRAME_RESET_STREAM]		= { 3, NOTHING },
	[FRAME_STOP_SENDING]		= { 2, NOTHING },
	[FRAME_CRYPTO]			= { 2, LENGTH },
	[FRAME_NEW_TOKEN]		= { 1, LENGTH },
	[FRAME_STREAM + 0]		= { 1, REST },
	[FRAME_STREAM + 1]		= { 1, REST },
	[FRAME_STREAM + 2]		= { 2, LENGTH },
	[FRAME_STREAM + 3]		= { 2, LENGTH },
	[FRAME_STREAM + 4]		= { 2, REST },
	[FRAME_STREAM + 5]		= { 2, REST },
	[FRAME_STREAM + 6]		= { 3, LENGTH },
	[FRAME_STREAM + 7]		= { 3, LENGTH },
	[FRAME_MAX_DATA]		= { 1, NOTHING },
	[FRAME_MAX_STREAM_DATA]		= { 2, NOTHING },
	[FRAME_MAX_STREAMS_BIDI]	= { 1, NOTHING },
	[FRAME_MAX_STREAMS_UNI]		= { 1, NOTHING },
	[FRAME_DATA_BLOCKED]		= { 1, NOTHING },
	[FRAME_STREAM_DATA_BLOCKED]	= { 2, NOTHING },
	[FRAME_STREAMS_BLOCKED_BIDI]	= { 1, NOTHING },
	[FRAME_STREAMS_BLOCKED_UNI]	= { 1, NOTHING },
	[FRAME_NEW_CONNECTION_ID]	= { 2, CID },
	[FRAME_RETIRE_CONNECTION_ID]	= { 1, NOTHING },
	[FRAME_PATH_CHALLENGE]		= { 0, PATH_DATA },
	[FRAME_PATH_RESPONSE]		= { 0, PATH_DATA },
	[FRAME_CONNECTION_CLOSE]	= { 3, LENGTH },
	[FRAME_CONNECTION_CLOSE_APP]	= { 2, LENGTH },
	[FRAME_HANDSHAKE_DONE]		= { 0, NOTHING },
	[FRAME_DATAGRAM]		= { 0, REST },
	[FRAME_DATAGRAM_LEN]		= { 1, LENGTH },
};

/* A count that is a lie ends the loop at the payload's end. */
static const uint8_t *skip(const uint8_t *at, const uint8_t *end, uint64_t numbers)
{
	uint64_t number;

	while (at && numbers--)
		at = varint_read(at, end, &number);
	return at;
}

/*
 * Its bytes behind the numbers: content and its length are set, and what is behind
 * those is returned. NULL: the frame does not end within the payload.
 */
static const uint8_t *contents(enum after after, const uint8_t *at,
			       const uint8_t *end, const uint8_t **content,
			       struct frame *frame)
{
	const uint64_t *number = frame->number;
	uint64_t len = 0, behind = 0;

	*content = at;
	switch (after) {
	case UNKNOWN:
	case NOTHING:
		break;
	case MORE:
		while (at != end && *at == FRAME_PADDING)
			at++;
		return at;
	case LENGTH:
		len = number[frame->numbers - 1];
		break;
	case REST:
		len = end - at;
		break;
	case RANGES:
	case RANGES_ECN:
		/* A Gap and a Range Length each: 2^62 of them do not overflow. */
		at = skip(at, end, number[2] * 2);
		if (!at)
			return NULL;
		frame->len = at - *content;
		return after == RANGES ? at : skip(at, end, 3);
	case CID:
		if (at == end || !*at || *at > CID_MAX)
			return NULL;
		len = *at++;
		*content = at;
		behind = RESET_TOKEN_LEN;
		break;
	case PATH_DATA:
		len = PATH_DATA_LEN;
		break;
	}
	if (len > (uint64_t)(end - at) || behind > (uint64_t)(end - at) - len)
		return NULL;
	frame->len = len;
	return at + len + behind;
}

int frame_next(const uint8_t *payload, size_t len, size_t at, struct frame *frame)
{
	const uint8_t *end = payload + len, *next = payload + at, *content;
	const struct shape *shape;
	size_t i;

	if (at == len)
		return 0;
	frame->begin = at;
	frame->len = 0;
	/* The types are below 64: one in more bytes has a bit that they have not. */
	if (*next >= FRAME_TYPES || shapes[*next].after == UNKNOWN) {
		frame->type = FRAME_TYPES;
		return -EPROTO;
	}
	frame->type = *next++;
	shape = &shapes[frame->type];
	frame->numbers = shape->numbers;
	for (i = 0; i < shape->numbers; i++)
		next = varint_read(next, end, &frame->number[i]);
	if (next)
		next = contents(shape->after, next, end, &content, frame);
	if (!next)
		return -EPROTO;
	frame->content = content - payload;
	frame->end = next - payload;
	return 1;
}
