/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Translation a second time, written from RFC 9000 and translate.h alone, to compare
 * with: the numbers are a plain array, and every one is looked for in every range.
 * It shares no code with userspace/shared.
 */
#ifndef EQUIC_SELFTESTS_ORACLE_H
#define EQUIC_SELFTESTS_ORACLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "journal.h"

enum { ORACLE_MAX = 1 << 16 };

/**
 * struct oracle - the stack's packets
 * @stack: the number of the first.
 * @count: how many there are.
 * @wire: their numbers on the wire.
 */
struct oracle {
	uint64_t	stack;
	size_t		count;
	uint64_t	wire[ORACLE_MAX];
};

/**
 * oracle_received - what translate_received() must do
 * @o: the stack's packets
 * @in: payload
 * @len: its length
 * @out: result
 * @journal: told what its translator must tell
 *
 * Return: what translate_received() must return.
 */
int oracle_received(const struct oracle *o, const uint8_t *in, size_t len,
		    uint8_t *out, struct journal *journal);

/* Likewise of translate_sent(). */
int oracle_sent(const uint8_t *in, size_t len, uint8_t *out);

/* Likewise of payload_elicits(). */
bool oracle_elicits(const uint8_t *in, size_t len);

#endif /* EQUIC_SELFTESTS_ORACLE_H */
