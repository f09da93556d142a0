/* SPDX-License-Identifier: GPL-2.0-only */
/* Random connections and payloads for them. */
#ifndef EQUIC_SELFTESTS_COMPOSE_H
#define EQUIC_SELFTESTS_COMPOSE_H

#include <stddef.h>
#include <stdint.h>
#include "chance.h"
#include "numbers.h"
#include "oracle.h"

enum { COMPOSE_MAX = 4096 };

/**
 * compose_numbers - a connection's packets
 * @c: chance
 * @most: at most so many
 * @o: result, for the oracle
 *
 * Return: the same for the translator.
 */
struct numbers *compose_numbers(struct chance *c, unsigned int most,
				struct oracle *o);

/**
 * compose_payload - frames, perhaps damaged
 * @c: chance
 * @o: the packets that it may acknowledge
 * @to: result, room for COMPOSE_MAX bytes
 *
 * Return: its length.
 */
size_t compose_payload(struct chance *c, const struct oracle *o, uint8_t *to);

#endif /* EQUIC_SELFTESTS_COMPOSE_H */
