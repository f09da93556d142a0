/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef H3_SERVER_COUNTERS_H
#define H3_SERVER_COUNTERS_H

#include <stdint.h>
#include <sys/types.h>

#include "../net/wire.h"
#include "options.h"

/* Counters of one worker; counters.c has their names in the JSON. */
enum counter {
	COUNT_RX_DATAGRAMS,	/* each one that recvmmsg() gave */
	COUNT_RX_BYTES,
	COUNT_RX_KERNEL_DROPS,	/* socket buffer full */
	COUNT_RX_CALLS,
	COUNT_TX_DATAGRAMS,
	COUNT_TX_BYTES,
	COUNT_TX_FAILED,
	COUNT_FIRST_TYPE,	/* of the first packet: enum wire_type */
	COUNT_ACCEPTED = COUNT_FIRST_TYPE + WIRE_TYPES,
	COUNT_COMPLETED,
	COUNT_LIVE,		/* a gauge */
	COUNT_MOVED,
	COUNT_REQUESTS,
	COUNT_REQUEST_ERRORS,
	COUNT_BODY_BYTES,
	COUNT_REFUSED_QUOTA,	/* Initials answered or dropped before TLS */
	COUNT_REFUSED_LATE,	/* --refuse after-handshake */
	COUNT_REFUSED_MAX_CONNS,
	COUNT_REFUSED_TOKEN,
	COUNT_RETRY_SENT,
	COUNT_VERSION_NEGOTIATION_SENT,
	COUNT_RESET_SENT,
	COUNT_FORWARDED_OUT,	/* to the worker that the CID names */
	COUNT_FORWARDED_IN,
	COUNT_IGNORED,		/* belongs to no connection, starts none */
	COUNT_END,		/* why connections ended: enum conn_end */
	COUNT_END_CLIENT = COUNT_END,
	COUNT_END_SERVER,
	COUNT_END_IDLE,
	COUNT_END_HANDSHAKE_TIMEOUT,
	COUNT_END_REFUSED,
	COUNT_END_ERROR,
	COUNT_END_PROCESS,	/* its worker died */
	COUNT_CLIENT_ERRORS,	/* what the client closed for */
	COUNT_SHARE_CONNECTIONS,	/* of --share: equic_share.h tells of them */
	COUNT_SHARE_STACK,
	COUNT_SHARE_LIBRARY,
	COUNT_SHARE_SECOND,
	COUNT_SHARE_VOIDS,
	COUNT_SHARE_LOST,
	COUNT_SHARE_SPURIOUS,
	COUNT_SHARE_RESENT,
	COUNT_SHARE_HOSTILE,
	COUNT_SHARE_ESTRANGED,
	COUNT_SHARE_UPDATES,
	COUNT_SHARE_STREAMS_ACKED,	/* the second sender's, whole */
	COUNT_SHARE_STREAMS_STOPPED,
	COUNT_SHARE_STREAMS_DONE,	/* acknowledged or reset */
	COUNT_SHARE_DATAGRAMS_ACKED,
	COUNT_SHARE_DATAGRAMS_LOST,
	COUNT_SHARE_DATAGRAMS_VOID,
	COUNT_SHARE_DEATHS,	/* of the second sender */
	COUNT_SHARE_HUNG,	/* of them, because it did not answer */
	COUNTERS
};

/* Counters of one source address, or address and port. */
enum source_counter {
	SOURCE_DATAGRAMS,
	SOURCE_BYTES,
	SOURCE_INITIALS,	/* datagrams that begin with one */
	SOURCE_ACCEPTED,
	SOURCE_COMPLETED,
	SOURCE_REFUSED,
	SOURCE_ENDED,
	SOURCE_COUNTERS
};

enum {
	SOURCES = 1 << 14,
};

struct source {
	uint8_t addr[16];
	uint16_t port;
	uint16_t used;
	uint64_t counts[SOURCE_COUNTERS];
};

/* One writer, the worker; readers accept values of slightly unequal age. */
struct worker_counters {
	pid_t pid;
	uint64_t counts[COUNTERS];
	uint64_t other[SOURCE_COUNTERS];	/* sources beyond the table */
	uint32_t n_sources;
	struct source sources[SOURCES];
};

struct counters {
	uint64_t magic;
	uint32_t n_workers;
	uint32_t ledger;
	uint32_t quota_in;
	uint32_t quota;
	struct worker_counters workers[];
};

/* Makes them, shared by processes and, if asked for, in a file; or NULL. */
struct counters *counters_new(const struct options *options);
/* A worker died: so did its connections. */
void counters_worker_died(struct worker_counters *counters);
/* The counts of a source, made if there is room. */
uint64_t *counters_source(struct worker_counters *counters, uint32_t ledger,
			  const union addr *remote);
/* Writes them as JSON to @path; 0 or -errno. */
int counters_write(const struct counters *counters, const char *path);
/* Prints a counters file; an exit status. */
int counters_print_file(const char *path);

#endif /* H3_SERVER_COUNTERS_H */
