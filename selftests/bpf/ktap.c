// SPDX-License-Identifier: GPL-2.0-only
/* See ktap.h. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "ktap.h"

static int results, failures;

void ktap_begin(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	puts("TAP version 13");
}

void ktap_result(bool ok, const char *name, ...)
{
	va_list args;

	printf("%sok %d ", ok ? "" : "not ", ++results);
	va_start(args, name);
	vprintf(name, args);
	va_end(args);
	putchar('\n');
	failures += !ok;
}

void ktap_skip(const char *reason, const char *name, ...)
{
	va_list args;

	printf("ok %d ", ++results);
	va_start(args, name);
	vprintf(name, args);
	va_end(args);
	printf(" # SKIP %s\n", reason);
}

void ktap_diag(const char *format, ...)
{
	va_list args;

	printf("# ");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}

void ktap_bail(const char *format, ...)
{
	int error = errno;
	va_list args;

	printf("Bail out! ");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("%s%s\n", error ? ": " : "", error ? strerror(error) : "");
	exit(1);
}

int ktap_end(void)
{
	printf("1..%d\n", results);
	return failures ? 1 : 0;
}
