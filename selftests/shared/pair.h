/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two QUIC endpoints and the path between them, in one process and in virtual time: the
 * same seed gives the same run. The server is shared (equic_share.h) or plain; the
 * client is ngtcp2 as it is, which ends the connection when a rule is broken.
 */
#ifndef EQUIC_SELFTESTS_SHARED_PAIR_H
#define EQUIC_SELFTESTS_SHARED_PAIR_H

#include <stdbool.h>
#include <stdint.h>
#include <ngtcp2/ngtcp2.h>
#include "chance.h"
#include "equic_share.h"

enum { PAIR_DATAGRAM_MAX = 1500, PAIR_STREAMS_MAX = 4096 };

/**
 * struct pair_path - what the path does, in each direction
 * @delay: ns, one way.
 * @jitter: ns, at most, in addition: packets overtake each other.
 * @rate: bytes a second; 0: no limit.
 * @queue: bytes that wait for the bottleneck; more are dropped.
 * @loss: of 1000 datagrams.
 * @twice: of 1000 datagrams come twice.
 */
struct pair_path {
	uint64_t	delay, jitter, rate, queue;
	unsigned int	loss, twice;
};

/**
 * struct pair_options - how they are
 * @path: between them.
 * @seed: of all that is by chance.
 * @shared: the server is.
 * @share: its options, if so.
 * @initial_max_data: of the client: credit for all streams; it grows as data comes.
 * @max_streams: of the client: unidirectional streams of the server.
 */
struct pair_options {
	struct pair_path		path;
	uint64_t			seed;
	bool				shared;
	struct equic_share_options	share;
	uint64_t			initial_max_data;
	uint64_t			max_streams;
};

/* What the client got of a stream. */
struct pair_stream {
	uint64_t	bytes;
	uint64_t	wrong;		/* of them */
	bool		fin, reset;
};

struct pair;

/**
 * struct pair_app - what the server's application does
 * @write: something is to be sent, perhaps: one datagram's worth for each call.
 *	As ngtcp2_conn_writev_stream(): 0: no more.
 * @expiry: when it is to be asked at the latest; UINT64_MAX: when something happens.
 */
struct pair_app {
	ngtcp2_ssize (*write)(struct pair *p, void *ctx, uint8_t *dest,
			      size_t destlen, uint64_t now);
	uint64_t (*expiry)(void *ctx);
};

struct pair *pair_new(const struct pair_options *options,
		      const struct pair_app *app, void *ctx);
void pair_free(struct pair *p);

/* Until nothing happens before @until, ns. Return: 0; the error of an end that failed. */
int pair_run(struct pair *p, uint64_t until);

/* Until @done, at most to @until. */
int pair_run_until(struct pair *p, bool (*done)(struct pair *p, void *ctx),
		   uint64_t until);

uint64_t pair_now(const struct pair *p);
ngtcp2_conn *pair_server(struct pair *p);
ngtcp2_conn *pair_client(struct pair *p);
struct equic_share *pair_share(struct pair *p);

/* A datagram of the second sender's, to the client. */
int pair_send(struct pair *p, const uint8_t *packet, size_t len);

/* Of the client: what it got. */
struct pair_stream *pair_stream(struct pair *p, int64_t id);
uint64_t pair_datagrams(const struct pair *p);

/* Packets whose number came before in another packet: always 0. */
uint64_t pair_repeated(const struct pair *p);

/* Arrivals and timers so far. */
uint64_t pair_events(const struct pair *p);

/* The client is on another address from now on (a NAT has forgotten the old one). */
void pair_rebind(struct pair *p);

/* The client asks for new keys. */
int pair_update_keys(struct pair *p);

/* The byte of a stream at an offset. */
static inline uint8_t pair_byte(uint64_t stream, uint64_t offset)
{
	uint64_t mixed = (stream << 32 ^ offset >> 3) * 0x9e3779b97f4a7c15ULL;

	return mixed >> 56 ^ offset;
}

#endif /* EQUIC_SELFTESTS_SHARED_PAIR_H */
