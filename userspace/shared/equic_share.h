/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * equic_share - a second sender inside a QUIC connection that ngtcp2 terminates.
 *
 * For endpoints of either role on ngtcp2's GnuTLS backend. Link libequic-shared.a,
 * libngtcp2_crypto_gnutls, libngtcp2 and gnutls. ngtcp2 is as it is, and does not
 * notice: its packets get numbers that the second sender leaves, what the peer says
 * about the others' packets and streams is kept from it, and what those lose is sent
 * again from here.
 *
 * What an endpoint does:
 *
 *  - before it makes the connection, equic_share_new() with the callbacks and settings
 *    that it has filled in, for each connection anew; behind, equic_share_conn();
 *  - for the secrets of GnuTLS:
 *
 *	ngtcp2_crypto_gnutls_configure_server_session(session);
 *	gnutls_handshake_set_secret_function(session, on_secret);
 *
 *	static int on_secret(gnutls_session_t session,
 *			     gnutls_record_encryption_level_t level,
 *			     const void *rx, const void *tx, size_t len)
 *	{
 *		struct conn *c = …;
 *
 *		return equic_share_secret(c->share, session, level, rx, tx, len);
 *	}
 *
 *  - these calls in place of those of ngtcp2 with the same names and arguments, for
 *    all of the connection's life: a packet that leaves by any other way is refused
 *    (NGTCP2_ERR_CALLBACK_FAILURE), for its number would be used twice:
 *
 *	equic_share_read_pkt		equic_share_writev_stream
 *	equic_share_get_expiry		equic_share_writev_datagram
 *	equic_share_handle_expiry	equic_share_write_connection_close
 *	equic_share_get_max_data_left
 *
 *    For ngtcp2_conn_write_pkt() there is equic_share_writev_stream() with stream -1, for
 *    ngtcp2_conn_write_stream() and _write_datagram() the two with one vector. Once a
 *    packet was refused only equic_share_write_connection_close() may write.
 *
 * What it is to know: a call that writes may return a packet that is not the stack's,
 * with nothing taken of what was offered: send it, and call again. Packets are to be
 * sent in the order in which they are returned; together, with sendmmsg(2) or GSO, if
 * that is within a small part of the RTT. Early data (0-RTT) is not for clients that
 * share. While a connection is shared, packets have 4-byte numbers and are Not-ECT.
 * PMTUD is off if it is from the beginning (struct equic_share_options). Congestion
 * control is this library's, CUBIC for all senders together; the stack's stays as a
 * further limit. While both want more than that allows, the second sender gets half.
 *
 * A call that returns NGTCP2_ERR_NOMEM has lost count of something that was sent: it and
 * all calls behind it fail, and the connection is to be closed
 * (equic_share_write_connection_close() still works).
 *
 * Behind a call of ngtcp2's own that changes the path or the connection ID, as
 * ngtcp2_conn_initiate_migration(), one of the above is to be made at once: not before
 * then is the second sender stopped.
 *
 * One thread at a time may call for a connection.
 */
#ifndef _EQUIC_SHARE_H
#define _EQUIC_SHARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <gnutls/gnutls.h>
#include <ngtcp2/ngtcp2.h>
#include <linux/equic_shared.h>
#include "equic_share_key.h"

#ifdef __cplusplus
extern "C" {
#endif

#define EQUIC_SHARE_API __attribute__((visibility("default")))

struct equic_share;

#define EQUIC_SHARE_PAYLOAD_DEFAULT	1252
#define EQUIC_SHARE_PAYLOAD_MIN		1203
#define EQUIC_SHARE_PAYLOAD_MAX		1452
#define EQUIC_SHARE_RINGS_MAX		64

/**
 * enum equic_share_fate - what became of a datagram of the second sender
 * @EQUIC_SHARE_ACKED: the peer has it.
 * @EQUIC_SHARE_LOST: it is taken for lost; it is not sent again (RFC 9221, 5.2).
 * @EQUIC_SHARE_VOID: it was not sent.
 */
enum equic_share_fate {
	EQUIC_SHARE_ACKED,
	EQUIC_SHARE_LOST,
	EQUIC_SHARE_VOID,
};

/**
 * enum equic_share_stream_event - what happened to a stream of the library's
 * @EQUIC_SHARE_STREAM_ACKED: the peer has all bytes below the value.
 * @EQUIC_SHARE_STREAM_STOPPED: the peer wants no more (STOP_SENDING); the value is its
 *	code. The stream is being reset with that code.
 * @EQUIC_SHARE_STREAM_DONE: the peer has it, or knows that it is reset; the value is the
 *	final size. Nobody is told of it any more.
 */
enum equic_share_stream_event {
	EQUIC_SHARE_STREAM_ACKED,
	EQUIC_SHARE_STREAM_STOPPED,
	EQUIC_SHARE_STREAM_DONE,
};

/**
 * struct equic_share_events - what the endpoint does for its second sender
 * @key: give it a key, and be sure that it has it when this returns. Called when the
 *	handshake is confirmed, and for each further epoch before the stack uses it.
 *	0; anything else: it has none, and sends nothing more, unless another one
 *	begins (equic_share_second_died()). Streams that wait for it are reset then.
 *	How long an answer is waited for is the endpoint's to say: nothing else of the
 *	connection happens meanwhile.
 * @path: give it addresses and connection ID, all at once. It is stopped meanwhile.
 *	When this returns nothing of the old ones is sent any more. As @key.
 * @bytes: what a stream has at an offset: as many as there are, at most @len, to be
 *	sent again. The same ones each time. 0: they are gone, and the stream is reset
 *	with the code 0.
 * @datagram: what became of one; the cookie is the second sender's. May be NULL.
 * @stream: what happened to a stream. May be NULL.
 *
 * None of them may call this library for the same connection.
 */
struct equic_share_events {
	int (*key)(void *ctx, const struct equic_share_key *key);
	int (*path)(void *ctx, const ngtcp2_path *path, const ngtcp2_cid *dcid);
	size_t (*bytes)(void *ctx, uint64_t stream, uint64_t offset, uint8_t *to,
			size_t len);
	void (*datagram)(void *ctx, uint64_t cookie, enum equic_share_fate fate);
	void (*stream)(void *ctx, uint64_t stream,
		       enum equic_share_stream_event what, uint64_t value);
};

/**
 * struct equic_share_options - how a connection is shared
 * @events: what the endpoint does. Kept. NULL: there is no second sender, unless one
 *	comes by equic_share_begin(); then the next five do not matter yet, but for
 *	@payload_max.
 * @ctx: what it is given.
 * @payload_max: of a datagram, bytes, which the path is known to take: then the
 *	stack's packets are as long, as there is no PMTUD. EQUIC_SHARE_PAYLOAD_MIN where
 *	nothing is known (RFC 9000, 14.2): the stack has 1200 bytes of it, and longer
 *	numbers the rest. 0: EQUIC_SHARE_PAYLOAD_DEFAULT, for which a path needs an MTU
 *	of 1300, and the stack's have 1200; or with no @events the stack finds out what
 *	the path takes (RFC 9000, 14.3), up to EQUIC_SHARE_PAYLOAD_MAX, unless the
 *	settings have no_pmtud, and all senders may send that when it is shared later.
 *	The peer's max_udp_payload_size is obeyed as well.
 * @connection: the second sender's name for the connection.
 * @memory: an mmapable BPF array map, or a memfd that is sealed, of zero; -1: memory is
 *	made. 0 is a descriptor.
 * @rings: BPF ring buffers, of this connection alone; NULL: they are made.
 * @ring_count: how many threads (or CPUs) the second sender has. @rings have room for
 *	32768 records together, at most.
 * @update_after: packets of one epoch, of all senders, before the keys are updated;
 *	0: three quarters of what RFC 9001, 6.6 allows.
 */
struct equic_share_options {
	const struct equic_share_events	*events;
	void		*ctx;
	uint32_t	payload_max;
	uint32_t	connection;
	int		memory;
	const int	*rings;
	unsigned int	ring_count;
	uint64_t	update_after;
};

/**
 * struct equic_share_stats - for people, and for tests
 *
 * Before a connection is shared, losses are ngtcp2's business and not counted; nor are
 * packets, where the cipher is one that only ngtcp2 has.
 *
 * @taken: packet numbers, of all senders.
 * @stack: packets of the stack. The next three are packets, too.
 * @library: of this library.
 * @probes: of them, those that were sent whatever the window said (RFC 9002, 6.2.4).
 * @second: of the second sender.
 * @voids: numbers that were taken and not sent.
 * @lost: packets, of all senders.
 * @spurious: of them, those that arrived after all.
 * @resent: bytes of streams that were sent again.
 * @twice: bytes of streams that the second sender had sent before.
 * @window: congestion window, bytes.
 * @in_flight: bytes.
 * @smoothed_rtt: ns.
 * @hostile: what the second sender wrote and cannot have meant; streams that were reset
 *	for it, too. See also @estranged.
 * @estranged: the memory has been given up, because a word in it was spoiled: the
 *	connection goes on without a second sender. Streams that waited for it may have
 *	been begun, so they stay open: equic_share_stream_next() has them.
 * @epoch: of the keys.
 * @streams: of the library that are open.
 */
struct equic_share_stats {
	uint64_t taken, stack, library, probes, second, voids;
	uint64_t lost, spurious, resent, twice;
	uint64_t window, in_flight, smoothed_rtt;
	uint64_t hostile, estranged, epoch, streams;
};

/**
 * equic_share_new - before the connection is made
 * @callbacks: filled in; encrypt, decrypt, hp_mask, update_key, stream_close and
 *	handshake_confirmed are replaced by this library's, which call those that were
 *	there. The first four are to be ngtcp2's own before (ngtcp2_crypto_encrypt_cb()
 *	etc.), and all six are to stay behind
 * @settings: filled in; max_tx_udp_payload_size is limited, and pmtud_probes are set:
 *	so that none is sent, in place of no_pmtud; or, if there are none and the stack
 *	is to find out what the path takes, to those that it tries. initial_pkt_num is to
 *	be 0. max_tx_udp_payload_size limits the stack alone
 * @options: copied
 *
 * Return: NULL, with errno, and equic_share_strerror(): ENOMEM; EINVAL: a callback is
 * missing, or not ngtcp2's, or an option is out of its range; EPROTO: the memory is in
 * use; what memfd_create(2) and mmap(2) say.
 */
EQUIC_SHARE_API
struct equic_share *equic_share_new(ngtcp2_callbacks *callbacks,
				    ngtcp2_settings *settings,
				    const struct equic_share_options *options);

/**
 * equic_share_strerror - why there is no share
 *
 * Return: for people, what was wrong with which argument, and what to do, in the last
 * equic_share_new() or equic_share_begin() of this thread that failed; "": none has.
 * The words stay.
 */
EQUIC_SHARE_API
const char *equic_share_strerror(void);

/*
 * Behind ngtcp2_conn_server_new() or _client_new(). Before, the calls below that read,
 * write, handle an expiry or open a stream return NGTCP2_ERR_INVALID_STATE,
 * equic_share_secret() -1, equic_share_get_expiry() UINT64_MAX, and
 * equic_share_get_max_data_left() 0.
 */
EQUIC_SHARE_API
void equic_share_conn(struct equic_share *s, ngtcp2_conn *conn);

/**
 * equic_share_begin - a connection is shared from now on
 * @s: share, that was made without events
 * @options: as for equic_share_new(), with @events. @payload_max is to be 0: it is what
 *	was said there, as @update_after is, if it is 0. Copied
 *
 * Until then ngtcp2 is left to itself: its packets are as it makes them, its window and
 * its pacing count, and a connection costs what it costs with ngtcp2 alone. What was
 * sent before is known from ngtcp2, and fills the window of all senders, which ngtcp2
 * cuts while some of it may turn out to be lost.
 *
 * A server's handshake is confirmed when it is complete: ngtcp2 calls
 * handshake_completed() then, and handshake_confirmed() of clients alone.
 *
 * It may be called between other calls, and in callbacks of equic_share_read_pkt() and
 * equic_share_handle_expiry(). key() and path() are called when the call returns, or by
 * the next one, as equic_share_handle_expiry(): the descriptors can be given away before.
 *
 * Return: 0; -1, with errno: as equic_share_new(); EALREADY: it is shared; EAGAIN: the
 * handshake is not confirmed yet (RFC 9001, 4.1.2), or a packet is being written, or
 * half written (NGTCP2_ERR_WRITE_MORE);
 * ESHUTDOWN: the connection is ending; EOPNOTSUPP: its cipher is one that other senders
 * have not (AES-CCM). Nothing has changed then.
 */
EQUIC_SHARE_API
int equic_share_begin(struct equic_share *s, const struct equic_share_options *options);

/* Behind ngtcp2_conn_del(). NULL is allowed. */
EQUIC_SHARE_API
void equic_share_free(struct equic_share *s);

/*
 * Descriptors to be given to the second sender, and closed by equic_share_free(). -1:
 * the connection is not shared.
 */
EQUIC_SHARE_API
int equic_share_memory_fd(const struct equic_share *s);
EQUIC_SHARE_API
int equic_share_ring_fd(const struct equic_share *s, unsigned int ring);

/**
 * equic_share_secret - GnuTLS has made the secrets of a level, once for each
 * @s: share
 * @session: its TLS session, as the secret function got it and the next four
 * @level: encryption level
 * @rx: secret of what the peer sends, or NULL
 * @tx: secret of what this endpoint sends, or NULL
 * @len: their length
 *
 * Return: for GnuTLS: 0; -1: the connection refuses them.
 */
EQUIC_SHARE_API
int equic_share_secret(struct equic_share *s, gnutls_session_t session,
		       gnutls_record_encryption_level_t level, const void *rx,
		       const void *tx, size_t len);

/**
 * equic_share_read_pkt - ngtcp2_conn_read_pkt()
 *
 * Return: as that; NGTCP2_ERR_PROTO also: the peer acknowledges what was not sent;
 * NGTCP2_ERR_CALLBACK_FAILURE: the connection is to be shared, and has not the callbacks
 * that equic_share_new() has made; NGTCP2_ERR_NOMEM.
 */
EQUIC_SHARE_API
int equic_share_read_pkt(struct equic_share *s, const ngtcp2_path *path,
			 const ngtcp2_pkt_info *pi, const uint8_t *pkt,
			 size_t pktlen, ngtcp2_tstamp ts);

/**
 * equic_share_writev_stream - ngtcp2_conn_writev_stream()
 *
 * @destlen should be the payload_max of the options at least, and what the stack is to
 * find out. Less makes shorter packets; but below EQUIC_SHARE_PAYLOAD_MIN there is no
 * handshake, and below 1200 nothing of the library's own is written: what the second
 * sender lost is not sent again. A packet of the library's own is returned with
 * *@pdatalen -1. 0 also: what was offered is more than the window or the peer allow now.
 * NGTCP2_ERR_STREAM_NOT_FOUND also: @stream_id is a stream of the library's, for which
 * there is equic_share_stream_send().
 */
EQUIC_SHARE_API
ngtcp2_ssize equic_share_writev_stream(struct equic_share *s, ngtcp2_path *path,
				       ngtcp2_pkt_info *pi, uint8_t *dest,
				       size_t destlen, ngtcp2_ssize *pdatalen,
				       uint32_t flags, int64_t stream_id,
				       const ngtcp2_vec *datav, size_t datavcnt,
				       ngtcp2_tstamp ts);

/* ngtcp2_conn_writev_datagram(); *@paccepted is 0 with a packet of the library's own. */
EQUIC_SHARE_API
ngtcp2_ssize equic_share_writev_datagram(struct equic_share *s, ngtcp2_path *path,
					 ngtcp2_pkt_info *pi, uint8_t *dest,
					 size_t destlen, int *paccepted,
					 uint32_t flags, uint64_t dgram_id,
					 const ngtcp2_vec *datav, size_t datavcnt,
					 ngtcp2_tstamp ts);

/* ngtcp2_conn_write_connection_close(); the second sender is stopped before. */
EQUIC_SHARE_API
ngtcp2_ssize equic_share_write_connection_close(struct equic_share *s,
						ngtcp2_path *path,
						ngtcp2_pkt_info *pi, uint8_t *dest,
						size_t destlen,
						const ngtcp2_ccerr *ccerr,
						ngtcp2_tstamp ts);

/* ngtcp2_conn_get_expiry() */
EQUIC_SHARE_API
ngtcp2_tstamp equic_share_get_expiry(struct equic_share *s);

/* ngtcp2_conn_handle_expiry(); the second sender's records are looked at. */
EQUIC_SHARE_API
int equic_share_handle_expiry(struct equic_share *s, ngtcp2_tstamp ts);

/* ngtcp2_conn_get_max_data_left(), of all senders */
EQUIC_SHARE_API
uint64_t equic_share_get_max_data_left(struct equic_share *s);

/**
 * equic_share_set_payload_max - what the path takes was learned
 * @s: share
 * @payload_max: of a datagram, bytes
 *
 * From now on. What is sent again is cut to it. Of another path nothing is known:
 * behind a change it is EQUIC_SHARE_PAYLOAD_DEFAULT, if it was more.
 *
 * Return: 0; NGTCP2_ERR_INVALID_ARGUMENT: below EQUIC_SHARE_PAYLOAD_MIN or above the
 * payload_max of the options, or the stack finds it out (no events in the beginning).
 */
EQUIC_SHARE_API
int equic_share_set_payload_max(struct equic_share *s, uint32_t payload_max);

/**
 * equic_share_stream_open - a stream of the library's for the endpoint itself
 * @s: share
 * @stream: result: its id
 *
 * Return: 0; NGTCP2_ERR_STREAM_ID_BLOCKED: the peer allows no more now;
 * NGTCP2_ERR_NOMEM: there are EQUIC_SHARED_STREAMS; NGTCP2_ERR_INVALID_ARGUMENT: the
 * connection is not shared, and there is no bytes().
 */
EQUIC_SHARE_API
int equic_share_stream_open(struct equic_share *s, uint64_t *stream);

/**
 * equic_share_stream_send - send bytes of a stream of the library's, whoever began it
 * @s: share
 * @stream: its id
 * @offset: of the bytes
 * @len: how many; they are asked for (bytes()) when they are sent
 * @fin: the stream ends behind them
 *
 * What is not 0 has sent nothing, and changed nothing but for two: NGTCP2_ERR_NOMEM: the
 * connection is to be closed then; and too many pieces: the stream is to be reset.
 *
 * Return: 0; NGTCP2_ERR_STREAM_NOT_FOUND; NGTCP2_ERR_STREAM_SHUT_WR: it has ended;
 * NGTCP2_ERR_STREAM_DATA_BLOCKED: the peer does not allow that many;
 * NGTCP2_ERR_INVALID_ARGUMENT: @fin before what was sent, or the stream waits for the
 * second sender; or there would be more than 16384 pieces with gaps between them, and it
 * is to be reset; NGTCP2_ERR_NOMEM.
 */
EQUIC_SHARE_API
int equic_share_stream_send(struct equic_share *s, uint64_t stream,
			    uint64_t offset, uint64_t len, bool fin);

/**
 * struct equic_share_stream - a stream of the library's that is open
 * @id: RFC 9000, 2.1.
 * @end: bytes of it that were taken, by all senders: where it would go on.
 * @acked: bytes that the peer has, from the first on.
 * @begun: the second sender has claimed it, or the endpoint opened it; else it waits.
 * @ended: it has a FIN, or is reset: there is nothing more to do.
 */
struct equic_share_stream {
	uint64_t	id;
	uint64_t	end;
	uint64_t	acked;
	bool		begun;
	bool		ended;
};

/**
 * equic_share_stream_next - look at the streams of the library's, one by one
 * @s: share
 * @stream: the one before, of which only @id is looked at; NULL at first
 * @next: result: the one with the next higher id. May be @stream.
 *
 * When the second sender has died, those that are @begun and not @ended are the
 * endpoint's to end, by equic_share_stream_send() from @end on or
 * equic_share_stream_reset(); or another second sender's, which finds them in the
 * memory.
 *
 * Return: false: there is none.
 */
EQUIC_SHARE_API
bool equic_share_stream_next(struct equic_share *s,
			     const struct equic_share_stream *stream,
			     struct equic_share_stream *next);

/*
 * Reset it (RFC 9000, 19.4), with a code below 2^62. Return: 0;
 * NGTCP2_ERR_STREAM_NOT_FOUND; NGTCP2_ERR_INVALID_ARGUMENT: the code is not.
 */
EQUIC_SHARE_API
int equic_share_stream_reset(struct equic_share *s, uint64_t stream,
			     uint64_t code);

/**
 * equic_share_second_died - the second sender is gone, and sends nothing more
 * @s: share
 *
 * What it has taken and not told of is the library's to send, as long as bytes() has
 * it. Its streams stay open: see equic_share_stream_next(). What it has spoiled in the
 * memory is put right; where that was the number word, nobody shares any more. A new one
 * may map the memory behind this call, and begin when it has been given the keys and
 * the path; key() and path() are called for it.
 */
EQUIC_SHARE_API
void equic_share_second_died(struct equic_share *s);

EQUIC_SHARE_API
void equic_share_get_stats(const struct equic_share *s,
			   struct equic_share_stats *stats);

#ifdef __cplusplus
}
#endif

#endif /* _EQUIC_SHARE_H */
