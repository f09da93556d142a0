// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <sys/socket.h>

#include "wire.h"

unsigned int wire_sends;
int wire_errno;

ssize_t __real_send(int fd, const void *buf, size_t len, int flags);
ssize_t __wrap_send(int fd, const void *buf, size_t len, int flags);

ssize_t __wrap_send(int fd, const void *buf, size_t len, int flags)
{
	wire_sends++;
	if (wire_errno) {
		errno = wire_errno;
		return -1;
	}
	return __real_send(fd, buf, len, flags);
}
