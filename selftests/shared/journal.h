/* SPDX-License-Identifier: GPL-2.0-only */
/* What a translator has told, to compare. */
#ifndef EQUIC_SELFTESTS_JOURNAL_H
#define EQUIC_SELFTESTS_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "translate.h"

/* Each takes at least a byte of a payload. */
enum { JOURNAL_MAX = 8192 };

/**
 * enum event_kind - which of struct translate_ops was called, and with what
 * @EVENT_ACKED: ACK Delay, and whether there are ECN counts; its ranges follow.
 * @EVENT_RANGE: first, last.
 * @EVENT_MAX_DATA: max.
 * @EVENT_MAX_STREAM_DATA: stream, max.
 * @EVENT_STOP_SENDING: stream, code.
 */
enum event_kind {
	EVENT_ACKED,
	EVENT_RANGE,
	EVENT_MAX_DATA,
	EVENT_MAX_STREAM_DATA,
	EVENT_STOP_SENDING,
};

struct event {
	uint64_t kind;
	uint64_t value[2];
};

struct journal {
	size_t		count;
	struct event	event[JOURNAL_MAX];
};

/* A translator's: its context is a struct journal. */
extern const struct translate_ops journal_ops;

void journal_add(struct journal *j, enum event_kind kind, uint64_t first,
		 uint64_t second);

bool journal_same(const struct journal *a, const struct journal *b);

/* The streams of the library: every second unidirectional one of a server's. */
bool journal_owns(uint64_t stream);

#endif /* EQUIC_SELFTESTS_JOURNAL_H */
