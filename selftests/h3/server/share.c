// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <ngtcp2/ngtcp2_crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../second/content.h"
#include "conn.h"
#include "share.h"
#include "worker.h"

static struct worker *worker_of(const struct share *share)
{
	return share->conn->worker;
}

static uint32_t left(uint32_t all, uint32_t gone)
{
	return gone < all ? all - gone : 0;
}

static int tell(struct share *share)
{
	const struct options *options = worker_of(share)->options;
	const ngtcp2_transport_params *peer =
		ngtcp2_conn_get_remote_transport_params(share->conn->quic);
	int fds[] = { equic_share_memory_fd(share->library),
		      equic_share_ring_fd(share->library, 0) };
	struct ask ask = {
		.kind = ASK_OPEN,
		.connection = share->number,
		.open = {
			.streams = left(options->share_streams, share->done),
			.stream_bytes = options->share_bytes,
		},
	};
	int ret;

	/* RFC 9221, 3: what a frame of this size has besides is less than 16. */
	if (peer->max_datagram_frame_size >= CONTENT_DATAGRAM_BYTES + 16)
		ask.open.datagrams = left(options->share_datagrams, share->fates);
	ret = sender_ask(worker_of(share), &ask, fds, 2);
	share->told = !ret;
	return ret;
}

static int on_key(void *ctx, const struct equic_share_key *key)
{
	struct share *share = ctx;
	struct ask ask = {
		.kind = ASK_KEY,
		.connection = share->number,
		.key = { .epoch = key->epoch, .cipher = key->cipher },
	};
	int ret = share->told ? 0 : tell(share);

	if (ret)
		return ret;
	memcpy(ask.key.key, key->key, sizeof(ask.key.key));
	memcpy(ask.key.iv, key->iv, sizeof(ask.key.iv));
	memcpy(ask.key.header, key->header, sizeof(ask.key.header));
	ret = sender_ask(worker_of(share), &ask, NULL, 0);
	explicit_bzero(&ask, sizeof(ask));
	return ret;
}

static int on_path(void *ctx, const ngtcp2_path *path, const ngtcp2_cid *dcid)
{
	struct share *share = ctx;
	struct listener *listener = path->user_data ?: share->conn->listener;
	struct ask ask = { .kind = ASK_PATH, .connection = share->number };
	int ret = share->told ? 0 : tell(share);

	if (ret)
		return ret;
	memcpy(&ask.path.local, path->local.addr, path->local.addrlen);
	memcpy(&ask.path.remote, path->remote.addr, path->remote.addrlen);
	ask.path.dcid_len = dcid->datalen;
	memcpy(ask.path.dcid, dcid->data, dcid->datalen);
	return sender_ask(worker_of(share), &ask, &listener->fd, 1);
}

static size_t on_bytes(void *ctx, uint64_t stream, uint64_t offset, uint8_t *to,
		       size_t len)
{
	(void)ctx;
	content_fill(stream, offset, to, len);
	return len;
}

static void on_datagram(void *ctx, uint64_t cookie, enum equic_share_fate fate)
{
	static const enum counter counters[] = {
		[EQUIC_SHARE_ACKED] = COUNT_SHARE_DATAGRAMS_ACKED,
		[EQUIC_SHARE_LOST] = COUNT_SHARE_DATAGRAMS_LOST,
		[EQUIC_SHARE_VOID] = COUNT_SHARE_DATAGRAMS_VOID,
	};
	struct share *share = ctx;

	(void)cookie;
	share->fates++;
	count(worker_of(share), counters[fate]);
}

static void on_stream(void *ctx, uint64_t stream,
		      enum equic_share_stream_event what, uint64_t value)
{
	struct share *share = ctx;
	struct worker *worker = worker_of(share);

	(void)stream;
	if (what == EQUIC_SHARE_STREAM_STOPPED)
		count(worker, COUNT_SHARE_STREAMS_STOPPED);
	if (what == EQUIC_SHARE_STREAM_ACKED &&
	    value == worker->options->share_bytes)
		count(worker, COUNT_SHARE_STREAMS_ACKED);
	if (what != EQUIC_SHARE_STREAM_DONE)
		return;
	share->done++;
	count(worker, COUNT_SHARE_STREAMS_DONE);
}

static const struct equic_share_events events = {
	.key = on_key,
	.path = on_path,
	.bytes = on_bytes,
	.datagram = on_datagram,
	.stream = on_stream,
};

static struct equic_share_options second_of(struct share *share)
{
	return (struct equic_share_options){
		.events = &events,
		.ctx = share,
		.connection = share->number,
		.memory = -1,
		.ring_count = 1,
	};
}

struct share *share_new(struct conn *conn, ngtcp2_callbacks *callbacks,
			ngtcp2_settings *settings)
{
	const struct options *given = conn->worker->options;
	struct share *share = calloc(1, sizeof(*share));
	struct equic_share_options options;

	if (!share)
		return NULL;
	share->conn = conn;
	share->number = ++conn->worker->sender.connections;
	share->waits = given->share_on_request;
	if (given->share_alone || given->share_on_request)
		options = (struct equic_share_options){ .memory = -1 };
	else
		options = second_of(share);
	options.payload_max = given->share_payload;
	options.update_after = given->key_update_datagrams;
	/* The kernel gets no keys of it: --keys is for others. */
	callbacks->update_key = ngtcp2_crypto_update_key_cb;
	share->library = equic_share_new(callbacks, settings, &options);
	if (!share->library) {
		fprintf(stderr, "h3server: sharing a connection: %s\n",
			strerror(errno));
		free(share);
		return NULL;
	}
	count(conn->worker, COUNT_SHARE_CONNECTIONS);
	return share;
}

int share_request(struct share *share)
{
	struct equic_share_options options;

	if (!share || !share->waits)
		return 0;
	options = second_of(share);
	if (equic_share_begin(share->library, &options)) {
		if (errno == EAGAIN)
			return 0;
		fprintf(stderr, "h3server: sharing a connection: %s\n",
			strerror(errno));
		return -1;
	}
	share->waits = false;
	return 0;
}

void share_close(struct share *share)
{
	struct ask ask = { .kind = ASK_CLOSE, .connection = share->number };

	if (share->told)
		sender_ask(worker_of(share), &ask, NULL, 0);
	/* It has answered, and sends nothing more; or never will. */
	share_second_died(share);
	share_count(share);
}

void share_free(struct share *share)
{
	if (!share)
		return;
	equic_share_free(share->library);
	free(share);
}

void share_second_died(struct share *share)
{
	share->told = false;
	equic_share_second_died(share->library);
}

void share_count(struct share *share)
{
	struct equic_share_stats *before = &share->counted, now;
	struct worker *worker = worker_of(share);

	equic_share_get_stats(share->library, &now);
	count_add(worker, COUNT_SHARE_STACK, now.stack - before->stack);
	count_add(worker, COUNT_SHARE_LIBRARY, now.library - before->library);
	count_add(worker, COUNT_SHARE_SECOND, now.second - before->second);
	count_add(worker, COUNT_SHARE_VOIDS, now.voids - before->voids);
	count_add(worker, COUNT_SHARE_LOST, now.lost - before->lost);
	count_add(worker, COUNT_SHARE_SPURIOUS, now.spurious - before->spurious);
	count_add(worker, COUNT_SHARE_RESENT, now.resent - before->resent);
	count_add(worker, COUNT_SHARE_HOSTILE, now.hostile - before->hostile);
	count_add(worker, COUNT_SHARE_ESTRANGED,
		  now.estranged - before->estranged);
	count_add(worker, COUNT_SHARE_UPDATES, now.epoch - before->epoch);
	*before = now;
}
