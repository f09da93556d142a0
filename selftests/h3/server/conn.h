/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef H3_SERVER_CONN_H
#define H3_SERVER_CONN_H

#include <equic_ngtcp2.h>
#include <gnutls/gnutls.h>
#include <ngtcp2/ngtcp2.h>
#include <ngtcp2/ngtcp2_crypto.h>

#include "../net/timer.h"
#include "../net/udp.h"
#include "counters.h"
#include "keys.h"

struct worker;
struct listener;
struct http;
struct share;

enum conn_state {
	CONN_ACTIVE,
	CONN_CLOSING,	/* RFC 9000, 10.2.1: answers with its close packet */
	CONN_DRAINING,	/* 10.2.2: says nothing any more */
};

struct conn {
	struct worker *worker;
	struct listener *listener;
	struct conn *next;
	struct conn **link;	/* what points to it in the worker's list */
	struct timer timer;
	ngtcp2_conn *quic;
	gnutls_session_t tls;
	ngtcp2_crypto_conn_ref ref;
	struct http *http;
	struct share *share;	/* NULL: ngtcp2 is the only sender */
	ngtcp2_cid odcid;
	struct equic_ngtcp2 equic;
	struct equic_ngtcp2_keys keys;
	uint64_t *source;	/* its row of the ledger */
	enum conn_state state;
	uint64_t datagrams_of_keys; /* sent since the last update of them */
	bool over_quota;	/* to be refused after the handshake */
	bool in_quota;		/* holds one of its client's */
	bool path_validated;	/* since last looked at */
	uint8_t client[16];
	ngtcp2_ccerr error;
	/* The packet with CONNECTION_CLOSE, for the closing period. */
	uint8_t *close_packet;
	size_t close_len;
	uint64_t datagrams_while_closing;
};

/* What a first Initial brought, beside what ngtcp2_accept() decoded. */
struct conn_origin {
	ngtcp2_pkt_hd hd;
	ngtcp2_cid odcid;	/* of the Initial before a Retry */
	bool retried;
	bool over_quota;
	bool in_quota;
	uint8_t client[16];
};

/* Takes over what @origin holds of the quota. NULL: no memory. */
struct conn *conn_new(struct worker *worker, struct listener *listener,
		      const struct conn_origin *origin,
		      const struct udp_datagram *datagram);
void conn_free(struct conn *conn);
/* A datagram for the connection. It may be freed. */
void conn_read(struct conn *conn, struct listener *listener,
	       struct udp_datagram *datagram);
/* Sends what may be sent now. It may be freed. */
void conn_write(struct conn *conn);
/* Its timer is due. It may be freed. */
void conn_expire(struct conn *conn);
/* Its timer is due as soon as the timers have their turn. */
void conn_wake(struct conn *conn);
/* Sends CONNECTION_CLOSE with conn->error, enters the closing period. */
void conn_close(struct conn *conn, enum counter end);
/* The same for an application error of HTTP/3. */
void conn_close_app(struct conn *conn, uint64_t app_error, enum counter end);

#endif /* H3_SERVER_CONN_H */
