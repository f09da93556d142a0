/* SPDX-License-Identifier: GPL-2.0-only */
/* Datagrams on their way between two endpoints, in virtual time. */
#ifndef EQUIC_SELFTESTS_SHARED_TRANSIT_H
#define EQUIC_SELFTESTS_SHARED_TRANSIT_H

#include <stddef.h>
#include <stdint.h>
#include "chance.h"

enum { TRANSIT_DATAGRAM_MAX = 1500, TRANSIT_ENDS = 2 };

/**
 * struct transit_link - a bottleneck
 * @free_at: of each end, when it is, ns.
 */
struct transit_link {
	uint64_t	free_at[TRANSIT_ENDS];
};

/**
 * struct transit_path - what the path does, in each direction
 * @delay: ns, one way.
 * @jitter: ns, at most, in addition: packets overtake each other.
 * @rate: bytes a second; 0: no limit.
 * @queue: bytes that wait for the bottleneck; more are dropped.
 * @mtu: bytes of a datagram; longer ones do not arrive; 0: no limit.
 * @loss: of 1000 datagrams.
 * @twice: of 1000 datagrams come twice.
 * @link: what has @rate and @queue, shared with other paths; NULL: with none.
 */
struct transit_path {
	uint64_t		delay, jitter, rate, queue, mtu;
	unsigned int		loss, twice;
	struct transit_link	*link;
};

/**
 * struct datagram - one of them
 * @next: arrives later.
 * @at: when it arrives, ns.
 * @to: which end.
 * @port: of the client, as the path knows it.
 * @len: of @bytes.
 */
struct datagram {
	struct datagram	*next;
	uint64_t	at;
	int		to;
	uint16_t	port;
	size_t		len;
	uint8_t		bytes[TRANSIT_DATAGRAM_MAX];
};

/**
 * struct transit - all of them
 * @path: where they are.
 * @chance: whose they are lost by.
 * @first: to arrive.
 * @before: the one that set out last to each end, if it is on its way.
 * @link: where no other is shared.
 * @largest: of each end, the largest that it sent and the path takes, bytes.
 */
struct transit {
	struct transit_path	path;
	struct chance		*chance;
	struct datagram		*first, *before[TRANSIT_ENDS];
	struct transit_link	link;
	size_t			largest[TRANSIT_ENDS];
};

/**
 * struct batch - datagrams that leave together, as by sendmmsg(2)
 * @bytes: each behind its length.
 * @len: of @bytes.
 */
struct batch {
	uint8_t	bytes[1 << 18];
	size_t	len;
};

/* From an end to the other one. */
void transit_send(struct transit *t, int from, uint16_t port, uint64_t now,
		  const uint8_t *bytes, size_t len);

/* Likewise all of a batch, which is empty then. */
void transit_hold(struct batch *batch, const uint8_t *bytes, size_t len);
void transit_release(struct transit *t, struct batch *batch, int from,
		     uint16_t port, uint64_t now);

/* What arrives first, which is to be freed; NULL: nothing is on its way. */
struct datagram *transit_take(struct transit *t);
void transit_free(struct transit *t);

#endif /* EQUIC_SELFTESTS_SHARED_TRANSIT_H */
