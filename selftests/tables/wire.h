/* SPDX-License-Identifier: GPL-2.0-only */
/* A packet as the bytes of an Ethernet frame, for the gateway's own parser. */
#ifndef EQUIC_SELFTESTS_WIRE_H
#define EQUIC_SELFTESTS_WIRE_H

#include <stddef.h>
#include <linux/types.h>
#include <linux/equic.h>

/* Ethernet, IPv6, UDP, and the least payload that an Initial may have. */
enum { WIRE_MAX = 14 + 40 + 8 + 1200 };

/**
 * wire_of - the frame that is parsed to a packet
 * @pkt: the packet: Initial, 0-RTT, Handshake, short header or too small
 *	Initial
 * @frame: receives the frame
 *
 * Return: its length.
 */
size_t wire_of(const struct bpf_equic_pkt *pkt, __u8 frame[WIRE_MAX]);

/* Loads the gateway program; bails out when it cannot be. */
void gateway_open(void);
void gateway_close(void);

/**
 * gateway_run - let the gateway see a frame on device lo
 * @frame: it
 * @len: its length
 *
 * Return: the XDP action.
 */
int gateway_run(const __u8 *frame, size_t len);

#endif /* EQUIC_SELFTESTS_WIRE_H */
