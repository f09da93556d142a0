// SPDX-License-Identifier: GPL-2.0-only
/* Numbers, frames and ACK frames: examples of RFC 9000, and what is no frame. */
#include <errno.h>
#include <string.h>
#include "ack.h"
#include "frame.h"
#include "ktap.h"
#include "room.h"
#include "varint.h"

#define BYTES(...)							\
	(const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ })

static struct room room;

/* So that a byte too far is noticed. */
static uint8_t *last_bytes(const uint8_t *bytes, size_t len)
{
	return memcpy(room.end - len, bytes, len);
}

static void number_is(uint64_t want, const uint8_t *bytes, size_t len)
{
	const uint8_t *at = last_bytes(bytes, len);
	uint8_t written[8] = { 0 };
	uint64_t got = 0;
	bool ok = varint_read(at, room.end, &got) == room.end && got == want;
	size_t i;

	for (i = 0; i < len; i++)
		ok &= !varint_read(at, at + i, &got);
	ok &= varint_write_wide(written, written + len, want, len) ==
	      written + len && !memcmp(written, bytes, len);
	ok &= !varint_write_wide(written, written + len - 1, want, len);
	ktap_result(ok, "%llu in %zu bytes is read and written, but not cut",
		    (unsigned long long)want, len);
}

static void test_numbers(void)
{
	static const struct {
		uint64_t value;
		size_t len;
	} ends[] = { { 0, 1 }, { 63, 1 }, { 64, 2 }, { 16383, 2 }, { 16384, 4 },
		     { (1 << 30) - 1, 4 }, { 1 << 30, 8 }, { VARINT_MAX, 8 } };
	uint8_t buf[8], *end;
	uint64_t value = 0;
	bool ok = true;
	size_t i;

	/* RFC 9000, A.1 */
	number_is(151288809941952652, BYTES(0xc2, 0x19, 0x7c, 0x5e, 0xff, 0x14,
					    0xe8, 0x8c));
	number_is(494878333, BYTES(0x9d, 0x7f, 0x3e, 0x7d));
	number_is(15293, BYTES(0x7b, 0xbd));
	number_is(37, BYTES(0x25));
	number_is(37, BYTES(0x40, 0x25));

	for (i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		end = varint_write(buf, buf + 8, ends[i].value);
		ok &= end == buf + ends[i].len;
		ok &= varint_read(buf, end, &value) == end;
		ok &= value == ends[i].value;
		ok &= !varint_write(buf, end - 1, ends[i].value);
	}
	ktap_result(ok, "a number is written in the fewest bytes, in its room");
	ktap_result(!varint_read(NULL, buf, &value) && !varint_write(NULL, buf, 1),
		    "what is behind a number that failed fails");
}

/* Frames as RFC 9000, 19 and RFC 9221, 4 show them, with what is in them. */
static const struct example {
	const char	*name;
	uint8_t		bytes[40];
	uint8_t		len;
	uint8_t		content;
	uint8_t		content_len;
	bool		rest;
} examples[] = {
	{ "PADDING", { 0x00, 0x00 }, 2, 1, 0, true },
	{ "PING", { 0x01 }, 1, 1, 0 },
	{ "ACK", { 0x02, 9, 0, 1, 1, 0, 2 }, 7, 5, 2 },
	{ "ACK with ECN counts", { 0x03, 9, 0, 0, 1, 5, 0x40, 6, 7 }, 9, 5, 0 },
	{ "RESET_STREAM", { 0x04, 3, 1, 0x40, 0x50 }, 5, 5, 0 },
	{ "STOP_SENDING", { 0x05, 3, 1 }, 3, 3, 0 },
	{ "CRYPTO", { 0x06, 0, 3, 'a', 'b', 'c' }, 6, 3, 3 },
	{ "NEW_TOKEN", { 0x07, 2, 'a', 'b' }, 4, 2, 2 },
	{ "STREAM to the end", { 0x08, 4, 'a', 'b' }, 4, 2, 2, true },
	{ "STREAM to the end with FIN", { 0x09, 4, 'a' }, 3, 2, 1, true },
	{ "STREAM with length", { 0x0a, 4, 2, 'a', 'b' }, 5, 3, 2 },
	{ "STREAM with length and FIN", { 0x0b, 4, 1, 'a' }, 4, 3, 1 },
	{ "STREAM with offset", { 0x0c, 4, 9, 'a' }, 4, 3, 1, true },
	{ "STREAM with offset and FIN", { 0x0d, 4, 9, 'a' }, 4, 3, 1, true },
	{ "STREAM with both", { 0x0e, 4, 9, 1, 'a' }, 5, 4, 1 },
	{ "STREAM with both and FIN", { 0x0f, 4, 9, 1, 'a' }, 5, 4, 1 },
	{ "MAX_DATA", { 0x10, 0x40, 0x50 }, 3, 3, 0 },
	{ "MAX_STREAM_DATA", { 0x11, 3, 0x40, 0x50 }, 4, 4, 0 },
	{ "MAX_STREAMS, two-way", { 0x12, 9 }, 2, 2, 0 },
	{ "MAX_STREAMS, one-way", { 0x13, 9 }, 2, 2, 0 },
	{ "DATA_BLOCKED", { 0x14, 9 }, 2, 2, 0 },
	{ "STREAM_DATA_BLOCKED", { 0x15, 3, 9 }, 3, 3, 0 },
	{ "STREAMS_BLOCKED, two-way", { 0x16, 9 }, 2, 2, 0 },
	{ "STREAMS_BLOCKED, one-way", { 0x17, 9 }, 2, 2, 0 },
	{ "NEW_CONNECTION_ID", { 0x18, 2, 1, 4, 'c', 'c', 'c', 'c', 1, 2, 3, 4,
				 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 },
				 24, 4, 4 },
	{ "RETIRE_CONNECTION_ID", { 0x19, 1 }, 2, 2, 0 },
	{ "PATH_CHALLENGE", { 0x1a, 1, 2, 3, 4, 5, 6, 7, 8 }, 9, 1, 8 },
	{ "PATH_RESPONSE", { 0x1b, 1, 2, 3, 4, 5, 6, 7, 8 }, 9, 1, 8 },
	{ "CONNECTION_CLOSE", { 0x1c, 1, 6, 2, 'n', 'o' }, 6, 4, 2 },
	{ "CONNECTION_CLOSE, of the application", { 0x1d, 1, 2, 'n', 'o' }, 5, 3,
	  2 },
	{ "HANDSHAKE_DONE", { 0x1e }, 1, 1, 0 },
	{ "DATAGRAM", { 0x30, 'a', 'b' }, 3, 1, 2, true },
	{ "DATAGRAM with length", { 0x31, 2, 'a', 'b' }, 4, 2, 2 },
};

/* A frame alone, then with another behind, then cut everywhere. */
static bool walks(const struct example *e)
{
	uint8_t bytes[sizeof(e->bytes) + 1], *at = last_bytes(e->bytes, e->len);
	struct frame f;
	bool ok = true;
	size_t cut;

	ok &= frame_next(at, e->len, 0, &f) == 1 && f.type == e->bytes[0] &&
	      !f.begin && f.content == e->content && f.len == e->content_len &&
	      f.end == e->len;
	ok &= frame_next(at, e->len, e->len, &f) == 0;
	if (e->rest)
		return ok;

	memcpy(bytes, e->bytes, e->len);
	bytes[e->len] = FRAME_PING;
	at = last_bytes(bytes, e->len + 1);
	ok &= frame_next(at, e->len + 1, 0, &f) == 1 && f.end == e->len;
	ok &= frame_next(at, e->len + 1, f.end, &f) == 1 &&
	      f.type == FRAME_PING && f.begin == e->len;
	for (cut = 1; cut < e->len; cut++)
		ok &= frame_next(last_bytes(e->bytes, cut), cut, 0, &f) == -EPROTO &&
		      f.type == e->bytes[0];
	return ok;
}

static void no_frame(const char *name, const uint8_t *bytes, size_t len)
{
	struct frame f;

	ktap_result(frame_next(last_bytes(bytes, len), len, 0, &f) == -EPROTO,
		    "%s is no frame", name);
}

static void test_frames(void)
{
	bool known[256] = { false }, ok = true;
	uint8_t bytes[64] = { 0 };
	struct frame f;
	unsigned int i;

	for (i = 0; i < sizeof(examples) / sizeof(*examples); i++) {
		known[examples[i].bytes[0]] = true;
		ktap_result(walks(&examples[i]), "%s: its end is found%s",
			    examples[i].name,
			    examples[i].rest ? "" : ", and missed when it is cut");
	}
	for (i = 0; i < 256; i++) {
		bytes[0] = i;
		if (!known[i])
			ok &= frame_next(bytes, sizeof(bytes), 0, &f) == -EPROTO &&
			      f.type == FRAME_TYPES;
	}
	ktap_result(ok, "there is no other type");
	no_frame("PING in two bytes", BYTES(0x40, 0x01));
	no_frame("CRYPTO of 2^62 - 1 bytes",
		 BYTES(0x06, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff));
	no_frame("an ACK of 2^62 - 1 ranges",
		 BYTES(0x02, 9, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		       0, 0, 0, 0, 0));
	memset(bytes, 1, sizeof(bytes));
	bytes[0] = FRAME_NEW_CONNECTION_ID;
	bytes[3] = 0;
	no_frame("NEW_CONNECTION_ID without one", bytes, sizeof(bytes));
	bytes[3] = 21;
	no_frame("NEW_CONNECTION_ID with one of 21 bytes", bytes, sizeof(bytes));
	bytes[3] = 0x40;
	no_frame("NEW_CONNECTION_ID with one of 64 bytes", bytes, sizeof(bytes));
	ktap_result(frame_next(BYTES(0), 1, &f) == 0, "at the end there is none");
}

static void ack_refused(const char *why, const uint8_t *frame, size_t len)
{
	static struct ack ack;

	ktap_result(ack_parse(&ack, last_bytes(frame, len), len) == -EPROTO,
		    "an ACK is refused: %s", why);
}

static void test_acks(void)
{
	static const uint8_t frame[] = { 0x02, 0x40, 100, 0x40, 7, 2, 4, 1, 2, 0,
					 0x40, 89 };
	static struct ack ack;
	uint8_t out[sizeof(frame)];

	ktap_result(!ack_parse(&ack, frame, sizeof(frame)) && ack.delay == 7 &&
		    !ack.ecn && ack.ranges == 3 &&
		    ack.range[0].last == 100 && ack.range[0].first == 96 &&
		    ack.range[1].last == 93 && ack.range[1].first == 91 &&
		    ack.range[2].last == 89 && ack.range[2].first == 0,
		    "an ACK's ranges are those of RFC 9000, 19.3.1");
	ack_refused("the first range goes below 0", BYTES(2, 5, 0, 0, 6));
	ack_refused("a gap goes below 0", BYTES(2, 5, 0, 1, 3, 1, 0));
	ack_refused("a range goes below 0", BYTES(2, 5, 0, 1, 1, 0, 3));
	ack_refused("a gap of 2^62 - 1",
		    BYTES(2, 5, 0, 1, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
			  0xff, 0xff, 0));
	ack_refused("a range is cut", BYTES(2, 9, 0, 2, 1, 0, 1, 0));

	ack.ranges = 2;
	ktap_result(ack_write(&ack, out, out + 8) == out + 8 &&
		    !memcmp(out, ((const uint8_t[]){ 2, 0x40, 100, 7, 1, 4, 1, 2 }),
			    8), "an ACK is written in the fewest bytes");
	ktap_result(!ack_write(&ack, out, out + 7), "an ACK is not written beyond its room");
	ktap_result(!ack_parse(&ack, BYTES(3, 5, 0, 0, 5, 1, 2, 3)) && ack.ecn &&
		    ack.range[0].first == 0,
		    "an ACK may begin with packet 0, and have ECN counts");
}

int main(void)
{
	ktap_begin();
	room_make(&room, 4096);
	test_numbers();
	test_frames();
	test_acks();
	return ktap_end();
}
