// SPDX-License-Identifier: LGPL-2.1-or-later
/* What the endpoint calls in place of ngtcp2: see equic_share.h. */
#include <errno.h>
#include <string.h>
#include "least.h"
#include "rtt.h"
#include "share.h"
#include "varint.h"
#include "word.h"

/* The stack has written @n bytes, if above 0: @dest becomes what is sent, to @path. */
static ngtcp2_ssize finish(struct equic_share *s, const ngtcp2_path *path,
			   uint8_t *dest, ngtcp2_pkt_info *pi, ngtcp2_ssize n)
{
	struct share_packet *packet = &s->packet;
	struct sent sent = {
		.pn = packet->pn, .time = s->now, .sender = SENDER_STACK,
		.elicits = packet->elicits, .pmtu_probe = packet->pmtu_probe,
	};

	packet->begin = packet->end = NULL;
	/* Masked by a callback of somebody else's, and by the library: nobody can read it. */
	if (s->no_mask) {
		s->no_mask = false;
		s->error = NGTCP2_ERR_CALLBACK_FAILURE;
	}
	share_path_written(s, n > 0 ? path : NULL);
	/* The other senders mark none: there would be no telling whose was marked. */
	if (n > 0 && pi)
		pi->ecn = NGTCP2_ECN_NOT_ECT;
	if (!packet->at)
		return n;
	/* A packet that was sealed and is not returned: its number is void. */
	if (n <= 0) {
		packet->at = NULL;
		s->stats.voids++;
		recovery_void(s->recovery, packet->pn);
		return n;
	}
	sent.size = packet->at - dest + packet->len;
	packet->at = NULL;
	s->stats.stack++;
	if (recovery_sent(s->recovery, &sent))
		s->error = NGTCP2_ERR_NOMEM;
	if (sent.elicits) {
		s->stack_time = s->now;
		budget_used(s, sent.size);
	}
	return sent.size;
}

/* equic_share_conn() is yet to come. */
static bool has_no_conn(const struct equic_share *s)
{
	return __builtin_expect(!s->conn, false);
}

/* What is wrong is said instead of what the call came to. */
static ngtcp2_ssize leave(struct equic_share *s, ngtcp2_ssize n)
{
	share_leave(s);
	return s->error ? s->error : n;
}

static ngtcp2_ssize leave_write(struct equic_share *s, ngtcp2_ssize n)
{
	share_leave_write(s);
	return s->error ? s->error : n;
}

/* Something has happened: who is served now is who went hungry the last time. */
static void begin_turn(struct equic_share *s, ngtcp2_tstamp ts)
{
	share_enter(s, ts);
	s->budget.blocked = s->budget.hungry;
}

int equic_share_read_pkt(struct equic_share *s, const ngtcp2_path *path,
			 const ngtcp2_pkt_info *pi, const uint8_t *pkt,
			 size_t pktlen, ngtcp2_tstamp ts)
{
	int ret;

	if (has_no_conn(s))
		return NGTCP2_ERR_INVALID_STATE;
	begin_turn(s, ts);
	ret = ngtcp2_conn_read_pkt(s->conn, path, pi, pkt, pktlen, ts);
	if (ret == NGTCP2_ERR_DRAINING || ret == NGTCP2_ERR_CLOSING)
		share_end(s);
	return leave(s, ret);
}

/* A packet of the library's own, on the stack's path. */
static size_t write_own(struct equic_share *s, ngtcp2_path *path,
			ngtcp2_pkt_info *pi, uint8_t *dest, size_t destlen)
{
	size_t n;

	if (!s->probes && !s->streams.any_due)
		return 0;
	n = own_write(s, dest, destlen);
	if (n && path)
		ngtcp2_path_copy(path, ngtcp2_conn_get_path(s->conn));
	if (n && pi)
		memset(pi, 0, sizeof(*pi));
	return n;
}

/*
 * In the handshake a datagram has to have 1200 bytes as the stack counts them (RFC 9000,
 * 14.1): a peer that allows no more has to wait for data, which might be longer.
 */
static bool is_early(const struct equic_share *s)
{
	return !s->confirmed && s->parameters &&
	       share_datagram_max(s) < EQUIC_SHARE_PAYLOAD_MIN;
}

/*
 * The stack may write a packet, which is to be longer than it believes. Return: how much
 * room it is told of.
 */
static size_t stack_room(struct equic_share *s, uint8_t *dest, size_t destlen)
{
	if (s->parameters && !is_early(s))
		destlen = least(destlen, share_datagram_max(s));
	s->packet.begin = dest;
	s->packet.end = dest + destlen;
	return destlen > SHARE_GROWTH ? destlen - SHARE_GROWTH : 0;
}

static uint64_t total(const ngtcp2_vec *datav, size_t datavcnt)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < datavcnt; i++)
		sum += datav[i].len;
	return sum;
}

/*
 * As much as a packet can have, and the peer allows: also where a word that was spoiled
 * says that it allows more.
 */
static size_t cut(struct equic_share *s, ngtcp2_vec *to, const ngtcp2_vec *datav,
		  size_t datavcnt, uint64_t *taken)
{
	size_t i, n = 0;
	uint64_t left;

	left = least(total(datav, datavcnt), SHARE_PACKET_MAX);
	left = least(left, share_data_left(s));
	*taken = left = data_take_some(s->memory, left);
	for (i = 0; i < datavcnt && left; i++) {
		if (!datav[i].len)
			continue;
		to[n] = datav[i];
		to[n].len = least(datav[i].len, left);
		left -= to[n++].len;
	}
	return n;
}

/*
 * Whether the stack wants to send, and there is nothing for it. With its own window full
 * it writes nothing but probes, which no window limits (RFC 9002, 7.5): new data, if what
 * they were to hold has arrived meanwhile, and without data none at all, and never again.
 */
static bool go_hungry(struct equic_share *s, bool wants)
{
	struct share_budget *b = &s->budget;

	b->hungry = wants && budget_share(s) <= 0;
	/* Who wants something is given his part. */
	b->fresh &= b->blocked || !b->hungry;
	b->blocked |= b->hungry;
	return b->hungry && ngtcp2_conn_get_cwnd_left(s->conn);
}

/*
 * A stream of the library's, which the stack has opened and would write to: two senders'
 * bytes would be at one offset.
 */
static bool is_ours(struct equic_share *s, int64_t stream_id)
{
	enum { UNIDIRECTIONAL = 2 }; /* RFC 9000, 2.1 */

	return stream_id >= 0 && stream_id & UNIDIRECTIONAL &&
	       streams_find(&s->streams, stream_id);
}

enum { VECTORS_MAX = 64 };

static ngtcp2_ssize writev_stream(struct equic_share *s, ngtcp2_path *path,
				  ngtcp2_pkt_info *pi, uint8_t *dest, size_t destlen,
				  ngtcp2_ssize *pdatalen, uint32_t flags,
				  int64_t stream_id, const ngtcp2_vec *datav,
				  size_t datavcnt, ngtcp2_tstamp ts)
{
	uint64_t offered = total(datav, datavcnt), taken = 0;
	struct equic_shared *memory;
	ngtcp2_vec some[VECTORS_MAX];
	ngtcp2_ssize n, used = -1;
	size_t count = 0;

	path = share_path_room(s, path);
	if (pdatalen)
		*pdatalen = -1;
	if (is_ours(s, stream_id))
		return NGTCP2_ERR_STREAM_NOT_FOUND;
	share_enter(s, ts);
	n = write_own(s, path, pi, dest, destlen);
	if (n)
		return leave_write(s, n);
	memory = s->memory;
	if (!go_hungry(s, offered) && !is_early(s))
		count = cut(s, some, datav, least(datavcnt, VECTORS_MAX),
			    &taken);
	/* The stack may still have something of its own. FIN is for the last byte. */
	if (offered && !taken)
		stream_id = -1;
	if (taken < offered)
		flags &= ~NGTCP2_WRITE_STREAM_FLAG_FIN;
	n = ngtcp2_conn_writev_stream(s->conn, path, pi, dest,
				      stack_room(s, dest, destlen), &used, flags,
				      stream_id, some, count, ts);
	share_wrote(s, n);
	if (used > 0)
		s->stack_data += used;
	taken -= used > 0 ? used : 0;
	/* Given up in the middle: what was taken there is not in the other one. */
	if (s->memory != memory)
		share_settle_credit(s);
	else if (taken)
		data_return(memory, taken);
	if (pdatalen)
		*pdatalen = used;
	return leave_write(s, finish(s, path, dest, pi, n));
}

static ngtcp2_ssize writev_datagram(struct equic_share *s, ngtcp2_path *path,
				    ngtcp2_pkt_info *pi, uint8_t *dest, size_t destlen,
				    int *paccepted, uint32_t flags, uint64_t dgram_id,
				    const ngtcp2_vec *datav, size_t datavcnt,
				    ngtcp2_tstamp ts)
{
	ngtcp2_ssize n;

	path = share_path_room(s, path);
	if (paccepted)
		*paccepted = 0;
	share_enter(s, ts);
	n = write_own(s, path, pi, dest, destlen);
	if (n)
		return leave_write(s, n);
	if (go_hungry(s, true) || is_early(s))
		n = ngtcp2_conn_write_pkt(s->conn, path, pi, dest,
					  stack_room(s, dest, destlen), ts);
	else
		n = ngtcp2_conn_writev_datagram(s->conn, path, pi, dest,
						stack_room(s, dest, destlen), paccepted,
						flags, dgram_id, datav, datavcnt,
						ts);
	share_wrote(s, n);
	return leave_write(s, finish(s, path, dest, pi, n));
}

ngtcp2_ssize equic_share_writev_stream(struct equic_share *s, ngtcp2_path *path,
				       ngtcp2_pkt_info *pi, uint8_t *dest,
				       size_t destlen, ngtcp2_ssize *pdatalen,
				       uint32_t flags, int64_t stream_id,
				       const ngtcp2_vec *datav, size_t datavcnt,
				       ngtcp2_tstamp ts)
{
	if (has_no_conn(s))
		return NGTCP2_ERR_INVALID_STATE;
	return (s->begun ? writev_stream : alone_writev_stream)
		(s, path, pi, dest, destlen, pdatalen, flags, stream_id, datav,
		 datavcnt, ts);
}

ngtcp2_ssize equic_share_writev_datagram(struct equic_share *s, ngtcp2_path *path,
					 ngtcp2_pkt_info *pi, uint8_t *dest,
					 size_t destlen, int *paccepted,
					 uint32_t flags, uint64_t dgram_id,
					 const ngtcp2_vec *datav, size_t datavcnt,
					 ngtcp2_tstamp ts)
{
	if (has_no_conn(s))
		return NGTCP2_ERR_INVALID_STATE;
	return (s->begun ? writev_datagram : alone_writev_datagram)
		(s, path, pi, dest, destlen, paccepted, flags, dgram_id, datav,
		 datavcnt, ts);
}

ngtcp2_ssize equic_share_write_connection_close(struct equic_share *s,
						ngtcp2_path *path,
						ngtcp2_pkt_info *pi, uint8_t *dest,
						size_t destlen,
						const ngtcp2_ccerr *ccerr,
						ngtcp2_tstamp ts)
{
	ngtcp2_ssize n;

	if (has_no_conn(s))
		return NGTCP2_ERR_INVALID_STATE;
	if (!s->begun)
		return alone_write_connection_close(s, path, pi, dest, destlen, ccerr,
						    ts);
	path = share_path_room(s, path);
	share_enter(s, ts);
	share_end(s);
	n = ngtcp2_conn_write_connection_close(s->conn, path, pi, dest,
					       stack_room(s, dest, destlen), ccerr, ts);
	n = finish(s, path, dest, pi, n);
	share_leave(s);
	return n;
}

ngtcp2_tstamp equic_share_get_expiry(struct equic_share *s)
{
	uint64_t expiry;

	if (has_no_conn(s))
		return UINT64_MAX;
	expiry = ngtcp2_conn_get_expiry(s->conn);
	if (!s->begun)
		return expiry;
	if (s->resumes)
		return s->now;
	return least(expiry, least(recovery_expiry(s->recovery), budget_expiry(s)));
}

/* When the stack sends its first probe, without its backoff (RFC 9002, 6.2.1). */
static uint64_t stack_probe_time(const struct equic_share *s)
{
	const ngtcp2_transport_params *peer = ngtcp2_conn_get_remote_transport_params(s->conn);
	ngtcp2_conn_info info;

	ngtcp2_conn_get_conn_info(s->conn, &info);
	return s->stack_time + rtt_pto(&(struct rtt){
		.smoothed = info.smoothed_rtt, .var = info.rttvar,
		.max_ack_delay = peer->max_ack_delay,
	});
}

/*
 * The stack probes, with a full window, until what its packets hold has arrived. Alone, it
 * hears of that by an ACK of a probe, which frees the window of those that were lost. Here
 * it may hear by one of another sender's packet: it gives up probing, and with a window
 * full of lost probes sends nothing ever again. So there is something in a probe that
 * nothing else holds.
 */
static void rouse(struct equic_share *s)
{
	if (!s->begun || !s->confirmed || s->ended || s->partial || s->roused ||
	    ngtcp2_conn_get_cwnd_left(s->conn) || s->now < stack_probe_time(s))
		return;
	if (!own_nudge(s))
		return;
	s->roused = s->now;
	s->rouses++;
}

int equic_share_handle_expiry(struct equic_share *s, ngtcp2_tstamp ts)
{
	int ret = 0;

	if (has_no_conn(s))
		return NGTCP2_ERR_INVALID_STATE;
	begin_turn(s, ts);
	if (s->begun && recovery_expiry(s->recovery) <= s->now)
		s->probes = most(s->probes, recovery_expired(s->recovery, s->now));
	if (ngtcp2_conn_get_expiry(s->conn) <= ts) {
		ret = ngtcp2_conn_handle_expiry(s->conn, ts);
		if (!ret)
			rouse(s);
	}
	if (ret == NGTCP2_ERR_IDLE_CLOSE)
		share_end(s);
	return leave(s, ret);
}

uint64_t equic_share_get_max_data_left(struct equic_share *s)
{
	uint64_t data, max;

	if (has_no_conn(s))
		return 0;
	if (!s->begun)
		return ngtcp2_conn_get_max_data_left(s->conn);
	data = __atomic_load_n(&s->memory->data, __ATOMIC_RELAXED);
	max = __atomic_load_n(&s->memory->data_max, __ATOMIC_RELAXED);
	return least(max - least(data, max), share_data_left(s));
}

int equic_share_set_payload_max(struct equic_share *s, uint32_t payload_max)
{
	if (s->pmtud || payload_max < EQUIC_SHARE_PAYLOAD_MIN ||
	    payload_max > s->options.payload_max)
		return NGTCP2_ERR_INVALID_ARGUMENT;
	s->path_payload_max = payload_max;
	if (s->begun)
		share_limit_payload(s);
	return 0;
}

int equic_share_stream_open(struct equic_share *s, uint64_t *stream)
{
	struct stream *st;
	int ret;

	if (!s->begun)
		return NGTCP2_ERR_INVALID_ARGUMENT;
	if (has_no_conn(s))
		return NGTCP2_ERR_INVALID_STATE;
	ret = own_open(s, &st);
	if (ret)
		return ret;
	/* Nobody else is to find it waiting. */
	st->claimed = true;
	if (stream_put_claimed(s->memory, st->slot, st->generation, st->id, st->max))
		share_estrange(s);
	*stream = st->id;
	return 0;
}

/* Not one that waits: the second sender may have it at any time. */
static bool is_begun(const struct equic_share *s, const struct stream *st)
{
	return st->claimed || stream_read(s->memory, st->slot) & EQUIC_STREAM_CLAIMED;
}

static int take_error(int err)
{
	switch (err) {
	case -EDQUOT:
		return NGTCP2_ERR_STREAM_DATA_BLOCKED;
	case -ESHUTDOWN:
		return NGTCP2_ERR_STREAM_SHUT_WR;
	default:
		return NGTCP2_ERR_INVALID_ARGUMENT;
	}
}

/* Beyond the peer's credit, also where a word that was spoiled says that it is not. */
static bool is_overdrawn(const struct equic_share *s, const struct stream *st,
			 uint64_t offset, uint64_t len)
{
	return offset <= EQUIC_STREAM_END_MASK && len <= EQUIC_STREAM_END_MASK &&
	       offset + len > st->known + share_data_left(s);
}

int equic_share_stream_send(struct equic_share *s, uint64_t stream,
			    uint64_t offset, uint64_t len, bool fin)
{
	struct stream *st = streams_find(&s->streams, stream);
	int err;

	if (!st || st->released)
		return NGTCP2_ERR_STREAM_NOT_FOUND;
	if (st->ended || st->reset)
		return NGTCP2_ERR_STREAM_SHUT_WR;
	if (!is_begun(s, st))
		return NGTCP2_ERR_INVALID_ARGUMENT;
	if (is_overdrawn(s, st, offset, len))
		return NGTCP2_ERR_STREAM_DATA_BLOCKED;
	own_claimed(s, st);
	err = (fin ? stream_take_last : stream_take)(s->memory, st->slot, st->generation,
						     offset, len);
	if (err)
		return take_error(err);
	/* An end that somebody moved back: what is known of the stream stays. */
	err = stream_told(st, offset, len, fin, false);
	if (err == -ENOMEM)
		return s->error = NGTCP2_ERR_NOMEM;
	return err ? NGTCP2_ERR_INVALID_ARGUMENT : 0;
}

bool equic_share_stream_next(struct equic_share *s,
			     const struct equic_share_stream *stream,
			     struct equic_share_stream *next)
{
	const struct stream *st = streams_next(&s->streams, stream ? stream->id + 1 : 0);
	uint64_t word;

	if (!st)
		return false;
	word = stream_read(s->memory, st->slot);
	*next = (struct equic_share_stream){
		.id = st->id,
		.end = share_stream_end(s, st, word),
		.acked = ranges_prefix(&st->acked),
		.begun = is_begun(s, st),
		.ended = st->ended || st->reset || word & EQUIC_STREAM_CLOSED,
	};
	return true;
}

int equic_share_stream_reset(struct equic_share *s, uint64_t stream,
			     uint64_t code)
{
	struct stream *st = streams_find(&s->streams, stream);

	if (!st || st->released)
		return NGTCP2_ERR_STREAM_NOT_FOUND;
	if (code > VARINT_MAX)
		return NGTCP2_ERR_INVALID_ARGUMENT;
	own_claimed(s, st);
	stream_reset(st, share_close_stream(s, st), code);
	return 0;
}

void equic_share_second_died(struct equic_share *s)
{
	if (!s->begun)
		return;
	number_stop(s->memory);
	records_recover(s);
	share_restore(s);
	share_settle_credit(s);
	s->keys[0].given = s->keys[1].given = s->path_given = s->declined = false;
}

void equic_share_get_stats(const struct equic_share *s,
			   struct equic_share_stats *stats)
{
	struct recovery_stats r;

	if (!s->begun) {
		alone_get_stats(s, stats);
		return;
	}
	*stats = s->stats;
	recovery_stats(s->recovery, &r);
	stats->taken = number_pn(number_read(s->memory));
	stats->lost = r.lost;
	stats->spurious = r.spurious;
	stats->window = r.window;
	stats->in_flight = r.in_flight;
	stats->smoothed_rtt = r.smoothed_rtt;
	stats->epoch = s->epoch;
	stats->streams = s->streams.count;
}
