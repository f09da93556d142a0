/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A service: a local UDP endpoint under protection, with its policy.
 *
 * Owner: the table of its namespace, and each of its clients, hold a reference.
 * Its knobs are read by the packet path one by one, without a lock, and changed
 * under equic_net.lock.
 */
#ifndef _EQUIC_SERVICE_H
#define _EQUIC_SERVICE_H

#include <linux/kref.h>
#include <linux/netlink.h>
#include <linux/uidgid.h>

#include "addr.h"
#include "bypass.h"
#include "stats.h"

struct equic_net;
struct equic_pending_shard;
struct net;
struct net_device;

struct equic_service_key {
	struct in6_addr addr;	/* all zero: any local address */
	__be16 port;
};

/* The knobs, see the table in the ABI's documentation. */
struct equic_policy {
	u32 quota;
	u32 pending_timeout_ms;
	u8 mode;
	u8 no_owner;
	u8 deny;
	u8 overflow_drop;
	u8 enforce_percent;
	u8 prefix4;
	u8 prefix6;
	kuid_t owner_uid;	/* INVALID_UID: none */
};

struct equic_service {
	/* Read by the packet path. */
	struct hlist_node node;		/* RCU, equic_net.services */
	struct equic_service_key key;
	u32 id;				/* unique in this boot */
	struct equic_policy policy;
	struct in6_addr mask4, mask6;	/* of the prefix lengths */
	unsigned int nr_owners;		/* written under equic_net.lock */
	u64 bypass_until;
	struct equic_counters __percpu *counters;
	struct equic_pending_shard __percpu *pending;
	struct equic_net *en;

	/* Connections, by state; clients in the table. */
	atomic_t nr_open;
	atomic_t nr_pending;
	atomic_t nr_clients;

	struct list_head list;		/* equic_net.lock */
	struct equic_sums flushed;	/* equic_net.lock */
	struct kref ref;
	struct rcu_head rcu;
};

static inline bool equic_service_any(const struct equic_service_key *key)
{
	return ipv6_addr_any(&key->addr);
}

/* Of the prefix that makes clients of addresses of the family of @addr. */
static inline const struct in6_addr *
equic_service_mask(const struct equic_service *svc, const struct in6_addr *addr)
{
	return equic_addr_is4(addr) ? &svc->mask4 : &svc->mask6;
}

static inline u8 equic_service_prefix_len(const struct equic_service *svc,
					  const struct in6_addr *addr)
{
	return equic_addr_is4(addr) ? svc->policy.prefix4 : svc->policy.prefix6;
}

/* Is @addr one of the namespace, as seen from @dev? */
bool equic_addr_is_local(const struct net *net, const struct net_device *dev,
			 const struct in6_addr *addr);

/* Control path: by its exact name. equic_net.lock. */
struct equic_service *
equic_service_find(const struct equic_net *en,
		   const struct equic_service_key *key);

void equic_policy_init(struct equic_policy *policy);
int equic_service_add(struct equic_net *en, const struct equic_service_key *key,
		      const struct equic_policy *policy,
		      struct netlink_ext_ack *extack);
int equic_service_set(struct equic_service *svc,
		      const struct equic_policy *policy,
		      struct netlink_ext_ack *extack);
void equic_service_del(struct equic_service *svc);
void equic_services_del_all(struct equic_net *en);
void equic_service_flush(struct equic_service *svc);
void equic_service_sum(const struct equic_service *svc,
		       struct equic_sums *sums);
u32 equic_service_idle(const struct equic_service *svc);
void equic_service_release(struct kref *ref);

static inline void equic_service_put(struct equic_service *svc)
{
	kref_put(&svc->ref, equic_service_release);
}

#endif /* _EQUIC_SERVICE_H */
