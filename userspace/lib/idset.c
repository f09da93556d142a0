// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "idset.h"

#define SLOTS_MIN 64

/* Ids are mostly consecutive; Fibonacci hashing spreads those best. */
static uint32_t home(const struct idset *set, uint32_t id)
{
	return (id * 2654435769u) & set->mask;
}

static uint32_t find(const struct idset *set, uint32_t id)
{
	uint32_t i = home(set, id);

	while (set->slots[i] && set->slots[i] != id)
		i = (i + 1) & set->mask;
	return i;
}

static int grow(struct idset *set)
{
	struct idset bigger = *set;
	uint32_t i;

	bigger.mask = set->slots ? set->mask * 2 + 1 : SLOTS_MIN - 1;
	bigger.slots = calloc((size_t)bigger.mask + 1, sizeof(*bigger.slots));
	if (!bigger.slots)
		return -ENOMEM;
	for (i = 0; set->slots && i <= set->mask; i++)
		if (set->slots[i])
			bigger.slots[find(&bigger, set->slots[i])] = set->slots[i];
	free(set->slots);
	*set = bigger;
	return 0;
}

bool idset_has(const struct idset *set, uint32_t id)
{
	return set->slots && set->slots[find(set, id)] == id;
}

uint32_t idset_choose(struct idset *set)
{
	do {
		set->next++;
	} while (!set->next || idset_has(set, set->next));
	return set->next;
}

int idset_add(struct idset *set, uint32_t id)
{
	uint32_t i;

	/* At most half full: short runs, and find() always ends. */
	if (!set->slots || set->used >= set->mask / 2) {
		if (set->mask >= UINT32_MAX / 2 || grow(set))
			return -ENOMEM;
	}
	i = find(set, id);
	if (!set->slots[i]) {
		set->slots[i] = id;
		set->used++;
	}
	return 0;
}

void idset_del(struct idset *set, uint32_t id)
{
	uint32_t hole, i;

	if (!idset_has(set, id))
		return;
	hole = find(set, id);
	set->used--;
	/* Close the gap: move back what would no longer be found. */
	for (i = (hole + 1) & set->mask; set->slots[i]; i = (i + 1) & set->mask) {
		uint32_t h = home(set, set->slots[i]);

		if (((i - h) & set->mask) >= ((i - hole) & set->mask)) {
			set->slots[hole] = set->slots[i];
			hole = i;
		}
	}
	set->slots[hole] = 0;
}

void idset_free(struct idset *set)
{
	free(set->slots);
	memset(set, 0, sizeof(*set));
}
