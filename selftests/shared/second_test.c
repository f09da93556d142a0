// SPDX-License-Identifier: GPL-2.0-only
/* A second sender: what it sends, what it says of it, and what it refuses. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "expect.h"
#include "ktap.h"
#include "memory.h"
#include "pair.h"
#include "word.h"

enum {
	OVERHEAD = 1 + PAIR_DCID + SEAL_PN + SEAL_TAG,
	SLOT = 3,
	GENERATION = 7,
	ID = 14,
};

static struct pair p;
static uint8_t data[2048];

static void begin(void)
{
	unsigned int slot, generation;

	pair_begin(&p);
	if (stream_put(p.m, SLOT, GENERATION, ID, 1 << 30) ||
	    second_claim(p.second, &slot, &generation) || slot != SLOT ||
	    generation != GENERATION)
		ktap_bail("no stream");
}

static int stream(uint64_t offset, size_t len, bool fin)
{
	return second_stream(p.second, SLOT, GENERATION, offset, data, len, fin,
			     PAIR_COOKIE);
}

static int datagram(size_t len)
{
	return second_datagram(p.second, data, len, PAIR_COOKIE);
}

/* The next record is this one. */
static bool told(uint64_t number, uint8_t kind, uint8_t flags, uint64_t offset,
		 size_t len, size_t size)
{
	struct equic_record r;
	bool good;

	if (ring_next(p.ring, &r))
		return false;
	good = r.number == number && r.sent_ns == PAIR_NOW &&
	       r.connection == PAIR_CONNECTION && r.size == size && r.kind == kind &&
	       r.flags == flags && r.len == len && r.offset == offset &&
	       r.cookie == PAIR_COOKIE;
	if (kind == EQUIC_RECORD_STREAM)
		good &= r.slot == SLOT && r.generation == GENERATION;
	if (!good)
		ktap_diag("number %llx, kind %u, flags %u, offset %llu, len %u, size %u",
			  (long long)r.number, r.kind, r.flags,
			  (long long)r.offset, r.len, r.size);
	return good;
}

static bool no_record(void)
{
	struct equic_record record;

	return ring_next(p.ring, &record) == -ENOENT && !ring_recover(p.ring);
}

static bool datagram_goes(size_t len, uint64_t pn)
{
	__s64 budget = p.m->budget;
	struct pair_frame frame;
	struct opened opened;

	return !datagram(len) && pair_open(&p, 0, pn, &opened, &frame) &&
	       frame.type == 0x31 && frame.len == len &&
	       !memcmp(frame.data, data, len) && p.len <= p.m->payload_max &&
	       told(pn, EQUIC_RECORD_DATAGRAM, 0, 0, len, p.len) &&
	       p.m->budget == budget - (__s64)p.len;
}

static void test_datagrams(void)
{
	const size_t max = 1252 - OVERHEAD - 3;
	bool good = true;
	size_t len;

	begin();
	for (len = 0; len <= max; len++)
		good &= datagram_goes(len, 1000 + len);
	ktap_result(good && p.sent == max + 1, "DATAGRAM frames of 0 to %zu bytes", max);
	expect_eq(datagram(max + 1), -EMSGSIZE, "one more is too long");
	expect_eq(datagram(SIZE_MAX), -EMSGSIZE, "so is anything");
	p.m->payload_max = OVERHEAD + 1;
	expect_eq(datagram(0), -EMSGSIZE, "where no frame fits, none is sent");
	p.m->payload_max = OVERHEAD + 2;
	expect_eq(datagram(0), 0, "where an empty one fits, it is");
	told(1000 + max + 1, EQUIC_RECORD_DATAGRAM, 0, 0, 0, OVERHEAD + 2);
	p.m->payload_max = UINT32_MAX;
	expect_eq(datagram(SECOND_PAYLOAD_MAX - OVERHEAD - 3 + 1), -EMSGSIZE,
		  "what the memory says is bounded");
	expect_eq(datagram(SECOND_PAYLOAD_MAX - OVERHEAD - 3), 0, "by %d",
		  SECOND_PAYLOAD_MAX);
	expect_eq(p.len, SECOND_PAYLOAD_MAX, "which is reached");
	pair_end(&p);
}

/* RFC 9221, 3: type and length are counted. */
static void test_datagram_frames(void)
{
	bool good;

	begin();
	p.m->datagram_max = 100;
	good = second_datagram_room(p.second) == 97 && datagram_goes(97, 1000);
	ktap_result(good && datagram(98) == -EMSGSIZE && no_record(),
		    "a peer that takes frames of 100 bytes: such are sent, and none longer");
	p.m->datagram_max = 2;
	ktap_result(!second_datagram_room(p.second) && datagram_goes(0, 1001) &&
		    datagram(1) == -EMSGSIZE, "of 2 bytes: empty ones");
	p.m->datagram_max = 0;
	ktap_result(!second_datagram_room(p.second) && datagram(0) == -EMSGSIZE,
		    "one that takes none: none");
	p.m->datagram_max = UINT32_MAX;
	ktap_result(second_datagram_room(p.second) == 1252 - OVERHEAD - 3,
		    "one that takes all: what fits a packet");
	pair_end(&p);
}

static bool stream_goes(uint64_t id, uint64_t offset, size_t len, bool fin,
			uint64_t pn)
{
	struct pair_frame frame;
	struct opened opened;

	return !stream(offset, len, fin) && pair_open(&p, 0, pn, &opened, &frame) &&
	       frame.type == (fin ? 0x0f : 0x0e) && frame.id == id &&
	       frame.offset == offset && frame.len == len &&
	       !memcmp(frame.data, data, len) && p.len <= p.m->payload_max &&
	       stream_end(stream_read(p.m, SLOT)) == offset + len &&
	       !(stream_read(p.m, SLOT) & EQUIC_STREAM_CLOSED) == !fin &&
	       told(pn, EQUIC_RECORD_STREAM, fin ? EQUIC_RECORD_FIN : 0, offset, len,
		    p.len);
}

/* IDs and offsets of each length, and payloads around where the length grows. */
static void test_streams(void)
{
	const uint64_t ids[] = { 2, 63, 64, 16383, 16384, (1 << 30) - 1, 1 << 30,
				 (1ULL << 62) - 1 };
	const uint64_t offsets[] = { 0, 63, 64, 16383, 16384, (1 << 30) - 1, 1 << 30,
				     EQUIC_STREAM_END_MASK - 1500 };
	bool fits = true, full = true, whole = true;
	unsigned int i, j, max;
	uint64_t pn = 1000;
	size_t room;

	begin();
	p.m->data_max = UINT64_MAX;
	p.m->streams[SLOT].max = UINT64_MAX;
	for (i = 0; i < 8; i++) {
		p.m->streams[SLOT].id = ids[i];
		for (j = 0; j < 8; j++) {
			for (max = OVERHEAD; max < OVERHEAD + 120; max++) {
				p.m->payload_max = max;
				room = second_stream_room(p.second, SLOT, offsets[j]);
				p.m->streams[SLOT].word &= ~(EQUIC_STREAM_CLOSED |
							     EQUIC_STREAM_END_MASK);
				if (room || max > OVERHEAD + 20)
					fits &= stream_goes(ids[i], offsets[j], room,
							    max & 1, pn++);
				whole &= stream(offsets[j], room + 1, 0) == -EMSGSIZE;
				/* A length in two bytes leaves one unused, once. */
				full &= !room || p.len + 1 >= max;
			}
		}
		p.m->payload_max = 1252;
	}
	ktap_result(fits, "STREAM frames of all IDs and offsets, where it has room");
	ktap_result(whole, "one byte more than the room is too long");
	ktap_result(full, "the room is all that there is");
	ktap_result(second_stream_room(p.second, SLOT + 1, 0) == 0 &&
		    second_stream_room(p.second, 256, 0) == 0 &&
		    second_stream_room(p.second, SLOT, 1ULL << 48) == 0,
		    "where no stream is there is no room");
	pair_end(&p);
}

/* Refused: nothing is left of it but what @data and @end say. */
static void left(int got, int want, const char *what)
{
	bool nothing = no_record() && p.m->budget == 5000 && p.m->data == 0 &&
		       !p.sent && stream_end(stream_read(p.m, SLOT)) == 0;

	if (got != want || !nothing)
		ktap_diag("%d, budget %lld, data %lld", got, (long long)p.m->budget,
			  (long long)p.m->data);
	ktap_result(got == want && nothing, "%s: %s, nothing is left", what,
		    strerror(-want));
	pair_end(&p);
	begin();
	p.m->budget = 5000;
}

static void test_refusals(void)
{
	unsigned int slot, generation;

	begin();
	expect_eq(second_claim(p.second, &slot, &generation), -ENOENT,
		  "a stream that was claimed is not claimed again");
	p.m->budget = 5000;
	left(second_stream(p.second, 256, 1, 0, data, 1, 0, 1), -EINVAL, "no slot");
	left(second_stream(p.second, SLOT, 1 << 20, 0, data, 1, 0, 1), -EINVAL,
	     "no generation");
	left(second_stream(p.second, SLOT, GENERATION + 1, 0, data, 1, 0, 1), -ESTALE,
	     "another generation");
	left(second_stream(p.second, SLOT + 65536, GENERATION, 0, data, 1, 0, 1), -EINVAL,
	     "a slot of more bits");
	left(stream(EQUIC_STREAM_END_MASK, 1, 0), -EINVAL, "beyond all offsets");
	left(stream(UINT64_MAX, 1, 0), -EINVAL, "beyond them by far");
	p.m->streams[SLOT].max = 99;
	left(stream(0, 100, 0), -EDQUOT, "MAX_STREAM_DATA");
	p.m->data_max = 99;
	left(stream(0, 100, 0), -EDQUOT, "MAX_DATA");
	p.m->streams[SLOT].id = 1ULL << 62;
	left(stream(0, 100, 0), -EINVAL, "no ID");
	stream_close(p.m, SLOT);
	left(stream(0, 100, 0), -ESHUTDOWN, "a closed stream");
	number_stop(p.m);
	left(datagram(100), -EAGAIN, "stop");
	number_stop(p.m);
	left(stream(0, 100, 0), -EAGAIN, "stop, for a stream");
	p.m->number = EQUIC_NUMBER_NEXT_MASK;
	left(datagram(100), -EOVERFLOW, "no number");
	while (ring_reserve(p.producer))
		;
	expect_eq(datagram(100), -ENOSPC, "a full ring: nothing is sent");
	left((ring_recover(p.ring), -ENOSPC), -ENOSPC, "and then");
	p.m->budget = 0;
	expect_eq(datagram(100), -ENOBUFS, "no budget");
	expect_eq(stream(0, 100, 0), -ENOBUFS, "nor for a stream");
	p.m->budget = 5000;
	left(-ENOBUFS, -ENOBUFS, "and then");
	p.m->streams[SLOT].word |= 200;
	expect_eq(stream(0, 100, 1), -EINVAL, "FIN before what was taken is refused");
	p.m->streams[SLOT].word -= 200;
	left(-EINVAL, -EINVAL, "and then");
	p.m->streams[SLOT].word |= 100;
	expect_eq(stream(0, 100, 1), 0, "FIN behind all is sent");
	expect_eq(stream(100, 1, 0), -ESHUTDOWN, "and behind it nothing");
	pair_end(&p);
}

/* What fails behind the credit, and what the record says of it. */
static void unsent(int got, int want, uint64_t number, const char *what)
{
	size_t size = OVERHEAD + 5 + 100;
	bool good = told(number, EQUIC_RECORD_STREAM, EQUIC_RECORD_UNSENT, 0, 100,
			 size);

	good &= no_record() && p.m->budget == 5000 && p.m->data == 100 && !p.sent &&
		stream_end(stream_read(p.m, SLOT)) == 100;
	if (got != want)
		ktap_diag("%d", got);
	ktap_result(got == want && good, "%s: the record says so", what);
	pair_end(&p);
	begin();
	p.m->budget = 5000;
}

static void stop_behind_credit(struct pair *pair, enum second_step step)
{
	if (step == SECOND_CREDIT)
		number_stop(pair->m);
}

static void test_unsent(void)
{
	const uint64_t epoch = 1ULL << EQUIC_NUMBER_EPOCH_SHIFT;

	begin();
	p.m->budget = 5000;
	p.before = stop_behind_credit;
	unsent(stream(0, 100, 0), -ECANCELED, EQUIC_RECORD_NO_NUMBER,
	       "stopped behind the credit");
	p.m->number = EQUIC_NUMBER_NEXT_MASK;
	unsent(stream(0, 100, 0), -EOVERFLOW, EQUIC_RECORD_NO_NUMBER, "no number");
	p.m->number = epoch | 5;
	unsent(stream(0, 100, 0), -ENOKEY, epoch | 5, "no key of the epoch");
	p.m->number = 2 * epoch | 5;
	unsent(stream(0, 100, 0), -ENOKEY, 2 * epoch | 5,
	       "a key of the phase, not of the epoch");
	p.m->number = epoch | 5;
	expect_eq(datagram(10), -ENOKEY, "a datagram without a key is not sent");
	ktap_result(told(epoch | 5, EQUIC_RECORD_DATAGRAM, EQUIC_RECORD_UNSENT, 0, 10,
			 OVERHEAD + 2 + 10) && p.m->budget == 5000 && !p.sent,
		    "and its number is void");
	pair_end(&p);

	begin();
	p.m->budget = 5000;
	p.fail = -ENETDOWN;
	expect_eq(stream(0, 100, 0), -ECOMM, "what could not be sent is told");
	ktap_result(told(1000, EQUIC_RECORD_STREAM, 0, 0, 100, p.len) &&
		    p.m->budget == 5000 - (__s64)p.len, "and counts as sent");
	pair_end(&p);
}

/* A number that may have been used is refused, whatever the memory says. */
static void test_used(void)
{
	bool good = true;
	int i;

	begin();
	for (i = 0; i < 10; i++)
		good &= datagram_goes(10, 1000 + i);
	p.m->number = 1005;
	for (i = 1005; i < 1010; i++)
		good &= datagram(10) == -EPROTO && no_record();
	ktap_result(good && p.sent == 10, "numbers that were used are refused");
	ktap_result(datagram_goes(10, 1010), "behind them it goes on");
	p.m->number = 1000;
	expect_eq(stream(0, 100, 0), -EPROTO, "so are they for a stream");
	ktap_result(told(EQUIC_RECORD_NO_NUMBER, EQUIC_RECORD_STREAM,
			 EQUIC_RECORD_UNSENT, 0, 100, OVERHEAD + 5 + 100),
		    "whose bytes are the library's then");
	p.m->number = 0x100000005ULL;
	ktap_result(datagram_goes(10, 0x100000005ULL), "all 48 bits protect");
	pair_end(&p);
}

static bool opens(unsigned int epoch, uint64_t pn)
{
	struct equic_record record;
	struct pair_frame frame;
	struct opened opened;

	return !datagram(10) && pair_open(&p, epoch, pn, &opened, &frame) &&
	       !ring_next(p.ring, &record) && number_epoch(record.number) == epoch &&
	       number_pn(record.number) == pn;
}

static void test_keys(void)
{
	struct seal_secret secret[PAIR_EPOCHS];
	uint64_t word, pn = 1000;
	bool good = true;
	unsigned int i;

	begin();
	for (i = 0; i < PAIR_EPOCHS; i++)
		pair_secret(&secret[i], i);
	good &= opens(0, pn++);
	for (i = 1; i < PAIR_EPOCHS; i++) {
		good &= !second_key(p.second, i, &secret[i]);
		good &= opens(i - 1, pn++);
		number_take_epoch(p.m, i - 1, &word);
		good &= number_pn(word) == pn++;
		good &= opens(i, pn++) && opens(i, pn++);
	}
	ktap_result(good, "keys change with the word, between two packets");
	p.m->number = 2ULL << EQUIC_NUMBER_EPOCH_SHIFT | pn;
	ktap_result(opens(2, pn++), "the key of the epoch before stays");
	p.m->number = 1ULL << EQUIC_NUMBER_EPOCH_SHIFT | pn;
	expect_eq(datagram(10), -ENOKEY, "older ones are gone");
	expect_eq(second_key(p.second, 3, &secret[3]), -EEXIST, "a key comes once");
	expect_eq(second_key(p.second, 1, &secret[1]), -ESTALE, "and not later");
	expect_eq(second_key(p.second, 0x8000, &secret[1]), -EINVAL, "epochs end");
	secret[0].cipher = 3;
	expect_eq(second_key(p.second, 4, &secret[0]), -EINVAL, "no such cipher");
	expect_eq(second_path(p.second, data, 21), -EINVAL, "no ID has 21 bytes");
	expect_eq(second_path(p.second, data, 20), 0, "one may have 20");
	expect_eq(second_path(p.second, NULL, 0), 0, "or none");
	pair_end(&p);
}

static void test_begin(void)
{
	static const struct second_ops ops;
	struct second *s;

	begin();
	s = second_new(p.m, p.producer, &ops, NULL);
	ktap_result(second_datagram(s, data, 1, 1) == -ENOTCONN && no_record(),
		    "without a path nothing is sent");
	second_free(s);
	p.m->version = 2;
	ktap_result(!second_new(p.m, p.producer, &ops, NULL) && errno == EPROTO,
		    "another layout is refused");
	second_free(NULL);
	pair_end(&p);
}

int main(void)
{
	size_t i;

	ktap_begin();
	for (i = 0; i < sizeof(data); i++)
		data[i] = i * 7 + (i >> 8);
	test_begin();
	test_datagrams();
	test_datagram_frames();
	test_streams();
	test_refusals();
	test_unsent();
	test_used();
	test_keys();
	return ktap_end();
}
