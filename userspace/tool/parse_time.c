// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parse_time.h"

/* Longest first, for format_time_ms(). */
static const struct {
	const char *name;
	uint32_t ms;
} units[] = {
	{ "h", 3600000 },
	{ "m", 60000 },
	{ "s", 1000 },
	{ "ms", 1 },
};

#define N_UNITS (sizeof(units) / sizeof(units[0]))

int parse_time_ms(const char *text, uint32_t *ms)
{
	unsigned long long n;
	size_t i;
	char *end;

	if (!isdigit((unsigned char)text[0]))
		return -EINVAL;
	errno = 0;
	n = strtoull(text, &end, 10);
	if (errno)
		return -ERANGE;
	for (i = 0; i < N_UNITS; i++)
		if (!strcmp(end, units[i].name))
			break;
	if (i == N_UNITS)
		return -EINVAL;
	/* The largest value means "for ever" to the kernel. */
	if (n >= UINT32_MAX / units[i].ms)
		return -ERANGE;
	*ms = n * units[i].ms;
	return 0;
}

const char *format_time_ms(uint32_t ms, char buf[TIME_TEXT_LEN])
{
	size_t i = 0;

	while (i < N_UNITS - 1 && (!ms || ms % units[i].ms))
		i++;
	snprintf(buf, TIME_TEXT_LEN, "%u%s", ms / units[i].ms, units[i].name);
	return buf;
}
