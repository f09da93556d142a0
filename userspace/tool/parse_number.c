// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parse_number.h"
#include "tool.h"

int parse_u32(const char *text, uint32_t *value)
{
	unsigned long long n;
	char *end;

	if (!isdigit((unsigned char)text[0]))
		return -EINVAL;
	errno = 0;
	n = strtoull(text, &end, 10);
	if (*end)
		return -EINVAL;
	if (errno || n > UINT32_MAX)
		return -ERANGE;
	*value = n;
	return 0;
}

int parse_ranged(const char *name, const char *text, uint32_t min,
		 uint32_t max, const char *remedy, uint32_t *value)
{
	uint32_t n;
	int err = parse_u32(text, &n);

	if (err == -EINVAL)
		return usage_error("%s \"%s\": not a whole number: %s", name,
				   text, remedy);
	if (err || n < min || n > max)
		return usage_error("%s %s: out of range %u … %u: %s", name,
				   text, min, max, remedy);
	*value = n;
	return TOOL_OK;
}

int parse_word(const char *name, const char *text,
	       const char *(*words)(unsigned int n), uint32_t *value)
{
	char list[128];
	size_t len = 0;
	const char *word;
	uint32_t i;

	list[0] = '\0';
	for (i = 0; (word = words(i)); i++) {
		if (!strcmp(word, text)) {
			*value = i;
			return TOOL_OK;
		}
		if (len < sizeof(list))
			len += snprintf(list + len, sizeof(list) - len, "%s%s",
					i ? ", " : "", word);
	}
	return usage_error("%s \"%s\": no such value: one of %s", name, text,
			   list);
}
