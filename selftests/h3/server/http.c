// SPDX-License-Identifier: GPL-2.0-only
/* Requests and responses. GET and HEAD, files and /bytes/N. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "body.h"
#include "conn.h"
#include "http.h"
#include "share.h"
#include "worker.h"

enum {
	PATH_BYTES = 1024,
};

struct request {
	struct request *next;
	struct request **link;
	int64_t stream_id;
	bool get;
	bool head;
	bool path_too_long;
	bool answered;
	char path[PATH_BYTES];
	struct body body;
};

static int on_begin_headers(nghttp3_conn *h3, int64_t stream_id, void *user,
			    void *stream_user)
{
	struct request *request = calloc(1, sizeof(*request));
	struct http *http = user;

	(void)stream_user;
	if (!request)
		return NGHTTP3_ERR_CALLBACK_FAILURE;
	if (share_request(http->owner->share)) {
		free(request);
		return NGHTTP3_ERR_CALLBACK_FAILURE;
	}
	request->stream_id = stream_id;
	body_none(&request->body);
	request->next = http->requests;
	request->link = &http->requests;
	if (request->next)
		request->next->link = &request->next;
	http->requests = request;
	return nghttp3_conn_set_stream_user_data(h3, stream_id, request);
}

static void request_free(struct request *request)
{
	*request->link = request->next;
	if (request->next)
		request->next->link = request->link;
	body_free(&request->body);
	free(request);
}

static bool buf_is(nghttp3_rcbuf *buf, const char *text)
{
	nghttp3_vec vec = nghttp3_rcbuf_get_buf(buf);

	return vec.len == strlen(text) && !memcmp(vec.base, text, vec.len);
}

static int on_header(nghttp3_conn *h3, int64_t stream_id, int32_t token,
		     nghttp3_rcbuf *name, nghttp3_rcbuf *value, uint8_t flags,
		     void *user, void *stream_user)
{
	struct request *request = stream_user;
	nghttp3_vec vec;
	char *end;

	(void)h3;
	(void)stream_id;
	(void)name;
	(void)flags;
	(void)user;
	switch (token) {
	case NGHTTP3_QPACK_TOKEN__METHOD:
		request->get = buf_is(value, "GET");
		request->head = buf_is(value, "HEAD");
		break;
	case NGHTTP3_QPACK_TOKEN__PATH:
		vec = nghttp3_rcbuf_get_buf(value);
		request->path_too_long = vec.len >= PATH_BYTES;
		if (request->path_too_long)
			break;
		memcpy(request->path, vec.base, vec.len);
		end = strchrnul(request->path, '?');
		*end = '\0';
		break;
	}
	return 0;
}

static nghttp3_ssize on_read_data(nghttp3_conn *h3, int64_t stream_id,
				  nghttp3_vec *vec, size_t n, uint32_t *flags,
				  void *user, void *stream_user)
{
	struct request *request = stream_user;
	struct http *http = user;
	int ret;

	(void)h3;
	(void)stream_id;
	(void)n;
	ret = body_next(&request->body, vec);
	if (ret < 0) {
		count(http->owner->worker, COUNT_REQUEST_ERRORS);
		return NGHTTP3_ERR_CALLBACK_FAILURE;
	}
	if (request->body.offset == request->body.length)
		*flags |= NGHTTP3_DATA_FLAG_EOF;
	if (!ret)
		return 0;
	count_add(http->owner->worker, COUNT_BODY_BYTES, vec->len);
	return 1;
}

static int parse_bytes_path(const char *path, uint64_t *length)
{
	static const char prefix[] = "/bytes/";
	char *end;

	if (strncmp(path, prefix, sizeof(prefix) - 1))
		return -ENOENT;
	path += sizeof(prefix) - 1;
	errno = 0;
	*length = strtoull(path, &end, 10);
	if (*path < '0' || *path > '9' || *end || errno || *length > INT64_MAX)
		return -EINVAL;
	return 0;
}

/* Opens what the path names; the status of the response. */
static const char *request_resolve(struct worker *worker,
				   struct request *request)
{
	uint64_t length;

	if (!request->get && !request->head)
		return "405";
	if (request->path_too_long)
		return "414";
	if (!parse_bytes_path(request->path, &length)) {
		body_synthetic(&request->body, length);
		return "200";
	}
	if (body_open(&request->body, worker->root, request->path))
		return "404";
	return "200";
}

static nghttp3_nv field(const char *name, const char *value)
{
	return (nghttp3_nv) { (uint8_t *)name, (uint8_t *)value, strlen(name),
			      strlen(value), NGHTTP3_NV_FLAG_NONE };
}

static int on_end_stream(nghttp3_conn *h3, int64_t stream_id, void *user,
			 void *stream_user)
{
	static const nghttp3_data_reader reader = { on_read_data };
	struct request *request = stream_user;
	struct http *http = user;
	struct worker *worker = http->owner->worker;
	const char *status;
	char length[24];
	nghttp3_nv fields[3];

	/* after trailers, or twice: answered already */
	if (!request || request->answered)
		return 0;
	request->answered = true;
	status = request_resolve(worker, request);
	count(worker, COUNT_REQUESTS);
	if (strcmp(status, "200"))
		count(worker, COUNT_REQUEST_ERRORS);
	snprintf(length, sizeof(length), "%llu",
		 (unsigned long long)request->body.length);
	fields[0] = field(":status", status);
	fields[1] = field("server", "h3server");
	fields[2] = field("content-length", length);
	return nghttp3_conn_submit_response(h3, stream_id, fields, 3,
					    request->head ? NULL : &reader);
}

static int on_acked(nghttp3_conn *h3, int64_t stream_id, uint64_t len,
		    void *user, void *stream_user)
{
	struct request *request = stream_user;

	(void)h3;
	(void)stream_id;
	(void)user;
	if (request)
		body_acked(&request->body, len);
	return 0;
}

/* A request's own body is read and thrown away. */
static int on_data(nghttp3_conn *h3, int64_t stream_id, const uint8_t *data,
		   size_t len, void *user, void *stream_user)
{
	struct http *http = user;

	(void)h3;
	(void)data;
	(void)stream_user;
	ngtcp2_conn_extend_max_stream_offset(http->owner->quic, stream_id, len);
	ngtcp2_conn_extend_max_offset(http->owner->quic, len);
	return 0;
}

static int on_deferred_consume(nghttp3_conn *h3, int64_t stream_id, size_t len,
			       void *user, void *stream_user)
{
	return on_data(h3, stream_id, NULL, len, user, stream_user);
}

static int on_stop_sending(nghttp3_conn *h3, int64_t stream_id,
			   uint64_t app_error, void *user, void *stream_user)
{
	struct http *http = user;

	(void)h3;
	(void)stream_user;
	return ngtcp2_conn_shutdown_stream_read(http->owner->quic, 0, stream_id,
						app_error) ?
	       NGHTTP3_ERR_CALLBACK_FAILURE : 0;
}

static int on_reset_stream(nghttp3_conn *h3, int64_t stream_id,
			   uint64_t app_error, void *user, void *stream_user)
{
	struct http *http = user;

	(void)h3;
	(void)stream_user;
	return ngtcp2_conn_shutdown_stream_write(http->owner->quic, 0,
						 stream_id, app_error) ?
	       NGHTTP3_ERR_CALLBACK_FAILURE : 0;
}

static int on_stream_close(nghttp3_conn *h3, int64_t stream_id,
			   uint64_t app_error, void *user, void *stream_user)
{
	(void)h3;
	(void)stream_id;
	(void)app_error;
	(void)user;
	if (stream_user)
		request_free(stream_user);
	return 0;
}

static int open_streams(struct http *http)
{
	ngtcp2_conn *quic = http->owner->quic;
	int64_t control, encoder, decoder;

	if (ngtcp2_conn_open_uni_stream(quic, &control, NULL) ||
	    ngtcp2_conn_open_uni_stream(quic, &encoder, NULL) ||
	    ngtcp2_conn_open_uni_stream(quic, &decoder, NULL))
		return -1;
	if (nghttp3_conn_bind_control_stream(http->conn, control) ||
	    nghttp3_conn_bind_qpack_streams(http->conn, encoder, decoder))
		return -1;
	return 0;
}

struct http *http_new(struct conn *conn)
{
	static const nghttp3_callbacks callbacks = {
		.acked_stream_data = on_acked,
		.stream_close = on_stream_close,
		.recv_data = on_data,
		.deferred_consume = on_deferred_consume,
		.begin_headers = on_begin_headers,
		.recv_header = on_header,
		.stop_sending = on_stop_sending,
		.end_stream = on_end_stream,
		.reset_stream = on_reset_stream,
	};
	struct http *http = calloc(1, sizeof(*http));
	nghttp3_settings settings;

	if (!http)
		return NULL;
	http->owner = conn;
	nghttp3_settings_default(&settings);
	if (nghttp3_conn_server_new(&http->conn, &callbacks, &settings,
				    nghttp3_mem_default(), http))
		goto err_http;
	/* nghttp3 refuses the requests of a client that uses many streams */
	nghttp3_conn_set_max_client_streams_bidi(http->conn,
						 HTTP_MAX_STREAMS);
	if (open_streams(http))
		goto err_conn;
	return http;

err_conn:
	nghttp3_conn_del(http->conn);
err_http:
	free(http);
	return NULL;
}

void http_free(struct http *http)
{
	if (!http)
		return;
	nghttp3_conn_del(http->conn);
	while (http->requests)
		request_free(http->requests);
	free(http);
}
