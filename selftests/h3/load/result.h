/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef H3_LOAD_RESULT_H
#define H3_LOAD_RESULT_H

#include <stddef.h>
#include <stdint.h>

#include "options.h"

enum tally {
	TALLY_ATTEMPTED,	/* connections whose first Initial was sent */
	TALLY_COMPLETED,	/* handshakes */
	TALLY_REFUSED,		/* CONNECTION_REFUSED before the handshake */
	TALLY_REFUSED_LATE,	/* the same after it */
	TALLY_TIMED_OUT,	/* no handshake in time */
	TALLY_FAILED,		/* no handshake for another reason */
	TALLY_BROKEN,		/* ended after it, not by this client */
	TALLY_UNFINISHED,	/* in their handshake when the time was over */
	TALLY_RETRIES,		/* Retry packets answered */
	TALLY_REQUESTS_OK,
	TALLY_REQUESTS_FAILED,
	TALLY_BODY_BYTES,
	TALLY_BODY_ERRORS,	/* bytes of /bytes/N that were wrong */
	TALLY_STREAM_BYTES,	/* of the server's unidirectional streams */
	TALLY_SENT_DATAGRAMS,
	TALLY_SENT_BYTES,
	TALLY_SEND_ERRORS,
	TALLY_RECEIVED_DATAGRAMS,
	TALLY_RECEIVED_BYTES,
	TALLIES
};

/* Durations, all of them kept. */
struct samples {
	uint32_t *us;
	size_t n;
	size_t room;
};

struct result {
	const struct options *options;
	uint64_t start_ns;
	uint64_t last_live_ns;
	uint64_t live;		/* connections after their handshake */
	uint64_t total[TALLIES];
	uint64_t at_last_live[TALLIES];
	uint64_t (*by_source)[TALLIES];
	struct samples handshake;
	struct samples request;
};

/* Its name in the JSON. */
const char *result_tally_name(enum tally tally);
int result_init(struct result *result, const struct options *options);
void result_free(struct result *result);
void result_add(struct result *result, uint32_t source, enum tally tally,
		uint64_t n);
void samples_add(struct samples *samples, uint64_t ns);
/* A line about this moment, if one is due. */
void result_live(struct result *result, uint64_t now_ns);
/* All of it; 0 or -1, having said what failed. */
int result_write(struct result *result, uint64_t now_ns);

#endif /* H3_LOAD_RESULT_H */
