// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A connection that is not shared yet. ngtcp2 is left to itself, numbers, window and
 * acknowledgments, and nothing is kept of a packet but its number; so that is what it
 * costs. When it is to be shared, what the others need is what ngtcp2 says of itself.
 */
#include "least.h"
#include "share.h"
#include "word.h"

/*
 * The stack may write a packet. Return: how much room it is told of: what it tries the
 * path with grows, and all packets will, once they are shared; but an Initial's
 * datagram has 1200 bytes (RFC 9000, 14.1).
 */
static size_t give_room(struct equic_share *s, uint8_t *dest, size_t destlen)
{
	s->packet.begin = dest;
	s->packet.end = dest + destlen;
	s->packet.grown = 0;
	if (!s->pmtud)
		return least(destlen, most(s->path_payload_max - SHARE_GROWTH,
					   SHARE_DATAGRAM_MIN));
	return destlen > SHARE_GROWTH ? destlen - SHARE_GROWTH : 0;
}

static ngtcp2_ssize leave(struct equic_share *s, const ngtcp2_path *path, ngtcp2_ssize n)
{
	share_wrote(s, n);
	share_path_written(s, n > 0 ? path : NULL);
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

	path = share_path_room(s, path);
	share_enter(s, ts);
	n = ngtcp2_conn_writev_stream(s->conn, path, pi, dest, give_room(s, dest, destlen),
				      &used, flags, stream_id, datav, datavcnt, ts);
	if (used > 0)
		s->stack_data += used;
	if (pdatalen)
		*pdatalen = used;
	return leave(s, path, n);
}

ngtcp2_ssize alone_writev_datagram(struct equic_share *s, ngtcp2_path *path,
				   ngtcp2_pkt_info *pi, uint8_t *dest,
				   size_t destlen, int *paccepted, uint32_t flags,
				   uint64_t dgram_id, const ngtcp2_vec *datav,
				   size_t datavcnt, ngtcp2_tstamp ts)
{
	ngtcp2_ssize n;

	path = share_path_room(s, path);
	share_enter(s, ts);
	n = ngtcp2_conn_writev_datagram(s->conn, path, pi, dest,
					give_room(s, dest, destlen), paccepted, flags,
					dgram_id, datav, datavcnt, ts);
	return leave(s, path, n);
}

ngtcp2_ssize alone_write_connection_close(struct equic_share *s, ngtcp2_path *path,
					  ngtcp2_pkt_info *pi, uint8_t *dest,
					  size_t destlen, const ngtcp2_ccerr *ccerr,
					  ngtcp2_tstamp ts)
{
	ngtcp2_ssize n;

	path = share_path_room(s, path);
	share_enter(s, ts);
	s->ended = true;
	n = ngtcp2_conn_write_connection_close(s->conn, path, pi, dest,
					       give_room(s, dest, destlen), ccerr, ts);
	return leave(s, path, n);
}

void alone_leave(struct equic_share *s)
{
	share_follow_path(s);
	if (s->keys[0].key && !s->update_wanted)
		share_update_keys(s, s->stack_next - s->epoch_first);
	share_current = s->outer;
}

static struct recovery_stack ask_stack(const struct equic_share *s)
{
	ngtcp2_conn_info info;

	ngtcp2_conn_get_conn_info(s->conn, &info);
	return (struct recovery_stack){
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
	struct recovery_stack stack = { 0 };

	if (s->conn)
		stack = ask_stack(s);
	*stats = s->stats;
	stats->taken = s->stack_next;
	stats->window = stack.window;
	stats->in_flight = stack.in_flight;
	stats->smoothed_rtt = stack.smoothed_rtt;
	stats->epoch = s->epoch;
}

/* What the peer allows, and the stack has used, in all. */
static void follow_credit(struct equic_share *s)
{
	s->data_max = most(s->data_max, s->stack_data +
					ngtcp2_conn_get_max_data_left(s->conn));
	data_allow(s->memory, s->data_max);
}

/* A packet in the middle of which this began may have had more credit behind. */
void alone_follow(struct equic_share *s)
{
	struct recovery_stack stack = ask_stack(s);

	recovery_join(s->recovery, &stack, s->now);
	follow_credit(s);
}

void alone_end(struct equic_share *s)
{
	numbers_begin(s->numbers, s->stack_next);
	s->first = s->floor = s->stack_next;
	s->looked = s->now;
	s->memory->number = EQUIC_NUMBER_STOP |
			    (uint64_t)s->epoch << EQUIC_NUMBER_EPOCH_SHIFT | s->first;
	share_learn_parameters(s);
	s->memory->data = s->stack_data;
	alone_follow(s);
	s->confirmed = true;
	s->begun = true;
}
