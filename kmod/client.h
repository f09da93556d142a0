/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A client: a source address, folded to its service's prefix length, with its
 * connections.
 *
 * Owner: the table holds a reference while the client is in it, each connection
 * holds one for life. A client without connections may be evicted, by a clock
 * over the buckets near the one that needs room; one with connections never.
 */
#ifndef _EQUIC_CLIENT_H
#define _EQUIC_CLIENT_H

#include <linux/hash.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/siphash.h>
#include <linux/spinlock.h>
#include <linux/equic.h>

#include "addr.h"

struct equic_conn;
struct equic_net;
struct net;
struct equic_service;

struct equic_client {
	/* Read by every packet of the client. */
	struct hlist_node node;		/* RCU; bucket lock */
	struct in6_addr addr;
	struct equic_service *svc;
	u32 hash;
	/*
	 * Connections, pending and open, and how many of them were reported
	 * above the quota. Written under lock; read without by those that ask
	 * again under it, or need not be exact.
	 */
	unsigned int nr_conns;
	unsigned int nr_over;
	bool over;			/* lock; refused, not under quota since */
	bool dead;			/* lock; out of the table */
	bool used;			/* for the clock */
	/*
	 * Of its connections' handshakes: the bits of equic_handshake_bit(), and
	 * maybe more. Written under lock, published by nr_conns.
	 */
	u64 handshakes;

	atomic64_t passed_packets;
	atomic64_t passed_bytes;
	atomic64_t dropped_bytes;
	atomic64_t would_drop;
	atomic64_t drops[__EQUIC_DROP_MAX];

	spinlock_t lock;		/* the connections */
	unsigned int nr_pending;	/* lock */
	unsigned int nr_gone;		/* lock; since handshakes was made anew */
	struct list_head conns;		/* lock; oldest first */
	u64 seq;			/* order within the bucket */
	struct kref ref;
	struct rcu_head rcu;
};

/* What every packet of a client reads is one cache line. */
static_assert(offsetofend(struct equic_client, handshakes) <= 64);

struct equic_client_bucket {
	struct hlist_head head;		/* RCU */
	spinlock_t lock;		/* for changes of the list */
};

struct equic_client_table {
	hsiphash_key_t hash_key;	/* who may ask one table learns of none */
	struct equic_client_bucket *buckets;
	unsigned int mask;
	unsigned int max;
	atomic_t nr;
};

/*
 * May the client have another connection? While its service only counts, those
 * that were reported above the quota are left out: so as many would have been
 * dropped as mode new drops of the same packets.
 */
static inline bool equic_client_has_room(const struct equic_client *client,
					 u32 quota, bool counting)
{
	/* Pairs with client_charge(): who sees a count sees its handshakes. */
	unsigned int n = smp_load_acquire(&client->nr_conns);

	if (counting)
		n -= READ_ONCE(client->nr_over);
	return n < quota;
}

/*
 * One of 64 bits for a handshake. No secret is in it: who makes his Initials
 * share a bit with his own connections only has them looked up.
 */
static inline u64 equic_handshake_bit(__be16 peer_port, const u8 *scid,
				      u8 scid_len)
{
	u32 n = (__force u16)peer_port;

	if (scid_len >= sizeof(n))
		n ^= get_unaligned((const u32 *)scid);
	return BIT_ULL(hash_32(n, 6));
}

/*
 * May an Initial be of a handshake that is known? False is certain after
 * equic_client_has_room() was false.
 */
static inline bool equic_client_may_know(const struct equic_client *client,
					 __be16 peer_port, const u8 *scid,
					 u8 scid_len)
{
	return READ_ONCE(client->handshakes) &
	       equic_handshake_bit(peer_port, scid, scid_len);
}

/* The limit for a namespace, by who owns it. */
unsigned int equic_max_clients(const struct net *net);

int equic_client_table_init(struct equic_net *en);
void equic_client_table_free(struct equic_net *en);

/* What a client is looked up by: its address, folded, and the hash of that. */
struct equic_client_key {
	u64 upper;
	u64 lower;
	u32 hash;
};

/* Packet path and reports. RCU. */
struct equic_client *equic_client_get(struct equic_net *en,
				      struct equic_service *svc,
				      struct equic_client_key key);

/* Is the client one of the @percent of all that are enforced? */
static inline bool equic_hash_in_percent(u32 hash, unsigned int percent)
{
	return (((u64)hash * 100) >> 32) < percent;
}

/* Control path: equic_net.lock. */
void equic_clients_del(struct equic_net *en, struct equic_service *svc);
void equic_clients_flush(struct equic_net *en, struct equic_service *svc);
void equic_clients_requote(struct equic_net *en, struct equic_service *svc);
void equic_client_unmark(struct equic_client *client);

/* Packet path and reports, for equic_client_may_know(). Client lock held. */
void equic_client_learn(struct equic_client *client,
			const struct equic_conn *conn);
void equic_client_forget(struct equic_client *client);

void equic_client_release(struct kref *ref);

static inline void equic_client_put(struct equic_client *client)
{
	kref_put(&client->ref, equic_client_release);
}

int equic_client_init(void);
void equic_client_exit(void);

#endif /* _EQUIC_CLIENT_H */
