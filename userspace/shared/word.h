/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The words of linux/equic_shared.h: how each of them is changed. For all senders.
 *
 * Others change them meanwhile, perhaps out of malice: a word is read once, each
 * loop ends because somebody else got on, and what is found is bounded before it is
 * used.
 */
#ifndef EQUIC_SHARED_WORD_H
#define EQUIC_SHARED_WORD_H

#include <stdbool.h>
#include <stdint.h>
#include <linux/equic_shared.h>

/* A number word that was taken. */
static inline uint64_t number_pn(uint64_t word)
{
	return word & EQUIC_NUMBER_NEXT_MASK;
}

static inline unsigned int number_epoch(uint64_t word)
{
	return (word >> EQUIC_NUMBER_EPOCH_SHIFT) & EQUIC_NUMBER_EPOCH_MAX;
}

/**
 * number_take - take the next packet number
 * @m: memory
 * @obey: the second sender's: not while stop is set
 * @word: result: epoch and number, without stop
 *
 * Return: 0; -EAGAIN: stop is set; -EOVERFLOW: there are no more.
 */
int number_take(struct equic_shared *m, bool obey, uint64_t *word);

/**
 * number_take_epoch - the first number of the next epoch
 * @m: memory
 * @epoch: the epoch that ends: {epoch, n} becomes {epoch + 1, n + 1}
 * @word: result: epoch + 1 and n
 *
 * Return: 0; -ESTALE: the word has another epoch; -EOVERFLOW: there are no more.
 */
int number_take_epoch(struct equic_shared *m, unsigned int epoch, uint64_t *word);

/* From now on the second sender takes no number, until go. */
void number_stop(struct equic_shared *m);
void number_go(struct equic_shared *m);

/**
 * budget_take - pay for a packet
 * @m: memory
 * @size: its UDP payload, bytes
 *
 * Return: 0; -ENOBUFS: the budget is used up.
 */
int budget_take(struct equic_shared *m, uint32_t size);

/* Down for what must be sent in any case, up for what will not be sent. */
void budget_add(struct equic_shared *m, int64_t bytes);

/**
 * data_take - pay for bytes of streams (RFC 9000, 4.1)
 * @m: memory
 * @bytes: as many as the highest offset of a stream grows by
 *
 * Return: 0; -EDQUOT: the peer does not allow that many.
 */
int data_take(struct equic_shared *m, uint64_t bytes);

/* What was taken, and is not used after all. */
void data_return(struct equic_shared *m, uint64_t bytes);

/* As many as can be taken, at most @bytes of them. */
uint64_t data_take_some(struct equic_shared *m, uint64_t bytes);

/* MAX_DATA came: smaller ones are late. */
void data_allow(struct equic_shared *m, uint64_t max);

/**
 * stream_claim - a stream for the second sender
 * @m: memory
 * @slot: result
 * @generation: result
 *
 * Return: 0; -ENOENT: none is waiting.
 */
int stream_claim(struct equic_shared *m, unsigned int *slot,
		 unsigned int *generation);

/**
 * stream_take - have bytes of a stream to send
 * @m: memory
 * @slot: below EQUIC_SHARED_STREAMS
 * @generation: of the stream
 * @offset: where they begin
 * @len: how many
 *
 * Bytes beyond what was taken before are paid for with data_take().
 *
 * Return: 0; -ESHUTDOWN: it is closed; -ESTALE: it is another stream by now;
 * -EDQUOT: the peer does not allow that many, on the stream or on all;
 * -EINVAL: no such slot, or beyond EQUIC_STREAM_END_MASK.
 */
int stream_take(struct equic_shared *m, unsigned int slot,
		unsigned int generation, uint64_t offset, uint64_t len);

/**
 * stream_put - a stream for a slot that is empty
 * @m: memory
 * @slot: which
 * @generation: another one than before
 * @id: the stream's
 * @max: of the peer's transport parameters
 *
 * The library alone.
 */
void stream_put(struct equic_shared *m, unsigned int slot,
		unsigned int generation, uint64_t id, uint64_t max);

/* MAX_STREAM_DATA came: smaller ones are late. */
void stream_allow(struct equic_shared *m, unsigned int slot, uint64_t max);

/**
 * stream_close - nobody takes bytes of it any more
 * @m: memory
 * @slot: which
 *
 * Return: the word before, whose end is the final size.
 */
uint64_t stream_close(struct equic_shared *m, unsigned int slot);

/* The slot is empty; the library alone, when nobody asks for the stream any more. */
void stream_drop(struct equic_shared *m, unsigned int slot);

#endif /* EQUIC_SHARED_WORD_H */
