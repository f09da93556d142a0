/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Network namespaces: the handle's, without moving the caller's thread. */
#ifndef EQUIC_LIB_NETNS_H
#define EQUIC_LIB_NETNS_H

struct equic;

/* A name in /run/netns, or a path with a slash. -ENOENT, -EPERM. */
int netns_open(const char *name, int *fd);

int netns_dup(int from, int *fd);

/*
 * Run @fn in the handle's namespace and return what it returned. A thread of its
 * own goes there: a caller that failed to come back would be lost.
 */
int netns_run(struct equic *eq, int (*fn)(void *arg), void *arg);

#endif /* EQUIC_LIB_NETNS_H */
