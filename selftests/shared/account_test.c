// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the library keeps account of: where streams end, in how many pieces they are,
 * what of the peer's credit is used. A second sender that writes into it what it likes
 * does no harm to the connection.
 */
#include "ktap.h"
#include "scene.h"
#include "share.h"
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
	scene_hostile(sc);
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
	ktap_result(scene_hostile(sc) && scene_goes_on(sc) &&
			    scene_received(sc, st.id)->fin &&
			    scene_received(sc, st.id)->bytes == SOME,
		    "a stream ends where FIN is, whatever its word says");
	scene_free(sc);

	sc = scene_begun(&usual);
	share = world_share(sc->world);
	st = ended(sc);
	sc->memory->streams[st.slot].word++;
	ktap_result(!equic_share_stream_reset(share, st.id, CODE) &&
			    scene_hostile(sc) && scene_goes_on(sc),
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
		scene_submit(sc, &record);
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
	ktap_result(scene_hostile(sc) && scene_goes_on(sc),
		    "what the peer has not allowed was not taken, whatever is told");
	scene_free(sc);

	sc = scene_begun(&little_credit);
	unpaid(sc, 1 << 20);
	equic_share_second_died(world_share(sc->world));
	ktap_result(scene_hostile(sc) && scene_goes_on(sc),
		    "nor had somebody who died");
	scene_free(sc);

	sc = scene_begun(&little_credit);
	st = unpaid(sc, 1 << 20);
	equic_share_stream_reset(world_share(sc->world), st.id, CODE);
	ktap_result(scene_hostile(sc) && scene_goes_on(sc),
		    "and it is in no final size");
	scene_free(sc);

	sc = scene_begun(&usual);
	st = unpaid(sc, 2 * SOME);
	tell_unsent(sc, &st, 0, 2 * SOME);
	ktap_result(!scene_hostile(sc) && is_estranged(sc) && scene_goes_on(sc),
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
	n = equic_share_writev_stream(share, NULL, NULL, packet, sizeof(packet), &used, 0,
				      sc->stack_stream, &vec, 1, world_now(sc->world));
	if (n > 0)
		world_send(sc->world, packet, n);
	if (used > 0)
		sc->stack_sent += used;
	ktap_result(is_within_credit(sc) && scene_goes_on(sc),
		    "what is used of MAX_DATA stays used for the stack");
	scene_free(sc);

	sc = without_credit();
	share = world_share(sc->world);
	sc->memory->data = 0;
	ktap_result(!equic_share_stream_open(share, &id) &&
			    equic_share_stream_send(share, id, 0, SOME, false) ==
				    NGTCP2_ERR_STREAM_DATA_BLOCKED &&
			    is_within_credit(sc) && scene_goes_on(sc),
		    "and for the endpoint's streams of the library");
	scene_free(sc);
}

/* One byte each, from behind, with as many between them: each costs a record, and moves all. */
static bool tell_pieces(struct scene *sc, const struct theirs *st, int count)
{
	const struct equic_share *s = world_share(sc->world);
	const struct stream *stream = streams_at((struct streams *)&s->streams, st->slot,
						 st->generation);
	bool bounded = true;

	while (count--) {
		tell_unsent(sc, st, 2 * count + 1, 2 * count + 2);
		if (count % SOME)
			continue;
		scene_hostile(sc);
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

	ktap_result(bounded && scene_hostile(sc) == 1,
		    "a stream that is told of in too many pieces has no more of them");
	ktap_result(scene_goes_on(sc) && scene_received(sc, st.id)->reset,
		    "and is reset");
	scene_free(sc);
}

int main(void)
{
	ktap_begin();
	test_behind_fin();
	test_pieces();
	test_unpaid();
	test_credit_back();
	return ktap_end();
}
