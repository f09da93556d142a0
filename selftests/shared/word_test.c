// SPDX-License-Identifier: GPL-2.0-only
/* The words of linux/equic_shared.h: what each change does, and what it refuses. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "expect.h"
#include "ktap.h"
#include "word.h"

#define STOP		EQUIC_NUMBER_STOP
#define NEXT_MAX	EQUIC_NUMBER_NEXT_MASK
#define EPOCH(n)	((__u64)(n) << EQUIC_NUMBER_EPOCH_SHIFT)
#define GENERATION(n)	((__u64)(n) << EQUIC_STREAM_GENERATION_SHIFT)
#define END_MAX		EQUIC_STREAM_END_MASK

static struct equic_shared m;

static void test_numbers(void)
{
	uint64_t word = 7;

	memset(&m, 0, sizeof(m));
	m.number = EPOCH(3) | 41;
	expect_eq(number_take(&m, true, &word), 0, "a number is taken");
	ktap_result(word == (EPOCH(3) | 41) && number_pn(word) == 41 &&
		    number_epoch(word) == 3 && m.number == (EPOCH(3) | 42),
		    "it is next, with the epoch, and the following is next then");

	word = 7;
	ktap_result(number_stop(&m) == (STOP | EPOCH(3) | 42) &&
		    m.number == (STOP | EPOCH(3) | 42),
		    "stop returns how far the numbers were taken");
	expect_eq(number_take(&m, true, &word), -EAGAIN,
		  "while stop is set the second sender takes none");
	ktap_result(word == 7 && m.number == (STOP | EPOCH(3) | 42),
		    "and nothing is changed");
	expect_eq(number_take(&m, false, &word), 0, "others do");
	ktap_result(word == (EPOCH(3) | 42) &&
		    number_read(&m) == (STOP | EPOCH(3) | 43),
		    "their number has no stop, and stop stays");
	number_go(&m);
	ktap_result(m.number == (EPOCH(3) | 43), "go takes stop away, and no more");

	m.number = EPOCH(3) | (NEXT_MAX - 1);
	expect_eq(number_take(&m, true, &word), 0, "the last number is taken");
	expect_eq(number_take(&m, false, &word), -EOVERFLOW, "there is none behind");
	ktap_result(m.number == (EPOCH(3) | NEXT_MAX),
		    "and none is carried into the epoch");
}

static void test_epochs(void)
{
	uint64_t word = 7;

	m.number = STOP | EPOCH(3) | 41;
	expect_eq(number_take_epoch(&m, 2, &word), -ESTALE,
		  "an epoch ends once: it was another");
	expect_eq(number_take_epoch(&m, 4, &word), -ESTALE, "or is not yet");
	expect_eq(number_take_epoch(&m, 3 + 0x8000, &word), -ESTALE,
		  "or cannot be one");
	ktap_result(word == 7 && m.number == (STOP | EPOCH(3) | 41),
		    "and nothing is changed");
	expect_eq(number_take_epoch(&m, 3, &word), 0, "an epoch ends");
	ktap_result(word == (EPOCH(4) | 41) &&
		    m.number == (STOP | EPOCH(4) | 42),
		    "the next has the number; stop stays");

	m.number = EPOCH(EQUIC_NUMBER_EPOCH_MAX) | 41;
	expect_eq(number_take_epoch(&m, EQUIC_NUMBER_EPOCH_MAX, &word), -EOVERFLOW,
		  "behind the last epoch is none");
	ktap_result(m.number == (EPOCH(EQUIC_NUMBER_EPOCH_MAX) | 41),
		    "and none is carried into stop");
	m.number = EPOCH(3) | NEXT_MAX;
	expect_eq(number_take_epoch(&m, 3, &word), -EOVERFLOW,
		  "an epoch without a number does not begin");
}

static void test_budget(void)
{
	m.budget = 0;
	expect_eq(budget_take(&m, 1), -ENOBUFS, "nothing is sent on no budget");
	expect_eq(m.refused, 1, "and the word says that somebody wants to");
	m.budget = INT64_MIN;
	expect_eq(budget_take(&m, UINT32_MAX), -ENOBUFS, "nor on the least there is");
	ktap_result(m.budget == INT64_MIN, "and it stays");
	m.budget = 1;
	expect_eq(budget_take(&m, 1500), 0, "one byte of it is enough for a packet");
	expect_eq(m.budget, -1499, "which overruns it");
	expect_eq(m.refused, 2, "nobody was refused that");
	expect_eq(budget_take(&m, 1), -ENOBUFS, "and is the last");
	budget_add(&m, 3000);
	budget_add(&m, -1);
	expect_eq(m.budget, 1500, "it is added to, and taken from in any case");
	budget_add(&m, INT64_MAX);
	ktap_result(true, "a budget that overflows harms nobody");
}

static void test_data(void)
{
	m.data = 0;
	m.data_max = 100;
	expect_eq(data_take(&m, 60), 0, "bytes are taken");
	expect_eq(data_take(&m, 41), -EDQUOT, "not more than the peer allows");
	expect_eq(m.data, 60, "and then none");
	expect_eq(data_take(&m, 40), 0, "all that it allows");
	expect_eq(data_take(&m, 0), 0, "nothing is always allowed");
	data_return(&m, 10);
	expect_eq(m.data, 90, "what is not used is given back");
	expect_eq(data_take_some(&m, 7), 7, "as many as are wanted");
	expect_eq(data_take_some(&m, 7), 3, "or as many as there are");
	expect_eq(data_take_some(&m, 7), 0, "or none");
	data_allow(&m, 120);
	data_allow(&m, 110);
	ktap_result(m.data_max == 120 && m.data == 100, "a late MAX_DATA is ignored");

	m.data = UINT64_MAX;
	expect_eq(data_take(&m, 1), -EDQUOT, "a sum beyond the limit allows none");
	expect_eq(data_take_some(&m, 1), 0, "not some either");
	m.data = 1;
	expect_eq(data_take(&m, UINT64_MAX), -EDQUOT, "what would overflow is refused");
	m.data_max = UINT64_MAX;
	expect_eq(data_take(&m, UINT64_MAX), -EDQUOT,
		  "without a limit that is seen, too");
	expect_eq(data_take_some(&m, UINT64_MAX), UINT64_MAX - 1, "up to the last");
}

static void fresh(unsigned int generation, __u64 data_max, __u64 max)
{
	memset(&m, 0, sizeof(m));
	m.data_max = data_max;
	if (stream_put(&m, 5, generation, 14, max))
		ktap_bail("cannot put a stream");
}

static void test_put(void)
{
	unsigned int slot = 77, generation = 77;
	uint64_t id = 77;

	memset(&m, 0, sizeof(m));
	expect_eq(stream_put(&m, EQUIC_SHARED_STREAMS, 1, 3, 0), -EINVAL,
		  "there is no slot behind the last");
	expect_eq(stream_put(&m, 5, 0, 3, 0), -EINVAL,
		  "generation 0 would make the word of an empty slot");
	expect_eq(stream_put(&m, 5, 0x4000, 3, 0), -EINVAL, "generations end");
	expect_eq(stream_put(&m, 5, 1, 1ULL << 62, 0), -EINVAL, "and so do IDs");
	expect_eq(m.streams[5].word, 0, "the slot is still empty");
	expect_eq(stream_claim(&m, &slot, &generation), -ENOENT,
		  "where no stream waits, none is claimed");
	ktap_result(slot == 77 && generation == 77, "and nothing is said");

	expect_eq(stream_put(&m, 5, 0x3fff, 14, 1000), 0, "a stream is put there");
	expect_eq(stream_put(&m, 5, 1, 15, 1000), -EBUSY, "it is not put over");
	ktap_result(m.streams[5].word == GENERATION(0x3fff) &&
		    stream_read(&m, 5) == m.streams[5].word &&
		    m.streams[5].id == 14 && m.streams[5].max == 1000,
		    "its word has the generation, and nothing was taken");
	expect_eq(stream_id(&m, EQUIC_SHARED_STREAMS, 1, &id), -EINVAL,
		  "a slot that is not has no ID");
	expect_eq(stream_id(&m, 5, 0x3ffe, &id), -ESTALE,
		  "another generation has another ID");
	expect_eq(stream_id(&m, 4, 0, &id), -ESTALE, "an empty slot has none");
	expect_eq(stream_id(&m, 5, 0x3fff, &id), 0, "a stream has one");
	expect_eq(id, 14, "that was put");
	m.streams[5].id = 1ULL << 62;
	expect_eq(stream_id(&m, 5, 0x3fff, &id), -EINVAL, "an ID that is none is seen");

	expect_eq(stream_claim(&m, &slot, &generation), 0, "what waits is claimed");
	ktap_result(slot == 5 && generation == 0x3fff &&
		    m.streams[5].word == (GENERATION(0x3fff) | EQUIC_STREAM_CLAIMED),
		    "and has the bit");
	expect_eq(stream_claim(&m, &slot, &generation), -ENOENT, "once");
	stream_put(&m, 255, 3, 14, 0);
	stream_put(&m, 7, 3, 18, 0);
	stream_close(&m, 7);
	stream_claim(&m, &slot, &generation);
	ktap_result(slot == 255 && generation == 3,
		    "one that was closed before is passed over");
}

static void test_take(void)
{
	fresh(9, 1000, 500);
	expect_eq(stream_take(&m, EQUIC_SHARED_STREAMS, 9, 0, 1), -EINVAL,
		  "of a slot that is not, nothing is taken");
	expect_eq(stream_take(&m, 5, 9, END_MAX, 1), -EINVAL,
		  "nor beyond the largest offset");
	expect_eq(stream_take(&m, 5, 9, END_MAX + 1, 0), -EINVAL, "nor from there");
	expect_eq(stream_take(&m, 5, 9, UINT64_MAX, 2), -EINVAL,
		  "nor where the sum overflows");
	expect_eq(stream_take(&m, 5, 9, 1, UINT64_MAX), -EINVAL, "either way");
	expect_eq(stream_take(&m, 5, 8, 0, 1), -ESTALE, "nor of the stream before");
	expect_eq(stream_take(&m, 5, 9 + 0x4000, 0, 1), -ESTALE,
		  "nor of one that cannot be");
	expect_eq(stream_take(&m, 4, 0, 0, 1), -ESTALE, "nor of an empty slot");
	expect_eq(stream_take(&m, 5, 9, 0, 501), -EDQUOT,
		  "nor more than the peer allows on the stream");
	ktap_result(m.data == 0 && m.streams[5].word == GENERATION(9),
		    "and none of these leaves a charge");

	expect_eq(stream_take(&m, 5, 9, 100, 100), 0, "bytes are taken");
	ktap_result(m.data == 200 && stream_end(m.streams[5].word) == 200,
		    "all up to their end are paid for");
	expect_eq(stream_take(&m, 5, 9, 0, 200), 0, "those before, too");
	expect_eq(stream_take(&m, 5, 9, 150, 100), 0, "and some of both");
	ktap_result(m.data == 250 && stream_end(m.streams[5].word) == 250,
		    "only what the end grows by is paid for");
	m.data_max = 300;
	expect_eq(stream_take(&m, 5, 9, 250, 51), -EDQUOT,
		  "not more than the peer allows on all streams");
	ktap_result(m.data == 250 && stream_end(m.streams[5].word) == 250,
		    "which leaves neither a charge nor a longer stream");
	stream_allow(&m, 5, 600);
	stream_allow(&m, 5, 550);
	expect_eq(m.streams[5].max, 600, "a late MAX_STREAM_DATA is ignored");
	data_allow(&m, 1000);
	expect_eq(stream_take(&m, 5, 9, 250, 350), 0, "a limit that grew is reached");
	expect_eq(stream_take(&m, 5, 9, 600, 0), 0, "nothing more is allowed there");
}

/* The last bytes, behind which nobody may go on. */
static void test_take_last(void)
{
	fresh(9, 1000, 500);
	stream_take(&m, 5, 9, 0, 123);
	expect_eq(stream_take_last(&m, 5, 9, 0, 122), -EINVAL,
		  "the last bytes are not before others");
	expect_eq(stream_take_last(&m, 5, 9, 100, 401), -EDQUOT,
		  "nor beyond what is allowed");
	ktap_result(m.data == 123 && m.streams[5].word == (GENERATION(9) | 123),
		    "who is refused closes nothing");
	expect_eq(stream_take_last(&m, 5, 9, 100, 100), 0, "they are taken");
	ktap_result(m.data == 200 &&
		    m.streams[5].word == (EQUIC_STREAM_CLOSED | GENERATION(9) | 200),
		    "paid for, and the stream is closed with them");
	expect_eq(stream_take_last(&m, 5, 9, 100, 100), -ESHUTDOWN, "once");

	fresh(9, 1000, 500);
	stream_take(&m, 5, 9, 0, 500);
	expect_eq(stream_take_last(&m, 5, 9, 500, 0), 0, "there may be none of them");
	ktap_result(m.data == 500 &&
		    m.streams[5].word == (EQUIC_STREAM_CLOSED | GENERATION(9) | 500),
		    "it is closed where it ended");
}

static void test_close(void)
{
	uint64_t word;

	fresh(9, 1000, 500);
	stream_take(&m, 5, 9, 0, 123);
	word = stream_close(&m, 5);
	ktap_result(word == (GENERATION(9) | 123) && stream_generation(word) == 9,
		    "closing returns the final size");
	expect_eq(stream_take(&m, 5, 9, 123, 1), -ESHUTDOWN,
		  "of a closed stream nothing is taken");
	expect_eq(stream_take(&m, 5, 9, 0, 1), -ESHUTDOWN, "not even again");
	expect_eq(stream_take(&m, 5, 8, 0, 1), -ESTALE,
		  "who means another stream hears that first");
	ktap_result(m.data == 123 && stream_close(&m, 5) ==
		    (EQUIC_STREAM_CLOSED | GENERATION(9) | 123),
		    "closing again returns the same");
	stream_drop(&m, 5);
	expect_eq(stream_take(&m, 5, 9, 123, 1), -ESTALE, "of a slot left, nothing");
	expect_eq(stream_put(&m, 5, 10, 18, 77), 0, "which is free for another");
	ktap_result(m.streams[5].max == 77 && m.streams[5].id == 18,
		    "with a limit of its own, although it is smaller");
	expect_eq(stream_take(&m, 5, 9, 0, 1), -ESTALE, "for who comes late, nothing");

	fresh(9, UINT64_MAX, UINT64_MAX);
	expect_eq(stream_take(&m, 5, 9, END_MAX - 10, 10), 0,
		  "the largest offset can be the end");
	ktap_result(m.streams[5].word == (GENERATION(9) | END_MAX) &&
		    m.data == END_MAX, "without a carry into the generation");
}

int main(void)
{
	ktap_begin();
	test_numbers();
	test_epochs();
	test_budget();
	test_data();
	test_put();
	test_take();
	test_take_last();
	test_close();
	return ktap_end();
}
