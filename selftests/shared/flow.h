/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A connection over a path of path.h, with all that it sends accounted for by a
 * struct recovery, and a model of it that knows of each number what became of it.
 */
#ifndef EQUIC_SELFTESTS_FLOW_H
#define EQUIC_SELFTESTS_FLOW_H

#include <stdbool.h>
#include <stdint.h>
#include "path.h"
#include "recovery.h"

enum { FLOW_DATAGRAM = 1252 };

/**
 * struct flow_plan - what the connection is like
 * @start: it begins to send, ns.
 * @stop: it has nothing more to send.
 * @mixed: three senders: packets of all sizes, some elicit nothing; numbers are taken
 *	and not used, with and without a word; the second sender's are told of late.
 */
struct flow_plan {
	uint64_t	start;
	uint64_t	stop;
	bool		mixed;
};

struct flow;

/**
 * flow_new - a connection that has sent nothing
 * @plan: what it is like
 * @path: what it sends over
 * @index: which of the path's flows it is
 * @seed: of what is mixed
 */
struct flow *flow_new(const struct flow_plan *plan, struct path *path,
		      unsigned int index, uint64_t seed);
void flow_free(struct flow *f);

/* When it wants flow_run(); UINT64_MAX: events alone move it. */
uint64_t flow_time(const struct flow *f);

/* Timers, and what may be sent. */
void flow_run(struct flow *f, uint64_t now);

/* One of its events. */
void flow_event(struct flow *f, const struct path_event *event);

/* Bytes that came to the receiver. */
uint64_t flow_received(const struct flow *f);

/* Packets that nothing became of yet. */
unsigned int flow_outstanding(const struct flow *f);

/* What did not go as in the model; each was printed. */
unsigned int flow_wrong(const struct flow *f);

/* Whether that is the same packet in all that is known of it. */
bool flow_same(const struct sent *a, const struct sent *b);

void flow_stats(const struct flow *f, struct recovery_stats *stats);

/**
 * flow_all - let the flows of a path run
 * @path: the path
 * @flow: all of them
 * @flows: how many
 * @until: ns
 */
void flow_all(struct path *path, struct flow **flow, unsigned int flows,
	      uint64_t until);

#endif /* EQUIC_SELFTESTS_FLOW_H */
