/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef H3_LOAD_LOAD_H
#define H3_LOAD_LOAD_H

#include <stdbool.h>
#include <stdio.h>

#include "../net/timer.h"
#include "../net/udp.h"
#include "options.h"
#include "result.h"
#include "tls.h"

struct client;
struct socket;

/* A run: so many clients in slots, new ones as old ones end. */
struct load {
	const struct options *options;
	struct tls tls;
	struct result result;
	FILE *journal;		/* or NULL */
	struct timer_heap timers;
	struct udp_rx *rx;
	struct udp_tx *tx;
	struct client **slots;
	uint32_t *free_slots;
	uint32_t n_free;
	uint32_t generation;
	struct socket **shared;	/* --one-socket: one of each source */
	uint64_t started;
	uint64_t due_ns;	/* with --rate: of the next start */
	uint64_t now_ns;
	int epoll;
	int signals;
	bool stopping;
};

/* 0, or -1, having said what failed. */
int load_run(struct load *load);
/* --begin; ends early when it is told to stop. */
void load_wait_to_begin(const struct load *load);
/* A socket for the next connection of @source; or NULL. */
struct socket *load_socket(struct load *load, uint32_t source);
/* @client gives its slot back; @failed: another may take its place. */
void load_client_ended(struct load *load, struct client *client, bool failed);

/* Raw mode; the same results. */
int initials_run(struct load *load);

#endif /* H3_LOAD_LOAD_H */
