/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The state of one network namespace. It is made with the namespace, and costs
 * a page until the first service is added; then tables, counters and rings are
 * allocated, which stay until the namespace goes.
 *
 * Locks, outermost first:
 *   equic_net.lock         (mutex) whatever user space asks to change: services,
 *                          owners, reports
 *   conn table bucket lock (spin)  which connections are in the bucket
 *   client table bucket lock (spin)  which clients are in the bucket; never
 *                          with the former
 *   client.lock            (spin)  a client's connections: their state, their
 *                          number, their owner
 *   key.lock               (spin)  which epochs a key has
 *   owner.lock, pending shard lock, event ring lock, a sealing window's lock
 *                          (spin): one list each, innermost, never two of them
 *                          at once
 * All spin locks are taken by the packet path: BH is disabled under them.
 * Readers on the packet path hold the RCU read lock, or have BH disabled.
 */
#ifndef _EQUIC_NETNS_H
#define _EQUIC_NETNS_H

#include <linux/mutex.h>
#include <linux/workqueue.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>

#include "client.h"
#include "conn.h"
#include "event.h"
#include "key.h"
#include "pending.h"
#include "stats.h"

enum {
	EQUIC_SERVICE_BUCKETS = 64,
	EQUIC_PORTS = 1 << 16,
};

struct equic_net {
	struct net *net;
	struct mutex lock;		/* whatever user space changes */

	/*
	 * One bit per port that a service uses, by its network byte order
	 * value. Published last, by the first service: whoever sees it sees
	 * the tables.
	 */
	unsigned long *ports;
	/* RCU; changed under lock. */
	struct hlist_head services[EQUIC_SERVICE_BUCKETS];
	struct list_head service_list;	/* lock; in order of addition */
	unsigned int nr_services;	/* lock */
	unsigned int policy_seq;	/* lock; for NLM_F_DUMP_INTR */

	struct equic_client_table clients;
	struct equic_conn_table conns;
	struct equic_pending pending;

	struct equic_keys keys;

	struct list_head owners;	/* lock */
	unsigned int nr_owners;		/* lock */

	u64 bypass_until;		/* see bypass.h */
	struct equic_counters __percpu *counters;	/* of no service */
	struct equic_sums retired;	/* lock; of deleted services */
	struct equic_sums flushed;	/* lock; of counters */
	struct equic_events events;
};

extern unsigned int equic_net_id;
extern struct workqueue_struct *equic_wq;

static inline struct equic_net *equic_net(const struct net *net)
{
	return net_generic(net, equic_net_id);
}

/* On the packet path, where BH is disabled, which keeps a namespace's state. */
static inline struct equic_net *equic_net_of_dev(const struct net_device *dev)
{
	const struct net_generic *ng;

	ng = rcu_dereference_check(dev_net(dev)->gen, rcu_read_lock_any_held());
	return ng->ptr[equic_net_id];
}

/* Do the tables exist? */
static inline bool equic_net_ready(const struct equic_net *en)
{
	/* Pairs with the release in equic_net_prepare(). */
	return !!smp_load_acquire(&en->ports);
}

int equic_net_prepare(struct equic_net *en);

int equic_netns_init(void);
void equic_netns_exit(void);

#endif /* _EQUIC_NETNS_H */
