// SPDX-License-Identifier: LGPL-2.1-or-later
/* See stream.h. */
#include <errno.h>
#include <string.h>
#include "least.h"
#include "stream.h"

/* 0 is not one: with it a word would be that of an empty slot. */
static unsigned int next_generation(unsigned int generation)
{
	return ((generation + 1) & EQUIC_STREAM_GENERATION_MASK) ?: 1;
}

struct stream *streams_add(struct streams *s, uint64_t id)
{
	struct stream *stream;
	unsigned int i;

	if (s->count == EQUIC_SHARED_STREAMS)
		return NULL;
	for (i = 0; s->slots[i].used; i++)
		;
	stream = &s->slots[i];
	*stream = (struct stream){
		.id = id, .slot = i, .used = true,
		.generation = next_generation(stream->generation),
		.all = s,
	};
	s->order[s->count++] = i;
	return stream;
}

/* Where it is in the order, or would be. */
static unsigned int place(const struct streams *s, uint64_t id)
{
	unsigned int low = 0, high = s->count;

	while (low < high) {
		unsigned int middle = (low + high) / 2;

		if (s->slots[s->order[middle]].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct stream *streams_find(struct streams *s, uint64_t id)
{
	unsigned int at = place(s, id);
	struct stream *stream;

	if (at == s->count)
		return NULL;
	stream = &s->slots[s->order[at]];
	return stream->id == id ? stream : NULL;
}

struct stream *streams_next(struct streams *s, uint64_t id)
{
	unsigned int at;

	for (at = place(s, id); at < s->count; at++)
		if (!s->slots[s->order[at]].released)
			return &s->slots[s->order[at]];
	return NULL;
}

struct stream *streams_at(struct streams *s, unsigned int slot,
			  unsigned int generation)
{
	struct stream *stream;

	if (slot >= EQUIC_SHARED_STREAMS)
		return NULL;
	stream = &s->slots[slot];
	return stream->used && stream->generation == generation ? stream : NULL;
}

bool streams_over(const struct streams *s, unsigned int slot,
		  unsigned int generation)
{
	const struct stream *stream;

	if (slot >= EQUIC_SHARED_STREAMS || !generation)
		return false;
	stream = &s->slots[slot];
	if (stream->generation == generation)
		return !stream->used || stream->released;
	return next_generation(generation) == stream->generation;
}

static void forget(struct stream *stream)
{
	ranges_free(&stream->told);
	ranges_free(&stream->acked);
	ranges_free(&stream->due);
	stream->used = false;
}

void streams_drop(struct streams *s, struct stream *stream)
{
	unsigned int at = place(s, stream->id);

	s->count--;
	s->released -= stream->released;
	memmove(&s->order[at], &s->order[at + 1],
		(s->count - at) * sizeof(s->order[0]));
	forget(stream);
}

void streams_free(struct streams *s)
{
	while (s->count)
		forget(&s->slots[s->order[--s->count]]);
}

static int make_due(struct stream *s, uint64_t begin, uint64_t end)
{
	struct range gap;
	int err;

	/* What a later packet has brought there is not sent again. */
	while (ranges_gap(&s->acked, begin, end, &gap)) {
		err = ranges_add(&s->due, gap.begin, gap.end);
		if (err)
			return err;
		s->all->any_due = true;
		begin = gap.end;
	}
	return 0;
}

static void know(struct stream *s, uint64_t end)
{
	if (end <= s->known)
		return;
	s->all->known += end - s->known;
	s->known = end;
}

int stream_told(struct stream *s, uint64_t begin, uint64_t len, bool fin,
		bool sent)
{
	uint64_t end = begin + len;
	int err;

	if ((s->ended || s->reset) &&
	    (end > s->final || (fin && end != s->final)))
		return -EPROTO;
	if (fin && end < s->known)
		return -EPROTO;
	err = ranges_add(&s->told, begin, end);
	if (err)
		return err;
	know(s, end);
	if (fin && !s->ended && !s->reset) {
		s->ended = true;
		s->final = end;
		s->fin_due = !sent;
		s->all->any_due |= s->fin_due;
	}
	return sent ? 0 : make_due(s, begin, end);
}

int stream_acked(struct stream *s, uint64_t begin, uint64_t len, bool fin)
{
	if (fin) {
		s->fin_acked = true;
		s->fin_due = false;
	}
	return ranges_add(&s->acked, begin, begin + len) ?:
	       ranges_remove(&s->due, begin, begin + len);
}

int stream_lost(struct stream *s, uint64_t begin, uint64_t len, bool fin)
{
	if (s->reset)
		return 0;
	if (fin && !s->fin_acked)
		s->all->any_due = s->fin_due = true;
	return make_due(s, begin, begin + len);
}

void stream_reset(struct stream *s, uint64_t final, uint64_t code)
{
	if (s->reset || stream_done(s))
		return;
	s->all->any_due = s->reset = s->reset_due = true;
	s->final = final;
	know(s, final);
	s->code = code;
	s->fin_due = false;
	/* Nobody asks what was told of it any more, either. */
	ranges_free(&s->told);
	ranges_free(&s->due);
}

void stream_reset_lost(struct stream *s)
{
	s->reset_due = !s->reset_acked;
	s->all->any_due |= s->reset_due;
}

bool stream_due(const struct stream *s)
{
	return s->reset_due || s->fin_due || s->due.count;
}

/* In turn, so that none waits for another. */
struct stream *streams_due(struct streams *s, unsigned int *turn)
{
	unsigned int i, at = *turn;

	for (i = 0; s->any_due && i < s->count; i++) {
		struct stream *stream;

		at = (at + 1) % s->count;
		stream = &s->slots[s->order[at]];
		if (!stream->released && stream_due(stream)) {
			*turn = at;
			return stream;
		}
	}
	s->any_due = false;
	return NULL;
}

bool stream_done(const struct stream *s)
{
	if (s->reset)
		return s->reset_acked;
	return s->ended && s->fin_acked && ranges_have(&s->acked, 0, s->final);
}
