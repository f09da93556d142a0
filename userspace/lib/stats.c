// SPDX-License-Identifier: LGPL-2.1-or-later
/* Counters: read them, and what resets or suspends their causes. */
#define _GNU_SOURCE
#include <errno.h>

#include "addr.h"
#include "attr.h"
#include "handle.h"

/* A request about one service, or about all if there is no key. */
struct about {
	const struct equic_key *key;
	int key_attr;
	int number_attr;	/* 0: none */
	uint32_t number;
};

static int build_about(struct nl_msg *msg, const void *arg)
{
	const struct about *about = arg;
	int err = 0;

	if (about->key)
		err = attr_put_key_nested(msg, about->key_attr, about->key);
	if (!err && about->number_attr)
		err = attr_put_u32(msg, about->number_attr, about->number);
	return err;
}

static int request_about(struct equic *eq, struct request *req,
			 const struct about *about)
{
	int err;

	err = handle_enter(eq);
	if (err)
		return err;
	req->build = build_about;
	req->build_arg = about;
	if (about->key && !key_is_valid(about->key))
		err = handle_fail(eq, -EINVAL, "no service: a port is needed");
	else
		err = channel_request(eq, req);
	return handle_leave(eq, err);
}

static int read_stats(struct nlmsghdr *nlh, void *arg)
{
	struct nlattr *tb[EQUIC_A_STATS_MAX + 1];
	int err;

	err = attr_parse(nlh, tb, EQUIC_A_STATS_MAX);
	if (!err)
		attr_stats(tb, arg);
	return err;
}

EQUIC_API int equic_stats_get(struct equic *eq, const struct equic_key *key,
			      struct equic_stats *stats)
{
	struct about about = { .key = key, .key_attr = EQUIC_A_STATS_SERVICE };
	struct request req = {
		.cmd = EQUIC_CMD_STATS_GET, .each = read_stats,
		.each_arg = stats,
	};

	return stats ? request_about(eq, &req, &about) : -EINVAL;
}

EQUIC_API int equic_flush(struct equic *eq, const struct equic_key *key)
{
	struct about about = { .key = key, .key_attr = EQUIC_A_FLUSH_SERVICE };
	struct request req = { .cmd = EQUIC_CMD_FLUSH };

	return request_about(eq, &req, &about);
}

EQUIC_API int equic_bypass(struct equic *eq, const struct equic_key *key,
			   uint32_t for_ms)
{
	struct about about = {
		.key = key, .key_attr = EQUIC_A_BYPASS_SERVICE,
		.number_attr = EQUIC_A_BYPASS_FOR, .number = for_ms,
	};
	struct request req = { .cmd = EQUIC_CMD_BYPASS };

	return request_about(eq, &req, &about);
}
