/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * h3second, the process that sends on connections of this one. It may be killed or
 * stopped from outside; then another takes its place.
 */
#ifndef H3_SERVER_SENDER_H
#define H3_SERVER_SENDER_H

#include <stdbool.h>
#include <sys/types.h>

#include "../second/ask.h"

struct worker;

struct sender {
	pid_t pid;
	int pidfd;
	int control;
	int turn, sent;		/* eventfds, told of in ask.h */
	bool answered;		/* ever: it has been loaded */
	bool lost;		/* killed, as it did not answer */
	uint32_t connections;	/* numbers that were given */
};

/* With --share: starts it. 0 or -1. */
int sender_open(struct worker *worker);
void sender_close(struct worker *worker);

/* 0, or -errno: its own; -ETIMEDOUT: it hangs, and was killed; -EPIPE: it is gone. */
int sender_ask(struct worker *worker, const struct ask *ask, const int *fds,
	       int n_fds);

/* This turn of the loop is over: it may look again. */
void sender_poke(struct worker *worker);

/* It has sent, or it is gone. */
void sender_event(struct worker *worker, const void *what);

#endif /* H3_SERVER_SENDER_H */
