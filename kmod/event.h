/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Events for user space. Whoever has one to tell, the packet path included, puts
 * a record into a ring of its CPU; a work item sends them. A full ring and a
 * rate above EQUIC_EVENTS_PER_SEC lose records, and say how many.
 *
 * Owner: the namespace. A ring's lock is innermost.
 */
#ifndef _EQUIC_EVENT_H
#define _EQUIC_EVENT_H

#include <linux/equic.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "addr.h"

struct equic_client;
struct equic_key;
struct equic_net;
struct equic_service;

enum {
	EQUIC_EVENTS_RING = 64,		/* records per CPU, a power of two */
	EQUIC_EVENTS_PER_SEC = 1000,	/* per namespace */
};

/* Everything by value: what it speaks of may be gone when it is sent. */
struct equic_event_record {
	u8 type;		/* enum equic_event */
	bool deleted;
	u8 prefix_len;
	__be16 port;
	struct in6_addr service;
	struct in6_addr client;
	u32 portid;
	u32 pid;
	u32 released;
	u32 key;
	u32 epoch;
};

struct equic_event_ring {
	spinlock_t lock;		/* the ring */
	unsigned int head, tail;
	struct equic_event_record records[EQUIC_EVENTS_RING];
};

struct equic_events {
	struct equic_event_ring __percpu *rings; /* made when first needed */
	struct work_struct send;
	atomic_long_t lost;		/* not yet told */
	atomic_long_t lost_ever;
	atomic_t overflow_told;		/* table full: one event a second */
	/* The sender's own. */
	unsigned long window;		/* jiffies when it began */
	unsigned int sent;		/* in this window */
};

void equic_events_init(struct equic_net *en);
int equic_events_prepare(struct equic_net *en);
void equic_events_exit(struct equic_net *en);

/* Client lock held. */
void equic_event_client(const struct equic_client *client,
			enum equic_event type);
void equic_event_overflow(struct equic_net *en,
			  const struct equic_service *svc);
void equic_event_owner(struct equic_net *en, const struct equic_service *svc,
		       enum equic_event type, u32 portid, u32 pid,
		       u32 released);
void equic_event_policy(struct equic_net *en, const struct equic_service *svc,
			bool deleted);
void equic_event_key(const struct equic_key *key, enum equic_event type,
		     u32 epoch);

#endif /* _EQUIC_EVENT_H */
