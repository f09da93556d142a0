/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The words of linux/equic_shared.h: how each of them is changed. For all senders.
 *
 * Others change them meanwhile, perhaps out of malice: a word is read once, each
 * loop ends because somebody else got on, and what is found is bounded before it is
 * used. Who does nothing but change a word could hold a loop for ever: it gives up
 * after %WORD_TRIES rounds, with -EBUSY. Honest senders do not get there.
 */
#ifndef EQUIC_SHARED_WORD_H
#define EQUIC_SHARED_WORD_H

#include <stdbool.h>
#include <stdint.h>
#include <linux/equic_shared.h>

/* Milliseconds, if each round fails. */
enum { WORD_TRIES = 1 << 16 };

/* A number word that was taken, or read. */
static inline uint64_t number_pn(uint64_t word)
{
	return word & EQUIC_NUMBER_NEXT_MASK;
}

static inline unsigned int number_epoch(uint64_t word)
{
	return (word >> EQUIC_NUMBER_EPOCH_SHIFT) & EQUIC_NUMBER_EPOCH_MAX;
}

/* A stream's word. */
static inline uint64_t stream_end(uint64_t word)
{
	return word & EQUIC_STREAM_END_MASK;
}

static inline unsigned int stream_generation(uint64_t word)
{
	return (word >> EQUIC_STREAM_GENERATION_SHIFT) &
	       EQUIC_STREAM_GENERATION_MASK;
}

/**
 * number_take - take the next packet number
 * @m: memory
 * @obey: the second sender's: not while stop is set
 * @word: result: epoch and number, without stop
 *
 * Whether a number came before is not known here: who lets others write to the
 * memory compares it with those it used.
 *
 * Return: 0; -EAGAIN: stop is set; -EOVERFLOW: there are no more; -EBUSY: above.
 */
int number_take(struct equic_shared *m, bool obey, uint64_t *word);

/**
 * number_take_epoch - the first number of the next epoch
 * @m: memory
 * @epoch: the epoch that ends: {epoch, n} becomes {epoch + 1, n + 1}
 * @word: result: epoch + 1 and n
 *
 * Return: 0; -ESTALE: the word has another epoch; -EOVERFLOW: there are no more;
 * -EBUSY: above.
 */
int number_take_epoch(struct equic_shared *m, unsigned int epoch, uint64_t *word);

/**
 * number_read - how far the numbers were taken
 * @m: memory
 *
 * Return: the word. A ring that is looked at behind this call has the record of
 * each number below its next, submitted or reserved.
 */
uint64_t number_read(const struct equic_shared *m);

/**
 * number_stop - from now on the second sender takes no number, until number_go()
 * @m: memory
 *
 * Return: as number_read(), and nothing of the second sender follows.
 */
uint64_t number_stop(struct equic_shared *m);

/* Who takes a number behind it sees what was changed before it. */
void number_go(struct equic_shared *m);

/**
 * budget_take - pay for a packet
 * @m: memory
 * @size: its UDP payload, bytes
 *
 * Whatever the number of senders, the one whose packet makes it 0 or less is the
 * last: it falls below 0 by less than one packet, not by one of each.
 *
 * Return: 0; -ENOBUFS: the budget is used up, which is counted; -EBUSY: above.
 */
int budget_take(struct equic_shared *m, uint32_t size);

/* Down for what must be sent in any case, up for what will not be sent. */
void budget_add(struct equic_shared *m, int64_t bytes);

/**
 * data_take - pay for bytes of streams (RFC 9000, 4.1)
 * @m: memory
 * @bytes: as many as the highest offset of a stream grows by
 *
 * Return: 0; -EDQUOT: the peer does not allow that many; -EBUSY: above.
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

/* The word of a slot, below EQUIC_SHARED_STREAMS. */
uint64_t stream_read(const struct equic_shared *m, unsigned int slot);

/**
 * stream_id - which stream it is
 * @m: memory
 * @slot: of the stream
 * @generation: of the stream
 * @id: result. When a later stream_take() of this generation succeeds, it was
 *	that stream's.
 *
 * Return: 0; -EINVAL: no such slot, or no stream can have what is there for an ID
 * (RFC 9000, 2.1); -ESTALE: it is another stream by now.
 */
int stream_id(const struct equic_shared *m, unsigned int slot,
	      unsigned int generation, uint64_t *id);

/*
 * Bytes of a stream from @offset on that the peer allows now, on the stream and on all;
 * other senders may take them meanwhile. @slot is below EQUIC_SHARED_STREAMS.
 */
uint64_t stream_credit(const struct equic_shared *m, unsigned int slot, uint64_t offset);

/**
 * stream_take - have bytes of a stream to send
 * @m: memory
 * @slot: below EQUIC_SHARED_STREAMS
 * @generation: of the stream
 * @offset: where they begin
 * @len: how many
 *
 * Bytes beyond what was taken before are paid for with data_take(), before they
 * are taken: neither limit is overrun at any moment. Two that take at once may have
 * paid for the same bytes for that moment, so that a third is refused what it
 * could have had; a sender that dies in it leaves what it paid. It takes nothing
 * when it fails.
 *
 * Return: 0; -ESHUTDOWN: it is closed; -ESTALE: it is another stream by now;
 * -EDQUOT: the peer does not allow that many, on the stream or on all;
 * -EINVAL: no such slot, or beyond EQUIC_STREAM_END_MASK; -EBUSY: above.
 */
int stream_take(struct equic_shared *m, unsigned int slot, unsigned int generation,
		uint64_t offset, uint64_t len);

/*
 * stream_take_last - as stream_take(), and the stream ends behind them
 *
 * It is closed by the same exchange: between two of them another sender could go on
 * behind the end that a FIN is about to have (FINAL_SIZE_ERROR, RFC 9000, 4.5). Who
 * takes them sends FIN, or tells that it is to be sent.
 *
 * Return: as stream_take(); -EINVAL also: bytes behind them were taken.
 */
int stream_take_last(struct equic_shared *m, unsigned int slot, unsigned int generation,
		     uint64_t offset, uint64_t len);

/**
 * stream_put - a stream for a slot that is empty
 * @m: memory
 * @slot: which
 * @generation: another one than before; never 0, or its word would be that of an
 *	empty slot
 * @id: the stream's
 * @max: of the peer's transport parameters
 *
 * The library alone.
 *
 * Return: 0; -EINVAL: no such slot, generation or ID; -EBUSY: it is not empty.
 */
int stream_put(struct equic_shared *m, unsigned int slot,
	       unsigned int generation, uint64_t id, uint64_t max);

/* As stream_put(), and the second sender does not find it waiting. */
int stream_put_claimed(struct equic_shared *m, unsigned int slot,
		       unsigned int generation, uint64_t id, uint64_t max);

/* MAX_STREAM_DATA came: smaller ones are late. The library alone. */
void stream_allow(struct equic_shared *m, unsigned int slot, uint64_t max);

/**
 * stream_close - nobody takes bytes of it any more
 * @m: memory
 * @slot: which, below EQUIC_SHARED_STREAMS
 *
 * Return: the word before, whose end is the final size.
 */
uint64_t stream_close(struct equic_shared *m, unsigned int slot);

/* The slot is empty; the library alone, when nobody asks for the stream any more. */
void stream_drop(struct equic_shared *m, unsigned int slot);

#endif /* EQUIC_SHARED_WORD_H */
