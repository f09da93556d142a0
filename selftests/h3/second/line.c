// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <equic_second.h>

#include "../net/clock.h"
#include "../net/udp.h"
#include "content.h"
#include "line.h"

enum { BURST_PACKETS = 32 };

struct line_stream {
	struct equic_second_stream stream;
	bool over;
};

struct line {
	uint32_t connection;
	struct ask_open plan;
	struct equic_second *second;
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

static const struct equic_second_ops ops = { .send = on_send };

/*
 * What one before this had begun goes on where it was: nobody else in this server
 * opens streams of the library's.
 */
static void adopt(struct line *line)
{
	struct equic_second_stream stream = { };

	while (line->n_streams < line->plan.streams &&
	       !equic_second_adopt(line->second, &stream))
		line->streams[line->n_streams++] = (struct line_stream){
			.stream = stream, .over = stream.ended,
		};
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
	line->second = equic_second_new(memory, ring, &ops, line);
	if (!line->second) {
		free(line);
		return NULL;
	}
	adopt(line);
	return line;
}

void line_free(struct line *line)
{
	equic_second_free(line->second);
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
	struct equic_share_key own = { .epoch = key->epoch, .cipher = key->cipher };
	int ret;

	memcpy(own.key, key->key, sizeof(own.key));
	memcpy(own.iv, key->iv, sizeof(own.iv));
	memcpy(own.header, key->header, sizeof(own.header));
	ret = equic_second_key(line->second, &own);
	explicit_bzero(&own, sizeof(own));
	return ret;
}

int line_path(struct line *line, const struct ask_path *path, int fd)
{
	if (line->tx.fd >= 0)
		close(line->tx.fd);
	line->tx.fd = fd;
	line->local = path->local;
	line->remote = path->remote;
	return equic_second_path(line->second, path->dcid, path->dcid_len);
}

static void claim(struct line *line)
{
	while (line->n_streams < line->plan.streams) {
		struct line_stream *st = &line->streams[line->n_streams];

		memset(st, 0, sizeof(*st));
		if (equic_second_claim(line->second, &st->stream))
			return;
		line->n_streams++;
	}
}

static int send_stream(struct line *line, struct line_stream *st)
{
	struct equic_second_stream *stream = &st->stream;
	uint64_t left = line->plan.stream_bytes - stream->end;
	uint8_t bytes[EQUIC_SECOND_PAYLOAD_MAX];
	size_t len;
	int err;

	len = equic_second_stream_room(line->second, stream);
	/*
	 * So it is with a stream that the peer refused, too, and then the turn ends: it has
	 * time to refuse the next before hundreds have begun. Some peers never give the
	 * credit of those back (Documentation/share.md).
	 */
	if (!len)
		return -ENOTCONN;
	if (len > left)
		len = left;
	content_fill(stream->id, stream->end, bytes, len);
	err = equic_second_stream(line->second, stream, bytes, len, len == left,
				  stream->id);
	if (err >= 0)
		st->over = len == left;
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
	err = equic_second_datagram(line->second, bytes, sizeof(bytes),
				    line->datagrams);
	if (!err)
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
		/* What the library has to send it is to be told of, too. */
		sent += err >= 0;
		/* The peer may allow more on another stream. */
		if (err && err != -EDQUOT && !st->over)
			break;
		if (err && ++refused > line->n_streams)
			break;
	}
	return sent == BURST_PACKETS ? LINE_MORE : sent ? LINE_SENT : LINE_QUIET;
}
