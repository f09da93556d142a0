/* SPDX-License-Identifier: GPL-2.0-only */
/* Test results on standard output, as Documentation/dev-tools/ktap.rst wants. */
#ifndef EQUIC_SELFTESTS_KTAP_H
#define EQUIC_SELFTESTS_KTAP_H

#include <stdbool.h>

/**
 * ktap_begin - print the header; the plan comes with ktap_end()
 */
void ktap_begin(void);

/**
 * ktap_result - print a test's result
 * @ok: whether it passed
 * @name: printf format of its name, the behaviour that was tested
 */
void ktap_result(bool ok, const char *name, ...)
	__attribute__((format(printf, 2, 3)));

/**
 * ktap_skip - print that a test could not be done here
 * @reason: why
 * @name: as above
 */
void ktap_skip(const char *reason, const char *name, ...)
	__attribute__((format(printf, 2, 3)));

/**
 * ktap_diag - print a line that explains a result, before it
 * @format: printf format
 */
void ktap_diag(const char *format, ...) __attribute__((format(printf, 1, 2)));

/**
 * ktap_bail - say what is broken about the test itself, and exit
 * @format: printf format; errno is explained behind it, unless 0
 */
void ktap_bail(const char *format, ...)
	__attribute__((format(printf, 1, 2), noreturn));

/**
 * ktap_end - print the plan
 *
 * Return: the exit status: 0 when all passed, else 1.
 */
int ktap_end(void);

#endif /* EQUIC_SELFTESTS_KTAP_H */
