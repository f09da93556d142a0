/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef H3_SERVER_WORKER_H
#define H3_SERVER_WORKER_H

#include "../net/timer.h"
#include "../net/udp.h"
#include "cids.h"
#include "counters.h"
#include "keys.h"
#include "options.h"
#include "quota.h"
#include "report.h"
#include "sender.h"
#include "tls.h"

struct conn;

struct listener {
	struct worker *worker;
	int fd;
	union addr bound;
	struct udp_tx *tx;
};

/* One process (or the only one) that serves connections. */
struct worker {
	const struct options *options;
	const struct tls *tls;
	struct counters *all_counters;
	struct worker_counters *counters;
	struct quota *quota;
	unsigned int index;
	uint8_t tag[CID_TAG_BYTES];	/* first bytes of all its CIDs */
	struct listener listeners[LISTEN_MAX];
	unsigned int n_listeners;
	struct udp_rx *rx;
	struct timer_heap timers;
	struct cids cids;
	struct conn *conns;
	struct report report;
	struct keys keys;
	struct sender sender;
	int epoll;
	int signals;
	int forward;		/* datagrams from other workers */
	int root;		/* directory, or -1 */
	uint64_t now_ns;	/* of this turn of the loop */
	uint64_t look_again_ns;	/* for datagrams that the kernel dropped */
	uint64_t resets_left;	/* stateless resets in this second */
	uint64_t resets_refill_ns;
};

/* Serves until SIGTERM; 0 or -1. Calls @ready when it listens. */
int worker_run(const struct options *options, const struct tls *tls,
	       struct counters *counters, struct quota *quota,
	       unsigned int index, int (*ready)(void *user), void *user);

/* One datagram, from a socket or from another worker. */
void worker_datagram(struct worker *worker, struct listener *listener,
		     struct udp_datagram *datagram);

/* Sends the reports, and then the datagrams, of this turn so far. */
void worker_flush(struct worker *worker);
/* As udp_tx_buffer(), but no datagram overtakes the report of its cause. */
uint8_t *listener_buffer(struct listener *listener);

static inline void count(struct worker *worker, enum counter counter)
{
	worker->counters->counts[counter]++;
}

static inline void count_add(struct worker *worker, enum counter counter,
			     uint64_t n)
{
	worker->counters->counts[counter] += n;
}

#endif /* H3_SERVER_WORKER_H */
