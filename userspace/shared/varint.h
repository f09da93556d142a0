/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The numbers in frames (RFC 9000, 16).
 *
 * Reading and writing end at a bound, and go on from NULL with NULL: a row of them
 * is looked at once, behind the last.
 */
#ifndef EQUIC_SHARED_VARINT_H
#define EQUIC_SHARED_VARINT_H

#include <endian.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define VARINT_MAX	((UINT64_C(1) << 62) - 1)

/* The fewest bytes that hold a number. */
static inline size_t varint_len(uint64_t value)
{
	return value < 1 << 6 ? 1 : value < 1 << 14 ? 2 : value < 1 << 30 ? 4 : 8;
}

/**
 * varint_read - read a number, in however many bytes it is
 * @at: where; NULL: nothing is read
 * @end: behind what may be read
 * @value: result
 *
 * Return: behind the number; NULL: it does not end before @end.
 */
static inline const uint8_t *varint_read(const uint8_t *at, const uint8_t *end,
					 uint64_t *value)
{
	uint16_t two;
	uint32_t four;
	uint64_t eight;
	size_t len;

	if (!at || at == end)
		return NULL;
	len = (size_t)1 << (*at >> 6);
	if (len > (size_t)(end - at))
		return NULL;
	switch (len) {
	case 1:
		*value = *at & 0x3f;
		break;
	case 2:
		memcpy(&two, at, sizeof(two));
		*value = be16toh(two) & 0x3fff;
		break;
	case 4:
		memcpy(&four, at, sizeof(four));
		*value = be32toh(four) & 0x3fffffff;
		break;
	case 8:
		memcpy(&eight, at, sizeof(eight));
		*value = be64toh(eight) & VARINT_MAX;
		break;
	}
	return at + len;
}

/**
 * varint_write_wide - write a number in so many bytes
 * @at: where; NULL: nothing is written
 * @end: behind what may be written
 * @value: at most VARINT_MAX
 * @width: 1, 2, 4 or 8, and not below varint_len() of it
 *
 * Return: behind the number; NULL: there is no room, and nothing was written.
 */
static inline uint8_t *varint_write_wide(uint8_t *at, const uint8_t *end,
					 uint64_t value, size_t width)
{
	size_t i;

	if (!at || width > (size_t)(end - at))
		return NULL;
	value |= (uint64_t)__builtin_ctzl(width) << (8 * width - 2);
	for (i = width; i; i--, value >>= 8)
		at[i - 1] = value;
	return at + width;
}

/* As varint_write_wide(), in the fewest bytes. */
static inline uint8_t *varint_write(uint8_t *at, const uint8_t *end, uint64_t value)
{
	return varint_write_wide(at, end, value, varint_len(value));
}

#endif /* EQUIC_SHARED_VARINT_H */
