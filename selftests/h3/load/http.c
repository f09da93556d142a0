// SPDX-License-Identifier: GPL-2.0-only
/* Requests, one at a time, and what came of them. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../net/clock.h"
#include "client.h"
#include "journal.h"

enum {
	PATTERN_PERIOD = 26,
	PATTERN_BYTES = 2048 * PATTERN_PERIOD,
};

/* Wrong bytes in what h3server answers to /bytes/N. */
static uint64_t count_wrong(uint64_t offset, const uint8_t *data, size_t len)
{
	static uint8_t pattern[PATTERN_BYTES + PATTERN_PERIOD];
	uint64_t wrong = 0;
	size_t i;

	if (!pattern[0])
		for (i = 0; i < sizeof(pattern); i++)
			pattern[i] = 'a' + i % PATTERN_PERIOD;
	while (len) {
		const uint8_t *want = pattern + offset % PATTERN_PERIOD;
		size_t n = len < PATTERN_BYTES ? len : PATTERN_BYTES;

		if (memcmp(want, data, n))
			for (i = 0; i < n; i++)
				wrong += want[i] != data[i];
		offset += n;
		data += n;
		len -= n;
	}
	return wrong;
}

static uint64_t bytes_of_path(const char *path)
{
	static const char prefix[] = "/bytes/";

	if (strncmp(path, prefix, sizeof(prefix) - 1))
		return UINT64_MAX;
	return strtoull(path + sizeof(prefix) - 1, NULL, 10);
}

static int on_header(nghttp3_conn *h3, int64_t stream_id, int32_t token,
		     nghttp3_rcbuf *name, nghttp3_rcbuf *value, uint8_t flags,
		     void *user, void *stream_user)
{
	struct client *client = user;
	nghttp3_vec vec;

	(void)h3;
	(void)name;
	(void)flags;
	(void)stream_user;
	if (token == NGHTTP3_QPACK_TOKEN__STATUS &&
	    stream_id == client->stream_id) {
		vec = nghttp3_rcbuf_get_buf(value);
		client->status_ok = vec.len == 3 && !memcmp(vec.base, "200", 3);
	}
	return 0;
}

static void consumed(struct client *client, int64_t stream_id, size_t len)
{
	ngtcp2_conn_extend_max_stream_offset(client->quic, stream_id, len);
	ngtcp2_conn_extend_max_offset(client->quic, len);
}

static int on_data(nghttp3_conn *h3, int64_t stream_id, const uint8_t *data,
		   size_t len, void *user, void *stream_user)
{
	struct client *client = user;

	(void)h3;
	(void)stream_user;
	consumed(client, stream_id, len);
	client_count(client, TALLY_BODY_BYTES, len);
	if (client->status_ok && client->body_expected != UINT64_MAX)
		client_count(client, TALLY_BODY_ERRORS,
			     count_wrong(client->body_bytes, data, len));
	client->body_bytes += len;
	return 0;
}

static int on_deferred_consume(nghttp3_conn *h3, int64_t stream_id, size_t len,
			       void *user, void *stream_user)
{
	(void)h3;
	(void)stream_user;
	consumed(user, stream_id, len);
	return 0;
}

static int on_stream_close(nghttp3_conn *h3, int64_t stream_id,
			   uint64_t app_error, void *user, void *stream_user)
{
	struct client *client = user;
	uint64_t now_ns = client->load->now_ns;
	bool ok;

	(void)h3;
	(void)stream_user;
	if (stream_id != client->stream_id || client->state != CLIENT_REQUEST)
		return 0;
	ok = client->status_ok && app_error == NGHTTP3_H3_NO_ERROR &&
	     (client->body_expected == UINT64_MAX ||
	      client->body_expected == client->body_bytes);
	client_count(client, ok ? TALLY_REQUESTS_OK : TALLY_REQUESTS_FAILED, 1);
	if (ok)
		samples_add(&client->load->result.request,
			    now_ns - client->request_ns);
	journal_request(client, ok);
	client->state = CLIENT_READY;
	return 0;
}

int client_http_read(struct client *client, int64_t stream_id,
		     const uint8_t *data, size_t len, bool fin)
{
	nghttp3_ssize used;

	if (!ngtcp2_is_bidi_stream(stream_id))
		client_count(client, TALLY_STREAM_BYTES, len);
	used = nghttp3_conn_read_stream(client->http, stream_id, data, len,
					fin);
	if (used < 0)
		return -EPROTO;
	consumed(client, stream_id, used);
	return 0;
}

static int open_streams(struct client *client)
{
	int64_t control, encoder, decoder;

	if (ngtcp2_conn_open_uni_stream(client->quic, &control, NULL) ||
	    ngtcp2_conn_open_uni_stream(client->quic, &encoder, NULL) ||
	    ngtcp2_conn_open_uni_stream(client->quic, &decoder, NULL))
		return -EPROTO;
	if (nghttp3_conn_bind_control_stream(client->http, control) ||
	    nghttp3_conn_bind_qpack_streams(client->http, encoder, decoder))
		return -ENOMEM;
	return 0;
}

int client_http_new(struct client *client)
{
	static const nghttp3_callbacks callbacks = {
		.stream_close = on_stream_close,
		.recv_data = on_data,
		.deferred_consume = on_deferred_consume,
		.recv_header = on_header,
	};
	nghttp3_settings settings;

	nghttp3_settings_default(&settings);
	if (nghttp3_conn_client_new(&client->http, &callbacks, &settings,
				    nghttp3_mem_default(), client))
		return -ENOMEM;
	return open_streams(client);
}

static nghttp3_nv field(const char *name, const char *value)
{
	return (nghttp3_nv){ (uint8_t *)name, (uint8_t *)value, strlen(name),
			     strlen(value), NGHTTP3_NV_FLAG_NONE };
}

int client_request(struct client *client)
{
	const struct options *options = client->load->options;
	nghttp3_nv fields[] = {
		field(":method", "GET"),
		field(":scheme", "https"),
		field(":authority", options->host),
		field(":path", options->path),
		field("user-agent", "h3load"),
	};

	if (ngtcp2_conn_open_bidi_stream(client->quic, &client->stream_id,
					 NULL))
		return -EAGAIN;
	client->status_ok = false;
	client->body_bytes = 0;
	client->body_expected = bytes_of_path(options->path);
	client->request_ns = client->load->now_ns;
	if (nghttp3_conn_submit_request(client->http, client->stream_id, fields,
					sizeof(fields) / sizeof(*fields), NULL,
					NULL))
		return -ENOMEM;
	client->requests_made++;
	client->state = CLIENT_REQUEST;
	return 0;
}
