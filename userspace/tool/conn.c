// SPDX-License-Identifier: GPL-2.0-only
/* equic conn show */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "parse_addr.h"
#include "print.h"
#include "tool.h"

#define CID_TEXT_LEN (2 * EQUIC_CID_MAX_LEN + 1)

static const char *format_cid(const struct equic_cid *cid,
			      char buf[CID_TEXT_LEN])
{
	unsigned int i;

	buf[0] = '\0';
	for (i = 0; i < cid->len; i++)
		sprintf(buf + 2 * i, "%02x", cid->data[i]);
	return buf;
}

static const char *state_name(const struct equic_conn *c)
{
	const char *name = equic_conn_state_name(c->state);

	return name ? name : "unknown";
}

static void json_add_cid(struct json_object *object, const char *name,
			 bool known, const struct equic_cid *cid)
{
	char text[CID_TEXT_LEN];

	if (known)
		json_add_string(object, name, format_cid(cid, text));
	else
		json_add_null(object, name);
}

static void json_add_endpoint(struct json_object *object, const char *name,
			      const struct equic_addr *addr, uint16_t port)
{
	char text[EQUIC_ADDR_TEXT];

	if (addr->family == AF_UNSPEC)
		json_add_null(object, name);
	else
		json_add_string(object, name,
				format_endpoint(addr, port, text));
}

static void show_json(const struct equic_conn *c)
{
	struct json_object *object = json_object_new_object();
	struct json_object *cids = json_object_new_array();
	char text[EQUIC_ADDR_TEXT], cid[CID_TEXT_LEN];
	unsigned int i;

	json_add_string(object, "service", format_key(&c->service, text));
	json_add_string(object, "client",
			equic_prefix_format(&c->client, text, sizeof(text)));
	json_add_string(object, "state", state_name(c));
	json_add_count(object, "id", c->id);
	json_add_endpoint(object, "peer", &c->peer, c->peer_port);
	json_add_endpoint(object, "local", &c->local, 0);
	json_add_cid(object, "odcid", c->has_odcid, &c->odcid);
	json_add_cid(object, "scid", c->has_scid, &c->scid);
	for (i = 0; i < c->cids_len; i++) {
		format_cid(&c->cids[i], cid);
		json_object_array_add(cids, json_object_new_string(cid));
	}
	json_object_object_add(object, "cids", cids);
	json_add_bool(object, "over", c->over);
	json_add_count(object, "age_ms", c->age_ms);
	json_add_count(object, "owner", c->owner);
	json_add_count(object, "owner_pid", c->owner_pid);
	json_element(object);
}

static void show_row(struct table *t, const struct equic_conn *c)
{
	char text[CID_TEXT_LEN];

	snprintf(table_cell(t, 0), TABLE_CELL, "%s%s", state_name(c),
		 c->over ? ",over" : "");
	equic_prefix_format(&c->client, table_cell(t, 1), EQUIC_ADDR_TEXT);
	format_endpoint(&c->peer, c->peer_port, table_cell(t, 2));
	equic_key_format(&c->service, table_cell(t, 3), EQUIC_ADDR_TEXT);
	snprintf(table_cell(t, 4), TABLE_CELL, "%s",
		 c->has_odcid ? format_cid(&c->odcid, text) : "-");
	snprintf(table_cell(t, 5), TABLE_CELL, "%s",
		 c->has_scid ? format_cid(&c->scid, text) : "-");
	snprintf(table_cell(t, 6), TABLE_CELL, "%" PRIu64 ".%03us",
		 c->age_ms / 1000, (unsigned int)(c->age_ms % 1000));
	if (c->owner_pid)
		snprintf(table_cell(t, 7), TABLE_CELL, "%u", c->owner_pid);
	else
		snprintf(table_cell(t, 7), TABLE_CELL, "-");
	if (c->id)
		snprintf(table_cell(t, 8), TABLE_CELL, "%u", c->id);
	else
		snprintf(table_cell(t, 8), TABLE_CELL, "-");
	table_row(t);
}

/**
 * struct listing - one "conn show"
 * @filter: what the kernel is asked for
 * @address: only of the clients that this address belongs to; AF_UNSPEC: all
 * @table: where they go without -j
 */
struct listing {
	struct equic_filter filter;
	struct equic_addr address;
	struct table *table;
};

static int show_one(const struct equic_conn *c, void *user)
{
	struct listing *list = user;

	if (list->address.family != AF_UNSPEC &&
	    !prefix_has(&c->client, &list->address))
		return 0;
	if (tool.json)
		show_json(c);
	else
		show_row(list->table, c);
	return 0;
}

static int parse_filter(struct args *args, struct listing *list)
{
	struct equic_filter *filter = &list->filter;
	char why[WHY_LEN];
	const char *text;
	int ret = TOOL_OK;

	while (ret == TOOL_OK && args_peek(args)) {
		if (args_take(args, "service")) {
			ret = args_key(args, "service", &filter->service);
		} else if (args_take(args, "client")) {
			text = args_value(args, "client", "PREFIX");
			if (!text)
				ret = TOOL_USAGE;
			else if (parse_prefix(text, &filter->client, why))
				ret = usage_error("%s", why);
		} else {
			ret = args_end(args);
		}
	}
	/* The kernel takes a prefix: the client of an address may be wider. */
	if (prefix_is_address(&filter->client)) {
		list->address = filter->client.addr;
		memset(&filter->client, 0, sizeof(filter->client));
	}
	return ret;
}

static int conn_show(struct args *args)
{
	static const char *const heads[] = {
		"STATE", "CLIENT", "PEER", "SERVICE", "ODCID", "SCID", "AGE",
		"PID", "ID", NULL
	};
	struct listing list = { .filter = EQUIC_INIT(list.filter) };
	struct equic *eq;
	int err, ret;

	ret = parse_filter(args, &list);
	if (ret)
		return ret;
	eq = tool_open();
	if (!eq)
		return TOOL_REFUSED;
	json_begin();
	if (!tool.json)
		list.table = table_new(heads, 0x1c0);
	err = equic_conn_list(eq, &list.filter, show_one, &list);
	if (list.table)
		table_end(list.table, err);
	json_end();
	if (err)
		ret = refused_by(eq, err, NULL, "listing connections");
	equic_close(eq);
	return ret;
}

int cmd_conn(struct args *args)
{
	static const struct command commands[] = {
		{ "show", conn_show },
		{ NULL, NULL },
	};

	return command_run(commands, NULL, args);
}
