/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The packet numbers that the stack believes in, and those on the wire that they
 * became. The stack's follow each other and the wire's grow, so that what is
 * between two numbers of the wire is one run of the stack's.
 */
#ifndef EQUIC_SHARED_NUMBERS_H
#define EQUIC_SHARED_NUMBERS_H

#include <stdbool.h>
#include <stdint.h>

struct numbers;

/* NULL: no memory. */
struct numbers *numbers_new(void);

/* NULL is allowed. */
void numbers_free(struct numbers *n);

/**
 * numbers_begin - up to here the stack's numbers are those of the wire
 * @n: numbers, to which none was added
 * @next: the stack's next one
 *
 * The last %NUMBERS_SAME of them are known, until others are forgotten.
 */
void numbers_begin(struct numbers *n, uint64_t next);

/**
 * numbers_add - the stack's next number has one on the wire
 * @n: numbers
 * @stack: one above the last that was added; the first may be any
 * @wire: above all that were added, and not below @stack
 *
 * A number that the stack skips (ngtcp2 does since 1.13, against optimistic
 * acknowledgments: RFC 9000, 21.4) is added as well, with one that is skipped on the
 * wire: an acknowledgment of it reaches the stack, which has an answer for it.
 *
 * Return: 0; -EINVAL: a number is not as it must be; -ENOMEM. Nothing was added then.
 */
int numbers_add(struct numbers *n, uint64_t stack, uint64_t wire);

/**
 * numbers_within - which of the stack's numbers a range of the wire holds
 * @n: numbers
 * @first: of the wire
 * @last: of the wire; belongs to it
 * @stack_first: result
 * @stack_last: result
 *
 * Numbers that were forgotten are not in it. They are the lowest, so that a range
 * loses them at its begin alone.
 *
 * Return: false: none.
 */
bool numbers_within(const struct numbers *n, uint64_t first, uint64_t last,
		    uint64_t *stack_first, uint64_t *stack_last);

/**
 * numbers_acked - the stack has been told that a packet is acknowledged
 * @n: numbers
 * @stack: its number
 *
 * Those at least %NUMBERS_KEPT below the highest of them are forgotten, when there
 * is need of their room in numbers_add(): long ago the stack was told of them, or
 * has given them up (RFC 9002, 6.1), or never sent them. The lowest is forgotten
 * in any case when there are %NUMBERS_MAX.
 */
void numbers_acked(struct numbers *n, uint64_t stack);

enum { NUMBERS_KEPT = 4096, NUMBERS_MAX = 65536, NUMBERS_SAME = 1 << 20 };

#endif /* EQUIC_SHARED_NUMBERS_H */
