// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include <sys/wait.h>

#include "ktap.h"
#include "module.h"

int shell(const char *format, ...)
{
	char command[1024];
	va_list args;
	int status;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	fflush(stdout);
	status = system(command);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

void module_load(void)
{
	const char *ko = getenv("EQUIC_KO");

	if (shell("insmod '%s' >&2", ko ? ko : "build/6.12/equic.ko")) {
		errno = 0;
		ktap_bail("cannot insert %s", ko);
	}
}

void module_unload(void)
{
	if (shell("rmmod equic >&2")) {
		errno = 0;
		ktap_bail("cannot remove the module");
	}
}

struct equic *manager_open(void)
{
	struct equic *eq;
	int err = equic_open(&eq, NULL);

	if (err) {
		errno = -err;
		ktap_bail("equic_open");
	}
	return eq;
}

bool wait_until(bool (*cond)(void *arg), void *arg, int ms)
{
	struct timespec now, end, tick = { .tv_nsec = 1000000 };

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += ms / 1000;
	end.tv_nsec += ms % 1000 * 1000000L;
	if (end.tv_nsec >= 1000000000) {
		end.tv_sec++;
		end.tv_nsec -= 1000000000;
	}
	do {
		if (cond(arg))
			return true;
		nanosleep(&tick, NULL);
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while (now.tv_sec < end.tv_sec ||
		 (now.tv_sec == end.tv_sec && now.tv_nsec < end.tv_nsec));
	return cond(arg);
}
