/* SPDX-License-Identifier: GPL-2.0-only */
/* A second sender, or a peer, that is an enemy: what it does by hand, and what that comes to. */
#ifndef EQUIC_SELFTESTS_SHARED_ENEMY_H
#define EQUIC_SELFTESTS_SHARED_ENEMY_H

#include "frame.h"
#include "scene.h"

/* It has much before it. */
extern const struct scene_plan enemy_plan;

/*
 * Whether 3 s later the stack's stream is there, and no number came twice: streams of
 * a second sender that is hostile are as it leaves them.
 */
bool enemy_is_harmless(struct scene *sc);

/*
 * A frame of the peer's, with @numbers of the two: as translate_received() finds it in a
 * packet, which another peer may write.
 */
void enemy_hear(struct scene *sc, enum frame_type type, uint64_t first, uint64_t second,
		int numbers);

/* A record of the second sender's. */
void enemy_submit(struct scene *sc, const struct equic_record *record);

/* A packet under a number that was taken before, with the keys of epoch 0. */
void enemy_send_under(struct scene *sc, uint64_t word, const uint8_t *payload, size_t len);

/* How often the library has found something that makes no sense, all records heard. */
uint64_t enemy_seen(struct scene *sc);

#endif /* EQUIC_SELFTESTS_SHARED_ENEMY_H */
