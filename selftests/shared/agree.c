// SPDX-License-Identifier: GPL-2.0-only
/* See agree.h. */
#include <string.h>
#include "agree.h"

static struct journal told, want_told;
static struct translator translator = { .ops = &journal_ops, .ctx = &told };
static uint8_t want[AGREE_MAX];

static const char *received(struct agree *a, const uint8_t *in, size_t len,
			    uint8_t *at)
{
	int err, want_err;

	told.count = 0;
	want_told.count = 0;
	memcpy(at, in, len);
	translator.numbers = a->numbers;
	err = translate_received(&translator, at, len);
	want_err = oracle_received(a->oracle, in, len, want, &want_told);
	if (err != want_err)
		return "what translate_received() returns";
	if (memcmp(at, want, len))
		return "the bytes that the stack hears";
	if (!journal_same(&told, &want_told))
		return "what is told";
	if (payload_elicits(at, len) != oracle_elicits(in, len))
		return "whether the stack will acknowledge it";
	a->malformed += err != 0;
	a->changed += memcmp(at, in, len) != 0;
	return NULL;
}

static const char *sent(struct agree *a, const uint8_t *in, size_t len,
			uint8_t *at)
{
	int err, want_err;

	told.count = 0;
	memcpy(at, in, len);
	err = translate_sent(&translator, at, len);
	want_err = oracle_sent(in, len, want);
	if (err != want_err)
		return "what translate_sent() returns";
	if (memcmp(at, want, len))
		return "the bytes that the peer hears";
	if (told.count)
		return "that nothing is told of what is sent";
	if (payload_elicits(at, len) != oracle_elicits(in, len))
		return "whether the peer will acknowledge it";
	a->reset += memcmp(at, in, len) != 0;
	return NULL;
}

const char *agree(struct agree *a, const uint8_t *in, size_t len, uint8_t *at)
{
	const char *what = received(a, in, len, at);

	return what ? what : sent(a, in, len, at);
}
