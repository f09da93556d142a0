// SPDX-License-Identifier: GPL-2.0-only
#include "aead.h"
#include "client.h"
#include "conn.h"
#include "kfunc.h"
#include "netlink.h"
#include "netns.h"
#include "owner.h"
#include "sysfs.h"
#include "version.h"

#include <linux/module.h>

static int __init equic_init(void)
{
	int ret;

	ret = equic_client_init();
	if (ret)
		goto err_client;
	ret = equic_conn_init();
	if (ret)
		goto err_conn;
	ret = equic_netns_init();
	if (ret)
		goto err_netns;
	ret = equic_owner_init();
	if (ret)
		goto err_owner;
	ret = equic_sysfs_init();
	if (ret)
		goto err_sysfs;
	ret = equic_netlink_init();
	if (ret)
		goto err_netlink;
	/*
	 * Last: it cannot be undone, and it is what lets programs in. Without
	 * BTF of the module it succeeds and does nothing.
	 */
	ret = equic_kfunc_init();
	if (ret)
		goto err_kfunc;
	return 0;

err_kfunc:
	equic_netlink_exit();
err_netlink:
	equic_sysfs_exit();
err_sysfs:
	equic_owner_exit();
err_owner:
	equic_netns_exit();
err_netns:
	rcu_barrier();
	equic_aead_exit();
	equic_conn_exit();
err_conn:
	equic_client_exit();
err_client:
	return ret;
}

static void __exit equic_exit(void)
{
	equic_netlink_exit();
	equic_sysfs_exit();
	equic_owner_exit();
	equic_netns_exit();
	/* Connections, clients and services are freed by RCU callbacks. */
	rcu_barrier();
	equic_aead_exit();
	equic_conn_exit();
	equic_client_exit();
}

module_init(equic_init);
module_exit(equic_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("QUIC quotas at the driver");
MODULE_VERSION(EQUIC_VERSION);
