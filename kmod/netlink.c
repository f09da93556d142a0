// SPDX-License-Identifier: GPL-2.0-only
#include "netlink.h"
#include "event.h"
#include "netns.h"
#include "service.h"

#include <linux/capability.h>
#include <linux/module.h>

enum {
	EQUIC_GROUP_EVENTS,
};

bool equic_nl_privileged(const struct sk_buff *skb, const struct net *net)
{
	return netlink_ns_capable(skb, net->user_ns, CAP_NET_ADMIN);
}

static int need_privilege(const struct sk_buff *skb, const struct net *net,
			  struct netlink_ext_ack *extack)
{
	if (equic_nl_privileged(skb, net))
		return 0;
	NL_SET_ERR_MSG(extack,
		       "needs CAP_NET_ADMIN in the user namespace of the network namespace");
	return -EPERM;
}

/* Like GENL_UNS_ADMIN_PERM, but it says what is missing. */
int equic_nl_pre_privileged(const struct genl_split_ops *ops,
			    struct sk_buff *skb, struct genl_info *info)
{
	return need_privilege(skb, genl_info_net(info), info->extack);
}

int equic_nl_dump_start(struct netlink_callback *cb)
{
	return need_privilege(cb->skb, sock_net(cb->skb->sk), cb->extack);
}

int equic_nl_get_addr(struct nlattr **attrs, int attr4, int attr6,
		      struct in6_addr *addr, bool *present,
		      struct netlink_ext_ack *extack)
{
	*present = attrs[attr4] || attrs[attr6];
	if (attrs[attr4] && attrs[attr6]) {
		NL_SET_ERR_MSG_ATTR(extack, attrs[attr6],
				    "an IPv4 and an IPv6 address: give one");
		return -EINVAL;
	}
	if (attrs[attr4])
		equic_addr_set4(addr, nla_get_in_addr(attrs[attr4]));
	else if (attrs[attr6])
		*addr = nla_get_in6_addr(attrs[attr6]);
	else
		*addr = in6addr_any;
	return 0;
}

int equic_nl_put_addr(struct sk_buff *skb, int attr4, int attr6,
		      const struct in6_addr *addr)
{
	if (equic_addr_is4(addr))
		return nla_put_in_addr(skb, attr4, equic_addr_get4(addr));
	return nla_put_in6_addr(skb, attr6, addr);
}

int equic_nl_get_prefix(struct nlattr **attrs, int attr4, int attr6, int len,
			struct equic_nl_prefix *prefix,
			struct netlink_ext_ack *extack)
{
	unsigned int bits = 128;
	bool present;
	int ret;

	ret = equic_nl_get_addr(attrs, attr4, attr6, &prefix->addr, &present,
				extack);
	if (ret)
		return ret;
	if (!present && attrs[len]) {
		NL_SET_ERR_MSG_ATTR(extack, attrs[len],
				    "a prefix length without an address");
		return -EINVAL;
	}
	if (attrs[len])
		bits = equic_addr_bits(&prefix->addr, nla_get_u8(attrs[len]));
	if (bits > 128) {
		NL_SET_ERR_MSG_ATTR(extack, attrs[len],
				    "prefix length exceeds that of the address");
		return -EINVAL;
	}
	prefix->bits = present ? bits : 0;
	return 0;
}

int equic_nl_get_key(struct nlattr **attrs, struct equic_service_key *key,
		     struct netlink_ext_ack *extack)
{
	bool present;
	int ret;

	ret = equic_nl_get_addr(attrs, EQUIC_A_SERVICE_ADDR4,
				EQUIC_A_SERVICE_ADDR6, &key->addr, &present,
				extack);
	if (ret)
		return ret;
	if (present && (ipv6_addr_any(&key->addr) ||
			(equic_addr_is4(&key->addr) &&
			 !equic_addr_get4(&key->addr)))) {
		NL_SET_ERR_MSG(extack,
			       "the unspecified address names no service: leave it out for any (*)");
		return -EINVAL;
	}
	key->port = attrs[EQUIC_A_SERVICE_PORT] ?
		nla_get_be16(attrs[EQUIC_A_SERVICE_PORT]) : 0;
	if (!key->port) {
		NL_SET_ERR_MSG(extack, "a service needs a port from 1 to 65535");
		return -EINVAL;
	}
	return 0;
}

struct equic_service *equic_nl_get_service(struct equic_net *en,
					   const struct nlattr *nest,
					   struct netlink_ext_ack *extack)
{
	struct nlattr *attrs[EQUIC_A_SERVICE_PORT + 1];
	struct equic_service_key key;
	struct equic_service *svc;
	int ret;

	if (!nest) {
		NL_SET_ERR_MSG(extack, "the service is missing");
		return ERR_PTR(-EINVAL);
	}
	ret = nla_parse_nested(attrs, EQUIC_A_SERVICE_PORT, nest,
			       equic_service_key_policy, extack);
	ret = ret ?: equic_nl_get_key(attrs, &key, extack);
	if (ret)
		return ERR_PTR(ret);
	svc = equic_service_find(en, &key);
	if (!svc) {
		NL_SET_ERR_MSG(extack, "no such service in this namespace");
		return ERR_PTR(-ENOENT);
	}
	return svc;
}

/*
 * The service, if the sender may report for it: the administrator, or the uid
 * that he has named. Nobody else learns whether it exists.
 */
struct equic_service *equic_nl_report_service(struct equic_net *en,
					      const struct nlattr *nest,
					      const struct sk_buff *skb,
					      struct netlink_ext_ack *extack)
{
	bool privileged = equic_nl_privileged(skb, en->net);
	struct equic_service *svc = equic_nl_get_service(en, nest, extack);

	if (privileged || PTR_ERR_OR_ZERO(svc) == -EINVAL)
		return svc;
	if (!IS_ERR(svc) && uid_valid(svc->policy.owner_uid) &&
	    uid_eq(svc->policy.owner_uid, NETLINK_CREDS(skb)->uid))
		return svc;
	NL_SET_ERR_MSG(extack,
		       "needs CAP_NET_ADMIN, or to be the owner-uid of the service");
	return ERR_PTR(-EPERM);
}

int equic_nl_put_key(struct sk_buff *skb, const struct in6_addr *addr,
		     __be16 port)
{
	if (!ipv6_addr_any(addr) &&
	    equic_nl_put_addr(skb, EQUIC_A_SERVICE_ADDR4, EQUIC_A_SERVICE_ADDR6,
			      addr))
		return -EMSGSIZE;
	return nla_put_be16(skb, EQUIC_A_SERVICE_PORT, port);
}

int equic_nl_put_key_nest(struct sk_buff *skb, int nest_attr,
			  const struct in6_addr *addr, __be16 port)
{
	struct nlattr *nest = nla_nest_start(skb, nest_attr);

	if (!nest || equic_nl_put_key(skb, addr, port))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

#define EQUIC_DO(_cmd, _handler, _policy, _privileged)			\
	{								\
		.cmd		= (_cmd),				\
		.pre_doit	= (_privileged) ? equic_nl_pre_privileged : NULL, \
		.doit		= (_handler),				\
		.policy		= (_policy),				\
		.maxattr	= ARRAY_SIZE(_policy) - 1,		\
		.flags		= GENL_CMD_CAP_DO,			\
	}

/* Requests with secrets in them. */
#define EQUIC_DO_KEY(_cmd, _handler, _policy)				\
	{								\
		.cmd		= (_cmd),				\
		.pre_doit	= equic_nl_pre_key,			\
		.doit		= (_handler),				\
		.policy		= (_policy),				\
		.maxattr	= ARRAY_SIZE(_policy) - 1,		\
		.flags		= GENL_CMD_CAP_DO,			\
	}

#define EQUIC_DUMP(_cmd, _handler, _policy, _privileged)		\
	{								\
		.cmd		= (_cmd),				\
		.start		= (_privileged) ? equic_nl_dump_start : NULL, \
		.dumpit		= (_handler),				\
		.policy		= (_policy),				\
		.maxattr	= ARRAY_SIZE(_policy) - 1,		\
		.flags		= GENL_CMD_CAP_DUMP,			\
	}

static const struct genl_split_ops equic_ops[] = {
	EQUIC_DO(EQUIC_CMD_SERVICE_ADD, equic_nl_service_add,
		 equic_service_policy, true),
	EQUIC_DO(EQUIC_CMD_SERVICE_SET, equic_nl_service_set,
		 equic_service_policy, true),
	EQUIC_DO(EQUIC_CMD_SERVICE_DEL, equic_nl_service_del,
		 equic_service_key_policy, true),
	EQUIC_DO(EQUIC_CMD_SERVICE_GET, equic_nl_service_get,
		 equic_service_key_policy, true),
	EQUIC_DUMP(EQUIC_CMD_SERVICE_GET, equic_nl_service_dump,
		   equic_service_key_policy, true),
	EQUIC_DUMP(EQUIC_CMD_CLIENT_GET, equic_nl_client_dump,
		   equic_client_get_policy, true),
	/* These ask the service who may report. */
	EQUIC_DO(EQUIC_CMD_CONN_ACCEPTED, equic_nl_conn_accepted,
		 equic_conn_report_policy, false),
	EQUIC_DO(EQUIC_CMD_CONN_OPEN, equic_nl_conn_open,
		 equic_conn_report_policy, false),
	EQUIC_DO(EQUIC_CMD_CONN_CLOSE, equic_nl_conn_close,
		 equic_conn_report_policy, false),
	EQUIC_DO(EQUIC_CMD_CONN_MOVE, equic_nl_conn_move,
		 equic_conn_report_policy, false),
	EQUIC_DO(EQUIC_CMD_CONN_CID, equic_nl_conn_cid,
		 equic_conn_report_policy, false),
	EQUIC_DUMP(EQUIC_CMD_CONN_GET, equic_nl_conn_dump,
		   equic_conn_get_policy, false),
	EQUIC_DO(EQUIC_CMD_RESYNC, equic_nl_resync, equic_resync_policy,
		 false),
	/* Totals are for everybody. */
	EQUIC_DO(EQUIC_CMD_STATS_GET, equic_nl_stats_get, equic_stats_policy,
		 false),
	EQUIC_DO(EQUIC_CMD_FLUSH, equic_nl_flush, equic_flush_policy, true),
	EQUIC_DO(EQUIC_CMD_BYPASS, equic_nl_bypass, equic_bypass_policy, true),
	EQUIC_DO_KEY(EQUIC_CMD_KEY_ADD, equic_nl_key_add,
		     equic_key_add_policy),
	EQUIC_DO_KEY(EQUIC_CMD_KEY_UPDATE, equic_nl_key_update,
		     equic_key_update_policy),
	EQUIC_DO(EQUIC_CMD_KEY_DEL, equic_nl_key_del, equic_key_del_policy,
		 true),
	EQUIC_DUMP(EQUIC_CMD_KEY_GET, equic_nl_key_dump, equic_key_get_policy,
		   true),
};

static const struct genl_multicast_group equic_groups[] = {
	[EQUIC_GROUP_EVENTS] = {
		.name	= EQUIC_MCGRP_EVENTS,
		.flags	= GENL_MCAST_CAP_NET_ADMIN,
	},
};

struct genl_family equic_genl_family __ro_after_init = {
	.name		= EQUIC_FAMILY_NAME,
	.version	= EQUIC_FAMILY_VERSION,
	.netnsok	= true,
	.parallel_ops	= true,
	.module		= THIS_MODULE,
	.split_ops	= equic_ops,
	.n_split_ops	= ARRAY_SIZE(equic_ops),
	.mcgrps		= equic_groups,
	.n_mcgrps	= ARRAY_SIZE(equic_groups),
};

/* False before the family is there, and from the moment that it goes. */
static bool family_up;

bool equic_netlink_listeners(struct net *net)
{
	return READ_ONCE(family_up) &&
	       genl_has_listeners(&equic_genl_family, net,
				  EQUIC_GROUP_EVENTS);
}

/* The service as it is now, unless it is gone. */
static int event_put_service(struct sk_buff *skb, struct net *net,
			     const struct equic_event_record *record)
{
	struct equic_service_key key = {
		.addr = record->service,
		.port = record->port,
	};
	struct equic_net *en = equic_net(net);
	struct equic_service *svc;
	struct nlattr *nest;
	int ret = 0;

	nest = nla_nest_start(skb, EQUIC_A_EVENT_SERVICE);
	if (!nest || equic_nl_put_key(skb, &key.addr, key.port))
		return -EMSGSIZE;
	if (record->type == EQUIC_EVENT_POLICY && !record->deleted) {
		mutex_lock(&en->lock);
		svc = equic_service_find(en, &key);
		if (svc)
			ret = equic_nl_put_policy(skb, svc);
		mutex_unlock(&en->lock);
	}
	nla_nest_end(skb, nest);
	return ret;
}

static int event_put(struct sk_buff *skb, struct net *net,
		     const struct equic_event_record *record, long lost)
{
	if (nla_put_u8(skb, EQUIC_A_EVENT_TYPE, record->type))
		return -EMSGSIZE;
	if (record->port && event_put_service(skb, net, record))
		return -EMSGSIZE;
	if (record->prefix_len &&
	    (equic_nl_put_addr(skb, EQUIC_A_EVENT_ADDR4, EQUIC_A_EVENT_ADDR6,
			       &record->client) ||
	     nla_put_u8(skb, EQUIC_A_EVENT_PREFIX_LEN, record->prefix_len)))
		return -EMSGSIZE;
	if (record->portid &&
	    (nla_put_u32(skb, EQUIC_A_EVENT_OWNER, record->portid) ||
	     nla_put_u32(skb, EQUIC_A_EVENT_OWNER_PID, record->pid) ||
	     nla_put_u32(skb, EQUIC_A_EVENT_RELEASED, record->released)))
		return -EMSGSIZE;
	if (record->deleted && nla_put_flag(skb, EQUIC_A_EVENT_DELETED))
		return -EMSGSIZE;
	if (lost && nla_put_uint(skb, EQUIC_A_EVENT_LOST, lost))
		return -EMSGSIZE;
	if (record->key &&
	    (nla_put_u32(skb, EQUIC_A_EVENT_KEY, record->key) ||
	     nla_put_u32(skb, EQUIC_A_EVENT_EPOCH, record->epoch)))
		return -EMSGSIZE;
	return 0;
}

int equic_netlink_event(struct net *net,
			const struct equic_event_record *record, long lost)
{
	struct sk_buff *skb;
	void *hdr;
	int ret;

	if (!READ_ONCE(family_up))
		return 0;
	skb = genlmsg_new(NLMSG_GOODSIZE, GFP_KERNEL);
	if (!skb)
		return -ENOMEM;
	hdr = genlmsg_put(skb, 0, 0, &equic_genl_family, 0, EQUIC_CMD_EVENT);
	if (!hdr || event_put(skb, net, record, lost)) {
		nlmsg_free(skb);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, hdr);
	ret = genlmsg_multicast_netns(&equic_genl_family, net, skb, 0,
				      EQUIC_GROUP_EVENTS, GFP_KERNEL);
	/* Nobody listens any more: nobody has lost it. */
	return ret == -ESRCH ? 0 : ret;
}

int __init equic_netlink_init(void)
{
	int ret = genl_register_family(&equic_genl_family);

	WRITE_ONCE(family_up, !ret);
	return ret;
}

/* No work item sends to a group number that may be another family's soon. */
void equic_netlink_exit(void)
{
	WRITE_ONCE(family_up, false);
	flush_workqueue(equic_wq);
	genl_unregister_family(&equic_genl_family);
}
