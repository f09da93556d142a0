// SPDX-License-Identifier: GPL-2.0-only
/* What authors of second senders call (equic_second.h), and what it comes to. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "equic_second.h"
#include "expect.h"
#include "ktap.h"
#include "memory.h"
#include "opener.h"
#include "ring.h"
#include "word.h"

enum { CONNECTION = 5, DCID = 8, STREAMS = 3, COOKIE = 77 };

static struct equic_shared *m;
static struct ring *ring;
static int memory_fd, ring_fd;
static struct equic_second *s;
static struct opener *opener;
static unsigned int sent;
static uint8_t packet[EQUIC_SECOND_PAYLOAD_MAX];
static size_t packet_len;
static int fail;
static const uint8_t dcid[DCID] = { 1, 2, 3, 4, 5, 6, 7, 8 };
static const uint8_t data[2000];

static int on_send(void *ctx, const uint8_t *bytes, size_t len)
{
	if (ctx != &sent)
		ktap_bail("another context");
	sent++;
	memcpy(packet, bytes, len);
	packet_len = len;
	return fail;
}

static const struct equic_second_ops ops = { .send = on_send };

static struct equic_share_key key_of(unsigned int epoch)
{
	struct equic_share_key key = { .epoch = epoch };

	memset(key.key, 0x40 + epoch, sizeof(key.key));
	memset(key.iv, 0x50, sizeof(key.iv));
	memset(key.header, 0x60, sizeof(key.header));
	return key;
}

static void begin(void)
{
	struct equic_share_key key = key_of(0);
	struct seal_secret secret = { .cipher = SEAL_AES_128_GCM };
	int i;

	m = memory_make(CONNECTION, &memory_fd);
	ring = ring_make(1 << 14, &ring_fd);
	if (!m || !ring)
		ktap_bail("no memory");
	m->number = 0;
	m->payload_max = 1252;
	m->datagram_max = UINT16_MAX;
	m->budget = 1 << 20;
	m->data_max = 1 << 20;
	for (i = 0; i < STREAMS; i++)
		stream_put(m, i, i + 1, 4 * i + 3, 1 << 16);
	memcpy(secret.key, key.key, sizeof(secret.key));
	memcpy(secret.iv, key.iv, sizeof(secret.iv));
	memcpy(secret.header, key.header, sizeof(secret.header));
	opener = opener_new(&secret);
	s = equic_second_new(memory_fd, ring_fd, &ops, &sent);
	if (!s)
		ktap_bail("no sender");
	sent = 0;
	fail = 0;
}

static void end(void)
{
	equic_second_free(s);
	opener_free(opener);
	ring_free(ring);
	memory_unmap(m);
	close(memory_fd);
	close(ring_fd);
}

static void give(void)
{
	struct equic_share_key key = key_of(0);

	if (equic_second_key(s, &key) || equic_second_path(s, dcid, sizeof(dcid)))
		ktap_bail("no key or path");
}

static int errno_of(int memory, int ring_of)
{
	struct equic_second *other = equic_second_new(memory, ring_of, &ops, NULL);
	int err = errno;

	equic_second_free(other);
	return other ? 0 : -err;
}

static void test_new(void)
{
	int other = memfd_create("test", MFD_CLOEXEC);

	begin();
	expect_eq(errno_of(-1, ring_fd), -EBADF, "a memory that is none");
	expect_eq(errno_of(other, ring_fd), -EINVAL, "a memory that may shrink");
	expect_eq(errno_of(ring_fd, ring_fd), -EPROTO, "a ring for a memory");
	expect_eq(errno_of(memory_fd, -1), -EBADF, "a ring that is none");
	expect_eq(errno_of(memory_fd, other), -EINVAL, "a ring that may shrink");
	m->version++;
	expect_eq(errno_of(memory_fd, ring_fd), -EPROTO, "a memory of another version");
	m->version--;
	expect_eq(errno_of(memory_fd, ring_fd), 0, "those of an endpoint are taken");
	equic_second_free(NULL);
	close(other);
	end();
}

static bool opens(uint64_t pn, uint8_t type)
{
	struct opened opened;

	return !opener_open(opener, packet, packet_len, DCID, 0, &opened) &&
	       opened.pn == pn && opened.payload[0] == type;
}

static void test_datagrams(void)
{
	struct equic_record record;
	size_t room;

	begin();
	expect_eq(equic_second_datagram_room(s), 0, "without a path there is no room");
	expect_eq(equic_second_datagram(s, data, 1, 0), -ENOTCONN, "nor is one sent");
	give();
	room = equic_second_datagram_room(s);
	expect_eq(equic_second_datagram(s, data, room + 1, 0), -EMSGSIZE,
		  "more than there is room for is not sent");
	expect_eq(equic_second_datagram(s, data, room, COOKIE), 0, "as much is");
	ktap_result(packet_len == 1252 && opens(0, 0x31),
		    "and is opened by whoever has the key");
	ktap_result(!ring_next(ring, &record) && record.cookie == COOKIE &&
		    record.connection == CONNECTION && record.size == 1252 &&
		    record.sent_ns > 0, "the endpoint is told");
	fail = -1;
	expect_eq(equic_second_datagram(s, data, 1, 0), 0,
		  "one that the path lost was sent");
	number_stop(m);
	expect_eq(equic_second_datagram(s, data, 1, 0), -EAGAIN,
		  "who is stopped sends none");
	number_go(m);
	m->number |= 1ULL << EQUIC_NUMBER_EPOCH_SHIFT;
	expect_eq(equic_second_datagram(s, data, 1, 0), -ENOKEY,
		  "nor who has no key of the epoch");
	end();
}

static void test_keys(void)
{
	struct equic_share_key key = key_of(0);

	begin();
	give();
	expect_eq(equic_second_key(s, &key), -EEXIST, "a key comes once");
	key = key_of(3);
	expect_eq(equic_second_key(s, &key), 0, "one of a later epoch is taken");
	key = key_of(1);
	expect_eq(equic_second_key(s, &key), -ESTALE, "one that it replaced is not");
	key = key_of(4);
	key.cipher = 99;
	expect_eq(equic_second_key(s, &key), -EINVAL, "there is no such cipher");
	expect_eq(equic_second_path(s, data, 21), -EINVAL,
		  "no connection ID has 21 bytes");
	end();
}

static void test_streams(void)
{
	struct equic_second_stream stream, other, left = { };
	size_t room;
	int i;

	begin();
	give();
	expect_eq(equic_second_adopt(s, &left), -ENOENT, "nobody has left streams");
	stream_close(m, 0);
	expect_eq(equic_second_claim(s, &stream), 0, "one that waits is claimed");
	ktap_result(stream.id == 7 && stream.end == 0 && !stream.ended,
		    "not one that is closed");
	room = equic_second_stream_room(s, &stream);
	expect_eq(equic_second_stream(s, &stream, data, room + 1, false, 0),
		  -EMSGSIZE, "more than there is room for is not sent");
	expect_eq(equic_second_stream(s, &stream, data, room, false, 0), 0,
		  "as much is");
	/* A length of three digits has two bytes: one may be left. */
	ktap_result(stream.end == room && packet_len >= 1251 && opens(0, 0x0e),
		    "and the stream goes on behind it");
	m->streams[1].max = room + 10;
	expect_eq(equic_second_stream(s, &stream, data, 20, false, 0), -EDQUOT,
		  "not beyond what the peer allows");
	expect_eq(equic_second_stream_room(s, &stream), 10,
		  "up to there is room, though a packet had more");
	m->data_max = m->data + 7;
	expect_eq(equic_second_stream_room(s, &stream), 7,
		  "or up to what it allows on all streams");
	m->data_max = m->data;
	ktap_result(equic_second_stream_room(s, &stream) > 1000 &&
		    equic_second_stream(s, &stream, data, 7, false, 0) == -EDQUOT,
		    "where it allows nothing, sending says so");
	m->data_max = 1 << 20;
	number_stop(m);
	expect_eq(equic_second_stream(s, &stream, data, 5, false, 0), -EAGAIN,
		  "nor by who is stopped");
	ktap_result(stream.end == room, "what is not taken is offered again");
	number_go(m);
	m->number |= 1ULL << EQUIC_NUMBER_EPOCH_SHIFT;
	expect_eq(equic_second_stream(s, &stream, data, 5, false, 0), 1,
		  "what is taken and cannot be sent is the library's");
	ktap_result(stream.end == room + 5 && sent == 1, "and not offered again");
	m->number &= EQUIC_NUMBER_NEXT_MASK;
	equic_second_claim(s, &other);
	expect_eq(equic_second_claim(s, &other), -ENOENT, "none waits any more");

	/* Another sender in place of it. */
	equic_second_free(s);
	ring_recover(ring);
	s = equic_second_new(memory_fd, ring_fd, &ops, &sent);
	give();
	for (i = 0; !equic_second_adopt(s, &left); i++)
		if (left.id == stream.id)
			other = left;
	ktap_result(i == 2 && other.end == stream.end && !other.ended,
		    "another sender has the streams, and where they go on");
	expect_eq(equic_second_stream(s, &other, data, 5, true, 0), 0, "it ends one");
	stream_close(m, other.slot);
	left = (struct equic_second_stream){ };
	while (!equic_second_adopt(s, &left) && left.id != other.id)
		;
	ktap_result(left.id == other.id && left.ended, "which then has ended");
	expect_eq(equic_second_stream(s, &other, data, 5, false, 0), -ESHUTDOWN,
		  "and goes on no more");
	stream_drop(m, other.slot);
	expect_eq(equic_second_stream(s, &other, data, 5, false, 0), -ESTALE,
		  "nor when it is forgotten");
	end();
}

int main(void)
{
	ktap_begin();
	test_new();
	test_datagrams();
	test_keys();
	test_streams();
	return ktap_end();
}
