/* SPDX-License-Identifier: GPL-2.0-only */
/* Whether the translator does with a payload what the oracle does. */
#ifndef EQUIC_SELFTESTS_AGREE_H
#define EQUIC_SELFTESTS_AGREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "numbers.h"
#include "oracle.h"

enum { AGREE_MAX = 4096 };

/**
 * struct agree - of one connection
 * @oracle: its packets.
 * @numbers: the same.
 * @malformed: how many payloads were.
 * @changed: how many that were received did not stay as they were.
 * @reset: how many that were sent did not stay as they were.
 */
struct agree {
	const struct oracle	*oracle;
	struct numbers		*numbers;
	unsigned int		malformed;
	unsigned int		changed;
	unsigned int		reset;
};

/**
 * agree - translate a payload as received and as sent, and compare
 * @a: connection
 * @in: payload
 * @len: its length, at most AGREE_MAX
 * @at: where to translate it, of that length
 *
 * Bytes, return values, and what is told must be the oracle's, and a payload that
 * is to be acknowledged must stay one.
 *
 * Return: NULL; or what they disagree on.
 */
const char *agree(struct agree *a, const uint8_t *in, size_t len, uint8_t *at);

#endif /* EQUIC_SELFTESTS_AGREE_H */
