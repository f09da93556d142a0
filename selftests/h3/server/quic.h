/* SPDX-License-Identifier: GPL-2.0-only */
/* The calls that make or take packets: ngtcp2's, or those of a connection that is shared. */
#ifndef H3_SERVER_QUIC_H
#define H3_SERVER_QUIC_H

#include "conn.h"
#include "share.h"
#include "worker.h"

static inline int quic_read_pkt(struct conn *conn, const ngtcp2_path *path,
				const ngtcp2_pkt_info *info,
				const uint8_t *data, size_t len)
{
	uint64_t now_ns = conn->worker->now_ns;

	if (conn->share)
		return equic_share_read_pkt(conn->share->library, path, info,
					    data, len, now_ns);
	return ngtcp2_conn_read_pkt(conn->quic, path, info, data, len, now_ns);
}

static inline ngtcp2_ssize
quic_writev_stream(struct conn *conn, ngtcp2_path *path, ngtcp2_pkt_info *info,
		   uint8_t *dest, size_t len, ngtcp2_ssize *taken,
		   uint32_t flags, int64_t stream_id, const ngtcp2_vec *vecs,
		   size_t n)
{
	uint64_t now_ns = conn->worker->now_ns;

	if (conn->share)
		return equic_share_writev_stream(conn->share->library, path,
						 info, dest, len, taken, flags,
						 stream_id, vecs, n, now_ns);
	return ngtcp2_conn_writev_stream(conn->quic, path, info, dest, len,
					 taken, flags, stream_id, vecs, n,
					 now_ns);
}

static inline ngtcp2_ssize
quic_write_close(struct conn *conn, ngtcp2_path *path, ngtcp2_pkt_info *info,
		 uint8_t *dest, size_t len)
{
	uint64_t now_ns = conn->worker->now_ns;

	if (conn->share)
		return equic_share_write_connection_close(conn->share->library,
							  path, info, dest, len,
							  &conn->error, now_ns);
	return ngtcp2_conn_write_connection_close(conn->quic, path, info, dest,
						  len, &conn->error, now_ns);
}

static inline ngtcp2_tstamp quic_expiry(struct conn *conn)
{
	return conn->share ? equic_share_get_expiry(conn->share->library) :
			     ngtcp2_conn_get_expiry(conn->quic);
}

static inline int quic_handle_expiry(struct conn *conn)
{
	uint64_t now_ns = conn->worker->now_ns;

	return conn->share ?
	       equic_share_handle_expiry(conn->share->library, now_ns) :
	       ngtcp2_conn_handle_expiry(conn->quic, now_ns);
}

static inline uint64_t quic_max_data_left(struct conn *conn)
{
	return conn->share ?
	       equic_share_get_max_data_left(conn->share->library) :
	       ngtcp2_conn_get_max_data_left(conn->quic);
}

#endif /* H3_SERVER_QUIC_H */
