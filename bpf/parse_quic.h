/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a UDP payload says to anybody who has no keys: the invariants of QUIC
 * (RFC 8999) and, for versions 1 (RFC 9000) and 2 (RFC 9369), packet types and
 * coalesced packets.
 */
#ifndef _EQUIC_PARSE_QUIC_H
#define _EQUIC_PARSE_QUIC_H

#include <linux/equic.h>
#include <bpf/bpf_endian.h>
#include "packet.h"
#include "parse_ip.h"

#define EQUIC_QUIC_V1		0x00000001
#define EQUIC_QUIC_V2		0x6b3343cf

enum {
	EQUIC_LONG_HEADER	= 0x80,
	EQUIC_LONG_START_LEN	= 1 + 4,	/* flags and version */
	EQUIC_LONG_MAX_LEN	= EQUIC_LONG_START_LEN +
				  2 * (1 + EQUIC_CID_MAX_LEN),
	EQUIC_COALESCED_MAX	= 4,
	EQUIC_INITIAL_MIN_BYTES	= 1200,	/* RFC 9000, section 14.1 */
};

/**
 * struct equic_long - a long header of version 1 or 2
 * @dcid_off: offset of the destination connection ID in the packet.
 * @scid_off: offset of the source connection ID.
 * @next: where a packet behind a 0-RTT or Handshake packet begins, if there is
 *	one; 0 when there is none in reach.
 * @dcid_len: bytes of the destination connection ID, at most 20.
 * @scid_len: bytes of the source connection ID, likewise.
 * @reserved: 0.
 */
struct equic_long {
	__u32	dcid_off;
	__u32	scid_off;
	__u32	next;
	__u8	dcid_len;
	__u8	scid_len;
	__u16	reserved;
};

/* The type of a long header of version 1 or 2. */
static __always_inline int equic_long_type(__u8 flags, __u32 version)
{
	__u8 type = flags >> 4 & 3;

	/* RFC 9369, section 3.2: each type of version 1 plus one. */
	if (version == EQUIC_QUIC_V2)
		type = (type - 1) & 3;
	switch (type) {
	case 0:
		return EQUIC_PKT_INITIAL;
	case 1:
		return EQUIC_PKT_ZERO_RTT;
	case 2:
		return EQUIC_PKT_HANDSHAKE;
	}
	return EQUIC_PKT_SERVER_PACKET;
}

/**
 * equic_long_next - where the packet after a 0-RTT or Handshake packet begins
 * @ctx: the packet
 * @off: offset of the Length field (RFC 9000, section 17.2), a varint
 * @end: where the datagram ends
 *
 * Return: an offset, at which there is a packet if it is less than @end; 0 when
 * there is none in reach.
 */
static __always_inline __u32 equic_long_next(struct equic_ctx *ctx, __u32 off,
					     __u32 end)
{
	const __u8 *byte;
	__u8 buf[4];
	__u32 len;

	if (off >= end)
		return 0;
	byte = equic_bytes(ctx, off, 1, buf);
	if (!byte)
		return 0;
	len = *byte & 0x3f;
	switch (*byte >> 6) {
	case 0:
		off += 1;
		break;
	case 1:
		byte = equic_bytes(ctx, off, 2, buf);
		if (!byte)
			return 0;
		len = len << 8 | byte[1];
		off += 2;
		break;
	case 2:
		byte = equic_bytes(ctx, off, 4, buf);
		if (!byte || len || byte[1])
			return 0; /* at least 64 KiB: not in this datagram */
		len = byte[2] << 8 | byte[3];
		off += 4;
		break;
	default:
		byte = equic_bytes(ctx, off, 4, buf);
		if (!byte || len || byte[1] || byte[2] || byte[3])
			return 0;
		byte = equic_bytes(ctx, off + 4, 4, buf);
		if (!byte || byte[0] || byte[1])
			return 0;
		len = byte[2] << 8 | byte[3];
		off += 8;
		break;
	}
	return off + len;
}

/**
 * equic_parse_long - parse one QUIC packet's header
 * @ctx: the packet
 * @off: where the QUIC packet begins
 * @end: where the datagram ends
 * @hdr: zeroed; is filled for %EQUIC_PKT_INITIAL, %EQUIC_PKT_ZERO_RTT and
 *	%EQUIC_PKT_HANDSHAKE
 *
 * A global function, so that the verifier walks it once and not once for every
 * packet of a datagram.
 *
 * Return: enum equic_pkt_type of this packet alone. %EQUIC_PKT_SHORT, too,
 * for what is out of reach, so that nothing can be told of it.
 */
__weak int equic_parse_long(struct equic_ctx *ctx, __u32 off, __u32 end,
			    struct equic_long *hdr __arg_nonnull)
{
	__u32 version, dcid_len, scid_len;
	__u8 buf[EQUIC_LONG_START_LEN];
	const __u8 *byte;
	bool known;
	int type;

	if (off >= end)
		return EQUIC_PKT_SHORT;
	byte = equic_bytes(ctx, off, 1, buf);
	if (!byte || !(*byte & EQUIC_LONG_HEADER))
		return EQUIC_PKT_SHORT;
	if (end - off < EQUIC_LONG_START_LEN)
		return EQUIC_PKT_TRUNCATED;
	byte = equic_bytes(ctx, off, EQUIC_LONG_START_LEN, buf);
	if (!byte)
		return EQUIC_PKT_SHORT;
	version = (__u32)byte[1] << 24 | byte[2] << 16 | byte[3] << 8 | byte[4];
	type = equic_long_type(*byte, version);
	if (!version)
		return EQUIC_PKT_VERSION_ZERO;
	known = version == EQUIC_QUIC_V1 || version == EQUIC_QUIC_V2;

	off += EQUIC_LONG_START_LEN;
	if (off >= end)
		return EQUIC_PKT_TRUNCATED;
	byte = equic_bytes(ctx, off, 1, buf);
	if (!byte)
		return EQUIC_PKT_SHORT;
	dcid_len = *byte;
	if (known && dcid_len > EQUIC_CID_MAX_LEN)
		return EQUIC_PKT_CID_LENGTH;
	hdr->dcid_len = dcid_len;
	hdr->dcid_off = ++off;

	off += dcid_len;
	if (off >= end)
		return EQUIC_PKT_TRUNCATED;
	byte = equic_bytes(ctx, off, 1, buf);
	if (!byte)
		return EQUIC_PKT_SHORT;
	scid_len = *byte;
	if (known && scid_len > EQUIC_CID_MAX_LEN)
		return EQUIC_PKT_CID_LENGTH;
	hdr->scid_len = scid_len;
	hdr->scid_off = ++off;

	off += scid_len;
	if (off > end)
		return EQUIC_PKT_TRUNCATED;
	if (!known)
		return EQUIC_PKT_UNKNOWN_VERSION;
	if (type == EQUIC_PKT_ZERO_RTT || type == EQUIC_PKT_HANDSHAKE)
		hdr->next = equic_long_next(ctx, off, end);
	return type;
}

/* Copies a connection ID; those that are too long were refused before. */
static __always_inline void equic_copy_cid(struct equic_ctx *ctx, __u32 off,
					   __u32 len, __u8 *cid)
{
	/* One test of len - 1 instead of these two tells the verifier nothing. */
	barrier_var(len);
	if (!len)
		return;
	barrier_var(len);
	if (len <= EQUIC_CID_MAX_LEN)
		equic_ctx_load(ctx, off, cid, len);
}

/**
 * equic_parse_coalesced - classify a UDP payload that begins with a long header
 * @ctx: the packet
 * @pkt: what equic_parse_ip() found, of type %EQUIC_PKT_SHORT; type and
 *	connection IDs are filled
 *
 * Only the first QUIC packet can make the datagram malformed. After it, up to
 * three coalesced packets are looked at for an Initial; whatever is none ends
 * the walk, for real clients pad datagrams with anything.
 *
 * A global function, so that a short header does not pay for its registers.
 *
 * Return: 0.
 */
__weak int equic_parse_coalesced(struct equic_ctx *ctx,
				 struct bpf_equic_pkt *pkt __arg_nonnull)
{
	__u32 off = pkt->payload_off, end = off + pkt->payload_len;
	struct equic_long hdr = {}, found = {};
	int type, i;

	for (i = 0; i < EQUIC_COALESCED_MAX; i++) {
		type = equic_parse_long(ctx, off, end, &hdr);
		if (!i) {
			pkt->type = type;
			found = hdr;
		}
		if (type == EQUIC_PKT_INITIAL) {
			pkt->type = type;
			found = hdr;
			break;
		}
		if (type != EQUIC_PKT_ZERO_RTT && type != EQUIC_PKT_HANDSHAKE)
			break;
		off = hdr.next;
		if (!off)
			break;
	}
	if (pkt->type == EQUIC_PKT_INITIAL &&
	    pkt->payload_len < EQUIC_INITIAL_MIN_BYTES)
		pkt->type = EQUIC_PKT_SMALL_INITIAL;
	if (pkt->type != EQUIC_PKT_INITIAL && pkt->type != EQUIC_PKT_ZERO_RTT)
		return 0;
	pkt->dcid_len = found.dcid_len;
	pkt->scid_len = found.scid_len;
	equic_copy_cid(ctx, found.dcid_off, found.dcid_len, pkt->dcid);
	equic_copy_cid(ctx, found.scid_off, found.scid_len, pkt->scid);
	return 0;
}

/*
 * The bytes of the longest connection ID, to be had for any: those behind a
 * shorter one come along.
 */
static __always_inline void equic_take_cid(__u8 *cid, const __u8 *bytes)
{
	/* Packets are read at any alignment, struct bpf_equic_pkt has it. */
	__builtin_memcpy(__builtin_assume_aligned(cid, 8),
			 __builtin_assume_aligned(bytes, 8), EQUIC_CID_MAX_LEN);
}

/**
 * equic_parse_initial - classify a UDP payload that begins with an Initial
 * @quic: the payload, of which the longest long header is in the linear part
 * @data_end: the end of the linear part
 * @pkt: type and connection IDs are filled
 *
 * What equic_parse_coalesced() finds out, for nearly all the long headers that a
 * gateway has to decide on.
 *
 * Return: true; false for what that function has to look at.
 */
static __always_inline bool equic_parse_initial(const __u8 *quic,
						const void *data_end,
						struct bpf_equic_pkt *pkt)
{
	__be32 version = *(const __be32 *)(quic + 1);
	__u32 dcid_len, scid_len;
	const __u8 *scid;

	if (version != bpf_htonl(EQUIC_QUIC_V1) &&
	    version != bpf_htonl(EQUIC_QUIC_V2))
		return false;
	if (equic_long_type(*quic, bpf_ntohl(version)) != EQUIC_PKT_INITIAL ||
	    pkt->payload_len < EQUIC_INITIAL_MIN_BYTES)
		return false;
	dcid_len = quic[EQUIC_LONG_START_LEN];
	barrier_var(dcid_len);
	if (dcid_len > EQUIC_CID_MAX_LEN)
		return false;
	scid = quic + EQUIC_LONG_START_LEN + 1 + dcid_len;
	barrier_var(scid);
	if ((const void *)scid + 1 + EQUIC_CID_MAX_LEN > data_end)
		return false;
	scid_len = *scid;
	if (scid_len > EQUIC_CID_MAX_LEN)
		return false;
	pkt->type = EQUIC_PKT_INITIAL;
	pkt->dcid_len = dcid_len;
	pkt->scid_len = scid_len;
	equic_take_cid(pkt->dcid, quic + EQUIC_LONG_START_LEN + 1);
	equic_take_cid(pkt->scid, scid + 1);
	return true;
}

/* The first byte of a payload that is not in the linear part. */
static __noinline int equic_parse_quic_far(struct equic_ctx *ctx,
					   struct bpf_equic_pkt *pkt)
{
	__u8 byte;

	if (equic_ctx_load(ctx, pkt->payload_off, &byte, 1) ||
	    !(byte & EQUIC_LONG_HEADER))
		return 0;
	return equic_parse_coalesced(ctx, pkt);
}

/**
 * equic_parse_quic - classify a UDP payload
 * @ctx: the packet
 * @pkt: what equic_parse_ip() found, of type %EQUIC_PKT_SHORT; type and
 *	connection IDs are filled
 */
static __always_inline void equic_parse_quic(struct equic_ctx *ctx,
					     struct bpf_equic_pkt *pkt)
{
	const void *data_end = (void *)(long)ctx->data_end;
	const void *data = (void *)(long)ctx->data;
	__u32 off = pkt->payload_off;
	const __u8 *quic;

	barrier_var(off);
	if (off > EQUIC_OFF_MAX)
		return;
	quic = data + off;
	barrier_var(quic);
	if ((const void *)quic + 1 > data_end) {
		equic_parse_quic_far(ctx, pkt);
		return;
	}
	if (!(*quic & EQUIC_LONG_HEADER))
		return;
	if ((const void *)quic + EQUIC_LONG_MAX_LEN > data_end ||
	    !equic_parse_initial(quic, data_end, pkt))
		equic_parse_coalesced(ctx, pkt);
}

#endif /* _EQUIC_PARSE_QUIC_H */
