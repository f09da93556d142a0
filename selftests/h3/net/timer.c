// SPDX-License-Identifier: GPL-2.0-only
/* Timers of connections: a binary heap with removal from the middle. */
#include <errno.h>
#include <stdlib.h>

#include "timer.h"

static void heap_put(struct timer_heap *heap, size_t slot, struct timer *timer)
{
	heap->slots[slot] = timer;
	timer->slot = slot;
}

static void heap_up(struct timer_heap *heap, struct timer *timer)
{
	size_t slot = timer->slot;

	while (slot > 1 && heap->slots[slot / 2]->due_ns > timer->due_ns) {
		heap_put(heap, slot, heap->slots[slot / 2]);
		slot /= 2;
	}
	heap_put(heap, slot, timer);
}

static void heap_down(struct timer_heap *heap, struct timer *timer)
{
	size_t slot = timer->slot;

	for (;;) {
		size_t child = 2 * slot;

		if (child > heap->used)
			break;
		if (child < heap->used &&
		    heap->slots[child + 1]->due_ns < heap->slots[child]->due_ns)
			child++;
		if (heap->slots[child]->due_ns >= timer->due_ns)
			break;
		heap_put(heap, slot, heap->slots[child]);
		slot = child;
	}
	heap_put(heap, slot, timer);
}

static void heap_remove(struct timer_heap *heap, struct timer *timer)
{
	struct timer *last = heap->slots[heap->used--];

	if (last != timer) {
		heap_put(heap, timer->slot, last);
		heap_up(heap, last);
		heap_down(heap, last);
	}
	timer->slot = 0;
}

int timer_set(struct timer_heap *heap, struct timer *timer, uint64_t due_ns)
{
	if (due_ns == TIMER_NEVER) {
		if (timer->slot)
			heap_remove(heap, timer);
		return 0;
	}
	if (!timer->slot) {
		if (heap->used + 1 >= heap->room) {
			size_t room = heap->room ? 2 * heap->room : 64;
			struct timer **slots;

			slots = realloc(heap->slots, room * sizeof(*slots));
			if (!slots)
				return -ENOMEM;
			heap->slots = slots;
			heap->room = room;
		}
		timer->due_ns = due_ns;
		heap_put(heap, ++heap->used, timer);
		heap_up(heap, timer);
		return 0;
	}
	timer->due_ns = due_ns;
	heap_up(heap, timer);
	heap_down(heap, timer);
	return 0;
}

struct timer *timer_due(struct timer_heap *heap, uint64_t now_ns)
{
	struct timer *first;

	if (!heap->used || heap->slots[1]->due_ns > now_ns)
		return NULL;
	first = heap->slots[1];
	heap_remove(heap, first);
	return first;
}

uint64_t timer_next_ns(const struct timer_heap *heap)
{
	return heap->used ? heap->slots[1]->due_ns : TIMER_NEVER;
}

void timer_heap_free(struct timer_heap *heap)
{
	free(heap->slots);
	*heap = (struct timer_heap){ 0 };
}
