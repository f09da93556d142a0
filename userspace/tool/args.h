/* SPDX-License-Identifier: GPL-2.0-only */
/* The words of a command line, one after the other. */
#ifndef EQUIC_TOOL_ARGS_H
#define EQUIC_TOOL_ARGS_H

#include <stdbool.h>
#include <stddef.h>

struct args {
	int n;
	char **v;
};

/**
 * struct command - a word and what it runs
 * @name: the word; it may be shortened while it stays unambiguous.
 * @run: gets the words after it; NULL for a command that the grammar reserves
 *	and this version does not have.
 */
struct command {
	const char *name;
	int (*run)(struct args *args);
};

/* The next word, or NULL. */
const char *args_peek(const struct args *args);
const char *args_next(struct args *args);

/* Takes the next word if it is @word. */
bool args_take(struct args *args, const char *word);

/*
 * The word that must follow @after; says what is missing and returns NULL when
 * there is none.
 */
const char *args_value(struct args *args, const char *after, const char *what);

/* TOOL_OK when nothing is left, otherwise names the word that is too much. */
int args_end(const struct args *args);

/*
 * Runs the command of @set that the next word names. @set ends with a NULL
 * name; @dflt is the word when there is none (NULL: one is needed).
 */
int command_run(const struct command *set, const char *dflt,
		struct args *args);

#endif
