/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A second sender in user space: it does with the shared memory, a ring and its keys
 * what the kernel does, in the kernel's order, and knows nothing else. For those who
 * write one, equic_second.h is made of it.
 */
#ifndef EQUIC_SHARED_SECOND_H
#define EQUIC_SHARED_SECOND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/equic_shared.h>
#include "ring.h"
#include "seal.h"

/*
 * Of a datagram, so that it passes where the MTU is Ethernet's and the packet is
 * IPv6 (1500 - 40 - 8), whatever is written into payload_max.
 */
enum { SECOND_PAYLOAD_MAX = 1452, SECOND_DCID_MAX = 20 };

/*
 * Behind which steps of a packet it may die (linux/equic_shared.h has the order). A
 * DATAGRAM frame takes no credit, and has no such step.
 */
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
 * @send: send a datagram on the connection's path. 0; else the packet counts as sent,
 *	and will be lost.
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
 * @ring: to produce records, this sender's alone
 * @ops: the world
 * @ctx: what it is given
 *
 * For one thread at a time. Numbers that it takes only grow: should the memory offer
 * one that it may have used, that is refused.
 *
 * Return: NULL, with errno: ENOMEM; EPROTO: memory_check().
 */
struct second *second_new(struct equic_shared *memory, struct ring *ring,
			  const struct second_ops *ops, void *ctx);
void second_free(struct second *s);

/**
 * second_key - the key of an epoch
 * @s: sender
 * @epoch: as in the number word
 * @secret: of what the endpoint sends; copied
 *
 * That of the epoch before stays.
 *
 * Return: 0; -EINVAL: no such epoch or cipher; -EEXIST: it has one, which may have
 * been used; -ESTALE: it had one of a later epoch; -ENOMEM.
 */
int second_key(struct second *s, unsigned int epoch,
	       const struct seal_secret *secret);

/**
 * second_path - where to
 * @s: sender
 * @dcid: connection ID for the peer
 * @len: its length
 *
 * Return: 0; -EINVAL: longer than %SECOND_DCID_MAX.
 */
int second_path(struct second *s, const uint8_t *dcid, size_t len);

/**
 * second_datagram - send a DATAGRAM frame
 * @s: sender
 * @data: its payload
 * @len: bytes
 * @cookie: of the record
 *
 * What fails behind the number says so in a record with EQUIC_RECORD_UNSENT, and the
 * number in it is void. What fails before it leaves nothing. The budget is given back
 * either way.
 *
 * Return: 0; -EMSGSIZE: too long for payload_max, or for what the peer takes
 * (datagram_max); -ENOTCONN: no second_path() yet;
 * -EAGAIN: stop is set; -ENOSPC: no room for a record; -ENOBUFS: no budget; -EBUSY:
 * word.h; -ECANCELED: stop was set meanwhile, or who changes the word all the time
 * leaves no number; -EOVERFLOW: no more numbers;
 * -EPROTO: a number that may have been used; -ENOKEY: no key of the word's epoch;
 * -EKEYEXPIRED: the key has sealed as much as it may, or GnuTLS failed; -ECOMM: send()
 * failed, and the packet counts as sent; -EOWNERDEAD: it died meanwhile.
 */
int second_datagram(struct second *s, const void *data, size_t len,
		    uint64_t cookie);

/* Bytes of data that fit a DATAGRAM frame in one packet; 0 also: there is no path. */
size_t second_datagram_room(const struct second *s);

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
 * What fails behind the credit says so in a record with EQUIC_RECORD_UNSENT: the
 * stream's end does not move back, for others may have gone on from it, so the bytes
 * are the library's to send and not to be given here again. The number in the record
 * is void, or %EQUIC_RECORD_NO_NUMBER if none was taken. What fails before it leaves
 * nothing.
 *
 * Return: as second_datagram(), stream_id() and stream_take(), or with @fin
 * stream_take_last(). The bytes are the library's for 0, -ECANCELED,
 * -EOVERFLOW, -EPROTO, -ENOKEY, -EKEYEXPIRED, -ECOMM; and the caller's for all others.
 */
int second_stream(struct second *s, unsigned int slot, unsigned int generation,
		  uint64_t offset, const void *data, size_t len, bool fin,
		  uint64_t cookie);

/*
 * Bytes of data that fit a STREAM frame in one packet, and the peer allows, if it allows
 * any; 0 also: no path or stream.
 */
size_t second_stream_room(const struct second *s, unsigned int slot,
			  uint64_t offset);

#endif /* EQUIC_SHARED_SECOND_H */
