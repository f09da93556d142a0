/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * equic_second - send packets inside a QUIC connection that another process terminates.
 *
 * The other side of equic_share.h: for the process that an endpoint gives a memory, a
 * ring, and its keys and paths. Link libequic-second.a and gnutls; there is no QUIC
 * stack in it. What is in the memory is described in linux/equic_shared.h.
 *
 *	s = equic_second_new(memory, ring, &ops, ctx);
 *	equic_second_key(s, &key);		as the endpoint's key() says
 *	equic_second_path(s, dcid, len);	as its path() says
 *
 *	equic_second_claim(s, &stream);
 *	len = equic_second_stream_room(s, &stream);
 *	equic_second_stream(s, &stream, bytes, len, fin, cookie);
 *	equic_second_datagram(s, bytes, len, cookie);
 *
 * It may be killed at any moment, and hang; the endpoint goes on. Nothing waits: a call
 * that has neither budget nor credit, or is stopped, says so, and is made again when
 * something may have changed: the endpoint has read what came from the network, or a
 * millisecond has passed. When the endpoint is to look at once at what was sent, tell it;
 * else it does when it is called next.
 *
 * A sender is for one thread at a time. Several may send on a connection, each with
 * a ring of its own, and all with the same keys and path.
 */
#ifndef _EQUIC_SECOND_H
#define _EQUIC_SECOND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "equic_share_key.h"

#ifdef __cplusplus
extern "C" {
#endif

#define EQUIC_SECOND_API __attribute__((visibility("default")))

/* The largest packet that is ever sent, bytes: room for the bytes of any stream frame. */
#define EQUIC_SECOND_PAYLOAD_MAX	1452

struct equic_second;

/**
 * struct equic_second_ops - what the sender does with the world
 * @send: send a datagram on the path that equic_second_path() was called for. 0;
 *	anything else: it was not sent. Nobody is told, and it will be lost.
 */
struct equic_second_ops {
	int (*send)(void *ctx, const uint8_t *packet, size_t len);
};

/**
 * equic_second_new - begin to send on a connection
 * @memory: descriptor that the endpoint gave; may be closed afterwards
 * @ring: likewise. No other sender may use it
 * @ops: kept
 * @ctx: what @ops are given
 *
 * Return: NULL, with errno: ENOMEM; EINVAL: a descriptor is of neither; EPROTO: another
 * version of the layout (linux/equic_shared.h), or what is there is none; what mmap(2)
 * says.
 */
EQUIC_SECOND_API
struct equic_second *equic_second_new(int memory, int ring,
				      const struct equic_second_ops *ops,
				      void *ctx);

/* Wipes its keys. NULL is allowed. */
EQUIC_SECOND_API
void equic_second_free(struct equic_second *s);

/**
 * equic_second_key - the key of an epoch
 * @s: sender
 * @key: copied; to be wiped by the caller
 *
 * Of each key phase (RFC 9001, 6) the last epoch's is kept: that of the epoch before
 * stays, and of two that follow each other either may come first. Behind this call the
 * endpoint may be answered: key() returns.
 *
 * Return: 0; -EINVAL: no such epoch or cipher; -EEXIST: it has one; -ESTALE: it has one
 * of a later epoch with the same key phase; -ENOMEM.
 */
EQUIC_SECOND_API
int equic_second_key(struct equic_second *s, const struct equic_share_key *key);

/**
 * equic_second_path - where to
 * @s: sender
 * @dcid: connection ID for the peer
 * @len: its length
 *
 * send() has the addresses from now on. Not while another thread sends: then, answer the
 * endpoint.
 *
 * Return: 0; -EINVAL: longer than 20 bytes.
 */
EQUIC_SECOND_API
int equic_second_path(struct equic_second *s, const uint8_t *dcid, size_t len);

/*
 * Bytes that a DATAGRAM frame can have now, for the path and the peer (RFC 9221, 3); 0
 * also: there is no path yet, or the peer takes none.
 */
EQUIC_SECOND_API
size_t equic_second_datagram_room(const struct equic_second *s);

/**
 * equic_second_datagram - send a DATAGRAM frame (RFC 9221)
 * @s: sender
 * @data: its payload
 * @len: bytes, up to equic_second_datagram_room()
 * @cookie: for the endpoint's datagram()
 *
 * Return: 0: it was sent; or it was not: -EMSGSIZE: too long; -ENOTCONN: no path yet;
 * -EAGAIN: stopped; -ENOBUFS: no budget; -ENOSPC: the endpoint has not looked at the
 * records for long; -EBUSY, -ECANCELED: others were faster, again and again;
 * -ENOKEY: no key of this epoch; -EKEYEXPIRED: the key is worn out; -EOVERFLOW,
 * -EPROTO: the numbers have ended, or were spoiled.
 */
EQUIC_SECOND_API
int equic_second_datagram(struct equic_second *s, const void *data, size_t len,
			  uint64_t cookie);

/**
 * struct equic_second_stream - a unidirectional stream of this sender's
 * @id: RFC 9000, 2.1.
 * @end: where it goes on: the bytes before have been taken.
 * @slot: in the memory.
 * @generation: of the slot.
 * @ended: by a FIN or a reset: nobody takes bytes of it any more.
 */
struct equic_second_stream {
	uint64_t	id;
	uint64_t	end;
	uint32_t	slot;
	uint32_t	generation;
	bool		ended;
};

/**
 * equic_second_claim - have a stream that waits
 * @s: sender
 * @stream: result
 *
 * Return: 0; -ENOENT: none waits now: the peer allows no more, or the endpoint has not
 * opened them yet.
 */
EQUIC_SECOND_API
int equic_second_claim(struct equic_second *s,
		       struct equic_second_stream *stream);

/**
 * equic_second_adopt - have the streams that a sender before this one left
 * @s: sender
 * @stream: the one before; with @generation 0: from the beginning. Result: the next
 *	that was claimed, where it goes on, and whether it does: until the peer has all of
 *	it, it is still there. Those that the endpoint has opened for itself are too.
 *
 * Return: 0; -ENOENT: there are no more.
 */
EQUIC_SECOND_API
int equic_second_adopt(const struct equic_second *s,
		       struct equic_second_stream *stream);

/*
 * Bytes that a STREAM frame can have now: less than fit a packet where the peer allows
 * less, but for none. 0 also: there is no path, or no such stream any more:
 * equic_second_stream() says which, also of no bytes.
 */
EQUIC_SECOND_API
size_t equic_second_stream_room(const struct equic_second *s,
				const struct equic_second_stream *stream);

/**
 * equic_second_stream - send the next bytes of a stream
 * @s: sender
 * @stream: where it goes on is changed when they are taken
 * @data: bytes
 * @len: as many as equic_second_stream_room() at most; 0 with @fin alone
 * @fin: the stream ends behind them
 * @cookie: kept in the record, for whoever looks at it
 *
 * The endpoint's bytes() is asked for what is lost: it must have them, too.
 *
 * Return: 0: they are sent; 1: they are taken, and the library will send them, for here
 * something failed that was seen too late: do nothing for a while. Or they are not
 * taken: -EDQUOT: the peer does not allow that many, on the stream or on all;
 * -ESHUTDOWN, -ESTALE: it has ended, by a reset or a FIN, or @stream is none that
 * equic_second_claim() or equic_second_adopt() gave: forget it; -EINVAL: others have
 * sent bytes behind @fin, or @stream can be none; and as equic_second_datagram().
 */
EQUIC_SECOND_API
int equic_second_stream(struct equic_second *s, struct equic_second_stream *stream,
			const void *data, size_t len, bool fin, uint64_t cookie);

#ifdef __cplusplus
}
#endif

#endif /* _EQUIC_SECOND_H */
