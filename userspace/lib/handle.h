/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A handle: what it holds, and the rules for entering it. */
#ifndef EQUIC_LIB_HANDLE_H
#define EQUIC_LIB_HANDLE_H

#include <pthread.h>
#include <net/if.h>

#include "channel.h"
#include "equic.h"
#include "reporter.h"

#define ERROR_TEXT_MAX 1024

/*
 * All members are protected by @lock, except those that equic_open() sets once:
 * @here, @netns_fd, @opts.
 */
struct equic {
	pthread_mutex_t lock;	/* PTHREAD_MUTEX_ERRORCHECK */
	uint8_t *here;		/* a page that fork() zeroes in the child */
	int netns_fd;		/* -1: the thread's own */
	struct equic_opts opts;

	int err;
	char text[ERROR_TEXT_MAX];

	struct channel management;
	struct channel keys;	/* to which they belong */
	struct channel events;
	bool events_joined;
	uint64_t events_lost;	/* by this reader, since the last event */

	struct reporter rep;

	int link_fd;		/* bpf_link of EQUIC_ATTACH_OWNED, or -1 */
	char link_ifname[IFNAMSIZ];
	int signal_slot;	/* of equic_load(), or -1: then it has the link */

	char ifname[IFNAMSIZ];	/* of equic_get_interface() */
	char *object;		/* of equic_read_object() */
};

/* Take the lock, in the right process; errors are those of every function. */
int handle_enter(struct equic *eq);

/* Give the lock back; hands @err through. */
int handle_leave(struct equic *eq, int err);

/* Remember an error and its words; returns @err. */
int handle_fail(struct equic *eq, int err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Does the handle belong to this process? */
bool handle_is_ours(const struct equic *eq);

/*
 * Copy a struct with a size member between two versions of the header. In:
 * bytes that this version does not know must be 0 (-EINVAL).
 */
int struct_in(struct equic *eq, void *to, size_t to_size, const void *from);
int struct_out(struct equic *eq, void *to, const void *from, size_t from_size);

#endif /* EQUIC_LIB_HANDLE_H */
