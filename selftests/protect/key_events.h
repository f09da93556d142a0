/* SPDX-License-Identifier: GPL-2.0-only */
/* What the module tells of keys by itself. */
#ifndef EQUIC_SELFTESTS_KEY_EVENTS_H
#define EQUIC_SELFTESTS_KEY_EVENTS_H

#include <linux/equic.h>
#include <linux/types.h>

/**
 * struct key_event - an event
 * @type: enum equic_event
 * @key: id of the key
 * @epoch: of the key
 */
struct key_event {
	__u8	type;
	__u32	key;
	__u32	epoch;
};

/**
 * key_events_open - listen to the events of this namespace
 */
void key_events_open(void);

/**
 * key_events_close - no more
 */
void key_events_close(void);

/**
 * key_events_read - what was told of keys since it was last asked
 * @events: receives them
 * @max: at most so many
 *
 * Complete: an event that came of anything done before the call, on any CPU, is
 * among them. There must have been a key.
 *
 * Return: how many there are, which may be more than @max.
 */
int key_events_read(struct key_event *events, int max);

#endif /* EQUIC_SELFTESTS_KEY_EVENTS_H */
