// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "forward.h"
#include "worker.h"

enum {
	FORWARD_BATCH = 256,
};

/* Before the datagram's own bytes. */
struct forward_header {
	union addr local;
	union addr remote;
};

/* Abstract, so of the network namespace, and gone with the process. */
static socklen_t forward_name(struct sockaddr_un *name,
			      const uint8_t tag[CID_TAG_BYTES])
{
	int len;

	*name = (struct sockaddr_un){ .sun_family = AF_UNIX };
	len = snprintf(name->sun_path + 1, sizeof(name->sun_path) - 1,
		       "h3server.%02x%02x%02x%02x", tag[0], tag[1], tag[2],
		       tag[3]);
	return offsetof(struct sockaddr_un, sun_path) + 1 + len;
}

int forward_open(struct worker *worker)
{
	struct sockaddr_un name;
	socklen_t len = forward_name(&name, worker->tag);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&name, len)) {
		int ret = -errno;

		close(fd);
		return ret;
	}
	worker->forward = fd;
	return 0;
}

bool forward_datagram(struct worker *worker, struct listener *listener,
		      const struct udp_datagram *datagram,
		      const ngtcp2_version_cid *ids)
{
	struct forward_header header = { datagram->local, datagram->remote };
	struct sockaddr_un name;
	struct iovec iov[2] = {
		{ &header, sizeof(header) },
		{ datagram->data, datagram->len },
	};
	struct msghdr msg = { .msg_name = &name, .msg_iov = iov,
			      .msg_iovlen = 2 };

	(void)listener;
	if (ids->dcidlen != CID_BYTES ||
	    !memcmp(ids->dcid, worker->tag, CID_TAG_BYTES))
		return false;
	msg.msg_namelen = forward_name(&name, ids->dcid);
	if (sendmsg(worker->forward, &msg, MSG_DONTWAIT) < 0) {
		if (errno == ECONNREFUSED)
			return false;	/* that worker is dead */
		count(worker, COUNT_IGNORED);
		return true;
	}
	count(worker, COUNT_FORWARDED_OUT);
	return true;
}

static struct listener *listener_at(struct worker *worker,
				    const union addr *local)
{
	unsigned int i;

	for (i = 0; i < worker->n_listeners; i++) {
		const union addr *bound = &worker->listeners[i].bound;

		if (bound->sa.sa_family == local->sa.sa_family &&
		    addr_port(bound) == addr_port(local) &&
		    (addr_is_any(bound) || addr_same_host(bound, local)))
			return &worker->listeners[i];
	}
	return NULL;
}

void forward_receive(struct worker *worker)
{
	int i;

	for (i = 0; i < FORWARD_BATCH; i++) {
		uint8_t data[UDP_RX_BYTES];
		struct udp_datagram datagram = { .data = data };
		struct forward_header header;
		struct iovec iov[2] = {
			{ &header, sizeof(header) },
			{ data, sizeof(data) },
		};
		struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };
		ssize_t n = recvmsg(worker->forward, &msg, MSG_DONTWAIT);
		struct listener *listener;

		if (n < 0)
			return;
		if (n < (ssize_t)sizeof(header))
			continue;
		datagram.len = n - sizeof(header);
		datagram.wire_len = datagram.len;
		datagram.local = header.local;
		datagram.remote = header.remote;
		listener = listener_at(worker, &datagram.local);
		if (!listener)
			continue;
		count(worker, COUNT_FORWARDED_IN);
		worker_datagram(worker, listener, &datagram);
	}
}
