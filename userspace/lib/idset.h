/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The ids of the connections that live: a hash set of numbers other than 0. */
#ifndef EQUIC_LIB_IDSET_H
#define EQUIC_LIB_IDSET_H

#include <stdbool.h>
#include <stdint.h>

struct idset {
	uint32_t *slots;	/* 0: empty */
	uint32_t mask;
	uint32_t used;
	uint32_t next;		/* candidate for the next choice */
};

/* A number that is not in the set; it still has to be added. */
uint32_t idset_choose(struct idset *set);

/* -ENOMEM. Adding what is there changes nothing. */
int idset_add(struct idset *set, uint32_t id);
void idset_del(struct idset *set, uint32_t id);
bool idset_has(const struct idset *set, uint32_t id);
void idset_free(struct idset *set);

#endif /* EQUIC_LIB_IDSET_H */
