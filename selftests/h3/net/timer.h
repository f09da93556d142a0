/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef H3_NET_TIMER_H
#define H3_NET_TIMER_H

#include <stddef.h>
#include <stdint.h>

#define TIMER_NEVER UINT64_MAX

/* Embedded in what it wakes; zero-initialised it is not queued. */
struct timer {
	uint64_t due_ns;
	size_t slot;	/* in the heap, from 1; 0: not queued */
};

/* Binary heap, soonest first. */
struct timer_heap {
	struct timer **slots;
	size_t used;
	size_t room;
};

/* Queues, moves or, with TIMER_NEVER, removes @timer; 0 or -ENOMEM. */
int timer_set(struct timer_heap *heap, struct timer *timer, uint64_t due_ns);
/* The soonest timer if it is due at @now_ns, taken off the heap. */
struct timer *timer_due(struct timer_heap *heap, uint64_t now_ns);
/* When the soonest is due, or TIMER_NEVER. */
uint64_t timer_next_ns(const struct timer_heap *heap);
void timer_heap_free(struct timer_heap *heap);

#endif /* H3_NET_TIMER_H */
