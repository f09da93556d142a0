/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The generic netlink family, and what its parts share. Requests are handled under
 * equic_net.lock of the socket's namespace.
 */
#ifndef _EQUIC_NETLINK_H
#define _EQUIC_NETLINK_H

#include <linux/netlink.h>
#include <net/genetlink.h>
#include <linux/equic.h>

#include "addr.h"

struct equic_event_record;
struct equic_net;
struct equic_service;
struct equic_service_key;

extern struct genl_family equic_genl_family;

/* Policies, one per request; the handlers are beside them in nl_*.c. */
extern const struct nla_policy equic_service_policy[EQUIC_A_SERVICE_OWNER_UID + 1];
extern const struct nla_policy equic_service_key_policy[EQUIC_A_SERVICE_PORT + 1];
extern const struct nla_policy equic_client_get_policy[EQUIC_A_CLIENT_OVER + 1];
extern const struct nla_policy equic_conn_report_policy[EQUIC_A_CONN_CID_REMOVE + 1];
extern const struct nla_policy equic_conn_get_policy[EQUIC_A_CONN_CLIENT_PREFIX_LEN + 1];
extern const struct nla_policy equic_resync_policy[EQUIC_A_RESYNC_PHASE + 1];
extern const struct nla_policy equic_stats_policy[EQUIC_A_STATS_SERVICE + 1];
extern const struct nla_policy equic_flush_policy[EQUIC_A_FLUSH_SERVICE + 1];
extern const struct nla_policy equic_bypass_policy[EQUIC_A_BYPASS_FOR + 1];
extern const struct nla_policy equic_key_add_policy[EQUIC_A_KEY_HEADER + 1];
extern const struct nla_policy equic_key_update_policy[EQUIC_A_KEY_IV + 1];
extern const struct nla_policy equic_key_del_policy[EQUIC_A_KEY_ID + 1];
extern const struct nla_policy equic_key_get_policy[1];

int equic_nl_service_add(struct sk_buff *skb, struct genl_info *info);
int equic_nl_service_set(struct sk_buff *skb, struct genl_info *info);
int equic_nl_service_del(struct sk_buff *skb, struct genl_info *info);
int equic_nl_service_get(struct sk_buff *skb, struct genl_info *info);
int equic_nl_service_dump(struct sk_buff *skb, struct netlink_callback *cb);
int equic_nl_client_dump(struct sk_buff *skb, struct netlink_callback *cb);
int equic_nl_conn_accepted(struct sk_buff *skb, struct genl_info *info);
int equic_nl_conn_open(struct sk_buff *skb, struct genl_info *info);
int equic_nl_conn_close(struct sk_buff *skb, struct genl_info *info);
int equic_nl_conn_move(struct sk_buff *skb, struct genl_info *info);
int equic_nl_conn_cid(struct sk_buff *skb, struct genl_info *info);
int equic_nl_conn_dump(struct sk_buff *skb, struct netlink_callback *cb);
int equic_nl_resync(struct sk_buff *skb, struct genl_info *info);
int equic_nl_stats_get(struct sk_buff *skb, struct genl_info *info);
int equic_nl_flush(struct sk_buff *skb, struct genl_info *info);
int equic_nl_bypass(struct sk_buff *skb, struct genl_info *info);
int equic_nl_pre_privileged(const struct genl_split_ops *ops,
			    struct sk_buff *skb, struct genl_info *info);
int equic_nl_pre_key(const struct genl_split_ops *ops, struct sk_buff *skb,
		     struct genl_info *info);
int equic_nl_key_add(struct sk_buff *skb, struct genl_info *info);
int equic_nl_key_update(struct sk_buff *skb, struct genl_info *info);
int equic_nl_key_del(struct sk_buff *skb, struct genl_info *info);
int equic_nl_key_dump(struct sk_buff *skb, struct netlink_callback *cb);

static inline struct net *equic_nl_net(const struct genl_info *info)
{
	return genl_info_net(info);
}

bool equic_nl_privileged(const struct sk_buff *skb, const struct net *net);
int equic_nl_dump_start(struct netlink_callback *cb);

/* Addresses: one of two attributes. -EINVAL when both are there. */
int equic_nl_get_addr(struct nlattr **attrs, int attr4, int attr6,
		      struct in6_addr *addr, bool *present,
		      struct netlink_ext_ack *extack);
int equic_nl_put_addr(struct sk_buff *skb, int attr4, int attr6,
		      const struct in6_addr *addr);

/* A client prefix to filter a dump by. */
struct equic_nl_prefix {
	struct in6_addr addr;
	unsigned int bits;		/* of 128; 0: everything */
};

int equic_nl_get_prefix(struct nlattr **attrs, int attr4, int attr6, int len,
			struct equic_nl_prefix *prefix,
			struct netlink_ext_ack *extack);
static inline bool equic_nl_in_prefix(const struct equic_nl_prefix *prefix,
				      const struct in6_addr *addr)
{
	return ipv6_prefix_equal(&prefix->addr, addr, prefix->bits);
}

/* Services as keys: flat, nested in another object, and the way back. */
int equic_nl_get_key(struct nlattr **attrs, struct equic_service_key *key,
		     struct netlink_ext_ack *extack);
struct equic_service *equic_nl_get_service(struct equic_net *en,
					   const struct nlattr *nest,
					   struct netlink_ext_ack *extack);
/* The same, if the sender of @skb may report for it. */
struct equic_service *equic_nl_report_service(struct equic_net *en,
					      const struct nlattr *nest,
					      const struct sk_buff *skb,
					      struct netlink_ext_ack *extack);
int equic_nl_put_key(struct sk_buff *skb, const struct in6_addr *addr,
		     __be16 port);
int equic_nl_put_key_nest(struct sk_buff *skb, int nest_attr,
			  const struct in6_addr *addr, __be16 port);
int equic_nl_put_policy(struct sk_buff *skb, const struct equic_service *svc);

/* The group. @lost: events lost before this one. -ENOBUFS, -ENOMEM. */
bool equic_netlink_listeners(struct net *net);
int equic_netlink_event(struct net *net,
			const struct equic_event_record *record, long lost);

int equic_netlink_init(void);
void equic_netlink_exit(void);

#endif /* _EQUIC_NETLINK_H */
