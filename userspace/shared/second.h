/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A second sender in user space: it does with the shared memory, a ring and its keys
 * what the kernel does, in the kernel's order, and knows nothing else.
 */
#ifndef EQUIC_SHARED_SECOND_H
#define EQUIC_SHARED_SECOND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/equic_shared.h>
#include "ring.h"
#include "seal.h"

/* Between which steps of a packet it may die (linux/equic_shared.h has the order). */
enum second_step {
	SECOND_RESERVED,
	SECOND_BUDGET,
	SECOND_CREDIT,
	SECOND_NUMBER,
	SECOND_SEALED,
	SECOND_SUBMITTED,
	SECOND_SENT,
	SECOND_STEPS,
};

/**
 * struct second_ops - what the world is to it
 * @send: send a datagram on the connection's path. 0, or -errno: the packet counts
 *	as sent, and will be lost.
 * @now: CLOCK_MONOTONIC, ns.
 * @alive: called behind each step; false: it dies right there, and nothing is tidied
 *	up, as when a process is killed. NULL: it lives.
 */
struct second_ops {
	int (*send)(void *ctx, const uint8_t *packet, size_t len);
	uint64_t (*now)(void *ctx);
	bool (*alive)(void *ctx, enum second_step step);
};

struct second;

/**
 * second_new - begin
 * @memory: of the connection
 * @ring: to produce records
 * @ops: the world
 * @ctx: what it is given
 *
 * Return: NULL: no memory, or memory_check() has something to say: errno.
 */
struct second *second_new(struct equic_shared *memory, struct ring *ring,
			  const struct second_ops *ops, void *ctx);
void second_free(struct second *s);

/**
 * second_key - the key of an epoch
 * @s: sender
 * @epoch: as in the number word
 * @secret: of what the endpoint sends
 *
 * Those of the epoch before stay.
 */
int second_key(struct second *s, unsigned int epoch,
	       const struct seal_secret *secret);

/**
 * second_path - where to
 * @s: sender
 * @dcid: connection ID for the peer
 * @len: its length, at most 20
 */
int second_path(struct second *s, const uint8_t *dcid, size_t len);

/**
 * second_datagram - send a DATAGRAM frame
 * @s: sender
 * @data: its payload
 * @len: bytes
 * @cookie: of the record
 *
 * What fails behind the number says so in a record with EQUIC_RECORD_UNSENT.
 *
 * Return: 0; -EMSGSIZE: too long for payload_max; -ENOSPC: no room for a record;
 * -ENOBUFS: no budget; -EAGAIN: stop; -ENOKEY: no key of the word's epoch: its number
 * is void; -EOWNERDEAD: it died meanwhile; or what send() says.
 */
int second_datagram(struct second *s, const void *data, size_t len,
		    uint64_t cookie);

/**
 * second_claim - have a stream
 *
 * Return: as stream_claim().
 */
int second_claim(struct second *s, unsigned int *slot, unsigned int *generation);

/**
 * second_stream - send a STREAM frame
 * @s: sender
 * @slot: of the stream
 * @generation: of the stream
 * @offset: where in it
 * @data: bytes
 * @len: as many as shall fit one packet: see second_stream_room()
 * @fin: the stream ends behind them
 * @cookie: of the record
 *
 * Return: as second_datagram() and stream_take().
 */
int second_stream(struct second *s, unsigned int slot, unsigned int generation,
		  uint64_t offset, const void *data, size_t len, bool fin,
		  uint64_t cookie);

/* Bytes of data that fit a STREAM frame in one packet. */
size_t second_stream_room(const struct second *s, unsigned int slot,
			  uint64_t offset);

#endif /* EQUIC_SHARED_SECOND_H */
