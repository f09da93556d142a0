// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/equic_shared.h>

#include "../net/clock.h"
#include "../net/udp.h"
#include "content.h"
#include "line.h"
#include "memory.h"
#include "second.h"
#include "word.h"

enum { BURST_PACKETS = 32 };

struct line_stream {
	unsigned int slot, generation;
	uint64_t id;
	uint64_t sent;
	bool over;
};

struct line {
	uint32_t connection;
	struct ask_open plan;
	struct equic_shared *memory;
	struct ring *ring;
	struct second *second;
	struct udp_tx tx;
	union addr local, remote;
	uint32_t datagrams;	/* sent */
	uint32_t n_streams;
	uint32_t at;		/* whose turn it is */
	struct line_stream streams[];
};

static int on_send(void *ctx, const uint8_t *packet, size_t len)
{
	struct line *line = ctx;
	uint64_t failed = line->tx.failed;

	memcpy(udp_tx_buffer(&line->tx), packet, len);
	udp_tx_commit(&line->tx, len, &line->local, &line->remote);
	udp_tx_flush(&line->tx);
	return line->tx.failed == failed ? 0 : -1;
}

static uint64_t on_now(void *ctx)
{
	(void)ctx;
	return clock_ns();
}

static const struct second_ops second_ops = { .send = on_send, .now = on_now };

/*
 * What one before this had begun goes on where the words say that it was: nobody else
 * in this server claims streams.
 */
static void adopt(struct line *line)
{
	unsigned int slot;

	for (slot = 0; slot < EQUIC_SHARED_STREAMS; slot++) {
		struct line_stream *st = &line->streams[line->n_streams];
		uint64_t word = stream_read(line->memory, slot);

		if (!(word & EQUIC_STREAM_CLAIMED) ||
		    line->n_streams == line->plan.streams)
			continue;
		st->slot = slot;
		st->generation = word >> EQUIC_STREAM_GENERATION_SHIFT &
				 EQUIC_STREAM_GENERATION_MASK;
		st->sent = word & EQUIC_STREAM_END_MASK;
		st->over = word & EQUIC_STREAM_CLOSED ||
			   stream_id(line->memory, slot, st->generation, &st->id);
		line->n_streams++;
	}
}

struct line *line_new(uint32_t connection, const struct ask_open *plan,
		      int memory, int ring)
{
	struct line *line = calloc(1, sizeof(*line) +
				      plan->streams * sizeof(line->streams[0]));

	if (!line)
		return NULL;
	line->connection = connection;
	line->plan = *plan;
	udp_tx_init(&line->tx, -1);
	line->memory = memory_map(memory);
	if (!line->memory)
		goto err_line;
	line->ring = ring_map(ring, true);
	if (!line->ring)
		goto err_memory;
	line->second = second_new(line->memory, line->ring, &second_ops, line);
	if (!line->second)
		goto err_ring;
	adopt(line);
	return line;

err_ring:
	ring_free(line->ring);
err_memory:
	memory_unmap(line->memory);
err_line:
	free(line);
	return NULL;
}

void line_free(struct line *line)
{
	second_free(line->second);
	ring_free(line->ring);
	memory_unmap(line->memory);
	if (line->tx.fd >= 0)
		close(line->tx.fd);
	free(line);
}

uint32_t line_connection(const struct line *line)
{
	return line->connection;
}

int line_key(struct line *line, const struct ask_key *key)
{
	struct seal_secret secret = { .cipher = key->cipher };
	int ret;

	memcpy(secret.key, key->key, sizeof(secret.key));
	memcpy(secret.iv, key->iv, sizeof(secret.iv));
	memcpy(secret.header, key->header, sizeof(secret.header));
	ret = second_key(line->second, key->epoch, &secret);
	explicit_bzero(&secret, sizeof(secret));
	return ret;
}

int line_path(struct line *line, const struct ask_path *path, int fd)
{
	if (line->tx.fd >= 0)
		close(line->tx.fd);
	line->tx.fd = fd;
	line->local = path->local;
	line->remote = path->remote;
	return second_path(line->second, path->dcid, path->dcid_len);
}

static void claim(struct line *line)
{
	while (line->n_streams < line->plan.streams) {
		struct line_stream *st = &line->streams[line->n_streams];

		memset(st, 0, sizeof(*st));
		if (second_claim(line->second, &st->slot, &st->generation))
			return;
		st->over = stream_id(line->memory, st->slot, st->generation,
				     &st->id);
		line->n_streams++;
	}
}

/* Whose the bytes are then is said where second_stream() is declared. */
static bool is_taken(int err)
{
	switch (err) {
	case 0:
	case -ECANCELED:
	case -EOVERFLOW:
	case -EPROTO:
	case -ENOKEY:
	case -EKEYEXPIRED:
	case -ECOMM:
		return true;
	default:
		return false;
	}
}

static int send_stream(struct line *line, struct line_stream *st)
{
	uint64_t left = line->plan.stream_bytes - st->sent;
	uint8_t bytes[SECOND_PAYLOAD_MAX];
	size_t len;
	int err;

	len = second_stream_room(line->second, st->slot, st->sent);
	if (len > left)
		len = left;
	else if (!len)
		return -ENOTCONN;
	content_fill(st->id, st->sent, bytes, len);
	err = second_stream(line->second, st->slot, st->generation, st->sent,
			    bytes, len, len == left, st->id);
	if (is_taken(err)) {
		st->sent += len;
		st->over = len == left;
	}
	if (err == -ESHUTDOWN || err == -ESTALE || err == -EINVAL)
		st->over = true;
	return err;
}

static int send_datagram(struct line *line)
{
	uint8_t bytes[CONTENT_DATAGRAM_BYTES];
	int err;

	content_fill(line->datagrams, 1, bytes, sizeof(bytes));
	bytes[0] = CONTENT_QUARTER_STREAM;
	err = second_datagram(line->second, bytes, sizeof(bytes),
			      line->datagrams);
	if (!err || err == -ECOMM)
		line->datagrams++;
	return err;
}

/* The next stream that has something to send; NULL: none. */
static struct line_stream *next_stream(struct line *line)
{
	uint32_t i;

	for (i = 0; i < line->n_streams; i++) {
		struct line_stream *st;

		line->at = (line->at + 1) % line->n_streams;
		st = &line->streams[line->at];
		if (!st->over)
			return st;
	}
	return NULL;
}

enum line_turn line_turn(struct line *line)
{
	unsigned int sent = 0, refused = 0;
	struct line_stream *st;
	int err;

	claim(line);
	while (sent < BURST_PACKETS) {
		if (line->datagrams < line->plan.datagrams &&
		    !send_datagram(line))
			sent++;
		st = next_stream(line);
		if (!st)
			break;
		err = send_stream(line, st);
		if (!err)
			sent++;
		/* The peer may allow more on another stream. */
		else if (err != -EDQUOT && !st->over)
			break;
		else if (++refused > line->n_streams)
			break;
	}
	return sent == BURST_PACKETS ? LINE_MORE : sent ? LINE_SENT : LINE_QUIET;
}
