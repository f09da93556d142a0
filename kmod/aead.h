/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The AEADs of QUIC (RFC 9001, 5.3), synchronous, from softirq.
 *
 * The vector unit decides how a packet is done. Before 6.15 a synchronous AEAD
 * of x86 that may use it is for the kernel's internal use, and must not be
 * called while the unit is taken, as it is when a softirq interrupts another
 * user of it; a second, slow AEAD stands in then. Later kernels have one AEAD
 * for both.
 *
 * Context: BH disabled, which is what keeps a CPU's request its own.
 */
#ifndef _EQUIC_AEAD_H
#define _EQUIC_AEAD_H

#include <linux/equic.h>
#include <linux/atomic.h>
#include <linux/types.h>

struct crypto_aead;
struct netlink_ext_ack;

enum {
	EQUIC_CIPHERS = EQUIC_CIPHER_CHACHA20_POLY1305 + 1,
	EQUIC_TAG_LEN = 16,
	EQUIC_IV_LEN = 12,
	EQUIC_KEY_MAX_LEN = 32,
	/* Of one packet: a jumbo frame's and then some. */
	EQUIC_PACKET_MAX_LEN = 16384,
};

/* What a cipher is, and how long its keys may live (RFC 9001, 6.6 and B). */
struct equic_cipher_info {
	const char *name;		/* the kernel's */
	const char *fast_name;		/* its internal one, before 6.15 */
	const char *module;		/* to be named when it is missing */
	u8 key_len;
	bool aes;
	u64 packets_max;		/* sealed */
	u64 failures_max;		/* opened in vain */
};

extern const struct equic_cipher_info equic_ciphers[EQUIC_CIPHERS];

struct equic_aead {
	struct crypto_aead *fast;	/* NULL: there is no other than */
	struct crypto_aead *sync;
	atomic64_t fallback;		/* packets that the slow one did */
	u8 iv[EQUIC_IV_LEN];
};

/* Process context. -ENOENT, -ENOMEM, -EOPNOTSUPP, with words. */
int equic_aead_init(struct equic_aead *aead, const struct equic_cipher_info *info,
		    const u8 *key, const u8 *iv,
		    struct netlink_ext_ack *extack);
void equic_aead_free(struct equic_aead *aead);
const char *equic_aead_driver(const struct equic_aead *aead);
const char *equic_aead_fallback(const struct equic_aead *aead);

/*
 * In place. @packet: @header_len bytes of header, which are authenticated, then
 * @payload_len bytes, then the tag; memory of the kernel's linear mapping.
 *
 * -EBADMSG: not authentic, and what it was; that took twice the time.
 */
int equic_aead_seal(struct equic_aead *aead, u8 *packet,
		    unsigned int header_len, unsigned int payload_len, u64 pn);
int equic_aead_open(struct equic_aead *aead, u8 *packet,
		    unsigned int header_len, unsigned int payload_len, u64 pn);

/* EQUIC_PACKET_MAX_LEN bytes of this CPU's. */
u8 *equic_aead_scratch(void);

/* Before the first key. */
int equic_aead_prepare(void);
void equic_aead_exit(void);

#endif /* _EQUIC_AEAD_H */
