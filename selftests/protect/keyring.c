// SPDX-License-Identifier: GPL-2.0-only
/* See keyring.h. */
#include "keyring.h"
#include "ktap.h"

static void put_epoch(struct nlm *m, const struct key *key)
{
	nlm_put_u32(m, EQUIC_A_KEY_EPOCH, key->epoch);
	nlm_put(m, EQUIC_A_KEY_PN, &key->pn, sizeof(key->pn));
	nlm_put(m, EQUIC_A_KEY_KEY, key->key, key_len(key->cipher));
	nlm_put(m, EQUIC_A_KEY_IV, key->iv, sizeof(key->iv));
}

int keyring_add(struct nl *nl, const struct key *key, __u8 use)
{
	const struct nlattr *attrs[EQUIC_A_KEY_MAX + 1];
	struct nlm m, reply;
	int err;

	nlm_begin(&m, EQUIC_CMD_KEY_ADD, 0);
	nlm_put_u8(&m, EQUIC_A_KEY_USE, use);
	nlm_put_u8(&m, EQUIC_A_KEY_LEVEL, key->level);
	nlm_put_u8(&m, EQUIC_A_KEY_CIPHER, key->cipher);
	put_epoch(&m, key);
	nlm_put(&m, EQUIC_A_KEY_HEADER, key->header, key_len(key->cipher));
	if (key->packets_max)
		nlm_put(&m, EQUIC_A_KEY_PACKETS_MAX, &key->packets_max, 8);
	if (key->failures_max)
		nlm_put(&m, EQUIC_A_KEY_FAILURES_MAX, &key->failures_max, 8);
	err = nl_do(nl, &m, &reply);
	if (err)
		return err;
	nla_table(attrs, EQUIC_A_KEY_MAX, nlm_attrs(&reply),
		  nlm_attrs_len(&reply));
	return nla_number(attrs[EQUIC_A_KEY_ID]);
}

int keyring_update(struct nl *nl, __u32 id, const struct key *key)
{
	struct nlm m;

	nlm_begin(&m, EQUIC_CMD_KEY_UPDATE, 0);
	nlm_put_u32(&m, EQUIC_A_KEY_ID, id);
	put_epoch(&m, key);
	return nl_do(nl, &m, NULL);
}

int keyring_del(struct nl *nl, __u32 id)
{
	struct nlm m;

	nlm_begin(&m, EQUIC_CMD_KEY_DEL, 0);
	nlm_put_u32(&m, EQUIC_A_KEY_ID, id);
	return nl_do(nl, &m, NULL);
}

static void dump(struct nl *nl, void (*each)(const struct nlattr *attrs,
					     size_t len, void *arg), void *arg)
{
	struct nlm m;

	nlm_begin(&m, EQUIC_CMD_KEY_GET, 0);
	if (nl_dump(nl, &m, each, arg))
		ktap_bail("keys: %s", nl->words);
}

static void count(const struct nlattr *attrs, size_t len, void *arg)
{
	(void)attrs;
	(void)len;
	++*(int *)arg;
}

int keyring_count(struct nl *nl)
{
	int n = 0;

	dump(nl, count, &n);
	return n;
}

struct wanted {
	__u32	id, epoch;
	bool	found;
	__u64	packets;
};

static void find_epoch(const struct nlattr *attrs, size_t len, void *arg)
{
	const struct nlattr *key[EQUIC_A_KEY_MAX + 1], *nest;
	const struct nlattr *epoch[EQUIC_A_EPOCH_MAX + 1];
	struct wanted *wanted = arg;

	nla_table(key, EQUIC_A_KEY_MAX, attrs, len);
	if (nla_number(key[EQUIC_A_KEY_ID]) != wanted->id)
		return;
	nla_each(nest, attrs, len) {
		if ((nest->nla_type & NLA_TYPE_MASK) != EQUIC_A_KEY_EPOCHS)
			continue;
		nla_table(epoch, EQUIC_A_EPOCH_MAX, nla_bytes(nest),
			  nla_bytes_len(nest));
		if (nla_number(epoch[EQUIC_A_EPOCH_NUMBER]) != wanted->epoch)
			continue;
		wanted->found = true;
		wanted->packets = nla_number(epoch[EQUIC_A_EPOCH_PACKETS]);
	}
}

__u64 keyring_packets(struct nl *nl, __u32 id, __u32 epoch)
{
	struct wanted wanted = { .id = id, .epoch = epoch };

	dump(nl, find_epoch, &wanted);
	if (!wanted.found)
		ktap_bail("key %u has no epoch %u", id, epoch);
	return wanted.packets;
}
