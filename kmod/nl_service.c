// SPDX-License-Identifier: GPL-2.0-only
/* Requests about services, and what acts on all of one: flush, bypass. */
#include "netlink.h"
#include "netns.h"
#include "nl_stats.h"
#include "service.h"

static const struct netlink_range_validation timeout_range = {
	.min = EQUIC_PENDING_TIMEOUT_MIN_MS,
	.max = EQUIC_PENDING_TIMEOUT_MAX_MS,
};

const struct nla_policy equic_service_policy[EQUIC_A_SERVICE_OWNER_UID + 1] = {
	[EQUIC_A_SERVICE_ADDR4]		= { .type = NLA_BE32 },
	[EQUIC_A_SERVICE_ADDR6]		= NLA_POLICY_EXACT_LEN(16),
	[EQUIC_A_SERVICE_PORT]		= { .type = NLA_BE16 },
	[EQUIC_A_SERVICE_QUOTA]		= { .type = NLA_U32 },
	[EQUIC_A_SERVICE_MODE]		=
		NLA_POLICY_MAX(NLA_U8, EQUIC_MODE_COUNT),
	[EQUIC_A_SERVICE_NO_OWNER]	=
		NLA_POLICY_MAX(NLA_U8, EQUIC_NO_OWNER_ENFORCE),
	[EQUIC_A_SERVICE_ENFORCE_PERCENT] = NLA_POLICY_MAX(NLA_U8, 100),
	[EQUIC_A_SERVICE_PENDING_TIMEOUT] =
		NLA_POLICY_FULL_RANGE(NLA_U32, &timeout_range),
	[EQUIC_A_SERVICE_DEFAULT]	=
		NLA_POLICY_MAX(NLA_U8, EQUIC_DEFAULT_DENY),
	[EQUIC_A_SERVICE_ON_OVERFLOW]	=
		NLA_POLICY_MAX(NLA_U8, EQUIC_ON_OVERFLOW_DROP),
	[EQUIC_A_SERVICE_PREFIX4]	= NLA_POLICY_RANGE(NLA_U8, 1, 32),
	[EQUIC_A_SERVICE_PREFIX6]	= NLA_POLICY_RANGE(NLA_U8, 1, 128),
	[EQUIC_A_SERVICE_OWNER_UID]	= { .type = NLA_U32 },
};

const struct nla_policy equic_service_key_policy[EQUIC_A_SERVICE_PORT + 1] = {
	[EQUIC_A_SERVICE_ADDR4]		= { .type = NLA_BE32 },
	[EQUIC_A_SERVICE_ADDR6]		= NLA_POLICY_EXACT_LEN(16),
	[EQUIC_A_SERVICE_PORT]		= { .type = NLA_BE16 },
};

const struct nla_policy equic_flush_policy[EQUIC_A_FLUSH_SERVICE + 1] = {
	[EQUIC_A_FLUSH_SERVICE] = NLA_POLICY_NESTED(equic_service_key_policy),
};

const struct nla_policy equic_bypass_policy[EQUIC_A_BYPASS_FOR + 1] = {
	[EQUIC_A_BYPASS_SERVICE] = NLA_POLICY_NESTED(equic_service_key_policy),
	[EQUIC_A_BYPASS_FOR]	 = { .type = NLA_U32 },
};

static int get_quota(const struct nlattr *attr, struct equic_policy *policy,
		     struct netlink_ext_ack *extack)
{
	u32 quota = nla_get_u32(attr);

	if (!quota) {
		NL_SET_ERR_MSG_ATTR(extack, attr,
				    "quota 0 admits nobody: use default deny, or leave quota out");
		return -EINVAL;
	}
	if (quota > EQUIC_QUOTA_MAX && quota != EQUIC_QUOTA_NONE) {
		NL_SET_ERR_MSG_ATTR(extack, attr, "quota exceeds 2147483647");
		return -ERANGE;
	}
	policy->quota = quota;
	return 0;
}

static int get_owner_uid(const struct nlattr *attr, struct equic_policy *policy,
			 const struct net *net, struct netlink_ext_ack *extack)
{
	u32 uid = nla_get_u32(attr);

	policy->owner_uid = INVALID_UID;
	if (uid == EQUIC_UID_NONE)
		return 0;
	policy->owner_uid = make_kuid(net->user_ns, uid);
	if (uid_valid(policy->owner_uid))
		return 0;
	NL_SET_ERR_MSG_ATTR(extack, attr,
			    "owner-uid is no user of this user namespace");
	return -EINVAL;
}

static void get_u8(const struct nlattr *attr, u8 *knob)
{
	if (attr)
		*knob = nla_get_u8(attr);
}

/* The knobs that were given replace those in @policy. */
static int get_policy(struct nlattr **attrs, struct equic_policy *policy,
		      const struct net *net, struct netlink_ext_ack *extack)
{
	int ret = 0;

	if (attrs[EQUIC_A_SERVICE_QUOTA])
		ret = get_quota(attrs[EQUIC_A_SERVICE_QUOTA], policy, extack);
	if (!ret && attrs[EQUIC_A_SERVICE_OWNER_UID])
		ret = get_owner_uid(attrs[EQUIC_A_SERVICE_OWNER_UID], policy,
				    net, extack);
	if (ret)
		return ret;

	get_u8(attrs[EQUIC_A_SERVICE_MODE], &policy->mode);
	get_u8(attrs[EQUIC_A_SERVICE_NO_OWNER], &policy->no_owner);
	get_u8(attrs[EQUIC_A_SERVICE_ENFORCE_PERCENT],
	       &policy->enforce_percent);
	get_u8(attrs[EQUIC_A_SERVICE_DEFAULT], &policy->deny);
	get_u8(attrs[EQUIC_A_SERVICE_ON_OVERFLOW], &policy->overflow_drop);
	get_u8(attrs[EQUIC_A_SERVICE_PREFIX4], &policy->prefix4);
	get_u8(attrs[EQUIC_A_SERVICE_PREFIX6], &policy->prefix6);
	if (attrs[EQUIC_A_SERVICE_PENDING_TIMEOUT])
		policy->pending_timeout_ms =
			nla_get_u32(attrs[EQUIC_A_SERVICE_PENDING_TIMEOUT]);
	return 0;
}

int equic_nl_service_add(struct sk_buff *skb, struct genl_info *info)
{
	struct equic_net *en = equic_net(equic_nl_net(info));
	struct equic_service_key key;
	struct equic_policy policy;
	int ret;

	ret = equic_nl_get_key(info->attrs, &key, info->extack);
	if (ret)
		return ret;
	equic_policy_init(&policy);
	ret = get_policy(info->attrs, &policy, en->net, info->extack);
	if (ret)
		return ret;

	mutex_lock(&en->lock);
	ret = equic_service_add(en, &key, &policy, info->extack);
	mutex_unlock(&en->lock);
	return ret;
}

/* The service named by the request itself. */
static struct equic_service *get_named(struct equic_net *en,
				       struct genl_info *info)
{
	struct equic_service_key key;
	struct equic_service *svc;
	int ret;

	ret = equic_nl_get_key(info->attrs, &key, info->extack);
	if (ret)
		return ERR_PTR(ret);
	svc = equic_service_find(en, &key);
	if (!svc) {
		NL_SET_ERR_MSG(info->extack,
			       "no such service in this namespace");
		return ERR_PTR(-ENOENT);
	}
	return svc;
}

int equic_nl_service_set(struct sk_buff *skb, struct genl_info *info)
{
	struct equic_net *en = equic_net(equic_nl_net(info));
	struct equic_service *svc;
	struct equic_policy policy;
	int ret;

	mutex_lock(&en->lock);
	svc = get_named(en, info);
	if (IS_ERR(svc)) {
		ret = PTR_ERR(svc);
		goto out;
	}
	policy = svc->policy;
	ret = get_policy(info->attrs, &policy, en->net, info->extack);
	ret = ret ?: equic_service_set(svc, &policy, info->extack);
out:
	mutex_unlock(&en->lock);
	return ret;
}

int equic_nl_service_del(struct sk_buff *skb, struct genl_info *info)
{
	struct equic_net *en = equic_net(equic_nl_net(info));
	struct equic_service *svc;

	mutex_lock(&en->lock);
	svc = get_named(en, info);
	if (!IS_ERR(svc))
		equic_service_del(svc);
	mutex_unlock(&en->lock);
	return PTR_ERR_OR_ZERO(svc);
}

int equic_nl_put_policy(struct sk_buff *skb, const struct equic_service *svc)
{
	const struct equic_policy *p = &svc->policy;
	u32 uid = uid_valid(p->owner_uid) ?
		from_kuid_munged(svc->en->net->user_ns, p->owner_uid) :
		EQUIC_UID_NONE;

	if (nla_put_u32(skb, EQUIC_A_SERVICE_QUOTA, p->quota) ||
	    nla_put_u8(skb, EQUIC_A_SERVICE_MODE, p->mode) ||
	    nla_put_u8(skb, EQUIC_A_SERVICE_NO_OWNER, p->no_owner) ||
	    nla_put_u8(skb, EQUIC_A_SERVICE_ENFORCE_PERCENT,
		       p->enforce_percent) ||
	    nla_put_u32(skb, EQUIC_A_SERVICE_PENDING_TIMEOUT,
			p->pending_timeout_ms) ||
	    nla_put_u8(skb, EQUIC_A_SERVICE_DEFAULT, p->deny) ||
	    nla_put_u8(skb, EQUIC_A_SERVICE_ON_OVERFLOW, p->overflow_drop) ||
	    nla_put_u8(skb, EQUIC_A_SERVICE_PREFIX4, p->prefix4) ||
	    nla_put_u8(skb, EQUIC_A_SERVICE_PREFIX6, p->prefix6) ||
	    nla_put_u32(skb, EQUIC_A_SERVICE_OWNER_UID, uid))
		return -EMSGSIZE;
	return 0;
}

static int put_state(struct sk_buff *skb, const struct equic_service *svc)
{
	struct equic_sums sums = { };
	struct nlattr *nest;

	if (nla_put_u32(skb, EQUIC_A_SERVICE_IDLE, equic_service_idle(svc)) ||
	    nla_put_u32(skb, EQUIC_A_SERVICE_OWNERS, svc->nr_owners) ||
	    nla_put_u32(skb, EQUIC_A_SERVICE_CLIENTS,
			atomic_read(&svc->nr_clients)) ||
	    nla_put_u32(skb, EQUIC_A_SERVICE_OPEN,
			atomic_read(&svc->nr_open)) ||
	    nla_put_u32(skb, EQUIC_A_SERVICE_PENDING,
			atomic_read(&svc->nr_pending)) ||
	    nla_put_u32(skb, EQUIC_A_SERVICE_BYPASS,
			equic_bypass_left_ms(&svc->bypass_until)))
		return -EMSGSIZE;

	equic_service_sum(svc, &sums);
	nest = nla_nest_start(skb, EQUIC_A_SERVICE_STATS);
	if (!nest || equic_sums_put(skb, &sums))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int put_service(struct sk_buff *skb, const struct equic_service *svc)
{
	return equic_nl_put_key(skb, &svc->key.addr, svc->key.port) ?:
	       equic_nl_put_policy(skb, svc) ?:
	       put_state(skb, svc);
}

int equic_nl_service_get(struct sk_buff *skb, struct genl_info *info)
{
	struct equic_net *en = equic_net(equic_nl_net(info));
	struct equic_service *svc;
	struct sk_buff *reply;
	void *hdr;
	int ret;

	reply = genlmsg_new(NLMSG_GOODSIZE, GFP_KERNEL);
	if (!reply)
		return -ENOMEM;
	hdr = genlmsg_put_reply(reply, info, &equic_genl_family, 0,
				EQUIC_CMD_SERVICE_GET);

	mutex_lock(&en->lock);
	svc = get_named(en, info);
	ret = IS_ERR(svc) ? PTR_ERR(svc) :
	      !hdr ? -EMSGSIZE : put_service(reply, svc);
	mutex_unlock(&en->lock);
	if (ret) {
		nlmsg_free(reply);
		return ret;
	}
	genlmsg_end(reply, hdr);
	return genlmsg_reply(reply, info);
}

int equic_nl_service_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct equic_net *en = equic_net(sock_net(skb->sk));
	struct equic_service *svc;
	long skip = cb->args[0], n = 0;
	void *hdr;

	mutex_lock(&en->lock);
	cb->seq = en->policy_seq;
	list_for_each_entry(svc, &en->service_list, list) {
		if (n++ < skip)
			continue;
		hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid,
				  cb->nlh->nlmsg_seq, &equic_genl_family,
				  NLM_F_MULTI, EQUIC_CMD_SERVICE_GET);
		if (!hdr)
			break;
		genl_dump_check_consistent(cb, hdr);
		if (put_service(skb, svc)) {
			genlmsg_cancel(skb, hdr);
			break;
		}
		genlmsg_end(skb, hdr);
		cb->args[0] = n;
	}
	mutex_unlock(&en->lock);
	return skb->len;
}

int equic_nl_flush(struct sk_buff *skb, struct genl_info *info)
{
	const struct nlattr *nest = info->attrs[EQUIC_A_FLUSH_SERVICE];
	struct equic_net *en = equic_net(equic_nl_net(info));
	struct equic_service *svc;
	int ret = 0;

	mutex_lock(&en->lock);
	if (nest) {
		svc = equic_nl_get_service(en, nest, info->extack);
		if (IS_ERR(svc))
			ret = PTR_ERR(svc);
		else
			equic_service_flush(svc);
	} else {
		list_for_each_entry(svc, &en->service_list, list)
			equic_service_flush(svc);
		equic_totals_flush(en);
	}
	mutex_unlock(&en->lock);
	return ret;
}

int equic_nl_bypass(struct sk_buff *skb, struct genl_info *info)
{
	const struct nlattr *nest = info->attrs[EQUIC_A_BYPASS_SERVICE];
	struct equic_net *en = equic_net(equic_nl_net(info));
	struct equic_service *svc = NULL;
	int ret = 0;

	if (GENL_REQ_ATTR_CHECK(info, EQUIC_A_BYPASS_FOR)) {
		NL_SET_ERR_MSG(info->extack, "how long is missing (0: off)");
		return -EINVAL;
	}

	mutex_lock(&en->lock);
	if (nest)
		svc = equic_nl_get_service(en, nest, info->extack);
	if (IS_ERR(svc)) {
		ret = PTR_ERR(svc);
		goto out;
	}
	equic_bypass_set(svc ? &svc->bypass_until : &en->bypass_until,
			 nla_get_u32(info->attrs[EQUIC_A_BYPASS_FOR]));
	equic_event_policy(en, svc, false);
out:
	mutex_unlock(&en->lock);
	return ret;
}
