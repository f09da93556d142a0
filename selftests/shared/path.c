// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>
#include "ktap.h"
#include "path.h"

struct path {
	struct path_plan	plan;
	struct chance		chance;
	uint64_t		busy;		/* the bottleneck, until then */
	uint64_t		answered;	/* the last ACK frame comes then */
	uint64_t		order;
	/* A binary heap, the next event first. */
	struct path_event	**heap;
	size_t			count, room;
};

struct path *path_new(const struct path_plan *plan, uint64_t seed)
{
	struct path *p = calloc(1, sizeof(*p));

	if (!p)
		ktap_bail("no memory for a path");
	p->plan = *plan;
	chance_seed(&p->chance, seed);
	return p;
}

void path_free(struct path *p)
{
	while (p->count)
		free(p->heap[--p->count]);
	free(p->heap);
	free(p);
}

static bool before(const struct path_event *a, const struct path_event *b)
{
	return a->time < b->time || (a->time == b->time && a->order < b->order);
}

static void swap(struct path *p, size_t i, size_t j)
{
	struct path_event *e = p->heap[i];

	p->heap[i] = p->heap[j];
	p->heap[j] = e;
}

static void push(struct path *p, const struct path_event *event, uint64_t time)
{
	struct path_event *e = malloc(sizeof(*e));
	size_t i = p->count;

	if (p->count == p->room) {
		p->room = p->room * 2 ?: 64;
		p->heap = reallocarray(p->heap, p->room, sizeof(*p->heap));
	}
	if (!e || !p->heap)
		ktap_bail("no memory for an event");
	*e = *event;
	e->time = time;
	e->order = p->order++;
	p->heap[p->count++] = e;
	for (; i && before(p->heap[i], p->heap[(i - 1) / 2]); i = (i - 1) / 2)
		swap(p, i, (i - 1) / 2);
}

static bool happens(struct path *p, unsigned int of_1000)
{
	return chance_of(&p->chance, 1000) < of_1000;
}

void path_send(struct path *p, uint64_t now, const struct path_event *packet)
{
	uint64_t begin = p->busy > now ? p->busy : now, come;

	/* What waits takes as long as it is. */
	if ((begin - now) * p->plan.rate / 1000000000 + packet->size > p->plan.queue)
		return;
	p->busy = begin + packet->size * 1000000000ULL / p->plan.rate;
	if (happens(p, p->plan.loss))
		return;
	come = p->busy + p->plan.delay;
	if (happens(p, p->plan.late))
		come += chance_of(&p->chance, p->plan.delay);
	push(p, packet, come);
}

void path_answer(struct path *p, uint64_t now, const struct path_event *ack)
{
	uint64_t come = now + p->plan.delay;

	if (p->plan.jitter)
		come += chance_of(&p->chance, p->plan.jitter);
	if (come < p->answered)
		come = p->answered;
	p->answered = come;
	if (!happens(p, p->plan.loss))
		push(p, ack, come);
	if (happens(p, p->plan.twice))
		push(p, ack, come + chance_of(&p->chance, p->plan.delay));
}

void path_timer(struct path *p, const struct path_event *event)
{
	push(p, event, event->time);
}

uint64_t path_time(const struct path *p)
{
	return p->count ? p->heap[0]->time : UINT64_MAX;
}

void path_next(struct path *p, struct path_event *event)
{
	size_t i = 0, child;

	*event = *p->heap[0];
	free(p->heap[0]);
	p->heap[0] = p->heap[--p->count];
	while ((child = 2 * i + 1) < p->count) {
		if (child + 1 < p->count &&
		    before(p->heap[child + 1], p->heap[child]))
			child++;
		if (before(p->heap[i], p->heap[child]))
			break;
		swap(p, i, child);
		i = child;
	}
}
