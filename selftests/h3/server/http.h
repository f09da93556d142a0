/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef H3_SERVER_HTTP_H
#define H3_SERVER_HTTP_H

#include <nghttp3/nghttp3.h>

enum {
	HTTP_MAX_STREAMS = 100,	/* requests of a client at once */
};

struct conn;
struct request;

/* The HTTP/3 side of a connection, after its handshake. */
struct http {
	nghttp3_conn *conn;
	struct conn *owner;
	struct request *requests;
};

struct http *http_new(struct conn *conn);
void http_free(struct http *http);

#endif /* H3_SERVER_HTTP_H */
