// SPDX-License-Identifier: GPL-2.0-only
/*
 * What packet protection cannot do without: one call of the kernel's AEAD, and
 * the block that header protection takes. For selftests/bench, beside equic's
 * kfuncs, which do the same and all the rest.
 *
 * One key for everything, one request, one packet after another: BH is disabled,
 * and there is one CPU.
 */
#include <crypto/aead.h>
#include <crypto/chacha.h>
#include <crypto/internal/cipher.h>
#include <linux/bpf.h>
#include <linux/btf.h>
#include <linux/btf_ids.h>
#include <linux/kmod.h>
#include <linux/module.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>

enum {
	TAG = 16,
	PACKET_MAX = 16384,
	CONTEXT_MAX = 1024,
};

/* In the order of enum equic_cipher. */
static const struct {
	const char *fast, *name;
	unsigned int key_len;
} ciphers[] = {
	{ "__gcm(aes)", "gcm(aes)", 16 },
	{ "__gcm(aes)", "gcm(aes)", 32 },
	{ NULL, "rfc7539(chacha20,poly1305)", 32 },
};

static struct crypto_aead *aeads[ARRAY_SIZE(ciphers)][2];	/* fast, slow */
static struct crypto_cipher *blocks[2];
static struct aead_request *request;
static u8 *packet, *buffer;
static u8 iv[16], key[32];
static u32 chacha[16];

static struct aead_request *prepare(struct scatterlist *sg, u32 cipher,
				    bool slow, u32 header, u32 crypt)
{
	aead_request_set_tfm(request, aeads[cipher][slow]);
	aead_request_set_callback(request, 0, NULL, NULL);
	aead_request_set_crypt(request, sg, sg, crypt, iv);
	aead_request_set_ad(request, header);
	return request;
}

static void block(u32 cipher, const u8 *sample, u8 *out)
{
	u8 stream[CHACHA_BLOCK_SIZE];

	if (cipher < 2) {
		crypto_cipher_encrypt_one(blocks[cipher], out, sample);
		return;
	}
	chacha20_block((void *)chacha, stream);
	memcpy(out, stream, 5);
}

static bool sane(u32 len, u32 header, u32 which)
{
	return (which & 0xff) < ARRAY_SIZE(ciphers) && which >> 8 <= 1 &&
	       len <= PACKET_MAX && header + TAG <= len;
}

__bpf_kfunc_start_defs();

/* Seals in place; the tag's room is the packet's end. */
__bpf_kfunc int bpf_bare_seal(u32 len, u32 header, u32 which)
{
	u32 cipher = which & 0xff;
	struct scatterlist sg;
	u8 out[16];
	int ret;

	if (!sane(len, header, which))
		return -EINVAL;
	sg_init_one(&sg, packet, len);
	ret = crypto_aead_encrypt(prepare(&sg, cipher, which >> 8, header,
					  len - header - TAG));
	block(cipher, packet + header, out);
	return ret;
}

/* Opens what was sealed last, in place. */
__bpf_kfunc int bpf_bare_open(u32 len, u32 header, u32 which)
{
	u32 cipher = which & 0xff;
	struct scatterlist sg;
	u8 out[16];

	if (!sane(len, header, which))
		return -EINVAL;
	block(cipher, packet + header, out);
	sg_init_one(&sg, packet, len);
	return crypto_aead_decrypt(prepare(&sg, cipher, which >> 8, header,
					   len - header));
}

__bpf_kfunc int bpf_bare_copy(u32 len)
{
	if (len > PACKET_MAX)
		return -EINVAL;
	memcpy(buffer, packet, len);
	return 0;
}

__bpf_kfunc_end_defs();

BTF_KFUNCS_START(bare_ids)
BTF_ID_FLAGS(func, bpf_bare_seal)
BTF_ID_FLAGS(func, bpf_bare_open)
BTF_ID_FLAGS(func, bpf_bare_copy)
BTF_KFUNCS_END(bare_ids)

static const struct btf_kfunc_id_set bare_set = {
	.owner = THIS_MODULE,
	.set = &bare_ids,
};

static struct crypto_aead *alloc(const char *name, u32 type, u32 mask, u32 len)
{
	struct crypto_aead *tfm = crypto_alloc_aead(name, type, mask);
	int ret;

	if (IS_ERR(tfm))
		return tfm;
	ret = crypto_aead_setkey(tfm, key, len);
	ret = ret ?: crypto_aead_setauthsize(tfm, TAG);
	if (!ret && crypto_aead_reqsize(tfm) > CONTEXT_MAX)
		ret = -E2BIG;
	if (!ret)
		return tfm;
	crypto_free_aead(tfm);
	return ERR_PTR(ret);
}

/* As equic does: the internal one where there is one, else the same twice. */
static int alloc_cipher(int i)
{
	struct crypto_aead *slow, *fast = ERR_PTR(-ENOENT);

	slow = alloc(ciphers[i].name, 0, CRYPTO_ALG_ASYNC, ciphers[i].key_len);
	if (IS_ERR(slow))
		return PTR_ERR(slow);
	if (ciphers[i].fast &&
	    crypto_has_aead(ciphers[i].fast, CRYPTO_ALG_INTERNAL,
			    CRYPTO_ALG_INTERNAL | CRYPTO_ALG_ASYNC))
		fast = alloc(ciphers[i].fast, CRYPTO_ALG_INTERNAL,
			     CRYPTO_ALG_INTERNAL | CRYPTO_ALG_ASYNC,
			     ciphers[i].key_len);
	aeads[i][0] = IS_ERR(fast) ? slow : fast;
	aeads[i][1] = slow;
	return 0;
}

static int alloc_block(int i)
{
	struct crypto_cipher *aes = crypto_alloc_cipher("aes", 0, 0);

	if (IS_ERR(aes))
		return PTR_ERR(aes);
	blocks[i] = aes;
	return crypto_cipher_setkey(aes, key, ciphers[i].key_len);
}

static void bare_free(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(ciphers); i++) {
		if (aeads[i][0] && aeads[i][0] != aeads[i][1])
			crypto_free_aead(aeads[i][0]);
		if (aeads[i][1])
			crypto_free_aead(aeads[i][1]);
	}
	for (i = 0; i < ARRAY_SIZE(blocks); i++)
		if (blocks[i])
			crypto_free_cipher(blocks[i]);
	kfree(request);
	kfree(packet);
	kfree(buffer);
}

static int __init bare_init(void)
{
	int i, ret = -ENOMEM;

	request_module("crypto-aes");
	request = kzalloc(sizeof(*request) + CONTEXT_MAX, GFP_KERNEL);
	packet = kzalloc(PACKET_MAX, GFP_KERNEL);
	buffer = kzalloc(PACKET_MAX, GFP_KERNEL);
	if (!request || !packet || !buffer)
		goto err;
	for (i = 0; i < ARRAY_SIZE(ciphers); i++) {
		ret = alloc_cipher(i);
		if (ret)
			goto err;
	}
	for (i = 0; i < ARRAY_SIZE(blocks); i++) {
		ret = alloc_block(i);
		if (ret)
			goto err;
	}
	ret = register_btf_kfunc_id_set(BPF_PROG_TYPE_XDP, &bare_set);
	if (!ret)
		return 0;
err:
	bare_free();
	return ret;
}

static void __exit bare_exit(void)
{
	bare_free();
}

module_init(bare_init);
module_exit(bare_exit);

MODULE_INFO(import_ns, "CRYPTO_INTERNAL");
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("The crypto API alone, to be measured");
