/* SPDX-License-Identifier: GPL-2.0-only */
/* TIME: a number and its unit, "500ms", "10s", "15m", "2h". */
#ifndef EQUIC_TOOL_PARSE_TIME_H
#define EQUIC_TOOL_PARSE_TIME_H

#include <stddef.h>
#include <stdint.h>

#define TIME_TEXT_LEN 24
#define TIME_REMEDY "a number with its unit, as 500ms, 10s or 15m"

/* 0, -EINVAL when @text is no TIME, -ERANGE beyond 32 bits of ms. */
int parse_time_ms(const char *text, uint32_t *ms);

/* Writes @ms so that parse_time_ms() reads the same back. */
const char *format_time_ms(uint32_t ms, char buf[TIME_TEXT_LEN]);

#endif
