// SPDX-License-Identifier: GPL-2.0-only
/* See transit.h. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "ktap.h"
#include "transit.h"

#define SECOND_NS 1000000000ULL

/* What comes twice does so within 50 ms. */
enum { AGAIN_NS = 50000000 };

static bool by_chance(struct transit *t, unsigned int of_1000)
{
	return chance_of(t->chance, 1000) < of_1000;
}

/* In the order of their arrival: mostly behind the one before to the same end. */
static void take_off(struct transit *t, const struct datagram *what, uint64_t at)
{
	struct datagram **where = &t->first, *d = malloc(sizeof(*d));
	struct datagram **before = &t->before[what->to];

	if (!d)
		ktap_bail("memory");
	if (*before && (*before)->at <= at)
		where = &(*before)->next;
	*before = d;
	*d = *what;
	d->at = at;
	while (*where && (*where)->at <= at)
		where = &(*where)->next;
	d->next = *where;
	*where = d;
}

void transit_send(struct transit *t, int from, uint16_t port, uint64_t now,
		  const uint8_t *bytes, size_t len)
{
	struct datagram d = { .to = !from, .len = len, .port = port };
	const struct transit_path *path = &t->path;
	struct transit_link *link = path->link ?: &t->link;
	uint64_t *free_at = &link->free_at[from], at;

	if (len > sizeof(d.bytes))
		ktap_bail("a datagram of %zu bytes", len);
	if (path->mtu && len > path->mtu)
		return;
	memcpy(d.bytes, bytes, len);
	if (len > t->largest[from])
		t->largest[from] = len;
	if (*free_at < now)
		*free_at = now;
	if (path->rate) {
		if ((*free_at - now) * path->rate / SECOND_NS > path->queue)
			return;
		*free_at += len * SECOND_NS / path->rate;
	}
	at = *free_at + path->delay;
	if (path->jitter)
		at += (uint64_t)chance_next(t->chance) % path->jitter;
	if (by_chance(t, path->loss))
		return;
	take_off(t, &d, at);
	if (by_chance(t, path->twice))
		take_off(t, &d, at + chance_next(t->chance) % AGAIN_NS);
}

void transit_hold(struct batch *batch, const uint8_t *bytes, size_t len)
{
	if (batch->len + sizeof(len) + len > sizeof(batch->bytes))
		ktap_bail("a batch of more than %zu bytes", batch->len);
	memcpy(batch->bytes + batch->len, &len, sizeof(len));
	memcpy(batch->bytes + batch->len + sizeof(len), bytes, len);
	batch->len += sizeof(len) + len;
}

void transit_release(struct transit *t, struct batch *batch, int from,
		     uint16_t port, uint64_t now)
{
	size_t at, len;

	for (at = 0; at < batch->len; at += len) {
		memcpy(&len, batch->bytes + at, sizeof(len));
		at += sizeof(len);
		transit_send(t, from, port, now, batch->bytes + at, len);
	}
	batch->len = 0;
}

struct datagram *transit_take(struct transit *t)
{
	struct datagram *d = t->first;

	if (!d)
		return NULL;
	t->first = d->next;
	if (t->before[d->to] == d)
		t->before[d->to] = NULL;
	return d;
}

void transit_free(struct transit *t)
{
	struct datagram *d;

	while ((d = transit_take(t)))
		free(d);
}
