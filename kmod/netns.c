// SPDX-License-Identifier: GPL-2.0-only
#include "netns.h"
#include "owner.h"
#include "service.h"

#include <linux/bitmap.h>

unsigned int equic_net_id;
struct workqueue_struct *equic_wq;

/* Allocates what the packet path needs. The first service pays. */
int equic_net_prepare(struct equic_net *en)
{
	unsigned long *ports;
	int ret;

	lockdep_assert_held(&en->lock);
	if (equic_net_ready(en))
		return 0;

	en->counters = equic_counters_alloc();
	if (!en->counters)
		return -ENOMEM;
	ret = equic_events_prepare(en);
	if (ret)
		goto err_counters;
	ret = equic_client_table_init(en);
	if (ret)
		goto err_counters;
	ret = equic_conn_table_init(en);
	if (ret)
		goto err_clients;
	ports = bitmap_zalloc(EQUIC_PORTS, GFP_KERNEL_ACCOUNT);
	if (!ports) {
		ret = -ENOMEM;
		goto err_conns;
	}

	/* Pairs with equic_net_ready(): the tables come first. */
	smp_store_release(&en->ports, ports);
	return 0;

err_conns:
	equic_conn_table_free(en);
err_clients:
	equic_client_table_free(en);
err_counters:
	free_percpu(en->counters);
	return ret;
}

static int __net_init equic_net_init(struct net *net)
{
	struct equic_net *en = equic_net(net);
	int i;

	en->net = net;
	mutex_init(&en->lock);
	for (i = 0; i < EQUIC_SERVICE_BUCKETS; i++)
		INIT_HLIST_HEAD(&en->services[i]);
	INIT_LIST_HEAD(&en->service_list);
	INIT_LIST_HEAD(&en->owners);
	en->policy_seq = 1;
	equic_events_init(en);
	equic_keys_init(en);
	equic_pending_init(en);
	return 0;
}

/*
 * The namespace's devices are gone, so no packet comes; its sockets are gone,
 * unless the module is being unloaded, and then the family is.
 */
static void __net_exit equic_net_exit(struct net *net)
{
	struct equic_net *en = equic_net(net);

	mutex_lock(&en->lock);
	equic_services_del_all(en);
	equic_owners_free_all(en);
	mutex_unlock(&en->lock);

	equic_keys_exit(en);
	equic_pending_exit(en);
	equic_events_exit(en);
	if (!en->ports)
		return;
	bitmap_free(en->ports);
	equic_conn_table_free(en);
	equic_client_table_free(en);
	free_percpu(en->counters);
}

static struct pernet_operations equic_net_ops = {
	.init	= equic_net_init,
	.exit	= equic_net_exit,
	.id	= &equic_net_id,
	.size	= sizeof(struct equic_net),
};

int __init equic_netns_init(void)
{
	int ret;

	/*
	 * High priority: an expired connection must stop counting within
	 * 100 ms, also while softirqs are busy with an attack.
	 */
	equic_wq = alloc_workqueue("equic", WQ_HIGHPRI | WQ_UNBOUND, 0);
	if (!equic_wq)
		return -ENOMEM;
	ret = register_pernet_subsys(&equic_net_ops);
	if (ret)
		destroy_workqueue(equic_wq);
	return ret;
}

void equic_netns_exit(void)
{
	unregister_pernet_subsys(&equic_net_ops);
	/* Keys and their epochs come to the work queue by way of RCU. */
	rcu_barrier();
	destroy_workqueue(equic_wq);
}
