// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <string.h>

#include "tool.h"

const char *args_peek(const struct args *args)
{
	return args->n > 0 ? args->v[0] : NULL;
}

const char *args_next(struct args *args)
{
	if (args->n <= 0)
		return NULL;
	args->n--;
	return *args->v++;
}

bool args_take(struct args *args, const char *word)
{
	const char *next = args_peek(args);

	if (!next || strcmp(next, word))
		return false;
	args_next(args);
	return true;
}

const char *args_value(struct args *args, const char *after, const char *what)
{
	const char *value = args_next(args);

	if (!value)
		usage_error("%s: %s is missing after it", after, what);
	return value;
}

int args_end(const struct args *args)
{
	const char *word = args_peek(args);

	if (!word)
		return TOOL_OK;
	return usage_error("\"%s\": unexpected word: see \"equic help\"", word);
}

static void list_commands(const struct command *set, char *buf, size_t size)
{
	size_t len = 0;

	buf[0] = '\0';
	for (; set->name && len < size; set++)
		if (set->run)
			len += snprintf(buf + len, size - len, "%s%s",
					len ? ", " : "", set->name);
}

static const struct command *find(const struct command *set, const char *word,
				  bool *ambiguous)
{
	const struct command *found = NULL;
	size_t len = strlen(word);

	*ambiguous = false;
	for (; set->name; set++) {
		if (!strcmp(set->name, word)) {
			*ambiguous = false;
			return set;
		}
		if (!len || strncmp(set->name, word, len))
			continue;
		if (found)
			*ambiguous = true;
		found = set;
	}
	return found;
}

int command_run(const struct command *set, const char *dflt,
		struct args *args)
{
	const struct command *cmd;
	const char *word = args_next(args);
	size_t len = strlen(tool.command);
	bool ambiguous;
	char list[256];

	list_commands(set, list, sizeof(list));
	if (!word)
		word = dflt;
	if (!word)
		return usage_error("a command is missing: one of %s", list);
	cmd = find(set, word, &ambiguous);
	if (!cmd)
		return usage_error("\"%s\": no such command: one of %s",
				   word, list);
	if (ambiguous)
		return usage_error("\"%s\": ambiguous: write it out, one of %s",
				   word, list);
	snprintf(tool.command + len, sizeof(tool.command) - len, "%s%s",
		 len ? " " : "", cmd->name);
	if (!cmd->run)
		return usage_error("not in this version of equic");
	return cmd->run(args);
}
