/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A connection: pending since the driver admitted its Initial, open since its
 * server confirmed the handshake, then gone.
 *
 * Owner: the table holds a reference until the connection is gone. Its state
 * changes under its client's lock; going is one step under that lock, and
 * whoever makes it takes the connection off every list.
 */
#ifndef _EQUIC_CONN_H
#define _EQUIC_CONN_H

#include <linux/kref.h>
#include <linux/list.h>
#include <linux/siphash.h>
#include <linux/spinlock.h>
#include <linux/equic.h>

#include "addr.h"

struct equic_client;
struct equic_net;
struct net;
struct equic_owner;
struct equic_pending_shard;
struct equic_service;

enum {
	/*
	 * DCIDs under which the Initials of one handshake arrive: the client's
	 * own choice, that of the server's Retry, the server's own SCID
	 * (RFC 9000, section 7.2).
	 */
	EQUIC_CONN_DCIDS = 3,
};

struct equic_cid {
	u8 len;
	u8 data[EQUIC_CID_MAX_LEN];
};

/*
 * What names a handshake on the wire. Compared as it lies, and hashed as far as
 * its client chooses it: no padding.
 */
struct equic_conn_key {
	struct in6_addr peer;
	struct equic_cid scid;
	u8 zero;
	__be16 peer_port;
	u32 svc;
	__be16 local_port;
	u8 zero2[2];
	/* Not hashed: a machine has few addresses. */
	struct in6_addr local;
};

enum equic_conn_phase {
	EQUIC_CONN_PENDING = EQUIC_CONN_STATE_PENDING,
	EQUIC_CONN_OPEN = EQUIC_CONN_STATE_OPEN,
	EQUIC_CONN_GONE,
};

/* Why a connection ends. */
enum equic_conn_end {
	EQUIC_END_CLOSED,	/* its server said so */
	EQUIC_END_EXPIRED,	/* pending for too long */
	EQUIC_END_RELEASED,	/* pending, unreported: a BPF program said so */
	EQUIC_END_UNREPORTED,	/* pending, unreported: nobody is left to */
	EQUIC_END_STALE,	/* not replayed */
	EQUIC_END_OWNER,	/* its reporter is gone */
	EQUIC_END_SERVICE,	/* its service is gone */
};

struct equic_conn {
	struct hlist_node node;		/* RCU; bucket lock */
	u32 hash;
	u32 id;				/* the reporter's; 0: none */
	struct equic_conn_key key;
	struct equic_client *client;	/* a reference */
	struct equic_owner *owner;	/* client lock */

	u8 state;			/* client lock */
	bool known_dcids;		/* bucket lock; no other may come */
	bool handshake;			/* has an SCID and DCIDs */
	bool over;			/* client lock; reported above quota */
	bool stale;			/* equic_net.lock; awaits its replay */
	u8 nr_dcids;			/* bucket lock, published by release */
	struct equic_cid dcids[EQUIC_CONN_DCIDS];

	struct list_head client_list;	/* client lock */
	struct list_head owner_list;	/* owner lock */
	struct list_head pending_list;	/* shard lock */
	struct equic_pending_shard *shard;
	u64 born_ns;
	u64 seq;			/* order within the bucket */

	/* Where it validated its path last. equic_net.lock. */
	struct in6_addr peer;
	__be16 peer_port;

	/* The server's. To change: equic_net.lock and bucket lock; else one. */
	struct equic_cid *cids;
	u8 nr_cids;

	struct kref ref;
	struct rcu_head rcu;
};

struct equic_conn_bucket {
	struct hlist_head head;		/* RCU */
	spinlock_t lock;		/* for changes of the list, CIDs */
};

struct equic_conn_table {
	hsiphash_key_t hash_key;	/* who may ask one table learns of none */
	struct equic_conn_bucket *buckets;
	unsigned int mask;
	unsigned int max;
	atomic_t nr;
};

/* A first look at an Initial, or what a report names. */
struct equic_handshake {
	struct equic_conn_key key;
	struct equic_cid dcid;
	bool present;			/* in a report: CIDs were given */
};

/* The limit for a namespace, by who owns it. */
unsigned int equic_max_conns(const struct net *net);

int equic_conn_table_init(struct equic_net *en);
void equic_conn_table_free(struct equic_net *en);

/* Results of equic_conn_admit() that are no error. */
enum equic_admission {
	EQUIC_ADMITTED,
	EQUIC_KNOWN,
	EQUIC_KNOWN_OVER,	/* known from a report above the quota */
};

int equic_conn_admit(struct equic_net *en, struct equic_service *svc,
		     const struct equic_handshake *hs,
		     struct equic_client **clientp, bool counting);
struct equic_conn *equic_conn_find(struct equic_net *en,
				   const struct equic_handshake *hs);
bool equic_conn_has_dcid(const struct equic_conn *conn,
			 const struct equic_cid *dcid);
bool equic_conn_end(struct equic_conn *conn, enum equic_conn_end why);

/*
 * Reports: equic_net.lock. Those that return a connection return it with a
 * reference. @owner is the reporter; a connection of another is not found.
 */
struct equic_conn *equic_conn_find_reported(struct equic_net *en,
					    const struct equic_handshake *hs,
					    const struct equic_owner *owner);
struct equic_conn *equic_conn_find_oldest(struct equic_net *en,
					  struct equic_service *svc,
					  const struct equic_handshake *hs,
					  const struct equic_owner *owner,
					  u32 id, unsigned int states);
struct equic_conn *equic_conn_report_new(struct equic_net *en,
					 struct equic_service *svc,
					 const struct equic_handshake *hs,
					 struct equic_owner *owner, u32 id,
					 enum equic_conn_phase state);
int equic_conn_bind(struct equic_conn *conn, const struct equic_handshake *hs,
		    struct equic_owner *owner, u32 id, bool open);
void equic_conn_add_dcid(struct equic_conn *conn, const struct equic_cid *cid);
int equic_conn_add_cid(struct equic_conn *conn, const struct equic_cid *cid);
int equic_conn_del_cid(struct equic_conn *conn, const struct equic_cid *cid);

void equic_conn_release(struct kref *ref);

static inline void equic_conn_put(struct equic_conn *conn)
{
	kref_put(&conn->ref, equic_conn_release);
}

static inline bool equic_cid_equal(const struct equic_cid *a,
				   const struct equic_cid *b)
{
	return a->len == b->len && !memcmp(a->data, b->data, a->len);
}

int equic_conn_init(void);
void equic_conn_exit(void);

#endif /* _EQUIC_CONN_H */
