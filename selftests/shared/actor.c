// SPDX-License-Identifier: GPL-2.0-only
/* See actor.h. */
#include <stdlib.h>
#include <ucontext.h>
#include "actor.h"
#include "ktap.h"

enum { STACK = 1 << 18 };

struct actor {
	ucontext_t	others, own;
	void		(*turn)(void *ctx);
	void		*ctx;
	bool		hangs;
	char		stack[STACK];
};

/* Whose first turn it is. */
static struct actor *first;

static void change(ucontext_t *from, const ucontext_t *to)
{
	if (swapcontext(from, to))
		ktap_bail("swapcontext");
}

static void act(void)
{
	struct actor *a = first;

	for (;;) {
		a->turn(a->ctx);
		change(&a->own, &a->others);
	}
}

struct actor *actor_new(void (*turn)(void *ctx), void *ctx)
{
	struct actor *a = malloc(sizeof(*a));

	if (!a || getcontext(&a->own))
		ktap_bail("memory");
	a->turn = turn;
	a->ctx = ctx;
	a->hangs = false;
	a->own.uc_stack.ss_sp = a->stack;
	a->own.uc_stack.ss_size = sizeof(a->stack);
	a->own.uc_link = NULL;
	makecontext(&a->own, act, 0);
	return a;
}

void actor_free(struct actor *a)
{
	free(a);
}

void actor_turn(struct actor *a)
{
	first = a;
	a->hangs = false;
	change(&a->others, &a->own);
}

void actor_hang(struct actor *a)
{
	a->hangs = true;
	change(&a->own, &a->others);
}

bool actor_hangs(const struct actor *a)
{
	return a->hangs;
}
