// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What the library sends itself: what the second sender lost or could not send, the
 * end of streams, probes. And the streams that it has the stack open and forget.
 */
#include <string.h>
#include "frame.h"
#include "least.h"
#include "share.h"
#include "varint.h"
#include "word.h"

/* A packet in the making. */
struct draft {
	struct piece	piece;
	size_t		len;
	size_t		room;
	uint8_t		payload[SHARE_PACKET_MAX];
};

static void put_number(struct draft *d, uint64_t value)
{
	uint8_t *at = varint_write(d->payload + d->len, d->payload + d->room,
				   value);

	d->len = at ? (size_t)(at - d->payload) : d->room;
}

static void draft_ping(struct draft *d)
{
	d->piece.kind = PIECE_PING;
	put_number(d, FRAME_PING);
}

static void draft_reset(struct draft *d, struct stream *stream)
{
	d->piece.kind = PIECE_RESET;
	put_number(d, FRAME_RESET_STREAM);
	put_number(d, stream->id);
	put_number(d, stream->code);
	put_number(d, stream->final);
	stream->reset_due = false;
}

static void put_stream(struct draft *d, const struct stream *stream,
		       uint64_t offset, const uint8_t *bytes, size_t len,
		       bool fin)
{
	d->piece.kind = PIECE_STREAM;
	d->piece.offset = offset;
	d->piece.len = len;
	d->piece.fin = fin;
	put_number(d, FRAME_STREAM | FRAME_STREAM_OFF | FRAME_STREAM_LEN |
		      (fin ? FRAME_STREAM_FIN : 0));
	put_number(d, stream->id);
	put_number(d, offset);
	put_number(d, len);
	if (len)
		memcpy(d->payload + d->len, bytes, len);
	d->len += len;
}

/* The bytes are gone: the peer is told not to wait. */
static void give_up(struct equic_share *s, struct draft *d,
		    struct stream *stream)
{
	stream_reset(stream, share_close_stream(s, stream), 0);
	draft_reset(d, stream);
}

static void draft_bytes(struct equic_share *s, struct draft *d,
			struct stream *stream)
{
	struct range due = stream->due.at[0];
	size_t head = 1 + varint_len(stream->id) + varint_len(due.begin) + 2;
	uint8_t bytes[SHARE_PACKET_MAX];
	size_t len;
	bool fin;

	len = least(due.end - due.begin, d->room - head);
	len = least(len, s->options.events->bytes(s->options.ctx, stream->id,
						  due.begin, bytes, len));
	if (!len) {
		give_up(s, d, stream);
		return;
	}
	fin = stream->fin_due && due.begin + len == stream->final;
	put_stream(d, stream, due.begin, bytes, len, fin);
	s->stats.resent += len;
}

static void draft_stream(struct equic_share *s, struct draft *d,
			 struct stream *stream)
{
	d->piece.slot = stream->slot;
	d->piece.generation = stream->generation;
	if (stream->reset_due)
		draft_reset(d, stream);
	else if (stream->due.count)
		draft_bytes(s, d, stream);
	else
		put_stream(d, stream, stream->final, NULL, 0, true);
}

/* It is on its way: until it is lost it is not due. */
static void undue(struct equic_share *s, const struct draft *d,
		  struct stream *stream)
{
	if (d->piece.kind != PIECE_STREAM)
		return;
	if (d->piece.fin)
		stream->fin_due = false;
	if (ranges_remove(&stream->due, d->piece.offset,
			  d->piece.offset + d->piece.len))
		s->error = NGTCP2_ERR_NOMEM;
}

bool own_due(struct equic_share *s)
{
	unsigned int turn = s->turn;

	return streams_due(&s->streams, &turn);
}

static size_t seal_draft(struct equic_share *s, struct draft *d, uint8_t *dest)
{
	uint8_t header[1 + NGTCP2_MAX_CIDLEN];
	size_t header_len = 1 + s->path.dcid.datalen, len;
	struct sent sent = {
		.time = s->now, .sender = SENDER_LIBRARY, .elicits = true,
	};

	header[0] = FIXED_BIT | (s->epoch & 1 ? KEY_PHASE : 0);
	memcpy(header + 1, s->path.dcid.data, s->path.dcid.datalen);
	len = share_seal(s, dest, header, header_len, d->payload, d->len, false,
			 &sent.pn);
	if (!len) {
		s->error = NGTCP2_ERR_CALLBACK_FAILURE;
		return 0;
	}
	sent.size = len;
	s->stats.library++;
	budget_used(s, len);
	if (records_sent(s, &sent, &d->piece)) {
		s->error = NGTCP2_ERR_NOMEM;
		return 0;
	}
	return len;
}

static size_t write_packet(struct equic_share *s, uint8_t *dest, size_t destlen)
{
	struct stream *stream = streams_due(&s->streams, &s->turn);
	struct draft d = { };

	share_follow_path(s);
	d.room = least(destlen, s->payload_max) -
		 (1 + s->path.dcid.datalen + SEAL_PN + SEAL_TAG);
	if (stream)
		draft_stream(s, &d, stream);
	else
		draft_ping(&d);
	if (stream)
		undue(s, &d, stream);
	if (s->probes) {
		s->probes--;
		s->stats.probes++;
	}
	return seal_draft(s, &d, dest);
}

size_t own_write(struct equic_share *s, uint8_t *dest, size_t destlen)
{
	if (!s->confirmed || s->partial || s->ended || s->error || s->path.unvalidated ||
	    destlen < SHARE_DATAGRAM_MIN)
		return 0;
	if (s->probes || (own_due(s) && budget_share(s) > 0))
		return write_packet(s, dest, destlen);
	return 0;
}

void own_claimed(struct equic_share *s, struct stream *stream)
{
	if (stream->claimed)
		return;
	stream->claimed = true;
	s->waiting--;
}

/* The endpoint's own streams come out of the same credit: it keeps as many as wait. */
static bool may_wait(const struct equic_share *s)
{
	return s->waiting < EQUIC_SHARED_POOL &&
	       ngtcp2_conn_get_streams_uni_left(s->conn) > s->waiting + 1;
}

int own_open(struct equic_share *s, struct stream **stream)
{
	int64_t id;
	int ret;

	if (s->streams.count == EQUIC_SHARED_STREAMS)
		return NGTCP2_ERR_NOMEM;
	ret = ngtcp2_conn_open_uni_stream(s->conn, &id, NULL);
	if (ret)
		return ret;
	*stream = streams_add(&s->streams, id);
	(*stream)->max = s->stream_max;
	return 0;
}

void own_pool(struct equic_share *s)
{
	struct stream *stream;

	while (may_wait(s) && !own_open(s, &stream)) {
		if (stream_put(s->memory, stream->slot, stream->generation,
			       stream->id, stream->max)) {
			s->stats.hostile++;
			share_estrange(s);
			return;
		}
		s->waiting++;
	}
}

static void forget(struct equic_share *s, struct stream *stream)
{
	stream->released = true;
	s->streams.released++;
	ngtcp2_conn_shutdown_stream_write(s->conn, 0, stream->id, 0);
}

static void release(struct equic_share *s, struct stream *stream)
{
	stream_close(s->memory, stream->slot);
	stream_drop(s->memory, stream->slot);
	forget(s, stream);
}

/*
 * What waits is claimed here, and never sent on: the RESET_STREAM of the stack's leaves
 * as it is, or the peer would keep their credit for ever (RFC 9000, 4.6). The words may
 * say of others that they wait, again and again.
 */
static bool drop_waiting(struct equic_share *s)
{
	unsigned int slot, generation, tries = EQUIC_SHARED_STREAMS;
	struct stream *stream;

	while (s->waiting && tries-- && !stream_claim(s->memory, &slot, &generation)) {
		stream = streams_at(&s->streams, slot, generation);
		if (!stream || stream->claimed || stream->released)
			continue;
		s->waiting--;
		release(s, stream);
		return true;
	}
	return false;
}

void own_empty_pool(struct equic_share *s)
{
	while (drop_waiting(s))
		;
}

/* One that nobody else knows of. */
static bool drop_another(struct equic_share *s)
{
	struct stream *stream;

	if (own_open(s, &stream))
		return false;
	forget(s, stream);
	return true;
}

bool own_nudge(struct equic_share *s)
{
	return drop_waiting(s) || drop_another(s);
}

void own_release(struct equic_share *s)
{
	unsigned int i;

	if (!s->any_done)
		return;
	s->any_done = false;
	for (i = 0; i < s->streams.count; i++) {
		struct stream *stream = &s->streams.slots[s->streams.order[i]];

		if (!stream_done(stream) || stream->released)
			continue;
		records_say(s, stream, EQUIC_SHARE_STREAM_DONE, stream->final);
		/* What that sends becomes PING: translate_sent(). */
		release(s, stream);
	}
}
