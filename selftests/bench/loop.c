// SPDX-License-Identifier: GPL-2.0-only
/*
 * loop: give one packet to the gateway over and over, for experiments/profile.py
 * to watch what is executed.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "ktap.h"
#include "program.h"
#include "table.h"
#include "watch.h"

enum {
	QUOTA	= 1,
	CLIENT	= 1,
	REPEAT	= 1000,
	/* Another handshake's. */
	OTHER	= 1 << 21,
};

static struct programs programs;
static struct table table;

struct outcome {
	const char		*name;
	enum packet_kind	kind;
	bool			other;	/* handshake of the client */
	unsigned int		action;
};

static const struct outcome outcomes[] = {
	{ "foreign UDP", PACKET_FOREIGN, false, XDP_PASS },
	{ "established", PACKET_SHORT, false, XDP_PASS },
	{ "known Initial", PACKET_INITIAL, false, XDP_PASS },
	{ "refused Initial", PACKET_INITIAL, true, XDP_DROP },
	{ "malformed", PACKET_MALFORMED, false, XDP_DROP },
};

static const struct outcome *find(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(outcomes) / sizeof(*outcomes); i++)
		if (!strcmp(outcomes[i].name, name))
			return &outcomes[i];
	errno = 0;
	ktap_bail("no such outcome: %s", name);
}

int main(int argc, char **argv)
{
	const struct outcome *outcome;
	struct packet p;

	if (argc != 5) {
		fprintf(stderr, "usage: loop OUTCOME READY DONE SYMBOLS\n");
		return 2;
	}
	outcome = find(argv[1]);
	/* The namespace of the table cannot. */
	watch_names();
	table_load();
	programs_open(&programs, true);
	table_open(&table, false, QUOTA);
	table_fill(&table, &programs, CLIENT + 1);
	packet_make(&p, outcome->kind, false);
	packet_from(&p, CLIENT);
	if (outcome->kind == PACKET_INITIAL)
		packet_scid(&p, CLIENT + (outcome->other ? OTHER : 0));
	packet_run(programs.gateway, &p, 1, outcome->action);

	watch_begin(argv[2], argv[4]);
	while (watched(argv[3]))
		packet_run(programs.gateway, &p, REPEAT, outcome->action);
	table_close(&table);
	programs_close(&programs);
	return 0;
}
