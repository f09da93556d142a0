/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Types of frames: RFC 9000, 19, and RFC 9221, 4. For loaders, too. */
#ifndef EQUIC_EXAMPLES_FRAME_TYPE_H
#define EQUIC_EXAMPLES_FRAME_TYPE_H

enum frame_type {
	FRAME_HANDSHAKE_DONE	= 0x1e,	/* the last of RFC 9000 */
	FRAME_DATAGRAM		= 0x30,	/* as long as the packet is */
	FRAME_DATAGRAM_LEN	= 0x31,	/* as long as it says */
	FRAME_TYPES,
};

#endif /* EQUIC_EXAMPLES_FRAME_TYPE_H */
