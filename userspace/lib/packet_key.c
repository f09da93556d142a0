// SPDX-License-Identifier: LGPL-2.1-or-later
/* Keys of packet protection: add, update, del, list. */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>

#include "attr.h"
#include "equic_packet_key.h"
#include "handle.h"

EQUIC_API size_t equic_cipher_key_len(unsigned int cipher)
{
	static const uint8_t lens[] = {
		[EQUIC_CIPHER_AES_128_GCM] = 16,
		[EQUIC_CIPHER_AES_256_GCM] = 32,
		[EQUIC_CIPHER_CHACHA20_POLY1305] = 32,
	};

	return cipher < sizeof(lens) ? lens[cipher] : 0;
}

static int put_u64(struct nl_msg *msg, int type, uint64_t value)
{
	return nla_put_u64(msg, type, value) ? -ENOMEM : 0;
}

static int put_bytes(struct nl_msg *msg, int type, const void *data, size_t len)
{
	return nla_put(msg, type, len, data) ? -ENOMEM : 0;
}

static int put_epoch(struct nl_msg *msg, const struct equic_packet_key *k)
{
	return attr_put_u32(msg, EQUIC_A_KEY_EPOCH, k->epoch) ?:
	       put_u64(msg, EQUIC_A_KEY_PN, k->pn) ?:
	       put_bytes(msg, EQUIC_A_KEY_KEY, k->key,
			 equic_cipher_key_len(k->cipher)) ?:
	       put_bytes(msg, EQUIC_A_KEY_IV, k->iv, sizeof(k->iv));
}

static int build_add(struct nl_msg *msg, const void *arg)
{
	const struct equic_packet_key *k = arg;
	int err;

	err = attr_put_u8(msg, EQUIC_A_KEY_USE, k->use) ?:
	      attr_put_u8(msg, EQUIC_A_KEY_LEVEL, k->level) ?:
	      attr_put_u8(msg, EQUIC_A_KEY_CIPHER, k->cipher) ?:
	      put_epoch(msg, k) ?:
	      put_bytes(msg, EQUIC_A_KEY_HEADER, k->header,
			equic_cipher_key_len(k->cipher));
	if (!err && k->packets_max)
		err = put_u64(msg, EQUIC_A_KEY_PACKETS_MAX, k->packets_max);
	if (!err && k->failures_max)
		err = put_u64(msg, EQUIC_A_KEY_FAILURES_MAX, k->failures_max);
	return err;
}

static int build_update(struct nl_msg *msg, const void *arg)
{
	const struct equic_packet_key *k = arg;

	return attr_put_u32(msg, EQUIC_A_KEY_ID, k->id) ?: put_epoch(msg, k);
}

static int build_del(struct nl_msg *msg, const void *arg)
{
	return attr_put_u32(msg, EQUIC_A_KEY_ID, *(const uint32_t *)arg);
}

/*
 * The socket that keys belong to: one of their own, for nothing to close it; or
 * the one that we were given, beside which we may have no right to another.
 */
static struct channel *keys_channel(struct equic *eq)
{
	return eq->management.adopted ? &eq->management : &eq->keys;
}

static int read_id(struct nlmsghdr *nlh, void *arg)
{
	struct nlattr *tb[EQUIC_A_KEY_MAX + 1];
	int err;

	err = attr_parse(nlh, tb, EQUIC_A_KEY_MAX);
	if (!err)
		*(uint32_t *)arg = attr_u32(tb[EQUIC_A_KEY_ID]);
	return err;
}

/*
 * Also of a struct from a later header. An earlier one never ended before its
 * secrets. Those in the copy are wiped.
 */
static int key_change(struct equic *eq, const struct equic_packet_key *key,
		      struct request *req)
{
	const size_t least = offsetof(struct equic_packet_key, epochs);

	struct equic_packet_key k;
	int err;

	err = handle_enter(eq);
	if (err)
		return err;
	if (!key)
		err = handle_fail(eq, -EINVAL, "no key");
	else if (key->size < least)
		err = handle_fail(eq, -EINVAL,
				  "the size of the key is not set: EQUIC_INIT()");
	else
		err = struct_in(eq, &k, sizeof(k), key);
	if (!err && !equic_cipher_key_len(k.cipher))
		err = handle_fail(eq, -EINVAL,
				  "a cipher that this libequic does not know");
	if (!err) {
		req->on = keys_channel(eq);
		req->secret = true;
		req->build_arg = &k;
		err = channel_request(eq, req);
	}
	explicit_bzero(&k, sizeof(k));
	return handle_leave(eq, err);
}

EQUIC_API int equic_packet_key_add(struct equic *eq,
				   struct equic_packet_key *key)
{
	uint32_t id = 0;
	struct request req = {
		.cmd = EQUIC_CMD_KEY_ADD, .build = build_add, .each = read_id,
		.each_arg = &id,
	};
	int err;

	err = key_change(eq, key, &req);
	if (!err)
		key->id = id;
	return err;
}

EQUIC_API int equic_packet_key_update(struct equic *eq,
				      const struct equic_packet_key *key)
{
	struct request req = {
		.cmd = EQUIC_CMD_KEY_UPDATE, .build = build_update,
	};

	return key_change(eq, key, &req);
}

EQUIC_API int equic_packet_key_del(struct equic *eq, uint32_t id)
{
	struct request req = {
		.cmd = EQUIC_CMD_KEY_DEL, .build = build_del, .build_arg = &id,
	};
	int err;

	err = handle_enter(eq);
	if (err)
		return err;
	req.on = keys_channel(eq);
	err = channel_request(eq, &req);
	return handle_leave(eq, err);
}

struct listing {
	int (*each)(const struct equic_packet_key *key, void *user);
	void *user;
};

static void read_epoch(struct nlattr *nest, struct equic_packet_key *k)
{
	struct nlattr *tb[EQUIC_A_EPOCH_MAX + 1];
	struct equic_epoch *epoch = &k->epochs[k->epochs_len];

	if (k->epochs_len == EQUIC_EPOCHS_MAX ||
	    nla_parse_nested(tb, EQUIC_A_EPOCH_MAX, nest, NULL))
		return;
	k->epochs_len++;
	epoch->number = attr_u32(tb[EQUIC_A_EPOCH_NUMBER]);
	epoch->packets = attr_uint(tb[EQUIC_A_EPOCH_PACKETS]);
	epoch->fallback = attr_uint(tb[EQUIC_A_EPOCH_FALLBACK]);
}

/* The one attribute that repeats. */
static void read_epochs(struct nlmsghdr *nlh, struct equic_packet_key *k)
{
	struct nlattr *nla;
	int left = genlmsg_attrlen(genlmsg_hdr(nlh), 0);

	for (nla = genlmsg_attrdata(genlmsg_hdr(nlh), 0); nla_ok(nla, left);
	     nla = nla_next(nla, &left))
		if (nla_type(nla) == EQUIC_A_KEY_EPOCHS)
			read_epoch(nla, k);
}

static void read_text(const struct nlattr *nla, char *text, size_t size)
{
	if (nla)
		nla_strlcpy(text, nla, size);
}

static int read_key(struct nlmsghdr *nlh, void *arg)
{
	struct nlattr *tb[EQUIC_A_KEY_MAX + 1];
	struct equic_packet_key k = EQUIC_INIT(k);
	struct listing *l = arg;
	int err;

	err = attr_parse(nlh, tb, EQUIC_A_KEY_MAX);
	if (err)
		return err;
	k.id = attr_u32(tb[EQUIC_A_KEY_ID]);
	k.use = attr_u8(tb[EQUIC_A_KEY_USE]);
	k.level = attr_u8(tb[EQUIC_A_KEY_LEVEL]);
	k.cipher = attr_u8(tb[EQUIC_A_KEY_CIPHER]);
	k.epoch = attr_u32(tb[EQUIC_A_KEY_EPOCH]);
	k.pn = attr_uint(tb[EQUIC_A_KEY_PN]);
	k.packets_max = attr_uint(tb[EQUIC_A_KEY_PACKETS_MAX]);
	k.failures_max = attr_uint(tb[EQUIC_A_KEY_FAILURES_MAX]);
	k.failures = attr_uint(tb[EQUIC_A_KEY_FAILURES]);
	k.owner = attr_u32(tb[EQUIC_A_KEY_OWNER]);
	k.owner_pid = attr_u32(tb[EQUIC_A_KEY_OWNER_PID]);
	read_text(tb[EQUIC_A_KEY_DRIVER], k.driver, sizeof(k.driver));
	read_text(tb[EQUIC_A_KEY_FALLBACK], k.fallback, sizeof(k.fallback));
	read_epochs(nlh, &k);
	return l->each(&k, l->user);
}

EQUIC_API int equic_packet_key_list(struct equic *eq,
				    int (*each)(const struct equic_packet_key *key,
						void *user), void *user)
{
	struct listing l = { .each = each, .user = user };
	struct request req = {
		.cmd = EQUIC_CMD_KEY_GET, .dump = true, .each = read_key,
		.each_arg = &l,
	};
	int ret;

	ret = handle_enter(eq);
	if (ret)
		return ret;
	ret = each ? channel_request(eq, &req) :
	      handle_fail(eq, -EINVAL, "no callback");
	return handle_leave(eq, ret);
}
