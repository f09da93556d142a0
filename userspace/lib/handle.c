// SPDX-License-Identifier: LGPL-2.1-or-later
/* Handles: open, close, lock, errors. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <linux/netlink.h>
#include <linux/sockios.h>

#include "attach.h"
#include "handle.h"
#include "netns.h"

bool handle_is_ours(const struct equic *eq)
{
	return *(volatile uint8_t *)eq->here;
}

int handle_enter(struct equic *eq)
{
	if (!eq)
		return -EINVAL;
	if (!handle_is_ours(eq))
		return -EOWNERDEAD;
	return -pthread_mutex_lock(&eq->lock);
}

int handle_leave(struct equic *eq, int err)
{
	if (err >= 0) {
		eq->err = 0;
		eq->text[0] = '\0';
	}
	pthread_mutex_unlock(&eq->lock);
	return err;
}

int handle_fail(struct equic *eq, int err, const char *fmt, ...)
{
	va_list ap;

	eq->err = err;
	va_start(ap, fmt);
	vsnprintf(eq->text, sizeof(eq->text), fmt, ap);
	va_end(ap);
	return err;
}

static bool is_zero(const uint8_t *bytes, size_t len)
{
	while (len--)
		if (*bytes++)
			return false;
	return true;
}

int struct_in(struct equic *eq, void *to, size_t to_size, const void *from)
{
	size_t size;

	memset(to, 0, to_size);
	if (!from) {
		memcpy(to, &to_size, sizeof(to_size));
		return 0;
	}
	memcpy(&size, from, sizeof(size));
	if (size < sizeof(size))
		return handle_fail(eq, -EINVAL, "the size of the struct is not set");
	if (size > to_size && !is_zero((const uint8_t *)from + to_size,
				       size - to_size))
		return handle_fail(eq, -EINVAL,
				   "the struct has members that this libequic does not know");
	memcpy(to, from, size < to_size ? size : to_size);
	memcpy(to, &to_size, sizeof(to_size));
	return 0;
}

int struct_out(struct equic *eq, void *to, const void *from, size_t from_size)
{
	size_t size;

	memcpy(&size, to, sizeof(size));
	if (size < sizeof(size))
		return handle_fail(eq, -EINVAL, "the size of the struct is not set");
	memset(to, 0, size);
	memcpy(to, from, size < from_size ? size : from_size);
	memcpy(to, &size, sizeof(size));
	return 0;
}

static int here_map(struct equic *eq)
{
	eq->here = mmap(NULL, 1, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (eq->here == MAP_FAILED) {
		eq->here = NULL;
		return -errno;
	}
	if (madvise(eq->here, 1, MADV_WIPEONFORK))
		return -errno;
	*eq->here = 1;
	return 0;
}

static int lock_init(struct equic *eq)
{
	pthread_mutexattr_t attr;
	int err;

	err = -pthread_mutexattr_init(&attr);
	if (err)
		return err;
	err = -pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_ERRORCHECK);
	if (!err)
		err = -pthread_mutex_init(&eq->lock, &attr);
	pthread_mutexattr_destroy(&attr);
	return err;
}

/* A descriptor from elsewhere: is it what it is said to be, and where is it? */
static int netlink_fd_adopt(struct equic *eq)
{
	int fd = eq->opts.netlink_fd, value;
	socklen_t len = sizeof(value);

	if (eq->opts.netns || eq->opts.flags & EQUIC_OPEN_NETNS_FD)
		return -EINVAL;
	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &value, &len))
		return -errno;
	if (value != AF_NETLINK)
		return -EPROTOTYPE;
	len = sizeof(value);
	if (getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &value, &len))
		return -errno;
	if (value != NETLINK_GENERIC)
		return -EPROTOTYPE;
	/* Asking needs privilege; without it the thread's namespace is as good. */
	eq->netns_fd = ioctl(fd, SIOCGSKNS);
	return channel_adopt(eq->opts.service.port ? &eq->rep.chan :
			     &eq->management, fd);
}

static int opts_check(const struct equic_opts *opts)
{
	if (opts->flags & ~(uint32_t)(EQUIC_OPEN_NETNS_FD | EQUIC_OPEN_NETLINK_FD))
		return -EINVAL;
	if (opts->queue_max > REPORT_QUEUE_MAX)
		return -EINVAL;
	if (opts->netns && opts->flags & EQUIC_OPEN_NETNS_FD)
		return -EINVAL;
	return 0;
}

EQUIC_API int equic_open(struct equic **res, const struct equic_opts *opts)
{
	struct equic *eq;
	int err;

	if (!res)
		return -EINVAL;
	*res = NULL;
	eq = calloc(1, sizeof(*eq));
	if (!eq)
		return -ENOMEM;
	eq->netns_fd = -1;
	eq->link_fd = -1;
	eq->signal_slot = -1;
	reporter_init(&eq->rep);

	err = lock_init(eq);
	if (err)
		goto err_free;
	err = here_map(eq);
	if (err)
		goto err_close;
	err = struct_in(eq, &eq->opts, sizeof(eq->opts), opts);
	if (err)
		goto err_close;
	err = opts_check(&eq->opts);
	if (err)
		goto err_close;

	if (eq->opts.flags & EQUIC_OPEN_NETLINK_FD)
		err = netlink_fd_adopt(eq);
	else if (eq->opts.flags & EQUIC_OPEN_NETNS_FD)
		err = netns_dup(eq->opts.netns_fd, &eq->netns_fd);
	else if (eq->opts.netns)
		err = netns_open(eq->opts.netns, &eq->netns_fd);
	if (err)
		goto err_close;
	eq->opts.netns = NULL;	/* the caller's memory */

	if (eq->opts.service.port) {
		err = reporter_open(eq);
	} else {
		/* Not needed yet, but the namespace may not let us in. */
		err = channel_open(eq, &eq->management);
	}
	if (err)
		goto err_close;
	if (eq->opts.flags & EQUIC_OPEN_NETLINK_FD)
		close(eq->opts.netlink_fd);
	*res = eq;
	return 0;

err_close:
	equic_close(eq);
	return err;
err_free:
	free(eq);
	return err;
}

EQUIC_API void equic_close(struct equic *eq)
{
	if (!eq)
		return;
	if (eq->here && handle_is_ours(eq))
		reporter_flush(eq);
	attach_close(eq);
	reporter_close(&eq->rep);
	channel_close(&eq->events);
	channel_close(&eq->keys);
	channel_close(&eq->management);
	if (eq->netns_fd >= 0)
		close(eq->netns_fd);
	if (eq->here)
		munmap(eq->here, 1);
	pthread_mutex_destroy(&eq->lock);
	free(eq->object);
	free(eq);
}

EQUIC_API const char *equic_strerror(struct equic *eq)
{
	return eq ? eq->text : "no handle";
}

EQUIC_API int equic_error(struct equic *eq, char *buf, size_t len)
{
	int err;

	if (!buf || !len)
		return -EINVAL;
	buf[0] = '\0';
	err = handle_enter(eq);
	if (err)
		return err;
	snprintf(buf, len, "%s", eq->text);
	err = eq->err;
	pthread_mutex_unlock(&eq->lock);
	return err;
}
