/* SPDX-License-Identifier: GPL-2.0-only */
/* A connection's part in what the second sender does. */
#ifndef H3_SERVER_SHARE_H
#define H3_SERVER_SHARE_H

#include <equic_share.h>
#include <stdbool.h>

struct conn;

struct share {
	struct conn *conn;
	struct equic_share *library;
	uint32_t number;	/* the second sender's name for the connection */
	bool waits;		/* for a request */
	bool told;		/* the second sender knows of it */
	uint32_t done;		/* of its streams */
	uint32_t fates;		/* of its datagrams that are known */
	struct equic_share_stats counted;
};

/* As equic_share_new(). NULL, with a line that says why. */
struct share *share_new(struct conn *conn, ngtcp2_callbacks *callbacks,
			ngtcp2_settings *settings);
/* The connection ends: all that its second sender has sent is known and counted. */
void share_close(struct share *share);

/* Behind share_close() and ngtcp2_conn_del(). NULL is allowed. */
void share_free(struct share *share);
/*
 * A request has come: it is shared now, if it is to be shared not before; with the next
 * one, if this came before the handshake was confirmed. Return: 0.
 */
int share_request(struct share *share);
void share_second_died(struct share *share);

/* What came of it since the last time goes to the worker's counters. */
void share_count(struct share *share);

#endif /* H3_SERVER_SHARE_H */
