// SPDX-License-Identifier: LGPL-2.1-or-later
#include "hystart.h"
#include "least.h"

/* RFC 9406, 4.3; times in ns. */
#define THRESHOLD_MIN	4000000ULL
#define THRESHOLD_MAX	16000000ULL

enum {
	SAMPLES = 8,
	RTT_DIVISOR = 8,
	GROWTH_DIVISOR = 4,
	ROUNDS = 5,
};

void hystart_init(struct hystart *h)
{
	*h = (struct hystart){
		.min = UINT64_MAX,
		.last_min = UINT64_MAX,
		.baseline = UINT64_MAX,
	};
}

static bool conservative(const struct hystart *h)
{
	return h->baseline != UINT64_MAX;
}

static bool delayed(const struct hystart *h)
{
	uint64_t threshold;

	if (h->last_min == UINT64_MAX)
		return false;
	threshold = most(least(h->last_min / RTT_DIVISOR, THRESHOLD_MAX),
			 THRESHOLD_MIN);
	return h->min >= h->last_min + threshold;
}

static void sample(struct hystart *h, uint64_t rtt)
{
	h->min = least(h->min, rtt);
	if (++h->samples < SAMPLES)
		return;
	if (conservative(h)) {
		/* The delay was not of a queue: on with slow start. */
		if (h->min < h->baseline)
			h->baseline = UINT64_MAX;
	} else if (delayed(h)) {
		h->baseline = h->min;
		h->rounds = 0;
	}
}

bool hystart_acked(struct hystart *h, uint64_t largest, uint64_t highest,
		   uint64_t rtt)
{
	if (rtt)
		sample(h, rtt);
	if (largest < h->round_end)
		return false;
	h->round_end = highest;
	h->last_min = h->min;
	h->min = UINT64_MAX;
	h->samples = 0;
	return conservative(h) && ++h->rounds >= ROUNDS;
}

uint64_t hystart_growth(const struct hystart *h, uint64_t bytes)
{
	return conservative(h) ? bytes / GROWTH_DIVISOR : bytes;
}
