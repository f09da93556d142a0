/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The packet numbers that a key has sealed: each once, on any number of CPUs.
 * A sliding window as against replay (RFC 6479): what is older than the window
 * counts as used.
 *
 * Lock: its own, innermost; BH is disabled.
 */
#ifndef _EQUIC_WINDOW_H
#define _EQUIC_WINDOW_H

#include <linux/bits.h>
#include <linux/spinlock.h>

enum {
	EQUIC_WINDOW_BITS = 8192,	/* numbers; a power of two */
	EQUIC_WINDOW_WORDS = EQUIC_WINDOW_BITS / BITS_PER_LONG,
	/* A word is reused at once, and whole: that much less looks back. */
	EQUIC_WINDOW_SIZE = EQUIC_WINDOW_BITS - BITS_PER_LONG,
};

struct equic_window {
	spinlock_t lock;		/* all of it */
	u64 count;			/* numbers taken */
	u64 end;			/* one above the largest of them */
	unsigned long taken[EQUIC_WINDOW_WORDS];
};

void equic_window_init(struct equic_window *window, u64 first);

/*
 * Return: how many numbers have been taken, at most @max; -EALREADY: it was taken
 * before; -ERANGE: it may have been; -EKEYEXPIRED: @max have been.
 */
s64 equic_window_take(struct equic_window *window, u64 pn, u64 max);
u64 equic_window_count(struct equic_window *window);

#endif /* _EQUIC_WINDOW_H */
