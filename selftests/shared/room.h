/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory between two pages that nobody may touch: a byte too far is a signal. */
#ifndef EQUIC_SELFTESTS_ROOM_H
#define EQUIC_SELFTESTS_ROOM_H

#include <stddef.h>
#include <stdint.h>

/**
 * struct room - such memory
 * @begin: behind the one page.
 * @end: before the other.
 */
struct room {
	uint8_t *begin;
	uint8_t *end;
};

/* @size: bytes that it must hold. */
void room_make(struct room *room, size_t size);

#endif /* EQUIC_SELFTESTS_ROOM_H */
