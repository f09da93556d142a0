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
#include <linux/unaligned.h>

struct crypto_cipher;
struct equic_cipher_info;
struct netlink_ext_ack;

enum {
	EQUIC_SAMPLE_LEN = 16,
	EQUIC_PN_MAX_LEN = 4,
	/* Of the mask, five bytes are in use. */
	EQUIC_MASK_LEN = EQUIC_SAMPLE_LEN,

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

/*
 * A packet number is the first @pn_len bytes of a word, in network order: the
 * sample is behind all four of them, so that they can be read and written.
 */
static inline unsigned int equic_pn_shift(unsigned int pn_len)
{
	return 8 * (EQUIC_PN_MAX_LEN - pn_len);
}

static inline u32 equic_pn_read(const u8 *pn, unsigned int pn_len)
{
	return get_unaligned_be32(pn) >> equic_pn_shift(pn_len);
}

static inline void equic_pn_write(u8 *pn, unsigned int pn_len, u32 number)
{
	unsigned int shift = equic_pn_shift(pn_len);
	u32 others = (1U << shift) - 1;

	put_unaligned_be32((get_unaligned_be32(pn) & others) | number << shift,
			   pn);
}

static inline void equic_header_mask_pn(u8 *pn, unsigned int pn_len,
					const u8 mask[EQUIC_MASK_LEN])
{
	u32 others = (1U << equic_pn_shift(pn_len)) - 1;

	put_unaligned_be32(get_unaligned_be32(pn) ^
			   (get_unaligned_be32(mask + 1) & ~others), pn);
}

#endif /* _EQUIC_HEADER_H */
