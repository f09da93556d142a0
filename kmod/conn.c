// SPDX-License-Identifier: GPL-2.0-only
#include "conn.h"
#include "client.h"
#include "event.h"
#include "lookup.h"
#include "netns.h"
#include "owner.h"
#include "pending.h"
#include "service.h"
#include "trace.h"

#include <linux/delay.h>
#include <linux/moduleparam.h>
#include <linux/rculist.h>
#include <linux/siphash.h>
#include <linux/slab.h>

static unsigned int max_conns = 1 << 18;
module_param(max_conns, uint, 0444);
MODULE_PARM_DESC(max_conns, "connections known per network namespace");

static unsigned int max_conns_user = 1 << 14;
module_param(max_conns_user, uint, 0444);
MODULE_PARM_DESC(max_conns_user,
		 "the same for a namespace owned by a user namespace");

enum {
	/* Connections per bucket of a full table, on average. */
	CONN_LOAD = 2,
};

static struct kmem_cache *conn_cache;

unsigned int equic_max_conns(const struct net *net)
{
	unsigned int max = net->user_ns == &init_user_ns ? max_conns :
							   max_conns_user;

	return clamp(max, 1U, 1U << 26);
}

int equic_conn_table_init(struct equic_net *en)
{
	struct equic_conn_table *t = &en->conns;
	unsigned int n, i;

	t->max = equic_max_conns(en->net);
	n = roundup_pow_of_two(max(t->max / CONN_LOAD, 1U));
	t->buckets = kvcalloc(n, sizeof(*t->buckets), GFP_KERNEL_ACCOUNT);
	if (!t->buckets)
		return -ENOMEM;
	for (i = 0; i < n; i++)
		spin_lock_init(&t->buckets[i].lock);
	t->mask = n - 1;
	get_random_bytes(&t->hash_key, sizeof(t->hash_key));
	return 0;
}

void equic_conn_table_free(struct equic_net *en)
{
	WARN_ON(atomic_read(&en->conns.nr));
	kvfree(en->conns.buckets);
}

static u32 conn_hash(const struct equic_conn_table *t,
		     const struct equic_conn_key *key)
{
	const size_t hashed = offsetof(struct equic_conn_key, local);

	BUILD_BUG_ON(hashed != 48 || sizeof(*key) != 64);
	return hsiphash(key, hashed, &t->hash_key);
}

static struct equic_conn_bucket *
conn_bucket(const struct equic_conn_table *t, u32 hash)
{
	return &t->buckets[hash & t->mask];
}

static bool conn_matches(const struct equic_conn *conn, u32 hash,
			 const struct equic_conn_key *key)
{
	return conn->hash == hash && conn->handshake &&
	       READ_ONCE(conn->state) != EQUIC_CONN_GONE &&
	       !memcmp(&conn->key, key, sizeof(*key));
}

bool equic_conn_has_dcid(const struct equic_conn *conn,
			 const struct equic_cid *dcid)
{
	/* Pairs with the release in conn_learn_dcid(). */
	unsigned int i, n = smp_load_acquire(&conn->nr_dcids);

	for (i = 0; i < n; i++)
		if (equic_cid_equal(&conn->dcids[i], dcid))
			return true;
	return false;
}

/*
 * May another DCID be this handshake's? No longer when its server has named its
 * own SCID, or has seen the handshake through. Bucket lock held.
 */
static bool conn_may_learn(const struct equic_conn *conn)
{
	return !conn->known_dcids && conn->nr_dcids < EQUIC_CONN_DCIDS &&
	       READ_ONCE(conn->state) == EQUIC_CONN_PENDING;
}

static void conn_learn_dcid(struct equic_conn *conn,
			    const struct equic_cid *dcid)
{
	conn->dcids[conn->nr_dcids] = *dcid;
	/* Readers without the lock see the DCID before its number. */
	smp_store_release(&conn->nr_dcids, conn->nr_dcids + 1);
}

/* From its server, which knows what no packet may have shown us. */
static void conn_learn_reported(struct equic_conn *conn,
				const struct equic_cid *dcid)
{
	if (conn->handshake && conn_may_learn(conn) &&
	    !equic_conn_has_dcid(conn, dcid))
		conn_learn_dcid(conn, dcid);
}

/* Which of those that its server gave it; -ENOENT. One of cids' locks held. */
static int conn_cid_index(const struct equic_conn *conn,
			  const struct equic_cid *cid)
{
	int i;

	for (i = 0; i < conn->nr_cids; i++)
		if (equic_cid_equal(&conn->cids[i], cid))
			return i;
	return -ENOENT;
}

/* A handshake by one of the DCIDs it is known by. RCU. */
static struct equic_conn *bucket_find(const struct equic_conn_bucket *b,
				      u32 hash,
				      const struct equic_handshake *hs)
{
	struct equic_conn *conn;

	hlist_for_each_entry_rcu(conn, &b->head, node)
		if (conn_matches(conn, hash, &hs->key) &&
		    equic_conn_has_dcid(conn, &hs->dcid))
			return conn;
	return NULL;
}

/*
 * One that its server gave the CID to, or else one that may still have a further
 * DCID. OpenSSL acknowledges the server's Initial to the newest CID it knows, be
 * it from a NEW_CONNECTION_ID frame beside that Initial. Bucket lock held.
 */
static struct equic_conn *bucket_find_learn(struct equic_conn_bucket *b,
					    u32 hash,
					    const struct equic_handshake *hs)
{
	struct equic_conn *conn = bucket_find(b, hash, hs), *learner = NULL;

	if (conn)
		return conn;
	hlist_for_each_entry(conn, &b->head, node) {
		if (!conn_matches(conn, hash, &hs->key))
			continue;
		if (conn_cid_index(conn, &hs->dcid) >= 0)
			return conn;
		if (!learner && conn_may_learn(conn))
			learner = conn;
	}
	if (learner)
		conn_learn_dcid(learner, &hs->dcid);
	return learner;
}

struct equic_conn *equic_conn_find(struct equic_net *en,
				   const struct equic_handshake *hs)
{
	u32 hash = conn_hash(&en->conns, &hs->key);

	return bucket_find(conn_bucket(&en->conns, hash), hash, hs);
}

static struct equic_conn *conn_alloc(struct equic_net *en,
				     const struct equic_handshake *hs,
				     u32 hash, gfp_t gfp)
{
	struct equic_conn *conn;

	if (!atomic_add_unless(&en->conns.nr, 1, en->conns.max))
		return ERR_PTR(-ENOSPC);
	conn = kmem_cache_zalloc(conn_cache, gfp);
	if (!conn) {
		atomic_dec(&en->conns.nr);
		return ERR_PTR(-ENOMEM);
	}
	kref_init(&conn->ref);
	conn->hash = hash;
	conn->key = hs->key;
	conn->peer = hs->key.peer;
	conn->peer_port = hs->key.peer_port;
	conn->born_ns = ktime_get_ns();
	if (hs->present) {
		conn->handshake = true;
		conn->dcids[0] = hs->dcid;
		conn->nr_dcids = 1;
	}
	return conn;
}

static void conn_free_rcu(struct rcu_head *rcu)
{
	struct equic_conn *conn = container_of(rcu, struct equic_conn, rcu);

	kfree(conn->cids);
	kmem_cache_free(conn_cache, conn);
}

void equic_conn_release(struct kref *ref)
{
	struct equic_conn *conn = container_of(ref, struct equic_conn, ref);

	equic_client_put(conn->client);
	call_rcu(&conn->rcu, conn_free_rcu);
}

/* Newest first, so that a dump can resume by number. Bucket lock held. */
static void bucket_add(struct equic_conn_bucket *b, struct equic_conn *conn)
{
	conn->seq = b->head.first ?
		hlist_entry(b->head.first, struct equic_conn, node)->seq + 1 :
		1;
	hlist_add_head_rcu(&conn->node, &b->head);
}

/* Charges @client with @conn. Client lock held. */
static void client_charge(struct equic_client *client, struct equic_conn *conn,
			  enum equic_conn_phase state, bool over)
{
	struct equic_service *svc = client->svc;

	kref_get(&client->ref);
	conn->client = client;
	conn->state = state;
	conn->over = over;
	list_add_tail(&conn->client_list, &client->conns);
	equic_client_learn(client, conn);
	/* Pairs with equic_client_has_room(): what was learnt comes first. */
	smp_store_release(&client->nr_conns, client->nr_conns + 1);
	if (over)
		WRITE_ONCE(client->nr_over, client->nr_over + 1);
	if (state == EQUIC_CONN_PENDING) {
		client->nr_pending++;
		atomic_inc(&svc->nr_pending);
		equic_pending_add(conn);
	} else {
		atomic_inc(&svc->nr_open);
	}
	trace_equic_conn(conn, EQUIC_STEP_BEGIN);
}

static void client_mark_over(struct equic_client *client)
{
	lockdep_assert_held(&client->lock);
	if (client->over)
		return;
	client->over = true;
	equic_event_client(client, EQUIC_EVENT_OVER_QUOTA);
}

/*
 * Admits one more connection of @client. Bucket lock held; -EAGAIN if the
 * client was evicted meanwhile.
 */
static int bucket_admit(struct equic_net *en, struct equic_conn_bucket *b,
			u32 hash, const struct equic_handshake *hs,
			struct equic_client *client, bool counting)
{
	u32 quota = READ_ONCE(client->svc->policy.quota);
	bool room = equic_client_has_room(client, quota, counting);
	struct equic_conn *conn;
	int ret = EQUIC_ADMITTED;

	/* Under attack: refused before, and still full. */
	if (!room && READ_ONCE(client->over))
		return -EDQUOT;

#ifdef EQUIC_BREAK_QUOTA
	ndelay(10000);		/* widens the race */
#endif
	spin_lock(&client->lock);
	if (client->dead) {
		ret = -EAGAIN;
		goto out;
	}
#ifndef EQUIC_BREAK_QUOTA
	room = equic_client_has_room(client, quota, counting);
#endif
	if (!room) {
		client_mark_over(client);
		ret = -EDQUOT;
		goto out;
	}
	conn = conn_alloc(en, hs, hash, GFP_ATOMIC | __GFP_NOWARN);
	if (IS_ERR(conn)) {
		ret = PTR_ERR(conn);
		goto out;
	}
	client_charge(client, conn, EQUIC_CONN_PENDING, false);
	bucket_add(b, conn);
out:
	spin_unlock(&client->lock);
	return ret;
}

static struct equic_client *client_get(struct equic_net *en,
				       struct equic_service *svc,
				       const struct in6_addr *addr)
{
	return equic_client_get(en, svc, equic_client_key(&en->clients, svc, addr));
}

/*
 * equic_conn_admit - is an Initial of a known handshake, does it start a
 * connection that its client may have, or is it one too many?
 *
 * Twins of one Initial on two CPUs meet in the bucket's lock, Initials of one
 * client in the client's. @clientp is the client if there is one already; it
 * becomes the one that was charged. RCU, BH disabled: the packet path.
 *
 * Returns enum equic_admission, or -EDQUOT, -ENOSPC, -ENOMEM.
 */
int equic_conn_admit(struct equic_net *en, struct equic_service *svc,
		     const struct equic_handshake *hs,
		     struct equic_client **clientp, bool counting)
{
	u32 hash = conn_hash(&en->conns, &hs->key);
	struct equic_conn_bucket *b = conn_bucket(&en->conns, hash);
	struct equic_conn *conn;
	int ret;

	conn = bucket_find(b, hash, hs);
	if (conn)
		return READ_ONCE(conn->over) ? EQUIC_KNOWN_OVER : EQUIC_KNOWN;

	do {
		if (!*clientp)
			*clientp = client_get(en, svc, &hs->key.peer);
		if (IS_ERR(*clientp)) {
			ret = PTR_ERR(*clientp);
			*clientp = NULL;
			return ret;
		}

		spin_lock(&b->lock);
		conn = bucket_find_learn(b, hash, hs);
		if (conn)
			ret = READ_ONCE(conn->over) ? EQUIC_KNOWN_OVER :
						      EQUIC_KNOWN;
		else
			ret = bucket_admit(en, b, hash, hs, *clientp,
					   counting);
		spin_unlock(&b->lock);
		if (ret == -EAGAIN)
			*clientp = NULL;
	} while (ret == -EAGAIN);

	return ret;
}

/* May @why end a connection in this state? Client lock held. */
static bool conn_may_end(const struct equic_conn *conn, enum equic_conn_end why)
{
	switch (why) {
	case EQUIC_END_EXPIRED:
		return conn->state == EQUIC_CONN_PENDING;
	case EQUIC_END_RELEASED:
	case EQUIC_END_UNREPORTED:
		return conn->state == EQUIC_CONN_PENDING && !conn->owner;
	default:
		return conn->state != EQUIC_CONN_GONE;
	}
}

/*
 * Ends @conn: it is off every list and counted nowhere when this returns true.
 * False: somebody else ended it, or @why does not apply to it. The caller has a
 * reference, or RCU.
 */
bool equic_conn_end(struct equic_conn *conn, enum equic_conn_end why)
{
	struct equic_client *client = conn->client;
	struct equic_service *svc = client->svc;
	struct equic_net *en = svc->en;
	struct equic_conn_bucket *b = conn_bucket(&en->conns, conn->hash);

	spin_lock_bh(&client->lock);
	if (!conn_may_end(conn, why)) {
		spin_unlock_bh(&client->lock);
		return false;
	}
	trace_equic_conn(conn, EQUIC_STEP_END);
	if (conn->state == EQUIC_CONN_PENDING) {
		client->nr_pending--;
		atomic_dec(&svc->nr_pending);
		equic_pending_del(conn);
	} else {
		atomic_dec(&svc->nr_open);
	}
	WRITE_ONCE(conn->state, EQUIC_CONN_GONE);
	list_del(&conn->client_list);
	/* A reader of this count has seen what was learnt before it, too. */
	smp_store_release(&client->nr_conns, client->nr_conns - 1);
	if (conn->over)
		WRITE_ONCE(client->nr_over, client->nr_over - 1);
	equic_client_forget(client);
	if (conn->owner)
		equic_owner_unlink(conn);
	equic_client_unmark(client);
	spin_unlock_bh(&client->lock);

	spin_lock_bh(&b->lock);
	hlist_del_rcu(&conn->node);
	spin_unlock_bh(&b->lock);
	atomic_dec(&en->conns.nr);
	equic_conn_put(conn);
	return true;
}

/* The handshake that a report names by its CIDs. */
struct equic_conn *equic_conn_find_reported(struct equic_net *en,
					    const struct equic_handshake *hs,
					    const struct equic_owner *owner)
{
	u32 hash = conn_hash(&en->conns, &hs->key);
	struct equic_conn_bucket *b = conn_bucket(&en->conns, hash);
	struct equic_conn *conn, *found = NULL;
	const struct equic_owner *other;

	lockdep_assert_held(&en->lock);
	spin_lock_bh(&b->lock);
	hlist_for_each_entry(conn, &b->head, node) {
		other = READ_ONCE(conn->owner);
		if (!conn_matches(conn, hash, &hs->key) ||
		    (other && other != owner))
			continue;
		if (equic_conn_has_dcid(conn, &hs->dcid)) {
			found = conn;
			break;
		}
		/* Accepted under a DCID that no packet has shown us. */
		if (!found && conn_may_learn(conn))
			found = conn;
	}
	if (found)
		kref_get(&found->ref);
	spin_unlock_bh(&b->lock);
	return found;
}

/*
 * The client's oldest connection in one of @states (bits of enum
 * equic_conn_phase) that @owner reports or nobody does; of the 4-tuple and the
 * handshake in @hs as far as it names them; none that has another id than @id,
 * unless that is 0.
 */
struct equic_conn *equic_conn_find_oldest(struct equic_net *en,
					  struct equic_service *svc,
					  const struct equic_handshake *hs,
					  const struct equic_owner *owner,
					  u32 id, unsigned int states)
{
	struct equic_conn *conn, *found = NULL;
	struct equic_client *client;

	lockdep_assert_held(&en->lock);
	rcu_read_lock();
	client = equic_client_find(&en->clients, svc,
				   equic_client_key(&en->clients, svc, &hs->key.peer));
	if (!client) {
		rcu_read_unlock();
		return NULL;
	}
	spin_lock_bh(&client->lock);
	list_for_each_entry(conn, &client->conns, client_list) {
		if (!(states & BIT(conn->state)))
			continue;
		if (conn->owner ? conn->owner != owner :
				  conn->state == EQUIC_CONN_OPEN)
			continue;
		if (id && conn->id && conn->id != id)
			continue;
		if (hs->key.peer_port &&
		    (conn->peer_port != hs->key.peer_port ||
		     !ipv6_addr_equal(&conn->peer, &hs->key.peer)))
			continue;
		if (hs->present && conn->handshake &&
		    (!equic_cid_equal(&conn->key.scid, &hs->key.scid) ||
		     !equic_conn_has_dcid(conn, &hs->dcid)))
			continue;
		found = conn;
		kref_get(&conn->ref);
		break;
	}
	spin_unlock_bh(&client->lock);
	rcu_read_unlock();
	return found;
}

/*
 * A connection that nothing admitted, as a server reports it: a fact, counted
 * above the quota too. ERR_PTR(-ENOSPC) when a table is full, ERR_PTR(-ENOMEM).
 */
struct equic_conn *equic_conn_report_new(struct equic_net *en,
					 struct equic_service *svc,
					 const struct equic_handshake *hs,
					 struct equic_owner *owner, u32 id,
					 enum equic_conn_phase state)
{
	u32 hash = conn_hash(&en->conns, &hs->key);
	struct equic_conn_bucket *b = conn_bucket(&en->conns, hash);
	struct equic_client *client;
	struct equic_conn *conn;
	int ret;

	lockdep_assert_held(&en->lock);
	conn = conn_alloc(en, hs, hash, GFP_KERNEL_ACCOUNT);
	if (IS_ERR(conn))
		return conn;
	ret = equic_owner_reserve_id(owner, id);
	if (ret)
		goto err_conn;

	rcu_read_lock();
	for (;;) {
		client = client_get(en, svc, &hs->key.peer);
		if (IS_ERR(client)) {
			rcu_read_unlock();
			ret = PTR_ERR(client);
			goto err_id;
		}
		spin_lock_bh(&b->lock);
		spin_lock(&client->lock);
		if (!client->dead)
			break;
		spin_unlock(&client->lock);
		spin_unlock_bh(&b->lock);
	}
	client_charge(client, conn, state,
		      !equic_client_has_room(client, svc->policy.quota, true));
	equic_owner_link(owner, conn, id);
	kref_get(&conn->ref);
	bucket_add(b, conn);
	spin_unlock(&client->lock);
	spin_unlock_bh(&b->lock);
	rcu_read_unlock();
	return conn;

err_id:
	equic_owner_release_id(owner, id);
err_conn:
	atomic_dec(&en->conns.nr);
	kmem_cache_free(conn_cache, conn);
	return ERR_PTR(ret);
}

/*
 * Makes @conn @owner's under @id (0: none), accepted as @hs says, and open if
 * @open. Repeated, it changes nothing. -ENOENT if it ended meanwhile, -EAGAIN if
 * Initials have made another handshake of it since it was found, -EEXIST if it
 * has another id.
 */
int equic_conn_bind(struct equic_conn *conn, const struct equic_handshake *hs,
		    struct equic_owner *owner, u32 id, bool open)
{
	struct equic_client *client = conn->client;
	struct equic_service *svc = client->svc;
	struct equic_conn_bucket *b = conn_bucket(&svc->en->conns, conn->hash);
	bool reserved = false;
	int ret = 0;

	lockdep_assert_held(&svc->en->lock);
	if (id && conn->id != id) {
		if (conn->id)
			return -EEXIST;
		ret = equic_owner_reserve_id(owner, id);
		if (ret)
			return ret;
		reserved = true;
	}

	spin_lock_bh(&b->lock);
	spin_lock(&client->lock);
	if (conn->state == EQUIC_CONN_GONE) {
		ret = -ENOENT;
		goto out;
	}
	if (hs->present && conn->handshake && (!id || reserved) &&
	    !equic_conn_has_dcid(conn, &hs->dcid) && !conn_may_learn(conn)) {
		ret = -EAGAIN;
		goto out;
	}
	if (!conn->owner)
		equic_owner_link(owner, conn, id);
	else if (reserved)
		equic_owner_set_id(owner, conn, id);
	reserved = false;
	conn->stale = false;
	if (hs->present)
		conn_learn_reported(conn, &hs->dcid);
	if (open && conn->state == EQUIC_CONN_PENDING) {
		equic_pending_del(conn);
		client->nr_pending--;
		atomic_dec(&svc->nr_pending);
		atomic_inc(&svc->nr_open);
		WRITE_ONCE(conn->state, EQUIC_CONN_OPEN);
		trace_equic_conn(conn, EQUIC_STEP_OPEN);
	}
out:
	spin_unlock(&client->lock);
	spin_unlock_bh(&b->lock);
	if (reserved)
		equic_owner_release_id(owner, id);
	return ret;
}

/* The server's own SCID: with it, all DCIDs of the handshake are known. */
void equic_conn_add_dcid(struct equic_conn *conn, const struct equic_cid *cid)
{
	struct equic_net *en = conn->client->svc->en;
	struct equic_conn_bucket *b = conn_bucket(&en->conns, conn->hash);

	spin_lock_bh(&b->lock);
	conn_learn_reported(conn, cid);
	conn->known_dcids = true;
	spin_unlock_bh(&b->lock);
}

/* A CID that the server gave its client. -ENOSPC, -ENOMEM. */
int equic_conn_add_cid(struct equic_conn *conn, const struct equic_cid *cid)
{
	struct equic_net *en = conn->client->svc->en;
	struct equic_conn_bucket *b = conn_bucket(&en->conns, conn->hash);
	struct equic_cid *cids = conn->cids;

	lockdep_assert_held(&en->lock);
	if (conn_cid_index(conn, cid) >= 0)
		return 0;
	if (conn->nr_cids == EQUIC_CONN_CIDS_MAX)
		return -ENOSPC;
	if (!cids)
		cids = kcalloc(EQUIC_CONN_CIDS_MAX, sizeof(*cids),
			       GFP_KERNEL_ACCOUNT);
	if (!cids)
		return -ENOMEM;

	spin_lock_bh(&b->lock);
	conn->cids = cids;
	conn->cids[conn->nr_cids++] = *cid;
	spin_unlock_bh(&b->lock);
	return 0;
}

/* And took back. -ENOENT. */
int equic_conn_del_cid(struct equic_conn *conn, const struct equic_cid *cid)
{
	struct equic_net *en = conn->client->svc->en;
	struct equic_conn_bucket *b = conn_bucket(&en->conns, conn->hash);
	int i;

	lockdep_assert_held(&en->lock);
	i = conn_cid_index(conn, cid);
	if (i < 0)
		return i;

	spin_lock_bh(&b->lock);
	conn->cids[i] = conn->cids[--conn->nr_cids];
	spin_unlock_bh(&b->lock);
	return 0;
}

int __init equic_conn_init(void)
{
	conn_cache = KMEM_CACHE(equic_conn, 0);
	return conn_cache ? 0 : -ENOMEM;
}

/* After rcu_barrier(). */
void equic_conn_exit(void)
{
	kmem_cache_destroy(conn_cache);
}
