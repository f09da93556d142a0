/* SPDX-License-Identifier: GPL-2.0-only */
/* Keys of the module, driven over netlink with nothing between (control.h). */
#ifndef EQUIC_SELFTESTS_KEYS_H
#define EQUIC_SELFTESTS_KEYS_H

#include <stddef.h>
#include <linux/equic.h>

/**
 * struct key - what a key is made of
 * @cipher: enum equic_cipher.
 * @level: enum equic_level.
 * @epoch: key updates before.
 * @pn: the next number expected, or to be sealed.
 * @packets_max: 0: what the cipher may.
 * @failures_max: likewise.
 * @key: as many bytes as the cipher wants.
 * @iv: the IV.
 * @header: header protection key, as long as the key.
 */
struct key {
	__u8	cipher;
	__u8	level;
	__u32	epoch;
	__u64	pn;
	__u64	packets_max;
	__u64	failures_max;
	__u8	key[32];
	__u8	iv[12];
	__u8	header[32];
};

/**
 * key_len - bytes of a cipher's keys
 * @cipher: enum equic_cipher
 */
static inline size_t key_len(__u8 cipher)
{
	return cipher == EQUIC_CIPHER_AES_128_GCM ? 16 : 32;
}

/**
 * key_add - give the module a key
 * @key: the key
 * @use: enum equic_key_use
 *
 * Return: its id, or a negative errno.
 */
int key_add(const struct key *key, __u8 use);

/**
 * key_update - install the next epoch
 * @id: of the key
 * @key: epoch, key and IV
 *
 * Return: 0 or a negative errno.
 */
int key_update(__u32 id, const struct key *key);

/**
 * key_del - take it back
 * @id: of the key
 *
 * Return: 0 or a negative errno.
 */
int key_del(__u32 id);

#endif /* EQUIC_SELFTESTS_KEYS_H */
