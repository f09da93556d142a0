/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The packet with a short header of a datagram, which 1-RTT keys are for. */
#ifndef EQUIC_EXAMPLES_SHORT_PACKET_H
#define EQUIC_EXAMPLES_SHORT_PACKET_H

#include "packet.h"
#include "parse_quic.h"

/**
 * short_packet - find the packet with a short header
 * @ctx: the packet's context
 * @off: of the UDP payload
 * @end: of it
 *
 * Packets with long headers are stepped over: it is the last one (RFC 9000,
 * 12.2), and ends where the datagram ends.
 *
 * Return: its offset; 0: there is none.
 */
static __noinline __u32 short_packet(struct equic_ctx *ctx, __u32 off,
				     __u32 end)
{
	struct equic_long hdr;
	__u8 first;
	int i, type;

	for (i = 0; i < EQUIC_COALESCED_MAX && off < end; i++) {
		if (equic_ctx_load(ctx, off, &first, 1))
			return 0;
		/* The bit below may be anything (RFC 9287). */
		if (!(first & EQUIC_LONG_HEADER))
			return off;
		__builtin_memset(&hdr, 0, sizeof(hdr));
		type = equic_parse_long(ctx, off, end, &hdr);
		off = hdr.next;
		if (type == EQUIC_PKT_INITIAL) {
			/* Token and packet have a length before them, both. */
			off = equic_long_next(ctx, hdr.scid_off + hdr.scid_len,
					      end);
			off = equic_long_next(ctx, off, end);
		}
		if (!off)
			return 0;
	}
	return 0;
}

#endif /* EQUIC_EXAMPLES_SHORT_PACKET_H */
