// SPDX-License-Identifier: GPL-2.0-only
/* The dump of clients. */
#include "client.h"
#include "netlink.h"
#include "netns.h"
#include "service.h"

#include <linux/rculist.h>

const struct nla_policy equic_client_get_policy[EQUIC_A_CLIENT_OVER + 1] = {
	[EQUIC_A_CLIENT_SERVICE] = NLA_POLICY_NESTED(equic_service_key_policy),
	[EQUIC_A_CLIENT_ADDR4]	 = { .type = NLA_BE32 },
	[EQUIC_A_CLIENT_ADDR6]	 = NLA_POLICY_EXACT_LEN(16),
	[EQUIC_A_CLIENT_PREFIX_LEN] = NLA_POLICY_MAX(NLA_U8, 128),
	[EQUIC_A_CLIENT_OVER]	 = { .type = NLA_FLAG },
};

/* What to show. */
struct client_filter {
	const struct equic_service *svc;	/* NULL: of any */
	struct equic_nl_prefix prefix;
	bool over;
};

/*
 * Where to go on: the bucket, and the clients in it below a number. Numbers
 * fall along a bucket, and new clients get higher ones at its head; so whoever
 * is there throughout is shown exactly once.
 */
struct client_cursor {
	unsigned long bucket;
	u64 below;		/* 0: all of the bucket */
};

static int get_filter(struct equic_net *en, struct netlink_callback *cb,
		      struct client_filter *filter)
{
	struct nlattr **attrs = genl_info_dump(cb)->attrs;
	struct equic_service *svc;

	memset(filter, 0, sizeof(*filter));
	filter->over = attrs[EQUIC_A_CLIENT_OVER];
	if (attrs[EQUIC_A_CLIENT_SERVICE]) {
		svc = equic_nl_get_service(en, attrs[EQUIC_A_CLIENT_SERVICE],
					   cb->extack);
		if (IS_ERR(svc))
			return PTR_ERR(svc);
		filter->svc = svc;
	}
	return equic_nl_get_prefix(attrs, EQUIC_A_CLIENT_ADDR4,
				   EQUIC_A_CLIENT_ADDR6,
				   EQUIC_A_CLIENT_PREFIX_LEN, &filter->prefix,
				   cb->extack);
}

static bool wanted(const struct client_filter *filter,
		   const struct equic_client *client)
{
	if (filter->svc && filter->svc != client->svc)
		return false;
	if (filter->over && !READ_ONCE(client->over))
		return false;
	return equic_nl_in_prefix(&filter->prefix, &client->addr);
}

static int put_client_stats(struct sk_buff *skb, struct equic_client *client)
{
	struct equic_sums sums = { };
	struct nlattr *nest;
	int i;

	sums.n[EQUIC_COUNT_PASSED_PACKETS] =
		atomic64_read(&client->passed_packets);
	sums.n[EQUIC_COUNT_PASSED_BYTES] = atomic64_read(&client->passed_bytes);
	sums.n[EQUIC_COUNT_DROPPED_BYTES] =
		atomic64_read(&client->dropped_bytes);
	sums.n[EQUIC_COUNT_WOULD_DROP] = atomic64_read(&client->would_drop);
	for (i = 0; i < __EQUIC_DROP_MAX; i++)
		sums.n[EQUIC_COUNT_DROP + i] = atomic64_read(&client->drops[i]);

	nest = nla_nest_start(skb, EQUIC_A_CLIENT_STATS);
	if (!nest || equic_sums_put(skb, &sums))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int put_client(struct sk_buff *skb, struct equic_client *client)
{
	const struct equic_service *svc = client->svc;
	unsigned int conns, pending;
	bool over;

	spin_lock_bh(&client->lock);
	conns = client->nr_conns;
	pending = client->nr_pending;
	over = client->over;
	spin_unlock_bh(&client->lock);

	if (equic_nl_put_key_nest(skb, EQUIC_A_CLIENT_SERVICE, &svc->key.addr,
				  svc->key.port) ||
	    equic_nl_put_addr(skb, EQUIC_A_CLIENT_ADDR4, EQUIC_A_CLIENT_ADDR6,
			      &client->addr) ||
	    nla_put_u8(skb, EQUIC_A_CLIENT_PREFIX_LEN,
		       equic_service_prefix_len(svc, &client->addr)) ||
	    nla_put_u32(skb, EQUIC_A_CLIENT_OPEN, conns - pending) ||
	    nla_put_u32(skb, EQUIC_A_CLIENT_PENDING, pending) ||
	    (over && nla_put_flag(skb, EQUIC_A_CLIENT_OVER)))
		return -EMSGSIZE;
	return put_client_stats(skb, client);
}

static int dump_client(struct sk_buff *skb, struct netlink_callback *cb,
		       struct equic_client *client)
{
	void *hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid,
				cb->nlh->nlmsg_seq, &equic_genl_family,
				NLM_F_MULTI, EQUIC_CMD_CLIENT_GET);

	if (!hdr)
		return -EMSGSIZE;
	if (put_client(skb, client)) {
		genlmsg_cancel(skb, hdr);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, hdr);
	return 0;
}

/* -EMSGSIZE: @skb is full, and @cursor says where to go on. */
static int dump_bucket(struct sk_buff *skb, struct netlink_callback *cb,
		       struct equic_net *en, const struct client_filter *filter,
		       struct client_cursor *cursor)
{
	struct hlist_head *head = &en->clients.buckets[cursor->bucket].head;
	struct equic_client *client;
	int ret = 0;

	rcu_read_lock();
	hlist_for_each_entry_rcu(client, head, node) {
		if (cursor->below && client->seq >= cursor->below)
			continue;
		if (wanted(filter, client))
			ret = dump_client(skb, cb, client);
		if (ret)
			break;
		cursor->below = client->seq;
	}
	rcu_read_unlock();
	return ret;
}

int equic_nl_client_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct client_cursor *cursor = (struct client_cursor *)cb->ctx;
	struct equic_net *en = equic_net(sock_net(skb->sk));
	struct client_filter filter;
	int ret;

	BUILD_BUG_ON(sizeof(*cursor) > sizeof(cb->ctx));
	mutex_lock(&en->lock);
	ret = get_filter(en, cb, &filter);
	if (ret || !equic_net_ready(en))
		goto out;
	for (; cursor->bucket <= en->clients.mask; cursor->bucket++) {
		if (dump_bucket(skb, cb, en, &filter, cursor))
			break;
		cursor->below = 0;
	}
	ret = skb->len;
out:
	mutex_unlock(&en->lock);
	return ret;
}
