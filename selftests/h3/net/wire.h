/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef H3_NET_WIRE_H
#define H3_NET_WIRE_H

#include <stddef.h>
#include <stdint.h>

/* Type of the first packet of a datagram, by what RFC 9000 and 9369 say. */
enum wire_type {
	WIRE_SHORT,
	WIRE_INITIAL,
	WIRE_ZERO_RTT,
	WIRE_HANDSHAKE,
	WIRE_RETRY,
	WIRE_VERSION_NEGOTIATION,
	WIRE_OTHER_VERSION,
	WIRE_JUNK,	/* empty, or a long header cut before its version */
	WIRE_TYPES
};

extern const char *const wire_type_name[WIRE_TYPES];

enum wire_type wire_first_type(const uint8_t *data, size_t len);

#endif /* H3_NET_WIRE_H */
