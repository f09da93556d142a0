// SPDX-License-Identifier: GPL-2.0-only
#include "owner.h"
#include "conn.h"
#include "event.h"
#include "key.h"
#include "netns.h"
#include "pending.h"
#include "service.h"

#include <linux/netlink.h>
#include <linux/notifier.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <net/sock.h>

/* An owner's word that it reports a service. equic_net.lock. */
struct equic_reporter {
	struct list_head list;
	struct equic_service *svc;
};

/* Is the owner of this portid the socket that sent @skb? */
struct equic_owner *equic_owner_find(struct equic_net *en,
				     const struct sk_buff *skb)
{
	struct equic_owner *owner;

	lockdep_assert_held(&en->lock);
	list_for_each_entry(owner, &en->owners, list)
		if (owner->portid == NETLINK_CB(skb).portid &&
		    owner->sk == NETLINK_CB(skb).sk)
			return owner;
	return NULL;
}

static struct equic_owner *owner_new(struct equic_net *en,
				     const struct sk_buff *skb)
{
	struct equic_owner *owner = kzalloc(sizeof(*owner), GFP_KERNEL_ACCOUNT);

	if (!owner)
		return NULL;
	owner->en = en;
	owner->sk = NETLINK_CB(skb).sk;
	owner->portid = NETLINK_CB(skb).portid;
	owner->pid = task_tgid_nr(current);
	owner->uid = NETLINK_CREDS(skb)->uid;
	INIT_LIST_HEAD(&owner->services);
	spin_lock_init(&owner->lock);
	INIT_LIST_HEAD(&owner->conns);
	INIT_LIST_HEAD(&owner->keys);
	xa_init_flags(&owner->ids, XA_FLAGS_LOCK_BH | XA_FLAGS_ACCOUNT);
	list_add_tail(&owner->list, &en->owners);
	en->nr_owners++;
	return owner;
}

static struct equic_reporter *owner_reporter(const struct equic_owner *owner,
					     const struct equic_service *svc)
{
	struct equic_reporter *reporter;

	list_for_each_entry(reporter, &owner->services, list)
		if (reporter->svc == svc)
			return reporter;
	return NULL;
}

static void owner_forget(struct equic_owner *owner)
{
	list_del(&owner->list);
	owner->en->nr_owners--;
	xa_destroy(&owner->ids);
	kfree_rcu(owner, rcu);
}

/* Unless it still has something. */
void equic_owner_forget_idle(struct equic_owner *owner)
{
	lockdep_assert_held(&owner->en->lock);
	if (list_empty(&owner->services) && list_empty(&owner->keys))
		owner_forget(owner);
}

/* The socket that sent @skb, known or new. NULL: no memory. */
static struct equic_owner *owner_find_or_new(struct equic_net *en,
					     const struct sk_buff *skb)
{
	return equic_owner_find(en, skb) ?: owner_new(en, skb);
}

/* The socket that sent @skb, to give it a key. ERR_PTR(-ENOMEM). */
struct equic_owner *equic_owner_of_keys(struct equic_net *en,
					const struct sk_buff *skb)
{
	return owner_find_or_new(en, skb) ?: ERR_PTR(-ENOMEM);
}

/* The socket that sent @skb, as a reporter of @svc. ERR_PTR(-ENOMEM). */
struct equic_owner *equic_owner_get(struct equic_net *en,
				    const struct sk_buff *skb,
				    struct equic_service *svc)
{
	struct equic_owner *owner = owner_find_or_new(en, skb);
	struct equic_reporter *reporter;

	if (!owner)
		return ERR_PTR(-ENOMEM);
	if (owner_reporter(owner, svc))
		return owner;

	reporter = kzalloc(sizeof(*reporter), GFP_KERNEL_ACCOUNT);
	if (!reporter) {
		equic_owner_forget_idle(owner);
		return ERR_PTR(-ENOMEM);
	}
	reporter->svc = svc;
	list_add_tail(&reporter->list, &owner->services);
	WRITE_ONCE(svc->nr_owners, svc->nr_owners + 1);
	return owner;
}

static void reporter_free(struct equic_reporter *reporter)
{
	struct equic_service *svc = reporter->svc;

	WRITE_ONCE(svc->nr_owners, svc->nr_owners - 1);
	list_del(&reporter->list);
	kfree(reporter);
}

/* @owner may be NULL. */
bool equic_owner_reports(const struct equic_owner *owner,
			 const struct equic_service *svc)
{
	return owner && owner_reporter(owner, svc);
}

/* Takes back what equic_owner_get() made: nothing was reported. */
void equic_owner_retract(struct equic_owner *owner, struct equic_service *svc)
{
	lockdep_assert_held(&owner->en->lock);
	reporter_free(owner_reporter(owner, svc));
	equic_owner_forget_idle(owner);
}

/* One of the owner's connections that is of @svc (NULL: any), or stale. */
static struct equic_conn *owner_next(struct equic_owner *owner,
				     const struct equic_service *svc,
				     bool stale)
{
	struct equic_conn *conn;

	spin_lock_bh(&owner->lock);
	list_for_each_entry(conn, &owner->conns, owner_list) {
		if (svc && conn->key.svc != svc->id)
			continue;
		if (stale && !conn->stale)
			continue;
		kref_get(&conn->ref);
		spin_unlock_bh(&owner->lock);
		return conn;
	}
	spin_unlock_bh(&owner->lock);
	return NULL;
}

static unsigned int owner_end_conns(struct equic_owner *owner,
				    const struct equic_service *svc,
				    bool stale, enum equic_conn_end why)
{
	struct equic_conn *conn;
	unsigned int n = 0;

	while ((conn = owner_next(owner, svc, stale))) {
		n += equic_conn_end(conn, why);
		equic_conn_put(conn);
		cond_resched();
	}
	return n;
}

/* The socket is gone. What it reported goes, and what only it could confirm. */
static void owner_end(struct equic_owner *owner)
{
	struct equic_net *en = owner->en;
	struct equic_reporter *reporter, *tmp;
	struct equic_service *svc;
	unsigned int released;

	list_for_each_entry_safe(reporter, tmp, &owner->services, list) {
		svc = reporter->svc;
		released = owner_end_conns(owner, svc, false, EQUIC_END_OWNER);
		equic_event_owner(en, svc, EQUIC_EVENT_OWNER_GONE,
				  owner->portid, owner->pid, released);
		reporter_free(reporter);
		if (svc->nr_owners)
			continue;
		equic_pending_end_unreported(svc);
		equic_event_owner(en, svc, EQUIC_EVENT_NO_REPORTER,
				  owner->portid, owner->pid, 0);
	}
	equic_keys_end(owner);
	owner_forget(owner);
}

/* The service is going. */
void equic_owners_detach(struct equic_net *en, struct equic_service *svc)
{
	struct equic_reporter *reporter;
	struct equic_owner *owner, *tmp;

	lockdep_assert_held(&en->lock);
	list_for_each_entry_safe(owner, tmp, &en->owners, list) {
		reporter = owner_reporter(owner, svc);
		if (!reporter)
			continue;
		owner_end_conns(owner, svc, false, EQUIC_END_SERVICE);
		reporter_free(reporter);
		equic_owner_forget_idle(owner);
	}
}

/* After all services are gone. */
void equic_owners_free_all(struct equic_net *en)
{
	struct equic_owner *owner, *tmp;

	list_for_each_entry_safe(owner, tmp, &en->owners, list) {
		equic_keys_end(owner);
		equic_owner_forget_idle(owner);
	}
	WARN_ON(!list_empty(&en->owners) || en->nr_owners);
}

void equic_owner_resync_begin(struct equic_owner *owner,
			      struct equic_service *svc)
{
	struct equic_conn *conn;

	lockdep_assert_held(&owner->en->lock);
	spin_lock_bh(&owner->lock);
	list_for_each_entry(conn, &owner->conns, owner_list)
		if (conn->key.svc == svc->id)
			conn->stale = true;
	spin_unlock_bh(&owner->lock);
}

void equic_owner_resync_end(struct equic_owner *owner,
			    struct equic_service *svc)
{
	lockdep_assert_held(&owner->en->lock);
	owner_end_conns(owner, svc, true, EQUIC_END_STALE);
}

/* The connection of this id, with a reference, or NULL. */
struct equic_conn *equic_owner_conn(struct equic_owner *owner, u32 id)
{
	struct equic_conn *conn;

	rcu_read_lock();
	conn = xa_load(&owner->ids, id);
	if (conn && !kref_get_unless_zero(&conn->ref))
		conn = NULL;
	rcu_read_unlock();
	return conn;
}

/* Memory is allocated here, before any spin lock. 0 is no id. */
int equic_owner_reserve_id(struct equic_owner *owner, u32 id)
{
	int ret;

	if (!id)
		return 0;
	ret = xa_insert_bh(&owner->ids, id, NULL, GFP_KERNEL_ACCOUNT);
	return ret == -EBUSY ? -EEXIST : ret;
}

void equic_owner_release_id(struct equic_owner *owner, u32 id)
{
	if (id)
		xa_erase_bh(&owner->ids, id);
}

/* Over its reservation: allocates nothing. */
void equic_owner_set_id(struct equic_owner *owner, struct equic_conn *conn,
			u32 id)
{
	conn->id = id;
	if (id)
		xa_store_bh(&owner->ids, id, conn, GFP_ATOMIC);
}

void equic_owner_link(struct equic_owner *owner, struct equic_conn *conn,
		      u32 id)
{
	WRITE_ONCE(conn->owner, owner);
	spin_lock(&owner->lock);
	list_add_tail(&conn->owner_list, &owner->conns);
	spin_unlock(&owner->lock);
	equic_owner_set_id(owner, conn, id);
}

void equic_owner_unlink(struct equic_conn *conn)
{
	struct equic_owner *owner = conn->owner;

	/* The list last: an owner whose list is empty may be freed. */
	if (conn->id)
		xa_erase_bh(&owner->ids, conn->id);
	WRITE_ONCE(conn->owner, NULL);
	spin_lock(&owner->lock);
	list_del(&conn->owner_list);
	spin_unlock(&owner->lock);
}

static int owner_notify(struct notifier_block *nb, unsigned long what,
			void *data)
{
	struct netlink_notify *notify = data;
	struct equic_owner *owner;
	struct equic_net *en;

	if (what != NETLINK_URELEASE || notify->protocol != NETLINK_GENERIC)
		return NOTIFY_DONE;

	/* What this socket made, it made before. */
	en = equic_net(notify->net);
	if (list_empty_careful(&en->owners))
		return NOTIFY_DONE;

	/*
	 * The oldest of that portid whose socket has ended. One that lives got
	 * the number after the socket that is announced had lost it, which may
	 * never have reported.
	 */
	mutex_lock(&en->lock);
	list_for_each_entry(owner, &en->owners, list) {
		if (owner->portid == notify->portid &&
		    sock_flag(owner->sk, SOCK_DEAD)) {
			owner_end(owner);
			break;
		}
	}
	mutex_unlock(&en->lock);
	return NOTIFY_DONE;
}

static struct notifier_block owner_notifier = {
	.notifier_call = owner_notify,
};

int __init equic_owner_init(void)
{
	return netlink_register_notifier(&owner_notifier);
}

void equic_owner_exit(void)
{
	netlink_unregister_notifier(&owner_notifier);
}
