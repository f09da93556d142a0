// SPDX-License-Identifier: GPL-2.0-only
#include "client.h"
#include "conn.h"
#include "lookup.h"
#include "netns.h"
#include "service.h"

#include <linux/moduleparam.h>
#include <linux/slab.h>

static unsigned int max_clients = 1 << 18;
module_param(max_clients, uint, 0444);
MODULE_PARM_DESC(max_clients, "clients remembered per network namespace");

static unsigned int max_clients_user = 1 << 14;
module_param(max_clients_user, uint, 0444);
MODULE_PARM_DESC(max_clients_user,
		 "the same for a namespace owned by a user namespace");

enum {
	/* Clients per bucket of a full table, on average. */
	CLIENT_LOAD = 2,
	/* Buckets the clock looks at for one victim, and how often. */
	CLIENT_CLOCK_BUCKETS = 8,
	CLIENT_CLOCK_ROUNDS = 2,
	/* With more connections, nearly all bits of a client would be set. */
	CLIENT_FORGET_MAX = 128,
};

static struct kmem_cache *client_cache;

unsigned int equic_max_clients(const struct net *net)
{
	unsigned int max = net->user_ns == &init_user_ns ? max_clients :
							   max_clients_user;

	return clamp(max, 1U, 1U << 26);
}

int equic_client_table_init(struct equic_net *en)
{
	struct equic_client_table *t = &en->clients;
	unsigned int n, i;

	t->max = equic_max_clients(en->net);
	n = roundup_pow_of_two(max(t->max / CLIENT_LOAD, 1U));
	t->buckets = kvcalloc(n, sizeof(*t->buckets), GFP_KERNEL_ACCOUNT);
	if (!t->buckets)
		return -ENOMEM;
	for (i = 0; i < n; i++)
		spin_lock_init(&t->buckets[i].lock);
	t->mask = n - 1;
	get_random_bytes(&t->hash_key, sizeof(t->hash_key));
	return 0;
}

void equic_client_table_free(struct equic_net *en)
{
	WARN_ON(atomic_read(&en->clients.nr));
	kvfree(en->clients.buckets);
}

static struct equic_client_bucket *
client_bucket(const struct equic_client_table *t, u32 hash)
{
	return &t->buckets[hash & t->mask];
}

static void client_free_rcu(struct rcu_head *rcu)
{
	kmem_cache_free(client_cache,
			container_of(rcu, struct equic_client, rcu));
}

void equic_client_release(struct kref *ref)
{
	struct equic_client *client = container_of(ref, struct equic_client,
						   ref);

	equic_service_put(client->svc);
	call_rcu(&client->rcu, client_free_rcu);
}

/* Takes a client without connections out of the table. Bucket lock held. */
static bool client_try_unlink(struct equic_net *en, struct equic_client *client)
{
	spin_lock(&client->lock);
	if (client->nr_conns) {
		spin_unlock(&client->lock);
		return false;
	}
	client->dead = true;
	spin_unlock(&client->lock);

	hlist_del_rcu(&client->node);
	atomic_dec(&client->svc->nr_clients);
	atomic_dec(&en->clients.nr);
	return true;
}

/*
 * Makes room for one client: looks near @hash for one that has no connections
 * and was not used since the clock's hand last passed.
 */
static bool client_evict(struct equic_net *en, u32 hash)
{
	struct equic_client_table *t = &en->clients;
	struct equic_client *client, *victim = NULL;
	struct equic_client_bucket *b;
	int i;

	for (i = 0; i < CLIENT_CLOCK_BUCKETS * CLIENT_CLOCK_ROUNDS; i++) {
		b = client_bucket(t, hash + i % CLIENT_CLOCK_BUCKETS);
		spin_lock_bh(&b->lock);
		hlist_for_each_entry(client, &b->head, node) {
			if (READ_ONCE(client->nr_conns))
				continue;
			if (READ_ONCE(client->used)) {
				WRITE_ONCE(client->used, false);
				continue;
			}
			if (client_try_unlink(en, client)) {
				victim = client;
				break;
			}
		}
		spin_unlock_bh(&b->lock);
		if (victim) {
			equic_client_put(victim);
			return true;
		}
	}
	return false;
}

static struct equic_client *client_alloc(struct equic_service *svc,
					 struct equic_client_key key)
{
	struct equic_client *client;

	client = kmem_cache_zalloc(client_cache, GFP_ATOMIC | __GFP_NOWARN);
	if (!client)
		return NULL;
	spin_lock_init(&client->lock);
	INIT_LIST_HEAD(&client->conns);
	kref_init(&client->ref);
	kref_get(&svc->ref);
	client->svc = svc;
	put_unaligned(key.upper, (u64 *)&client->addr.s6_addr[0]);
	put_unaligned(key.lower, (u64 *)&client->addr.s6_addr[8]);
	client->hash = key.hash;
	client->used = true;
	return client;
}

/*
 * Finds or makes the client. ERR_PTR(-ENOSPC) when the table is full of clients
 * with connections, ERR_PTR(-ENOMEM). RCU keeps the result; it may be dead by
 * the time its lock is taken, and then the caller comes again.
 */
struct equic_client *equic_client_get(struct equic_net *en,
				      struct equic_service *svc,
				      struct equic_client_key key)
{
	struct equic_client_table *t = &en->clients;
	struct equic_client_bucket *b = client_bucket(t, key.hash);
	struct equic_client *client, *new;

	client = equic_client_find(t, svc, key);
	if (client)
		return client;

	if (!atomic_add_unless(&t->nr, 1, t->max)) {
		if (!client_evict(en, key.hash) ||
		    !atomic_add_unless(&t->nr, 1, t->max))
			return ERR_PTR(-ENOSPC);
	}
	new = client_alloc(svc, key);
	if (!new) {
		atomic_dec(&t->nr);
		return ERR_PTR(-ENOMEM);
	}

	spin_lock_bh(&b->lock);
	client = equic_client_find(t, svc, key);
	if (!client) {
		/* Newest first, so that a dump can resume by number. */
		new->seq = b->head.first ?
			hlist_entry(b->head.first, struct equic_client,
				    node)->seq + 1 : 1;
		hlist_add_head_rcu(&new->node, &b->head);
		atomic_inc(&svc->nr_clients);
	}
	spin_unlock_bh(&b->lock);
	if (!client)
		return new;

	atomic_dec(&t->nr);
	equic_client_put(new);
	return client;
}

static void client_end_conns(struct equic_client *client)
{
	struct equic_conn *conn;

	for (;;) {
		spin_lock_bh(&client->lock);
		conn = list_first_entry_or_null(&client->conns,
						struct equic_conn, client_list);
		if (conn)
			kref_get(&conn->ref);
		spin_unlock_bh(&client->lock);
		if (!conn)
			return;
		equic_conn_end(conn, EQUIC_END_SERVICE);
		equic_conn_put(conn);
	}
}

/* Visits the clients of @svc, one at a time, each with a reference. */
static void clients_for_each(struct equic_net *en, struct equic_service *svc,
			     void (*visit)(struct equic_net *en,
					   struct equic_client *client))
{
	struct equic_client_table *t = &en->clients;
	struct equic_client *client;
	unsigned int i;
	u64 below;

	if (!equic_net_ready(en))
		return;
	for (i = 0; i <= t->mask; i++) {
		below = U64_MAX;
		if (hlist_empty(&t->buckets[i].head))
			continue;
again:
		rcu_read_lock();
		hlist_for_each_entry_rcu(client, &t->buckets[i].head, node) {
			if (client->svc != svc || client->seq >= below ||
			    !kref_get_unless_zero(&client->ref))
				continue;
			rcu_read_unlock();
			below = client->seq;
			visit(en, client);
			equic_client_put(client);
			cond_resched();
			goto again;
		}
		rcu_read_unlock();
	}
}

static void client_forget(struct equic_net *en, struct equic_client *client)
{
	struct equic_client_bucket *b = client_bucket(&en->clients,
						      client->hash);
	bool unlinked = false;

	spin_lock_bh(&b->lock);
	if (!client->dead)
		unlinked = client_try_unlink(en, client);
	spin_unlock_bh(&b->lock);
	if (unlinked)
		equic_client_put(client);
}

static void client_del(struct equic_net *en, struct equic_client *client)
{
	client_end_conns(client);
	client_forget(en, client);
}

static void client_flush(struct equic_net *en, struct equic_client *client)
{
	int i;

	client_forget(en, client);
	atomic64_set(&client->passed_packets, 0);
	atomic64_set(&client->passed_bytes, 0);
	atomic64_set(&client->dropped_bytes, 0);
	atomic64_set(&client->would_drop, 0);
	for (i = 0; i < __EQUIC_DROP_MAX; i++)
		atomic64_set(&client->drops[i], 0);
}

/* Ends the mark of a refused client that is under its quota. Lock held. */
void equic_client_unmark(struct equic_client *client)
{
	lockdep_assert_held(&client->lock);
	if (!client->over ||
	    client->nr_conns >= READ_ONCE(client->svc->policy.quota))
		return;
	client->over = false;
	equic_event_client(client, EQUIC_EVENT_UNDER_QUOTA);
}

static u64 handshake_bit(const struct equic_conn *conn)
{
	const struct equic_conn_key *key = &conn->key;

	if (!conn->handshake)
		return 0;
	return equic_handshake_bit(key->peer_port, key->scid.data,
				   key->scid.len);
}

/* @conn is to be counted, and Initials may be of it. */
void equic_client_learn(struct equic_client *client,
			const struct equic_conn *conn)
{
	lockdep_assert_held(&client->lock);
	WRITE_ONCE(client->handshakes,
		   client->handshakes | handshake_bit(conn));
}

/*
 * A connection is gone. Its bit may be another's, too: all are gathered anew,
 * whenever as many have gone as there are to be looked at.
 */
void equic_client_forget(struct equic_client *client)
{
	const struct equic_conn *conn;
	u64 bits = 0;

	lockdep_assert_held(&client->lock);
	if (++client->nr_gone < client->nr_conns ||
	    client->nr_conns > CLIENT_FORGET_MAX)
		return;
	client->nr_gone = 0;
	list_for_each_entry(conn, &client->conns, client_list)
		bits |= handshake_bit(conn);
	WRITE_ONCE(client->handshakes, bits);
}

static void client_requote(struct equic_net *en, struct equic_client *client)
{
	spin_lock_bh(&client->lock);
	equic_client_unmark(client);
	spin_unlock_bh(&client->lock);
}

/* The service is going: nothing makes new clients of it any more. */
void equic_clients_del(struct equic_net *en, struct equic_service *svc)
{
	clients_for_each(en, svc, client_del);
	WARN_ON(atomic_read(&svc->nr_clients));
}

void equic_clients_flush(struct equic_net *en, struct equic_service *svc)
{
	clients_for_each(en, svc, client_flush);
}

/* The quota has changed. */
void equic_clients_requote(struct equic_net *en, struct equic_service *svc)
{
	clients_for_each(en, svc, client_requote);
}

int __init equic_client_init(void)
{
	client_cache = KMEM_CACHE(equic_client, SLAB_HWCACHE_ALIGN);
	return client_cache ? 0 : -ENOMEM;
}

/* After rcu_barrier(). */
void equic_client_exit(void)
{
	kmem_cache_destroy(client_cache);
}
