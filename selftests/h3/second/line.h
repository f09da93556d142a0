/* SPDX-License-Identifier: GPL-2.0-only */
/* A connection that the second sender sends on. */
#ifndef H3_SECOND_LINE_H
#define H3_SECOND_LINE_H

#include <stdbool.h>

#include "ask.h"

struct line;

/* 1 is the least @connection. NULL, with errno. The descriptors stay the caller's. */
struct line *line_new(uint32_t connection, const struct ask_open *open,
		      int memory, int ring);
void line_free(struct line *line);
uint32_t line_connection(const struct line *line);

/* Each 0 or -errno. */
int line_key(struct line *line, const struct ask_key *key);
/* @fd is the line's from now on, also if this fails. */
int line_path(struct line *line, const struct ask_path *path, int fd);

enum line_turn {
	LINE_QUIET,	/* nothing was sent */
	LINE_SENT,
	LINE_MORE,	/* sent, and it could go on */
};

/* Sends what may be sent, and not too much of it. */
enum line_turn line_turn(struct line *line);

#endif /* H3_SECOND_LINE_H */
