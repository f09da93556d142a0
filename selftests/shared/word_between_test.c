// SPDX-License-Identifier: GPL-2.0-only
/*
 * What others do between a sender's look at a word and its exchange: word.c itself,
 * with an exchange that lets them first. So each race that can be lost is lost here
 * for certain.
 */
#include <errno.h>
#include <string.h>
#include "expect.h"
#include "ktap.h"
#include "word.h"

static unsigned int exchanges;
static void (*between)(void);

static bool exchange(void *word, void *old, __u64 new)
{
	__u64 was = *(__u64 *)old;
	void (*act)(void) = between;

	exchanges++;
	between = NULL;
	if (act)
		act();
	memcpy(old, word, sizeof(was));
	if (*(__u64 *)old != was)
		return false;
	memcpy(word, &new, sizeof(new));
	return true;
}

#define __atomic_compare_exchange_n(word, old, new, weak, success, failure) \
	exchange(word, old, new)
#include "word.c"

#define GENERATION(n)	((__u64)(n) << EQUIC_STREAM_GENERATION_SHIFT)

static struct equic_shared m;

static void fresh(__u64 data_max, __u64 max)
{
	memset(&m, 0, sizeof(m));
	m.data_max = data_max;
	m.budget = 1;
	stream_put(&m, 0, 1, 2, max);
	exchanges = 0;
}

static void stop(void)
{
	number_stop(&m);
}

static void take_number_too(void)
{
	uint64_t word;

	number_take(&m, false, &word);
}

static void take_last_number(void)
{
	m.number = EQUIC_NUMBER_NEXT_MASK;
}

static void end_epoch(void)
{
	uint64_t word;

	number_take_epoch(&m, 0, &word);
}

static void spend(void)
{
	budget_take(&m, 1500);
}

static void take_data(void)
{
	data_take(&m, 60);
}

static void take_as_far(void)
{
	stream_take(&m, 0, 1, 0, 60);
}

static void take_less(void)
{
	stream_take(&m, 0, 1, 0, 20);
}

static void take_further(void)
{
	stream_take(&m, 0, 1, 0, 70);
}

static void close_it(void)
{
	stream_close(&m, 0);
}

static void put_another(void)
{
	stream_drop(&m, 0);
	stream_put(&m, 0, 2, 6, 1000);
}

/* What an enemy does: the end goes back. */
static void shorten(void)
{
	m.streams[0].word = GENERATION(1);
}

static void allow_more(void)
{
	m.data_max = 2000;
}

static void test_numbers(void)
{
	uint64_t word = 0;

	fresh(0, 0);
	between = take_number_too;
	ktap_result(!number_take(&m, true, &word) && word == 1 && m.number == 2,
		    "who loses a number takes the one behind");
	between = stop;
	expect_eq(number_take(&m, true, &word), -EAGAIN,
		  "a stop in between is obeyed");
	expect_eq(number_pn(m.number), 2, "and no number taken");
	between = end_epoch;
	ktap_result(!number_take(&m, false, &word) && number_epoch(word) == 1 &&
		    number_pn(word) == 3, "an epoch that ends takes its number first");
	fresh(0, 0);
	between = end_epoch;
	expect_eq(number_take_epoch(&m, 0, &word), -ESTALE, "an epoch ends once");
	fresh(0, 0);
	between = take_last_number;
	expect_eq(number_take(&m, true, &word), -EOVERFLOW,
		  "the end of the numbers is seen in between");
}

static void test_counts(void)
{
	fresh(100, 100);
	between = spend;
	expect_eq(budget_take(&m, 1500), -ENOBUFS,
		  "of two packets for the last byte of budget one goes");
	expect_eq(m.budget, -1499, "so that it is overrun by one");
	between = take_data;
	expect_eq(data_take(&m, 41), -EDQUOT,
		  "credit that went in between is not there any more");
	expect_eq(m.data, 60, "and is not taken");
	fresh(100, 100);
	between = take_data;
	expect_eq(data_take_some(&m, 41), 40, "as many as are left then");
	between = allow_more;
	data_allow(&m, 1000);
	expect_eq(m.data_max, 2000, "a larger limit that came in between stays");
}

static void take_becomes(void (*what)(void), int want, unsigned int data,
			 unsigned int end, const char *name)
{
	int err;

	fresh(100, 80);
	between = what;
	err = stream_take(&m, 0, 1, 10, 50);
	if (err != want || m.data != data || stream_end(m.streams[0].word) != end)
		ktap_diag("%d, data %llu, end %llu", err, (long long)m.data,
			  (long long)stream_end(m.streams[0].word));
	ktap_result(err == want && m.data == data &&
		    stream_end(m.streams[0].word) == end, "%s", name);
}

/* At the exchange of the end, the second: the first is that of the credit. */
static void (*second_act)(void);

static void at_the_end(void)
{
	between = second_act;
}

static void end_becomes(void (*what)(void), int want, unsigned int data,
			unsigned int end, const char *name)
{
	second_act = what;
	take_becomes(at_the_end, want, data, end, name);
}

static void test_streams(void)
{
	take_becomes(take_as_far, 0, 60, 60, "credit: another takes the same bytes");
	end_becomes(take_as_far, 0, 60, 60,
		    "end: another cannot pay the same bytes at once");
	end_becomes(take_less, 0, 60, 60, "end: another takes some of them");
	end_becomes(close_it, -ESHUTDOWN, 0, 0, "end: it is closed, nothing charged");
	end_becomes(put_another, -ESTALE, 0, 0,
		    "end: another stream is there, nothing charged");
	end_becomes(shorten, 0, 60, 60, "end: it moves, to where it was");
}

static void last_becomes(void (*act)(void), int want, __u64 end, __u64 data,
			 const char *what)
{
	fresh(1000, 1000);
	second_act = act;
	between = at_the_end;
	expect_eq(stream_take_last(&m, 0, 1, 10, 50), want, what);
	ktap_result(stream_end(m.streams[0].word) == end && m.data == data &&
		    !(m.streams[0].word & EQUIC_STREAM_CLOSED) == (want == -EINVAL),
		    "%s: the end is there, and paid", what);
}

static void test_last(void)
{
	last_becomes(take_less, 0, 60, 60, "last: another takes some of them");
	last_becomes(take_as_far, 0, 60, 60, "last: another takes the same bytes");
	last_becomes(take_further, -EINVAL, 70, 70, "last: another goes on behind");
	last_becomes(close_it, -ESHUTDOWN, 0, 0, "last: another closes it");
}

static void test_more_credit(void)
{
	fresh(1000, 80);
	second_act = take_further;
	between = at_the_end;
	expect_eq(stream_take(&m, 0, 1, 10, 50), 0,
		  "another that took further leaves nothing to pay for");
	expect_eq(m.data, 70, "and what was paid is given back");

	/* 40 of them are another's by the time that an enemy takes them away. */
	fresh(1000, 80);
	stream_take(&m, 0, 1, 0, 40);
	second_act = shorten;
	between = at_the_end;
	expect_eq(stream_take(&m, 0, 1, 40, 20), 0, "an end that went back is moved");
	expect_eq(m.data, 100, "and all that it grows by is paid for");
}

static void hold(void)
{
	m.number ^= EQUIC_NUMBER_STOP >> 1;
	m.budget ^= 2;
	m.data ^= 1;
	m.data_max ^= 1;
	m.streams[0].word ^= 1;
	between = hold;
}

static void test_held(void)
{
	unsigned int slot, generation;
	uint64_t word;

	fresh(1000, 1000);
	m.number = EQUIC_NUMBER_STOP >> 1;
	m.data = 10;
	m.budget = 5;
	between = hold;
	ktap_result(number_take(&m, true, &word) == -EBUSY &&
		    exchanges == WORD_TRIES,
		    "a number is given up when its word never rests");
	/* Behind each exchange it has the other value of two. */
	m.number = 0;
	ktap_result(budget_take(&m, 1) == -EBUSY, "so is the budget");
	ktap_result(data_take(&m, 1) == -EBUSY && data_take_some(&m, 1) == 0,
		    "so is credit");
	exchanges = 0;
	data_allow(&m, 1 << 20);
	expect_eq(exchanges, WORD_TRIES, "so is a limit");
	ktap_result(stream_claim(&m, &slot, &generation) == -ENOENT,
		    "so is a stream that waits");
	between = NULL;
	m.data = 10;
	second_act = hold;
	between = at_the_end;
	expect_eq(stream_take(&m, 0, 1, 0, 100), -EBUSY, "so is a stream's end");
	ktap_result(m.data <= 11, "and what was paid for it is given back");
	between = NULL;
}

int main(void)
{
	ktap_begin();
	test_numbers();
	test_counts();
	test_streams();
	test_last();
	test_more_credit();
	test_held();
	return ktap_end();
}
