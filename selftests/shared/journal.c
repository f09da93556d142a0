// SPDX-License-Identifier: GPL-2.0-only
/* See journal.h. */
#include <stdlib.h>
#include <string.h>
#include "journal.h"

void journal_add(struct journal *j, enum event_kind kind, uint64_t first,
		 uint64_t second)
{
	if (j->count == JOURNAL_MAX)
		abort();
	j->event[j->count++] = (struct event){ kind, { first, second } };
}

bool journal_same(const struct journal *a, const struct journal *b)
{
	return a->count == b->count &&
	       !memcmp(a->event, b->event, a->count * sizeof(*a->event));
}

bool journal_owns(uint64_t stream)
{
	return (stream & 7) == 7;
}

static bool owns(void *ctx, uint64_t stream)
{
	(void)ctx;
	return journal_owns(stream);
}

static void acked(void *ctx, const struct ack *ack)
{
	size_t i;

	journal_add(ctx, EVENT_ACKED, ack->delay, ack->ecn);
	for (i = 0; i < ack->ranges; i++)
		journal_add(ctx, EVENT_RANGE, ack->range[i].first,
			    ack->range[i].last);
}

static void max_data(void *ctx, uint64_t max)
{
	journal_add(ctx, EVENT_MAX_DATA, max, 0);
}

static void max_stream_data(void *ctx, uint64_t stream, uint64_t max)
{
	journal_add(ctx, EVENT_MAX_STREAM_DATA, stream, max);
}

static void stop_sending(void *ctx, uint64_t stream, uint64_t code)
{
	journal_add(ctx, EVENT_STOP_SENDING, stream, code);
}

const struct translate_ops journal_ops = {
	.owns			= owns,
	.acked			= acked,
	.max_data		= max_data,
	.max_stream_data	= max_stream_data,
	.stop_sending		= stop_sending,
};
