/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which service and which client a packet is of. Inlined: every packet of a
 * service pays for it. RCU.
 */
#ifndef _EQUIC_LOOKUP_H
#define _EQUIC_LOOKUP_H

#include <linux/hash.h>
#include <linux/rculist.h>
#include <linux/siphash.h>

#include "client.h"
#include "netns.h"
#include "service.h"

static inline unsigned int equic_service_bucket(__be16 port)
{
	return hash_32((__force u16)port, ilog2(EQUIC_SERVICE_BUCKETS));
}

/* The most specific service for a destination, or NULL. */
static inline struct equic_service *
equic_service_match(const struct equic_net *en, const struct net_device *dev,
		    const struct in6_addr *daddr, __be16 dport)
{
	struct equic_service *svc, *any = NULL;

	hlist_for_each_entry_rcu(svc,
				 &en->services[equic_service_bucket(dport)],
				 node) {
		if (svc->key.port != dport)
			continue;
		if (ipv6_addr_equal(&svc->key.addr, daddr))
			return svc;
		if (equic_service_any(&svc->key))
			any = svc;
	}
	if (any && equic_addr_is_local(en->net, dev, daddr))
		return any;
	return NULL;
}

/*
 * Of the client that @addr belongs to. Addresses that collide under one service
 * collide under another of the table: a client has as many chances as services.
 */
static inline struct equic_client_key
equic_client_key(const struct equic_client_table *t,
		 const struct equic_service *svc, const struct in6_addr *addr)
{
	const struct in6_addr *mask = equic_service_mask(svc, addr);
	struct equic_client_key key = {
		.upper = equic_addr_upper(addr) & equic_addr_upper(mask),
		.lower = equic_addr_lower(addr) & equic_addr_lower(mask),
	};

	if (mask == &svc->mask4)
		key.hash = hsiphash_1u32((__force u32)(addr->s6_addr32[3] &
						       mask->s6_addr32[3]),
					 &t->hash_key);
	else
		key.hash = hsiphash_4u32(key.upper, key.upper >> 32, key.lower,
					 key.lower >> 32,
					 &t->hash_key);
	key.hash ^= svc->id * GOLDEN_RATIO_32;
	return key;
}

/* The client, if it is in the table. */
static inline struct equic_client *
equic_client_find(const struct equic_client_table *t,
		  const struct equic_service *svc, struct equic_client_key key)
{
	struct equic_client *client;

	hlist_for_each_entry_rcu(client, &t->buckets[key.hash & t->mask].head,
				 node) {
		if (client->hash == key.hash && client->svc == svc &&
		    equic_addr_lower(&client->addr) == key.lower &&
		    equic_addr_upper(&client->addr) == key.upper) {
			if (!READ_ONCE(client->used))
				WRITE_ONCE(client->used, true);
			return client;
		}
	}
	return NULL;
}

#endif /* _EQUIC_LOOKUP_H */
