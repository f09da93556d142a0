/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Building Ethernet frames with QUIC in them, byte by byte, from a description
 * that reads like the header fields of the RFCs.
 */
#ifndef EQUIC_SELFTESTS_FRAME_H
#define EQUIC_SELFTESTS_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>
#include <linux/equic.h>

#define SERVICE_PORT	443
#define CLIENT_PORT	50000
#define SERVICE_ADDR4	"192.0.2.1"
#define SERVICE_ADDR6	"2001:db8::1"

enum {
	FRAME_MAX	= 9300,
	FRAME_QUIC_MAX	= 6,
	FRAME_EXT_MAX	= 10,

	V1		= 0x00000001,
	V2		= 0x6b3343cf,

	IP4_MF		= 0x2000,
	IP6_MF		= 0x0001,
};

enum quic_form {
	QUIC_NONE,
	QUIC_LONG,
	QUIC_SHORT,
	QUIC_BYTES,
};

/* Numbered as in version 1. */
enum quic_type {
	QUIC_INITIAL,
	QUIC_ZERO_RTT,
	QUIC_HANDSHAKE,
	QUIC_RETRY,
};

/**
 * struct quic - one QUIC packet
 * @form: which of the following count.
 * @type: of a long header.
 * @version: likewise; type bits are those of version 2 when it is %V2.
 * @dcid_len: bytes of the destination connection ID.
 * @scid_len: likewise.
 * @token_len: Initial only.
 * @payload: bytes that the Length field counts.
 * @length_size: bytes of the Length field: 1, 2, 4, 8; 0: 2.
 * @length_error: added to the Length field.
 * @no_fixed_bit: cleared (RFC 9287).
 * @cid: distinguishes connection IDs of equal length.
 * @bytes: what %QUIC_BYTES is, in hexadecimal.
 */
struct quic {
	enum quic_form	form;
	enum quic_type	type;
	__u32		version;
	int		dcid_len;
	int		scid_len;
	int		token_len;
	int		payload;
	int		length_size;
	long long	length_error;
	bool		no_fixed_bit;
	__u8		cid;
	const char	*bytes;
};

#define INITIAL(...)   { .form = QUIC_LONG, .type = QUIC_INITIAL, __VA_ARGS__ }
#define ZERO_RTT(...)  { .form = QUIC_LONG, .type = QUIC_ZERO_RTT, __VA_ARGS__ }
#define HANDSHAKE(...) { .form = QUIC_LONG, .type = QUIC_HANDSHAKE, \
			 __VA_ARGS__ }
#define RETRY(...)     { .form = QUIC_LONG, .type = QUIC_RETRY, __VA_ARGS__ }
#define SHORT(...)     { .form = QUIC_SHORT, __VA_ARGS__ }
#define BYTES(hex)     { .form = QUIC_BYTES, .bytes = hex }

/**
 * struct ext - one IPv6 extension header
 * @type: its protocol number.
 * @len: its length field; not 0 for hop-by-hop options, whose type is 0.
 * @frag: offset and flags of a fragment header, as on the wire.
 * @segments_left: of a routing header.
 */
struct ext {
	__u8	type;
	__u8	len;
	__u16	frag;
	__u8	segments_left;
};

/**
 * struct frame - one Ethernet frame
 * @vlan: number of VLAN tags.
 * @ip6: IPv6 instead of IPv4.
 * @ethertype: instead of the right one, where not 0.
 * @ip_version: of the IP header, where not 0.
 * @options: bytes of IPv4 options, a multiple of 4; negative: none, and a
 *	header length that is so much too small.
 * @frag: IPv4 flags and fragment offset.
 * @ext: IPv6 extension headers.
 * @proto: instead of UDP, where not 0.
 * @dport: instead of %SERVICE_PORT, where not 0.
 * @client: last byte of the client's address, and added to its port.
 * @mapped: the IPv6 source is ::ffff:198.51.100.x.
 * @quic: the QUIC packets, one behind the other.
 * @payload: the UDP payload is filled up to so many bytes with zeros.
 * @cut_payload: the UDP payload ends after so many bytes, where not 0.
 * @udp_len_error: added to the UDP length.
 * @ip_len_error: added to the IP length.
 * @tail: bytes behind the IP packet.
 * @cut: bytes missing at the end of the frame.
 */
struct frame {
	int		vlan;
	bool		ip6;
	__u16		ethertype;
	__u8		ip_version;
	int		options;
	__u16		frag;
	struct ext	ext[FRAME_EXT_MAX];
	__u8		proto;
	__u16		dport;
	__u8		client;
	bool		mapped;
	struct quic	quic[FRAME_QUIC_MAX];
	int		payload;
	int		cut_payload;
	int		udp_len_error;
	int		ip_len_error;
	int		tail;
	int		cut;
};

/**
 * struct built - a frame's bytes and where things are in them
 * @data: the bytes.
 * @len: how many.
 * @ip: offset of the IP header.
 * @ip_len: its length field, for IPv6 with the header's 40 bytes.
 * @udp: offset of the UDP header.
 * @dcid: offset of each QUIC packet's destination connection ID.
 * @scid: likewise.
 */
struct built {
	__u8	data[FRAME_MAX];
	size_t	len;
	size_t	ip;
	size_t	ip_len;
	size_t	udp;
	size_t	dcid[FRAME_QUIC_MAX];
	size_t	scid[FRAME_QUIC_MAX];
};

/**
 * frame_build - make the bytes of a frame
 * @frame: its description
 * @built: receives them
 */
void frame_build(const struct frame *frame, struct built *built);

/**
 * frame_cost - have an XDP program see a frame many times
 * @prog: the program's file descriptor
 * @frame: the frame's description
 * @repeat: how often
 * @action: receives the program's last action
 *
 * Return: what once takes, in nanoseconds of the machine's clock.
 */
unsigned int frame_cost(int prog, const struct frame *frame, int repeat,
			int *action);

/**
 * frame_run - have an XDP program see a frame
 * @prog: the program's file descriptor
 * @frame: the frame's description
 *
 * Return: the program's action.
 */
int frame_run(int prog, const struct frame *frame);

/**
 * frame_pkt - what a parser has to say of a frame, but for the QUIC packets
 * @frame: its description
 * @built: its bytes
 * @ports: whether there is a UDP header to read
 * @pkt: receives it, zeroed first
 */
void frame_pkt(const struct frame *frame, const struct built *built, bool ports,
	       struct bpf_equic_pkt *pkt);

/**
 * frame_cids - the connection IDs of one QUIC packet
 * @frame: its description
 * @built: its bytes
 * @i: which of its packets, one with a long header
 * @pkt: receives them, with their lengths
 */
void frame_cids(const struct frame *frame, const struct built *built, int i,
		struct bpf_equic_pkt *pkt);

/**
 * hex_decode - bytes from hexadecimal digits; anything else is skipped
 * @hex: the digits
 * @data: receives the bytes
 * @size: room in @data
 *
 * Return: the number of bytes.
 */
size_t hex_decode(const char *hex, __u8 *data, size_t size);

#endif /* EQUIC_SELFTESTS_FRAME_H */
