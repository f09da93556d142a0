// SPDX-License-Identifier: LGPL-2.1-or-later
/* See equic_share.h and share.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <ngtcp2/ngtcp2_crypto.h>
#include "least.h"
#include "memory.h"
#include "region.h"
#include "share.h"
#include "why.h"
#include "word.h"

/* Of records: more than a window's packets. */
enum { RING_SIZE = 1 << 18 };

static bool owns(void *ctx, uint64_t stream)
{
	struct equic_share *s = ctx;
	const struct stream *st = streams_find(&s->streams, stream);

	/* One from the pool that nobody wanted is really reset. */
	return st && (st->claimed || !st->released);
}

static void on_acked(void *ctx, const struct ack *ack)
{
	struct equic_share *s = ctx;
	uint64_t next = number_pn(number_read(s->memory));

	/* What is sent was told of before the peer could acknowledge it. */
	records_drain(s);
	/* A word that was spoiled is not the peer's fault. */
	if (recovery_acked(s->recovery, ack, most(next, s->floor), s->now))
		s->error = NGTCP2_ERR_PROTO;
}

static void on_max_data(void *ctx, uint64_t max)
{
	struct equic_share *s = ctx;

	s->data_max = most(s->data_max, max);
	data_allow(s->memory, max);
}

static void on_max_stream_data(void *ctx, uint64_t stream, uint64_t max)
{
	struct equic_share *s = ctx;
	struct stream *st = streams_find(&s->streams, stream);

	if (!st || st->released)
		return;
	st->max = most(st->max, max);
	stream_allow(s->memory, st->slot, max);
}

static void on_stop_sending(void *ctx, uint64_t stream, uint64_t code)
{
	struct equic_share *s = ctx;
	struct stream *st = streams_find(&s->streams, stream);

	if (!st || st->released || st->reset || stream_done(st))
		return;
	/* One that waits, too: a higher one has opened it (RFC 9000, 3.2). */
	own_claimed(s, st);
	stream_reset(st, share_close_stream(s, st), code);
	records_say(s, st, EQUIC_SHARE_STREAM_STOPPED, code);
}

static const struct translate_ops translate_ops = {
	.owns = owns,
	.acked = on_acked,
	.max_data = on_max_data,
	.max_stream_data = on_max_stream_data,
	.stop_sending = on_stop_sending,
};

static int check_second(const struct equic_share_options *o)
{
	if (!o->events->key)
		return refuse(WHY_KEY);
	if (!o->events->path)
		return refuse(WHY_PATH);
	if (!o->events->bytes)
		return refuse(WHY_BYTES);
	if (!o->ring_count)
		return refuse(WHY_NO_RING);
	if (o->ring_count > EQUIC_SHARE_RINGS_MAX)
		return refuse(WHY_RING_COUNT);
	return 0;
}

static int check_callbacks(const ngtcp2_callbacks *callbacks)
{
	if (callbacks->encrypt != ngtcp2_crypto_encrypt_cb)
		return refuse(WHY_ENCRYPT);
	if (callbacks->decrypt != ngtcp2_crypto_decrypt_cb)
		return refuse(WHY_DECRYPT);
	if (callbacks->hp_mask != ngtcp2_crypto_hp_mask_cb)
		return refuse(WHY_HP_MASK);
	if (callbacks->update_key != ngtcp2_crypto_update_key_cb)
		return refuse(WHY_UPDATE_KEY);
	return 0;
}

static int check(const ngtcp2_callbacks *callbacks, const ngtcp2_settings *settings,
		 const struct equic_share_options *o)
{
	if (!callbacks)
		return refuse(WHY_CALLBACKS);
	if (!settings)
		return refuse(WHY_SETTINGS);
	if (!o)
		return refuse(WHY_OPTIONS);
	if (o->payload_max && o->payload_max < EQUIC_SHARE_PAYLOAD_MIN)
		return refuse(WHY_PAYLOAD_BELOW);
	if (o->payload_max > EQUIC_SHARE_PAYLOAD_MAX)
		return refuse(WHY_PAYLOAD_ABOVE);
	if (settings->initial_pkt_num)
		return refuse(WHY_INITIAL_PKT_NUM);
	if (o->events && check_second(o))
		return -1;
	return check_callbacks(callbacks);
}

/* What the endpoint gave is none, by errno. */
static enum why memory_fault(int fd)
{
	struct region region;

	if (errno == EPROTO)
		return WHY_MEMORY_USED;
	if (errno != EINVAL && errno != EBADF)
		return WHY_MEMORY_MAP;
	/* Who has not said -1. */
	if (!fd)
		return WHY_MEMORY_0;
	if (region_look(fd, &region))
		return WHY_MEMORY_KIND;
	return region.map ? WHY_MEMORY_ARRAY : WHY_MEMORY_SIZE;
}

static int make_memory(struct equic_share *s)
{
	const struct equic_share_options *o = &s->options;

	s->mapped = o->memory < 0 ? memory_make(o->connection, &s->memory_fd) :
				    memory_begin(o->memory, o->connection);
	s->memory = s->mapped;
	if (s->mapped)
		return 0;
	return refuse(o->memory < 0 ? WHY_MEMORY_MAKE : memory_fault(o->memory));
}

static enum why ring_fault(void)
{
	if (errno == EPROTO)
		return WHY_RING_USED;
	return errno == EINVAL || errno == EBADF ? WHY_RING : WHY_RING_MAP;
}

/* As long as may be, and SHARE_LEAP records in all of them. */
static size_t ring_size(unsigned int count)
{
	size_t size = RING_SIZE;

	while (size / RING_RECORD * count > SHARE_LEAP)
		size /= 2;
	return size;
}

static int make_rings(struct equic_share *s)
{
	const struct equic_share_options *o = &s->options;
	unsigned int i, records = 0;

	for (i = 0; i < o->ring_count; i++) {
		s->ring[i] = o->rings ? ring_map(o->rings[i], false) :
					ring_make(ring_size(o->ring_count),
						  &s->ring_fd[i]);
		if (!s->ring[i])
			return refuse(o->rings ? ring_fault() : WHY_RING_MAKE);
		records += ring_records(s->ring[i]);
	}
	return records > SHARE_LEAP ? refuse(WHY_RECORDS) : 0;
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

static void free_rings(struct equic_share *s)
{
	unsigned int i;

	for (i = 0; i < EQUIC_SHARE_RINGS_MAX; i++) {
		ring_free(s->ring[i]);
		close_fd(s->ring_fd[i]);
		s->ring[i] = NULL;
		s->ring_fd[i] = -1;
	}
}

static void free_memory(struct equic_share *s)
{
	if (s->memory != s->mapped)
		free(s->memory);
	if (s->mapped)
		memory_unmap(s->mapped);
	close_fd(s->memory_fd);
	s->memory = s->mapped = NULL;
	s->memory_fd = -1;
}

static void free_parts(struct equic_share *s)
{
	recovery_free(s->recovery);
	numbers_free(s->numbers);
	s->recovery = NULL;
	s->numbers = NULL;
	free_rings(s);
	free_memory(s);
}

static int make_parts(struct equic_share *s)
{
	if (make_rings(s))
		return -1;
	s->numbers = numbers_new();
	s->recovery = recovery_new(&records_ops, s,
				   s->pmtud ? SHARE_DATAGRAM_MIN :
					      s->options.payload_max);
	s->translator = (struct translator){
		.ops = &translate_ops, .ctx = s, .numbers = s->numbers,
	};
	if (!s->numbers || !s->recovery)
		return refuse(WHY_ROOM);
	/* Last, for it is in use then. */
	if (make_memory(s))
		return -1;
	s->memory->payload_max = s->options.payload_max;
	return 0;
}

/* What ngtcp2 tries where it is told of nothing: as long on the wire. */
static const uint16_t pmtud_probes[] = {
	1454 - 48 - SHARE_GROWTH, 1390 - 48 - SHARE_GROWTH,
	1280 - 48 - SHARE_GROWTH, 1492 - 48 - SHARE_GROWTH,
};

/*
 * Longer than the stack's packets may be, so that none is sent. With no_pmtud a server
 * of ngtcp2 1.11 aborts when its peer comes back to where it was (ngtcp2 #1593).
 */
static const uint16_t no_probes[] = { EQUIC_SHARE_PAYLOAD_MAX };

/*
 * Who shares is told of what the path takes; the stack alone finds it out, if it wants
 * to.
 */
static void limit_payload(struct equic_share *s, ngtcp2_settings *settings)
{
	size_t max = s->pmtud ? SHARE_PACKET_MAX : s->options.payload_max;

	s->payload_max = s->path_payload_max = s->options.payload_max;
	s->peer_payload_max = UINT16_MAX;
	/* With less there is no handshake (RFC 9000, 14.1). */
	settings->max_tx_udp_payload_size =
		least(settings->max_tx_udp_payload_size,
		      most(max - SHARE_GROWTH, SHARE_DATAGRAM_MIN));
	if (!s->pmtud) {
		settings->no_pmtud = 0;
		settings->pmtud_probes = no_probes;
		settings->pmtud_probeslen = sizeof(no_probes) / sizeof(no_probes[0]);
	} else if (!settings->pmtud_probeslen) {
		settings->pmtud_probes = pmtud_probes;
		settings->pmtud_probeslen = sizeof(pmtud_probes) / sizeof(pmtud_probes[0]);
	}
}

struct equic_share *equic_share_new(ngtcp2_callbacks *callbacks,
				    ngtcp2_settings *settings,
				    const struct equic_share_options *options)
{
	struct equic_share *s;
	unsigned int i;

	if (check(callbacks, settings, options))
		return NULL;
	s = calloc(1, sizeof(*s));
	if (!s) {
		refuse(WHY_ROOM);
		return NULL;
	}
	s->options = *options;
	s->pmtud = !options->events && !options->payload_max &&
		   !settings->no_pmtud;
	s->options.payload_max = options->payload_max ?: EQUIC_SHARE_PAYLOAD_DEFAULT;
	s->memory_fd = -1;
	ngtcp2_path_storage_zero(&s->path.written);
	/* No record is from before. */
	s->looked = settings->initial_ts;
	for (i = 0; i < EQUIC_SHARE_RINGS_MAX; i++)
		s->ring_fd[i] = -1;
	s->begun = !!options->events;
	if (s->begun && make_parts(s)) {
		int err = errno;

		equic_share_free(s);
		errno = err;
		return NULL;
	}
	limit_payload(s, settings);
	/* What the path is known to take need not be found out. */
	settings->no_tx_udp_payload_size_shaping |= !!options->payload_max;
	protection_callbacks(s, callbacks);
	return s;
}

void equic_share_conn(struct equic_share *s, ngtcp2_conn *conn)
{
	s->conn = conn;
}

static int may_begin(const struct equic_share *s, const struct equic_share_options *o)
{
	if (s->begun)
		return refuse(WHY_SHARED);
	if (!o)
		return refuse(WHY_OPTIONS);
	if (!o->events)
		return refuse(WHY_EVENTS);
	if (check_second(o))
		return -1;
	if (o->payload_max)
		return refuse(WHY_PAYLOAD_AGAIN);
	if (s->foreign)
		return refuse(WHY_CIPHER);
	if (!s->conn)
		return refuse(WHY_CONN);
	if (!share_is_confirmed(s))
		return refuse(WHY_CONFIRMED);
	if (s->partial)
		return refuse(WHY_HALF_WRITTEN);
	if (s->packet.begin)
		return refuse(WHY_WRITING);
	if (!share_is_wired(s))
		return refuse(WHY_REWIRED);
	if (s->ended || s->error || ngtcp2_conn_in_closing_period(s->conn) ||
	    ngtcp2_conn_in_draining_period(s->conn))
		return refuse(WHY_ENDED);
	return 0;
}

static void take_second(struct equic_share_options *to,
			const struct equic_share_options *from)
{
	to->events = from->events;
	to->ctx = from->ctx;
	to->connection = from->connection;
	to->memory = from->memory;
	to->rings = from->rings;
	to->ring_count = from->ring_count;
	to->update_after = from->update_after ?: to->update_after;
}

int equic_share_begin(struct equic_share *s, const struct equic_share_options *options)
{
	struct equic_share_options before = s->options;
	int err;

	if (may_begin(s, options))
		return -1;
	take_second(&s->options, options);
	if (!make_parts(s)) {
		alone_end(s);
		return 0;
	}
	err = errno;
	free_parts(s);
	s->options = before;
	errno = err;
	return -1;
}

void equic_share_free(struct equic_share *s)
{
	if (!s)
		return;
	if (s->mapped)
		number_stop(s->mapped);
	records_forget(s);
	streams_free(&s->streams);
	protection_free(s);
	free_parts(s);
	free(s);
}

int equic_share_memory_fd(const struct equic_share *s)
{
	return s->begun && s->options.memory >= 0 ? s->options.memory : s->memory_fd;
}

int equic_share_ring_fd(const struct equic_share *s, unsigned int ring)
{
	if (!s->begun || ring >= s->options.ring_count)
		return -1;
	return s->options.rings ? s->options.rings[ring] : s->ring_fd[ring];
}
