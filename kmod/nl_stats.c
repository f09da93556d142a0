// SPDX-License-Identifier: GPL-2.0-only
#include "nl_stats.h"
#include "netlink.h"
#include "netns.h"
#include "service.h"

const struct nla_policy equic_stats_policy[EQUIC_A_STATS_SERVICE + 1] = {
	[EQUIC_A_STATS_SERVICE] = NLA_POLICY_NESTED(equic_service_key_policy),
};

void equic_totals(struct equic_net *en, struct equic_totals *totals)
{
	struct equic_service *svc;
	int i;

	lockdep_assert_held(&en->lock);
	memset(totals, 0, sizeof(*totals));
	if (!equic_net_ready(en))
		return;
	equic_counters_sum(&totals->sums, en->counters);
	for (i = 0; i < EQUIC_COUNT_NR; i++)
		totals->sums.n[i] += en->retired.n[i] - en->flushed.n[i];

	list_for_each_entry(svc, &en->service_list, list) {
		equic_service_sum(svc, &totals->sums);
		totals->open += atomic_read(&svc->nr_open);
		totals->pending += atomic_read(&svc->nr_pending);
	}
	totals->services = en->nr_services;
	totals->owners = en->nr_owners;
	totals->clients = atomic_read(&en->clients.nr);
	totals->events_lost = atomic_long_read(&en->events.lost_ever);
}

/* Of what belongs to no service, or to none any more. */
void equic_totals_flush(struct equic_net *en)
{
	lockdep_assert_held(&en->lock);
	if (!equic_net_ready(en))
		return;
	memset(&en->retired, 0, sizeof(en->retired));
	memset(&en->flushed, 0, sizeof(en->flushed));
	equic_counters_sum(&en->flushed, en->counters);
}

static int put_totals(struct sk_buff *skb, struct equic_net *en)
{
	struct equic_totals t;

	equic_totals(en, &t);
	if (equic_sums_put(skb, &t.sums) ||
	    nla_put_uint(skb, EQUIC_A_STATS_SERVICES, t.services) ||
	    nla_put_uint(skb, EQUIC_A_STATS_CLIENTS, t.clients) ||
	    nla_put_uint(skb, EQUIC_A_STATS_OPEN, t.open) ||
	    nla_put_uint(skb, EQUIC_A_STATS_PENDING, t.pending) ||
	    nla_put_uint(skb, EQUIC_A_STATS_OWNERS, t.owners) ||
	    nla_put_uint(skb, EQUIC_A_STATS_MAX_CLIENTS,
			 equic_max_clients(en->net)) ||
	    nla_put_uint(skb, EQUIC_A_STATS_MAX_CONNS,
			 equic_max_conns(en->net)) ||
	    nla_put_uint(skb, EQUIC_A_STATS_EVENTS_LOST, t.events_lost) ||
	    nla_put_u32(skb, EQUIC_A_STATS_BYPASS,
			equic_bypass_left_ms(&en->bypass_until)))
		return -EMSGSIZE;
	return 0;
}

static int put_service_stats(struct sk_buff *skb, struct equic_service *svc)
{
	struct equic_sums sums = { };

	equic_service_sum(svc, &sums);
	if (equic_nl_put_key_nest(skb, EQUIC_A_STATS_SERVICE, &svc->key.addr,
				  svc->key.port) ||
	    equic_sums_put(skb, &sums) ||
	    nla_put_uint(skb, EQUIC_A_STATS_CLIENTS,
			 atomic_read(&svc->nr_clients)) ||
	    nla_put_uint(skb, EQUIC_A_STATS_OPEN,
			 atomic_read(&svc->nr_open)) ||
	    nla_put_uint(skb, EQUIC_A_STATS_PENDING,
			 atomic_read(&svc->nr_pending)) ||
	    nla_put_uint(skb, EQUIC_A_STATS_OWNERS, svc->nr_owners))
		return -EMSGSIZE;
	return 0;
}

/* Of one service: only for those who may know that it exists. */
static int put_stats(struct sk_buff *reply, struct equic_net *en,
		     struct sk_buff *skb, struct genl_info *info)
{
	const struct nlattr *nest = info->attrs[EQUIC_A_STATS_SERVICE];
	struct equic_service *svc;

	if (!nest)
		return put_totals(reply, en);
	svc = equic_nl_report_service(en, nest, skb, info->extack);
	if (IS_ERR(svc))
		return PTR_ERR(svc);
	return put_service_stats(reply, svc);
}

int equic_nl_stats_get(struct sk_buff *skb, struct genl_info *info)
{
	struct equic_net *en = equic_net(equic_nl_net(info));
	struct sk_buff *reply;
	void *hdr;
	int ret;

	reply = genlmsg_new(NLMSG_GOODSIZE, GFP_KERNEL);
	if (!reply)
		return -ENOMEM;
	hdr = genlmsg_put_reply(reply, info, &equic_genl_family, 0,
				EQUIC_CMD_STATS_GET);

	mutex_lock(&en->lock);
	ret = hdr ? put_stats(reply, en, skb, info) : -EMSGSIZE;
	mutex_unlock(&en->lock);
	if (ret) {
		nlmsg_free(reply);
		return ret;
	}
	genlmsg_end(reply, hdr);
	return genlmsg_reply(reply, info);
}
