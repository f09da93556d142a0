/* SPDX-License-Identifier: GPL-2.0-only */
/* Whole numbers and words of a list, with the message when they are neither. */
#ifndef EQUIC_TOOL_PARSE_NUMBER_H
#define EQUIC_TOOL_PARSE_NUMBER_H

#include <stdint.h>

/* Digits only, no sign, no base prefix. 0, -EINVAL, -ERANGE beyond 32 bits. */
int parse_u32(const char *text, uint32_t *value);

/*
 * @name's value, @min … @max. Says what is wrong and returns TOOL_USAGE, or
 * TOOL_OK. @remedy ends the message.
 */
int parse_ranged(const char *name, const char *text, uint32_t min,
		 uint32_t max, const char *remedy, uint32_t *value);

/*
 * The number whose name is @text: @words gives the names from 0 on, NULL at the
 * end, as libequic's equic_…_name() do. Otherwise as above.
 */
int parse_word(const char *name, const char *text,
	       const char *(*words)(unsigned int n), uint32_t *value);

#endif
