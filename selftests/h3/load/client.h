/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef H3_LOAD_CLIENT_H
#define H3_LOAD_CLIENT_H

#include <nghttp3/nghttp3.h>
#include <ngtcp2/ngtcp2.h>
#include <ngtcp2/ngtcp2_crypto.h>

#include "load.h"
#include "result.h"
#include "socket.h"

enum {
	/* A client's SCID: slot, generation, random; 4 bytes each. */
	CLIENT_CID_BYTES = 12,
	CLIENT_DCID_BYTES = 16,
};

enum client_state {
	CLIENT_HANDSHAKE,
	CLIENT_READY,		/* may make its next request, or is done */
	CLIENT_REQUEST,
	CLIENT_DELAY,
	CLIENT_HOLD,
};

struct client {
	struct load *load;
	struct socket *socket;
	struct timer timer;
	uint32_t slot;
	uint32_t generation;
	enum client_state state;
	ngtcp2_conn *quic;
	gnutls_session_t tls;
	ngtcp2_crypto_conn_ref ref;
	nghttp3_conn *http;
	uint64_t started_ns;
	uint64_t wake_ns;	/* end of delay or hold, or TIMER_NEVER */
	bool completed;
	bool confirmed;
	uint32_t requests_made;
	/* The request in flight. */
	int64_t stream_id;
	uint64_t request_ns;
	uint64_t body_bytes;
	uint64_t body_expected;	/* UINT64_MAX: not known */
	bool status_ok;
};

/* Starts one in @slot; NULL, having said what failed. */
struct client *client_new(struct load *load, uint32_t slot, uint32_t source);
/* The client of a datagram's DCID; or NULL. */
struct client *client_find(struct load *load, const struct socket *socket,
			   const uint8_t *data, size_t len);
void client_read(struct client *client, struct udp_datagram *datagram);
/* Its timer is due. It may be freed. */
void client_expire(struct client *client);
/* The run is over. It is freed. */
void client_stop(struct client *client);

/* http.c: HTTP/3 of a client. 0 or a negative number. */
int client_http_new(struct client *client);
int client_request(struct client *client);
/* Callback of ngtcp2's stream data. */
int client_http_read(struct client *client, int64_t stream_id,
		     const uint8_t *data, size_t len, bool fin);

static inline void client_count(struct client *client, enum tally tally,
				uint64_t n)
{
	result_add(&client->load->result, client->socket->source, tally, n);
}

#endif /* H3_LOAD_CLIENT_H */
