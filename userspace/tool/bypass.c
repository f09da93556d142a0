// SPDX-License-Identifier: GPL-2.0-only
/* equic bypass on | off */
#include <errno.h>

#include "parse_addr.h"
#include "parse_time.h"
#include "tool.h"

static int parse_for(struct args *args, uint32_t *ms)
{
	const char *text = args_value(args, "for", "TIME");
	int err;

	if (!text)
		return TOOL_USAGE;
	err = parse_time_ms(text, ms);
	if (err == -EINVAL)
		return usage_error("for \"%s\": not a time: " TIME_REMEDY,
				   text);
	if (err || !*ms)
		return usage_error("for %s: out of range 1ms … 1193h: leave \"for\" out",
				   text);
	return TOOL_OK;
}

static int parse_rest(struct args *args, bool on, struct equic_key *key,
		      uint32_t *ms)
{
	int ret = TOOL_OK;

	while (ret == TOOL_OK && args_peek(args)) {
		if (args_take(args, "service"))
			ret = args_key(args, "service", key);
		else if (on && args_take(args, "for"))
			ret = parse_for(args, ms);
		else
			ret = args_end(args);
	}
	return ret;
}

static int set_bypass(struct args *args, bool on)
{
	uint32_t ms = on ? EQUIC_BYPASS_FOREVER_MS : 0;
	struct equic_key key = { 0 };
	char text[EQUIC_ADDR_TEXT];
	struct equic *eq;
	int err, ret;

	ret = parse_rest(args, on, &key, &ms);
	if (ret)
		return ret;
	eq = tool_open();
	if (!eq)
		return TOOL_REFUSED;
	err = equic_bypass(eq, key.port ? &key : NULL, ms);
	if (err)
		ret = refused_by(eq, err, err == -ENOENT ?
				 "\"equic service show\" lists those there are" :
				 NULL, "%s", key.port ? format_key(&key, text) :
				 "the namespace");
	equic_close(eq);
	return ret;
}

static int bypass_on(struct args *args)
{
	return set_bypass(args, true);
}

static int bypass_off(struct args *args)
{
	return set_bypass(args, false);
}

int cmd_bypass(struct args *args)
{
	static const struct command commands[] = {
		{ "on", bypass_on },
		{ "off", bypass_off },
		{ NULL, NULL },
	};

	return command_run(commands, NULL, args);
}
