/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libequic: keys of QUIC packet protection, for XDP and TC programs that open
 * or seal packets (bpf/equic_kfuncs.h).
 *
 * A key is one direction of one connection at one encryption level. It belongs
 * to the handle's socket, and goes with it: equic_close(), or whatever ends the
 * process; with a passed descriptor, when the last copy of that is closed. The
 * kernel never gives back what it is made of. Do not give it the same secret
 * twice to seal with: each key keeps count of its own numbers.
 *
 * Threads, processes, and the errors that any function can give: see equic.h. All
 * need CAP_NET_ADMIN in the user namespace of the handle's network namespace, and
 * -ENOPKG is the error without the module: a server that gives keys to programs
 * goes on without them.
 */
#ifndef _EQUIC_PACKET_KEY_H
#define _EQUIC_PACKET_KEY_H

#include <equic.h>

#ifdef __cplusplus
extern "C" {
#endif

/* RFC 9001, 5.3 and 5.4: the longest of any cipher. */
#define EQUIC_PACKET_KEY_LEN	32
#define EQUIC_PACKET_IV_LEN	12
/* Previous, current and next. */
#define EQUIC_EPOCHS_MAX	3

/**
 * equic_cipher_key_len - how long a cipher's keys are
 * @cipher: enum equic_cipher
 *
 * Return: bytes of its key, and of its header protection key; 0: unknown.
 */
EQUIC_API size_t equic_cipher_key_len(unsigned int cipher);

/**
 * struct equic_epoch - what one epoch has done
 * @number: key updates before it.
 * @packets: opened, or sealed.
 * @fallback: of them by the slower implementation, while the vector unit was
 *	taken.
 */
struct equic_epoch {
	uint32_t number;
	uint32_t reserved;
	uint64_t packets;
	uint64_t fallback;
};

/**
 * struct equic_packet_key - a key
 * @size: sizeof(struct equic_packet_key).
 * @id: what programs name it by; from equic_packet_key_add(), not 0.
 * @use: enum equic_key_use.
 * @level: enum equic_level.
 * @cipher: enum equic_cipher.
 * @epoch: how many key updates came before; 0 unless @level is
 *	EQUIC_LEVEL_ONE_RTT.
 * @pn: opening: the next packet number expected, which is one above the largest
 *	received; sealing: the first number that may be sealed.
 * @packets_max: sealed packets per epoch, 0: what RFC 9001, 6.6 allows the
 *	cipher, which it must not exceed. Less, if others seal with the key, too.
 * @failures_max: packets that were not authentic, likewise.
 * @key: in only: the AEAD's key.
 * @iv: in only.
 * @header: in only: the header protection key.
 * @failures: out: packets that were not authentic.
 * @epochs: out: those there are, oldest first.
 * @epochs_len: out: how many.
 * @owner: out: netlink port of the socket that it belongs to.
 * @owner_pid: out: the process that made it.
 * @driver: out: the kernel's implementation of the AEAD.
 * @fallback: out: that which stands in while the vector unit is taken; "": @driver.
 *
 * Out is what a list tells. There, @pn is 0 for a key that seals, and @epoch that
 * of the current epoch.
 */
struct equic_packet_key {
	size_t size;
	uint32_t id;
	uint8_t use;
	uint8_t level;
	uint8_t cipher;
	uint8_t epochs_len;
	uint32_t epoch;
	uint32_t owner;
	uint32_t owner_pid;
	uint32_t reserved;
	uint64_t pn;
	uint64_t packets_max;
	uint64_t failures_max;
	uint64_t failures;
	uint8_t key[EQUIC_PACKET_KEY_LEN];
	uint8_t iv[EQUIC_PACKET_IV_LEN];
	uint8_t header[EQUIC_PACKET_KEY_LEN];
	struct equic_epoch epochs[EQUIC_EPOCHS_MAX];
	char driver[128];
	char fallback[128];
};

/**
 * equic_packet_key_add - give the kernel a key
 * @eq: a handle
 * @key: what it is made of; @key->id is filled in. What the library copies of
 *	it is wiped, @key itself is the caller's to wipe
 *
 * Return: 0; -ENOENT: the kernel lacks the cipher, the text names the module;
 * -ENOSPC: too many keys; -ERANGE: a number or a limit out of range.
 */
EQUIC_API int equic_packet_key_add(struct equic *eq,
				   struct equic_packet_key *key);

/**
 * equic_packet_key_update - install the next epoch
 * @eq: the handle that added it
 * @key: its @id, the @epoch, which follows the current one, @cipher, @key and
 *	@iv; for a key that seals @pn, the first number that may be sealed. The
 *	header protection key stays (RFC 9001, 6)
 *
 * From when this has returned, a key that seals can be asked for either epoch; a
 * key that opens takes the new one when a packet of it comes.
 *
 * Return: 0; -ENOENT: no such key; -EACCES: it is another handle's; -EINVAL: the
 * epoch does not follow.
 */
EQUIC_API int equic_packet_key_update(struct equic *eq,
				      const struct equic_packet_key *key);

/**
 * equic_packet_key_del - take a key back
 * @eq: the handle that added it
 * @id: its id, which names no other key soon
 *
 * When this has returned, programs do not find it any more; those that are using
 * it may still be.
 *
 * Return: 0; -ENOENT: no such key; -EACCES: it is another handle's.
 */
EQUIC_API int equic_packet_key_del(struct equic *eq, uint32_t id);

/**
 * equic_packet_key_list - list the keys of the namespace
 * @eq: a handle
 * @each: called for each; other than 0 ends the list
 * @user: handed to @each
 *
 * Return: 0, what @each returned, or −errno.
 */
EQUIC_API int equic_packet_key_list(struct equic *eq,
				    int (*each)(const struct equic_packet_key *key,
						void *user), void *user);

/* Names as they appear in JSON output; NULL beyond the last. */
EQUIC_API const char *equic_cipher_name(unsigned int cipher);
EQUIC_API const char *equic_level_name(unsigned int level);
EQUIC_API const char *equic_key_use_name(unsigned int use);

#ifdef __cplusplus
}
#endif

#endif /* _EQUIC_PACKET_KEY_H */
