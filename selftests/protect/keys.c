// SPDX-License-Identifier: GPL-2.0-only
/* See keys.h. */
#include <netlink/netlink.h>
#include <netlink/genl/genl.h>
#include "control.h"
#include "keys.h"

static int on_id(struct nl_msg *msg, void *arg)
{
	struct nlattr *attrs[EQUIC_A_KEY_MAX + 1];

	if (!genlmsg_parse(nlmsg_hdr(msg), 0, attrs, EQUIC_A_KEY_MAX, NULL) &&
	    attrs[EQUIC_A_KEY_ID])
		*(int *)arg = nla_get_u32(attrs[EQUIC_A_KEY_ID]);
	return NL_OK;
}

static void put_epoch(struct nl_msg *msg, const struct key *key)
{
	nla_put_u32(msg, EQUIC_A_KEY_EPOCH, key->epoch);
	nla_put_u64(msg, EQUIC_A_KEY_PN, key->pn);
	nla_put(msg, EQUIC_A_KEY_KEY, key_len(key->cipher), key->key);
	nla_put(msg, EQUIC_A_KEY_IV, sizeof(key->iv), key->iv);
}

int key_add(const struct key *key, __u8 use)
{
	struct nl_msg *msg = control_message(EQUIC_CMD_KEY_ADD);
	int id = 0, err;

	nla_put_u8(msg, EQUIC_A_KEY_USE, use);
	nla_put_u8(msg, EQUIC_A_KEY_LEVEL, key->level);
	nla_put_u8(msg, EQUIC_A_KEY_CIPHER, key->cipher);
	put_epoch(msg, key);
	nla_put(msg, EQUIC_A_KEY_HEADER, key_len(key->cipher), key->header);
	if (key->packets_max)
		nla_put_u64(msg, EQUIC_A_KEY_PACKETS_MAX, key->packets_max);
	if (key->failures_max)
		nla_put_u64(msg, EQUIC_A_KEY_FAILURES_MAX, key->failures_max);
	err = control_request(msg, on_id, &id);
	return err ?: id;
}

int key_update(__u32 id, const struct key *key)
{
	struct nl_msg *msg = control_message(EQUIC_CMD_KEY_UPDATE);

	nla_put_u32(msg, EQUIC_A_KEY_ID, id);
	put_epoch(msg, key);
	return control_request(msg, NULL, NULL);
}

int key_del(__u32 id)
{
	struct nl_msg *msg = control_message(EQUIC_CMD_KEY_DEL);

	nla_put_u32(msg, EQUIC_A_KEY_ID, id);
	return control_request(msg, NULL, NULL);
}
