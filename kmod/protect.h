/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * QUIC packet protection (RFC 9001, 5): opens and seals one packet.
 *
 * Context: BH disabled, RCU.
 */
#ifndef _EQUIC_PROTECT_H
#define _EQUIC_PROTECT_H

#include <linux/types.h>

struct equic_key;

/* One packet in memory of the kernel's linear mapping. */
struct equic_packet {
	u8 *data;
	u32 len;			/* the tag included */
	u32 pn_off;			/* of its number */
	u32 epoch;
	u64 pn;
	u8 pn_len;
};

/*
 * Removes the header protection in @packet, and writes the payload in clear to
 * the same offset of @plain, which may be the packet itself. Fills in pn_len, pn
 * and epoch. On an error the packet is what it was, unless @plain is it.
 *
 * Return: bytes of the payload; -EKEYREJECTED, -EPROTO, -EMSGSIZE, -ENOKEY,
 * -EBADMSG, -EKEYEXPIRED.
 */
int equic_open(struct equic_key *key, struct equic_packet *packet, u8 *plain);

/*
 * Writes number, key phase and tag, and protects the packet. The length of the
 * number is what its first byte says. On an error nothing is changed but by
 * what the crypto API did before its own.
 *
 * Return: 0, -EKEYREJECTED, -EPROTO, -EMSGSIZE, -ENOKEY, -ERANGE, -EALREADY,
 * -EKEYEXPIRED.
 */
int equic_seal(struct equic_key *key, struct equic_packet *packet);

#endif /* _EQUIC_PROTECT_H */
