// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the library keeps account of: where streams end, in how many pieces they are,
 * what of the peer's credit is used. A second sender that writes into it what it likes
 * does no harm to the connection.
 */
#include "enemy.h"
#include "frame.h"
#include "ktap.h"
#include "share.h"
#include "varint.h"
#include "word.h"

#define MS NGTCP2_MILLISECONDS

enum { CODE = 9, SOME = 1000 };

static const struct scene_plan usual = {
	.path = { .delay = 10 * MS, .rate = 5000000, .queue = 200000 },
	.seed = 1, .streams = 1, .stream_bytes = 100000, .stack_bytes = 500000,
	.initial_max_data = 4 << 20,
};

/* A stream of the second sender's. */
struct theirs {
	unsigned int	slot, generation;
	uint64_t	id;
};

/* What the library knows of it. */
static const struct stream *known(struct scene *sc, const struct theirs *st)
{
	return streams_at(&world_share(sc->world)->streams, st->slot, st->generation);
}

static struct theirs claim(struct scene *sc)
{
	struct theirs st;

	if (second_claim(sc->second, &st.slot, &st.generation))
		ktap_bail("no stream");
	st.id = sc->memory->streams[st.slot].id;
	return st;
}

/* As soon as it may. */
static void send_some(struct scene *sc, const struct theirs *st, uint64_t offset,
		      bool fin)
{
	uint8_t bytes[SOME];
	int tries = 1000, i;

	for (i = 0; i < SOME; i++)
		bytes[i] = stream_byte(st->id, offset + i);
	while (second_stream(sc->second, st->slot, st->generation, offset, bytes, SOME,
			     fin, 0)) {
		if (!tries--)
			ktap_bail("the second sender may not send");
		scene_run(sc, MS);
	}
}

/* A stream of which FIN is known, and the peer does not have it yet. */
static struct theirs ended(struct scene *sc)
{
	struct theirs st = claim(sc);

	send_some(sc, &st, 0, true);
	enemy_seen(sc);
	return st;
}

/* The word says that somebody has taken bytes behind FIN. */
static void test_behind_fin(void)
{
	struct scene *sc = scene_begun(&usual);
	struct equic_share *share = world_share(sc->world);
	struct theirs st = ended(sc);

	sc->memory->streams[st.slot].word++;
	equic_share_second_died(share);
	ktap_result(enemy_seen(sc) && enemy_is_harmless(sc) &&
			    scene_received(sc, st.id)->fin &&
			    scene_received(sc, st.id)->bytes == SOME,
		    "a stream ends where FIN is, whatever its word says");
	scene_free(sc);

	sc = scene_begun(&usual);
	share = world_share(sc->world);
	st = ended(sc);
	sc->memory->streams[st.slot].word++;
	ktap_result(!equic_share_stream_reset(share, st.id, CODE) &&
			    enemy_seen(sc) && enemy_is_harmless(sc),
		    "and that is its final size when it is reset");
	scene_free(sc);
}

/* All of the peer's credit is used, or nearly. */
static const struct scene_plan little_credit = {
	.path = { .delay = 10 * MS, .rate = 5000000, .queue = 200000 },
	.seed = 1, .streams = 2, .stream_bytes = 300000, .stack_bytes = 300000,
	.initial_max_data = 1 << 17, .max_stream_data = 1 << 20,
};

static bool is_estranged(struct scene *sc)
{
	struct equic_share_stats st;

	equic_share_get_stats(world_share(sc->world), &st);
	return st.estranged;
}

/* Bytes that were taken, and were not sent. */
static void tell_unsent(struct scene *sc, const struct theirs *st, uint64_t begin,
			uint64_t end)
{
	struct equic_record record = {
		.number = EQUIC_RECORD_NO_NUMBER,
		.connection = sc->memory->connection,
		.kind = EQUIC_RECORD_STREAM, .flags = EQUIC_RECORD_UNSENT,
		.slot = st->slot, .generation = st->generation,
	};

	for (; begin < end; begin += record.len) {
		record.offset = begin;
		record.len = end - begin < SOME ? end - begin : SOME;
		enemy_submit(sc, &record);
	}
}

/* So much of a stream, which nobody has paid for. */
static struct theirs unpaid(struct scene *sc, uint64_t end)
{
	struct theirs st = claim(sc);

	sc->memory->streams[st.slot].word += end;
	return st;
}

static void test_unpaid(void)
{
	struct scene *sc = scene_begun(&little_credit);
	struct theirs st = unpaid(sc, 1 << 20);

	tell_unsent(sc, &st, 0, 1 << 20);
	ktap_result(enemy_seen(sc) && enemy_is_harmless(sc),
		    "what the peer has not allowed was not taken, whatever is told");
	scene_free(sc);

	sc = scene_begun(&little_credit);
	unpaid(sc, 1 << 20);
	equic_share_second_died(world_share(sc->world));
	ktap_result(enemy_seen(sc) && enemy_is_harmless(sc),
		    "nor had somebody who died");
	scene_free(sc);

	sc = scene_begun(&little_credit);
	st = unpaid(sc, 1 << 20);
	equic_share_stream_reset(world_share(sc->world), st.id, CODE);
	ktap_result(enemy_seen(sc) && enemy_is_harmless(sc),
		    "and it is in no final size");
	scene_free(sc);

	sc = scene_begun(&usual);
	st = unpaid(sc, 2 * SOME);
	tell_unsent(sc, &st, 0, 2 * SOME);
	ktap_result(!enemy_seen(sc) && is_estranged(sc) && enemy_is_harmless(sc),
		    "what was taken and not paid ends the sharing");
	scene_free(sc);
}

/* The peer's credit is used but for less than a packet's. */
static struct scene *without_credit(void)
{
	struct scene *sc = scene_begun(&little_credit);
	int tries = 1000;

	while (share_data_left(world_share(sc->world)) >= SOME && tries--)
		scene_run(sc, MS);
	if (tries < 0)
		ktap_bail("there is credit");
	return sc;
}

static bool is_within_credit(struct scene *sc)
{
	const struct equic_share *s = world_share(sc->world);

	return s->stack_data + s->streams.known <= s->data_max;
}

/* What has been used is free again, the word says: to who asks before that is seen. */
static void test_credit_back(void)
{
	struct scene *sc = without_credit();
	struct equic_share *share = world_share(sc->world);
	uint8_t packet[TRANSIT_DATAGRAM_MAX];
	ngtcp2_vec vec = { sc->stack + sc->stack_sent, SOME };
	ngtcp2_ssize n, used;
	uint64_t id;

	sc->memory->data = 0;
	ktap_result(equic_share_get_max_data_left(share) ==
		    share->data_max - share->stack_data - share->streams.known,
		    "no more is left of MAX_DATA than is known, whatever its word says");
	n = equic_share_writev_stream(share, NULL, NULL, packet, sizeof(packet), &used, 0,
				      sc->stack_stream, &vec, 1, world_now(sc->world));
	if (n > 0)
		world_send(sc->world, packet, n);
	if (used > 0)
		sc->stack_sent += used;
	ktap_result(is_within_credit(sc) && enemy_is_harmless(sc),
		    "what is used of MAX_DATA stays used for the stack");
	scene_free(sc);

	sc = without_credit();
	share = world_share(sc->world);
	sc->memory->data = 0;
	ktap_result(!equic_share_stream_open(share, &id) &&
			    equic_share_stream_send(share, id, 0, SOME, false) ==
				    NGTCP2_ERR_STREAM_DATA_BLOCKED &&
			    is_within_credit(sc) && enemy_is_harmless(sc),
		    "and for the endpoint's streams of the library");
	scene_free(sc);
}

/* One byte each, and one between: from behind, so that each moves all that were before. */
static bool tell_pieces(struct scene *sc, const struct theirs *st, int count)
{
	const struct stream *stream = known(sc, st);
	bool bounded = true;

	while (count--) {
		tell_unsent(sc, st, 2 * count + 1, 2 * count + 2);
		if (count % SOME)
			continue;
		enemy_seen(sc);
		bounded &= stream->told.room <= RANGES_MAX &&
			   stream->due.room <= RANGES_MAX;
	}
	return bounded;
}

/* Its end, and paid for. */
static struct theirs paid(struct scene *sc, uint64_t end)
{
	struct theirs st = claim(sc);

	if (stream_take(sc->memory, st.slot, st.generation, 0, end))
		ktap_bail("no credit");
	return st;
}

static void test_pieces(void)
{
	struct scene *sc = scene_begun(&usual);
	struct theirs st = paid(sc, 5 * RANGES_MAX);
	bool bounded = tell_pieces(sc, &st, 2 * RANGES_MAX);

	ktap_result(bounded && enemy_seen(sc) == 1,
		    "a stream that is told of in too many pieces has no more of them");
	ktap_result(enemy_is_harmless(sc) && scene_received(sc, st.id)->reset,
		    "and is reset");
	scene_free(sc);
}

/* What is used of the credit is what is known to be, when nobody else writes there. */
static bool is_exact(struct scene *sc)
{
	const struct equic_share *s = world_share(sc->world);

	return s->memory != s->mapped &&
	       s->memory->data == s->stack_data + s->streams.known;
}

/* For the callback: who sends there, once. */
static struct scene *hooked;
static struct theirs hooked_stream;

/* Records were looked at before; then the memory is spoiled. */
static void send_and_spoil(void)
{
	struct scene *sc = hooked;

	if (!sc)
		return;
	hooked = NULL;
	budget_add(sc->memory, 2 * SOME);
	send_some(sc, &hooked_stream, 0, false);
	sc->memory->number += 1ULL << 40;
}

static void wait_for_room(struct scene *sc)
{
	while (recovery_room(world_share(sc->world)->recovery, world_now(sc->world)) <
	       2 * SOME)
		scene_run(sc, MS);
}

/* The library sends something that it asks for. */
static void write_own(struct scene *sc)
{
	struct equic_share *share = world_share(sc->world);
	uint8_t packet[TRANSIT_DATAGRAM_MAX];
	ngtcp2_ssize n;
	uint64_t id;

	if (equic_share_stream_open(share, &id))
		ktap_bail("no stream");
	wait_for_room(sc);
	hooked = sc;
	equic_share_stream_send(share, id, 0, SOME, true);
	n = equic_share_writev_stream(share, NULL, NULL, packet, sizeof(packet), NULL, 0, -1,
				      NULL, 0, world_now(sc->world));
	if (n > 0)
		world_send(sc->world, packet, n);
}

static void test_sent_before(void)
{
	struct scene_plan plan = usual;
	struct scene *sc;

	plan.told = send_and_spoil;
	sc = scene_begun(&plan);
	hooked_stream = claim(sc);
	write_own(sc);
	if (hooked || !is_estranged(sc))
		ktap_bail("the memory is kept");
	ktap_result(known(sc, &hooked_stream)->known == SOME && is_exact(sc),
		    "what was sent in the moment before the memory is given up is known");
	equic_share_stream_reset(world_share(sc->world), hooked_stream.id, CODE);
	ktap_result(!enemy_seen(sc) && enemy_is_harmless(sc) &&
			    scene_received(sc, hooked_stream.id)->reset,
		    "and is in the final size");
	scene_free(sc);
}

static size_t stream_frame(uint8_t *to, size_t room, uint64_t id, size_t len)
{
	uint8_t *at = to, *end = to + room;
	size_t i;

	*at++ = FRAME_STREAM | FRAME_STREAM_LEN;
	at = varint_write(at, end, id);
	at = varint_write(at, end, len);
	for (i = 0; i < len; i++)
		*at++ = stream_byte(id, i);
	return at - to;
}

/* It has taken all that it needs for a packet when the memory is given up. */
static void test_sent_behind(void)
{
	struct scene *sc = scene_begun(&usual);
	struct equic_record *record = ring_reserve(sc->ring);
	struct theirs st = paid(sc, SOME);
	uint8_t payload[2 * SOME];
	uint64_t word;
	size_t len;

	if (!record || number_take(sc->memory, true, &word))
		ktap_bail("no number");
	sc->memory->data_max++;
	if (enemy_seen(sc) || !is_estranged(sc))
		ktap_bail("the memory is kept");
	*record = (struct equic_record){
		.number = word, .sent_ns = world_now(sc->world), .size = SOME + 50,
		.connection = sc->memory->connection, .kind = EQUIC_RECORD_STREAM,
		.slot = st.slot, .generation = st.generation, .len = SOME,
	};
	ring_submit(sc->ring, record);
	len = stream_frame(payload, sizeof(payload), st.id, SOME);
	enemy_send_under(sc, word, payload, len);
	ktap_result(!enemy_seen(sc) && known(sc, &st)->known == SOME && is_exact(sc),
		    "what is sent behind that, by who was late, is believed and counted");
	equic_share_stream_reset(world_share(sc->world), st.id, CODE);
	ktap_result(enemy_is_harmless(sc) && scene_received(sc, st.id)->reset,
		    "and is in the final size, too");
	scene_free(sc);
}

/* What is wrong there is found once more when what is left in the rings is read. */
static void test_broken_ring(void)
{
	struct scene *sc = scene_begun(&usual);
	struct equic_record *record = ring_reserve(sc->ring);
	uint32_t *len = (uint32_t *)record - 2;

	if (!record)
		ktap_bail("no record");
	*len = 4;
	ktap_result(!enemy_seen(sc) && is_estranged(sc) && enemy_is_harmless(sc),
		    "a ring with something else than records ends the sharing");
	scene_free(sc);
}

/* In the middle of a packet of the stack's. */
static void test_given_up_within(void)
{
	struct scene *sc = scene_begun(&usual);
	uint8_t packet[TRANSIT_DATAGRAM_MAX];
	ngtcp2_ssize n, used = 0;
	ngtcp2_vec vec;

	wait_for_room(sc);
	vec = (ngtcp2_vec){ sc->stack + sc->stack_sent, 2 * SOME };
	sc->memory->number += 1ULL << 40;
	n = equic_share_writev_stream(world_share(sc->world), NULL, NULL, packet,
				      sizeof(packet), &used, 0, sc->stack_stream, &vec, 1,
				      world_now(sc->world));
	if (n <= 0 || used <= 0)
		ktap_bail("the stack may not send");
	world_send(sc->world, packet, n);
	sc->stack_sent += used;
	ktap_result(is_exact(sc) && enemy_is_harmless(sc),
		    "what the stack sends while the memory is given up is counted");
	scene_free(sc);
}

/* Words say of streams that have begun that they wait, while those that do are ended. */
static void test_unclaimed(void)
{
	struct scene *sc = scene_begun(&usual);
	struct equic_share *share = world_share(sc->world);
	unsigned int i, begun = share->streams.count - share->waiting;

	sc->dead = true;
	sc->revive_at = UINT64_MAX;
	for (i = 0; i < EQUIC_SHARED_STREAMS; i++)
		sc->memory->streams[i].word &= ~EQUIC_STREAM_CLAIMED;
	own_empty_pool(share);
	ktap_result(begun && !share->waiting &&
		    share->streams.count - share->streams.released == begun,
		    "those that wait are told from others, whatever their words say");
	sc->revive_at = world_now(sc->world);
	scene_run(sc, 100 * MS);
	ktap_result(share->waiting == EQUIC_SHARED_POOL, "and behind its death others wait");
	scene_free(sc);
}

/* They were to be sent, and the endpoint could not: its socket was full. */
static void test_probes_wait(void)
{
	struct scene *sc = scene_begun(&usual);
	struct equic_share *share = world_share(sc->world);
	int i;

	share->probes = 2;
	for (i = 0; i < 50; i++)
		equic_share_handle_expiry(share, world_now(sc->world) + i * MS);
	ktap_result(share->probes == 2, "probes wait until they can be sent");
	scene_free(sc);
}

/* It comes in one datagram with the end of the handshake. */
static void test_early_credit(void)
{
	struct scene_plan plan = usual;
	uint64_t max = plan.initial_max_data + 1000;
	struct equic_share *share;
	struct scene *sc;

	plan.client = true;
	sc = scene_new(&plan);
	share = world_share(sc->world);
	scene_run(sc, 5 * MS);
	if (share->parameters)
		ktap_bail("the peer's parameters are known");
	enemy_hear(sc, FRAME_MAX_DATA, max, 0, 1);
	while (!share->parameters)
		scene_run(sc, MS);
	ktap_result(!is_estranged(sc) && share->data_max >= max &&
		    sc->memory->data_max >= max,
		    "MAX_DATA that is heard before the peer's parameters counts");
	scene_free(sc);
}

int main(void)
{
	ktap_begin();
	test_unclaimed();
	test_probes_wait();
	test_behind_fin();
	test_pieces();
	test_unpaid();
	test_credit_back();
	test_sent_before();
	test_sent_behind();
	test_broken_ring();
	test_given_up_within();
	test_early_credit();
	return ktap_end();
}
