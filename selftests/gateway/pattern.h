/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Bytes that anybody can make again who knows where they begin: flow fills its
 * datagrams with them, sink tells whether they arrived unchanged, handshakes
 * draws its lots from them.
 */
#ifndef GATEWAY_PATTERN_H
#define GATEWAY_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	/* The shortest datagram that can be told from another. */
	PATTERN_MIN = 4,
};

/* splitmix64: the next of the numbers that @state began. */
uint64_t pattern_next(uint64_t *state);
/* One of 0 … @n - 1, and @len bytes, of them. */
unsigned int pattern_draw(uint64_t *state, unsigned int n);
void pattern_draw_bytes(uint64_t *state, uint8_t *data, size_t len);
/* Number @number, and what follows from it, in @len bytes. */
void pattern_fill(uint8_t *data, size_t len, uint32_t number);
/* Is it just what pattern_fill() made? */
bool pattern_intact(const uint8_t *data, size_t len);

#endif /* GATEWAY_PATTERN_H */
