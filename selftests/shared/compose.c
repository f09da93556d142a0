// SPDX-License-Identifier: GPL-2.0-only
/* See compose.h. */
#include <stdlib.h>
#include "compose.h"
#include "frame.h"
#include "varint.h"

/* Mostly little, sometimes as much as may be. 0 … most */
static uint64_t skewed(struct chance *c, uint64_t most)
{
	static const uint64_t scales[] = { 2, 2, 70, 20000, UINT32_MAX - 1 };
	uint64_t scale = scales[chance_of(c, 5)];

	return chance_of(c, (most < scale ? most : scale) + 1);
}

struct numbers *compose_numbers(struct chance *c, unsigned int most,
				struct oracle *o)
{
	/* Before numbers that need another byte, and anywhere. */
	static const uint64_t firsts[] = { 0, 0, 50, 16380, (1 << 30) - 20,
					   1ULL << 47, VARINT_MAX >> 1 };
	/* How often the wire's numbers go on with others' packets. */
	static const unsigned int others[] = { 1, 2, 3, 20, 1000, 100000 };
	unsigned int sparse = others[chance_of(c, 6)];
	struct numbers *n = numbers_new();
	size_t i, same = 0;
	uint64_t wire;

	o->stack = firsts[chance_of(c, 7)];
	o->count = chance_of(c, most + 1);
	/* The first ones may be the same, and as many as there are. */
	if (!o->stack && chance_of(c, 2))
		same = chance_of(c, o->count + 1);
	for (i = 0; i < same; i++)
		o->wire[i] = i;
	if (n && same)
		numbers_begin(n, same);
	wire = o->stack + same + skewed(c, 1000);
	for (; i < o->count; i++) {
		o->wire[i] = wire;
		if (!n || numbers_add(n, o->stack + i, wire))
			abort();
		wire += 1 + (chance_of(c, sparse) ? 0 : 1 + skewed(c, 100));
	}
	return n;
}

struct writer {
	struct chance	*c;
	uint8_t		*at;
	uint8_t		*end;
};

static void number(struct writer *w, uint64_t value)
{
	size_t width = varint_len(value);
	uint8_t *at;

	if (!chance_of(w->c, 40))
		while (width < 8 && chance_of(w->c, 2))
			width *= 2;
	at = varint_write_wide(w->at, w->end, value, width);
	w->at = at ? at : w->end;
}

static void bytes(struct writer *w, unsigned int len)
{
	for (; len-- && w->at != w->end; w->at++)
		*w->at = chance_next(w->c);
}

static void some_bytes(struct writer *w)
{
	unsigned int len = chance_of(w->c, 16);

	number(w, len);
	bytes(w, len);
}

/* Downwards through the numbers of the wire, and somewhat around them. */
static void ack(struct writer *w, const struct oracle *o, uint8_t type)
{
	enum { MOST = 1300 };
	uint64_t bottom = o->count ? o->wire[0] : 0;
	uint64_t top = o->count ? o->wire[o->count - 1] : 100, last, first;
	unsigned int most, count = 0, i;
	static uint64_t gap[MOST], run[MOST];

	most = chance_of(w->c, 100) ? 1 + chance_of(w->c, 12) : MOST;
	bottom -= bottom < 5 ? bottom : chance_of(w->c, 5);
	top += chance_of(w->c, 3) ? 0 : skewed(w->c, 20);
	last = top - (chance_of(w->c, 2) ? 0 : skewed(w->c, top - bottom));
	number(w, type);
	number(w, last);
	number(w, skewed(w->c, 100000));
	for (;;) {
		run[count] = most == MOST ? chance_of(w->c, 2) :
					    skewed(w->c, last - bottom);
		if (run[count] > last - bottom)
			run[count] = last - bottom;
		first = last - run[count];
		if (++count == most || first < bottom + 2)
			break;
		gap[count] = most == MOST ? 0 : skewed(w->c, first - bottom - 2);
		last = first - 2 - gap[count];
	}
	/* Now and then below 0. */
	if (!chance_of(w->c, 60))
		run[count - 1] += bottom + 1 + chance_of(w->c, 10);
	number(w, count - 1);
	number(w, run[0]);
	for (i = 1; i < count; i++) {
		number(w, gap[i]);
		number(w, run[i]);
	}
	for (i = 0; type == FRAME_ACK_ECN && i < 3; i++)
		number(w, skewed(w->c, UINT32_MAX));
}

/* Half of them are the library's. */
static uint64_t stream(struct writer *w)
{
	uint64_t id = chance_of(w->c, 10) ? chance_of(w->c, 24) :
					    skewed(w->c, UINT32_MAX);

	return chance_of(w->c, 2) ? id : id | 7;
}

static void frame(struct writer *w, const struct oracle *o)
{
	static const uint8_t often[] = { FRAME_ACK, FRAME_ACK, FRAME_ACK_ECN,
		FRAME_MAX_STREAM_DATA, FRAME_STOP_SENDING, FRAME_RESET_STREAM,
		FRAME_MAX_DATA, FRAME_PADDING };
	uint8_t type = often[chance_of(w->c, sizeof(often))];
	unsigned int len;

	if (!chance_of(w->c, 3))
		type = chance_of(w->c, FRAME_HANDSHAKE_DONE + 1);
	if (!chance_of(w->c, 20))
		type = FRAME_DATAGRAM + chance_of(w->c, 2);
	if (!chance_of(w->c, 100))
		type = chance_of(w->c, 256);
	/* These take all that is behind. */
	if ((type == FRAME_DATAGRAM || (type & 0xfa) == FRAME_STREAM) &&
	    chance_of(w->c, 6))
		type |= type == FRAME_DATAGRAM ? 1 : FRAME_STREAM_LEN;
	if (type == FRAME_ACK || type == FRAME_ACK_ECN) {
		ack(w, o, type);
		return;
	}
	number(w, type);
	switch (type) {
	case FRAME_PADDING:
		for (len = chance_of(w->c, 30); len; len--)
			number(w, FRAME_PADDING);
		break;
	case FRAME_CRYPTO:
	case FRAME_CONNECTION_CLOSE_APP:
		number(w, skewed(w->c, UINT32_MAX));
		some_bytes(w);
		break;
	case FRAME_NEW_TOKEN:
	case FRAME_DATAGRAM_LEN:
		some_bytes(w);
		break;
	case FRAME_CONNECTION_CLOSE:
		number(w, 1);
		number(w, 2);
		some_bytes(w);
		break;
	case FRAME_NEW_CONNECTION_ID:
		number(w, 3);
		number(w, 2);
		len = chance_of(w->c, 22);
		number(w, len);
		bytes(w, len + 16);
		break;
	case FRAME_PATH_CHALLENGE:
	case FRAME_PATH_RESPONSE:
		bytes(w, 8);
		break;
	case FRAME_DATAGRAM:
		bytes(w, chance_of(w->c, 16));
		break;
	case FRAME_RESET_STREAM:
		number(w, stream(w));
		number(w, skewed(w->c, UINT32_MAX));
		number(w, skewed(w->c, UINT32_MAX));
		break;
	case FRAME_STOP_SENDING:
	case FRAME_MAX_STREAM_DATA:
	case FRAME_STREAM_DATA_BLOCKED:
		number(w, stream(w));
		number(w, skewed(w->c, UINT32_MAX));
		break;
	case FRAME_STREAM ... FRAME_STREAM + 7:
		number(w, stream(w));
		if (type & FRAME_STREAM_OFF)
			number(w, skewed(w->c, UINT32_MAX));
		if (type & FRAME_STREAM_LEN)
			some_bytes(w);
		else
			bytes(w, chance_of(w->c, 16));
		break;
	default:
		if (type >= FRAME_MAX_DATA && type < FRAME_PATH_CHALLENGE)
			number(w, skewed(w->c, UINT32_MAX));
	}
}

static void damage(struct chance *c, uint8_t *payload, size_t *len)
{
	unsigned int i;

	if (*len && !chance_of(c, 3))
		*len = chance_of(c, *len);
	for (i = chance_of(c, 4); i && *len; i--)
		payload[chance_of(c, *len)] = chance_next(c);
}

size_t compose_payload(struct chance *c, const struct oracle *o, uint8_t *to)
{
	struct writer w = { c, to, to + COMPOSE_MAX };
	unsigned int frames = chance_of(c, 9);
	size_t len;

	while (frames--)
		frame(&w, o);
	len = w.at - to;
	if (!chance_of(c, 3))
		damage(c, to, &len);
	return len;
}
