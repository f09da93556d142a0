// SPDX-License-Identifier: GPL-2.0-only
/* Sets of offsets beside an array of flags; which bytes of a stream are to be sent. */
#include <errno.h>
#include <string.h>
#include "chance.h"
#include "ktap.h"
#include "ranges.h"
#include "stream.h"

enum { OFFSETS = 200, ROUNDS = 200000 };

static bool flags[OFFSETS];

static bool same(const struct ranges *r)
{
	size_t i;
	uint64_t at;

	for (at = 0; at < OFFSETS; at++)
		if (ranges_have(r, at, at + 1) != flags[at])
			return false;
	for (i = 0; i < r->count; i++)
		if (r->at[i].begin >= r->at[i].end ||
		    (i && r->at[i].begin <= r->at[i - 1].end))
			return false;
	return true;
}

/* The gap that the flags have. */
static bool gap_is(const struct ranges *r, uint64_t begin, uint64_t end)
{
	struct range gap;
	uint64_t from = begin, to;
	bool found = ranges_gap(r, begin, end, &gap);

	while (from < end && flags[from])
		from++;
	for (to = from; to < end && !flags[to]; to++)
		;
	if (from >= end)
		return !found;
	return found && gap.begin == from && gap.end == to;
}

static bool prefix_is(const struct ranges *r)
{
	uint64_t n = 0;

	while (n < OFFSETS && flags[n])
		n++;
	return ranges_prefix(r) == n;
}

static void test_ranges(struct plan plan)
{
	struct ranges r = { };
	struct chance c;
	unsigned int i;
	bool ok = true;

	chance_seed(&c, plan.seed);
	for (i = 0; i < plan.count && ok; i++) {
		uint64_t begin = chance_of(&c, OFFSETS);
		uint64_t end = begin + chance_of(&c, OFFSETS - begin + 1);
		bool add = chance_of(&c, 2);

		if (chance_of(&c, 4))
			end = begin + chance_of(&c, 8) % (OFFSETS - begin + 1);
		if (add ? ranges_add(&r, begin, end) :
			  ranges_remove(&r, begin, end))
			ktap_bail("memory");
		memset(flags + begin, add, end - begin);
		ok = same(&r) && prefix_is(&r) && gap_is(&r, begin, OFFSETS);
	}
	ktap_result(ok, "a set has what was added and not removed");
	ranges_free(&r);
	ktap_result(!r.count && !ranges_prefix(&r), "one that was freed is empty");
}

static void test_full(void)
{
	struct ranges r = { };
	uint64_t at;

	for (at = 0; r.count < RANGES_MAX; at += 3)
		if (ranges_add(&r, at, at + 2))
			ktap_bail("memory");
	ktap_result(ranges_add(&r, at, at + 2) == -E2BIG &&
		    !ranges_add(&r, 2, 3) && r.count == RANGES_MAX - 1,
		    "a set of all the ranges that may be takes what makes it no more");
	ktap_result(!ranges_add(&r, at, at + 3) &&
		    ranges_remove(&r, at + 1, at + 2) == -E2BIG &&
		    ranges_have(&r, at, at + 3),
		    "and stays as it is for what would");
	ranges_free(&r);
}

static bool due_is(const struct stream *s, uint64_t begin, uint64_t end)
{
	return s->due.count == 1 && s->due.at[0].begin == begin &&
	       s->due.at[0].end == end;
}

static struct stream *begin(struct streams *s)
{
	streams_free(s);
	return streams_add(s, 3);
}

static void test_lost(struct streams *s)
{
	struct stream *st = begin(s);

	stream_told(st, 0, 100, false, true);
	ktap_result(!stream_due(st), "what was sent is not due");
	stream_lost(st, 0, 100, false);
	ktap_result(due_is(st, 0, 100), "what is lost is due");
	ranges_remove(&st->due, 0, 100);
	stream_acked(st, 20, 80, false);
	stream_lost(st, 0, 100, false);
	ktap_result(due_is(st, 0, 20), "but not what the peer has");
	stream_acked(st, 0, 20, false);
	ktap_result(!stream_due(st),
		    "what was lost and arrives after all is not due");
	ktap_result(!stream_done(st), "a stream without an end is not done");
}

/* Each other byte is lost, or acknowledged, of as many as there may be, and of one more. */
static void test_pieces(struct streams *s)
{
	struct stream *st = begin(s);
	uint64_t at;
	int err = 0, i;

	stream_told(st, 0, 4 * RANGES_MAX, false, true);
	for (i = 0; i < RANGES_MAX && !err; i++)
		err = stream_lost(st, 2 * i, 1, false);
	at = 2 * i;
	ktap_result(!err && stream_lost(st, at, 1, false) == -E2BIG &&
		    st->due.count == RANGES_MAX,
		    "what is lost is due in so many pieces, and no more");
	st = begin(s);
	for (i = 0; i < RANGES_MAX && !err; i++)
		err = stream_acked(st, 2 * i, 1, false);
	ktap_result(!err && stream_acked(st, at, 1, false) == -E2BIG &&
		    st->acked.count == RANGES_MAX,
		    "so is what the peer has");
	stream_reset(st, 4 * RANGES_MAX, 0);
	ktap_result(!st->told.room && !st->due.room,
		    "a stream that is reset has no pieces");
}

static void test_unsent(struct streams *s)
{
	struct stream *st = begin(s);

	stream_told(st, 10, 20, true, false);
	ktap_result(due_is(st, 10, 30) && st->fin_due,
		    "what was taken and not sent is due, with its FIN");
	ktap_result(st->known == 30, "and is the stream's end");
}

static void test_end(struct streams *s)
{
	struct stream *st = begin(s);

	stream_told(st, 0, 10, false, true);
	ktap_result(stream_told(st, 0, 5, true, true) == -EPROTO,
		    "a FIN before what was sent is refused");
	stream_told(st, 10, 10, true, true);
	ktap_result(stream_told(st, 20, 1, false, true) == -EPROTO,
		    "nothing comes behind FIN (RFC 9000, 4.5)");
	ktap_result(stream_told(st, 15, 10, true, true) == -EPROTO,
		    "there is one final size");
	stream_acked(st, 10, 10, true);
	ktap_result(!stream_done(st), "FIN alone is not all");
	stream_acked(st, 0, 10, false);
	ktap_result(stream_done(st), "it is done when the peer has all of it");
	stream_lost(st, 10, 10, true);
	ktap_result(!stream_due(st), "and then nothing is due");
}

static void test_fin_lost(struct streams *s)
{
	struct stream *st = begin(s);

	stream_told(st, 0, 0, true, true);
	stream_lost(st, 0, 0, true);
	ktap_result(st->fin_due && stream_due(st), "a FIN alone is sent again");
}

static void test_reset(struct streams *s)
{
	struct stream *st = begin(s);

	stream_told(st, 0, 100, false, true);
	stream_lost(st, 0, 100, false);
	stream_reset(st, 120, 7);
	ktap_result(st->reset_due && !st->due.count,
		    "of a stream that is reset only that is due");
	stream_lost(st, 0, 100, false);
	ktap_result(!st->due.count, "what is lost then stays lost");
	ktap_result(st->known == 120 && !stream_done(st),
		    "its final size is what it was reset with");
	st->reset_acked = true;
	ktap_result(stream_done(st), "it is done when the peer knows");
}

static void test_slots(struct streams *s)
{
	struct stream *st;
	unsigned int generation, i;

	begin(s);
	st = streams_add(s, 7);
	generation = st->generation;
	ktap_result(streams_find(s, 7) == st && !streams_find(s, 5),
		    "a stream is found by its id");
	ktap_result(streams_at(s, st->slot, generation) == st &&
		    !streams_at(s, st->slot, generation + 1) &&
		    !streams_at(s, EQUIC_SHARED_STREAMS, 1),
		    "and by its slot and generation");
	streams_drop(s, st);
	ktap_result(!streams_find(s, 7) && !streams_at(s, 1, generation),
		    "until it is dropped");
	st = streams_add(s, 11);
	ktap_result(st->slot == 1 && st->generation != generation,
		    "its slot is another generation's then");
	for (i = s->count; i < EQUIC_SHARED_STREAMS; i++)
		streams_add(s, 15 + 4 * i);
	ktap_result(!streams_add(s, 1 << 20), "there are no more than slots");
}

static void test_generations(struct streams *s)
{
	struct stream *st;
	unsigned int i;
	bool never_0 = true;

	streams_free(s);
	for (i = 0; i <= EQUIC_STREAM_GENERATION_MASK + 1; i++) {
		st = streams_add(s, 3 + 4 * i);
		never_0 &= !!st->generation;
		streams_drop(s, st);
	}
	ktap_result(never_0, "no generation is 0, which is an empty slot's");
}

int main(int argc, char **argv)
{
	static struct streams streams;

	ktap_begin();
	test_ranges(chance_plan(argc, argv, ROUNDS, "rounds"));
	test_full();
	test_lost(&streams);
	test_pieces(&streams);
	test_unsent(&streams);
	test_end(&streams);
	test_fin_lost(&streams);
	test_reset(&streams);
	test_slots(&streams);
	test_generations(&streams);
	streams_free(&streams);
	return ktap_end();
}
