// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests about keys. Their secrets are wiped from the request, too, whatever
 * comes of it: what is left of a message stays in the kernel's memory.
 */
#include "aead.h"
#include "event.h"
#include "key.h"
#include "netlink.h"
#include "netns.h"
#include "owner.h"

/* Lengths of secrets are the handlers' to check, who wipe them. */
const struct nla_policy equic_key_add_policy[EQUIC_A_KEY_HEADER + 1] = {
	[EQUIC_A_KEY_USE]	=
		NLA_POLICY_MAX(NLA_U8, EQUIC_KEY_USE_SEAL),
	[EQUIC_A_KEY_LEVEL]	= NLA_POLICY_MAX(NLA_U8, EQUIC_LEVEL_ONE_RTT),
	[EQUIC_A_KEY_CIPHER]	=
		NLA_POLICY_MAX(NLA_U8, EQUIC_CIPHER_CHACHA20_POLY1305),
	[EQUIC_A_KEY_EPOCH]	= { .type = NLA_U32 },
	[EQUIC_A_KEY_PN]	= { .type = NLA_UINT },
	[EQUIC_A_KEY_PACKETS_MAX] = { .type = NLA_UINT },
	[EQUIC_A_KEY_FAILURES_MAX] = { .type = NLA_UINT },
	[EQUIC_A_KEY_KEY]	= { .type = NLA_BINARY },
	[EQUIC_A_KEY_IV]	= { .type = NLA_BINARY },
	[EQUIC_A_KEY_HEADER]	= { .type = NLA_BINARY },
};

const struct nla_policy equic_key_update_policy[EQUIC_A_KEY_IV + 1] = {
	[EQUIC_A_KEY_ID]	= NLA_POLICY_MIN(NLA_U32, 1),
	[EQUIC_A_KEY_EPOCH]	= { .type = NLA_U32 },
	[EQUIC_A_KEY_PN]	= { .type = NLA_UINT },
	[EQUIC_A_KEY_KEY]	= { .type = NLA_BINARY },
	[EQUIC_A_KEY_IV]	= { .type = NLA_BINARY },
};

const struct nla_policy equic_key_del_policy[EQUIC_A_KEY_ID + 1] = {
	[EQUIC_A_KEY_ID]	= NLA_POLICY_MIN(NLA_U32, 1),
};

const struct nla_policy equic_key_get_policy[1] = { };

static void wipe(struct nlattr *attr)
{
	if (attr)
		memzero_explicit(nla_data(attr), nla_len(attr));
}

static void wipe_secrets(struct genl_info *info)
{
	wipe(info->attrs[EQUIC_A_KEY_KEY]);
	wipe(info->attrs[EQUIC_A_KEY_IV]);
	/* An update has none, and no place for it. */
	if (info->genlhdr->cmd == EQUIC_CMD_KEY_ADD)
		wipe(info->attrs[EQUIC_A_KEY_HEADER]);
}

/* Of a request that nobody will look at. */
int equic_nl_pre_key(const struct genl_split_ops *ops, struct sk_buff *skb,
		     struct genl_info *info)
{
	int ret = equic_nl_pre_privileged(ops, skb, info);

	if (ret)
		wipe_secrets(info);
	return ret;
}

static int get_secret(const struct nlattr *attr, const char *what,
		      unsigned int len, u8 *secret,
		      struct netlink_ext_ack *extack)
{
	if (!attr) {
		NL_SET_ERR_MSG_FMT(extack, "the %s is missing", what);
		return -EINVAL;
	}
	if (nla_len(attr) != len) {
		NL_SET_ERR_MSG_ATTR_FMT(extack, attr,
					"the %s of this cipher has %u bytes",
					what, len);
		return -EINVAL;
	}
	memcpy(secret, nla_data(attr), len);
	return 0;
}

/* What KEY_ADD and KEY_UPDATE share: an epoch. */
static int get_epoch(struct nlattr **attrs, struct equic_key_params *params,
		     struct netlink_ext_ack *extack)
{
	unsigned int key_len = equic_ciphers[params->cipher].key_len;
	int ret;

	if (attrs[EQUIC_A_KEY_EPOCH])
		params->epoch = nla_get_u32(attrs[EQUIC_A_KEY_EPOCH]);
	if (params->epoch && params->level != EQUIC_LEVEL_ONE_RTT) {
		NL_SET_ERR_MSG_ATTR(extack, attrs[EQUIC_A_KEY_EPOCH],
				    "only 1-RTT keys have epochs");
		return -EINVAL;
	}
	if (attrs[EQUIC_A_KEY_PN])
		params->pn = nla_get_uint(attrs[EQUIC_A_KEY_PN]);
	if (params->pn >= EQUIC_PN_END) {
		NL_SET_ERR_MSG_ATTR(extack, attrs[EQUIC_A_KEY_PN],
				    "packet numbers end at 2^62-1");
		return -ERANGE;
	}
	ret = get_secret(attrs[EQUIC_A_KEY_KEY], "key", key_len, params->key,
			 extack);
	return ret ?: get_secret(attrs[EQUIC_A_KEY_IV], "IV", EQUIC_IV_LEN,
				 params->iv, extack);
}

static int get_limits(struct nlattr **attrs, struct equic_key_params *params,
		      struct netlink_ext_ack *extack)
{
	const struct equic_cipher_info *info = &equic_ciphers[params->cipher];

	params->packets_max = info->packets_max;
	params->failures_max = info->failures_max;
	if (attrs[EQUIC_A_KEY_PACKETS_MAX])
		params->packets_max =
			nla_get_uint(attrs[EQUIC_A_KEY_PACKETS_MAX]);
	if (attrs[EQUIC_A_KEY_FAILURES_MAX])
		params->failures_max =
			nla_get_uint(attrs[EQUIC_A_KEY_FAILURES_MAX]);
	if (!params->packets_max || params->packets_max > info->packets_max ||
	    !params->failures_max ||
	    params->failures_max > info->failures_max) {
		NL_SET_ERR_MSG(extack,
			       "a limit is from 1 to what RFC 9001, 6.6 allows the cipher");
		return -ERANGE;
	}
	return 0;
}

static int get_params(struct nlattr **attrs, struct equic_key_params *params,
		      struct netlink_ext_ack *extack)
{
	int ret;

	if (!attrs[EQUIC_A_KEY_USE] || !attrs[EQUIC_A_KEY_LEVEL] ||
	    !attrs[EQUIC_A_KEY_CIPHER]) {
		NL_SET_ERR_MSG(extack, "a key needs use, level and cipher");
		return -EINVAL;
	}
	params->use = nla_get_u8(attrs[EQUIC_A_KEY_USE]);
	params->level = nla_get_u8(attrs[EQUIC_A_KEY_LEVEL]);
	params->cipher = nla_get_u8(attrs[EQUIC_A_KEY_CIPHER]);
	ret = get_epoch(attrs, params, extack);
	ret = ret ?: get_limits(attrs, params, extack);
	return ret ?: get_secret(attrs[EQUIC_A_KEY_HEADER],
				 "header protection key",
				 equic_ciphers[params->cipher].key_len,
				 params->header, extack);
}

static int put_key_in_place(struct equic_net *en, const struct sk_buff *skb,
			    struct equic_key *key,
			    struct netlink_ext_ack *extack)
{
	struct equic_owner *owner;
	int ret;

	ret = equic_events_prepare(en);
	if (ret)
		return ret;
	owner = equic_owner_of_keys(en, skb);
	if (IS_ERR(owner))
		return PTR_ERR(owner);
	ret = equic_key_add(en, owner, key, extack);
	equic_owner_forget_idle(owner);
	return ret;
}

/* What there is to answer, made before there is something to tell. */
static struct sk_buff *answer_new(struct genl_info *info, void **hdr)
{
	struct sk_buff *answer = genlmsg_new(nla_total_size(sizeof(u32)),
					     GFP_KERNEL);

	if (!answer)
		return NULL;
	*hdr = genlmsg_put_reply(answer, info, &equic_genl_family, 0,
				 EQUIC_CMD_KEY_ADD);
	if (*hdr)
		return answer;
	nlmsg_free(answer);
	return NULL;
}

/* The key that nobody was told of. */
static void take_back(struct equic_net *en, const struct sk_buff *skb, u32 id)
{
	struct equic_owner *owner;
	struct equic_key *key;

	mutex_lock(&en->lock);
	owner = equic_owner_find(en, skb);
	key = equic_key_find_locked(en, id);
	if (owner && key && key->owner == owner) {
		equic_key_del(key);
		equic_owner_forget_idle(owner);
	}
	mutex_unlock(&en->lock);
}

static int add_key_of(struct sk_buff *skb, struct genl_info *info,
		      const struct equic_key_params *params)
{
	struct equic_net *en = equic_net(equic_nl_net(info));
	struct equic_key *key = equic_key_new(params, info->extack);
	struct sk_buff *answer;
	void *hdr;
	u32 id = 0;
	int ret;

	if (IS_ERR(key))
		return PTR_ERR(key);
	answer = answer_new(info, &hdr);
	mutex_lock(&en->lock);
	ret = answer ? put_key_in_place(en, skb, key, info->extack) : -ENOMEM;
	if (!ret)
		id = key->id;
	mutex_unlock(&en->lock);
	if (ret) {
		equic_key_destroy(key);
		nlmsg_free(answer);
		return ret;
	}
	/* There is room: it was made for this. */
	WARN_ON(nla_put_u32(answer, EQUIC_A_KEY_ID, id));
	genlmsg_end(answer, hdr);
	ret = genlmsg_reply(answer, info);
	if (ret)
		take_back(en, skb, id);
	return ret;
}

int equic_nl_key_add(struct sk_buff *skb, struct genl_info *info)
{
	struct equic_key_params params = { };
	int ret;

	ret = get_params(info->attrs, &params, info->extack);
	wipe_secrets(info);
	/* Softirqs may interrupt each other there: a CPU's request is no one's. */
	if (!ret && IS_ENABLED(CONFIG_PREEMPT_RT)) {
		NL_SET_ERR_MSG(info->extack,
			       "packet protection needs a kernel without PREEMPT_RT");
		ret = -EOPNOTSUPP;
	}
	ret = ret ?: add_key_of(skb, info, &params);
	memzero_explicit(&params, sizeof(params));
	return ret;
}

/* equic_net.lock. The key that the request names, if it is its sender's. */
static struct equic_key *get_key(struct equic_net *en,
				 const struct sk_buff *skb,
				 struct genl_info *info)
{
	const struct nlattr *attr = info->attrs[EQUIC_A_KEY_ID];
	struct equic_key *key;

	if (!attr) {
		NL_SET_ERR_MSG(info->extack, "the id of the key is missing");
		return ERR_PTR(-EINVAL);
	}
	key = equic_key_find_locked(en, nla_get_u32(attr));
	if (!key) {
		NL_SET_ERR_MSG_ATTR(info->extack, attr,
				    "no such key in this namespace");
		return ERR_PTR(-ENOENT);
	}
	if (key->owner != equic_owner_find(en, skb)) {
		NL_SET_ERR_MSG_ATTR(info->extack, attr,
				    "the key is another socket's");
		return ERR_PTR(-EACCES);
	}
	return key;
}

/* What an epoch needs to know of its key, which may go while it is made. */
static int get_shape(struct equic_net *en, const struct sk_buff *skb,
		     struct genl_info *info, struct equic_key_params *params)
{
	struct equic_key *key;

	mutex_lock(&en->lock);
	key = get_key(en, skb, info);
	if (!IS_ERR(key)) {
		params->use = key->use;
		params->level = key->level;
		params->cipher = key->cipher;
	}
	mutex_unlock(&en->lock);
	return PTR_ERR_OR_ZERO(key);
}

static int update_key(struct equic_net *en, const struct sk_buff *skb,
		      struct genl_info *info,
		      const struct equic_key_params *params)
{
	struct equic_epoch *epoch;
	struct equic_key *key;
	int ret;

	epoch = equic_epoch_new(params, info->extack);
	if (IS_ERR(epoch))
		return PTR_ERR(epoch);
	mutex_lock(&en->lock);
	/* Numbers are not used again: it is the same key, or none. */
	key = get_key(en, skb, info);
	ret = IS_ERR(key) ? PTR_ERR(key) :
			    equic_key_update(key, epoch, params->pn,
					     info->extack);
	mutex_unlock(&en->lock);
	if (ret)
		equic_epoch_destroy(epoch);
	return ret;
}

int equic_nl_key_update(struct sk_buff *skb, struct genl_info *info)
{
	struct equic_net *en = equic_net(equic_nl_net(info));
	struct equic_key_params params = { };
	int ret;

	ret = get_shape(en, skb, info, &params);
	if (!ret && GENL_REQ_ATTR_CHECK(info, EQUIC_A_KEY_EPOCH)) {
		NL_SET_ERR_MSG(info->extack, "the epoch is missing");
		ret = -EINVAL;
	}
	ret = ret ?: get_epoch(info->attrs, &params, info->extack);
	wipe_secrets(info);
	ret = ret ?: update_key(en, skb, info, &params);
	memzero_explicit(&params, sizeof(params));
	return ret;
}

int equic_nl_key_del(struct sk_buff *skb, struct genl_info *info)
{
	struct equic_net *en = equic_net(equic_nl_net(info));
	struct equic_owner *owner;
	struct equic_key *key;

	mutex_lock(&en->lock);
	key = get_key(en, skb, info);
	if (!IS_ERR(key)) {
		owner = key->owner;
		equic_key_del(key);
		equic_owner_forget_idle(owner);
	}
	mutex_unlock(&en->lock);
	return PTR_ERR_OR_ZERO(key);
}

static u64 epoch_packets(const struct equic_key *key, struct equic_epoch *epoch)
{
	return key->use == EQUIC_KEY_USE_SEAL ?
		equic_window_count(&epoch->window) :
		atomic64_read(&epoch->opened);
}

static int put_epoch(struct sk_buff *skb, const struct equic_key *key,
		     struct equic_epoch *epoch)
{
	struct nlattr *nest;

	if (!epoch)
		return 0;
	nest = nla_nest_start(skb, EQUIC_A_KEY_EPOCHS);
	if (!nest || nla_put_u32(skb, EQUIC_A_EPOCH_NUMBER, epoch->number) ||
	    nla_put_uint(skb, EQUIC_A_EPOCH_PACKETS,
			 epoch_packets(key, epoch)) ||
	    nla_put_uint(skb, EQUIC_A_EPOCH_FALLBACK,
			 atomic64_read(&epoch->aead.fallback)))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int put_epochs(struct sk_buff *skb, const struct equic_key *key)
{
	int ret;

	rcu_read_lock();
	ret = put_epoch(skb, key, rcu_dereference(key->previous)) ?:
	      put_epoch(skb, key, rcu_dereference(key->current_)) ?:
	      put_epoch(skb, key, rcu_dereference(key->next));
	rcu_read_unlock();
	return ret;
}

static int put_current(struct sk_buff *skb, const struct equic_key *key)
{
	const struct equic_epoch *epoch;
	const char *fallback;
	int ret = 0;

	rcu_read_lock();
	epoch = rcu_dereference(key->current_);
	fallback = equic_aead_fallback(&epoch->aead);
	if (nla_put_u32(skb, EQUIC_A_KEY_EPOCH, epoch->number) ||
	    nla_put_string(skb, EQUIC_A_KEY_DRIVER,
			   equic_aead_driver(&epoch->aead)) ||
	    (fallback && nla_put_string(skb, EQUIC_A_KEY_FALLBACK, fallback)))
		ret = -EMSGSIZE;
	rcu_read_unlock();
	return ret;
}

static int put_key(struct sk_buff *skb, const struct equic_key *key)
{
	if (nla_put_u32(skb, EQUIC_A_KEY_ID, key->id) ||
	    nla_put_u8(skb, EQUIC_A_KEY_USE, key->use) ||
	    nla_put_u8(skb, EQUIC_A_KEY_LEVEL, key->level) ||
	    nla_put_u8(skb, EQUIC_A_KEY_CIPHER, key->cipher) ||
	    nla_put_uint(skb, EQUIC_A_KEY_PACKETS_MAX, key->packets_max) ||
	    nla_put_uint(skb, EQUIC_A_KEY_FAILURES_MAX, key->failures_max) ||
	    nla_put_uint(skb, EQUIC_A_KEY_FAILURES,
			 atomic64_read(&key->failures)) ||
	    nla_put_u32(skb, EQUIC_A_KEY_OWNER, key->owner->portid) ||
	    nla_put_u32(skb, EQUIC_A_KEY_OWNER_PID, key->owner->pid))
		return -EMSGSIZE;
	if (key->use == EQUIC_KEY_USE_OPEN &&
	    nla_put_uint(skb, EQUIC_A_KEY_PN,
			 atomic64_read(&key->pn_expected)))
		return -EMSGSIZE;
	return put_current(skb, key) ?: put_epochs(skb, key);
}

int equic_nl_key_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct equic_net *en = equic_net(sock_net(skb->sk));
	const struct equic_key_table *table;
	const struct equic_key *key;
	u32 slot = cb->args[0];
	void *hdr;

	mutex_lock(&en->lock);
	table = rcu_dereference_protected(en->keys.table,
					  lockdep_is_held(&en->lock));
	for (; table && slot < table->size; slot++) {
		key = rcu_dereference_protected(table->slots[slot],
						lockdep_is_held(&en->lock));
		if (!key)
			continue;
		hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid,
				  cb->nlh->nlmsg_seq, &equic_genl_family,
				  NLM_F_MULTI, EQUIC_CMD_KEY_GET);
		if (!hdr)
			break;
		if (put_key(skb, key)) {
			genlmsg_cancel(skb, hdr);
			break;
		}
		genlmsg_end(skb, hdr);
	}
	mutex_unlock(&en->lock);
	cb->args[0] = slot;
	return skb->len;
}
