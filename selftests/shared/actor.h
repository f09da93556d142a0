/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Somebody who may hang in the middle of what he does, while all others go on: he has a
 * stack of his own, and runs when he is told to. So what happens is the same each time.
 */
#ifndef EQUIC_SELFTESTS_SHARED_ACTOR_H
#define EQUIC_SELFTESTS_SHARED_ACTOR_H

#include <stdbool.h>

struct actor;

/* Who does @turn, again and again. */
struct actor *actor_new(void (*turn)(void *ctx), void *ctx);

/* Wherever he hangs, that is where he ends. */
void actor_free(struct actor *a);

/* He has a turn, or goes on with the one in which he hangs; until it ends, or he hangs. */
void actor_turn(struct actor *a);

/* By himself, in his turn: until actor_turn(). */
void actor_hang(struct actor *a);

bool actor_hangs(const struct actor *a);

#endif /* EQUIC_SELFTESTS_SHARED_ACTOR_H */
