/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef H3_LOAD_SOCKET_H
#define H3_LOAD_SOCKET_H

#include <stdbool.h>

#include "../net/udp.h"
#include "options.h"

struct client;

/* A UDP socket of one connection, or of all of one source. */
struct socket {
	int fd;
	uint32_t source;	/* index in the options and the results */
	uint32_t users;
	struct client *only;	/* the one connection, unless it is shared */
	union addr local;
};

/* Binds one to the @source-th address; NULL, having said what failed. */
struct socket *socket_new(const struct options *options, uint32_t source);
/* When the last user leaves, it is closed. */
void socket_put(struct socket *socket);

#endif /* H3_LOAD_SOCKET_H */
