// SPDX-License-Identifier: GPL-2.0-only
/* What can be read from a datagram without keys. */
#include <ngtcp2/ngtcp2.h>

#include "wire.h"

const char *const wire_type_name[WIRE_TYPES] = {
	[WIRE_SHORT] = "short",
	[WIRE_INITIAL] = "initial",
	[WIRE_ZERO_RTT] = "zero_rtt",
	[WIRE_HANDSHAKE] = "handshake",
	[WIRE_RETRY] = "retry",
	[WIRE_VERSION_NEGOTIATION] = "version_negotiation",
	[WIRE_OTHER_VERSION] = "other_version",
	[WIRE_JUNK] = "junk",
};

enum wire_type wire_first_type(const uint8_t *data, size_t len)
{
	static const enum wire_type v1[4] = {
		WIRE_INITIAL, WIRE_ZERO_RTT, WIRE_HANDSHAKE, WIRE_RETRY
	};
	unsigned int bits;
	uint32_t version;

	if (!len)
		return WIRE_JUNK;
	if (!(data[0] & 0x80))
		return WIRE_SHORT;
	if (len < 5)
		return WIRE_JUNK;
	version = (uint32_t)data[1] << 24 | data[2] << 16 | data[3] << 8 |
		  data[4];
	bits = data[0] >> 4 & 3;
	switch (version) {
	case 0:
		return WIRE_VERSION_NEGOTIATION;
	case NGTCP2_PROTO_VER_V1:
		return v1[bits];
	case NGTCP2_PROTO_VER_V2:
		/* RFC 9369, 3.2: the types are rotated by one */
		return v1[(bits + 3) & 3];
	default:
		return WIRE_OTHER_VERSION;
	}
}
