/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pending connections in the order they came, per service and CPU, so that
 * those that time out are found at the head of a list. A work item looks every
 * EQUIC_PENDING_SWEEP_MS while there are any.
 */
#ifndef _EQUIC_PENDING_H
#define _EQUIC_PENDING_H

#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

struct equic_conn;
struct equic_net;
struct equic_service;

enum {
	/* Half of the 100 ms that an expired connection may still count. */
	EQUIC_PENDING_SWEEP_MS = 40,
	/* Per service and CPU in one go; the work comes again at once. */
	EQUIC_PENDING_SWEEP_BATCH = 1024,
};

struct equic_pending_shard {
	spinlock_t lock;		/* the list */
	struct list_head conns;		/* oldest first */
};

struct equic_pending {
	struct delayed_work sweep;
	atomic_t nr;
	atomic_t armed;
};

void equic_pending_init(struct equic_net *en);
void equic_pending_exit(struct equic_net *en);
struct equic_pending_shard __percpu *equic_pending_shards_alloc(void);

/* The client's lock is held, and BH disabled. */
void equic_pending_add(struct equic_conn *conn);
void equic_pending_del(struct equic_conn *conn);

/* Ends the service's pending connections that no server has reported. */
void equic_pending_end_unreported(struct equic_service *svc);

#endif /* _EQUIC_PENDING_H */
