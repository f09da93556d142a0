/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef H3_SERVER_OPTIONS_H
#define H3_SERVER_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "../net/addr.h"

enum {
	LISTEN_MAX = 8,
	WORKERS_MAX = 16,
};

enum quota_in { QUOTA_IN_NONE, QUOTA_IN_USER, QUOTA_IN_KERNEL };

/* How quota in user space refuses a connection. */
enum refuse_how { REFUSE_CLOSE, REFUSE_DROP, REFUSE_AFTER_HANDSHAKE };

enum ledger_key { LEDGER_ADDR, LEDGER_PORT };

struct options {
	union addr listen[LISTEN_MAX];
	unsigned int n_listen;
	union addr service;	/* family 0: each listen address is one */
	const char *root;
	const char *cert;
	const char *key;
	const char *stats;
	const char *counters;
	const char *print;
	const char *ready_file;
	const char *keys;
	unsigned int workers;
	unsigned int quota;
	unsigned int max_conns;
	uint64_t idle_timeout_ns;
	uint64_t handshake_timeout_ns;
	uint64_t key_update_datagrams;	/* 0: never */
	enum quota_in quota_in;
	enum refuse_how refuse;
	enum ledger_key ledger;
	unsigned int share_streams;
	unsigned int share_bytes;	/* of each */
	unsigned int share_datagrams;
	unsigned int share_payload;	/* 0: not known */
	bool share;
	bool share_alone;
	bool share_on_request;
	bool retry;
	bool quiet;
};

extern const char *const quota_in_name[];

/* Exits with status 2 and a usage line when they make no sense. */
void options_parse(struct options *options, int argc, char **argv);

#endif /* H3_SERVER_OPTIONS_H */
