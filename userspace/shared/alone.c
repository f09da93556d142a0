// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A connection that is not shared yet. ngtcp2 is left to itself, numbers, window and
 * acknowledgments, and nothing is kept of a packet but its number; so that is what it
 * costs. When it is to be shared, what the others need is what ngtcp2 says of itself.
 */
#include <errno.h>
#include <string.h>
#include "least.h"
#include "share.h"
#include "word.h"

/* The stack may write a packet; what it tries the path with grows. */
static size_t room(struct equic_share *s, uint8_t *dest, size_t destlen)
{
	s->packet.begin = dest;
	s->packet.end = dest + destlen;
	s->packet.grown = 0;
	return s->pmtud && destlen > SHARE_GROWTH ? destlen - SHARE_GROWTH : destlen;
}

static ngtcp2_ssize leave(struct equic_share *s, ngtcp2_ssize n)
{
	s->partial = n == NGTCP2_ERR_WRITE_MORE;
	s->packet.begin = s->packet.end = NULL;
	alone_leave(s);
	return n > 0 ? n + s->packet.grown : n;
}

ngtcp2_ssize alone_writev_stream(struct equic_share *s, ngtcp2_path *path,
				 ngtcp2_pkt_info *pi, uint8_t *dest,
				 size_t destlen, ngtcp2_ssize *pdatalen,
				 uint32_t flags, int64_t stream_id,
				 const ngtcp2_vec *datav, size_t datavcnt,
				 ngtcp2_tstamp ts)
{
	ngtcp2_ssize n, used = -1;

	share_enter(s, ts);
	n = ngtcp2_conn_writev_stream(s->conn, path, pi, dest, room(s, dest, destlen),
				      &used, flags, stream_id, datav, datavcnt, ts);
	if (used > 0)
		s->stack_data += used;
	if (pdatalen)
		*pdatalen = used;
	return leave(s, n);
}

ngtcp2_ssize alone_writev_datagram(struct equic_share *s, ngtcp2_path *path,
				   ngtcp2_pkt_info *pi, uint8_t *dest,
				   size_t destlen, int *paccepted, uint32_t flags,
				   uint64_t dgram_id, const ngtcp2_vec *datav,
				   size_t datavcnt, ngtcp2_tstamp ts)
{
	share_enter(s, ts);
	return leave(s, ngtcp2_conn_writev_datagram(s->conn, path, pi, dest,
						    room(s, dest, destlen), paccepted,
						    flags, dgram_id, datav, datavcnt,
						    ts));
}

ngtcp2_ssize alone_write_connection_close(struct equic_share *s, ngtcp2_path *path,
					  ngtcp2_pkt_info *pi, uint8_t *dest,
					  size_t destlen, const ngtcp2_ccerr *ccerr,
					  ngtcp2_tstamp ts)
{
	share_enter(s, ts);
	s->ended = true;
	return leave(s, ngtcp2_conn_write_connection_close(s->conn, path, pi, dest,
							   room(s, dest, destlen),
							   ccerr, ts));
}

/* Refused while another is going on, or before it is allowed: again then. */
static void watch_keys(struct equic_share *s)
{
	if (s->update_wanted || !s->keys[0].key ||
	    s->stack_next - s->epoch_first < s->options.update_after)
		return;
	s->update_wanted = !ngtcp2_conn_initiate_key_update(s->conn, s->now);
	s->update_time = s->now;
}

void alone_leave(struct equic_share *s)
{
	watch_keys(s);
	share_current = s->outer;
}

static struct recovery_stats ask(const struct equic_share *s)
{
	ngtcp2_conn_info info;

	ngtcp2_conn_get_conn_info(s->conn, &info);
	return (struct recovery_stats){
		.smoothed_rtt = info.smoothed_rtt,
		.latest_rtt = info.latest_rtt,
		.min_rtt = info.min_rtt,
		.rtt_var = info.rttvar,
		.window = info.cwnd,
		.in_flight = info.bytes_in_flight,
		.ssthresh = info.ssthresh,
	};
}

void alone_get_stats(const struct equic_share *s, struct equic_share_stats *stats)
{
	struct recovery_stats r = { 0 };

	if (s->conn)
		r = ask(s);
	*stats = s->stats;
	stats->taken = s->stack_next;
	stats->window = r.window;
	stats->in_flight = r.in_flight;
	stats->smoothed_rtt = r.smoothed_rtt;
	stats->epoch = s->epoch;
}

void alone_follow(struct equic_share *s)
{
	struct recovery_stats r = ask(s);

	recovery_join(s->recovery, &r);
}

/*
 * Until now the wire's numbers are the stack's. Those that may still be acknowledged
 * are known; packets that fill a window are long.
 */
static int keep_numbers(struct equic_share *s)
{
	uint64_t count = NUMBERS_KEPT + ask(s).in_flight / EQUIC_SHARE_PAYLOAD_MIN, pn;

	for (pn = s->stack_next - least(s->stack_next, count); pn < s->stack_next; pn++)
		if (numbers_add(s->numbers, pn, pn))
			return ENOMEM;
	return 0;
}

/* What the peer allows, and the stack has used, in all. */
static void keep_credit(struct equic_share *s)
{
	share_learn_parameters(s);
	s->data_max = s->stack_data + ngtcp2_conn_get_max_data_left(s->conn);
	data_allow(s->memory, s->data_max);
	s->memory->data = s->stack_data;
}

int alone_end(struct equic_share *s)
{
	int err = keep_numbers(s);

	if (err)
		return err;
	s->first = s->floor = s->stack_next;
	s->memory->number = EQUIC_NUMBER_STOP |
			    (uint64_t)s->epoch << EQUIC_NUMBER_EPOCH_SHIFT | s->first;
	keep_credit(s);
	alone_follow(s);
	s->begun = true;
	return 0;
}
