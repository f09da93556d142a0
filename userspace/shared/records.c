// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What the second sender says of its packets, and what becomes of these and of the
 * library's own. A record may say anything: what makes no sense is counted and left.
 */
#include <errno.h>
#include <stdlib.h>
#include "least.h"
#include "share.h"
#include "word.h"

static void piece_drop(struct piece *piece)
{
	*piece->prev = piece->next;
	if (piece->next)
		piece->next->prev = piece->prev;
	free(piece);
}

void records_forget(struct equic_share *s)
{
	while (s->pieces)
		piece_drop(s->pieces);
}

int records_sent(struct equic_share *s, const struct sent *sent,
		 const struct piece *what)
{
	struct piece *piece = malloc(sizeof(*piece));
	struct sent with = *sent;
	int err;

	if (!piece)
		return -ENOMEM;
	*piece = *what;
	piece->next = s->pieces;
	piece->prev = &s->pieces;
	if (piece->next)
		piece->next->prev = &piece->next;
	s->pieces = piece;
	with.what = piece;
	err = recovery_sent(s->recovery, &with);
	if (err)
		piece_drop(piece);
	return err;
}

void records_say(struct equic_share *s, const struct stream *stream,
		 enum equic_share_stream_event what, uint64_t value)
{
	if (s->options.events->stream)
		s->options.events->stream(s->options.ctx, stream->id, what,
					  value);
}

static void say_fate(struct equic_share *s, uint64_t cookie,
		     enum equic_share_fate fate)
{
	if (s->options.events->datagram)
		s->options.events->datagram(s->options.ctx, cookie, fate);
}

/* In so many pieces that no account is kept of them: the peer is told not to wait. */
static void give_up(struct equic_share *s, struct stream *stream)
{
	stream_reset(stream, share_close_stream(s, stream), 0);
}

/* What has become of a stream's bytes cannot be noted. */
static void stream_failed(struct equic_share *s, struct stream *stream, int err)
{
	if (err == -ENOMEM)
		s->error = NGTCP2_ERR_NOMEM;
	else
		s->stats.hostile++;
	if (err == -E2BIG)
		give_up(s, stream);
}

static void bytes_acked(struct equic_share *s, struct stream *stream,
			const struct piece *piece)
{
	uint64_t before = ranges_prefix(&stream->acked), now;
	int err = stream_acked(stream, piece->offset, piece->len, piece->fin);

	if (err)
		stream_failed(s, stream, err);
	now = ranges_prefix(&stream->acked);
	if (now > before)
		records_say(s, stream, EQUIC_SHARE_STREAM_ACKED, now);
}

static void on_acked(void *ctx, const struct sent *sent)
{
	struct piece *piece = sent->what;
	struct equic_share *s = ctx;
	struct stream *stream;

	/* The stack's. */
	if (!piece) {
		if (sent->elicits && sent->time >= s->roused)
			s->roused = 0;
		return;
	}
	stream = streams_at(&s->streams, piece->slot, piece->generation);
	if (piece->kind == PIECE_DATAGRAM)
		say_fate(s, piece->cookie, EQUIC_SHARE_ACKED);
	else if (piece->kind == PIECE_STREAM && stream)
		bytes_acked(s, stream, piece);
	else if (piece->kind == PIECE_RESET && stream)
		stream->reset_acked = true;
	if (stream && stream_done(stream))
		s->any_done = true;
	piece_drop(piece);
}

static void lose(struct equic_share *s, const struct piece *piece)
{
	struct stream *stream = streams_at(&s->streams, piece->slot,
					   piece->generation);
	int err = 0;

	if (piece->kind == PIECE_DATAGRAM)
		say_fate(s, piece->cookie, EQUIC_SHARE_LOST);
	if (piece->kind == PIECE_RESET && stream)
		stream_reset_lost(stream);
	if (piece->kind == PIECE_STREAM && stream)
		err = stream_lost(stream, piece->offset, piece->len, piece->fin);
	if (err)
		stream_failed(s, stream, err);
}

static void on_lost(void *ctx, const struct sent *sent)
{
	struct piece *piece = sent->what;

	if (!piece)
		return;
	lose(ctx, piece);
	piece_drop(piece);
}

const struct recovery_ops records_ops = {
	.acked = on_acked,
	.lost = on_lost,
};

/*
 * Bytes that nobody can have taken are not believed to be. Return: 0; -ESTALE: the
 * stream is over: who hung did not know; -EPROTO; -E2BIG: of this one nothing more is
 * believed; -ENOMEM.
 */
static int record_stream(struct equic_share *s, const struct equic_record *r)
{
	bool fin = r->flags & EQUIC_RECORD_FIN;
	struct stream *stream;
	uint64_t end;
	int err;

	if (streams_over(&s->streams, r->slot, r->generation))
		return -ESTALE;
	stream = streams_at(&s->streams, r->slot, r->generation);
	if (!stream || r->len > SHARE_PACKET_MAX)
		return -EPROTO;
	/* It took them in the memory that was given up: in what is in its place, now. */
	if (s->memory != s->mapped)
		stream_take(s->memory, r->slot, r->generation, r->offset, r->len);
	end = share_stream_end(s, stream, stream_read(s->memory, r->slot));
	if (r->offset > end || r->len > end - r->offset)
		return -EPROTO;
	own_claimed(s, stream);
	/* Of a stream that is reset meanwhile, nothing is sent again. */
	if (stream->reset)
		return 0;
	if (fin)
		stream_close(s->memory, r->slot);
	if (r->len && ranges_have(&stream->told, r->offset, r->offset + r->len))
		s->stats.twice += r->len;
	err = stream_told(stream, r->offset, r->len, fin,
			  !(r->flags & EQUIC_RECORD_UNSENT));
	if (err == -E2BIG)
		give_up(s, stream);
	return err;
}

static int record_unsent(struct equic_share *s, const struct equic_record *r)
{
	int err;

	if (r->kind == EQUIC_RECORD_DATAGRAM)
		say_fate(s, r->cookie, EQUIC_SHARE_VOID);
	if (r->number == EQUIC_RECORD_NO_NUMBER)
		return 0;
	s->stats.voids++;
	err = recovery_void(s->recovery, number_pn(r->number));
	/* So late that no acknowledgment of it would be looked at. */
	return err == -ESTALE ? 0 : err;
}

_Static_assert(RECOVERY_QUEUES == 1 + EQUIC_SHARE_RINGS_MAX,
	       "each ring is of a queue, and one is the endpoint's");

/*
 * When it was sent, as far as that can be believed: not before the last look, for then
 * its record was not there, and that is submitted first; nor in the time to come. (The
 * record may have stood behind one that was only reserved: for as long as that took,
 * which is nothing to an RTT.)
 */
static uint64_t sent_time(const struct equic_share *s, const struct equic_record *r)
{
	return most(s->looked, least(r->sent_ns, s->now));
}

/* It was sent, or is now: what it holds may be nobody's, but the peer acknowledges it. */
static int record_sent(struct equic_share *s, unsigned int ring,
		       const struct equic_record *r, enum piece_kind kind)
{
	int bad = r->size > SHARE_PACKET_MAX ? -EPROTO : 0;
	struct piece piece = {
		.kind = kind,
		.fin = r->flags & EQUIC_RECORD_FIN,
		.slot = r->slot,
		.generation = r->generation,
		.len = r->len,
		.offset = r->offset,
		.cookie = r->cookie,
	};
	struct sent sent = {
		.pn = number_pn(r->number),
		.time = sent_time(s, r),
		.size = least(r->size, SHARE_PACKET_MAX),
		.sender = SENDER_SECOND,
		.queue = 1 + ring,
		.elicits = true,
	};
	int err;

	s->stats.second++;
	err = records_sent(s, &sent, &piece);
	/* It came so late that nobody will be told: it may be lost. */
	if (err == -ESTALE)
		lose(s, &piece);
	if (!err || err == -ESTALE)
		s->budget.registered += sent.size;
	return err && err != -ESTALE ? err : bad;
}

/* No honest sender is there, whatever the word says. */
static bool is_too_far(const struct equic_share *s, uint64_t pn)
{
	return pn >= s->floor + SHARE_LEAP || share_is_beyond(s, pn);
}

/*
 * From one that is told of the next leap is counted, for its place in the ring is free.
 * Honest senders tell of no number that nobody took: so the word was set back. Whoever
 * did that, or is too far, may use any number next: the memory is given up before the
 * library comes to one that it was told of.
 */
static int record_number(struct equic_share *s, const struct equic_record *r)
{
	uint64_t next = most(number_pn(number_read(s->memory)), s->floor);
	uint64_t pn = number_pn(r->number);

	if (r->number == EQUIC_RECORD_NO_NUMBER)
		return 0;
	/* Of the library's own word, or noise. */
	if (pn >= next && (s->memory != s->mapped || is_too_far(s, pn)))
		return -EPROTO;
	if (pn >= next || is_too_far(s, pn))
		share_estrange(s);
	if (is_too_far(s, pn))
		return -EPROTO;
	share_know_number(s, pn);
	return 0;
}

/* What was sent has a number, and holds something. */
static bool makes_sense(const struct equic_share *s, const struct equic_record *r)
{
	return r->connection == s->options.connection &&
	       r->kind <= EQUIC_RECORD_STREAM &&
	       !(r->flags & ~(EQUIC_RECORD_FIN | EQUIC_RECORD_UNSENT)) &&
	       (r->flags & EQUIC_RECORD_UNSENT ||
		(r->kind != EQUIC_RECORD_VOID && r->number != EQUIC_RECORD_NO_NUMBER));
}

static int record_handle(struct equic_share *s, unsigned int ring,
			 const struct equic_record *r)
{
	enum piece_kind kind = PIECE_DATAGRAM;
	int err = 0, bad = 0;

	if (!makes_sense(s, r))
		return -EPROTO;
	err = record_number(s, r);
	if (err)
		return err;
	if (r->kind == EQUIC_RECORD_STREAM) {
		bad = record_stream(s, r);
		kind = bad ? PIECE_PING : PIECE_STREAM;
	}
	if (r->flags & EQUIC_RECORD_UNSENT)
		err = record_unsent(s, r);
	else
		err = record_sent(s, ring, r, kind);
	return err ?: bad == -ESTALE ? 0 : bad;
}

static void hear(struct equic_share *s, unsigned int ring, const struct equic_record *r)
{
	int err = record_handle(s, ring, r);

	if (err == -ENOMEM || err == -ENOBUFS)
		s->error = NGTCP2_ERR_NOMEM;
	else if (err)
		s->stats.hostile++;
}

/*
 * All that is there, and not what comes meanwhile: whoever sends on and on, it ends.
 * What was taken or sent before has its record there.
 */
static void drain(struct equic_share *s, unsigned int ring)
{
	struct ring *r = s->ring[ring];
	unsigned long end = ring_end(r);
	struct equic_record record;
	int err = 0;

	while (!err && !ring_reached(r, end)) {
		err = ring_next(r, &record);
		if (!err)
			hear(s, ring, &record);
	}
	if (err == -EPROTO && !s->stats.estranged)
		share_estrange(s);
}

void records_drain(struct equic_share *s)
{
	unsigned int i;

	for (i = 0; i < s->options.ring_count; i++)
		drain(s, i);
	s->looked = s->now;
}

/* Up to its end it is to be sent, but for what is told of; and FIN. */
static int recover_bytes(struct stream *stream, uint64_t end, bool fin)
{
	struct range gap;
	int err = 0;

	while (!err && ranges_gap(&stream->told, 0, end, &gap))
		err = stream_told(stream, gap.begin, gap.end - gap.begin, false, false);
	if (!err && fin && !stream->ended)
		err = stream_told(stream, end, 0, true, false);
	return err;
}

/* What was taken of a stream, and nobody has told of. Who closed it took the last. */
static void recover_stream(struct equic_share *s, struct stream *stream)
{
	uint64_t word;
	int err;

	if (stream->reset || stream->released)
		return;
	word = stream_read(s->memory, stream->slot);
	if (word & (EQUIC_STREAM_CLAIMED | EQUIC_STREAM_CLOSED))
		own_claimed(s, stream);
	err = recover_bytes(stream, share_stream_end(s, stream, word),
			    word & EQUIC_STREAM_CLOSED);
	if (err)
		stream_failed(s, stream, err);
}

/* Numbers that were taken, and of which nobody has told: they are in no packet. */
static void recover_numbers(struct equic_share *s)
{
	uint64_t word = number_read(s->memory), next = number_pn(word), pn;
	int err;

	/* Another second sender would go on with it, and be honest. */
	if (number_epoch(word) != s->epoch || next < s->floor ||
	    next - s->floor > SHARE_LEAP ||
	    (next > s->floor && share_is_beyond(s, next - 1))) {
		share_estrange(s);
		return;
	}
	s->floor = next;
	for (pn = most(s->first, next - least(next, RECOVERY_KEPT)); pn < next; pn++) {
		err = recovery_void(s->recovery, pn);
		if (!err)
			s->stats.voids++;
		else if (err == -ENOMEM || err == -ENOBUFS)
			s->error = NGTCP2_ERR_NOMEM;
	}
}

void records_recover(struct equic_share *s)
{
	unsigned int i;

	for (i = 0; i < s->options.ring_count; i++)
		ring_recover(s->ring[i]);
	records_drain(s);
	recover_numbers(s);
	for (i = 0; i < s->streams.count; i++)
		recover_stream(s, &s->streams.slots[s->streams.order[i]]);
	/* Of the budget too: what it took and did not use. */
	s->budget.granted = budget_read(s) + s->budget.registered;
	/* Whoever comes behind it is believed. */
	s->budget.due = s->budget.registered;
}
