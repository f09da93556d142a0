/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two QUIC endpoints and the path between them, in one process and in virtual time: the
 * same seed gives the same run. The server is shared (equic_share.h) or plain; the
 * client is ngtcp2 as it is, which ends the connection when a rule is broken.
 */
#ifndef EQUIC_SELFTESTS_SHARED_WORLD_H
#define EQUIC_SELFTESTS_SHARED_WORLD_H

#include <stdbool.h>
#include <stdint.h>
#include <ngtcp2/ngtcp2.h>
#include "chance.h"
#include "equic_share.h"

enum { WORLD_DATAGRAM_MAX = 1500, WORLD_STREAMS_MAX = 4096 };

/**
 * struct world_path - what the path does, in each direction
 * @delay: ns, one way.
 * @jitter: ns, at most, in addition: packets overtake each other.
 * @rate: bytes a second; 0: no limit.
 * @queue: bytes that wait for the bottleneck; more are dropped.
 * @loss: of 1000 datagrams.
 * @twice: of 1000 datagrams come twice.
 */
struct world_path {
	uint64_t	delay, jitter, rate, queue;
	unsigned int	loss, twice;
};

/**
 * struct world_options - how they are
 * @path: between them.
 * @seed: of all that is by chance.
 * @shared: the server is.
 * @share: its options, if so.
 * @batched: what it writes at a time leaves together at the end, as by sendmmsg(2).
 * @initial_max_data: of the client: credit for all streams; it grows as data comes.
 * @max_stream_data: of the client: likewise, for each stream.
 * @max_streams: of the client: unidirectional streams of the server.
 */
struct world_options {
	struct world_path		path;
	uint64_t			seed;
	bool				shared, batched;
	struct equic_share_options	share;
	uint64_t			initial_max_data;
	uint64_t			max_stream_data;
	uint64_t			max_streams;
};

/* What the client got of a stream. */
struct world_stream {
	uint64_t	bytes;
	uint64_t	wrong;		/* of them */
	bool		fin, reset;
};

struct world;

/**
 * struct world_app - what the server's application does
 * @write: something is to be sent, perhaps: one datagram's worth for each call.
 *	As ngtcp2_conn_writev_stream(): 0: no more.
 * @expiry: when it is to be asked at the latest; UINT64_MAX: when something happens.
 */
struct world_app {
	ngtcp2_ssize (*write)(struct world *w, void *ctx, uint8_t *dest,
			      size_t destlen, uint64_t now);
	uint64_t (*expiry)(void *ctx);
};

struct world *world_new(const struct world_options *options,
		      const struct world_app *app, void *ctx);
void world_free(struct world *w);

/* Until nothing happens before @until, ns. Return: 0; the error of an end that failed. */
int world_run(struct world *w, uint64_t until);

/* Until @done, at most to @until. */
int world_run_until(struct world *w, bool (*done)(struct world *w, void *ctx),
		   uint64_t until);

/* When @done was true. */
uint64_t world_ended(const struct world *w);
uint64_t world_now(const struct world *w);
ngtcp2_conn *world_server(struct world *w);
ngtcp2_conn *world_client(struct world *w);
struct equic_share *world_share(struct world *w);

/* A datagram of the second sender's, to the client. */
int world_send(struct world *w, const uint8_t *packet, size_t len);

/* Of the client: what it got. */
struct world_stream *world_stream(struct world *w, int64_t id);
uint64_t world_datagrams(const struct world *w);

/* Packets whose number came before in another packet: always 0. */
uint64_t world_repeated(const struct world *w);

/* RESET_STREAM frames that say that nothing was sent: the stack's, of a stream it forgets. */
uint64_t world_empty_resets(const struct world *w);

/* Arrivals and timers so far. */
uint64_t world_events(const struct world *w);

/* The client is on another address from now on (a NAT has forgotten the old one). */
void world_rebind(struct world *w);

/* The client asks for new keys. */
int world_update_keys(struct world *w);

/* The byte of a stream at an offset. */
static inline uint8_t world_byte(uint64_t stream, uint64_t offset)
{
	uint64_t mixed = (stream << 32 ^ offset >> 3) * 0x9e3779b97f4a7c15ULL;

	return mixed >> 56 ^ offset;
}

#endif /* EQUIC_SELFTESTS_SHARED_WORLD_H */
