/* SPDX-License-Identifier: GPL-2.0-only */
/* What keys are made of, and whether it is in what the kernel gives away. */
#ifndef EQUIC_SELFTESTS_SECRET_H
#define EQUIC_SELFTESTS_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>

enum { SECRET_LEN = 32 };

/**
 * secret_of - bytes that nothing else in the kernel consists of
 * @type: %EQUIC_A_KEY_KEY, %EQUIC_A_KEY_IV or %EQUIC_A_KEY_HEADER
 *
 * Return: %SECRET_LEN bytes, until the next call.
 */
const __u8 *secret_of(int type);

/**
 * secret_in - are there eight bytes in a row of any secret?
 * @bytes: where to look
 * @len: bytes of it
 */
bool secret_in(const void *bytes, size_t len);

/**
 * secret_in_text - the same, and in hexadecimal digits
 * @text: where to look
 * @len: bytes of it
 *
 * The digits may be of either case, one by one, with anything between that is no
 * digit, or of a number of eight bytes.
 */
bool secret_in_text(const char *text, size_t len);

/**
 * secret_in_output - the same, in what a command prints
 * @command: for the shell
 *
 * Return: true also when it prints nothing.
 */
bool secret_in_output(const char *command);

#endif /* EQUIC_SELFTESTS_SECRET_H */
