// SPDX-License-Identifier: LGPL-2.1-or-later
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "handle.h"
#include "netns.h"

int netns_open(const char *name, int *fd)
{
	char path[PATH_MAX];
	int len;

	len = snprintf(path, sizeof(path), "%s%s",
		       strchr(name, '/') ? "" : "/run/netns/", name);
	if (len >= (int)sizeof(path))
		return -ENAMETOOLONG;
	*fd = open(path, O_RDONLY | O_CLOEXEC);
	return *fd < 0 ? -errno : 0;
}

int netns_dup(int from, int *fd)
{
	*fd = fcntl(from, F_DUPFD_CLOEXEC, 0);
	return *fd < 0 ? -errno : 0;
}

struct visit {
	int netns_fd;
	int (*fn)(void *arg);
	void *arg;
	int err;
};

static void *visit_run(void *arg)
{
	struct visit *v = arg;

	if (setns(v->netns_fd, CLONE_NEWNET))
		v->err = -errno;
	else
		v->err = v->fn(v->arg);
	return NULL;
}

int netns_run(struct equic *eq, int (*fn)(void *arg), void *arg)
{
	struct visit v = { .netns_fd = eq->netns_fd, .fn = fn, .arg = arg };
	sigset_t all, old;
	pthread_t thread;
	int err;

	if (eq->netns_fd < 0)
		return fn(arg);

	/* The process's signals are not for this thread. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	err = -pthread_create(&thread, NULL, visit_run, &v);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (err)
		return err;
	pthread_join(thread, NULL);
	return v.err;
}
