/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An owner: one netlink socket that reports connections, or has keys. Whatever
 * ends the socket ends all it reported, and its keys.
 *
 * Identity is (namespace, portid, socket): a port number is free for the next
 * socket before the last one's end is announced. The socket cannot be freed, nor
 * its address be used again, before that announcement is over.
 *
 * Owner of the object: the list of its namespace, under equic_net.lock.
 */
#ifndef _EQUIC_OWNER_H
#define _EQUIC_OWNER_H

#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/uidgid.h>
#include <linux/xarray.h>

struct equic_conn;
struct equic_net;
struct equic_service;
struct sk_buff;
struct sock;

struct equic_owner {
	struct list_head list;		/* equic_net.lock, oldest first */
	struct equic_net *en;
	const struct sock *sk;
	u32 portid;
	u32 pid;
	kuid_t uid;
	struct list_head services;	/* equic_net.lock: struct equic_reporter */
	spinlock_t lock;		/* the list of connections */
	struct list_head conns;		/* lock */
	struct xarray ids;		/* connections by the reporter's id */
	struct list_head keys;		/* equic_net.lock: struct equic_key */
	struct rcu_head rcu;
};

/* equic_net.lock for all of these. */
struct equic_owner *equic_owner_find(struct equic_net *en,
				     const struct sk_buff *skb);
struct equic_owner *equic_owner_get(struct equic_net *en,
				    const struct sk_buff *skb,
				    struct equic_service *svc);
struct equic_owner *equic_owner_of_keys(struct equic_net *en,
					const struct sk_buff *skb);
void equic_owner_forget_idle(struct equic_owner *owner);
bool equic_owner_reports(const struct equic_owner *owner,
			 const struct equic_service *svc);
void equic_owner_retract(struct equic_owner *owner, struct equic_service *svc);
void equic_owners_detach(struct equic_net *en, struct equic_service *svc);
void equic_owners_free_all(struct equic_net *en);
void equic_owner_resync_begin(struct equic_owner *owner,
			      struct equic_service *svc);
void equic_owner_resync_end(struct equic_owner *owner,
			    struct equic_service *svc);
struct equic_conn *equic_owner_conn(struct equic_owner *owner, u32 id);
int equic_owner_reserve_id(struct equic_owner *owner, u32 id);
void equic_owner_release_id(struct equic_owner *owner, u32 id);

/* The client's lock is held. */
void equic_owner_link(struct equic_owner *owner, struct equic_conn *conn,
		      u32 id);
void equic_owner_set_id(struct equic_owner *owner, struct equic_conn *conn,
			u32 id);
void equic_owner_unlink(struct equic_conn *conn);

int equic_owner_init(void);
void equic_owner_exit(void);

#endif /* _EQUIC_OWNER_H */
