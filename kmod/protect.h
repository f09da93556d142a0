/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * QUIC packet protection (RFC 9001, 5): opens and seals one packet.
 *
 * Context: BH disabled.
 */
#ifndef _EQUIC_PROTECT_H
#define _EQUIC_PROTECT_H

#include <linux/equic.h>
#include <linux/types.h>

struct equic_key;

/*
 * One packet in memory of the kernel's linear mapping.
 * @args: length, offset and number, as the program has them; key and frame are
 *        the kfunc's to know.
 * @pn_len: of its number, once that is known
 */
struct equic_packet {
	struct bpf_equic_packet args;
	u8 *data;
	u8 pn_len;
};

/*
 * Removes the protection of @packet, all but its tag, and fills in pn_len, and the
 * arguments pn and epoch. On an error the packet is what it was.
 *
 * Return: 0, -EKEYREJECTED, -EPROTO, -EMSGSIZE, -ENOKEY, -EBADMSG,
 * -EKEYEXPIRED.
 */
int equic_open(struct equic_key *key, struct equic_packet *packet);

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
