// SPDX-License-Identifier: LGPL-2.1-or-later
/* Listing the kernel's tables of clients and of connections. */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>

#include "addr.h"
#include "attr.h"
#include "handle.h"

/* Which attributes say the same in both tables. */
struct table {
	enum equic_cmd cmd;
	int service;
	int addr4;
	int addr6;
	int prefix_len;
	int over;		/* 0: none */
};

static const struct table clients = {
	.cmd = EQUIC_CMD_CLIENT_GET,
	.service = EQUIC_A_CLIENT_SERVICE,
	.addr4 = EQUIC_A_CLIENT_ADDR4,
	.addr6 = EQUIC_A_CLIENT_ADDR6,
	.prefix_len = EQUIC_A_CLIENT_PREFIX_LEN,
	.over = EQUIC_A_CLIENT_OVER,
};

static const struct table conns = {
	.cmd = EQUIC_CMD_CONN_GET,
	.service = EQUIC_A_CONN_SERVICE,
	.addr4 = EQUIC_A_CONN_CLIENT4,
	.addr6 = EQUIC_A_CONN_CLIENT6,
	.prefix_len = EQUIC_A_CONN_CLIENT_PREFIX_LEN,
};

struct listing {
	const struct table *table;
	struct equic_filter filter;
	int (*each_client)(const struct equic_client *client, void *user);
	int (*each_conn)(const struct equic_conn *conn, void *user);
	void *user;
};

static int build_filter(struct nl_msg *msg, const void *arg)
{
	const struct listing *l = arg;
	const struct equic_filter *f = &l->filter;
	int err = 0;

	if (f->service.port)
		err = attr_put_key_nested(msg, l->table->service, &f->service);
	if (!err && f->client.addr.family != AF_UNSPEC)
		err = attr_put_addr(msg, l->table->addr4, l->table->addr6,
				    &f->client.addr) ?:
		      attr_put_u8(msg, l->table->prefix_len, f->client.len);
	if (!err && f->over && l->table->over)
		err = nla_put_flag(msg, l->table->over) ? -ENOMEM : 0;
	return err;
}

static int table_list(struct equic *eq, const struct equic_filter *filter,
		      struct listing *l,
		      int (*read)(struct nlmsghdr *nlh, void *arg))
{
	struct request req = {
		.cmd = l->table->cmd, .dump = true, .build = build_filter,
		.build_arg = l, .each = read, .each_arg = l,
	};
	int ret;

	ret = handle_enter(eq);
	if (ret)
		return ret;
	ret = struct_in(eq, &l->filter, sizeof(l->filter), filter);
	if (!ret && !prefix_is_valid(&l->filter.client))
		ret = handle_fail(eq, -EINVAL, "no valid client prefix");
	if (!ret && !l->each_client && !l->each_conn)
		ret = handle_fail(eq, -EINVAL, "no callback");
	if (!ret)
		ret = channel_request(eq, &req);
	/* Soft state: what is there throughout was listed. */
	if (ret == -EAGAIN)
		ret = 0;
	return handle_leave(eq, ret);
}

static int read_client(struct nlmsghdr *nlh, void *arg)
{
	struct nlattr *tb[EQUIC_A_CLIENT_MAX + 1];
	struct equic_client c = EQUIC_INIT(c);
	struct listing *l = arg;
	int err;

	err = attr_parse(nlh, tb, EQUIC_A_CLIENT_MAX);
	if (err)
		return err;
	attr_key(tb[EQUIC_A_CLIENT_SERVICE], &c.service);
	attr_addr(tb[EQUIC_A_CLIENT_ADDR4], tb[EQUIC_A_CLIENT_ADDR6],
		  &c.prefix.addr);
	c.prefix.len = attr_u8(tb[EQUIC_A_CLIENT_PREFIX_LEN]);
	c.open = attr_u32(tb[EQUIC_A_CLIENT_OPEN]);
	c.pending = attr_u32(tb[EQUIC_A_CLIENT_PENDING]);
	c.over = tb[EQUIC_A_CLIENT_OVER];
	attr_stats_nested(tb[EQUIC_A_CLIENT_STATS], &c.stats);
	return l->each_client(&c, l->user);
}

EQUIC_API int equic_client_list(struct equic *eq,
				const struct equic_filter *filter,
				int (*each)(const struct equic_client *client,
					    void *user), void *user)
{
	struct listing l = {
		.table = &clients, .each_client = each, .user = user,
	};
	struct equic_filter all = EQUIC_INIT(all);

	return table_list(eq, filter ?: &all, &l, read_client);
}

/* The one attribute that repeats. */
static void read_cids(struct nlmsghdr *nlh, struct equic_conn *c)
{
	struct nlattr *nla;
	int left = genlmsg_attrlen(genlmsg_hdr(nlh), 0);

	for (nla = genlmsg_attrdata(genlmsg_hdr(nlh), 0); nla_ok(nla, left);
	     nla = nla_next(nla, &left))
		if (nla_type(nla) == EQUIC_A_CONN_CID &&
		    c->cids_len < EQUIC_CONN_CIDS_MAX)
			attr_cid(nla, &c->cids[c->cids_len++]);
}

static int read_conn(struct nlmsghdr *nlh, void *arg)
{
	struct nlattr *tb[EQUIC_A_CONN_MAX + 1];
	struct equic_conn c = EQUIC_INIT(c);
	struct listing *l = arg;
	int err;

	err = attr_parse(nlh, tb, EQUIC_A_CONN_MAX);
	if (err)
		return err;
	attr_key(tb[EQUIC_A_CONN_SERVICE], &c.service);
	attr_addr(tb[EQUIC_A_CONN_CLIENT4], tb[EQUIC_A_CONN_CLIENT6],
		  &c.client.addr);
	c.client.len = attr_u8(tb[EQUIC_A_CONN_CLIENT_PREFIX_LEN]);
	c.id = attr_u32(tb[EQUIC_A_CONN_ID]);
	attr_addr(tb[EQUIC_A_CONN_PEER4], tb[EQUIC_A_CONN_PEER6], &c.peer);
	c.peer_port = attr_be16(tb[EQUIC_A_CONN_PEER_PORT]);
	attr_addr(tb[EQUIC_A_CONN_LOCAL4], tb[EQUIC_A_CONN_LOCAL6], &c.local);
	c.has_odcid = tb[EQUIC_A_CONN_ODCID];
	c.has_scid = tb[EQUIC_A_CONN_SCID];
	attr_cid(tb[EQUIC_A_CONN_ODCID], &c.odcid);
	attr_cid(tb[EQUIC_A_CONN_SCID], &c.scid);
	read_cids(nlh, &c);
	c.state = attr_u8(tb[EQUIC_A_CONN_STATE]);
	c.over = tb[EQUIC_A_CONN_OVER];
	c.age_ms = attr_uint(tb[EQUIC_A_CONN_AGE]);
	c.owner = attr_u32(tb[EQUIC_A_CONN_OWNER]);
	c.owner_pid = attr_u32(tb[EQUIC_A_CONN_OWNER_PID]);
	return l->each_conn(&c, l->user);
}

EQUIC_API int equic_conn_list(struct equic *eq, const struct equic_filter *filter,
			      int (*each)(const struct equic_conn *conn,
					  void *user), void *user)
{
	struct listing l = {
		.table = &conns, .each_conn = each, .user = user,
	};
	struct equic_filter all = EQUIC_INIT(all);

	return table_list(eq, filter ?: &all, &l, read_conn);
}
