/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The unidirectional streams of the library: the stack has opened them and knows
 * nothing else of them. Which bytes were sent, by
 * whomever, which of them the peer has, and what is to be sent again.
 */
#ifndef EQUIC_SHARED_STREAM_H
#define EQUIC_SHARED_STREAM_H

#include <stdbool.h>
#include <stdint.h>
#include <linux/equic_shared.h>
#include "ranges.h"

/**
 * struct stream - one of them
 * @id: RFC 9000, 2.1.
 * @slot: in the shared memory.
 * @generation: of the slot.
 * @used: there is a stream.
 * @claimed: a sender has it: before, it waits in the pool.
 * @released: the stack was told to forget it.
 * @max: what the peer allows of it (MAX_STREAM_DATA).
 * @known: the highest offset that is known to be taken.
 * @told: of the registered bytes, all of them.
 * @acked: those that the peer has.
 * @due: those to be sent again.
 * @ended: it has a FIN, at @final.
 * @fin_due: which is to be sent.
 * @fin_acked: the peer has it.
 * @reset: it is reset with @code, and @final is its final size.
 * @reset_due: RESET_STREAM is to be sent.
 * @reset_acked: the peer has it.
 * @final: final size.
 * @code: of RESET_STREAM: the application's.
 * @all: its struct streams.
 */
struct stream {
	uint64_t	id;
	uint16_t	slot;
	uint16_t	generation;
	bool		used, claimed, released;
	uint64_t	max, known;
	struct ranges	told, acked, due;
	bool		ended, fin_due, fin_acked;
	bool		reset, reset_due, reset_acked;
	uint64_t	final;
	uint64_t	code;
	struct streams	*all;
};

/**
 * struct streams - of a connection
 * @slots: where they are.
 * @order: slots, by ID.
 * @count: of the streams.
 * @released: of them, those that the stack was told to forget.
 * @known: bytes that are known to be taken, of these and of all that were before.
 * @any_due: of one of them there may be something to send: false is certain.
 */
struct streams {
	struct stream	slots[EQUIC_SHARED_STREAMS];
	uint16_t	order[EQUIC_SHARED_STREAMS];
	unsigned int	count;
	unsigned int	released;
	uint64_t	known;
	bool		any_due;
};

/**
 * streams_add - a stream that the stack has opened
 * @s: streams
 * @id: above all that were added
 *
 * Return: the stream, in a slot with another generation than before; NULL: no slot.
 */
struct stream *streams_add(struct streams *s, uint64_t id);

/* Return: NULL: none has this id. */
struct stream *streams_find(struct streams *s, uint64_t id);

/* Return: that with the lowest id from here on which is not released; NULL: none. */
struct stream *streams_next(struct streams *s, uint64_t id);

/* Return: NULL: the slot has another one by now, or none. */
struct stream *streams_at(struct streams *s, unsigned int slot,
			  unsigned int generation);

/* Whether the last stream that a slot had, or the one before, is over. */
bool streams_over(const struct streams *s, unsigned int slot,
		  unsigned int generation);

/* The stack has forgotten it. */
void streams_drop(struct streams *s, struct stream *stream);
void streams_free(struct streams *s);

/**
 * stream_told - somebody has sent bytes, or taken them and not sent them
 * @s: stream
 * @begin: offset
 * @len: bytes
 * @fin: with FIN behind them
 * @sent: false: they are to be sent again
 *
 * Return: 0; -ENOMEM; -EPROTO: beyond a final size, or another one; -E2BIG: it is in more
 * pieces than %RANGES_MAX.
 */
int stream_told(struct stream *s, uint64_t begin, uint64_t len, bool fin,
		bool sent);

/* What was sent is acknowledged, or lost. Return: 0; -ENOMEM; -E2BIG: as above. */
int stream_acked(struct stream *s, uint64_t begin, uint64_t len, bool fin);
int stream_lost(struct stream *s, uint64_t begin, uint64_t len, bool fin);

/* It is reset: nothing of it is sent any more but that. */
void stream_reset(struct stream *s, uint64_t final, uint64_t code);

/* RESET_STREAM was lost. */
void stream_reset_lost(struct stream *s);

/* Whether there is something of it to send. */
bool stream_due(const struct stream *s);

/**
 * streams_due - a stream that the stack has not forgotten and is stream_due()
 * @s: streams
 * @turn: in the order; the search begins behind it
 *
 * Return: the stream, and @turn is where it is; NULL: there is none.
 */
struct stream *streams_due(struct streams *s, unsigned int *turn);

/* Whether the peer has all there is to have, and the stack may forget it. */
bool stream_done(const struct stream *s);

#endif /* EQUIC_SHARED_STREAM_H */
