// SPDX-License-Identifier: GPL-2.0-only
/*
 * A second sender that dies behind each of its steps: what the memory and the ring
 * say then, and how those go on who are left.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "ktap.h"
#include "pair.h"
#include "word.h"

enum {
	SLOT = 3,
	GENERATION = 7,
	LEN = 100,
	PN = 1000,
	BUDGET = 5000,
	DATA_MAX = 1000,
	SIZE_DATAGRAM = 1 + PAIR_DCID + SEAL_PN + 3 + LEN + SEAL_TAG,
	SIZE_STREAM = 1 + PAIR_DCID + SEAL_PN + 5 + LEN + SEAL_TAG,
};

/**
 * struct death - what is left
 * @name: behind which step.
 * @given_up: records that ring_recover() gives up.
 * @paid: the budget lacks the packet.
 * @taken: the stream's end is behind the bytes, which are paid for.
 * @number: it is taken. Without a record it is void: it was not sent.
 * @told: there is a record.
 * @sent: the peer may have it.
 */
static const struct death {
	const char	*name;
	unsigned int	given_up;
	bool		paid, taken, number, told, sent;
} deaths[] = {
	[SECOND_RESERVED] =	{ "reserving",	1, 0, 0, 0, 0, 0 },
	[SECOND_BUDGET] =	{ "budget",	1, 1, 0, 0, 0, 0 },
	[SECOND_CREDIT] =	{ "credit",	1, 1, 1, 0, 0, 0 },
	[SECOND_NUMBER] =	{ "number",	1, 1, 1, 1, 0, 0 },
	[SECOND_SEALED] =	{ "sealing",	1, 1, 1, 1, 0, 0 },
	[SECOND_SUBMITTED] =	{ "submitting",	0, 1, 1, 1, 1, 0 },
	[SECOND_SENT] =		{ "sending",	0, 1, 1, 1, 1, 1 },
};

static struct pair p;
static uint8_t data[LEN];

static int send_one(bool stream)
{
	return stream ? second_stream(p.second, SLOT, GENERATION, 0, data, LEN, false, 1)
		      : second_datagram(p.second, data, LEN, 1);
}

/* As a sender that nobody tidies up behind leaves it. */
static bool is_left(const struct death *death, bool stream)
{
	unsigned int size = stream ? SIZE_STREAM : SIZE_DATAGRAM;
	unsigned int taken = death->taken && stream ? LEN : 0;

	return p.m->budget == BUDGET - (death->paid ? (__s64)size : 0) &&
	       p.m->data == taken && stream_end(stream_read(p.m, SLOT)) == taken &&
	       number_pn(number_read(p.m)) == (uint64_t)PN + death->number &&
	       p.sent == death->sent;
}

/* What the library finds in the ring, and that it then knows each number's fate. */
static bool is_found(const struct death *death)
{
	struct equic_record record;
	bool told = !ring_next(p.ring, &record);
	unsigned int given_up = ring_recover(p.ring);

	if (told && (number_pn(record.number) != PN || record.flags))
		return false;
	return told == death->told && given_up == death->given_up &&
	       ring_next(p.ring, &record);
}

/*
 * The library closes the stream: the final size has all bytes that were taken, of
 * which it sends those that no record tells of. And another sender takes the place.
 */
static bool goes_on(const struct death *death, bool stream)
{
	unsigned int taken = death->taken && stream ? LEN : 0;
	uint64_t pn = PN + death->number;
	struct equic_record record;
	struct pair_frame frame;
	struct opened opened;

	pair_renew(&p);
	p.m->budget = BUDGET;
	return send_one(stream) == 0 && pair_open(&p, 0, pn, &opened, &frame) &&
	       !ring_next(p.ring, &record) && record.number == pn &&
	       p.m->data == (stream ? LEN : 0) && p.sent == death->sent + 1u &&
	       stream_end(stream_close(p.m, SLOT)) == (stream ? LEN : taken);
}

static void dies(enum second_step step, bool stream)
{
	const struct death *death = &deaths[step];
	const char *what = stream ? "STREAM" : "DATAGRAM";
	bool dead, is, found, on;

	pair_begin(&p);
	p.m->number = PN;
	p.m->budget = BUDGET;
	p.m->data_max = DATA_MAX;
	stream_put(p.m, SLOT, GENERATION, 14, DATA_MAX);
	p.die = step;
	dead = send_one(stream) == -EOWNERDEAD;
	is = is_left(death, stream);
	found = is_found(death);
	on = goes_on(death, stream);
	ktap_result(dead && is, "%s: dead behind %s leaves budget, credit and number",
		    what, death->name);
	ktap_result(found, "%s: dead behind %s is known from the ring", what,
		    death->name);
	ktap_result(on, "%s: dead behind %s, another goes on", what, death->name);
	pair_end(&p);
}

int main(void)
{
	enum second_step step;

	ktap_begin();
	for (step = 0; step < SECOND_STEPS; step++) {
		dies(step, true);
		if (step != SECOND_CREDIT)
			dies(step, false);
	}
	return ktap_end();
}
