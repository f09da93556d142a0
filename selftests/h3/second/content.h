/* SPDX-License-Identifier: GPL-2.0-only */
/* What the second sender's streams have, so that the server can send it again. */
#ifndef H3_SECOND_CONTENT_H
#define H3_SECOND_CONTENT_H

#include <stddef.h>
#include <stdint.h>

/* RFC 9114, 6.2.3: of a reserved type, which a client has to ignore. */
enum { CONTENT_STREAM_TYPE = 0x21 };

/* RFC 9297, 2.1: of the first request's stream, number 0. */
enum { CONTENT_QUARTER_STREAM = 0, CONTENT_DATAGRAM_BYTES = 600 };

static inline void content_fill(uint64_t stream, uint64_t offset, uint8_t *to,
				size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		to[i] = offset + i ? (offset + i) * 31 + stream :
				     CONTENT_STREAM_TYPE;
}

#endif /* H3_SECOND_CONTENT_H */
