// SPDX-License-Identifier: GPL-2.0-only
/* equic key show */
#include <inttypes.h>
#include <stdio.h>

#include <equic_packet_key.h>

#include "print.h"
#include "tool.h"

static const char *known(const char *name)
{
	return name ? name : "unknown";
}

static void show_json(const struct equic_packet_key *k)
{
	struct json_object *object = json_object_new_object();
	struct json_object *epochs = json_object_new_array();
	struct json_object *epoch;
	unsigned int i;

	json_add_count(object, "id", k->id);
	json_add_string(object, "use", known(equic_key_use_name(k->use)));
	json_add_string(object, "level", known(equic_level_name(k->level)));
	json_add_string(object, "cipher", known(equic_cipher_name(k->cipher)));
	json_add_count(object, "epoch", k->epoch);
	for (i = 0; i < k->epochs_len; i++) {
		epoch = json_object_new_object();
		json_add_count(epoch, "epoch", k->epochs[i].number);
		json_add_count(epoch, "packets", k->epochs[i].packets);
		json_add_count(epoch, "fallback", k->epochs[i].fallback);
		json_object_array_add(epochs, epoch);
	}
	json_object_object_add(object, "epochs", epochs);
	json_add_count(object, "packets_max", k->packets_max);
	json_add_count(object, "failures", k->failures);
	json_add_count(object, "failures_max", k->failures_max);
	if (k->use == EQUIC_KEY_USE_OPEN)
		json_add_count(object, "pn", k->pn);
	json_add_string(object, "driver", k->driver);
	if (k->fallback[0])
		json_add_string(object, "fallback", k->fallback);
	else
		json_add_null(object, "fallback");
	json_add_count(object, "owner", k->owner);
	json_add_count(object, "owner_pid", k->owner_pid);
	json_element(object);
}

/* Of all epochs that are there. */
static uint64_t packets(const struct equic_packet_key *k)
{
	uint64_t n = 0;
	unsigned int i;

	for (i = 0; i < k->epochs_len; i++)
		n += k->epochs[i].packets;
	return n;
}

/* A limit that nothing reaches says nothing. */
static void format_limit(char *cell, uint64_t limit)
{
	char text[COUNT_TEXT_LEN];

	snprintf(cell, TABLE_CELL, "%s", limit >> 61 ? "-" :
		 format_count(limit, text));
}

static void show_row(struct table *t, const struct equic_packet_key *k)
{
	char text[COUNT_TEXT_LEN];

	snprintf(table_cell(t, 0), TABLE_CELL, "%u", k->id);
	snprintf(table_cell(t, 1), TABLE_CELL, "%s",
		 known(equic_key_use_name(k->use)));
	snprintf(table_cell(t, 2), TABLE_CELL, "%s",
		 known(equic_level_name(k->level)));
	snprintf(table_cell(t, 3), TABLE_CELL, "%s",
		 known(equic_cipher_name(k->cipher)));
	snprintf(table_cell(t, 4), TABLE_CELL, "%u", k->epoch);
	snprintf(table_cell(t, 5), TABLE_CELL, "%s",
		 format_count(packets(k), text));
	format_limit(table_cell(t, 6), k->packets_max);
	snprintf(table_cell(t, 7), TABLE_CELL, "%s",
		 format_count(k->failures, text));
	format_limit(table_cell(t, 8), k->failures_max);
	snprintf(table_cell(t, 9), TABLE_CELL, "%u", k->owner_pid);
	table_row(t);
}

static int show_one(const struct equic_packet_key *k, void *user)
{
	if (tool.json)
		show_json(k);
	else
		show_row(user, k);
	return 0;
}

static int key_show(struct args *args)
{
	static const char *const heads[] = {
		"ID", "USE", "LEVEL", "CIPHER", "EPOCH", "PACKETS", "MAX",
		"FAILED", "MAX", "PID", NULL
	};
	struct table *t = NULL;
	struct equic *eq;
	int err, ret;

	ret = args_end(args);
	if (ret)
		return ret;
	eq = tool_open();
	if (!eq)
		return TOOL_REFUSED;
	json_begin();
	if (!tool.json)
		t = table_new(heads, 0x3f1);
	err = equic_packet_key_list(eq, show_one, t);
	if (t)
		table_end(t, err);
	json_end();
	if (err)
		ret = refused_by(eq, err, NULL, "listing keys");
	equic_close(eq);
	return ret;
}

int cmd_key(struct args *args)
{
	static const struct command commands[] = {
		{ "show", key_show },
		{ NULL, NULL },
	};

	return command_run(commands, NULL, args);
}
