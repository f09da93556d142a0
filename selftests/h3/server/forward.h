/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef H3_SERVER_FORWARD_H
#define H3_SERVER_FORWARD_H

#include <ngtcp2/ngtcp2.h>
#include <stdbool.h>

struct listener;
struct udp_datagram;
struct worker;

/*
 * SO_REUSEPORT chooses a socket by the 4-tuple. After a migration, the death of
 * a worker, or while an old and a new server overlap, that is not the socket of
 * the process that has the connection. So connection IDs begin with their
 * worker's tag, and each worker has a Unix socket named after its tag, through
 * which it gets what arrived elsewhere.
 */

/* Opens it; 0 or -errno. */
int forward_open(struct worker *worker);
/* Whether the datagram belonged to another worker and went there. */
bool forward_datagram(struct worker *worker, struct listener *listener,
		      const struct udp_datagram *datagram,
		      const ngtcp2_version_cid *ids);
/* Handles what came from others. */
void forward_receive(struct worker *worker);

#endif /* H3_SERVER_FORWARD_H */
