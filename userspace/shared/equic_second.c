// SPDX-License-Identifier: LGPL-2.1-or-later
/* See equic_second.h. What is done is in second.c; here it is made ready for others. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "equic_second.h"
#include "memory.h"
#include "second.h"
#include "word.h"

_Static_assert((int)EQUIC_SECOND_PAYLOAD_MAX == SECOND_PAYLOAD_MAX, "as it says");
_Static_assert((int)EQUIC_SHARE_KEY_LEN == SEAL_KEY_MAX, "any key has room");
_Static_assert((int)EQUIC_SHARE_IV_LEN == SEAL_IV, "all have this length");

struct equic_second {
	struct equic_shared		*memory;
	struct ring			*ring;
	struct second			*second;
	const struct equic_second_ops	*ops;
	void				*ctx;
};

static int on_send(void *ctx, const uint8_t *packet, size_t len)
{
	struct equic_second *s = ctx;

	return s->ops->send(s->ctx, packet, len);
}

static uint64_t on_now(void *ctx)
{
	struct timespec now;

	(void)ctx;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

static const struct second_ops second_ops = { .send = on_send, .now = on_now };

struct equic_second *equic_second_new(int memory, int ring,
				      const struct equic_second_ops *ops,
				      void *ctx)
{
	struct equic_second *s = calloc(1, sizeof(*s));
	int err;

	if (!s)
		return NULL;
	s->ops = ops;
	s->ctx = ctx;
	s->memory = memory_map(memory);
	if (!s->memory)
		goto err_memory;
	s->ring = ring_map(ring, true);
	if (!s->ring)
		goto err_ring;
	s->second = second_new(s->memory, s->ring, &second_ops, s);
	if (!s->second)
		goto err_second;
	return s;

err_second:
	err = errno;
	ring_free(s->ring);
	errno = err;
err_ring:
	err = errno;
	memory_unmap(s->memory);
	errno = err;
err_memory:
	free(s);
	return NULL;
}

void equic_second_free(struct equic_second *s)
{
	if (!s)
		return;
	second_free(s->second);
	ring_free(s->ring);
	memory_unmap(s->memory);
	free(s);
}

int equic_second_key(struct equic_second *s, const struct equic_share_key *key)
{
	struct seal_secret secret;
	int err;

	seal_secret_take(&secret, key);
	err = second_key(s->second, key->epoch, &secret);
	explicit_bzero(&secret, sizeof(secret));
	return err;
}

int equic_second_path(struct equic_second *s, const uint8_t *dcid, size_t len)
{
	return second_path(s->second, dcid, len);
}

size_t equic_second_datagram_room(const struct equic_second *s)
{
	return second_datagram_room(s->second);
}

int equic_second_datagram(struct equic_second *s, const void *data, size_t len,
			  uint64_t cookie)
{
	int err = second_datagram(s->second, data, len, cookie);

	/* Those that were handed to a path that lost them are like it. */
	return err == -ECOMM ? 0 : err;
}

/* Of a slot: false: no stream that was claimed. */
static bool look_at(const struct equic_second *s, unsigned int slot,
		    struct equic_second_stream *stream)
{
	uint64_t word = stream_read(s->memory, slot), id;
	unsigned int generation = stream_generation(word);

	if (!(word & EQUIC_STREAM_CLAIMED) ||
	    stream_id(s->memory, slot, generation, &id))
		return false;
	*stream = (struct equic_second_stream){
		.id = id, .end = stream_end(word), .slot = slot,
		.generation = generation,
		.ended = word & EQUIC_STREAM_CLOSED,
	};
	return true;
}

int equic_second_claim(struct equic_second *s, struct equic_second_stream *stream)
{
	unsigned int slot, generation, tries = EQUIC_SHARED_STREAMS;

	/* One that the endpoint has forgotten meanwhile is passed over. */
	while (tries-- && !second_claim(s->second, &slot, &generation))
		if (look_at(s, slot, stream) && stream->generation == generation)
			return 0;
	return -ENOENT;
}

int equic_second_adopt(const struct equic_second *s,
		       struct equic_second_stream *stream)
{
	unsigned int slot = stream->generation ? stream->slot + 1 : 0;

	for (; slot < EQUIC_SHARED_STREAMS; slot++)
		if (look_at(s, slot, stream))
			return 0;
	return -ENOENT;
}

size_t equic_second_stream_room(const struct equic_second *s,
				const struct equic_second_stream *stream)
{
	return second_stream_room(s->second, stream->slot, stream->end);
}

int equic_second_stream(struct equic_second *s, struct equic_second_stream *stream,
			const void *data, size_t len, bool fin, uint64_t cookie)
{
	int err = second_stream(s->second, stream->slot, stream->generation,
				stream->end, data, len, fin, cookie);

	switch (err) {
	case 0:
	case -ECOMM:
		err = 0;
		break;
	case -ECANCELED:
	case -EOVERFLOW:
	case -EPROTO:
	case -ENOKEY:
	case -EKEYEXPIRED:
		err = 1;
		break;
	default:
		return err;
	}
	stream->end += len;
	return err;
}
