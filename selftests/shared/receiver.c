// SPDX-License-Identifier: GPL-2.0-only
/* See receiver.h. */
#include <ngtcp2/ngtcp2_crypto.h>
#include <stdlib.h>
#include <string.h>
#include "ack.h"
#include "frame.h"
#include "ktap.h"
#include "least.h"
#include "receiver.h"

enum { LONG_HEADER = 0x80, PN_LEN = 0x03, TAG = 16, PAYLOAD_MAX = 1500 };

/* Of a datagram in which a PATH_CHALLENGE is answered (RFC 9000, 8.2.2). */
enum { ANSWER = 1200 };

/* Packets: more than are under way, and a number of as many bytes. */
enum { AHEAD = 2000 };

static struct receiver *running;

void receiver_run(struct receiver *r)
{
	running = r;
}

void receiver_free(struct receiver *r)
{
	free(r->numbers);
}

struct received_stream *receiver_stream(struct receiver *r, int64_t id)
{
	if (id < 0 || id / 4 >= RECEIVER_STREAMS_MAX)
		ktap_bail("stream %lld", (long long)id);
	return &r->streams[id / 4];
}

unsigned int receiver_resets(const struct receiver *r)
{
	unsigned int i, n = 0;

	for (i = 0; i < RECEIVER_STREAMS_MAX; i++)
		n += r->streams[i].reset;
	return n;
}

uint64_t receiver_wrong(const struct receiver *r)
{
	uint64_t sum = 0;
	unsigned int i;

	for (i = 0; i < RECEIVER_STREAMS_MAX; i++)
		sum += r->streams[i].wrong;
	return sum;
}

static int on_stream_data(ngtcp2_conn *conn, uint32_t flags, int64_t id,
			  uint64_t offset, const uint8_t *data, size_t len,
			  void *user_data, void *stream_user_data)
{
	struct receiver *r = user_data;
	struct received_stream *st = receiver_stream(r, id);
	size_t i;

	(void)stream_user_data;
	r->conn = conn;
	for (i = 0; i < len; i++)
		st->wrong += data[i] != stream_byte(id, offset + i);
	st->wrong += offset != st->bytes;
	st->bytes += len;
	r->bytes += len;
	st->fin |= flags & NGTCP2_STREAM_DATA_FLAG_FIN;
	ngtcp2_conn_extend_max_stream_offset(conn, id, len);
	ngtcp2_conn_extend_max_offset(conn, len);
	return 0;
}

static int on_reset(ngtcp2_conn *conn, int64_t id, uint64_t final_size,
		    uint64_t code, void *user_data, void *stream_user_data)
{
	(void)conn;
	(void)final_size;
	(void)code;
	(void)stream_user_data;
	receiver_stream(user_data, id)->reset = true;
	return 0;
}

static int on_close(ngtcp2_conn *conn, uint32_t flags, int64_t id,
		    uint64_t code, void *user_data, void *stream_user_data)
{
	(void)flags;
	(void)id;
	(void)code;
	(void)user_data;
	(void)stream_user_data;
	ngtcp2_conn_extend_max_streams_uni(conn, 1);
	return 0;
}

static int on_datagram(ngtcp2_conn *conn, uint32_t flags, const uint8_t *data,
		       size_t len, void *user_data)
{
	struct receiver *r = user_data;

	(void)conn;
	(void)flags;
	(void)data;
	(void)len;
	r->datagrams++;
	return 0;
}

/* A number that is opened, and was before in another packet. */
static void note_number(struct receiver *r, uint64_t pn, uint64_t tag)
{
	size_t i;

	/* Of one above all others there is none. */
	for (i = pn < r->number_above ? r->number_count : 0; i--;) {
		if (r->numbers[i].pn == pn) {
			r->repeated += r->numbers[i].tag != tag;
			return;
		}
	}
	if (r->number_count == r->number_room) {
		r->number_room = r->number_room ? 2 * r->number_room : 1024;
		r->numbers = realloc(r->numbers,
				     r->number_room * sizeof(*r->numbers));
		if (!r->numbers)
			ktap_bail("memory");
	}
	r->numbers[r->number_count++] = (struct received_number){ pn, tag };
	if (r->number_above <= pn)
		r->number_above = pn + 1;
}

static void look_at_frames(struct receiver *r, const uint8_t *payload, size_t len)
{
	struct frame frame = { .end = 0 };

	while (frame_next(payload, len, frame.end, &frame) == 1) {
		if (frame.type == FRAME_RESET_STREAM && !frame.number[2]) {
			struct received_stream *stream = receiver_stream(r, frame.number[0]);

			/* The frame comes again if it was late. */
			r->empty_streams += !stream->empty;
			stream->empty = true;
		}
		r->retired += frame.type == FRAME_RETIRE_CONNECTION_ID;
	}
}

/*
 * RFC 9000, A.3. Of four bytes there is all of the number that a test needs. aad[] is up
 * to them.
 */
static uint64_t number_of(const struct receiver *r, const uint8_t *aad, size_t aadlen)
{
	size_t len = (aad[0] & PN_LEN) + 1, i;
	uint64_t window = 1ULL << 8 * len, pn = 0;

	for (i = aadlen - len; i < aadlen; i++)
		pn = pn << 8 | aad[i];
	pn |= r->number_above & ~(window - 1);
	if (pn + window / 2 <= r->number_above)
		return pn + window;
	return pn > r->number_above + window / 2 && pn >= window ? pn - window : pn;
}

static void look_at_number(struct receiver *r, const uint8_t *aad, size_t aadlen,
			   uint64_t tag)
{
	uint64_t pn = number_of(r, aad, aadlen);

	if ((aad[0] & PN_LEN) != PN_LEN)
		r->narrow_above = most(r->narrow_above, pn + 1);
	note_number(r, pn, tag);
}

static int on_decrypt(uint8_t *dest, const ngtcp2_crypto_aead *aead,
		      const ngtcp2_crypto_aead_ctx *aead_ctx,
		      const uint8_t *ciphertext, size_t ciphertextlen,
		      const uint8_t *nonce, size_t noncelen, const uint8_t *aad,
		      size_t aadlen)
{
	uint64_t tag;
	int ret;

	/* It may be where the clear text goes. */
	memcpy(&tag, ciphertext + ciphertextlen - sizeof(tag), sizeof(tag));
	ret = ngtcp2_crypto_decrypt_cb(dest, aead, aead_ctx, ciphertext,
				       ciphertextlen, nonce, noncelen, aad,
				       aadlen);
	if (!ret && !(aad[0] & LONG_HEADER) && running->looks) {
		look_at_number(running, aad, aadlen, tag);
		look_at_frames(running, dest, ciphertextlen - TAG);
	}
	return ret;
}

/* One range needs no more room than those, and the gaps, that it takes the place of. */
static void forge(const struct receiver *r, uint8_t *payload,
		  const struct frame *frame)
{
	uint8_t *end = payload + frame->end, *at;
	struct ack ack;

	if (ack_parse(&ack, payload + frame->begin, frame->end - frame->begin))
		ktap_bail("an ACK frame that is none");
	ack.range[0].first = ack.range[ack.ranges - 1].first;
	ack.ranges = 1;
	if (r->lie == RECEIVER_AHEAD) {
		ack.range[0].last += AHEAD;
		ack.range[0].first = ack.range[0].last;
	}
	at = ack_write(&ack, payload + frame->begin, end);
	if (!at)
		ktap_bail("no room for an ACK frame");
	memset(at, FRAME_PADDING, end - at);
}

/* Its first number becomes the second, too; both have one byte. */
static void retire(struct receiver *r, uint8_t *payload, const struct frame *frame)
{
	payload[frame->begin + 2] = payload[frame->begin + 1];
	r->retire = false;
}

static void make_noise(struct receiver *r, uint8_t *payload, size_t len)
{
	while (len--)
		*payload++ = chance_next(r->noise);
}

static void put_last(uint8_t *payload, size_t len, const struct frame *frame)
{
	size_t size = frame->end - frame->begin;
	uint8_t bytes[PAYLOAD_MAX];

	memcpy(bytes, payload + frame->begin, size);
	memmove(payload + frame->begin, payload + frame->end, len - frame->end);
	memcpy(payload + len - size, bytes, size);
}

static void forge_all(struct receiver *r, uint8_t *payload, size_t len)
{
	struct frame frame = { .end = 0 };

	if (r->lie == RECEIVER_NOISE) {
		make_noise(r, payload, len);
		return;
	}
	while (frame_next(payload, len, frame.end, &frame) == 1) {
		if (r->lie && frame.type == FRAME_ACK)
			forge(r, payload, &frame);
		if (r->retire && frame.type == FRAME_NEW_CONNECTION_ID)
			retire(r, payload, &frame);
		if (r->credit_last && frame.type == FRAME_MAX_DATA) {
			put_last(payload, len, &frame);
			return;
		}
	}
}

static int on_encrypt(uint8_t *dest, const ngtcp2_crypto_aead *aead,
		      const ngtcp2_crypto_aead_ctx *aead_ctx,
		      const uint8_t *plaintext, size_t plaintextlen,
		      const uint8_t *nonce, size_t noncelen, const uint8_t *aad,
		      size_t aadlen)
{
	uint8_t payload[PAYLOAD_MAX];

	if ((running->lie || running->retire || running->credit_last) && !(aad[0] & LONG_HEADER) &&
	    plaintextlen <= sizeof(payload)) {
		memcpy(payload, plaintext, plaintextlen);
		forge_all(running, payload, plaintextlen);
		plaintext = payload;
	}
	return ngtcp2_crypto_encrypt_cb(dest, aead, aead_ctx, plaintext,
					plaintextlen, nonce, noncelen, aad,
					aadlen);
}

bool receiver_is_mute(const struct receiver *r)
{
	ngtcp2_conn_info info;

	if (!r->conn || ngtcp2_conn_get_cwnd_left(r->conn))
		return false;
	ngtcp2_conn_get_conn_info(r->conn, &info);
	return info.bytes_in_flight && !(info.bytes_in_flight % ANSWER);
}

void receiver_callbacks(ngtcp2_callbacks *callbacks)
{
	callbacks->encrypt = on_encrypt;
	callbacks->decrypt = on_decrypt;
	callbacks->recv_stream_data = on_stream_data;
	callbacks->stream_reset = on_reset;
	callbacks->stream_close = on_close;
	callbacks->recv_datagram = on_datagram;
}
