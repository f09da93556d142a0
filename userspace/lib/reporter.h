/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The reporting side of a handle: a socket that the kernel knows as the owner
 * of connections, and what is needed to never lose step with it.
 */
#ifndef EQUIC_LIB_REPORTER_H
#define EQUIC_LIB_REPORTER_H

#include "channel.h"
#include "equic.h"
#include "idset.h"
#include "queue.h"

enum {
	REPORT_QUEUE_MAX = 1048576,
	REPORT_QUEUE_DEFAULT = 65536,
};

/* The handle's lock, except for the descriptors, which last as long as it. */
struct reporter {
	struct channel chan;	/* owns connections */
	struct channel news;	/* of the family and of the policy */
	int epoll_fd;		/* all -1 without a service, until needed */
	int wake_fd;		/* eventfd: dispatch has something to do */
	int timer_fd;		/* the same, later */

	enum equic_reporting state;
	uint32_t generation;	/* counts what makes a replay under way void */
	bool syncing;		/* some thread is in the resync callback */
	bool again;		/* try to begin a replay now */
	int sync_err;		/* why the last try failed */

	struct nl_msg *msg;	/* each report is built here */
	struct queue queue;
	struct outcomes outcomes;
	struct idset ids;
	struct equic_report_stats stats;
	int refused;		/* last refusal that is to be told, and its words */
	char refused_text[256];
};

void reporter_init(struct reporter *rep);

/* Declare the handle a reporter of its service, if the kernel is ready for it. */
int reporter_open(struct equic *eq);
void reporter_close(struct reporter *rep);

/* Descriptors to wait for; made when they are first needed. */
int reporter_wait_fds(struct reporter *rep);

/* The rest of this file: called with the handle's lock. */

/* Does the kernel take reports now? */
bool reporter_is_on(const struct reporter *rep);

/* Queue a report: with NLM_F_ACK, @cookie is told about it. */
int reporter_queue(struct equic *eq, struct nlmsghdr *nlh, uint64_t cookie);

/* As much as the kernel takes. 0: all; -EAGAIN: not all. */
int reporter_send(struct equic *eq);

/* A last reporter_send(). Not to be called twice. */
void reporter_flush(struct equic *eq);

/* Make dispatch run soon. */
void reporter_wake(struct reporter *rep);

/* Reports that do not reach the kernel have an outcome as well. */
void reporter_settle_unsent(struct reporter *rep);

/* The kernel has lost track: drop what is queued, replay when possible. */
void reporter_lose(struct equic *eq, enum equic_reporting state);

/* Read what the kernel answered to reports. */
void reporter_read(struct equic *eq);

/* Send one message and read its answer; what came before it is taken in. */
int reporter_transact(struct equic *eq, struct nlmsghdr *nlh,
		      struct answer *ans);

/* Begin to follow where the module and the service are. */
int reporter_open_news(struct equic *eq);
void reporter_read_news(struct equic *eq);

/*
 * Replay, if it is time for it. Gives the lock away during the callback, which
 * is left out when nothing can have been reported yet.
 */
void reporter_sync(struct equic *eq, bool callback);

/* Keep a refusal until dispatch tells it. */
void reporter_tell(struct reporter *rep, int err, const char *text);

#endif /* EQUIC_LIB_REPORTER_H */
