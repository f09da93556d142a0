// SPDX-License-Identifier: GPL-2.0-only
/*
 * A second sender that writes what it likes into the words and the rings, a peer that
 * sends frames of any value, an endpoint that asks for what there is not: the
 * connection goes on, and what was wrong is counted, or said.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "chance.h"
#include "enemy.h"
#include "frame.h"
#include "ktap.h"
#include "share.h"
#include "varint.h"
#include "word.h"

#define S NGTCP2_SECONDS

static void numbers_back(struct equic_shared *m, int ring_fd)
{
	(void)ring_fd;
	m->number -= 100;
}

static void numbers_ahead(struct equic_shared *m, int ring_fd)
{
	(void)ring_fd;
	m->number += 1ULL << 40;
}

static void another_epoch(struct equic_shared *m, int ring_fd)
{
	(void)ring_fd;
	m->number ^= 1ULL << EQUIC_NUMBER_EPOCH_SHIFT;
}

static void no_more_numbers(struct equic_shared *m, int ring_fd)
{
	(void)ring_fd;
	m->number |= EQUIC_NUMBER_NEXT_MASK;
}

static void stop(struct equic_shared *m, int ring_fd)
{
	(void)ring_fd;
	m->number |= EQUIC_NUMBER_STOP;
}

static void no_budget(struct equic_shared *m, int ring_fd)
{
	(void)ring_fd;
	m->budget = INT64_MIN;
}

/* And nobody tells what for. */
static void take_budget(struct equic_shared *m, int ring_fd)
{
	(void)ring_fd;
	m->budget = -(1LL << 39);
}

static void much_budget(struct equic_shared *m, int ring_fd)
{
	(void)ring_fd;
	m->budget = INT64_MAX;
}

static void all_credit_used(struct equic_shared *m, int ring_fd)
{
	(void)ring_fd;
	m->data = UINT64_MAX;
}

static void no_credit_used(struct equic_shared *m, int ring_fd)
{
	(void)ring_fd;
	m->data = 0;
}

static void more_credit(struct equic_shared *m, int ring_fd)
{
	(void)ring_fd;
	m->data_max += 1 << 30;
}

static void less_credit(struct equic_shared *m, int ring_fd)
{
	(void)ring_fd;
	m->data_max = 0;
}

static void ends_moved(struct equic_shared *m, int ring_fd)
{
	int i;

	(void)ring_fd;
	for (i = 0; i < EQUIC_SHARED_STREAMS; i++)
		if (m->streams[i].word)
			m->streams[i].word += 1 << 30;
}

static void ends_back(struct equic_shared *m, int ring_fd)
{
	int i;

	(void)ring_fd;
	for (i = 0; i < EQUIC_SHARED_STREAMS; i++)
		m->streams[i].word &= ~EQUIC_STREAM_END_MASK;
}

static void other_generations(struct equic_shared *m, int ring_fd)
{
	int i;

	(void)ring_fd;
	for (i = 0; i < EQUIC_SHARED_STREAMS; i++)
		if (m->streams[i].word)
			m->streams[i].word ^= 1ULL <<
				EQUIC_STREAM_GENERATION_SHIFT;
}

static void streams_closed(struct equic_shared *m, int ring_fd)
{
	int i;

	(void)ring_fd;
	for (i = 0; i < EQUIC_SHARED_STREAMS; i++)
		if (m->streams[i].word)
			m->streams[i].word |= EQUIC_STREAM_CLOSED;
}

static void streams_emptied(struct equic_shared *m, int ring_fd)
{
	(void)ring_fd;
	memset(m->streams, 0, sizeof(m->streams));
}

static void other_streams(struct equic_shared *m, int ring_fd)
{
	int i;

	(void)ring_fd;
	for (i = 0; i < EQUIC_SHARED_STREAMS; i++) {
		m->streams[i].id = UINT64_MAX - i;
		m->streams[i].max = UINT64_MAX;
		m->streams[i].reserved = UINT64_MAX;
	}
}

static void another_layout(struct equic_shared *m, int ring_fd)
{
	(void)ring_fd;
	m->magic = 0;
	m->version = 99;
	m->streams_max = 65535;
	m->size = UINT32_MAX;
	m->connection = 99;
	m->payload_max = UINT32_MAX;
	m->datagram_max = UINT32_MAX;
	m->heartbeat = UINT64_MAX;
	m->refused = UINT64_MAX;
}

static void slots_taken(struct equic_shared *m, int ring_fd)
{
	int i;

	(void)ring_fd;
	for (i = 0; i < EQUIC_SHARED_STREAMS; i++)
		if (!m->streams[i].word)
			m->streams[i].word = 1;
}

static void noise_in_streams(struct equic_shared *m, int ring_fd)
{
	(void)ring_fd;
	memset(m->streams, 0xa5, sizeof(m->streams));
}

static void noise(struct equic_shared *m, int ring_fd)
{
	(void)ring_fd;
	memset(m, 0x5a, sizeof(*m));
}

/* Records of nothing that there is. */
static void noise_in_ring(struct equic_shared *m, int ring_fd)
{
	struct ring *ring = ring_map(ring_fd, true);
	struct equic_record *record;

	(void)m;
	while (ring && (record = ring_reserve(ring))) {
		memset(record, rand(), sizeof(*record));
		ring_submit(ring, record);
	}
	ring_free(ring);
}

/* As if more had been read of it than there was: nobody has room. */
static void ring_read_further(struct equic_shared *m, int ring_fd)
{
	__u64 *consumer = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, ring_fd, 0);

	(void)m;
	if (consumer == MAP_FAILED)
		ktap_bail("no ring");
	*consumer += 8;
	munmap(consumer, 4096);
}

/* What is done about it. */
enum answer {
	NOTHING,	/* there is no need */
	COUNTED,
	ESTRANGED,
};

static const char * const answers[] = {
	"it does no harm", "it is counted", "the memory is given up",
};

static const struct {
	const char *name;
	void (*spoil)(struct equic_shared *m, int ring_fd);
	enum answer answer;
} words[] = {
	{ "numbers go back", numbers_back, ESTRANGED },
	{ "numbers leap", numbers_ahead, ESTRANGED },
	{ "the word has another epoch", another_epoch, ESTRANGED },
	{ "there are no more numbers", no_more_numbers, ESTRANGED },
	{ "the second sender stops itself", stop, NOTHING },
	{ "the budget is gone", no_budget, COUNTED },
	{ "the budget is taken", take_budget, NOTHING },
	{ "the budget is endless", much_budget, COUNTED },
	{ "all credit is used up", all_credit_used, ESTRANGED },
	{ "no credit was used", no_credit_used, ESTRANGED },
	{ "there is more credit", more_credit, ESTRANGED },
	{ "there is less credit", less_credit, ESTRANGED },
	{ "streams end further on", ends_moved, COUNTED },
	{ "streams end where they began", ends_back, COUNTED },
	{ "slots have other streams", other_generations, COUNTED },
	{ "streams are closed", streams_closed, NOTHING },
	{ "slots are empty", streams_emptied, COUNTED },
	{ "streams have other IDs and limits", other_streams, NOTHING },
	{ "the layout is another", another_layout, NOTHING },
	{ "empty slots are taken", slots_taken, ESTRANGED },
	{ "noise in the streams", noise_in_streams, ESTRANGED },
	{ "noise in the ring", noise_in_ring, COUNTED },
	{ "noise everywhere", noise, ESTRANGED },
	{ "the ring was read further", ring_read_further, NOTHING },
};

static enum answer answer_of(struct scene *sc)
{
	struct equic_share_stats st;

	equic_share_get_stats(world_share(sc->world), &st);
	return st.estranged ? ESTRANGED : st.hostile ? COUNTED : NOTHING;
}

static void test_word(uint64_t seed, size_t i)
{
	struct scene_plan plan = enemy_plan;
	struct scene *sc;
	int err;

	plan.seed = seed;
	plan.spoil = words[i].spoil;
	sc = scene_new(&plan);
	err = scene_play(sc, 300 * S);
	scene_print(sc, words[i].name, err);
	ktap_result(!err && scene_complete(sc) && scene_right(sc),
		    "%s: what the stack sends arrives", words[i].name);
	ktap_result(!world_receiver(sc->world)->repeated,
		    "%s: no number is used twice", words[i].name);
	ktap_result(answer_of(sc) == words[i].answer, "%s: %s", words[i].name,
		    answers[words[i].answer]);
	scene_free(sc);
}

static struct scene *begin(const struct scene_plan *plan)
{
	struct scene *sc = scene_begun(plan);

	/* All that was said until now has been heard. */
	equic_share_handle_expiry(world_share(sc->world), world_now(sc->world));
	if (answer_of(sc) != NOTHING)
		ktap_bail("the connection is not as it should be");
	return sc;
}

/* Another one begins with what it has left, before anybody else has looked. */
static void test_heir(size_t i)
{
	struct scene *sc = begin(&enemy_plan);

	words[i].spoil(sc->memory, equic_share_ring_fd(world_share(sc->world), 0));
	sc->dead = true;
	sc->revive_at = world_now(sc->world);
	ktap_result(enemy_is_harmless(sc), "%s, and it dies: another one does no harm",
		    words[i].name);
	scene_free(sc);
}

/* When all was read, so that there is nothing to be read that would put it right. */
static void test_heir_ring(void)
{
	struct scene *sc = begin(&enemy_plan);
	struct equic_share_stats before, st;

	ring_read_further(sc->memory, equic_share_ring_fd(world_share(sc->world), 0));
	sc->dead = true;
	sc->revive_at = world_now(sc->world);
	equic_share_get_stats(world_share(sc->world), &before);
	scene_run(sc, S);
	equic_share_get_stats(world_share(sc->world), &st);
	ktap_result(st.second > before.second,
		    "another one has room in a ring that was read further");
	scene_free(sc);
}

static void no_such_number(struct equic_record *r)
{
	r->number += 5;
}

static void number_of_nowhere(struct equic_record *r)
{
	r->number += 2 * SHARE_LEAP;
}

static void no_number(struct equic_record *r)
{
	r->number = EQUIC_RECORD_NO_NUMBER;
}

static void another_connection(struct equic_record *r)
{
	r->connection++;
}

static void unknown_kind(struct equic_record *r)
{
	r->kind = EQUIC_RECORD_STREAM + 1;
}

static void unknown_flag(struct equic_record *r)
{
	r->flags = 1 << 2;
}

static void sent_nothing(struct equic_record *r)
{
	r->kind = EQUIC_RECORD_VOID;
}

static void no_slot(struct equic_record *r)
{
	r->slot = EQUIC_SHARED_STREAMS;
}

static void empty_slot(struct equic_record *r)
{
	r->slot = EQUIC_SHARED_STREAMS - 1;
}

static void another_generation(struct equic_record *r)
{
	r->generation++;
}

static void bytes_not_taken(struct equic_record *r)
{
	r->offset += 1 << 24;
}

static void bytes_beyond_all(struct equic_record *r)
{
	r->offset = UINT64_MAX - 10;
}

static void longer_than_a_packet(struct equic_record *r)
{
	r->offset = 0;
	r->len = SHARE_PACKET_MAX + 1;
}

static void larger_than_a_packet(struct equic_record *r)
{
	r->size = SHARE_PACKET_MAX + 1;
}

static void early_fin(struct equic_record *r)
{
	r->flags = EQUIC_RECORD_FIN;
	r->offset = 0;
	r->len = 1;
}

static void long_ago(struct equic_record *r)
{
	r->sent_ns = 0;
}

static void to_come(struct equic_record *r)
{
	r->sent_ns = UINT64_MAX;
}

static void of_no_size(struct equic_record *r)
{
	r->size = 0;
}

static void all_bits_of_number(struct equic_record *r)
{
	r->number |= ~EQUIC_NUMBER_NEXT_MASK;
}

/* What is wrong with a record of bytes that were sent. */
static const struct {
	const char *name;
	void (*spoil)(struct equic_record *r);
	enum answer answer;
} records[] = {
	{ "nobody took its number", no_such_number, ESTRANGED },
	{ "nor any that is near", number_of_nowhere, COUNTED },
	{ "it was sent, without a number", no_number, COUNTED },
	{ "it is of another connection", another_connection, COUNTED },
	{ "there is no such kind", unknown_kind, COUNTED },
	{ "there is no such flag", unknown_flag, COUNTED },
	{ "nothing was sent", sent_nothing, COUNTED },
	{ "there is no such slot", no_slot, COUNTED },
	{ "its slot is empty", empty_slot, COUNTED },
	{ "its slot has another stream", another_generation, COUNTED },
	{ "nobody took its bytes", bytes_not_taken, COUNTED },
	{ "its bytes are beyond all", bytes_beyond_all, COUNTED },
	{ "its bytes do not fit a packet", longer_than_a_packet, COUNTED },
	{ "its packet is too large", larger_than_a_packet, COUNTED },
	{ "FIN is before bytes that were sent", early_fin, COUNTED },
	{ "it was sent long ago", long_ago, NOTHING },
	{ "it will be sent one day", to_come, NOTHING },
	{ "its packet has no size", of_no_size, NOTHING },
	{ "its number has an epoch that is none", all_bits_of_number, NOTHING },
};

/* Of bytes that were sent, as if they were sent again. */
static struct equic_record usual_record(struct scene *sc)
{
	uint64_t word;

	if (number_take(sc->memory, true, &word))
		ktap_bail("no number");
	return (struct equic_record){
		.number = word,
		.sent_ns = world_now(sc->world),
		.connection = sc->memory->connection,
		.size = 1000,
		.kind = EQUIC_RECORD_STREAM,
		.slot = sc->streams[0].slot,
		.generation = sc->streams[0].generation,
		.len = 100,
		.offset = sc->streams[0].sent - 100,
	};
}

static void test_record(size_t i)
{
	struct scene *sc = begin(&enemy_plan);
	struct equic_record record = usual_record(sc);
	uint64_t before = enemy_seen(sc);

	records[i].spoil(&record);
	enemy_submit(sc, &record);
	ktap_result(enemy_seen(sc) == before + (records[i].answer == COUNTED) &&
		    answer_of(sc) == records[i].answer && enemy_is_harmless(sc),
		    "a record: %s: %s", records[i].name, answers[records[i].answer]);
	scene_free(sc);
}

static void test_record_twice(void)
{
	struct scene *sc = begin(&enemy_plan);
	struct equic_record record = usual_record(sc);
	uint64_t before = enemy_seen(sc);

	enemy_submit(sc, &record);
	ktap_result(enemy_seen(sc) == before, "a record of bytes that were sent is heard");
	enemy_submit(sc, &record);
	ktap_result(enemy_seen(sc) == before + 1 && enemy_is_harmless(sc),
		    "a record: its number was in another: it is counted, and left");
	scene_free(sc);
}

static struct equic_share_stream stream_that(struct scene *sc, bool begun)
{
	struct equic_share_stream st, *at = NULL;

	while (equic_share_stream_next(world_share(sc->world), at, &st)) {
		if (st.begun == begun)
			return st;
		at = &st;
	}
	ktap_bail("no such stream");
}

static void test_frames(void)
{
	struct equic_share_stream st;
	struct scene *sc = begin(&enemy_plan);

	/* It is the lowest that waits: the higher ones cannot be known either. */
	st = stream_that(sc, false);
	enemy_hear(sc, FRAME_STOP_SENDING, st.id, VARINT_MAX, 2);
	ktap_result(sc->stopped == 1 && enemy_is_harmless(sc) &&
		    scene_received(sc, st.id)->reset,
		    "STOP_SENDING for a stream that waits resets it");
	enemy_hear(sc, FRAME_STOP_SENDING, st.id, 1, 2);
	ktap_result(sc->stopped == 1 && enemy_is_harmless(sc),
		    "and nothing is done when it comes again, behind its end");
	scene_free(sc);

	sc = begin(&enemy_plan);
	enemy_hear(sc, FRAME_MAX_DATA, VARINT_MAX, 0, 1);
	st = stream_that(sc, true);
	enemy_hear(sc, FRAME_MAX_STREAM_DATA, st.id, VARINT_MAX, 2);
	ktap_result(equic_share_stream_send(world_share(sc->world), st.id,
					    EQUIC_STREAM_END_MASK - 1, 2, false) ==
			    NGTCP2_ERR_INVALID_ARGUMENT &&
		    answer_of(sc) == NOTHING,
		    "the largest limits that there are do no harm");
	enemy_hear(sc, FRAME_MAX_DATA, 0, 0, 1);
	enemy_hear(sc, FRAME_MAX_STREAM_DATA, st.id, 0, 2);
	ktap_result(answer_of(sc) == NOTHING && sc->memory->data_max == VARINT_MAX,
		    "smaller ones that come late are ignored");
	scene_free(sc);
}

/* Whoever is on the path can send that. */
static void test_datagrams(uint64_t seed)
{
	struct scene *sc = begin(&enemy_plan);
	const ngtcp2_path *path = ngtcp2_conn_get_path(world_sender(sc->world));
	uint8_t bytes[TRANSIT_DATAGRAM_MAX];
	ngtcp2_pkt_info pi = { };
	struct chance chance;
	size_t len, at;
	int i, err = 0;

	chance_seed(&chance, seed);
	for (i = 0; i < 10000 && !err; i++) {
		len = 1 + chance_of(&chance, sizeof(bytes));
		for (at = 0; at < len; at++)
			bytes[at] = chance_next(&chance);
		/* Half of them with a short header. */
		if (chance_of(&chance, 2))
			bytes[0] = (bytes[0] & ~LONG_HEADER) | FIXED_BIT;
		err = equic_share_read_pkt(world_share(sc->world), path, &pi, bytes,
					   len, world_now(sc->world));
	}
	ktap_result(!err && answer_of(sc) == NOTHING && enemy_is_harmless(sc),
		    "datagrams of noise disturb nobody");
	scene_free(sc);
}

/* The peer alone can seal that. */
static void test_payloads(uint64_t seed)
{
	uint8_t packet[TRANSIT_DATAGRAM_MAX];
	struct chance chance;
	unsigned int i, wrong = 0, ended = 0;
	ngtcp2_ccerr error;
	struct scene *sc;
	int err;

	chance_seed(&chance, seed);
	for (i = 0; i < 50; i++) {
		sc = begin(&enemy_plan);
		world_receiver(sc->world)->noise = &chance;
		world_receiver(sc->world)->lie = RECEIVER_NOISE;
		err = world_run(sc->world, world_now(sc->world) + S);
		ngtcp2_ccerr_default(&error);
		ended += !!err;
		wrong += equic_share_write_connection_close(world_share(sc->world),
							    NULL, NULL, packet,
							    sizeof(packet), &error,
							    world_now(sc->world)) <=
			 0;
		scene_free(sc);
	}
	ktap_diag("%u of %u connections ended", ended, i);
	ktap_result(ended && !wrong,
		    "noise that the peer has sealed ends the connection, and it can be closed");
}

/* Streams of the library's that the endpoint opens. */
static void test_calls(void)
{
	struct scene_plan plan = enemy_plan;
	struct equic_share_stream look;
	struct equic_share *share;
	uint64_t id, other, max;
	struct scene *sc;
	int n = 0, ret;

	/* There is credit left. */
	plan.streams = 1;
	plan.stream_bytes = 100000;
	plan.initial_max_data = 4 << 20;
	plan.max_stream_data = 1 << 20;
	sc = begin(&plan);
	share = world_share(sc->world);

	ktap_result(!equic_share_stream_open(share, &id) &&
		    !equic_share_stream_send(share, id, 0, 3000, false) &&
		    !equic_share_stream_send(share, id, 5000, 1000, false) &&
		    !equic_share_stream_send(share, id, 3000, 2000, false),
		    "an endpoint opens a stream, and sends in any order");
	max = streams_find(&share->streams, id)->max;
	ktap_result(equic_share_stream_send(share, id, max, 1, false) ==
			    NGTCP2_ERR_STREAM_DATA_BLOCKED,
		    "not beyond what the peer allows");
	ktap_result(equic_share_stream_send(share, id, UINT64_MAX, UINT64_MAX,
					    false) ==
			    NGTCP2_ERR_INVALID_ARGUMENT,
		    "nor beyond all offsets");
	ktap_result(!equic_share_stream_send(share, id, 6000, 0, true) &&
		    equic_share_stream_send(share, id, 6000, 1, false) ==
			    NGTCP2_ERR_STREAM_SHUT_WR,
		    "nor behind FIN");
	look.id = id - 1;
	ktap_result(equic_share_stream_next(share, &look, &look) &&
		    look.id == id && look.end == 6000 && look.ended,
		    "it is known to have ended");
	ktap_result(!equic_share_stream_open(share, &other) &&
		    !equic_share_stream_send(share, other, 0, 1000, false) &&
		    equic_share_stream_send(share, other, 0, 500, true) ==
			    NGTCP2_ERR_INVALID_ARGUMENT,
		    "FIN before what was sent is refused");
	ktap_result(equic_share_stream_reset(share, other, 1ULL << 62) ==
			    NGTCP2_ERR_INVALID_ARGUMENT,
		    "a code that no frame can have is refused");
	ktap_result(!equic_share_stream_reset(share, other, 7) &&
		    equic_share_stream_send(share, other, 1000, 1, false) ==
			    NGTCP2_ERR_STREAM_SHUT_WR,
		    "what is reset is not sent on");
	while (!(ret = equic_share_stream_open(share, &other)) && n < 1000)
		n++;
	ktap_result(ret == NGTCP2_ERR_STREAM_ID_BLOCKED,
		    "the peer's MAX_STREAMS is obeyed");
	ktap_result(enemy_is_harmless(sc) && scene_received(sc, id)->fin &&
		    scene_received(sc, id)->bytes == 6000 &&
		    !scene_received(sc, id)->wrong && answer_of(sc) == NOTHING,
		    "the endpoint's stream arrives");
	ktap_result(equic_share_stream_send(share, id, 0, 1, false) ==
			    NGTCP2_ERR_STREAM_NOT_FOUND &&
		    equic_share_stream_reset(share, id, 0) ==
			    NGTCP2_ERR_STREAM_NOT_FOUND,
		    "and is not found when the peer has it");
	scene_free(sc);
}

int main(int argc, char **argv)
{
	struct plan chances;
	size_t i;

	ktap_begin();
	chances = chance_plan(argc, argv, 1, "runs");
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		test_word(chances.seed, i);
	for (i = 0; i < sizeof(words) / sizeof(*words); i++)
		test_heir(i);
	test_heir_ring();
	for (i = 0; i < sizeof(records) / sizeof(records[0]); i++)
		test_record(i);
	test_record_twice();
	test_frames();
	test_datagrams(chances.seed);
	test_payloads(chances.seed);
	test_calls();
	return ktap_end();
}
