/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A key: what opens, or what seals, the packets of one connection at one
 * encryption level. At level 1-RTT it goes through epochs (RFC 9001, 6): each has
 * an AEAD of its own; the header key stays.
 *
 * A key that opens has three epochs at most, and finds out which one a packet
 * is of: a packet that the next one opens makes it the current one. A key that
 * seals has the two newest, and is told which one to use.
 *
 * Owner of the object: the namespace's table of keys, under equic_net.lock; it
 * goes with the socket that made it. Programs find it by its number; their having
 * BH disabled is their RCU read lock.
 * key.lock protects which epochs there are. Epochs and keys are freed by work
 * items after a grace period, for the crypto API frees in process context.
 */
#ifndef _EQUIC_KEY_H
#define _EQUIC_KEY_H

#include <linux/equic.h>
#include <linux/bits.h>
#include <linux/list.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "aead.h"
#include "header.h"
#include "window.h"

struct equic_net;
struct equic_owner;
struct netlink_ext_ack;

/* RFC 9000, 12.3: packet numbers, and one above them. */
#define EQUIC_PN_END	BIT_ULL(62)

enum {
	EQUIC_KEY_ID_MAX = INT_MAX - 1,
};

struct equic_epoch {
	u32 number;
	struct equic_aead aead;
	union {
		struct {		/* opens */
			atomic64_t opened;	/* packets */
			atomic64_t first_pn;	/* the smallest of them */
		};
		struct equic_window window;	/* seals */
	};
	struct rcu_work free;
};

struct equic_key {
	u32 id;
	u8 use;				/* enum equic_key_use */
	u8 level;			/* enum equic_level */
	u8 cipher;			/* enum equic_cipher */
	struct equic_header_key header;
	/* At most 2^62 (aead.c): counts of 63 bits meet them in time. */
	u64 packets_max;		/* per epoch: sealed */
	u64 failures_max;		/* of the key: not authentic */
	atomic64_t failures;
	atomic64_t pn_expected;		/* opens: one above the largest opened */

	spinlock_t lock;		/* changes of the three */
	struct equic_epoch __rcu *previous;
	struct equic_epoch __rcu *current_;
	struct equic_epoch __rcu *next;	/* opens only */

	struct equic_net *en;
	struct equic_owner *owner;	/* equic_net.lock */
	struct list_head owner_list;	/* equic_net.lock */
	struct rcu_work free;
};

/* A key is in the slot that the last bits of its number say. */
struct equic_key_table {
	u32 size;			/* a power of two */
	struct equic_key __rcu *slots[] __counted_by(size);
};

struct equic_keys {
	/* Of the first key, which stays. RCU; changed under equic_net.lock. */
	struct equic_key_table __rcu *table;
	u32 cursor;			/* equic_net.lock: the next number */
	unsigned int nr;		/* equic_net.lock */
};

/* What user space says of a key. Wiped by whoever filled it. */
struct equic_key_params {
	u8 use, level, cipher;
	u32 epoch;
	u64 pn;				/* the next one expected, or to seal */
	u64 packets_max, failures_max;
	u8 key[EQUIC_KEY_MAX_LEN];
	u8 iv[EQUIC_IV_LEN];
	u8 header[EQUIC_KEY_MAX_LEN];
};

/* BH is disabled. NULL: there is none of that number. */
static inline struct equic_key *equic_key_find(const struct equic_keys *keys,
					       u32 id)
{
	const struct equic_key_table *table = rcu_dereference_bh(keys->table);
	struct equic_key *key;

	if (unlikely(!table))
		return NULL;
	key = rcu_dereference_bh(table->slots[id & (table->size - 1)]);
	return likely(key && key->id == id) ? key : NULL;
}

/* equic_net.lock. */
struct equic_key *equic_key_find_locked(struct equic_net *en, u32 id);

/*
 * Made without a lock, for the crypto API may load modules. Errors with words:
 * -ENOENT, -ENOMEM, -EOPNOTSUPP.
 */
struct equic_key *equic_key_new(const struct equic_key_params *params,
				struct netlink_ext_ack *extack);
struct equic_epoch *equic_epoch_new(const struct equic_key_params *params,
				    struct netlink_ext_ack *extack);
/* What was not put in place. */
void equic_key_destroy(struct equic_key *key);
void equic_epoch_destroy(struct equic_epoch *epoch);

/* equic_net.lock. Errors with words. */
int equic_key_add(struct equic_net *en, struct equic_owner *owner,
		  struct equic_key *key, struct netlink_ext_ack *extack);
/* @pn: of an opening key, the number that its owner expects next. */
int equic_key_update(struct equic_key *key, struct equic_epoch *epoch, u64 pn,
		     struct netlink_ext_ack *extack);
void equic_key_del(struct equic_key *key);
void equic_keys_end(struct equic_owner *owner);

/* The packet path: BH is disabled. */
struct equic_epoch *equic_key_other_phase(struct equic_key *key, bool phase,
					  u64 pn);
/* A packet of the next epoch was authentic. */
void equic_key_promote(struct equic_key *key, struct equic_epoch *next);

/* Packet numbers up to @pn are not expected any more. */
static inline void equic_key_expect(struct equic_key *key, u64 pn)
{
	s64 old = atomic64_read(&key->pn_expected);

	while ((s64)pn > old &&
	       !atomic64_try_cmpxchg(&key->pn_expected, &old, pn))
		;
}

void equic_keys_init(struct equic_net *en);
void equic_keys_exit(struct equic_net *en);

#endif /* _EQUIC_KEY_H */
