/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A path in virtual time, the same for the same seed:
 *
 *   senders --> queue --> bottleneck --> delay --> receivers
 *      ^                                               |
 *      +------------------- delay <---- ACK frames <---+
 *
 * A packet that finds the queue full is dropped; packets and ACK frames are lost, come
 * late or, ACK frames, twice, as chance has it.
 */
#ifndef EQUIC_SELFTESTS_PATH_H
#define EQUIC_SELFTESTS_PATH_H

#include <stdbool.h>
#include <stdint.h>
#include "ack.h"
#include "chance.h"

enum { PATH_RANGES = 32 };

/**
 * struct path_plan - what the path is like
 * @rate: of the bottleneck, bytes per second.
 * @delay: in each direction, ns.
 * @queue: bytes before the bottleneck.
 * @jitter: ns that ACK frames take longer, at most; they stay in order.
 * @loss: packets of 1000, and ACK frames.
 * @late: packets of 1000, by up to @delay: others overtake them.
 * @twice: ACK frames of 1000.
 */
struct path_plan {
	uint64_t	rate;
	uint64_t	delay;
	uint64_t	queue;
	uint64_t	jitter;
	unsigned int	loss;
	unsigned int	late;
	unsigned int	twice;
};

enum path_kind {
	PATH_PACKET,	/* comes to the receiver */
	PATH_ACK,	/* comes to the sender */
	PATH_TIMER,	/* the receiver's */
};

/**
 * struct path_event - what comes out of the path
 * @time: ns. Of what happens at a time, what was sent first is first.
 * @order: of sending.
 * @kind: what it is.
 * @flow: whose.
 * @pn: of a packet.
 * @size: of a packet, bytes.
 * @elicits: of a packet.
 * @delay: of an ACK frame, as the rest.
 * @ranges: how many.
 * @range: in descending order.
 */
struct path_event {
	uint64_t		time;
	uint64_t		order;
	enum path_kind		kind;
	unsigned int		flow;
	uint64_t		pn;
	uint32_t		size;
	bool			elicits;
	uint64_t		delay;
	unsigned int		ranges;
	struct ack_range	range[PATH_RANGES];
};

struct path;

struct path *path_new(const struct path_plan *plan, uint64_t seed);
void path_free(struct path *p);

/* Into the queue. */
void path_send(struct path *p, uint64_t now, const struct path_event *packet);

/* On the way back. */
void path_answer(struct path *p, uint64_t now, const struct path_event *ack);

/* To happen at @event->time. */
void path_timer(struct path *p, const struct path_event *event);

/* When the next event is; UINT64_MAX: none. */
uint64_t path_time(const struct path *p);

/* The next event; there is one. */
void path_next(struct path *p, struct path_event *event);

#endif /* EQUIC_SELFTESTS_PATH_H */
