// SPDX-License-Identifier: GPL-2.0-only
/*
 * Numbers that are in no packet: those that the stack skips against peers that
 * acknowledge what they do not have (RFC 9000, 21.4), those that a second sender gave
 * up, those that nobody took yet. Such a peer ends the connection.
 *
 * The argument is how many numbers this ngtcp2 skips: "none" or "some".
 */
#include <string.h>
#include "ktap.h"
#include "scene.h"
#include "word.h"

#define MS NGTCP2_MILLISECONDS
#define S NGTCP2_SECONDS

/* Thousands of packets, for ngtcp2 skips one in hundreds; none is lost. */
static const struct scene_plan usual = {
	.path = { .delay = 10 * MS, .rate = 5000000, .queue = 1 << 20 },
	.seed = 1, .stack_bytes = 4 << 20, .initial_max_data = 1 << 20,
};

static void test_skipped(bool skips)
{
	struct scene *sc = scene_new(&usual);
	const struct receiver *r = world_receiver(sc->world);
	struct equic_share_stats st;
	int err = scene_play(sc, 60 * S);

	/* The last ones, too. */
	err = err ?: world_run(sc->world, world_now(sc->world) + S);
	scene_print(sc, "skipped", err);
	equic_share_get_stats(world_share(sc->world), &st);
	ktap_result(!err && scene_complete(sc) && scene_right(sc),
		    "what the stack sends arrives");
	if (skips)
		ktap_result(st.voids && st.taken == st.stack + st.library + st.voids,
			    "numbers that the stack skips are void");
	else
		ktap_result(!st.voids && st.taken == st.stack + st.library,
			    "each number is of a packet, for this stack skips none");
	ktap_result(!st.lost && st.taken == r->number_count + st.voids,
		    "those that are void are skipped on the wire, and no others");
	scene_free(sc);
}

/* What the connection comes to with a peer that lies, when @spoil was done to it. */
static int play(enum receiver_lie lie, void (*spoil)(struct scene *sc))
{
	struct scene *sc = scene_new(&usual);
	int err = 0;

	while (!err && sc->stack_sent < usual.stack_bytes / 4)
		err = world_run(sc->world, world_now(sc->world) + MS);
	world_receiver(sc->world)->lie = lie;
	if (spoil)
		spoil(sc);
	err = err ?: scene_play(sc, 60 * S);
	scene_free(sc);
	return err;
}

static bool is_violation(int err)
{
	return err == NGTCP2_ERR_PROTO &&
	       ngtcp2_err_infer_quic_transport_error_code(err) ==
		       NGTCP2_PROTOCOL_VIOLATION;
}

/* As a second sender does that dies before it has told anybody. */
static void die_with_number(struct scene *sc)
{
	uint64_t word;

	if (number_take(sc->memory, true, &word))
		ktap_bail("no number");
	equic_share_second_died(world_share(sc->world));
}

/* As one does that has no key for it. */
static void give_up_number(struct scene *sc)
{
	struct equic_record *record = ring_reserve(sc->ring);
	uint64_t word;

	if (!record || number_take(sc->memory, true, &word))
		ktap_bail("no number");
	memset(record, 0, sizeof(*record));
	record->number = word;
	record->connection = sc->memory->connection;
	record->kind = EQUIC_RECORD_VOID;
	record->flags = EQUIC_RECORD_UNSENT;
	ring_submit(sc->ring, record);
}

int main(int argc, char **argv)
{
	bool skips = argc == 2 && !strcmp(argv[1], "some");

	if (argc != 2 || (!skips && strcmp(argv[1], "none")))
		ktap_bail("usage: optimistic_test none|some");
	ktap_begin();
	ktap_diag("ngtcp2 %s", ngtcp2_version(0)->version_str);
	test_skipped(skips);
	ktap_result(!play(RECEIVER_HONEST, give_up_number),
		    "a number that is void disturbs nobody");
	if (skips)
		ktap_result(is_violation(play(RECEIVER_ALL, NULL)),
			    "an ACK of a number that the stack skipped is a PROTOCOL_VIOLATION");
	else
		ktap_result(!play(RECEIVER_ALL, NULL),
			    "an ACK of all packets is none");
	ktap_result(is_violation(play(RECEIVER_ALL, give_up_number)),
		    "an ACK of a number that is void is a PROTOCOL_VIOLATION");
	ktap_result(!play(RECEIVER_HONEST, die_with_number),
		    "a number that somebody died with disturbs nobody");
	ktap_result(is_violation(play(RECEIVER_ALL, die_with_number)),
		    "an ACK of a number that somebody died with is a PROTOCOL_VIOLATION");
	ktap_result(is_violation(play(RECEIVER_AHEAD, NULL)),
		    "an ACK of a number that was not taken yet is a PROTOCOL_VIOLATION");
	return ktap_end();
}
