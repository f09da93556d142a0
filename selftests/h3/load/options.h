/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef H3_LOAD_OPTIONS_H
#define H3_LOAD_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "../net/addr.h"

struct options {
	union addr target;
	union addr *sources;	/* none: the kernel's choice */
	uint32_t n_sources;
	const char *label;
	const char *path;
	const char *host;
	const char *ca;
	const char *json;
	const char *journal;
	uint32_t version;	/* of QUIC */
	uint64_t conns;		/* 0: until the duration is over */
	uint32_t parallel;
	uint32_t requests;	/* of each connection */
	uint32_t streams;	/* that a server may open, beside those of HTTP/3 */
	double rate;		/* new connections each second, 0: no limit */
	uint64_t begin_ns;	/* 0: at once */
	uint64_t duration_ns;
	uint64_t delay_ns;	/* between two requests */
	uint64_t hold_ns;
	uint64_t handshake_timeout_ns;
	uint64_t live_ns;
	uint64_t linger_ns;
	uint32_t initials;	/* raw mode: how many */
	uint32_t duplicate;
	uint32_t threads;
	bool one_socket;
	bool retry_refused;
	bool vanish;
	bool strict;
};

/* Exits with status 2 and a usage line when they make no sense. */
void options_parse(struct options *options, int argc, char **argv);

#endif /* H3_LOAD_OPTIONS_H */
