/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two QUIC endpoints and the path between them, in one process and in virtual time: the
 * same seed gives the same run. One of them, the sender, is shared (equic_share.h) or
 * plain; the other is a receiver.
 */
#ifndef EQUIC_SELFTESTS_SHARED_WORLD_H
#define EQUIC_SELFTESTS_SHARED_WORLD_H

#include <stdbool.h>
#include <stdint.h>
#include <ngtcp2/ngtcp2.h>
#include "equic_share.h"
#include "receiver.h"
#include "transit.h"

/**
 * struct world_options - how they are
 * @path: between them.
 * @seed: of all that is by chance.
 * @begin: when the client begins, ns; 0: after a second.
 * @client: the client is the sender, else the server.
 * @shared: the sender is.
 * @share: its options, if so.
 * @batched: what it writes at a time leaves together at the end, as by sendmmsg(2).
 * @initial_max_data: of the receiver: credit for all streams; it grows as data comes.
 * @max_stream_data: of the receiver: likewise, for each stream.
 * @max_streams: of the receiver: unidirectional streams of the sender.
 * @payload_max: of datagrams, bytes, which the path is known to take; 0: nothing is
 *	known of it.
 * @back: bytes that the receiver sends, for which the sender gives the same credit.
 * @callbacks: more of the sender's; NULL: there are none.
 * @rewire: changes them behind equic_share_new(), as nobody may; NULL: nobody does.
 * @priority: GnuTLS's, of both ends; NULL: the usual.
 * @clock: what the sender's QUIC costs is counted by it; NULL: by nothing.
 * @max_udp_payload_size: the receiver's transport parameter; 0: as it is usual.
 */
struct world_options {
	struct transit_path		path;
	uint64_t			seed, begin;
	bool				client;
	bool				shared, batched;
	struct equic_share_options	share;
	uint64_t			initial_max_data;
	uint64_t			max_stream_data;
	uint64_t			max_streams, max_udp_payload_size;
	uint32_t			payload_max;
	uint64_t			back;
	void				(*callbacks)(ngtcp2_callbacks *callbacks);
	void				(*rewire)(ngtcp2_callbacks *callbacks);
	const char			*priority;
	uint64_t			(*clock)(void);
};

/* A priority: a cipher that the stack has, and other senders have not. */
#define WORLD_FOREIGN_CIPHER \
	"NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+AES-128-CCM:%DISABLE_TLS13_COMPAT_MODE"

struct world;

/**
 * struct world_app - what the sender's application does
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

/**
 * world_run_together - several worlds at the same time
 * @worlds: whose paths have a link in common, perhaps
 * @count: of them
 * @until: ns
 *
 * Return: 0; the error of an end that failed.
 */
int world_run_together(struct world *const *worlds, int count, uint64_t until);

/* When @done was true. */
uint64_t world_ended(const struct world *w);
uint64_t world_now(const struct world *w);
ngtcp2_conn *world_sender(struct world *w);
ngtcp2_conn *world_peer(struct world *w);
struct equic_share *world_share(struct world *w);

struct receiver *world_receiver(struct world *w);

/* What is between the ends; its path may be changed at any time. */
struct transit *world_transit(struct world *w);

/* Whether the sender's handshake is confirmed (RFC 9001, 4.1.2). */
bool world_confirmed(struct world *w);

/* Of the sender's endpoint and second sender, the largest that the path takes, bytes. */
size_t world_largest(const struct world *w);

/* A datagram of the second sender's, to the receiver. */
int world_send(struct world *w, const uint8_t *packet, size_t len);

/* Bytes that the receiver has sent and the sender got. */
uint64_t world_got_back(const struct world *w);

/* What the sender's QUIC has cost, by the clock of the options, in so many calls. */
uint64_t world_spent(const struct world *w);
uint64_t world_calls(const struct world *w);

/* Arrivals and timers so far. */
uint64_t world_events(const struct world *w);

/*
 * The client is on another address from now on: a NAT has forgotten the old one; or it
 * knows, and migrates (RFC 9000, 9), if it is the sender.
 */
void world_rebind(struct world *w);

#endif /* EQUIC_SELFTESTS_SHARED_WORLD_H */
