// SPDX-License-Identifier: GPL-2.0-only
#include "header.h"
#include "aead.h"

#include <crypto/chacha.h>
#include <crypto/internal/cipher.h>
#include <linux/module.h>
#include <linux/netlink.h>
#include <linux/unaligned.h>

int equic_header_key_init(struct equic_header_key *hk,
			  const struct equic_cipher_info *info, const u8 *key,
			  struct netlink_ext_ack *extack)
{
	struct crypto_cipher *aes;
	int ret, i;

	hk->aes = NULL;
	if (!info->aes) {
		for (i = 0; i < ARRAY_SIZE(hk->chacha); i++)
			hk->chacha[i] = get_unaligned_le32(key + 4 * i);
		return 0;
	}
	aes = crypto_alloc_cipher("aes", 0, 0);
	if (IS_ERR(aes)) {
		NL_SET_ERR_MSG(extack, "the kernel gives no AES: is module aes_generic there?");
		return PTR_ERR(aes);
	}
	ret = crypto_cipher_setkey(aes, key, info->key_len);
	if (ret) {
		crypto_free_cipher(aes);
		return ret;
	}
	hk->aes = aes;
	return 0;
}

void equic_header_key_free(struct equic_header_key *hk)
{
	if (hk->aes)
		crypto_free_cipher(hk->aes);
	memzero_explicit(hk, sizeof(*hk));
}

/*
 * RFC 9001, 5.4.4: counter and nonce are the sample, the mask its key stream.
 * The state is laid out here (RFC 8439, 2.3), for the kernel's function to do it
 * is in a module before 6.16.
 */
static void chacha_mask(const struct equic_header_key *hk, const u8 *sample,
			u8 mask[EQUIC_MASK_LEN])
{
	u8 stream[CHACHA_BLOCK_SIZE];
	u32 words[CHACHA_BLOCK_SIZE / sizeof(u32)];
	/* Its type has another name, and this layout, since 6.16. */
	void *state = words;
	int i;

	chacha_init_consts(state);
	memcpy(words + 4, hk->chacha, sizeof(hk->chacha));
	for (i = 0; i < 4; i++)
		words[12 + i] = get_unaligned_le32(sample + 4 * i);
	chacha20_block(state, stream);
	memcpy(mask, stream, EQUIC_MASK_LEN);
	memzero_explicit(words, sizeof(words));
	memzero_explicit(stream, sizeof(stream));
}

void equic_header_mask(const struct equic_header_key *hk, const u8 *sample,
		       u8 mask[EQUIC_MASK_LEN])
{
	if (hk->aes)
		crypto_cipher_encrypt_one(hk->aes, mask, sample);
	else
		chacha_mask(hk, sample, mask);
}

/* The macro for it takes a string since 6.13, and a word before. */
MODULE_INFO(import_ns, "CRYPTO_INTERNAL");
