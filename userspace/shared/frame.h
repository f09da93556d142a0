/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The frames of a 1-RTT payload (RFC 9000, 19; RFC 9221): where each begins and ends. */
#ifndef EQUIC_SHARED_FRAME_H
#define EQUIC_SHARED_FRAME_H

#include <stddef.h>
#include <stdint.h>

enum frame_type {
	FRAME_PADDING			= 0x00,
	FRAME_PING			= 0x01,
	FRAME_ACK			= 0x02,
	FRAME_ACK_ECN			= 0x03,
	FRAME_RESET_STREAM		= 0x04,
	FRAME_STOP_SENDING		= 0x05,
	FRAME_CRYPTO			= 0x06,
	FRAME_NEW_TOKEN			= 0x07,
	FRAME_STREAM			= 0x08,	/* and the seven behind: */
	FRAME_STREAM_FIN		= 0x01,	/* bits of the type */
	FRAME_STREAM_LEN		= 0x02,
	FRAME_STREAM_OFF		= 0x04,
	FRAME_MAX_DATA			= 0x10,
	FRAME_MAX_STREAM_DATA		= 0x11,
	FRAME_MAX_STREAMS_BIDI		= 0x12,
	FRAME_MAX_STREAMS_UNI		= 0x13,
	FRAME_DATA_BLOCKED		= 0x14,
	FRAME_STREAM_DATA_BLOCKED	= 0x15,
	FRAME_STREAMS_BLOCKED_BIDI	= 0x16,
	FRAME_STREAMS_BLOCKED_UNI	= 0x17,
	FRAME_NEW_CONNECTION_ID		= 0x18,
	FRAME_RETIRE_CONNECTION_ID	= 0x19,
	FRAME_PATH_CHALLENGE		= 0x1a,
	FRAME_PATH_RESPONSE		= 0x1b,
	FRAME_CONNECTION_CLOSE		= 0x1c,
	FRAME_CONNECTION_CLOSE_APP	= 0x1d,
	FRAME_HANDSHAKE_DONE		= 0x1e,
	FRAME_DATAGRAM			= 0x30,
	FRAME_DATAGRAM_LEN		= 0x31,
	FRAME_TYPES,
};

enum { FRAME_NUMBERS_MAX = 4 };

/**
 * struct frame - a frame, as offsets in its payload
 * @type: enum frame_type.
 * @numbers: how many numbers follow the type.
 * @number: they, in the order of RFC 9000, 19. Of an ACK those up to the First ACK
 *	Range; of NEW_CONNECTION_ID the first two.
 * @begin: of its type.
 * @content: what it carries: data, a token, a connection ID, a reason, ranges.
 * @len: of that, bytes. A token to reset by is not counted.
 * @end: behind it. A row of PADDING is one frame.
 */
struct frame {
	uint8_t		type;
	uint8_t		numbers;
	uint64_t	number[FRAME_NUMBERS_MAX];
	size_t		begin;
	size_t		content;
	size_t		len;
	size_t		end;
};

/**
 * frame_next - find a frame
 * @payload: decrypted
 * @len: its length
 * @at: where it begins, an offset not above @len
 * @frame: result. When it is malformed only its type and begin are good, and the
 *	type is FRAME_TYPES when it is none of the above.
 *
 * What the numbers mean is for whoever uses them: this looks only for the end. A
 * type in more bytes than it needs is none of the above (RFC 9000, 12.4).
 *
 * Return: 1; 0: the payload ends here; -EPROTO: a type that is unknown, or a frame
 * that does not end within the payload.
 */
int frame_next(const uint8_t *payload, size_t len, size_t at, struct frame *frame);

#endif /* EQUIC_SHARED_FRAME_H */
