/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Header protection (RFC 9001, 5.4): a mask from a sample of the payload hides
 * the packet number and some bits of the first byte.
 *
 * Context: any, once it is made.
 */
#ifndef _EQUIC_HEADER_H
#define _EQUIC_HEADER_H

#include <linux/types.h>

struct crypto_cipher;
struct equic_cipher_info;
struct netlink_ext_ack;

enum {
	EQUIC_SAMPLE_LEN = 16,
	EQUIC_PN_MAX_LEN = 4,
	EQUIC_MASK_LEN = 1 + EQUIC_PN_MAX_LEN,

	/* Of the first byte, unprotected (RFC 9000, 17.2 and 17.3). */
	EQUIC_LONG_HEADER = 0x80,
	EQUIC_KEY_PHASE = 0x04,		/* short header */
	EQUIC_PN_LEN_MASK = 0x03,
};

struct equic_header_key {
	struct crypto_cipher *aes;	/* NULL: ChaCha20 with */
	u32 chacha[8];
};

/* Process context. -ENOENT, -ENOMEM, with words. */
int equic_header_key_init(struct equic_header_key *hk,
			  const struct equic_cipher_info *info, const u8 *key,
			  struct netlink_ext_ack *extack);
void equic_header_key_free(struct equic_header_key *hk);

void equic_header_mask(const struct equic_header_key *hk, const u8 *sample,
		       u8 mask[EQUIC_MASK_LEN]);

static inline unsigned int equic_pn_len(u8 first)
{
	return (first & EQUIC_PN_LEN_MASK) + 1;
}

/* Protects what is not protected, and the other way round. */
static inline void equic_header_mask_first(u8 *first,
					   const u8 mask[EQUIC_MASK_LEN])
{
	*first ^= mask[0] & (*first & EQUIC_LONG_HEADER ? 0x0f : 0x1f);
}

static inline void equic_header_mask_pn(u8 *pn, unsigned int pn_len,
					const u8 mask[EQUIC_MASK_LEN])
{
	unsigned int i;

	for (i = 0; i < pn_len; i++)
		pn[i] ^= mask[1 + i];
}

#endif /* _EQUIC_HEADER_H */
