// SPDX-License-Identifier: GPL-2.0-only
#include "aead.h"

#include <crypto/aead.h>
#include <asm/simd.h>
#include <crypto/internal/simd.h>
#include <linux/kmod.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/netlink.h>
#include <linux/percpu.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/unaligned.h>

static bool fast_crypto = true;
module_param(fast_crypto, bool, 0644);
MODULE_PARM_DESC(fast_crypto,
		 "use the vector unit for packets where it is free (default Y)");

const struct equic_cipher_info equic_ciphers[EQUIC_CIPHERS] = {
	[EQUIC_CIPHER_AES_128_GCM] = {
		.name		= "gcm(aes)",
		.fast_name	= "__gcm(aes)",
		.module		= "gcm",
		.key_len	= 16,
		.aes		= true,
		.packets_max	= 1ULL << 23,
		.failures_max	= 1ULL << 52,
	},
	[EQUIC_CIPHER_AES_256_GCM] = {
		.name		= "gcm(aes)",
		.fast_name	= "__gcm(aes)",
		.module		= "gcm",
		.key_len	= 32,
		.aes		= true,
		.packets_max	= 1ULL << 23,
		.failures_max	= 1ULL << 52,
	},
	[EQUIC_CIPHER_CHACHA20_POLY1305] = {
		.name		= "rfc7539(chacha20,poly1305)",
		.module		= "chacha20poly1305",
		.key_len	= 32,
		/* More than there are packet numbers. */
		.packets_max	= 1ULL << 62,
		.failures_max	= 1ULL << 36,
	},
};

enum {
	/* What an AEAD of the kernel's keeps in a request. */
	REQUEST_CONTEXT_MAX = 1024,
};

/*
 * One CPU's: neither requests nor what they point to may be on a stack. What is
 * the same for all packets is set once.
 */
struct aead_cpu {
	u8 packet[EQUIC_PACKET_MAX_LEN];
	u8 iv[16];
	struct scatterlist sg;
	struct aead_request request;	/* last: its context follows */
};

static DEFINE_PER_CPU(struct aead_cpu *, aead_cpus);
static DEFINE_MUTEX(prepare_lock);	/* the two below, and aead_cpus */
static bool prepared;
static bool has_fast;

static void free_cpus(void)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		kfree_sensitive(per_cpu(aead_cpus, cpu));
		per_cpu(aead_cpus, cpu) = NULL;
	}
}

static int alloc_cpus(void)
{
	struct aead_cpu *ac;
	int cpu;

	for_each_possible_cpu(cpu) {
		ac = kzalloc_node(sizeof(*ac) + REQUEST_CONTEXT_MAX, GFP_KERNEL,
				  cpu_to_node(cpu));
		if (!ac) {
			free_cpus();
			return -ENOMEM;
		}
		sg_init_table(&ac->sg, 1);
		aead_request_set_callback(&ac->request, 0, NULL, NULL);
		per_cpu(aead_cpus, cpu) = ac;
	}
	return 0;
}

int equic_aead_prepare(void)
{
	int ret = 0;

	mutex_lock(&prepare_lock);
	if (!prepared) {
		ret = alloc_cpus();
		if (!ret) {
			/*
			 * The drivers of an algorithm that is there already are
			 * not loaded by asking for it.
			 */
			request_module("crypto-aes");
			has_fast = crypto_has_aead("__gcm(aes)",
						   CRYPTO_ALG_INTERNAL,
						   CRYPTO_ALG_INTERNAL |
						   CRYPTO_ALG_ASYNC);
			prepared = true;
		}
	}
	mutex_unlock(&prepare_lock);
	return ret;
}

/* After the last key. */
void equic_aead_exit(void)
{
	free_cpus();
}

u8 *equic_aead_scratch(void)
{
	return this_cpu_read(aead_cpus)->packet;
}

static __always_inline struct crypto_aead *aead_choose(struct equic_aead *aead)
{
	if (likely(!aead->fast))
		return aead->sync;
	if (likely(crypto_simd_usable() && READ_ONCE(fast_crypto)))
		return aead->fast;
	atomic64_inc(&aead->fallback);
	return aead->sync;
}

/* RFC 9001, 5.3: the packet number, left-padded, exclusive-or the IV. */
static __always_inline void aead_nonce(u8 *nonce, const u8 *iv, u64 pn)
{
	memcpy(nonce, iv, EQUIC_IV_LEN);
	put_unaligned_be64(get_unaligned_be64(iv + 4) ^ pn, nonce + 4);
}

static __always_inline struct aead_request *
aead_request_of(struct equic_aead *aead, u8 *packet, unsigned int len,
		unsigned int header_len, unsigned int crypt_len, u64 pn)
{
	struct aead_cpu *ac = this_cpu_read(aead_cpus);
	struct aead_request *req = &ac->request;

	aead_nonce(ac->iv, aead->iv, pn);
	sg_set_buf(&ac->sg, packet, len);
	aead_request_set_tfm(req, aead_choose(aead));
	aead_request_set_crypt(req, &ac->sg, &ac->sg, crypt_len, ac->iv);
	aead_request_set_ad(req, header_len);
	return req;
}

int equic_aead_seal(struct equic_aead *aead, u8 *packet,
		    unsigned int header_len, unsigned int payload_len, u64 pn)
{
	unsigned int len = header_len + payload_len + EQUIC_TAG_LEN;

	return crypto_aead_encrypt(aead_request_of(aead, packet, len,
						   header_len, payload_len,
						   pn));
}

/* The first bytes behind the header, and the last, of a packet to be opened. */
struct aead_kept {
	u8 first[EQUIC_TAG_LEN];
	u8 tag[EQUIC_TAG_LEN];
};

/*
 * The packet is not authentic. Its driver has left the payload alone, or has
 * decrypted it: then its first bytes differ, and are what they were when the
 * same key stream has gone over them again. That writes a tag, too.
 */
static void aead_undo(struct equic_aead *aead, u8 *packet,
		      unsigned int header_len, unsigned int payload_len, u64 pn,
		      const struct aead_kept *kept)
{
	u8 *payload = packet + header_len;

	if (!memcmp(payload, kept->first, sizeof(kept->first)))
		return;
	equic_aead_seal(aead, packet, header_len, payload_len, pn);
	memcpy(payload + payload_len, kept->tag, sizeof(kept->tag));
}

int equic_aead_open(struct equic_aead *aead, u8 *packet,
		    unsigned int header_len, unsigned int payload_len, u64 pn)
{
	unsigned int crypt_len = payload_len + EQUIC_TAG_LEN;
	u8 *payload = packet + header_len;
	struct aead_kept kept __uninitialized;
	int ret;

	/* In a payload of less than a tag, some of the tag is first. */
	memcpy(kept.first, payload, sizeof(kept.first));
	memcpy(kept.tag, payload + payload_len, sizeof(kept.tag));
	ret = crypto_aead_decrypt(aead_request_of(aead, packet,
						  header_len + crypt_len,
						  header_len, crypt_len, pn));
	if (unlikely(ret == -EBADMSG))
		aead_undo(aead, packet, header_len, payload_len, pn, &kept);
	return ret;
}

/* Whether a driver leaves what aead_undo() can undo. Process context. */
static bool aead_undoes(struct crypto_aead *tfm)
{
	enum { HEADER_LEN = 1, PAYLOAD_LEN = 100, BYTE = 0x5a };
	const unsigned int len = HEADER_LEN + PAYLOAD_LEN + EQUIC_TAG_LEN;
	struct equic_aead aead = { .sync = tfm };
	bool undone;
	u8 *packet;

	local_bh_disable();
	packet = equic_aead_scratch();
	memset(packet, BYTE, len);
	undone = equic_aead_open(&aead, packet, HEADER_LEN, PAYLOAD_LEN,
				 0) == -EBADMSG &&
		 !memchr_inv(packet, BYTE, len);
	local_bh_enable();
	return undone;
}

static struct crypto_aead *aead_alloc(const char *name, u32 type, u32 mask,
				      const u8 *key, unsigned int key_len)
{
	struct crypto_aead *tfm = crypto_alloc_aead(name, type, mask);
	int ret;

	if (IS_ERR(tfm))
		return tfm;
	ret = crypto_aead_setkey(tfm, key, key_len);
	ret = ret ?: crypto_aead_setauthsize(tfm, EQUIC_TAG_LEN);
	if (!ret && (crypto_aead_reqsize(tfm) > REQUEST_CONTEXT_MAX ||
		     !aead_undoes(tfm)))
		ret = -EOPNOTSUPP;
	if (ret) {
		crypto_free_aead(tfm);
		return ERR_PTR(ret);
	}
	return tfm;
}

int equic_aead_init(struct equic_aead *aead, const struct equic_cipher_info *info,
		    const u8 *key, const u8 *iv,
		    struct netlink_ext_ack *extack)
{
	struct crypto_aead *sync, *fast = NULL;

	sync = aead_alloc(info->name, 0, CRYPTO_ALG_ASYNC, key, info->key_len);
	if (IS_ERR(sync)) {
		if (PTR_ERR(sync) == -EOPNOTSUPP)
			NL_SET_ERR_MSG_FMT(extack,
					   "the kernel's %s is not of use for packets in place",
					   info->name);
		else
			NL_SET_ERR_MSG_FMT(extack,
					   "no synchronous %s: is module %s there?",
					   info->name, info->module);
		return PTR_ERR(sync);
	}
	if (info->fast_name && READ_ONCE(has_fast)) {
		fast = aead_alloc(info->fast_name, CRYPTO_ALG_INTERNAL,
				  CRYPTO_ALG_INTERNAL | CRYPTO_ALG_ASYNC, key,
				  info->key_len);
		/* Its module may have gone: slower is not wrong. */
		if (PTR_ERR_OR_ZERO(fast) == -ENOENT ||
		    PTR_ERR_OR_ZERO(fast) == -EOPNOTSUPP)
			fast = NULL;
	}
	if (IS_ERR(fast)) {
		NL_SET_ERR_MSG_FMT(extack, "the kernel's fast %s fails",
				   info->name);
		crypto_free_aead(sync);
		return PTR_ERR(fast);
	}
	aead->sync = sync;
	aead->fast = fast;
	memcpy(aead->iv, iv, EQUIC_IV_LEN);
	return 0;
}

void equic_aead_free(struct equic_aead *aead)
{
	if (aead->fast)
		crypto_free_aead(aead->fast);
	crypto_free_aead(aead->sync);
	memzero_explicit(aead->iv, sizeof(aead->iv));
}

const char *equic_aead_driver(const struct equic_aead *aead)
{
	return crypto_aead_driver_name(aead->fast ?: aead->sync);
}

/* NULL: the driver is its own. */
const char *equic_aead_fallback(const struct equic_aead *aead)
{
	return aead->fast ? crypto_aead_driver_name(aead->sync) : NULL;
}

MODULE_SOFTDEP("pre: aesni_intel ghash gcm chacha20poly1305");
