// SPDX-License-Identifier: GPL-2.0-only
/* See oracle.h. */
#include <errno.h>
#include <string.h>
#include "oracle.h"

enum { RANGES_KEPT = 1024, RANGES_READ = 65536 };

struct reader {
	const uint8_t	*bytes;
	size_t		len;
	size_t		off;
	bool		bad;
};

static uint64_t byte(struct reader *r)
{
	if (r->off >= r->len) {
		r->bad = true;
		return 0;
	}
	return r->bytes[r->off++];
}

static void bytes(struct reader *r, uint64_t len)
{
	while (len-- && !r->bad)
		byte(r);
}

static uint64_t number(struct reader *r)
{
	uint64_t value = byte(r);
	unsigned int more = 0;

	if (value >= 0xc0)
		more = 7;
	else if (value >= 0x80)
		more = 3;
	else if (value >= 0x40)
		more = 1;
	value %= 0x40;
	while (more--)
		value = value * 256 + byte(r);
	return value;
}

static void numbers(struct reader *r, int count, uint64_t *value)
{
	int i;

	for (i = 0; i < count; i++)
		value[i] = number(r);
}

/* Range 0 is the First ACK Range, of Largest Acknowledged. */
struct ranges {
	uint64_t	largest;
	uint64_t	delay;
	size_t		count;
	struct {
		uint64_t gap;
		uint64_t run;
	} range[RANGES_READ];
};

static struct ranges ranges;

static void ack(struct reader *r, bool ecn)
{
	uint64_t more, count[3];

	ranges.largest = number(r);
	ranges.delay = number(r);
	more = number(r);
	ranges.count = 1;
	ranges.range[0].run = number(r);
	for (; more && !r->bad; more--) {
		ranges.range[ranges.count].gap = number(r);
		ranges.range[ranges.count++].run = number(r);
	}
	if (ecn)
		numbers(r, 3, count);
}

/* A frame of a type that was read; value: its first numbers. */
static void frame(struct reader *r, uint64_t type, uint64_t *value)
{
	uint64_t len;

	switch (type) {
	case 0x00: case 0x01: case 0x1e:
		break;
	case 0x02: case 0x03:
		ack(r, type == 0x03);
		break;
	case 0x10: case 0x12: case 0x13: case 0x14: case 0x16: case 0x17:
	case 0x19:
		numbers(r, 1, value);
		break;
	case 0x05: case 0x11: case 0x15:
		numbers(r, 2, value);
		break;
	case 0x04:
		numbers(r, 3, value);
		break;
	case 0x06:
		number(r);
		bytes(r, number(r));
		break;
	case 0x07: case 0x31:
		bytes(r, number(r));
		break;
	case 0x18:
		numbers(r, 2, value);
		len = byte(r);
		if (len < 1 || len > 20)
			r->bad = true;
		bytes(r, len + 16);
		break;
	case 0x1a: case 0x1b:
		bytes(r, 8);
		break;
	case 0x1c:
		numbers(r, 2, value);
		bytes(r, number(r));
		break;
	case 0x1d:
		number(r);
		bytes(r, number(r));
		break;
	case 0x30:
		r->off = r->len;
		break;
	default:
		if (type < 0x08 || type > 0x0f) {
			r->bad = true;
			break;
		}
		number(r);
		if (type & 4)
			number(r);
		if (type & 2)
			bytes(r, number(r));
		else if (!r->bad)
			r->off = r->len;
	}
}

/* The ends of what was read; false: one is below 0. */
static bool resolve(uint64_t (*end)[2])
{
	/* Wide enough for any sum and difference. */
	__int128 last = ranges.largest, first;
	size_t i;

	for (i = 0; i < ranges.count; i++) {
		if (i)
			last = first - 2 - ranges.range[i].gap;
		first = last - ranges.range[i].run;
		if (first < 0)
			return false;
		end[i][0] = first;
		end[i][1] = last;
	}
	return true;
}

static uint8_t *put(uint8_t *at, uint64_t value)
{
	int bits = value >> 30 ? 62 : value >> 14 ? 30 : value >> 6 ? 14 : 6;
	uint64_t prefix = bits == 62 ? 3 : bits == 30 ? 2 : bits == 14 ? 1 : 0;

	value |= prefix << bits;
	for (bits -= 6; bits >= 0; bits -= 8)
		*at++ = value >> bits;
	return at;
}

/* Longer than the frame that it comes from, if there is an error. */
static size_t write(const bool *acked, const struct oracle *o, uint8_t *to)
{
	static uint64_t run[ORACLE_MAX][2];
	uint8_t *at = to;
	size_t runs = 0, i;

	for (i = o->count; i--; )
		if (acked[i]) {
			if (i + 1 == o->count || !acked[i + 1])
				run[runs++][1] = o->stack + i;
			run[runs - 1][0] = o->stack + i;
		}
	if (!runs)
		return 0;
	at = put(at, 0x02);
	at = put(at, run[0][1]);
	at = put(at, ranges.delay);
	at = put(at, runs - 1);
	at = put(at, run[0][1] - run[0][0]);
	for (i = 1; i < runs; i++) {
		at = put(at, run[i - 1][0] - run[i][1] - 2);
		at = put(at, run[i][1] - run[i][0]);
	}
	return at - to;
}

static int translate_ack(const struct oracle *o, bool ecn, uint8_t *to,
			 size_t len, struct journal *journal)
{
	static uint64_t end[RANGES_READ][2];
	static bool acked[ORACLE_MAX];
	static uint8_t written[ORACLE_MAX * 8];
	size_t kept, i, k, need;

	if (!resolve(end))
		return -EPROTO;
	kept = ranges.count < RANGES_KEPT ? ranges.count : RANGES_KEPT;
	journal_add(journal, EVENT_ACKED, ranges.delay, ecn);
	for (i = 0; i < kept; i++)
		journal_add(journal, EVENT_RANGE, end[i][0], end[i][1]);

	memset(acked, 0, o->count);
	for (k = 0; k < kept; k++)
		for (i = 0; i < o->count; i++)
			acked[i] |= o->wire[i] >= end[k][0] &&
				    o->wire[i] <= end[k][1];
	need = write(acked, o, written);
	if (need > len)
		return -EOVERFLOW;
	memset(to, 0, len);
	memcpy(to, written, need);
	return 0;
}

static void ping(uint8_t *to, size_t len)
{
	memset(to, 0, len);
	to[0] = 1;
}

int oracle_received(const struct oracle *o, const uint8_t *in, size_t len,
		    uint8_t *out, struct journal *journal)
{
	struct reader r = { in, len };
	uint64_t type, value[3] = { 0 };
	size_t begin;
	int err;

	memcpy(out, in, len);
	while (r.off < len) {
		begin = r.off;
		type = byte(&r);
		frame(&r, type, value);
		if (r.bad)
			return -EPROTO;
		if (type == 0x02 || type == 0x03) {
			err = translate_ack(o, type == 0x03, out + begin,
					    r.off - begin, journal);
			if (err)
				return err;
		} else if (type == 0x10) {
			journal_add(journal, EVENT_MAX_DATA, value[0], 0);
		} else if ((type == 0x11 || type == 0x05) &&
			   journal_owns(value[0])) {
			journal_add(journal, type == 0x11 ?
				    EVENT_MAX_STREAM_DATA : EVENT_STOP_SENDING,
				    value[0], value[1]);
			ping(out + begin, r.off - begin);
		}
	}
	return 0;
}

int oracle_sent(const uint8_t *in, size_t len, uint8_t *out)
{
	struct reader r = { in, len };
	uint64_t type, value[3] = { 0 };
	size_t begin;

	memcpy(out, in, len);
	while (r.off < len) {
		begin = r.off;
		type = byte(&r);
		frame(&r, type, value);
		if (r.bad)
			return -EPROTO;
		if (type == 0x04 && journal_owns(value[0]))
			ping(out + begin, r.off - begin);
	}
	return 0;
}

bool oracle_elicits(const uint8_t *in, size_t len)
{
	struct reader r = { in, len };
	uint64_t type, value[3] = { 0 };

	while (r.off < len) {
		type = byte(&r);
		frame(&r, type, value);
		if (r.bad || (type != 0x00 && type != 0x02 && type != 0x03 &&
			      type != 0x1c && type != 0x1d))
			return true;
	}
	return false;
}
