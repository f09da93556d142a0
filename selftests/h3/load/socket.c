// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "socket.h"

/* The address that the kernel would send from: paths need it in advance. */
static int choose_local(union addr *local, const union addr *target)
{
	socklen_t len = sizeof(*local);
	int fd = socket(target->sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int ret = 0;

	if (fd < 0)
		return -errno;
	if (connect(fd, &target->sa, addr_len(target)) ||
	    getsockname(fd, &local->sa, &len))
		ret = -errno;
	close(fd);
	if (!ret)
		addr_set_port(local, 0);
	return ret;
}

struct socket *socket_new(const struct options *options, uint32_t source)
{
	struct socket *socket = calloc(1, sizeof(*socket));
	socklen_t len = sizeof(socket->local);
	char text[ADDR_STRLEN];
	int ret = 0;

	if (!socket)
		return NULL;
	if (options->n_sources)
		socket->local = options->sources[source];
	else
		ret = choose_local(&socket->local, &options->target);
	if (ret) {
		fprintf(stderr, "h3load: no way to %s: %s\n",
			addr_format(&options->target, text), strerror(-ret));
		free(socket);
		return NULL;
	}
	socket->source = source;
	socket->users = 1;
	socket->fd = udp_open(&socket->local, 0);
	if (socket->fd < 0) {
		fprintf(stderr, "h3load: socket at %s: %s\n",
			addr_format_host(&socket->local, text),
			strerror(-socket->fd));
		free(socket);
		return NULL;
	}
	getsockname(socket->fd, &socket->local.sa, &len);
	return socket;
}

void socket_put(struct socket *socket)
{
	if (--socket->users)
		return;
	close(socket->fd);
	free(socket);
}
