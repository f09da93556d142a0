/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A shared connection, for the files that are about a part of it: share.c its life,
 * alone.c the time before it is shared, protection.c the stack's packets, records.c the
 * second sender's, own.c the library's, budget.c who may send how much, path.c where to,
 * calls.c what the endpoint calls, turn.c what is seen to in each call.
 *
 * One thread at a time has it. The shared memory alone is changed by others.
 */
#ifndef EQUIC_SHARED_SHARE_H
#define EQUIC_SHARED_SHARE_H

#include <stdbool.h>
#include <stdint.h>
#include "equic_share.h"
#include "numbers.h"
#include "recovery.h"
#include "ring.h"
#include "seal.h"
#include "stream.h"
#include "translate.h"

/* Packets with 4-byte numbers are so much longer than the stack counts at most. */
enum { SHARE_GROWTH = SEAL_PN - 1 };

/* What every path takes (RFC 9000, 14). */
enum { SHARE_DATAGRAM_MIN = 1200 };

/* The largest packet: of a stack that was given a longer buffer, too. */
enum { SHARE_PACKET_MAX = EQUIC_SHARE_PAYLOAD_MAX };

/*
 * How far the numbers may go on behind the last that the library knows of. No honest
 * sender gets further, for all rings together have no more records; and a peer that has
 * seen none of them can tell the next from its four bytes (RFC 9000, 17.1).
 *
 * RECOVERY_SPAN has room for four, from the oldest packet in flight on: one that all
 * senders may use; behind it the second sender is stopped, and what it has taken by
 * then is within the next. Whoever goes on behind that is not honest: the memory is
 * given up, the library goes on a leap behind what is known, in the third, and the last
 * is for the stack, which goes on in any case.
 */
enum { SHARE_LEAP = 1 << 15 };
_Static_assert(RECOVERY_SPAN == 4 * SHARE_LEAP && (int)RECOVERY_KEPT < (int)SHARE_LEAP,
	       "room for each of the four, though a packet is told of late");

/* Of the first byte (RFC 9000, 17.3). */
enum {
	LONG_HEADER	= 0x80,
	FIXED_BIT	= 0x40,
	KEY_PHASE	= 0x04,
	PN_LEN		= 0x03,
};

/* A send key, and whether the second sender has it. */
struct share_key {
	struct seal_key		*key;
	struct seal_secret	secret;	/* wiped with the key */
	bool			given;
};

/**
 * struct share_packet - a sealed packet of the stack, in place of what the stack wrote
 * @begin: of the buffer that the stack writes to; NULL: it is not to write.
 * @end: of the buffer, SHARE_GROWTH behind what the stack believes.
 * @at: where it is; NULL: there is none.
 * @len: its length, up to SHARE_GROWTH above what the stack believes.
 * @pn: its number.
 * @elicits: RFC 9002, 2.
 * @pmtu_probe: struct sent.
 * @grown: before the connection is shared: the stack's packet is so much longer than it
 *	believes, up to SHARE_GROWTH.
 */
struct share_packet {
	uint8_t		*begin, *end;
	const uint8_t	*at;
	size_t		len;
	uint64_t	pn;
	bool		elicits, pmtu_probe;
	uint8_t		grown;
};

/* Of a path. */
struct share_ends {
	ngtcp2_sockaddr_union	local, remote;
	socklen_t		local_len, remote_len;
};

/* So many paths are remembered that the peer has answered on; and questions. */
enum { SHARE_VALIDATED = 16, SHARE_CHALLENGES = 8 };

/* The peer was there. */
struct share_validated {
	struct share_ends	ends;
	uint64_t		at;	/* when, ns */
};

/* What the stack has asked for by PATH_CHALLENGE (RFC 9000, 19.17), and when. */
struct share_challenge {
	uint8_t			data[NGTCP2_PATH_CHALLENGE_DATALEN];
	struct share_ends	ends;	/* no remote_len: not sent, or answered */
	uint64_t		at;
	bool			whole;	/* in a datagram that the path must take */
};

/**
 * struct share_path - where packets go, and where the peer has been: see path.c
 * @dcid: the second sender is told of each change, as of
 * @ends: between them.
 * @unvalidated: a server has got packets from there, and no answer.
 * @preferred: a server has another address, where it asks while it is here.
 * @fallback: where the stack was when it began to ask, while @wandering and @asked.
 * @wandering: since that, none of @challenges was answered that was whole.
 * @asked: since that, there was one.
 * @asks: @unvalidated, @preferred or @wandering: the stack may ask whether the peer is
 *	somewhere. Looked at for each packet.
 * @validated: where the peer has been, the last one first.
 * @challenges: the last ones.
 * @challenged: so many in all, and
 * @asking: so many in the packet that is being written,
 * @written: to there.
 */
struct share_path {
	ngtcp2_cid		dcid;
	struct share_ends	ends;
	bool			unvalidated, preferred;
	struct share_ends	fallback;
	bool			wandering, asked, asks;
	struct share_validated	validated[SHARE_VALIDATED];
	struct share_challenge	challenges[SHARE_CHALLENGES];
	unsigned int		challenged, asking;
	ngtcp2_path_storage	written;
};

/**
 * struct share_budget - who may send how much: see budget.c
 * @granted: bytes that the budget word was given, in all.
 * @registered: of them, those of the second sender's packets that are told of.
 * @due: that many are to be, for so much was taken; and
 * @due_at: until then.
 * @doubted: they were not: what is taken is not on its way.
 * @theirs: its part of what the window has room for.
 * @kept: the endpoint's part.
 * @refused: so often there was nothing for the second sender; and
 * @refused_at: when last.
 * @hungry: the stack wants to send, and there is nothing for it.
 * @blocked: that was so at the end of the last turn, or since.
 * @fresh: all of it is of now.
 */
struct share_budget {
	int64_t		granted;
	int64_t		registered;
	int64_t		due;
	uint64_t	due_at;
	bool		doubted;
	int64_t		theirs;
	int64_t		kept;
	uint64_t	refused;
	uint64_t	refused_at;
	bool		hungry;
	bool		blocked;
	bool		fresh;
};

struct equic_share {
	struct equic_share_options	options;
	struct equic_share		*outer;	/* in whose callback the call is */
	ngtcp2_callbacks		its;	/* those that were there */
	ngtcp2_conn			*conn;
	ngtcp2_tstamp			now;

	/*
	 * It is shared: until then there are neither memory, rings, numbers nor
	 * recovery, and ngtcp2 is left to itself (alone.c).
	 */
	bool				begun;
	uint64_t			first;	/* number since then */

	/* Shared: @mapped until the end, @memory while it is to be trusted. */
	struct equic_shared		*memory, *mapped;
	int				memory_fd;
	struct ring			*ring[EQUIC_SHARE_RINGS_MAX];
	int				ring_fd[EQUIC_SHARE_RINGS_MAX];

	struct share_key		keys[2];	/* current, next */
	enum seal_cipher		cipher;
	uint8_t				header_key[SEAL_KEY_MAX];
	unsigned int			epoch;
	uint64_t			epoch_first;	/* number */
	uint64_t			packets_max;	/* of an epoch */
	bool				update_wanted;
	bool				nudged;		/* the stack, since then */
	uint64_t			update_time;

	uint64_t			floor;		/* numbers from here on are new */
	bool				ahead;		/* too far: SHARE_LEAP */
	uint64_t			looked;		/* at the rings, when */
	uint64_t			stack_next;
	struct numbers			*numbers;
	struct translator		translator;
	struct share_packet		packet;
	bool				no_mask;	/* the next one is thrown away */

	struct recovery			*recovery;
	unsigned int			probes;		/* to be sent */
	struct share_budget		budget;
	uint64_t			beats;

	/* What the words in the memory should say, at least. */
	uint64_t			data_max;
	uint64_t			stack_data;	/* bytes of the stack's streams */
	uint64_t			stream_max;	/* that a stream begins with */
	uint32_t			payload_max;	/* now; and what limits it: */
	uint32_t			path_payload_max, peer_payload_max;
	uint32_t			datagram_max;	/* frame that the peer takes */

	struct piece			*pieces;	/* all that recovery has */
	struct streams			streams;
	unsigned int			waiting;	/* in the pool */
	unsigned int			turn;		/* of whose due is sent */
	bool				any_done;

	struct share_path		path;
	bool				path_given;
	uint64_t			stack_time;	/* its last packet that elicits */
	uint64_t			roused;		/* the stack, then; 0: or it answered */
	unsigned int			rouses;
	bool				resumes;	/* now: path was unvalidated until then */
	bool				confirmed;	/* RFC 9001, 4.1.2 */
	bool				parameters;	/* the peer's are known */
	bool				pmtud;		/* the stack's (RFC 9000, 14.3) */
	bool				ended;		/* closing or draining */
	bool				declined;	/* key() or path() failed */
	bool				spent;		/* the keys are worn out */
	bool				partial;	/* a packet is half written */
	bool				encrypts, decrypts;	/* the stack, by protection.c */
	bool				foreign;	/* its cipher: see cipher_of() */
	int				error;		/* NGTCP2_ERR_*, for the call */

	struct equic_share_stats	stats;
};

/* Whose call this thread is in: ngtcp2's callbacks for packets do not say. */
extern _Thread_local struct equic_share *share_current;

/* alone.c: each is for a connection that is not shared yet. */
ngtcp2_ssize alone_writev_stream(struct equic_share *s, ngtcp2_path *path,
				 ngtcp2_pkt_info *pi, uint8_t *dest,
				 size_t destlen, ngtcp2_ssize *pdatalen,
				 uint32_t flags, int64_t stream_id,
				 const ngtcp2_vec *datav, size_t datavcnt,
				 ngtcp2_tstamp ts);
ngtcp2_ssize alone_writev_datagram(struct equic_share *s, ngtcp2_path *path,
				   ngtcp2_pkt_info *pi, uint8_t *dest,
				   size_t destlen, int *paccepted, uint32_t flags,
				   uint64_t dgram_id, const ngtcp2_vec *datav,
				   size_t datavcnt, ngtcp2_tstamp ts);
ngtcp2_ssize alone_write_connection_close(struct equic_share *s, ngtcp2_path *path,
					  ngtcp2_pkt_info *pi, uint8_t *dest,
					  size_t destlen, const ngtcp2_ccerr *ccerr,
					  ngtcp2_tstamp ts);

/* Behind a call of ngtcp2. */
void alone_leave(struct equic_share *s);
void alone_get_stats(const struct equic_share *s, struct equic_share_stats *stats);

/* It is shared from now on, and has all that is needed. */
void alone_end(struct equic_share *s);

/* And as long as recovery_joining(): what only the stack knows. */
void alone_follow(struct equic_share *s);

/* protection.c */
void protection_callbacks(struct equic_share *s, ngtcp2_callbacks *callbacks);
void protection_free(struct equic_share *s);

/**
 * share_seal - seal a packet under the next number
 * @s: share
 * @packet: result, as seal() has it, like @header and @payload
 * @header: up to the packet number
 * @header_len: its length
 * @payload: frames
 * @len: their length
 * @next_epoch: it is the first one of the next epoch
 * @pn: result: its number
 *
 * Return: the packet's length; 0: no number, or no key to seal with: the connection
 * must end.
 */
size_t share_seal(struct equic_share *s, uint8_t *packet, const uint8_t *header,
		  size_t header_len, const uint8_t *payload, size_t len,
		  bool next_epoch, uint64_t *pn);

/* turn.c */

/*
 * A number was taken, or told of. share_watch_numbers() looks at how far it is from the
 * oldest packet in flight: the second sender is stopped, or may be let go again.
 */
void share_know_number(struct equic_share *s, uint64_t pn);
void share_watch_numbers(struct equic_share *s);

/* No honest second sender has this number: it was stopped long before. */
bool share_is_beyond(const struct equic_share *s, uint64_t pn);

/*
 * The memory was spoiled: go on without it, and without the second sender. Records are
 * read, as behind it: what was sent until then is told of.
 */
void share_estrange(struct equic_share *s);

/*
 * The second sender is dead, perhaps of what it has spoiled, and what it took is known:
 * another one is to find what is right. Nobody else looks at the memory.
 */
void share_restore(struct equic_share *s);

/*
 * The second sender is dead, and what it took is known: what it paid and did not take
 * (stream_take() of word.h) is credit again.
 */
void share_settle_credit(struct equic_share *s);

/* Of the peer's credit, what is not known to be used, whatever the words say. */
uint64_t share_data_left(const struct equic_share *s);

/*
 * Before ngtcp2 is called, and behind. When it was asked to write, only what cannot wait
 * for the next packet or timer is seen to.
 */
void share_enter(struct equic_share *s, ngtcp2_tstamp ts);
void share_leave(struct equic_share *s);
void share_leave_write(struct equic_share *s);

/* Behind a call that was to write a packet: whether there is one half written. */
void share_wrote(struct equic_share *s, ngtcp2_ssize n);

/* RFC 9001, 4.1.2. */
bool share_is_confirmed(const struct equic_share *s);

/*
 * The stack calls this library for its packets. If it does not, nobody else may have
 * its keys: the same numbers would be used again.
 */
bool share_is_wired(const struct equic_share *s);

/* Of an epoch so many numbers are used: it is time for the next keys, perhaps. */
void share_update_keys(struct equic_share *s, uint64_t taken);

/* What a datagram may have, for the path, if it is known, and the peer. */
size_t share_datagram_max(const struct equic_share *s);

/* What the peer's transport parameters say, once. */
void share_learn_parameters(struct equic_share *s);

/*
 * What the stack has found the path to take, the window is counted in, and others may
 * send.
 */
void share_follow_payload(struct equic_share *s);

/* What datagrams may have was learned: the path's, or the peer's. */
void share_limit_payload(struct equic_share *s);

/*
 * The end of a stream that its word says, if that can be; or the one that is known.
 * share_close_stream() closes it, too.
 */
uint64_t share_stream_end(struct equic_share *s, const struct stream *stream,
			  uint64_t word);
uint64_t share_close_stream(struct equic_share *s, const struct stream *stream);

/* Who shares is stopped for good: the connection ends. */
void share_end(struct equic_share *s);

/* path.c */

/* Where packets go now. Return: whether it is another path, or connection ID. */
bool share_follow_path(struct equic_share *s);

/* The stack's transport parameters are known: there is a preferred address, perhaps. */
void share_path_prefers(struct equic_share *s);

/*
 * While the stack may ask (@asks): what it sends, in a packet of @size bytes; where that
 * goes, which it is to write to share_path_room() (of the caller's, if not NULL), or
 * NULL: nowhere; and what it gets. Whether the peer has answered is seen in the frames,
 * for ngtcp2 does not say so of an answer to a short datagram.
 */
void share_path_sent(struct equic_share *s, const uint8_t *payload, size_t len,
		     size_t size);
static inline ngtcp2_path *share_path_room(struct equic_share *s, ngtcp2_path *path)
{
	return path || !s->path.asks ? path : &s->path.written.path;
}
void share_path_asked(struct equic_share *s, const ngtcp2_path *path);
static inline void share_path_written(struct equic_share *s, const ngtcp2_path *path)
{
	if (s->path.asking)
		share_path_asked(s, path);
}
void share_path_received(struct equic_share *s, const uint8_t *payload, size_t len);

/* budget.c */

/* The word: what a second sender cannot have made of it becomes what it should be. */
int64_t budget_read(struct equic_share *s);

/*
 * Give the second sender its part of what the window has room for. Return: bytes that
 * the endpoint may send; above 0: a packet.
 */
int64_t budget_share(struct equic_share *s);

/* When the endpoint may send what was taken for nothing; UINT64_MAX: that is nothing. */
uint64_t budget_expiry(const struct equic_share *s);

/* The endpoint has sent a packet. */
void budget_used(struct equic_share *s, uint32_t bytes);

/* records.c */
extern const struct recovery_ops records_ops;
void records_drain(struct equic_share *s);
void records_recover(struct equic_share *s);

/* Tell the endpoint of a stream, if it wants to hear. */
void records_say(struct equic_share *s, const struct stream *stream,
		 enum equic_share_stream_event what, uint64_t value);

/* Nobody is told. */
void records_forget(struct equic_share *s);

/**
 * struct piece - what a packet of the library or of the second sender holds
 * @next: of all pieces. The list's order means nothing.
 * @prev: where the one before points here.
 * @kind: enum piece_kind.
 * @fin: of a stream: with FIN.
 * @slot: of a stream, and of a reset.
 * @generation: of it.
 * @len: bytes of a stream.
 * @offset: of them.
 * @cookie: of a datagram.
 */
struct piece {
	struct piece	*next, **prev;
	uint8_t		kind;
	bool		fin;
	uint16_t	slot, generation;
	uint32_t	len;
	uint64_t	offset;
	uint64_t	cookie;
};

enum piece_kind {
	PIECE_PING,
	PIECE_DATAGRAM,
	PIECE_STREAM,
	PIECE_RESET,
};

/* A packet with this piece was sent. Return: 0, -errno: as recovery_sent(). */
int records_sent(struct equic_share *s, const struct sent *sent,
		 const struct piece *piece);

/* own.c */

/* A packet of the library's, if there is something to send. Return: its length, or 0. */
size_t own_write(struct equic_share *s, uint8_t *dest, size_t destlen);
bool own_due(struct equic_share *s);

/* A stream of the library's, that the stack opens. Return: 0; NGTCP2_ERR_*. */
int own_open(struct equic_share *s, struct stream **stream);

/* Streams wait for a second sender; nobody will claim those that do. */
void own_pool(struct equic_share *s);
void own_empty_pool(struct equic_share *s);

/*
 * The stack has something to send: a stream that waits is reset, or where none is left
 * one more. Return: false: the peer allows none.
 */
bool own_nudge(struct equic_share *s);

/* Not in the pool any more: it was claimed, or nobody will. */
void own_claimed(struct equic_share *s, struct stream *stream);
void own_release(struct equic_share *s);

#endif /* EQUIC_SHARED_SHARE_H */
