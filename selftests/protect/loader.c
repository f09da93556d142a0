// SPDX-License-Identifier: GPL-2.0-only
/* See loader.h. */
#include <libgen.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <unistd.h>
#include "ktap.h"
#include "loader.h"

int loader_term(void)
{
	sigset_t signals;
	int fd;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	fd = signalfd(-1, &signals, SFD_CLOEXEC);
	if (fd < 0)
		ktap_bail("signalfd");
	return fd;
}

int loader_written(const char *path)
{
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	char *copy = strdup(path);

	if (fd < 0 || !copy ||
	    inotify_add_watch(fd, dirname(copy), IN_MODIFY) < 0)
		ktap_bail("%s", path);
	free(copy);
	return fd;
}

void loader_seen(int written)
{
	char events[4096];

	while (read(written, events, sizeof(events)) > 0)
		;
}

void loader_ready(void)
{
	puts("ready");
	fflush(stdout);
}
