// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests about keys: what is refused and in which words, whose a key is, what
 * ends it, what is told of it; and that nothing tells what it is made of.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/socket.h>
#include <unistd.h>
#include <linux/equic.h>
#include "ktap.h"
#include "module.h"
#include "netlink.h"
#include "secret.h"

enum {
	MAX_KEYS	= 4,
	GONE		= 0,	/* a size: the attribute is left out */
};

static struct nl nl, other;

/* One change to a request that would be granted. */
struct change {
	int	type;
	size_t	size;
	__u64	value;
};

static void put_secret(struct nlm *m, int type, size_t size,
		       const struct change *change)
{
	if (change && change->type == type)
		size = change->size;
	if (!change || change->type != type || size)
		nlm_put(m, type, secret_of(type), size);
}

static void put_number(struct nlm *m, int type, size_t size, __u64 value,
		       const struct change *change)
{
	if (change && change->type == type) {
		size = change->size;
		value = change->value;
	}
	if (size)
		nlm_put(m, type, &value, size);
}

/* AES-128-GCM for 1-RTT. */
static void build_add(struct nlm *m, __u8 use, const struct change *change)
{
	nlm_begin(m, EQUIC_CMD_KEY_ADD, 0);
	put_number(m, EQUIC_A_KEY_USE, 1, use, change);
	put_number(m, EQUIC_A_KEY_LEVEL, 1, EQUIC_LEVEL_ONE_RTT, change);
	put_number(m, EQUIC_A_KEY_CIPHER, 1, EQUIC_CIPHER_AES_128_GCM, change);
	put_number(m, EQUIC_A_KEY_EPOCH, GONE, 0, change);
	put_number(m, EQUIC_A_KEY_PN, GONE, 0, change);
	put_number(m, EQUIC_A_KEY_PACKETS_MAX, GONE, 0, change);
	put_number(m, EQUIC_A_KEY_FAILURES_MAX, GONE, 0, change);
	put_number(m, EQUIC_A_KEY_FAILURES, GONE, 0, change);
	put_secret(m, EQUIC_A_KEY_KEY, 16, change);
	put_secret(m, EQUIC_A_KEY_IV, 12, change);
	put_secret(m, EQUIC_A_KEY_HEADER, 16, change);
}

static void build_update(struct nlm *m, __u32 id, const struct change *change)
{
	nlm_begin(m, EQUIC_CMD_KEY_UPDATE, 0);
	put_number(m, EQUIC_A_KEY_ID, 4, id, change);
	put_number(m, EQUIC_A_KEY_EPOCH, 4, 1, change);
	put_number(m, EQUIC_A_KEY_PN, GONE, 0, change);
	put_secret(m, EQUIC_A_KEY_KEY, 16, change);
	put_secret(m, EQUIC_A_KEY_IV, 12, change);
}

/* The id, or -errno. */
static int add(struct nl *by, __u8 use)
{
	const struct nlattr *attrs[EQUIC_A_KEY_MAX + 1];
	struct nlm m, reply;
	int err;

	build_add(&m, use, NULL);
	err = nl_do(by, &m, &reply);
	if (err)
		return err;
	nla_table(attrs, EQUIC_A_KEY_MAX, nlm_attrs(&reply),
		  nlm_attrs_len(&reply));
	return nla_number(attrs[EQUIC_A_KEY_ID]);
}

static int update(struct nl *by, __u32 id)
{
	struct nlm m;

	build_update(&m, id, NULL);
	return nl_do(by, &m, NULL);
}

static int del(struct nl *by, __u32 id)
{
	struct nlm m;

	nlm_begin(&m, EQUIC_CMD_KEY_DEL, 0);
	nlm_put_u32(&m, EQUIC_A_KEY_ID, id);
	return nl_do(by, &m, NULL);
}

/* What a dump told. */
struct dump {
	int	keys;
	__u32	id, owner;
	__u64	packets_max, failures_max;
	size_t	len;
	__u8	bytes[16384];
};

static void on_key(const struct nlattr *attrs, size_t len, void *arg)
{
	const struct nlattr *table[EQUIC_A_KEY_MAX + 1];
	struct dump *dump = arg;

	nla_table(table, EQUIC_A_KEY_MAX, attrs, len);
	dump->keys++;
	dump->id = nla_number(table[EQUIC_A_KEY_ID]);
	dump->owner = nla_number(table[EQUIC_A_KEY_OWNER]);
	dump->packets_max = nla_number(table[EQUIC_A_KEY_PACKETS_MAX]);
	dump->failures_max = nla_number(table[EQUIC_A_KEY_FAILURES_MAX]);
	if (dump->len + len <= sizeof(dump->bytes))
		memcpy(dump->bytes + dump->len, attrs, len);
	dump->len += len;
}

static const struct dump *keys(void)
{
	static struct dump dump;
	struct nlm m;

	memset(&dump, 0, sizeof(dump));
	nlm_begin(&m, EQUIC_CMD_KEY_GET, 0);
	if (nl_dump(&nl, &m, on_key, &dump))
		ktap_bail("dump: %s", nl.words);
	return &dump;
}

static const struct refusal {
	const char	*name;
	int		err;
	const char	*words;
	struct change	change;
} add_refusals[] = {
	{ "no use", EINVAL, "use, level and cipher",
	  { EQUIC_A_KEY_USE, GONE } },
	{ "no level", EINVAL, "use, level and cipher",
	  { EQUIC_A_KEY_LEVEL, GONE } },
	{ "no cipher", EINVAL, "use, level and cipher",
	  { EQUIC_A_KEY_CIPHER, GONE } },
	{ "use 2", ERANGE, "out of range", { EQUIC_A_KEY_USE, 1, 2 } },
	{ "level 4", ERANGE, "out of range", { EQUIC_A_KEY_LEVEL, 1, 4 } },
	{ "cipher 3", ERANGE, "out of range", { EQUIC_A_KEY_CIPHER, 1, 3 } },
	{ "no key", EINVAL, "the key is missing", { EQUIC_A_KEY_KEY, GONE } },
	{ "no IV", EINVAL, "the IV is missing", { EQUIC_A_KEY_IV, GONE } },
	{ "no header protection key", EINVAL,
	  "the header protection key is missing",
	  { EQUIC_A_KEY_HEADER, GONE } },
	{ "a key of 15 bytes", EINVAL, "the key of this cipher has 16 bytes",
	  { EQUIC_A_KEY_KEY, 15 } },
	{ "a key of 32 bytes for AES-128", EINVAL,
	  "the key of this cipher has 16 bytes", { EQUIC_A_KEY_KEY, 32 } },
	{ "a key of 16 bytes for AES-256", EINVAL,
	  "the key of this cipher has 32 bytes",
	  { EQUIC_A_KEY_CIPHER, 1, EQUIC_CIPHER_AES_256_GCM } },
	{ "a key of 16 bytes for ChaCha20", EINVAL,
	  "the key of this cipher has 32 bytes",
	  { EQUIC_A_KEY_CIPHER, 1, EQUIC_CIPHER_CHACHA20_POLY1305 } },
	{ "a key of 31 bytes", EINVAL, "the key of this cipher has 16 bytes",
	  { EQUIC_A_KEY_KEY, 31 } },
	{ "an IV of 11 bytes", EINVAL, "the IV of this cipher has 12 bytes",
	  { EQUIC_A_KEY_IV, 11 } },
	{ "a header protection key of 17 bytes", EINVAL,
	  "the header protection key of this cipher has 16 bytes",
	  { EQUIC_A_KEY_HEADER, 17 } },
	{ "packet number 2^62", ERANGE, "packet numbers end at 2^62-1",
	  { EQUIC_A_KEY_PN, 8, 1ULL << 62 } },
	{ "no packets at all", ERANGE, "RFC 9001, 6.6",
	  { EQUIC_A_KEY_PACKETS_MAX, 8, 0 } },
	{ "2^23+1 packets", ERANGE, "RFC 9001, 6.6",
	  { EQUIC_A_KEY_PACKETS_MAX, 8, (1 << 23) + 1 } },
	{ "2^52+1 failures", ERANGE, "RFC 9001, 6.6",
	  { EQUIC_A_KEY_FAILURES_MAX, 8, (1ULL << 52) + 1 } },
	{ "a read-only attribute", EINVAL, "Unknown attribute",
	  { EQUIC_A_KEY_FAILURES, 8, 1 } },
}, update_refusals[] = {
	{ "no id", EINVAL, "the id of the key is missing",
	  { EQUIC_A_KEY_ID, GONE } },
	{ "id 0", ERANGE, "out of range", { EQUIC_A_KEY_ID, 4, 0 } },
	{ "an unknown key", ENOENT, "no such key in this namespace",
	  { EQUIC_A_KEY_ID, 4, 4711 } },
	{ "no epoch", EINVAL, "the epoch is missing",
	  { EQUIC_A_KEY_EPOCH, GONE } },
	{ "the current epoch", EINVAL, "does not follow",
	  { EQUIC_A_KEY_EPOCH, 4, 0 } },
	{ "the epoch after the next", EINVAL, "does not follow",
	  { EQUIC_A_KEY_EPOCH, 4, 2 } },
	{ "a key of 32 bytes", EINVAL, "the key of this cipher has 16 bytes",
	  { EQUIC_A_KEY_KEY, 32 } },
	{ "no IV", EINVAL, "the IV is missing", { EQUIC_A_KEY_IV, GONE } },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void refused(const char *what, const struct refusal *r, struct nlm *m)
{
	int before = keys()->keys, err = nl_do(&nl, m, NULL);
	bool ok = err == -r->err && (!r->words || strstr(nl.words, r->words));

	if (!ok)
		ktap_diag("%d \"%s\", should be %d \"%s\"", err, nl.words,
			  -r->err, r->words ? r->words : "");
	ktap_result(ok && keys()->keys == before, "%s: %s", what, r->name);
}

static void test_refusals(void)
{
	int id = add(&nl, EQUIC_KEY_USE_OPEN);
	struct nlm m;
	size_t i;

	for (i = 0; i < COUNT(add_refusals); i++) {
		build_add(&m, EQUIC_KEY_USE_OPEN, &add_refusals[i].change);
		refused("key-add", &add_refusals[i], &m);
	}
	for (i = 0; i < COUNT(update_refusals); i++) {
		build_update(&m, id, &update_refusals[i].change);
		refused("key-update", &update_refusals[i], &m);
	}
	del(&nl, id);
}

static void test_limits_told(void)
{
	struct change one = { EQUIC_A_KEY_PACKETS_MAX, 8, 1000 };
	const struct dump *dump;
	struct nlm m;
	int id;

	id = add(&nl, EQUIC_KEY_USE_SEAL);
	dump = keys();
	ktap_result(dump->packets_max == 1 << 23 &&
		    dump->failures_max == 1ULL << 52,
		    "a key has the limits of RFC 9001, 6.6");
	del(&nl, id);
	build_add(&m, EQUIC_KEY_USE_SEAL, &one);
	nl_do(&nl, &m, NULL);
	dump = keys();
	ktap_result(dump->packets_max == 1000, "or smaller ones");
	del(&nl, dump->id);
}

static void test_owner(void)
{
	int id = add(&nl, EQUIC_KEY_USE_OPEN), theirs, i, err = 0;

	nl_open(&other);
	ktap_result(id > 0 && keys()->owner == nl.portid,
		    "a key is its socket's");
	ktap_result(update(&other, id) == -EACCES &&
		    strstr(other.words, "the key is another socket's"),
		    "another socket cannot update it: %s", other.words);
	ktap_result(del(&other, id) == -EACCES && keys()->keys == 1,
		    "nor take it away");
	theirs = add(&other, EQUIC_KEY_USE_SEAL);
	ktap_result(theirs > 0 && keys()->keys == 2, "it may have its own");
	nl_close(&other);
	ktap_result(keys()->keys == 1 && keys()->id == (__u32)id,
		    "which go when it is closed, and no others");
	nl_open_process(&other);
	for (i = 0; i < MAX_KEYS && !err; i++)
		err = add(&other, EQUIC_KEY_USE_OPEN) < 0 ? -1 : 0;
	ktap_result(i == MAX_KEYS && err && keys()->keys == MAX_KEYS &&
		    strstr(other.words, "raise max_keys"),
		    "there are no more than max_keys: %s", other.words);
	nl_close(&other);
	for (i = 0; i < 1000 && keys()->keys > 1; i++)
		usleep(10000);
	ktap_result(keys()->keys == 1, "SIGKILL releases a process' keys");
	ktap_result(!update(&nl, id) && !del(&nl, id) && !keys()->keys,
		    "the socket itself updates and takes back");
	ktap_result(del(&nl, id) == -ENOENT, "once");
}

/* An error's acknowledgement has the request in it. */
static bool answer_betrays(struct nlm *m)
{
	__u8 answer[8192];
	ssize_t len;

	m->hdr.nlmsg_len = m->len;
	m->hdr.nlmsg_seq = 0x5ec2e7;
	m->hdr.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	if (!secret_in(m->bytes, m->len))
		ktap_bail("the request has no secret in it");
	if (nl_send_raw(&nl, m->bytes, m->len))
		ktap_bail("send");
	len = recv(nl.fd, answer, sizeof(answer), 0);
	if (len < (ssize_t)(NLMSG_HDRLEN + sizeof(int)))
		ktap_bail("no answer");
	ktap_diag("an answer of %zd bytes, error %d", len,
		  *(int *)(answer + NLMSG_HDRLEN));
	return secret_in(answer, len);
}

static void test_secrets(void)
{
	struct change unknown = { EQUIC_A_KEY_EPOCH, 4, 7 };
	struct change none = { EQUIC_A_KEY_PACKETS_MAX, 8, 0 };
	struct nlm m;
	int id;

	id = add(&nl, EQUIC_KEY_USE_OPEN);
	update(&nl, id);
	ktap_result(keys()->keys == 1 && !secret_in(keys()->bytes, keys()->len),
		    "a dump does not tell what a key is made of");
	build_update(&m, id, &unknown);
	ktap_result(!answer_betrays(&m), "nor the answer to a refused update");
	build_add(&m, EQUIC_KEY_USE_OPEN, &none);
	ktap_result(!answer_betrays(&m), "nor to a refused key");
	ktap_result(!secret_in_output("cat /sys/kernel/equic/* /sys/module/equic/parameters/* 2>/dev/null"),
		    "nor sysfs");
	ktap_result(!secret_in_output("dmesg"), "nor the kernel's log");
	del(&nl, id);
}

int main(void)
{
	ktap_begin();
	module_load("max_keys=4");
	nl_open(&nl);
	test_refusals();
	test_limits_told();
	test_owner();
	test_secrets();
	nl_close(&nl);
	module_unload();
	return ktap_end();
}
