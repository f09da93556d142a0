// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random payloads, of frames, some damaged, on random connections: the translator
 * and the oracle agree, and no byte beside a payload is touched.
 *
 *   translate_random [PAYLOADS [SEED]]
 */
#include <stdio.h>
#include <stdlib.h>
#include "agree.h"
#include "compose.h"
#include "ktap.h"
#include "room.h"

enum {
	PAYLOADS	= 600000,
	PER_CONNECTION	= 50,
	FEW		= 30,
	MANY		= NUMBERS_KEPT,	/* none is forgotten meanwhile */
	ALL_EVERY	= 400,		/* connections */
};

static struct oracle oracle;
static struct chance chance;
static struct room room;

static unsigned int packets_most(unsigned int connection)
{
	if (connection % ALL_EVERY == ALL_EVERY / 2)
		return ORACLE_MAX;
	if (connection % 20 == 10)
		return MANY;
	return connection % 2 ? 10 * FEW : FEW;
}

static void dump(const char *what, const uint8_t *bytes, size_t len)
{
	char text[3 * 100 + 1] = "";
	size_t i;

	for (i = 0; i < len && i < 100; i++)
		sprintf(text + 3 * i, " %02x", bytes[i]);
	ktap_diag("%s, %zu bytes:%s%s", what, len, text, i < len ? " ..." : "");
}

/* At the end of the memory that may be touched, then at its begin. */
static bool one(struct agree *a)
{
	static uint8_t in[COMPOSE_MAX];
	size_t len = compose_payload(&chance, &oracle, in);
	uint8_t *at = room.end - len;
	const char *what = agree(a, in, len, at);

	if (!what) {
		at = room.begin;
		what = agree(a, in, len, at);
	}
	if (!what)
		return true;
	ktap_diag("they disagree on %s; %zu packets from %llu on", what,
		  oracle.count, (unsigned long long)oracle.stack);
	dump("payload", in, len);
	dump("becomes", at, len);
	return false;
}

int main(int argc, char **argv)
{
	struct agree a = { .oracle = &oracle };
	unsigned int done = 0, connection = 0, i;
	struct plan plan;
	bool ok = true;

	ktap_begin();
	plan = chance_plan(argc, argv, PAYLOADS, "payloads");
	chance_seed(&chance, plan.seed);
	room_make(&room, COMPOSE_MAX);
	for (; ok && done < plan.count; connection++) {
		a.numbers = compose_numbers(&chance, packets_most(connection),
					    &oracle);
		for (i = 0; ok && i < PER_CONNECTION; i++, done++)
			ok = one(&a);
		numbers_free(a.numbers);
	}
	ktap_result(ok, "a payload becomes the same in the translator and the oracle");
	/* Each was translated twice. */
	ktap_diag("%u connections; malformed %u, changed %u, reset %u of %u",
		  connection, a.malformed / 2, a.changed / 2, a.reset / 2, done);
	if (plan.count >= 1000)
		ktap_result(a.malformed > done / 20 && a.malformed < done &&
			    a.changed > done && a.reset > done / 5,
			    "there were payloads of every kind");
	return ktap_end();
}
