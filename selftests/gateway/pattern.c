// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "pattern.h"

uint64_t pattern_next(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

unsigned int pattern_draw(uint64_t *state, unsigned int n)
{
	return pattern_next(state) % n;
}

void pattern_draw_bytes(uint64_t *state, uint8_t *data, size_t len)
{
	while (len--)
		*data++ = pattern_next(state);
}

void pattern_fill(uint8_t *data, size_t len, uint32_t number)
{
	uint64_t state = (uint64_t)number << 32 | len, word = 0;
	size_t i;

	memcpy(data, &number, PATTERN_MIN);
	for (i = PATTERN_MIN; i < len; i++) {
		if (i % 8 == PATTERN_MIN)
			word = pattern_next(&state);
		data[i] = word >> 8 * (i % 8);
	}
}

bool pattern_intact(const uint8_t *data, size_t len)
{
	uint8_t want[65536];
	uint32_t number;

	if (len < PATTERN_MIN || len > sizeof(want))
		return false;
	memcpy(&number, data, PATTERN_MIN);
	pattern_fill(want, len, number);
	return !memcmp(data, want, len);
}
