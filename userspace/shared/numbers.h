/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The packet numbers that the stack believes in, and those on the wire that they
 * became. Both only grow, so that what is between two numbers of the wire is one
 * run of the stack's.
 */
#ifndef EQUIC_SHARED_NUMBERS_H
#define EQUIC_SHARED_NUMBERS_H

#include <stdbool.h>
#include <stdint.h>

struct numbers;

struct numbers *numbers_new(void);
void numbers_free(struct numbers *n);

/**
 * numbers_add - the stack's next number has one on the wire
 * @n: numbers
 * @stack: above all that were added
 * @wire: above all that were added, and not below @stack
 *
 * Return: 0; -EINVAL: a number is not as it must be; -ENOMEM.
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
 * Numbers that were forgotten are not in it.
 *
 * Return: false: none.
 */
bool numbers_within(const struct numbers *n, uint64_t first, uint64_t last,
		    uint64_t *stack_first, uint64_t *stack_last);

/**
 * numbers_acked - the stack has been told that these are acknowledged
 * @n: numbers
 * @stack_first: of the stack
 * @stack_last: of the stack; belongs to it
 *
 * The oldest that are known to be acknowledged are forgotten one day, and so are
 * others when there are very many: what the stack was told is told again, if it
 * comes again, for packets of at least the last %NUMBERS_KEPT.
 */
void numbers_acked(struct numbers *n, uint64_t stack_first, uint64_t stack_last);

enum { NUMBERS_KEPT = 4096, NUMBERS_MAX = 65536 };

#endif /* EQUIC_SHARED_NUMBERS_H */
