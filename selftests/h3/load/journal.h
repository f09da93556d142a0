/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef H3_LOAD_JOURNAL_H
#define H3_LOAD_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "result.h"

struct client;
struct load;

/*
 * --journal: a line of JSON for each request and each connection that ended, in
 * that order of time. "at" is CLOCK_MONOTONIC's seconds, so that journals of
 * several processes can be laid on each other.
 */

/* 0 or -1, having said what failed; nothing without --journal. */
int journal_open(struct load *load);
/* The request that @client made at client->request_ns was answered, or not. */
void journal_request(const struct client *client, bool ok);
/* @client ended for the reason @tally; TALLIES: as it should be. */
void journal_end(const struct client *client, enum tally tally);
/* 0 or -1, having said what failed. */
int journal_close(struct load *load);

#endif /* H3_LOAD_JOURNAL_H */
