// SPDX-License-Identifier: GPL-2.0-only
/* See chance.h. */
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include "chance.h"
#include "ktap.h"

struct plan chance_plan(int argc, char **argv, unsigned int count,
			const char *what)
{
	struct plan plan = {
		.count = argc > 1 ? strtoul(argv[1], NULL, 10) : count,
		.seed = argc > 2 ? strtoull(argv[2], NULL, 0) :
				   (__u64)time(NULL) << 20 ^ getpid(),
	};

	ktap_diag("%u %s, seed %llu", plan.count, what, plan.seed);
	return plan;
}

void chance_seed(struct chance *c, __u64 seed)
{
	c->state = seed * 0x9e3779b97f4a7c15ULL | 1;
}
