/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The peer of a shared connection: ngtcp2 as it is, which ends the connection when a
 * rule is broken. What it got is noted, and on demand it lies.
 */
#ifndef EQUIC_SELFTESTS_SHARED_RECEIVER_H
#define EQUIC_SELFTESTS_SHARED_RECEIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <ngtcp2/ngtcp2.h>
#include "chance.h"

enum { RECEIVER_STREAMS_MAX = 4096 };

/**
 * enum receiver_lie - what it says in place of its ACK frames
 * @RECEIVER_HONEST: nothing.
 * @RECEIVER_ALL: that it has what is between those that it got, too.
 * @RECEIVER_AHEAD: that it has one that cannot have been sent yet.
 * @RECEIVER_NOISE: noise, in place of all frames.
 */
enum receiver_lie {
	RECEIVER_HONEST,
	RECEIVER_ALL,
	RECEIVER_AHEAD,
	RECEIVER_NOISE,
};

/* What it got of a stream. */
struct received_stream {
	uint64_t	bytes;
	uint64_t	wrong;		/* of them */
	bool		fin, reset;
	bool		empty;		/* reset, and nothing was ever sent */
};

/* A number that came, and the tag of its packet. */
struct received_number {
	uint64_t	pn, tag;
};

/**
 * struct receiver - what it got
 * @looks: at numbers and frames of the other end.
 * @lie: see above. May be set at any time.
 * @noise: for that.
 * @streams: by id / 4.
 * @bytes: of all streams.
 * @datagrams: DATAGRAM frames.
 * @numbers: that came, in that order.
 * @number_count: how many.
 * @number_room: for how many there is room.
 * @number_above: all of them.
 * @repeated: packets whose number came before in another packet: always 0.
 * @narrow_above: all numbers that have less than four bytes.
 * @empty_streams: of which a RESET_STREAM frame says that nothing was sent: by which the
 *	stack forgets a stream.
 * @retired: RETIRE_CONNECTION_ID frames.
 * @credit_last: in its packets MAX_DATA is behind all other frames.
 * @retire: the next NEW_CONNECTION_ID that it sends retires all those before.
 * @conn: its own; NULL: before it got stream data.
 */
struct receiver {
	bool			looks;
	enum receiver_lie	lie;
	struct chance		*noise;
	struct received_stream	streams[RECEIVER_STREAMS_MAX];
	uint64_t		bytes, datagrams;
	struct received_number	*numbers;
	size_t			number_count, number_room;
	uint64_t		number_above;
	uint64_t		repeated, narrow_above, empty_streams, retired;
	bool			credit_last, retire;
	ngtcp2_conn		*conn;
};

/* Its connection's user data is @r. */
void receiver_callbacks(ngtcp2_callbacks *callbacks);

/* From now on the callbacks for packets are this one's. */
void receiver_run(struct receiver *r);
void receiver_free(struct receiver *r);

struct received_stream *receiver_stream(struct receiver *r, int64_t id);

/*
 * Whether it sends nothing but ACK any more: ngtcp2 answers a PATH_CHALLENGE in 1200 bytes,
 * does not probe for an answer that was lost (RFC 9000, 13.3, has none sent again), and so
 * does not hear that it was. Some of these fill its window for ever, and what it has to say
 * of credit waits behind them: with ngtcp2 alone at the other end as well.
 */
bool receiver_is_mute(const struct receiver *r);

/* Streams that were reset. */
unsigned int receiver_resets(const struct receiver *r);

/* Bytes that were not what they should be, of all streams. */
uint64_t receiver_wrong(const struct receiver *r);

/* The byte of a stream at an offset. */
static inline uint8_t stream_byte(uint64_t stream, uint64_t offset)
{
	uint64_t mixed = (stream << 32 ^ offset >> 3) * 0x9e3779b97f4a7c15ULL;

	return mixed >> 56 ^ offset;
}

#endif /* EQUIC_SELFTESTS_SHARED_RECEIVER_H */
