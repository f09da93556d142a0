/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * equic(8): what every command shares. One command, one file; main.c picks it,
 * args.c walks its words, print.c writes what it found.
 */
#ifndef EQUIC_TOOL_H
#define EQUIC_TOOL_H

#include <stdbool.h>

#include "args.h"

/**
 * enum tool_exit - the exit status (equic(8), EXIT STATUS)
 * @TOOL_OK: done.
 * @TOOL_REFUSED: the kernel, or the state of the machine, said no.
 * @TOOL_USAGE: the command line cannot be right on any machine, or names a
 *	knob or command of a later version.
 */
enum tool_exit {
	TOOL_OK,
	TOOL_REFUSED,
	TOOL_USAGE,
};

/**
 * struct tool - the options before the object, and what runs
 * @json: -j
 * @pretty: -p
 * @netns: -n, NULL for the caller's
 * @command: the words that chose the command, for messages: "service add"
 */
struct tool {
	bool json;
	bool pretty;
	const char *netns;
	char command[64];
};

extern struct tool tool;

struct equic;

/* "equic: COMMAND: …" on standard error; returns TOOL_USAGE. */
int usage_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* The same for what the machine refuses; returns TOOL_REFUSED. */
int refused(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * The same for a call of libequic about @fmt… that returned @err < 0: with the
 * kernel's own words where it gave some, and @remedy (or NULL) unless the error
 * has one of its own, as a missing module or privilege has.
 */
int refused_by(struct equic *eq, int err, const char *remedy,
	       const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* Opens a handle; on failure says why and returns NULL. */
struct equic *tool_open(void);

int cmd_service(struct args *args);
int cmd_client(struct args *args);
int cmd_conn(struct args *args);
int cmd_feed(struct args *args);
int cmd_attach(struct args *args);
int cmd_detach(struct args *args);
int cmd_bypass(struct args *args);
int cmd_status(struct args *args);
int cmd_stats(struct args *args);
int cmd_monitor(struct args *args);
int cmd_flush(struct args *args);
int cmd_key(struct args *args);

#endif
