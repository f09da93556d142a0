// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "least.h"
#include "memory.h"
#include "second.h"
#include "word.h"

enum {
	/* RFC 9000, 17.3.1 */
	FIXED_BIT = 0x40,
	KEY_PHASE_SHIFT = 2,
	/* RFC 9000, 19.8: with an offset and a length */
	FRAME_STREAM = 0x0e,
	FRAME_STREAM_FIN = 0x01,
	/* RFC 9221, 4: with a length */
	FRAME_DATAGRAM = 0x31,
	/* RFC 9000, 16 */
	VARINT_MAX = 8,
	FRAME_HEAD_MAX = 1 + 3 * VARINT_MAX,
};

/**
 * struct frame - a packet on its way
 * @step: behind which it is.
 * @record: what will be told of it; private until it is whole.
 * @room: for the record, in the ring.
 * @head: of the frame, to its data.
 * @head_len: bytes.
 * @data: of the frame.
 * @len: bytes.
 * @packet_len: when it is sealed.
 */
struct frame {
	enum second_step	step;
	struct equic_record	record;
	struct equic_record	*room;
	uint8_t			head[FRAME_HEAD_MAX];
	size_t			head_len;
	const void		*data;
	size_t			len;
	size_t			packet_len;
};

/**
 * struct second - a second sender
 * @memory: of the connection. Whatever else is written into it, it cannot make this
 *	sender write outside of @packet, or use a number twice.
 * @ring: for records.
 * @ops: the world.
 * @ctx: of @ops.
 * @connection: as it was in the memory at first.
 * @keys: of the last epochs, each where its key phase says.
 * @next: numbers below it may have been used here.
 * @dcid: where to.
 * @dcid_len: bytes.
 * @has_path: there is a @dcid; it may have a length of 0.
 * @packet: is being built here.
 */
struct second {
	struct equic_shared	*memory;
	struct ring		*ring;
	const struct second_ops	*ops;
	void			*ctx;
	uint32_t		connection;
	struct {
		unsigned int	epoch;
		struct seal_key	*key;
	} keys[2];
	uint64_t		next;
	uint8_t			dcid[SECOND_DCID_MAX];
	size_t			dcid_len;
	bool			has_path;
	uint8_t			packet[SECOND_PAYLOAD_MAX];
};

static size_t varint_len(uint64_t value)
{
	return value < 1 << 6 ? 1 : value < 1 << 14 ? 2 : value < 1 << 30 ? 4 : 8;
}

/* RFC 9000, 16: the two highest bits are the logarithm of the length. */
static size_t varint_put(uint8_t *to, uint64_t value)
{
	size_t len = varint_len(value), i;

	for (i = 0; i < len; i++)
		to[i] = value >> 8 * (len - 1 - i);
	to[0] |= __builtin_ctz(len) << 6;
	return len;
}

struct second *second_new(struct equic_shared *memory, struct ring *ring,
			  const struct second_ops *ops, void *ctx)
{
	int err = memory_check(memory);
	struct second *s;

	if (err) {
		errno = -err;
		return NULL;
	}
	s = calloc(1, sizeof(*s));
	if (!s)
		return NULL;
	s->memory = memory;
	s->ring = ring;
	s->ops = ops;
	s->ctx = ctx;
	s->connection = __atomic_load_n(&memory->connection, __ATOMIC_RELAXED);
	return s;
}

void second_free(struct second *s)
{
	if (!s)
		return;
	seal_key_free(s->keys[0].key);
	seal_key_free(s->keys[1].key);
	free(s);
}

/* The key phase is the epoch's lowest bit (RFC 9001, 6). */
static unsigned int key_phase(unsigned int epoch)
{
	return epoch & 1;
}

int second_key(struct second *s, unsigned int epoch,
	       const struct seal_secret *secret)
{
	unsigned int i = key_phase(epoch);
	struct seal_key *key;

	if (epoch > EQUIC_NUMBER_EPOCH_MAX || !seal_key_len(secret->cipher))
		return -EINVAL;
	if (s->keys[i].key && s->keys[i].epoch >= epoch)
		return s->keys[i].epoch == epoch ? -EEXIST : -ESTALE;
	key = seal_key_new(secret);
	if (!key)
		return -ENOMEM;
	seal_key_free(s->keys[i].key);
	s->keys[i].key = key;
	s->keys[i].epoch = epoch;
	return 0;
}

int second_path(struct second *s, const uint8_t *dcid, size_t len)
{
	if (len > sizeof(s->dcid))
		return -EINVAL;
	if (len)
		memcpy(s->dcid, dcid, len);
	s->dcid_len = len;
	s->has_path = true;
	return 0;
}

/* Of a packet, what is neither frame nor ciphertext of it. */
static size_t packet_overhead(const struct second *s)
{
	return 1 + s->dcid_len + SEAL_PN + SEAL_TAG;
}

/* Bytes of frames in one packet. */
static size_t packet_room(const struct second *s)
{
	size_t max = __atomic_load_n(&s->memory->payload_max, __ATOMIC_RELAXED);

	if (max > sizeof(s->packet))
		max = sizeof(s->packet);
	return max > packet_overhead(s) ? max - packet_overhead(s) : 0;
}

/* Bytes of a DATAGRAM frame, and that in one packet (RFC 9221, 3). */
static size_t datagram_frame_room(const struct second *s)
{
	size_t max = __atomic_load_n(&s->memory->datagram_max, __ATOMIC_RELAXED);
	size_t room = packet_room(s);

	return max < room ? max : room;
}

/* A step is done: 0, or it was the last. */
static int behind(struct second *s, struct frame *frame, enum second_step step)
{
	frame->step = step;
	if (s->ops->alive && !s->ops->alive(s->ctx, step))
		return -EOWNERDEAD;
	return 0;
}

static int take_credit(struct second *s, struct frame *frame)
{
	const struct equic_record *record = &frame->record;
	int err;

	if (record->kind != EQUIC_RECORD_STREAM)
		return 0;
	err = (record->flags & EQUIC_RECORD_FIN ? stream_take_last : stream_take)
		(s->memory, record->slot, record->generation, record->offset,
		 record->len);
	return err ?: behind(s, frame, SECOND_CREDIT);
}

static int take_number(struct second *s, struct frame *frame)
{
	uint64_t word;
	int err;

	err = number_take(s->memory, true, &word);
	if (err)
		return err == -EBUSY || err == -EAGAIN ? -ECANCELED : err;
	/* A nonce twice would give the key away: the memory is not believed. */
	if (number_pn(word) < s->next)
		return -EPROTO;
	s->next = number_pn(word) + 1;
	frame->record.number = word;
	return behind(s, frame, SECOND_NUMBER);
}

static int protect(struct second *s, struct frame *frame)
{
	unsigned int epoch = number_epoch(frame->record.number);
	unsigned int phase = key_phase(epoch);
	uint8_t header[1 + SECOND_DCID_MAX], *payload;

	if (!s->keys[phase].key || s->keys[phase].epoch != epoch)
		return -ENOKEY;
	header[0] = FIXED_BIT | phase << KEY_PHASE_SHIFT;
	memcpy(header + 1, s->dcid, s->dcid_len);
	payload = s->packet + 1 + s->dcid_len + SEAL_PN;
	memcpy(payload, frame->head, frame->head_len);
	if (frame->len)
		memcpy(payload + frame->head_len, frame->data, frame->len);
	frame->packet_len = seal(s->keys[phase].key, s->packet, header,
				 1 + s->dcid_len, number_pn(frame->record.number),
				 payload, frame->head_len + frame->len);
	if (!frame->packet_len)
		return -EKEYEXPIRED;
	return behind(s, frame, SECOND_SEALED);
}

static void tell(struct second *s, struct frame *frame)
{
	frame->record.sent_ns = s->ops->now(s->ctx);
	*frame->room = frame->record;
	ring_submit(s->ring, frame->room);
}

/* It will not be sent. */
static void undo(struct second *s, struct frame *frame)
{
	if (frame->step >= SECOND_BUDGET)
		budget_add(s->memory, frame->record.size);
	/* Credit and number cannot be given back. */
	if (frame->step >= SECOND_CREDIT) {
		frame->record.flags |= EQUIC_RECORD_UNSENT;
		tell(s, frame);
	} else {
		ring_discard(s->ring, frame->room);
	}
}

/* The order of linux/equic_shared.h. */
static int transmit(struct second *s, struct frame *frame)
{
	int err;

	/* Who is stopped takes nothing: it would be the library's to send. */
	if (number_read(s->memory) & EQUIC_NUMBER_STOP)
		return -EAGAIN;
	frame->room = ring_reserve(s->ring);
	if (!frame->room)
		return -ENOSPC;
	err = behind(s, frame, SECOND_RESERVED) ?:
	      budget_take(s->memory, frame->record.size) ?:
	      behind(s, frame, SECOND_BUDGET) ?:
	      take_credit(s, frame) ?:
	      take_number(s, frame) ?:
	      protect(s, frame);
	if (err == -EOWNERDEAD)
		return err;
	if (err) {
		undo(s, frame);
		return err;
	}
	tell(s, frame);
	err = behind(s, frame, SECOND_SUBMITTED);
	if (err)
		return err;
	err = s->ops->send(s->ctx, s->packet, frame->packet_len) ? -ECOMM : 0;
	return behind(s, frame, SECOND_SENT) ?: err;
}

/* The head is whole: whether all fits. */
static int measure(const struct second *s, struct frame *frame, size_t room)
{
	if (!s->has_path)
		return -ENOTCONN;
	if (room < frame->head_len || room - frame->head_len < frame->len)
		return -EMSGSIZE;
	frame->record.number = EQUIC_RECORD_NO_NUMBER;
	frame->record.connection = s->connection;
	frame->record.size = packet_overhead(s) + frame->head_len + frame->len;
	frame->record.len = frame->len;
	return 0;
}

int second_datagram(struct second *s, const void *data, size_t len,
		    uint64_t cookie)
{
	struct frame frame = {
		.record.kind = EQUIC_RECORD_DATAGRAM,
		.record.cookie = cookie,
		.head[0] = FRAME_DATAGRAM,
		.data = data,
		.len = len,
	};

	frame.head_len = 1 + varint_put(frame.head + 1, len);
	return measure(s, &frame, datagram_frame_room(s)) ?: transmit(s, &frame);
}

int second_claim(struct second *s, unsigned int *slot, unsigned int *generation)
{
	return stream_claim(s->memory, slot, generation);
}

int second_stream(struct second *s, unsigned int slot, unsigned int generation,
		  uint64_t offset, const void *data, size_t len, bool fin,
		  uint64_t cookie)
{
	struct frame frame = {
		.record.kind = EQUIC_RECORD_STREAM,
		.record.flags = fin ? EQUIC_RECORD_FIN : 0,
		.record.slot = slot,
		.record.generation = generation,
		.record.offset = offset,
		.record.cookie = cookie,
		.head[0] = FRAME_STREAM | (fin ? FRAME_STREAM_FIN : 0),
		.head_len = 1,
		.data = data,
		.len = len,
	};
	uint64_t id;
	int err;

	if (generation > EQUIC_STREAM_GENERATION_MASK || offset > EQUIC_STREAM_END_MASK)
		return -EINVAL;
	err = stream_id(s->memory, slot, generation, &id);
	if (err)
		return err;
	frame.head_len += varint_put(frame.head + frame.head_len, id);
	frame.head_len += varint_put(frame.head + frame.head_len, offset);
	frame.head_len += varint_put(frame.head + frame.head_len, len);
	return measure(s, &frame, packet_room(s)) ?: transmit(s, &frame);
}

/* Of what is left behind a frame's head, what is not its length. */
static size_t room_behind(const struct second *s, size_t room, size_t head)
{
	size_t len;

	if (!s->has_path || room < head + 1)
		return 0;
	/* What does not fit a length of one byte needs a second one. */
	len = room - head - 1;
	if (varint_len(len) > 1)
		len--;
	return len;
}

size_t second_datagram_room(const struct second *s)
{
	return room_behind(s, datagram_frame_room(s), 1);
}

size_t second_stream_room(const struct second *s, unsigned int slot,
			  uint64_t offset)
{
	uint64_t id, credit;
	size_t room;

	if (slot >= EQUIC_SHARED_STREAMS || offset > EQUIC_STREAM_END_MASK ||
	    stream_id(s->memory, slot,
		      stream_generation(stream_read(s->memory, slot)), &id))
		return 0;
	room = room_behind(s, packet_room(s), 1 + varint_len(id) + varint_len(offset));
	credit = stream_credit(s->memory, slot, offset);
	/* Without any, sending says so. */
	return credit ? least(room, credit) : room;
}
