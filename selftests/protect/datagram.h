/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Frames with one QUIC packet in a UDP datagram, whose checksum is right, and
 * the programs that call the kfuncs on them.
 */
#ifndef EQUIC_SELFTESTS_DATAGRAM_H
#define EQUIC_SELFTESTS_DATAGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include "protect_room.h"

enum {
	DATAGRAM_UDP = 14 + 20,
	DATAGRAM_PACKET = DATAGRAM_UDP + 8,
	DATAGRAM_MAX = 16384,
};

/**
 * struct datagram - a frame
 * @frame: its bytes.
 * @len: how many.
 */
struct datagram {
	__u8	frame[DATAGRAM_MAX];
	size_t	len;
};

/**
 * datagram_build - Ethernet, IPv4, UDP, and a packet
 * @datagram: receives the frame
 * @packet: the QUIC packet
 * @len: its length
 */
void datagram_build(struct datagram *datagram, const void *packet, size_t len);

/**
 * datagram_copy - copy what there is of one
 * @to: receives it
 * @from: the datagram
 */
void datagram_copy(struct datagram *to, const struct datagram *from);

/**
 * datagram_csum_ok - is the UDP checksum that of the datagram?
 */
bool datagram_csum_ok(const struct datagram *datagram);

/**
 * programs_load - load what calls the kfuncs, for the thread that asks
 */
void programs_load(void);

/**
 * programs_unload - the end of the thread's
 */
void programs_unload(void);

/**
 * packet_args - what the kfunc is given; it fills in the rest
 */
struct packet_room *packet_args(void);

/**
 * packet_plain - where bpf_…_equic_open_copy() writes the payload
 */
const __u8 *packet_plain(void);

/**
 * packet_describe - the arguments for the packet of a datagram
 * @datagram: the frame
 * @key: id of the key
 * @pn_off: of the number in the packet
 *
 * All else is 0, and the sizes are right.
 */
void packet_describe(const struct datagram *datagram, __u32 key, __u16 pn_off);

/**
 * packet_seal_with - the second key, for "round"
 * @key: its id
 *
 * To be called after packet_describe().
 */
void packet_seal_with(__u32 key);

/**
 * packet_sizes - other sizes for the next call
 * @packet: of the struct
 * @plain: of the buffer
 */
void packet_sizes(__u32 packet, __u32 plain);

/**
 * datagram_run - have a kfunc act on a datagram
 * @hook: "xdp" or "skb"
 * @name: "open", "open_copy", "seal", or "round": all of them
 * @datagram: the frame; becomes what is left of it
 *
 * Return: what the kfunc returned.
 */
int datagram_run(const char *hook, const char *name, struct datagram *datagram);

/**
 * datagram_run_gso - the same in TC, as if it were several datagrams
 * @name: as above
 * @datagram: as above
 * @gso_size: bytes of each
 *
 * Return: what the kfunc returned.
 */
int datagram_run_gso(const char *name, struct datagram *datagram, int gso_size);

#endif /* EQUIC_SELFTESTS_DATAGRAM_H */
