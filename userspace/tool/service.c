// SPDX-License-Identifier: GPL-2.0-only
/* equic service add | set | del | show */
#include <errno.h>
#include <stdio.h>

#include "counters.h"
#include "knob.h"
#include "parse_addr.h"
#include "print.h"
#include "service.h"
#include "tool.h"

#define REMEDY_LIST "\"equic service show\" lists those there are"

struct json_object *service_to_json(const struct equic_service *s,
				    const struct surroundings *around)
{
	struct json_object *object = json_object_new_object();
	char text[EQUIC_ADDR_TEXT];

	json_add_string(object, "service", format_key(&s->key, text));
	json_add_state(object, s, around);
	json_add_knobs(object, s);
	json_add_bypass(object, s->bypass_ms);
	json_add_count(object, "owners", s->owners);
	json_add_count(object, "clients", s->clients);
	json_add_count(object, "open", s->open);
	json_add_count(object, "pending", s->pending);
	json_add_counters(object, &s->stats);
	return object;
}

static int show_one(const struct equic_service *s, void *user)
{
	const struct surroundings *around = user;
	char text[EQUIC_ADDR_TEXT];

	if (tool.json) {
		json_element(service_to_json(s, around));
		return 0;
	}
	printf("%s ", format_key(&s->key, text));
	print_knobs(s);
	printf("    state ");
	print_state(s, around);
	printf("    owners %u clients %u open %u pending %u bypass ", s->owners,
	       s->clients, s->open, s->pending);
	print_bypass(s->bypass_ms);
	putchar('\n');
	print_counters(&s->stats, "    ");
	return 0;
}

static int show(struct equic *eq, const struct equic_key *key)
{
	struct equic_service service = EQUIC_INIT(service);
	struct surroundings around;
	char text[EQUIC_ADDR_TEXT];
	int err;

	err = surroundings_get(eq, &around);
	if (err)
		return refused_by(eq, err, NULL, "reading the state");
	json_begin();
	if (key) {
		err = equic_service_get(eq, key, &service);
		if (!err)
			show_one(&service, &around);
	} else {
		err = equic_service_list(eq, show_one, &around);
	}
	json_end();
	if (!err)
		return TOOL_OK;
	return refused_by(eq, err, err == -ENOENT ? REMEDY_LIST : NULL, "%s",
			  key ? format_key(key, text) : "listing services");
}

static int service_show(struct args *args)
{
	struct equic_key key;
	struct equic *eq;
	bool one = args_peek(args);
	int ret;

	if (one) {
		ret = args_key(args, "show", &key);
		ret = ret ? ret : args_end(args);
		if (ret)
			return ret;
	}
	eq = tool_open();
	if (!eq)
		return TOOL_REFUSED;
	ret = show(eq, one ? &key : NULL);
	equic_close(eq);
	return ret;
}

static int change(struct args *args, const char *verb,
		  int (*apply)(struct equic *eq,
			       const struct equic_service *service),
		  int expected, const char *remedy)
{
	struct equic_service service = EQUIC_INIT(service);
	char text[EQUIC_ADDR_TEXT];
	struct equic *eq;
	int err, ret;

	ret = args_key(args, verb, &service.key);
	ret = ret ? ret : parse_knobs(args, &service);
	if (ret)
		return ret;
	if (expected == -ENOENT && !service.knobs)
		return usage_error("%s: nothing to set: name a knob and its value",
				   format_key(&service.key, text));
	eq = tool_open();
	if (!eq)
		return TOOL_REFUSED;
	err = apply(eq, &service);
	if (err)
		ret = refused_by(eq, err, err == expected ? remedy : NULL, "%s",
				 format_key(&service.key, text));
	equic_close(eq);
	return ret;
}

static int service_add(struct args *args)
{
	return change(args, "add", equic_service_add, -EEXIST,
		      "\"equic service set\" changes its knobs");
}

static int service_set(struct args *args)
{
	return change(args, "set", equic_service_set, -ENOENT, REMEDY_LIST);
}

static int service_del(struct args *args)
{
	char text[EQUIC_ADDR_TEXT];
	struct equic_key key;
	struct equic *eq;
	int err, ret;

	ret = args_key(args, "del", &key);
	ret = ret ? ret : args_end(args);
	if (ret)
		return ret;
	eq = tool_open();
	if (!eq)
		return TOOL_REFUSED;
	err = equic_service_del(eq, &key);
	if (err)
		ret = refused_by(eq, err, err == -ENOENT ? REMEDY_LIST : NULL,
				 "%s", format_key(&key, text));
	equic_close(eq);
	return ret;
}

int cmd_service(struct args *args)
{
	static const struct command commands[] = {
		{ "add", service_add },
		{ "set", service_set },
		{ "del", service_del },
		{ "show", service_show },
		{ NULL, NULL },
	};

	return command_run(commands, NULL, args);
}
