// SPDX-License-Identifier: GPL-2.0-only
#include "window.h"

#include <linux/bitmap.h>
#include <linux/minmax.h>

/* @first: numbers below it count as used. */
void equic_window_init(struct equic_window *window, u64 first)
{
	spin_lock_init(&window->lock);
	bitmap_fill(window->taken, EQUIC_WINDOW_BITS);
	window->count = 0;
	window->end = first;
	/* Of the word that the first number is in, only what is below it. */
	bitmap_clear(window->taken, first % EQUIC_WINDOW_BITS,
		     BITS_PER_LONG - first % BITS_PER_LONG);
}

/* Clears the words that the window moves into. */
static void window_move(struct equic_window *window, u64 pn)
{
	u64 word = (window->end - 1) / BITS_PER_LONG;
	u64 words;

	/* No number yet, and 0 the first: its word is clear. */
	if (!window->end)
		word = 0;
	words = min_t(u64, pn / BITS_PER_LONG - word, EQUIC_WINDOW_WORDS);
	while (words--)
		window->taken[++word % EQUIC_WINDOW_WORDS] = 0;
	window->end = pn + 1;
}

static s64 window_take(struct equic_window *window, u64 pn, u64 max)
{
	if (unlikely(window->count == max))
		return -EKEYEXPIRED;
	if (likely(pn >= window->end))
		window_move(window, pn);
	else if (window->end - pn > EQUIC_WINDOW_SIZE)
		return -ERANGE;
	if (__test_and_set_bit(pn % EQUIC_WINDOW_BITS, window->taken))
		return -EALREADY;
	return ++window->count;
}

s64 equic_window_take(struct equic_window *window, u64 pn, u64 max)
{
	s64 ret;

	spin_lock(&window->lock);
	ret = window_take(window, pn, max);
	spin_unlock(&window->lock);
	return ret;
}

u64 equic_window_count(struct equic_window *window)
{
	u64 count;

	spin_lock_bh(&window->lock);
	count = window->count;
	spin_unlock_bh(&window->lock);
	return count;
}
