// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the stack hears of what the peer sends, and the peer of what the stack sends,
 * by examples. Streams 7 and 15 are the library's, 3 and 11 are the stack's
 * (journal_owns()). The packets of most examples:
 *
 *	stack	0 1 2 . . 3 4 . . 5 6  7  .. 8  9
 *	wire	0 1 2 3 4 5 6 7 8 9 10 11 .. 20 21 .. 29
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "frame.h"
#include "journal.h"
#include "ktap.h"
#include "room.h"
#include "varint.h"

#define BYTES(...)							\
	(const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ })

/* Nothing but PADDING. */
#define NOTHING	BYTES(0)

static const uint64_t wires[] = { 0, 1, 2, 5, 6, 9, 10, 11, 20, 21 };

static struct journal journal;
static struct translator translator = { .ops = &journal_ops, .ctx = &journal };
static struct room room;

static void begin(void)
{
	journal.count = 0;
	numbers_free(translator.numbers);
	translator.numbers = numbers_new();
	if (!translator.numbers)
		ktap_bail("numbers_new");
}

/* Its next numbers: from stack to stack + count - 1. */
static void add(uint64_t stack, uint64_t wire, uint64_t count)
{
	for (; count; count--, stack++, wire++)
		if (numbers_add(translator.numbers, stack, wire))
			ktap_bail("numbers_add");
}

static void begin_usual(void)
{
	size_t i;

	begin();
	for (i = 0; i < sizeof(wires) / sizeof(*wires); i++)
		add(i, wires[i], 1);
}

static void explain(const char *what, const uint8_t *bytes, size_t len)
{
	char text[200] = "";
	size_t i, used = 0;

	for (i = 0; i < len && used + 4 < sizeof(text); i++)
		used += sprintf(text + used, " %02x", bytes[i]);
	ktap_diag("%s:%s", what, text);
}

/* Translated, it begins as wanted, and the rest of its length is PADDING. */
static bool becomes(int (*translate)(struct translator *, uint8_t *, size_t),
		    int want_return, const uint8_t *in, size_t len,
		    const uint8_t *want, size_t want_len)
{
	uint8_t *at = memcpy(room.end - len, in, len), padded[256] = { 0 };
	int got = translate(&translator, at, len);

	memcpy(padded, want, want_len);
	if (got == want_return && !memcmp(at, padded, len))
		return true;
	ktap_diag("returns %d", got);
	explain("gives", at, len);
	explain("wants", padded, len);
	return false;
}

/* Of the usual packets. What is told meanwhile, told() looks at. */
static void received(const char *name, const uint8_t *in, size_t len,
		     const uint8_t *want, size_t want_len)
{
	begin_usual();
	ktap_result(becomes(translate_received, 0, in, len, want, want_len),
		    "%s", name);
}

static void untouched(const char *name, const uint8_t *in, size_t len)
{
	received(name, in, len, in, len);
}

#define told(name, ...) do {						\
	const struct event _want[] = { __VA_ARGS__ };			\
									\
	ktap_result(journal.count == sizeof(_want) / sizeof(*_want) &&	\
		    !memcmp(journal.event, _want, sizeof(_want)), name);\
} while (0)

static void told_nothing(const char *name)
{
	ktap_result(!journal.count, "%s", name);
}

static void test_ack(void)
{
	received("ACK of the stack's packets has the stack's numbers",
		 BYTES(0x02, 6, 7, 0, 1), BYTES(0x02, 4, 7, 0, 1));
	told("the library is told the wire's numbers",
	     { EVENT_ACKED, { 7, false } },
	     { EVENT_RANGE, { 5, 6 } });
	received("a range is narrowed to the stack's packets in it",
		 BYTES(0x02, 8, 0, 0, 5), BYTES(0x02, 4, 0, 0, 1));
	received("Largest Acknowledged of another sender's becomes the stack's highest",
		 BYTES(0x02, 29, 0, 0, 9), BYTES(0x02, 9, 0, 0, 1));
	/* 20-21, 13-17, 9 */
	received("a range of others goes, the gaps beside it become one",
		 BYTES(0x02, 21, 0, 2, 1, 1, 4, 2, 0),
		 BYTES(0x02, 9, 0, 1, 1, 1, 0));
	told("the library is told such a range",
	     { EVENT_ACKED, { 0, false } },
	     { EVENT_RANGE, { 20, 21 } }, { EVENT_RANGE, { 13, 17 } },
	     { EVENT_RANGE, { 9, 9 } });
	/* 9-11, 5-6 */
	received("ranges that only others' packets kept apart become one",
		 BYTES(0x02, 11, 0, 1, 2, 1, 1), BYTES(0x02, 7, 0, 0, 4));
	/* 28-29, 20-21 */
	received("ranges above the stack's highest go",
		 BYTES(0x02, 29, 0, 1, 1, 5, 1), BYTES(0x02, 9, 0, 0, 1));
	/* 10, 7, 3-4 */
	received("ranges of others below the stack's go",
		 BYTES(0x02, 10, 0, 2, 0, 1, 0, 1, 1),
		 BYTES(0x02, 6, 0, 0, 0));
	received("ACK of none of the stack's packets becomes PADDING as a whole",
		 BYTES(0x02, 19, 0, 0, 7), NOTHING);
	told("the library is told an ACK of none of the stack's",
	     { EVENT_ACKED, { 0, false } },
	     { EVENT_RANGE, { 12, 19 } });
	received("ACK_ECN becomes ACK, its counts go",
		 BYTES(0x03, 6, 7, 0, 1, 0x11, 0x40, 0x22, 0x33),
		 BYTES(0x02, 4, 7, 0, 1));
	told("the library is told that there were ECN counts",
	     { EVENT_ACKED, { 7, true } },
	     { EVENT_RANGE, { 5, 6 } });
	received("ACK_ECN of none becomes PADDING with its counts",
		 BYTES(0x03, 8, 0, 0, 1, 1, 2, 3, 0x01), BYTES(0, 0, 0, 0, 0, 0,
							       0, 0, 0x01));
	received("numbers in more bytes than they need lose those",
		 BYTES(0x02, 0x40, 6, 0x80, 0, 0, 7, 0x40, 0, 0x40, 1),
		 BYTES(0x02, 4, 7, 0, 1));
	received("ACK Delay stays, as large as it may be",
		 BYTES(0x02, 6, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0,
		       1),
		 BYTES(0x02, 4, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0,
		       1));
	received("each of two ACK frames is translated",
		 BYTES(0x02, 21, 0, 0, 0, 0x02, 5, 0, 0, 0),
		 BYTES(0x02, 9, 0, 0, 0, 0x02, 3, 0, 0, 0));

	begin();
	add(10, 12, 1);
	add(11, 13, 1);		/* skipped by the stack: added all the same */
	add(12, 20, 1);
	ktap_result(becomes(translate_received, 0, BYTES(0x02, 13, 0, 0, 0),
			    BYTES(0x02, 11, 0, 0, 0)),
		    "ACK of a number that the stack skipped reaches the stack");
}

/* Whether there is room in the frame for what has to be written. */
static void test_room(void)
{
	begin();
	add(0, 0, 64);
	add(64, 65, 64);
	ktap_result(becomes(translate_received, 0,
			    BYTES(0x02, 0x40, 128, 0, 1, 63, 0, 63),
			    BYTES(0x02, 0x40, 127, 0, 0, 0x40, 127)),
		    "two ranges of one byte fit as one of two");
	begin();
	add(0, 0, 16384);
	add(16384, 16385, 1);
	ktap_result(becomes(translate_received, 0,
			    BYTES(0x02, 0x80, 0, 0x40, 1, 0, 1, 0, 0, 0x7f, 0xff),
			    BYTES(0x02, 0x80, 0, 0x40, 0, 0, 0, 0x80, 0, 0x40, 0)),
		    "ranges of two bytes and one fit as one of four, to the byte");
	begin();
	add(0, 0, 65536);
	ktap_result(becomes(translate_received, 0,
			    BYTES(0x02, 0x80, 0, 0xff, 0xff, 0, 0, 0x80, 0, 0xff,
				  0xff),
			    BYTES(0x02, 0x80, 0, 0xff, 0xff, 0, 0, 0x80, 0, 0xff,
				  0xff)),
		    "as many packets as are remembered fit");
	begin();
	add(VARINT_MAX - 1, VARINT_MAX - 1, 1);
	add(VARINT_MAX, VARINT_MAX, 1);
	ktap_result(becomes(translate_received, 0,
			    BYTES(0x02, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
				  0xff, 0, 0, 0x40, 10),
			    BYTES(0x02, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
				  0xff, 0, 0, 1)),
		    "the highest numbers that there are have their place");
}

/* An ACK frame of every second number, downwards. */
static size_t long_ack(uint8_t *frame, uint64_t top, uint64_t ranges)
{
	const uint8_t *end = frame + 4096;
	uint8_t *at = frame;

	at = varint_write(at, end, FRAME_ACK);
	at = varint_write(at, end, top);
	at = varint_write(at, end, 0);
	at = varint_write(at, end, ranges - 1);
	at = varint_write(at, end, 0);
	while (--ranges) {
		at = varint_write(at, end, 0);
		at = varint_write(at, end, 0);
	}
	return at - frame;
}

static void test_many_ranges(void)
{
	static uint8_t in[4096], want[4096];
	size_t len = long_ack(in, 2999, 1100), want_len;
	uint8_t *at = memcpy(room.end - len - 2, in, len);
	int err;

	begin();
	add(0, 0, 3000);
	at[len] = FRAME_MAX_DATA;
	at[len + 1] = 9;
	want_len = long_ack(want, 2999, ACK_RANGES_MAX);
	want[len] = FRAME_MAX_DATA;
	want[len + 1] = 9;
	err = translate_received(&translator, at, len + 2);
	ktap_result(!err && !memcmp(at, want, len + 2) && want_len < len,
		    "of an ACK of more than %d ranges the first are translated",
		    ACK_RANGES_MAX);
	ktap_result(journal.count == 1 + ACK_RANGES_MAX + 1 &&
		    journal.event[journal.count - 1].kind == EVENT_MAX_DATA,
		    "the library is told those, and what is behind the ACK");

	begin();
	add(0, 0, 3000);
	/* Every second number from 2101 on: the 1052nd would be below 0. */
	len = long_ack(in, 2101, 1052);
	at = memcpy(room.end - len, in, len);
	err = translate_received(&translator, at, len);
	ktap_result(err == -EPROTO && !memcmp(at, in, len) && !journal.count,
		    "a range beyond those that are kept must be well-formed, too");
}

static void test_streams(void)
{
	received("MAX_STREAM_DATA of the library's stream becomes PING",
		 BYTES(0x11, 7, 0x40, 0x64), BYTES(0x01));
	told("the library is told MAX_STREAM_DATA of its stream",
	     { EVENT_MAX_STREAM_DATA, { 7, 100 } });
	untouched("MAX_STREAM_DATA of the stack's stays",
		  BYTES(0x11, 3, 0x40, 0x64));
	told_nothing("the library is not told MAX_STREAM_DATA of the stack's");
	received("STOP_SENDING of the library's stream becomes PING",
		 BYTES(0x05, 15, 0x40, 0x64), BYTES(0x01));
	told("the library is told STOP_SENDING of its stream",
	     { EVENT_STOP_SENDING, { 15, 100 } });
	untouched("STOP_SENDING of the stack's stays", BYTES(0x05, 11, 1));
	told_nothing("the library is not told STOP_SENDING of the stack's");
	untouched("MAX_DATA stays", BYTES(0x10, 0x40, 0x64));
	told("the library is told MAX_DATA",
	     { EVENT_MAX_DATA, { 100, 0 } });
	untouched("RESET_STREAM of the peer stays, whatever its stream",
		  BYTES(0x04, 7, 0, 0));
	received("each of several frames is translated",
		 BYTES(0x11, 7, 1, 0x10, 2, 0x02, 0, 0, 0, 0, 0x05, 7, 3),
		 BYTES(0x01, 0, 0, 0x10, 2, 0x02, 0, 0, 0, 0, 0x01));
	told("the library is told of them in their order",
	     { EVENT_MAX_STREAM_DATA, { 7, 1 } },
	     { EVENT_MAX_DATA, { 2, 0 } }, { EVENT_ACKED, { 0, false } },
	     { EVENT_RANGE, { 0, 0 } }, { EVENT_STOP_SENDING, { 7, 3 } });
}

static void sent(const char *name, const uint8_t *in, size_t len,
		 const uint8_t *want, size_t want_len)
{
	begin_usual();
	ktap_result(becomes(translate_sent, 0, in, len, want, want_len) &&
		    !journal.count, "%s", name);
}

static void test_sent(void)
{
	sent("RESET_STREAM of the library's stream becomes PING and PADDING",
	     BYTES(0x04, 7, 0x40, 0, 0), BYTES(0x01));
	sent("RESET_STREAM of the stack's stays", BYTES(0x04, 3, 1, 0),
	     BYTES(0x04, 3, 1, 0));
	sent("RESET_STREAM among other frames becomes PING and PADDING",
	     BYTES(0x10, 9, 0x04, 7, 0, 0, 0x04, 15, 0, 0, 0x0a, 3, 2, 4, 7),
	     BYTES(0x10, 9, 1, 0, 0, 0, 1, 0, 0, 0, 0x0a, 3, 2, 4, 7));
	sent("ACK, of what the peer sent, stays", BYTES(0x03, 21, 0, 0, 9, 1, 2, 3),
	     BYTES(0x03, 21, 0, 0, 9, 1, 2, 3));
	sent("MAX_STREAM_DATA and STOP_SENDING for the peer stay",
	     BYTES(0x11, 7, 9, 0x05, 7, 9), BYTES(0x11, 7, 9, 0x05, 7, 9));
	begin_usual();
	ktap_result(becomes(translate_sent, -EPROTO,
			    BYTES(0x04, 7, 0, 0, 0x20, 0x04, 7, 0, 0),
			    BYTES(1, 0, 0, 0, 0x20, 0x04, 7, 0, 0)),
		    "from an unknown frame on nothing that is sent is changed");
}

/* Bytes that are MAX_STREAM_DATA of the library's, where they are no frame. */
static void data(const char *where, const uint8_t *in, size_t len)
{
	begin_usual();
	ktap_result(becomes(translate_received, 0, in, len, in, len) &&
		    !journal.count, "what looks like a frame in %s is none",
		    where);
}

static void test_data(void)
{
	data("STREAM", BYTES(0x0a, 3, 3, 0x11, 7, 5));
	data("STREAM to the end", BYTES(0x08, 3, 0x11, 7, 5));
	data("CRYPTO", BYTES(0x06, 0, 3, 0x11, 7, 5));
	data("NEW_TOKEN", BYTES(0x07, 3, 0x11, 7, 5));
	data("DATAGRAM", BYTES(0x31, 3, 0x11, 7, 5));
	data("DATAGRAM to the end", BYTES(0x30, 0x11, 7, 5));
	data("a reason to close", BYTES(0x1d, 1, 3, 0x11, 7, 5));
	data("PATH_CHALLENGE", BYTES(0x1a, 0x11, 7, 5, 0x11, 7, 5, 0, 0));
	untouched("a payload without frames stays", BYTES());
}

/* Behind a frame that is changed; before one that would be. */
static void ends_at(const char *name, const uint8_t *bad, size_t len)
{
	static const uint8_t before[] = { 0x11, 7, 9, 0x02, 6, 0, 0, 0 };
	static const uint8_t changed[] = { 0x01, 0, 0, 0x02, 4, 0, 0, 0 };
	uint8_t in[64], want[64];

	memcpy(in, before, sizeof(before));
	memcpy(want, changed, sizeof(changed));
	memcpy(in + sizeof(before), bad, len);
	memcpy(want + sizeof(before), bad, len);
	len += sizeof(before);
	begin_usual();
	ktap_result(becomes(translate_received, -EPROTO, in, len, want, len) &&
		    journal.count == 3, "the walk ends at %s", name);
}

static void test_malformed(void)
{
	ends_at("an unknown type", BYTES(0x20, 0x11, 7, 9));
	ends_at("a type in more bytes than it needs", BYTES(0x40, 0x11, 7, 9));
	ends_at("an ACK of packets below 0, in its first range",
		BYTES(0x02, 5, 0, 0, 6, 0x11, 7, 9));
	ends_at("an ACK of packets below 0, by a gap",
		BYTES(0x02, 5, 0, 1, 3, 1, 0, 0x11, 7, 9));
	ends_at("an ACK of packets below 0, in a later range",
		BYTES(0x02, 5, 0, 1, 1, 0, 3, 0x11, 7, 9));
	ends_at("an ACK of more ranges than it has", BYTES(0x02, 9, 0, 2, 0, 0, 0));
	ends_at("an ACK_ECN without all counts", BYTES(0x03, 6, 0, 0, 0, 1, 2));
	ends_at("a number that is cut", BYTES(0x10, 0x80, 0, 1));
	ends_at("MAX_STREAM_DATA without a number", BYTES(0x11, 7));
	ends_at("STOP_SENDING without a code", BYTES(0x05, 7));
	ends_at("a length past the end", BYTES(0x0a, 3, 9, 0x11, 7, 9));
}

static void again(const char *name, const uint8_t *in, size_t len)
{
	static struct journal before;
	uint8_t *at, once[64];

	begin_usual();
	at = memcpy(room.end - len, in, len);
	translate_received(&translator, at, len);
	memcpy(once, at, len);
	before = journal;
	journal.count = 0;
	add(10, 30, 100);
	numbers_acked(translator.numbers, 109);
	at = memcpy(room.end - len, in, len);
	translate_received(&translator, at, len);
	ktap_result(!memcmp(at, once, len) && journal_same(&before, &journal),
		    "%s gives and tells the same, when it comes again", name);
}

static void test_again(void)
{
	uint64_t first, last, stack = NUMBERS_KEPT;

	again("an ACK", BYTES(0x02, 21, 0, 2, 1, 1, 4, 2, 0));
	again("what is for the library", BYTES(0x11, 7, 1, 0x05, 7, 2, 0x10, 3));

	/* An ACK alone makes room: the map does not grow for ever. */
	begin();
	add(0, 0, 2 * NUMBERS_KEPT);
	becomes(translate_received, 0, BYTES(0x02, 0x5f, 0xff, 0, 0, 0),
		BYTES(0x02, 0x5f, 0xff, 0, 0, 0));
	add(2 * NUMBERS_KEPT, 2 * NUMBERS_KEPT, 1);
	ktap_result(numbers_within(translator.numbers, 0, stack * 2, &first,
				   &last) && first == stack && last == stack * 2,
		    "what the stack hears of is known to be acknowledged");
	ktap_result(becomes(translate_received, 0,
			    BYTES(0x02, 0x50, 1, 0, 0, 0x50, 1),
			    BYTES(0x02, 0x50, 1, 0, 0, 1)),
		    "forgotten numbers are not acknowledged again");
	ktap_result(becomes(translate_received, 0, BYTES(0x02, 9, 0, 0, 9), NOTHING),
		    "an ACK of them alone becomes PADDING");
}

static void elicits(bool want, const char *name, const uint8_t *payload, size_t len)
{
	const uint8_t *at = memcpy(room.end - len, payload, len);

	ktap_result(payload_elicits(at, len) == want, "%s %s be acknowledged", name,
		    want ? "is to" : "need not");
}

static void test_elicits(void)
{
	elicits(false, "nothing", BYTES());
	elicits(false, "PADDING", BYTES(0, 0, 0));
	elicits(false, "ACK and PADDING", BYTES(0x02, 5, 0, 0, 1, 0));
	elicits(false, "ACK_ECN", BYTES(0x03, 5, 0, 0, 1, 1, 1, 1));
	elicits(false, "CONNECTION_CLOSE", BYTES(0x1c, 1, 0, 0));
	elicits(false, "CONNECTION_CLOSE of the application", BYTES(0x1d, 1, 0));
	elicits(true, "PING behind ACK", BYTES(0x02, 5, 0, 0, 1, 1));
	elicits(true, "STREAM", BYTES(0x08, 3));
	elicits(true, "DATAGRAM", BYTES(0x30));
	elicits(true, "PATH_RESPONSE", BYTES(0x1b, 1, 2, 3, 4, 5, 6, 7, 8));
	elicits(true, "a frame of an unknown type", BYTES(0x20));
	elicits(true, "a frame that is cut", BYTES(0x11, 7));
}

static void padding(size_t want, const char *name, const uint8_t *payload, size_t len)
{
	const uint8_t *at = memcpy(room.end - len, payload, len);

	ktap_result(payload_padding(at, len) == want, "%s: %zu bytes of PADDING in the end",
		    name, want);
}

static void test_padding(void)
{
	padding(0, "nothing", BYTES());
	padding(3, "PADDING", BYTES(0, 0, 0));
	padding(2, "PING and PADDING", BYTES(1, 0, 0));
	padding(0, "PADDING and PING", BYTES(0, 0, 1));
	padding(0, "a STREAM frame to the end, of zeros", BYTES(0x08, 3, 0, 0, 0));
	padding(0, "a DATAGRAM frame to the end, of zeros", BYTES(0x30, 0, 0));
	padding(1, "a STREAM frame with its length, of zeros", BYTES(0x0a, 3, 2, 0, 0, 0));
	padding(0, "a frame that is cut", BYTES(0x11, 7));
}

int main(void)
{
	ktap_begin();
	room_make(&room, 8192);
	test_ack();
	test_room();
	test_many_ranges();
	test_streams();
	test_sent();
	test_data();
	test_malformed();
	test_again();
	test_elicits();
	test_padding();
	return ktap_end();
}
