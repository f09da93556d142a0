/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the peer says to the connection, and what of it the stack may hear: it
 * knows nothing of the other senders, their packet numbers and streams. And the
 * other way, what the stack says of streams that it does not know are used.
 *
 * A payload is changed in place and keeps its length: what is taken out becomes
 * PADDING (RFC 9000, 19.1), and PING if it was to be acknowledged (RFC 9000, 13.2.1):
 * of PADDING alone the peer would never hear. Done twice to the same packet it gives
 * the same, so a packet may come twice.
 */
#ifndef EQUIC_SHARED_TRANSLATE_H
#define EQUIC_SHARED_TRANSLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "ack.h"
#include "numbers.h"

/**
 * struct translate_ops - who is told what the stack is not
 * @owns: whether a stream is the library's.
 * @acked: an ACK frame came. Called for each of a packet, before it is translated.
 * @max_data: the peer allows so many bytes on all streams. The stack hears it, too.
 * @max_stream_data: the peer allows so many bytes on a stream of the library's.
 * @stop_sending: the peer wants no more of a stream of the library's.
 *
 * Values are what the peer sent, and may be anything below 2^62. What is said
 * once may be said again, and older things later. Frames before a malformed one are
 * told, too: the peer has sealed them all the same.
 *
 * They may call numbers_add(), but not translate for the same connection.
 */
struct translate_ops {
	bool (*owns)(void *ctx, uint64_t stream);
	void (*acked)(void *ctx, const struct ack *ack);
	void (*max_data)(void *ctx, uint64_t max);
	void (*max_stream_data)(void *ctx, uint64_t stream, uint64_t max);
	void (*stop_sending)(void *ctx, uint64_t stream, uint64_t code);
};

/**
 * struct translator - of one connection
 * @ops: who is told.
 * @ctx: what they are given.
 * @numbers: the stack's packets.
 * @ack: room for one frame.
 */
struct translator {
	const struct translate_ops	*ops;
	void				*ctx;
	struct numbers			*numbers;
	struct ack			ack;
};

/**
 * translate_received - make of a 1-RTT payload what the stack may hear
 * @t: translator
 * @payload: decrypted
 * @len: its length
 *
 * ACK: the wire's numbers become the stack's, numbers_acked() is told, ECN counts
 * go, and a frame that acknowledges none of the stack's packets goes as a whole.
 * MAX_STREAM_DATA and STOP_SENDING for streams of the library become PING and
 * PADDING. All other frames stay as they are. From a frame that is malformed or of
 * an unknown type on nothing is changed: the stack has an answer for it.
 *
 * Return: 0; -EPROTO: the walk ended at such a frame.
 */
int translate_received(struct translator *t, uint8_t *payload, size_t len);

/**
 * translate_sent - make of the stack's payload what the peer may hear
 * @t: translator
 * @payload: before it is encrypted
 * @len: its length
 *
 * RESET_STREAM for a stream of the library, by which the stack forgets it, becomes
 * PING and PADDING.
 *
 * Return: as above.
 */
int translate_sent(struct translator *t, uint8_t *payload, size_t len);

/**
 * payload_elicits - whether a payload is to be acknowledged (RFC 9002, 2)
 * @payload: in clear
 * @len: its length
 *
 * Return: true: it has a frame other than ACK, PADDING and CONNECTION_CLOSE. A frame
 * that is malformed or of an unknown type is one (RFC 9000, 19.21).
 */
bool payload_elicits(const uint8_t *payload, size_t len);

/* Bytes of PADDING in the end of a payload. */
size_t payload_padding(const uint8_t *payload, size_t len);

#endif /* EQUIC_SHARED_TRANSLATE_H */
