// SPDX-License-Identifier: GPL-2.0-only
/* equic client show */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "counters.h"
#include "parse_addr.h"
#include "parse_number.h"
#include "print.h"
#include "tool.h"

/* What a list can be sorted by; the largest first. */
static uint64_t by_open(const struct equic_client *c)
{
	return c->open;
}

static uint64_t by_pending(const struct equic_client *c)
{
	return c->pending;
}

static uint64_t by_passed_packets(const struct equic_client *c)
{
	return c->stats.passed_packets;
}

static uint64_t by_passed_bytes(const struct equic_client *c)
{
	return c->stats.passed_bytes;
}

static uint64_t by_dropped_packets(const struct equic_client *c)
{
	return c->stats.dropped_packets;
}

static uint64_t by_dropped_bytes(const struct equic_client *c)
{
	return c->stats.dropped_bytes;
}

static uint64_t by_would_drop_packets(const struct equic_client *c)
{
	return c->stats.would_drop_packets;
}

static const struct {
	const char *name;
	uint64_t (*value)(const struct equic_client *client);
} fields[] = {
	{ "open", by_open },
	{ "pending", by_pending },
	{ "passed_packets", by_passed_packets },
	{ "passed_bytes", by_passed_bytes },
	{ "dropped_packets", by_dropped_packets },
	{ "dropped_bytes", by_dropped_bytes },
	{ "would_drop_packets", by_would_drop_packets },
};

#define N_FIELDS (sizeof(fields) / sizeof(fields[0]))

/**
 * struct listing - one "client show"
 * @filter: what the kernel is asked for
 * @address: only the clients that this address belongs to; AF_UNSPEC: all
 * @sort: index of fields[] + 1, 0: in the table's order
 * @limit: how many to show
 * @shown: how many were
 * @table: where they go without -j
 * @sorted: kept back until all are known
 * @n_sorted: how many
 * @max_sorted: how many there is room for
 */
struct listing {
	struct equic_filter filter;
	struct equic_addr address;
	unsigned int sort;
	uint32_t limit;
	uint32_t shown;
	struct table *table;
	struct equic_client *sorted;
	size_t n_sorted;
	size_t max_sorted;
};

static void show_json(const struct equic_client *c)
{
	struct json_object *object = json_object_new_object();
	char text[EQUIC_ADDR_TEXT];

	json_add_string(object, "client",
			equic_prefix_format(&c->prefix, text, sizeof(text)));
	json_add_string(object, "service", format_key(&c->service, text));
	json_add_count(object, "open", c->open);
	json_add_count(object, "pending", c->pending);
	json_add_bool(object, "over", c->over);
	json_add_counters(object, &c->stats);
	json_element(object);
}

static void show_row(struct table *t, const struct equic_client *c)
{
	char count[COUNT_TEXT_LEN];

	equic_prefix_format(&c->prefix, table_cell(t, 0), EQUIC_ADDR_TEXT);
	equic_key_format(&c->service, table_cell(t, 1), EQUIC_ADDR_TEXT);
	snprintf(table_cell(t, 2), TABLE_CELL, "%u", c->open);
	snprintf(table_cell(t, 3), TABLE_CELL, "%u", c->pending);
	snprintf(table_cell(t, 4), TABLE_CELL, "%s",
		 format_count(c->stats.passed_packets, count));
	snprintf(table_cell(t, 5), TABLE_CELL, "%s",
		 format_bytes(c->stats.passed_bytes, count));
	snprintf(table_cell(t, 6), TABLE_CELL, "%s",
		 format_count(c->stats.dropped_packets, count));
	snprintf(table_cell(t, 7), TABLE_CELL, "%s",
		 format_bytes(c->stats.dropped_bytes, count));
	snprintf(table_cell(t, 8), TABLE_CELL, "%s",
		 format_count(c->stats.would_drop_packets, count));
	snprintf(table_cell(t, 9), TABLE_CELL, "%s", c->over ? "over" : "");
	table_row(t);
}

static bool is_wanted(const struct listing *list, const struct equic_client *c)
{
	return list->address.family == AF_UNSPEC ||
	       prefix_has(&c->prefix, &list->address);
}

/* Other than 0 ends the list: the limit is reached. */
static int show_one(const struct equic_client *c, void *user)
{
	struct listing *list = user;

	if (!is_wanted(list, c))
		return 0;
	if (list->shown == list->limit)
		return 1;
	list->shown++;
	if (tool.json)
		show_json(c);
	else
		show_row(list->table, c);
	return 0;
}

static int keep_one(const struct equic_client *c, void *user)
{
	struct listing *list = user;

	if (!is_wanted(list, c))
		return 0;
	if (list->n_sorted == list->max_sorted) {
		size_t max = list->max_sorted ? 2 * list->max_sorted : 256;
		void *grown = reallocarray(list->sorted, max, sizeof(*c));

		if (!grown)
			return -ENOMEM;
		list->sorted = grown;
		list->max_sorted = max;
	}
	list->sorted[list->n_sorted++] = *c;
	return 0;
}

static int compare(const void *a, const void *b, void *user)
{
	const struct listing *list = user;
	uint64_t va = fields[list->sort - 1].value(a);
	uint64_t vb = fields[list->sort - 1].value(b);

	return va < vb ? 1 : va > vb ? -1 : 0;
}

static void show_sorted(struct listing *list)
{
	size_t i;

	qsort_r(list->sorted, list->n_sorted, sizeof(*list->sorted), compare,
		list);
	for (i = 0; i < list->n_sorted; i++)
		if (show_one(&list->sorted[i], list))
			break;
	free(list->sorted);
}

static int parse_sort(struct args *args, unsigned int *sort)
{
	const char *name = args_value(args, "sort", "a field");
	char list[160];
	size_t len = 0;
	unsigned int i;

	if (!name)
		return TOOL_USAGE;
	for (i = 0; i < N_FIELDS; i++) {
		if (!strcmp(fields[i].name, name)) {
			*sort = i + 1;
			return TOOL_OK;
		}
		len += snprintf(list + len, sizeof(list) - len, "%s%s",
				i ? ", " : "", fields[i].name);
	}
	return usage_error("sort \"%s\": no such field: one of %s", name, list);
}

static int parse_limit(struct args *args, uint32_t *limit)
{
	const char *text = args_value(args, "limit", "a number");

	if (!text)
		return TOOL_USAGE;
	return parse_ranged("limit", text, 1, UINT32_MAX,
			    "how many clients to show", limit);
}

static int parse_filter(struct args *args, struct listing *list)
{
	char why[WHY_LEN];
	const char *word;
	int ret = TOOL_OK;

	while (ret == TOOL_OK && args_peek(args)) {
		if (args_take(args, "service")) {
			ret = args_key(args, "service", &list->filter.service);
		} else if (args_take(args, "over")) {
			list->filter.over = true;
		} else if (args_take(args, "sort")) {
			ret = parse_sort(args, &list->sort);
		} else if (args_take(args, "limit")) {
			ret = parse_limit(args, &list->limit);
		} else {
			word = args_next(args);
			if (parse_prefix(word, &list->filter.client, why))
				ret = usage_error("%s", why);
		}
	}
	/* The kernel takes a prefix: the client of an address may be wider. */
	if (prefix_is_address(&list->filter.client)) {
		list->address = list->filter.client.addr;
		memset(&list->filter.client, 0, sizeof(list->filter.client));
	}
	return ret;
}

static int client_show(struct args *args)
{
	static const char *const heads[] = {
		"CLIENT", "SERVICE", "OPEN", "PENDING", "PASSED", "BYTES",
		"DROPPED", "BYTES", "WOULD-DROP", "STATE", NULL
	};
	struct listing list = {
		.filter = EQUIC_INIT(list.filter),
		.limit = UINT32_MAX,
	};
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
		list.table = table_new(heads, 0x1fc);
	err = equic_client_list(eq, &list.filter,
				list.sort ? keep_one : show_one, &list);
	if (list.sort)
		show_sorted(&list);
	if (list.table)
		table_end(list.table, err < 0);
	json_end();
	if (err < 0)
		ret = refused_by(eq, err, NULL, "listing clients");
	equic_close(eq);
	return ret;
}

int cmd_client(struct args *args)
{
	static const struct command commands[] = {
		{ "show", client_show },
		{ "set", NULL },
		{ "del", NULL },
		{ NULL, NULL },
	};

	return command_run(commands, NULL, args);
}
