// SPDX-License-Identifier: GPL-2.0-only
/* Messages: program, command, object, reason, remedy. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <equic.h>

#include "tool.h"

static void complain(const char *fmt, va_list ap)
{
	/* What was printed before belongs before the message. */
	fflush(stdout);
	fputs("equic: ", stderr);
	if (tool.command[0])
		fprintf(stderr, "%s: ", tool.command);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
}

int usage_error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	complain(fmt, ap);
	va_end(ap);
	return TOOL_USAGE;
}

int refused(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	complain(fmt, ap);
	va_end(ap);
	return TOOL_REFUSED;
}

int refused_by(struct equic *eq, int err, const char *remedy,
	       const char *fmt, ...)
{
	char object[128], words[512];
	const char *text = equic_strerror(eq);
	va_list ap;

	if (err == -ENOPKG) {
		fflush(stdout);
		fputs("equic: the equic module is not loaded: modprobe equic\n",
		      stderr);
		return TOOL_REFUSED;
	}
	va_start(ap, fmt);
	vsnprintf(object, sizeof(object), fmt, ap);
	va_end(ap);
	snprintf(words, sizeof(words), "%s",
		 text && *text ? text : strerror(-err));
	if (err == -EPERM)
		remedy = strstr(words, "CAP_") ? NULL :
			 "needs CAP_NET_ADMIN in the network namespace: run as root";
	return refused("%s%s%s%s%s", object, object[0] ? ": " : "", words,
		       remedy ? ": " : "", remedy ? remedy : "");
}

struct equic *tool_open(void)
{
	struct equic *eq;
	int err = equic_open(&eq, NULL);

	if (err) {
		refused_by(NULL, err, NULL, "netlink");
		return NULL;
	}
	return eq;
}
