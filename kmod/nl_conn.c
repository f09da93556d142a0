// SPDX-License-Identifier: GPL-2.0-only
/* The dump of connections. */
#include "client.h"
#include "conn.h"
#include "netlink.h"
#include "netns.h"
#include "owner.h"
#include "service.h"

#include <linux/rculist.h>

const struct nla_policy
equic_conn_get_policy[EQUIC_A_CONN_CLIENT_PREFIX_LEN + 1] = {
	[EQUIC_A_CONN_SERVICE]	 = NLA_POLICY_NESTED(equic_service_key_policy),
	[EQUIC_A_CONN_CLIENT4]	 = { .type = NLA_BE32 },
	[EQUIC_A_CONN_CLIENT6]	 = NLA_POLICY_EXACT_LEN(16),
	[EQUIC_A_CONN_CLIENT_PREFIX_LEN] = NLA_POLICY_MAX(NLA_U8, 128),
};

/* What to show, and to whom. */
struct conn_filter {
	const struct equic_service *svc;	/* NULL: of any */
	struct equic_nl_prefix prefix;
	bool privileged;
	kuid_t uid;
};

/* See struct client_cursor. */
struct conn_cursor {
	unsigned long bucket;
	u64 below;
};

static int get_filter(struct equic_net *en, struct netlink_callback *cb,
		      struct conn_filter *filter)
{
	struct nlattr **attrs = genl_info_dump(cb)->attrs;
	struct equic_service *svc;

	memset(filter, 0, sizeof(*filter));
	filter->privileged = equic_nl_privileged(cb->skb, en->net);
	filter->uid = NETLINK_CREDS(cb->skb)->uid;
	if (attrs[EQUIC_A_CONN_SERVICE]) {
		svc = equic_nl_report_service(en, attrs[EQUIC_A_CONN_SERVICE],
					      cb->skb, cb->extack);
		if (IS_ERR(svc))
			return PTR_ERR(svc);
		filter->svc = svc;
	}
	return equic_nl_get_prefix(attrs, EQUIC_A_CONN_CLIENT4,
				   EQUIC_A_CONN_CLIENT6,
				   EQUIC_A_CONN_CLIENT_PREFIX_LEN,
				   &filter->prefix, cb->extack);
}

static bool wanted(const struct conn_filter *filter,
		   const struct equic_conn *conn)
{
	const struct equic_owner *owner = READ_ONCE(conn->owner);
	const struct equic_service *svc = conn->client->svc;

	if (READ_ONCE(conn->state) == EQUIC_CONN_GONE)
		return false;
	if (filter->svc && filter->svc != svc)
		return false;
	if (!filter->privileged &&
	    (!owner || !uid_eq(owner->uid, filter->uid) ||
	     !uid_valid(svc->policy.owner_uid) ||
	     !uid_eq(svc->policy.owner_uid, filter->uid)))
		return false;
	return equic_nl_in_prefix(&filter->prefix, &conn->client->addr);
}

static int put_cid(struct sk_buff *skb, int attr, const struct equic_cid *cid)
{
	return nla_put(skb, attr, cid->len, cid->data);
}

static int put_handshake(struct sk_buff *skb, const struct equic_conn *conn)
{
	int i;

	if (conn->handshake &&
	    (put_cid(skb, EQUIC_A_CONN_ODCID, &conn->dcids[0]) ||
	     put_cid(skb, EQUIC_A_CONN_SCID, &conn->key.scid)))
		return -EMSGSIZE;
	for (i = 0; i < conn->nr_cids; i++)
		if (put_cid(skb, EQUIC_A_CONN_CID, &conn->cids[i]))
			return -EMSGSIZE;
	return 0;
}

static int put_addrs(struct sk_buff *skb, const struct equic_conn *conn)
{
	const struct equic_client *client = conn->client;

	if (equic_nl_put_addr(skb, EQUIC_A_CONN_PEER4, EQUIC_A_CONN_PEER6,
			      &conn->peer) ||
	    nla_put_be16(skb, EQUIC_A_CONN_PEER_PORT, conn->peer_port) ||
	    equic_nl_put_addr(skb, EQUIC_A_CONN_CLIENT4, EQUIC_A_CONN_CLIENT6,
			      &client->addr) ||
	    nla_put_u8(skb, EQUIC_A_CONN_CLIENT_PREFIX_LEN,
		       equic_service_prefix_len(client->svc, &client->addr)))
		return -EMSGSIZE;
	if (!ipv6_addr_any(&conn->key.local))
		return equic_nl_put_addr(skb, EQUIC_A_CONN_LOCAL4,
					 EQUIC_A_CONN_LOCAL6, &conn->key.local);
	return 0;
}

static int put_conn(struct sk_buff *skb, const struct equic_conn *conn)
{
	const struct equic_owner *owner = READ_ONCE(conn->owner);
	const struct equic_service *svc = conn->client->svc;
	u64 age_ms = div_u64(ktime_get_ns() - conn->born_ns, NSEC_PER_MSEC);

	if (equic_nl_put_key_nest(skb, EQUIC_A_CONN_SERVICE, &svc->key.addr,
				  svc->key.port) ||
	    (conn->id && nla_put_u32(skb, EQUIC_A_CONN_ID, conn->id)) ||
	    nla_put_u8(skb, EQUIC_A_CONN_STATE, READ_ONCE(conn->state)) ||
	    nla_put_uint(skb, EQUIC_A_CONN_AGE, age_ms) ||
	    (conn->over && nla_put_flag(skb, EQUIC_A_CONN_OVER)))
		return -EMSGSIZE;
	if (owner && (nla_put_u32(skb, EQUIC_A_CONN_OWNER, owner->portid) ||
		      nla_put_u32(skb, EQUIC_A_CONN_OWNER_PID, owner->pid)))
		return -EMSGSIZE;
	return put_addrs(skb, conn) ?: put_handshake(skb, conn);
}

static int dump_conn(struct sk_buff *skb, struct netlink_callback *cb,
		     const struct equic_conn *conn)
{
	void *hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid,
				cb->nlh->nlmsg_seq, &equic_genl_family,
				NLM_F_MULTI, EQUIC_CMD_CONN_GET);

	if (!hdr)
		return -EMSGSIZE;
	if (put_conn(skb, conn)) {
		genlmsg_cancel(skb, hdr);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, hdr);
	return 0;
}

static int dump_bucket(struct sk_buff *skb, struct netlink_callback *cb,
		       struct equic_net *en, const struct conn_filter *filter,
		       struct conn_cursor *cursor)
{
	struct hlist_head *head = &en->conns.buckets[cursor->bucket].head;
	const struct equic_conn *conn;
	int ret = 0;

	rcu_read_lock();
	hlist_for_each_entry_rcu(conn, head, node) {
		if (cursor->below && conn->seq >= cursor->below)
			continue;
		if (wanted(filter, conn))
			ret = dump_conn(skb, cb, conn);
		if (ret)
			break;
		cursor->below = conn->seq;
	}
	rcu_read_unlock();
	return ret;
}

/* The lock keeps owners, and what reports write into connections. */
int equic_nl_conn_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct conn_cursor *cursor = (struct conn_cursor *)cb->ctx;
	struct equic_net *en = equic_net(sock_net(skb->sk));
	struct conn_filter filter;
	int ret;

	BUILD_BUG_ON(sizeof(*cursor) > sizeof(cb->ctx));
	mutex_lock(&en->lock);
	ret = get_filter(en, cb, &filter);
	if (ret || !equic_net_ready(en))
		goto out;
	for (; cursor->bucket <= en->conns.mask; cursor->bucket++) {
		if (dump_bucket(skb, cb, en, &filter, cursor))
			break;
		cursor->below = 0;
	}
	ret = skb->len;
out:
	mutex_unlock(&en->lock);
	return ret;
}
