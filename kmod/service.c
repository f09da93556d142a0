// SPDX-License-Identifier: GPL-2.0-only
#include "service.h"
#include "client.h"
#include "lookup.h"
#include "netns.h"
#include "owner.h"

#include <linux/inetdevice.h>
#include <linux/moduleparam.h>
#include <linux/rculist.h>
#include <net/addrconf.h>
#include <net/route.h>

static unsigned int max_services = 1024;
module_param(max_services, uint, 0444);
MODULE_PARM_DESC(max_services, "services per network namespace");

static atomic_t last_id = ATOMIC_INIT(0);

/* Is the destination an address of this namespace, as seen from @dev? */
bool equic_addr_is_local(const struct net *net, const struct net_device *dev,
			 const struct in6_addr *addr)
{
	if (equic_addr_is4(addr))
		return inet_addr_type_dev_table((struct net *)net, dev,
						equic_addr_get4(addr)) ==
		       RTN_LOCAL;
	return ipv6_chk_addr((struct net *)net, addr, dev, 0);
}

struct equic_service *
equic_service_find(const struct equic_net *en,
		   const struct equic_service_key *key)
{
	struct equic_service *svc;

	lockdep_assert_held(&en->lock);
	hlist_for_each_entry(svc, &en->services[equic_service_bucket(key->port)],
			     node)
		if (svc->key.port == key->port &&
		    ipv6_addr_equal(&svc->key.addr, &key->addr))
			return svc;
	return NULL;
}

void equic_policy_init(struct equic_policy *policy)
{
	*policy = (struct equic_policy) {
		.quota = EQUIC_QUOTA_NONE,
		.pending_timeout_ms = EQUIC_PENDING_TIMEOUT_DEFAULT_MS,
		.mode = EQUIC_MODE_NEW,
		.no_owner = EQUIC_NO_OWNER_COUNT,
		.enforce_percent = 100,
		.prefix4 = 32,
		.prefix6 = 64,
		.owner_uid = INVALID_UID,
	};
}

static void service_set_masks(struct equic_service *svc)
{
	static const struct in6_addr ones = {
		.s6_addr32 = { [0 ... 3] = cpu_to_be32(~0U) },
	};

	ipv6_addr_prefix(&svc->mask4, &ones, 96 + svc->policy.prefix4);
	ipv6_addr_prefix(&svc->mask6, &ones, svc->policy.prefix6);
}

/* Field by field: the packet path reads them meanwhile. */
static void service_set_policy(struct equic_service *svc,
			       const struct equic_policy *policy)
{
	struct equic_policy *p = &svc->policy;

	WRITE_ONCE(p->quota, policy->quota);
	WRITE_ONCE(p->pending_timeout_ms, policy->pending_timeout_ms);
	WRITE_ONCE(p->mode, policy->mode);
	WRITE_ONCE(p->no_owner, policy->no_owner);
	WRITE_ONCE(p->deny, policy->deny);
	WRITE_ONCE(p->overflow_drop, policy->overflow_drop);
	WRITE_ONCE(p->enforce_percent, policy->enforce_percent);
	p->owner_uid = policy->owner_uid;
}

int equic_service_add(struct equic_net *en, const struct equic_service_key *key,
		      const struct equic_policy *policy,
		      struct netlink_ext_ack *extack)
{
	struct equic_service *svc;
	int ret;

	lockdep_assert_held(&en->lock);
	if (equic_service_find(en, key)) {
		NL_SET_ERR_MSG(extack,
			       "service exists already: change it with set");
		return -EEXIST;
	}
	if (en->nr_services >= max_services) {
		NL_SET_ERR_MSG(extack,
			       "too many services: raise module parameter max_services");
		return -ENOSPC;
	}
	ret = equic_net_prepare(en);
	if (ret) {
		NL_SET_ERR_MSG(extack,
			       "no memory for the tables: lower max_clients or max_conns");
		return ret;
	}

	svc = kzalloc(sizeof(*svc), GFP_KERNEL_ACCOUNT);
	if (!svc)
		return -ENOMEM;
	svc->counters = equic_counters_alloc();
	if (!svc->counters)
		goto err_service;
	svc->pending = equic_pending_shards_alloc();
	if (!svc->pending)
		goto err_counters;
	kref_init(&svc->ref);
	svc->key = *key;
	svc->id = atomic_inc_return(&last_id);
	svc->en = en;
	svc->policy = *policy;
	service_set_masks(svc);

	list_add_tail(&svc->list, &en->service_list);
	hlist_add_head_rcu(&svc->node,
			   &en->services[equic_service_bucket(key->port)]);
	set_bit((__force u16)key->port, en->ports);
	en->nr_services++;
	en->policy_seq++;
	equic_event_policy(en, svc, false);
	return 0;

err_counters:
	free_percpu(svc->counters);
err_service:
	kfree(svc);
	return -ENOMEM;
}

/*
 * The masks are too large to change under the packet path's eyes: the service
 * steps out of its sight meanwhile, and its packets pass.
 */
static int service_refold(struct equic_service *svc,
			  const struct equic_policy *policy)
{
	struct equic_net *en = svc->en;
	int ret = 0;

	hlist_del_rcu(&svc->node);
	synchronize_net();
	if (atomic_read(&svc->nr_open) || atomic_read(&svc->nr_pending)) {
		ret = -EBUSY;
	} else {
		equic_clients_flush(en, svc);
		svc->policy.prefix4 = policy->prefix4;
		svc->policy.prefix6 = policy->prefix6;
		service_set_masks(svc);
	}
	hlist_add_head_rcu(&svc->node,
			   &en->services[equic_service_bucket(svc->key.port)]);
	return ret;
}

int equic_service_set(struct equic_service *svc,
		      const struct equic_policy *policy,
		      struct netlink_ext_ack *extack)
{
	struct equic_net *en = svc->en;
	bool refold = policy->prefix4 != svc->policy.prefix4 ||
		      policy->prefix6 != svc->policy.prefix6;

	lockdep_assert_held(&en->lock);
	if (refold) {
		int ret = service_refold(svc, policy);

		if (ret) {
			NL_SET_ERR_MSG(extack,
				       "prefix length cannot change while clients have connections");
			return ret;
		}
	}
	service_set_policy(svc, policy);
	equic_clients_requote(en, svc);
	en->policy_seq++;
	equic_event_policy(en, svc, false);
	return 0;
}

static bool port_in_use(const struct equic_net *en, __be16 port)
{
	struct equic_service *svc;

	hlist_for_each_entry(svc, &en->services[equic_service_bucket(port)], node)
		if (svc->key.port == port)
			return true;
	return false;
}

static void service_unlink(struct equic_service *svc)
{
	struct equic_net *en = svc->en;

	hlist_del_rcu(&svc->node);
	list_del(&svc->list);
	if (!port_in_use(en, svc->key.port))
		clear_bit((__force u16)svc->key.port, en->ports);
	en->nr_services--;
	en->policy_seq++;
}

/* No packet can reach @svc any more. */
static void service_empty(struct equic_service *svc)
{
	struct equic_net *en = svc->en;

	equic_owners_detach(en, svc);
	equic_clients_del(en, svc);
	equic_service_sum(svc, &en->retired);
	equic_service_put(svc);
}

void equic_service_del(struct equic_service *svc)
{
	lockdep_assert_held(&svc->en->lock);
	service_unlink(svc);
	equic_event_policy(svc->en, svc, true);
	synchronize_net();
	service_empty(svc);
}

void equic_services_del_all(struct equic_net *en)
{
	struct equic_service *svc, *tmp;

	lockdep_assert_held(&en->lock);
	list_for_each_entry_safe(svc, tmp, &en->service_list, list) {
		service_unlink(svc);
		service_empty(svc);
	}
}

/* Connections stay: what is counted goes on being counted. */
void equic_service_flush(struct equic_service *svc)
{
	lockdep_assert_held(&svc->en->lock);
	equic_clients_flush(svc->en, svc);
	memset(&svc->flushed, 0, sizeof(svc->flushed));
	equic_counters_sum(&svc->flushed, svc->counters);
}

void equic_service_sum(const struct equic_service *svc,
		       struct equic_sums *sums)
{
	int i;

	lockdep_assert_held(&svc->en->lock);
	equic_counters_sum(sums, svc->counters);
	for (i = 0; i < EQUIC_COUNT_NR; i++)
		sums->n[i] -= svc->flushed.n[i];
}

/* enum equic_idle flags: 0 if the quota is enforced. */
u32 equic_service_idle(const struct equic_service *svc)
{
	const struct equic_policy *p = &svc->policy;
	u32 idle = 0;

	if (p->quota == EQUIC_QUOTA_NONE)
		idle |= EQUIC_IDLE_NO_QUOTA;
	if (p->mode == EQUIC_MODE_COUNT)
		idle |= EQUIC_IDLE_MODE_COUNT;
	if (!svc->nr_owners && p->no_owner == EQUIC_NO_OWNER_COUNT)
		idle |= EQUIC_IDLE_NO_OWNER;
	if (equic_bypass_on(&svc->bypass_until) ||
	    equic_bypass_on(&svc->en->bypass_until) ||
	    equic_bypass_on(&equic_bypass_machine))
		idle |= EQUIC_IDLE_BYPASS;
	if (!p->enforce_percent)
		idle |= EQUIC_IDLE_PERCENT;
	return idle;
}

static void service_free_rcu(struct rcu_head *rcu)
{
	struct equic_service *svc = container_of(rcu, struct equic_service,
						 rcu);

	free_percpu(svc->pending);
	free_percpu(svc->counters);
	kfree(svc);
}

void equic_service_release(struct kref *ref)
{
	struct equic_service *svc = container_of(ref, struct equic_service,
						 ref);

	call_rcu(&svc->rcu, service_free_rcu);
}
