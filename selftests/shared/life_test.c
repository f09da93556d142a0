// SPDX-License-Identifier: GPL-2.0-only
/*
 * The life of a second sender inside a connection: what it is given and when, what is
 * kept from it, what stops it, and what becomes of its streams.
 */
#include <errno.h>
#include <ngtcp2/ngtcp2_crypto.h>
#include <stdlib.h>
#include <string.h>
#include "ktap.h"
#include "scene.h"
#include "word.h"

#define MS NGTCP2_MILLISECONDS
#define S NGTCP2_SECONDS

enum { CODE = 9 };

static const struct scene_plan usual = {
	.path = { .delay = 10 * MS, .rate = 5000000, .queue = 200000 },
	.seed = 1, .streams = 6, .stream_bytes = 1500000, .stack_bytes = 500000,
	.initial_max_data = 1 << 18,
};

static bool is_stopped(struct scene *sc)
{
	return number_read(sc->memory) & EQUIC_NUMBER_STOP;
}

static struct scene *begin(const struct scene_plan *plan)
{
	struct scene *sc = scene_begun(plan);

	if (is_stopped(sc))
		ktap_bail("the second sender is stopped");
	return sc;
}

/* Streams of the library's, that wait or have begun. */
static unsigned int count_open(struct scene *sc, bool begun)
{
	struct equic_share_stream st, *at = NULL;
	unsigned int n = 0;

	while (equic_share_stream_next(world_share(sc->world), at, &st)) {
		n += st.begun == begun && !st.ended;
		at = &st;
	}
	return n;
}

static uint64_t second_packets(struct scene *sc)
{
	struct equic_share_stats st;

	equic_share_handle_expiry(world_share(sc->world), world_now(sc->world));
	equic_share_get_stats(world_share(sc->world), &st);
	return st.second;
}

static unsigned int count_reset(struct scene *sc)
{
	return receiver_resets(world_receiver(sc->world));
}

static void unwire_encrypt(ngtcp2_callbacks *callbacks)
{
	callbacks->encrypt = ngtcp2_crypto_encrypt_cb;
}

static void unwire_decrypt(ngtcp2_callbacks *callbacks)
{
	callbacks->decrypt = ngtcp2_crypto_decrypt_cb;
}

/* The stack would use the numbers that the second sender does. */
static void test_rewired(void (*rewire)(ngtcp2_callbacks *callbacks), const char *what)
{
	struct scene_plan plan = usual;
	struct scene *sc;

	plan.rewire = rewire;
	sc = scene_new(&plan);
	ktap_result(scene_play(sc, 60 * S) == NGTCP2_ERR_CALLBACK_FAILURE && !sc->keys,
		    "a connection that has not the library's %s gives no key away", what);
	scene_free(sc);
}

static void unwire_hp_mask(ngtcp2_callbacks *callbacks)
{
	callbacks->hp_mask = ngtcp2_crypto_hp_mask_cb;
}

/* Each packet of the stack would be masked twice, and lost. */
static void test_masked_twice(void)
{
	struct scene_plan plan = usual;
	struct scene *sc;

	plan.rewire = unwire_hp_mask;
	sc = scene_new(&plan);
	ktap_result(scene_play(sc, 60 * S) == NGTCP2_ERR_CALLBACK_FAILURE,
		    "nor does one that has not its hp_mask go on");
	scene_free(sc);
}

/* AES-CCM is not a cipher of other senders. */
static void test_other_cipher(void)
{
	struct scene_plan plan = usual;
	struct scene *sc;

	plan.priority = WORLD_FOREIGN_CIPHER;
	sc = scene_new(&plan);
	ktap_result(scene_play(sc, 60 * S) && !world_confirmed(sc->world),
		    "with a cipher that only the stack has there is no handshake");
	scene_free(sc);
}

static void test_peer_limits(void)
{
	struct scene *sc = begin(&usual);

	ktap_result(sc->memory->datagram_max == 1200,
		    "the memory has what DATAGRAM frames the peer takes");
	scene_free(sc);
}

static void test_refused_key(void)
{
	struct scene_plan plan = usual;
	unsigned int waiting;
	struct scene *sc;
	uint64_t packets;

	plan.update_after = 300;
	/* That of epoch 1 comes at once: ngtcp2 makes it early. */
	plan.refuse_from = 2;
	sc = begin(&plan);
	waiting = count_open(sc, false);
	while (sc->key.epoch < plan.refuse_from)
		scene_run(sc, MS);
	packets = second_packets(sc);
	scene_run(sc, S);
	ktap_result(is_stopped(sc) && second_packets(sc) == packets,
		    "a second sender that did not take a key sends nothing more");
	ktap_result(scene_received(sc, sc->stack_stream)->fin,
		    "without it the connection goes on");
	ktap_result(waiting && !count_open(sc, false) && count_reset(sc) == waiting,
		    "streams that nobody will use are really reset");
	sc->plan.refuse_from = 0;
	sc->dead = true;
	sc->revive_at = world_now(sc->world);
	ktap_result(!scene_play(sc, 60 * S) && scene_complete(sc) && scene_right(sc),
		    "another second sender begins where it was");
	scene_free(sc);
}

/* Each in the epoch before; the stack and the library count, too. */
static uint64_t packets_max;

uint64_t __real_seal_packets_max(enum seal_cipher cipher);
uint64_t __wrap_seal_packets_max(enum seal_cipher cipher);

uint64_t __wrap_seal_packets_max(enum seal_cipher cipher)
{
	return packets_max ?: __real_seal_packets_max(cipher);
}

static void test_worn_out(void)
{
	struct scene_plan plan = usual;
	struct equic_share_stats st;
	struct scene *sc;
	uint64_t packets, word;
	int err;

	packets_max = 500;
	/* It comes too late. */
	plan.update_after = 2 * packets_max;
	sc = begin(&plan);
	err = scene_play(sc, 60 * S);
	packets = second_packets(sc);
	equic_share_get_stats(world_share(sc->world), &st);
	ktap_result(err == NGTCP2_ERR_CALLBACK_FAILURE && packets &&
		    st.stack + st.library + st.second <= packets_max,
		    "at the limit of a key (RFC 9001, 6.6) everybody stops");
	scene_free(sc);

	sc = begin(&plan);
	while (number_pn(number_read(sc->memory)) < packets_max / 2)
		number_take(sc->memory, false, &word);
	equic_share_handle_expiry(world_share(sc->world), world_now(sc->world));
	ktap_result(is_stopped(sc),
		    "the second sender before, for it goes on until somebody looks");
	packets_max = 0;
	scene_free(sc);
}

/* What the stack refuses at first, for another update is going on, is asked for again. */
static void test_update_again(void)
{
	struct scene_plan plan = usual;
	struct equic_share_stats st;
	struct scene *sc;

	plan.update_after = 1;
	sc = begin(&plan);
	while (!scene_received(sc, sc->stack_stream)->fin)
		scene_run(sc, 10 * MS);
	equic_share_get_stats(world_share(sc->world), &st);
	ktap_result(st.epoch >= 3 && !sc->late,
		    "an update that the stack refuses now is asked for again");
	scene_free(sc);
}

static struct scene *closing;
static bool stopped_before;

ngtcp2_ssize __real_ngtcp2_conn_write_connection_close_versioned(
	ngtcp2_conn *conn, ngtcp2_path *path, int version, ngtcp2_pkt_info *pi,
	uint8_t *dest, size_t destlen, const ngtcp2_ccerr *ccerr, ngtcp2_tstamp ts);
ngtcp2_ssize __wrap_ngtcp2_conn_write_connection_close_versioned(
	ngtcp2_conn *conn, ngtcp2_path *path, int version, ngtcp2_pkt_info *pi,
	uint8_t *dest, size_t destlen, const ngtcp2_ccerr *ccerr, ngtcp2_tstamp ts);

ngtcp2_ssize __wrap_ngtcp2_conn_write_connection_close_versioned(
	ngtcp2_conn *conn, ngtcp2_path *path, int version, ngtcp2_pkt_info *pi,
	uint8_t *dest, size_t destlen, const ngtcp2_ccerr *ccerr, ngtcp2_tstamp ts)
{
	stopped_before = is_stopped(closing);
	return __real_ngtcp2_conn_write_connection_close_versioned(
		conn, path, version, pi, dest, destlen, ccerr, ts);
}

/* Whether it is stopped, and told so. */
static bool is_refused(struct scene *sc)
{
	uint8_t byte = 0;

	return is_stopped(sc) &&
	       second_datagram(sc->second, &byte, 1, 0) == -EAGAIN;
}

/* Whether it stays so. */
static bool sends_nothing(struct scene *sc)
{
	equic_share_handle_expiry(world_share(sc->world), world_now(sc->world) + S);
	return is_refused(sc);
}

static ngtcp2_ssize close_peer(struct scene *sc, uint8_t *packet, size_t len)
{
	ngtcp2_ccerr error;

	ngtcp2_ccerr_default(&error);
	return ngtcp2_conn_write_connection_close(world_peer(sc->world), NULL, NULL,
						  packet, len, &error,
						  world_now(sc->world));
}

static void test_close(void)
{
	uint8_t packet[TRANSIT_DATAGRAM_MAX];
	struct scene *sc = begin(&usual);
	ngtcp2_ccerr error;

	closing = sc;
	ngtcp2_ccerr_default(&error);
	ktap_result(equic_share_write_connection_close(world_share(sc->world), NULL,
						       NULL, packet,
						       sizeof(packet), &error,
						       world_now(sc->world)) > 0 &&
		    stopped_before && sends_nothing(sc),
		    "stop is set before CONNECTION_CLOSE, and stays");
	scene_free(sc);
}

static int deliver(struct scene *sc, const uint8_t *packet, size_t len)
{
	ngtcp2_pkt_info pi = { };

	return equic_share_read_pkt(world_share(sc->world),
				    ngtcp2_conn_get_path(world_sender(sc->world)),
				    &pi, packet, len, world_now(sc->world));
}

static void test_draining(void)
{
	uint8_t packet[TRANSIT_DATAGRAM_MAX];
	struct scene *sc = begin(&usual);
	ngtcp2_ssize n;

	closing = sc;
	n = close_peer(sc, packet, sizeof(packet));
	ktap_result(n > 0 && deliver(sc, packet, n) == NGTCP2_ERR_DRAINING &&
		    sends_nothing(sc),
		    "stop is set when the connection is draining");
	scene_free(sc);
}

/* RFC 9000, 10.1: nothing came for a minute, and the connection is gone. */
static void test_idle(void)
{
	struct scene *sc = begin(&usual);

	ktap_result(equic_share_handle_expiry(world_share(sc->world),
					      world_now(sc->world) + 61 * S) ==
				    NGTCP2_ERR_IDLE_CLOSE &&
			    is_refused(sc),
		    "stop is set when the connection was idle for too long");
	scene_free(sc);
}

/* RFC 9000, 10.3: the server's parameter has a token of zeroes. */
static void test_stateless_reset(void)
{
	struct scene_plan plan = usual;
	uint8_t packet[64];
	struct scene *sc;

	plan.client = true;
	sc = begin(&plan);
	memset(packet, 0x41, sizeof(packet));
	memset(packet + sizeof(packet) - NGTCP2_STATELESS_RESET_TOKENLEN, 0,
	       NGTCP2_STATELESS_RESET_TOKENLEN);
	ktap_result(deliver(sc, packet, sizeof(packet)) == NGTCP2_ERR_DRAINING &&
		    sends_nothing(sc),
		    "stop is set on a stateless reset");
	scene_free(sc);
}

/* The peer wants no more of all connection IDs but one that it gives now. */
static void test_retire(void)
{
	struct scene_plan plan = usual;
	struct receiver *r;
	struct scene *sc;
	uint64_t paths;

	plan.client = true;
	sc = begin(&plan);
	r = world_receiver(sc->world);
	r->retire = true;
	paths = sc->paths;
	/* It gives one for that which the client has left. */
	world_rebind(sc->world);
	equic_share_handle_expiry(world_share(sc->world), world_now(sc->world));
	scene_run(sc, S);
	ktap_diag("%llu connection IDs retired, %llu paths",
		  (unsigned long long)r->retired,
		  (unsigned long long)(sc->paths - paths));
	ktap_result(!r->retire && r->retired > 2 && sc->paths - paths >= 2 &&
		    !sc->stale && !sc->astray,
		    "stop is set before RETIRE_CONNECTION_ID, until it has the new ID");
	scene_free(sc);
}

static bool has(const struct scene *sc, const void *what, size_t len)
{
	return memmem(sc->memory, sizeof(*sc->memory), what, len);
}

static void test_secrets(void)
{
	struct scene *sc = begin(&usual);
	const ngtcp2_path *path = ngtcp2_conn_get_path(world_sender(sc->world));
	const ngtcp2_cid *dcid = ngtcp2_conn_get_dcid(world_sender(sc->world));

	/* What is there is found. */
	ktap_result(has(sc, &sc->memory->streams[3].id, sizeof(uint64_t)) &&
		    !has(sc, sc->key.key, 16) && !has(sc, sc->key.header, 16) &&
		    !has(sc, sc->key.iv, sizeof(sc->key.iv)),
		    "keys are never in the memory");
	ktap_result(!has(sc, dcid->data, dcid->datalen) &&
		    !has(sc, path->local.addr, 8) && !has(sc, path->remote.addr, 8),
		    "nor are connection IDs and addresses");
	scene_free(sc);
}

/* Nobody calls the library any more, and time passes. */
static void test_hung(void)
{
	struct scene_plan plan = usual;
	uint8_t bytes[1000] = { };
	int64_t budget, spent = 0;
	struct equic_share_stats st;
	struct scene *sc;
	int err, i;

	plan.streams = 0;
	plan.path.delay = 100 * MS;
	sc = scene_new(&plan);
	while (!sc->stack_fin)
		scene_run(sc, MS);
	scene_run(sc, S);
	budget = sc->memory->budget;
	while (!(err = second_datagram(sc->second, bytes, sizeof(bytes), 0)))
		spent += sizeof(bytes);
	ktap_result(err == -ENOBUFS && spent >= budget - (int64_t)sizeof(bytes) &&
		    sc->memory->budget > -EQUIC_SHARE_PAYLOAD_MAX,
		    "when the endpoint hangs, the second sender stops at its budget");
	/* Pacing gives the rest of the window bit by bit, in less than an RTT. */
	for (i = 0; i < 195; i++) {
		scene_run(sc, MS);
		equic_share_handle_expiry(world_share(sc->world),
					  world_now(sc->world));
		while (!(err = second_datagram(sc->second, bytes, sizeof(bytes),
					       0)))
			;
	}
	equic_share_get_stats(world_share(sc->world), &st);
	ktap_result(err == -ENOBUFS && st.in_flight >= st.window &&
		    st.in_flight < st.window + EQUIC_SHARE_PAYLOAD_MAX,
		    "beyond the window nothing but acknowledgments and losses refill it");
	scene_run(sc, S);
	ktap_result(sc->memory->budget > 0, "and they do");
	scene_free(sc);
}

static void test_pool(void)
{
	struct scene_plan plan = usual;
	struct equic_share_stats st;
	struct scene *sc;

	plan.streams = 0;
	sc = scene_new(&plan);
	scene_run(sc, S);
	equic_share_get_stats(world_share(sc->world), &st);
	ktap_result(st.streams == 16 && count_open(sc, false) == 16,
		    "16 streams wait for the second sender");
	scene_free(sc);
	plan.max_streams = 6;
	sc = scene_new(&plan);
	scene_run(sc, S);
	ktap_result(count_open(sc, false) &&
		    count_open(sc, false) <=
			    ngtcp2_conn_get_streams_uni_left(world_sender(sc->world)),
		    "or fewer: the endpoint keeps as many of MAX_STREAMS as wait");
	scene_free(sc);
	plan = usual;
	plan.streams = 20;
	plan.stream_bytes = 5000;
	plan.max_streams = 3;
	sc = scene_new(&plan);
	ktap_result(!scene_play(sc, 60 * S) && scene_complete(sc),
		    "where the peer allows three, twenty are sent");
	scene_free(sc);
}

static void test_payload(const char *name, uint32_t option, uint64_t peers, size_t payload)
{
	struct scene_plan plan = usual;
	struct scene *sc;

	plan.payload_max = option;
	plan.max_udp_payload_size = peers;
	plan.stream_bytes = 150000;
	plan.path.loss = 10;
	sc = scene_new(&plan);
	ktap_result(!scene_play(sc, 60 * S) && scene_right(sc) &&
		    sc->memory->payload_max == payload &&
		    world_largest(sc->world) == payload,
		    "%s: no datagram is larger than %zu bytes", name, payload);
	ktap_diag("the largest: %zu", world_largest(sc->world));
	scene_free(sc);
}

static void die(struct scene *sc)
{
	equic_share_second_died(world_share(sc->world));
	sc->dead = true;
	sc->revive_at = UINT64_MAX;
}

static int send_on_waiting(struct equic_share *share)
{
	struct equic_share_stream st, *at = NULL;

	while (equic_share_stream_next(share, at, &st)) {
		at = &st;
		if (!st.begun)
			return equic_share_stream_send(share, st.id, 0, 10, false);
	}
	return 0;
}

static ngtcp2_ssize write_to(struct scene *sc, uint64_t stream, ngtcp2_ssize *used)
{
	static uint8_t packet[TRANSIT_DATAGRAM_MAX], bytes[100];
	ngtcp2_vec vec = { bytes, sizeof(bytes) };

	return equic_share_writev_stream(world_share(sc->world), NULL, NULL, packet,
					 sizeof(packet), used, 0, stream, &vec, 1,
					 world_now(sc->world));
}

/* The stack has opened them all. */
static void test_foreign(void)
{
	struct equic_share_stream st, *at = NULL;
	unsigned int refused[2] = { 0 };
	bool right = true;
	struct scene *sc = begin(&usual);

	while (equic_share_stream_next(world_share(sc->world), at, &st)) {
		ngtcp2_ssize used = 0;

		right &= write_to(sc, st.id, &used) == NGTCP2_ERR_STREAM_NOT_FOUND &&
			 used == -1;
		refused[st.begun]++;
		at = &st;
	}
	ktap_result(right && refused[true] && refused[false],
		    "the stack writes to no stream of the library's");
	ktap_result(!scene_play(sc, 60 * S) && scene_complete(sc) && scene_right(sc),
		    "and nothing is lost or twice for it");
	scene_free(sc);
}

/* They are the endpoint's: one goes on to where it would have ended, the others do not. */
static void test_left(void)
{
	struct equic_share_stream st, *at = NULL;
	struct scene_plan plan = usual;
	struct equic_share *share;
	unsigned int n = 0, same = 0, waiting;
	struct scene *sc;
	int failed = 0;

	plan.initial_max_data = 4 << 20;
	sc = begin(&plan);
	share = world_share(sc->world);
	/* Nobody takes the keys anew: these are reset as well. */
	waiting = count_open(sc, false);
	ktap_result(send_on_waiting(share) == NGTCP2_ERR_INVALID_ARGUMENT &&
			    count_open(sc, false) == waiting,
		    "a stream that waits is not the endpoint's to send on");
	die(sc);
	while (equic_share_stream_next(share, at, &st)) {
		at = &st;
		if (!st.begun)
			continue;
		same += n < (unsigned int)sc->claims && st.id == sc->streams[n].id &&
			st.end == sc->streams[n].sent;
		if (n++)
			failed |= equic_share_stream_reset(share, st.id, CODE);
		else
			failed |= equic_share_stream_send(share, st.id, st.end,
							  1000, true);
	}
	ktap_result(n == (unsigned int)usual.streams && same == n,
		    "the endpoint learns which streams a dead sender left, and where they end");
	scene_run(sc, S);
	ktap_result(!failed && scene_received(sc, sc->streams[0].id)->fin &&
		    scene_received(sc, sc->streams[0].id)->bytes ==
			    sc->streams[0].sent + 1000 &&
		    !scene_received(sc, sc->streams[0].id)->wrong &&
		    count_reset(sc) == n - 1 + waiting && !count_open(sc, true),
		    "it goes on with them, or resets them");
	scene_free(sc);
}

/* As a sender does that is stopped behind the credit. */
static void take_and_fail(struct scene *sc, struct scene_stream *st, uint64_t len)
{
	struct equic_record *record = ring_reserve(sc->ring);

	if (!record || stream_take(sc->memory, st->slot, st->generation, st->sent,
				   len))
		ktap_bail("no bytes");
	*record = (struct equic_record){
		.number = EQUIC_RECORD_NO_NUMBER,
		.connection = sc->memory->connection,
		.kind = EQUIC_RECORD_STREAM,
		.flags = EQUIC_RECORD_UNSENT,
		.slot = st->slot,
		.generation = st->generation,
		.len = len,
		.offset = st->sent,
	};
	ring_submit(sc->ring, record);
	st->sent += len;
}

/* Nothing is lost on the path. */
static struct scene *begin_lossless(void)
{
	struct scene_plan plan = usual;

	plan.initial_max_data = 4 << 20;
	plan.path.queue = 1 << 24;
	plan.stream_bytes = 200000;
	return begin(&plan);
}

static void test_unsent(void)
{
	struct scene *sc = begin_lossless();
	struct equic_share_stats st;
	int err;

	take_and_fail(sc, &sc->streams[0], 1000);
	err = scene_play(sc, 60 * S);
	equic_share_get_stats(world_share(sc->world), &st);
	ktap_result(!err && scene_complete(sc) && scene_right(sc) &&
		    st.resent == 1000 && !st.lost,
		    "what the second sender took and could not send, the library sends");
	scene_free(sc);
}

/* Its record is there by then, and its number is used. */
static void test_failed(void)
{
	struct scene *sc = begin_lossless();
	struct equic_share_stats st;
	int err;

	sc->failing = 3;
	err = scene_play(sc, 60 * S);
	equic_share_get_stats(world_share(sc->world), &st);
	ktap_diag("%llu lost, %llu bytes sent again", (unsigned long long)st.lost,
		  (unsigned long long)st.resent);
	ktap_result(!err && scene_complete(sc) && scene_right(sc) && !sc->failing &&
		    st.lost == 3 && !st.spurious &&
		    st.resent > 2 * EQUIC_SHARE_PAYLOAD_MIN &&
		    st.resent < 3 * EQUIC_SHARE_PAYLOAD_DEFAULT,
		    "what the second sender could not transmit is lost, and the library sends it");
	scene_free(sc);
}

/* Two CPUs may have been given the same. */
static void test_twice(void)
{
	struct scene_plan plan = usual;
	struct equic_share_stats st;
	uint8_t bytes[100];
	struct scene *sc;
	size_t i;
	int err;

	plan.streams = 1;
	plan.stream_bytes = 400000;
	sc = begin(&plan);
	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = stream_byte(sc->streams[0].id, i);
	do {
		scene_run(sc, MS);
		err = second_stream(sc->second, sc->streams[0].slot,
				    sc->streams[0].generation, 0, bytes,
				    sizeof(bytes), false, 0);
	} while (err == -ENOBUFS);
	err = err ?: scene_play(sc, 60 * S);
	equic_share_get_stats(world_share(sc->world), &st);
	ktap_result(!err && scene_right(sc) && !st.hostile &&
		    st.twice == sizeof(bytes),
		    "a range that was sent twice is legal, and counted");
	scene_free(sc);
}

int main(void)
{
	ktap_begin();
	test_rewired(unwire_encrypt, "callback encrypt");
	test_rewired(unwire_decrypt, "callback decrypt");
	test_masked_twice();
	test_other_cipher();
	test_peer_limits();
	test_refused_key();
	test_update_again();
	test_worn_out();
	test_close();
	test_draining();
	test_idle();
	test_stateless_reset();
	test_retire();
	test_secrets();
	test_hung();
	test_pool();
	test_payload("without an option", 0, 0, 1252);
	test_payload("a peer with max_udp_payload_size", 0, 1210, 1210);
	test_payload("a peer with the least max_udp_payload_size", 0, 1200, 1200);
	test_payload("a peer that allows less than the path", 1452, 1300, 1300);
	test_foreign();
	test_left();
	test_unsent();
	test_failed();
	test_twice();
	return ktap_end();
}
