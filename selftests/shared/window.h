/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whether what is in flight is within the window (RFC 9002, 7), but for one packet; or
 * within the window before, if it was cut since.
 */
#ifndef EQUIC_SELFTESTS_SHARED_WINDOW_H
#define EQUIC_SELFTESTS_SHARED_WINDOW_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <ngtcp2/ngtcp2.h>
#include "equic_share.h"

/**
 * struct window - what was seen
 * @before: when all was looked at last.
 * @again: bytes in packets of the stack since, without new data.
 * @resumed: the second sender goes on where it hung: what it had taken before is what it
 *	sends, however long ago that was. Set to 2, it is counted down as all is looked at.
 * @overruns: of the window.
 * @stack_overruns: of them, by new data of the stack's.
 * @marked: packets that are not Not-ECT.
 * @client: where it is.
 * @of_path: the window when that had changed, the last time.
 */
struct window {
	struct equic_share_stats	before;
	uint64_t			again;
	unsigned int			resumed;
	uint64_t			overruns, stack_overruns, marked;
	struct sockaddr_in		client;
	uint64_t			of_path;
};

/* The endpoint was called: perhaps the client is elsewhere. */
void window_follow(struct window *w, ngtcp2_conn *conn, const struct equic_share *share);

/**
 * window_packet - the endpoint has written one
 * @w: what was seen
 * @share: its connection
 * @before: how that was before
 * @pi: of the packet
 * @len: bytes
 * @has_data: some that the stack has not sent before; and it is no probe
 *
 * That has to be within the window. What the stack sends again, and its probes, are by
 * its own window alone.
 */
void window_packet(struct window *w, const struct equic_share *share,
		  const struct equic_share_stats *before, const ngtcp2_pkt_info *pi,
		  size_t len, bool has_data);

/* All packets since the last time. Probes of the library are sent in any case. */
void window_all(struct window *w, const struct equic_share *share);

#endif /* EQUIC_SELFTESTS_SHARED_WINDOW_H */
