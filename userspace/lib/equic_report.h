/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libequic, for servers: which connections they have accepted, opened and ended. What
 * is true of all functions, and the errors that any can give: equic.h.
 */
#ifndef _EQUIC_REPORT_H
#define _EQUIC_REPORT_H

#include <stdbool.h>
#include <equic_handle.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * enum equic_report_flags - about one report
 * @EQUIC_REPORT_ACK: tell the outcome through @report_done. Costs a message
 *	from the kernel for each; servers do without. A report that did not reach
 *	the kernel has an outcome too: -ENOPKG without the module, -ENOENT without
 *	the service, -ENOBUFS when it was lost.
 * @EQUIC_REPORT_NO_ID: with @id 0 in accepted and open: choose none. The
 *	connection is named by its identity, or by @peer alone (port 0), which
 *	confirms the client's oldest pending connection or makes an anonymous one.
 */
enum equic_report_flags {
	EQUIC_REPORT_ACK	= 1 << 0,
	EQUIC_REPORT_NO_ID	= 1 << 1,
};

/**
 * struct equic_report - a connection, as its server reports it
 * @size: sizeof(struct equic_report).
 * @id: the reporter's name for it. 0 in accepted and open: the library chooses
 *	one that no live connection of the handle has, and writes it here. 0 in
 *	close: the connection is named by its identity, or with @peer alone (port
 *	0), as the oldest that fits.
 * @flags: enum equic_report_flags.
 * @cookie: for @report_done.
 * @peer: the client's address, AF_INET or AF_INET6.
 * @local: the address that the client's packets go to; NULL: not known, which
 *	for a "*:port" service leaves the kernel to guess. Give it.
 * @odcid: DCID of the Initial that the server accepted (with a Retry of the
 *	server's own: of the Initial after it). NULL: not known.
 * @scid: the client's SCID. NULL: not known.
 * @cid: a connection ID of the server. NULL: none.
 * @odcid_len: bytes at @odcid, 0 … 20.
 * @scid_len: bytes at @scid, 0 … 20.
 * @cid_len: bytes at @cid, 0 … 20.
 *
 * Nothing is kept by reference.
 */
struct equic_report {
	size_t size;
	uint32_t id;
	uint32_t flags;
	uint64_t cookie;
	const struct sockaddr *peer;
	const struct sockaddr *local;
	const void *odcid;
	const void *scid;
	const void *cid;
	uint8_t odcid_len;
	uint8_t scid_len;
	uint8_t cid_len;
};

/*
 * The reports. Each is queued and sent by equic_submit(); a full buffer is sent
 * at once. Without the module, and until the service exists, they succeed and do
 * nothing (ids are given all the same, they are valid in a later replay).
 *
 * Return of all: 0; -EINVAL; -ENOBUFS: the queue is full, the report is lost, a
 * resync will follow; -EDESTADDRREQ: the handle was opened without a service.
 */

/**
 * equic_conn_accepted - the server made a connection of an Initial
 * @eq: a handle with a service
 * @report: @id (in, out), @peer, @local, @odcid, @scid, @cid
 *
 * Binds the pending connection to this process. Before the first packet is sent.
 */
EQUIC_API int equic_conn_accepted(struct equic *eq, struct equic_report *report);

/**
 * equic_conn_open - the handshake is confirmed
 * @eq: a handle with a service
 * @report: @id of equic_conn_accepted(); give the identity too, so that the
 *	connection counts even if its pending entry timed out
 */
EQUIC_API int equic_conn_open(struct equic *eq, struct equic_report *report);

/**
 * equic_conn_close - the connection ended
 * @eq: a handle with a service
 * @report: @id, or the identity
 *
 * The id may be chosen again afterwards. Repeated, or for a connection that
 * timed out meanwhile, it changes nothing; that is counted in
 * struct equic_report_stats.races.
 */
EQUIC_API int equic_conn_close(struct equic *eq,
			       const struct equic_report *report);

/**
 * equic_conn_move - the client validated another path
 * @eq: a handle with a service
 * @report: @id, and the new @peer, @local
 */
EQUIC_API int equic_conn_move(struct equic *eq,
			      const struct equic_report *report);

/**
 * equic_conn_cid - the server issued or retired a connection ID
 * @eq: a handle with a service
 * @report: @id, @cid
 * @add: issued, else retired
 *
 * Before the packet that carries it is sent: a client may send its next Initial
 * to it (OpenSSL does), which would count as another connection's. The kernel
 * keeps EQUIC_CONN_CIDS_MAX for each connection; more are ignored.
 */
EQUIC_API int equic_conn_cid(struct equic *eq, const struct equic_report *report,
			     bool add);

/**
 * equic_conn_resync - begin or end a replay that the caller decided on
 * @eq: a handle with a service
 * @phase: enum equic_resync
 * @report: @flags and @cookie only; NULL: its outcome is not wanted
 *
 * For a process that passes on the reports of another, whose wish to replay
 * comes with them. Queued in its place among the reports: connections of the
 * handle that were not reported again between begin and end are released by the
 * end. Who keeps its own connections waits for @resync instead.
 */
EQUIC_API int equic_conn_resync(struct equic *eq, unsigned int phase,
				const struct equic_report *report);

/**
 * equic_submit - send what is queued; never waits
 * @eq: a handle
 *
 * Once per turn of the event loop: one sendmsg(2) for up to some hundred
 * reports.
 *
 * Return: 0: nothing is left; -EAGAIN: the rest is kept, equic_fd() becomes
 * readable when it is time to try again.
 */
EQUIC_API int equic_submit(struct equic *eq);

/**
 * equic_fd - the descriptor to wait for
 * @eq: a handle
 *
 * Readable when equic_dispatch() has something to do. Stays the same for the
 * handle's life, and the handle's.
 *
 * Return: a descriptor, or −errno.
 */
EQUIC_API int equic_fd(struct equic *eq);

/**
 * equic_dispatch - read what the kernel answered; never waits
 * @eq: a handle
 *
 * Reads refusals, notices the module going and coming and the service appearing,
 * calls @resync between begin and end of the replay, calls @report_done, sends
 * the rest of the queue.
 *
 * Return: 0; -EINTR: equic_sigint_callback() or equic_sigterm_callback() ran
 * (once); any other: the last report, or declaration as a reporter, that was
 * refused since the last call, with the kernel's words: -ENOENT while there is no
 * such service, -EPERM without leave to report for it, each told once. A server
 * may log it; it need not react.
 */
EQUIC_API int equic_dispatch(struct equic *eq);

/**
 * enum equic_reporting - how far the reports get
 * @EQUIC_REPORTING_OFF: the handle has no service.
 * @EQUIC_REPORTING_NO_MODULE: the module is not loaded.
 * @EQUIC_REPORTING_REFUSED: no such service yet, or no permission to report for
 *	it; tried again each second.
 * @EQUIC_REPORTING_RESYNC: a replay is due.
 * @EQUIC_REPORTING_ON: the kernel counts the connections.
 */
enum equic_reporting {
	EQUIC_REPORTING_OFF,
	EQUIC_REPORTING_NO_MODULE,
	EQUIC_REPORTING_REFUSED,
	EQUIC_REPORTING_RESYNC,
	EQUIC_REPORTING_ON,
};

/**
 * struct equic_report_stats - what became of the reports
 * @size: sizeof(struct equic_report_stats).
 * @state: enum equic_reporting.
 * @live: connections of this handle that have an id.
 * @queued: reports waiting for equic_submit().
 * @sent: reports that the kernel took.
 * @skipped: reports made while there was no module or no service.
 * @refused: reports that the kernel refused.
 * @races: refused with -ENOENT because the connection was gone already: no error.
 * @lost: reports lost to a full queue; answers lost to a full socket.
 * @resyncs: replays made.
 */
struct equic_report_stats {
	size_t size;
	uint32_t state;
	uint32_t live;
	uint64_t queued;
	uint64_t sent;
	uint64_t skipped;
	uint64_t refused;
	uint64_t races;
	uint64_t lost;
	uint64_t resyncs;
};

/**
 * equic_report_stats_get - read them
 * @eq: a handle
 * @stats: result; set @size before
 *
 * Return: 0.
 */
EQUIC_API int equic_report_stats_get(struct equic *eq,
				     struct equic_report_stats *stats);

#ifdef __cplusplus
}
#endif

#endif /* _EQUIC_REPORT_H */
