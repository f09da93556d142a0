/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * equic_ngtcp2 - tells equic about the connections of an ngtcp2 server.
 *
 * The server embeds a struct equic_ngtcp2 in its connection, zeroed, and calls
 * the functions below at the places that Documentation/hooks.md lists. They
 * allocate nothing, never wait, and only queue: equic_submit() sends, once per
 * turn of the event loop. A server without equic passes NULL for the handle,
 * and a handle whose module is not loaded takes every report and does nothing,
 * so a server needs no second code path.
 *
 * Threads: as the ngtcp2_conn itself, one at a time for each connection.
 * Processes: after fork() a child's calls give -EOWNERDEAD and change nothing;
 * each process opens a handle of its own.
 *
 * Results: 0 or a negative errno of libequic's reports (-ENOBUFS: the queue was
 * full, a resync follows; -EDESTADDRREQ: the handle has no service). None asks
 * for a reaction of the server, they exist for its log.
 */
#ifndef _EQUIC_NGTCP2_H
#define _EQUIC_NGTCP2_H

#include <equic.h>
#include <ngtcp2/ngtcp2.h>

#ifdef __cplusplus
extern "C" {
#endif

/* An address of either family; ngtcp2's paths point to memory that moves. */
union equic_ngtcp2_addr {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

/**
 * struct equic_ngtcp2 - one connection, as it was reported
 *
 * All private. Zeroed it is a connection that was not reported; every call but
 * equic_ngtcp2_accepted() succeeds on it and does nothing.
 */
struct equic_ngtcp2 {
	/* private: */
	struct equic *eq;	/* NULL: nothing to report (any more) */
	ngtcp2_conn *conn;
	uint32_t id;
	bool confirmed;
	bool moved;
	/* Where it began, which is whom it is charged to, and where it is. */
	union equic_ngtcp2_addr first_peer;
	union equic_ngtcp2_addr first_local;
	union equic_ngtcp2_addr peer;
	union equic_ngtcp2_addr local;
	ngtcp2_cid odcid;
	ngtcp2_cid scid;
};

/**
 * equic_ngtcp2_accepted - the server made a connection of an Initial
 * @eq: a handle with a service; NULL: nothing is reported of this connection
 * @c: zeroed
 * @conn: from ngtcp2_conn_server_new(), which must have succeeded
 * @path: where the Initial came from and went to
 *
 * Reports the DCID and SCID of that Initial and the server's own first
 * connection ID. To be called before the first packet is sent and submitted no
 * later: until then the handshake is pending for nobody.
 */
int equic_ngtcp2_accepted(struct equic *eq, struct equic_ngtcp2 *c,
			  ngtcp2_conn *conn, const ngtcp2_path *path);

/**
 * equic_ngtcp2_confirmed - the handshake completed
 * @c: a connection
 *
 * From ngtcp2's handshake_completed callback: for a server that is also when
 * the handshake is confirmed (RFC 9001, 4.1.2).
 */
int equic_ngtcp2_confirmed(struct equic_ngtcp2 *c);

/**
 * equic_ngtcp2_cid - a connection ID of the server was issued or retired
 * @c: a connection
 * @cid: what the callback get_new_connection_id made, or what
 *	remove_connection_id names
 * @add: issued
 */
int equic_ngtcp2_cid(struct equic_ngtcp2 *c, const ngtcp2_cid *cid, bool add);

/**
 * equic_ngtcp2_moved - the client validated another path
 * @c: a connection
 * @path: that path; the one known already changes nothing
 */
int equic_ngtcp2_moved(struct equic_ngtcp2 *c, const ngtcp2_path *path);

/**
 * equic_ngtcp2_gone - the connection ended, whatever ended it
 * @c: a connection
 *
 * As soon as it does not count any more: when the closing or the draining
 * period begins (RFC 9000, 10.2), at the latest before ngtcp2_conn_del().
 * Repeated calls do nothing.
 */
int equic_ngtcp2_gone(struct equic_ngtcp2 *c);

/**
 * equic_ngtcp2_replay - report a live connection anew
 * @c: a connection
 *
 * For the resync callback of equic_open(), which calls this for each connection
 * of the handle. The connection keeps its id, and is charged to the client that
 * it began with even if it moved since.
 *
 * Return: 0, or −errno for the resync callback to return.
 */
int equic_ngtcp2_replay(struct equic_ngtcp2 *c);

#ifdef __cplusplus
}
#endif

#endif /* _EQUIC_NGTCP2_H */
