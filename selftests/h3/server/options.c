// SPDX-License-Identifier: GPL-2.0-only
/* The command line of h3server. */
#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../net/clock.h"
#include "equic_share.h"
#include "options.h"

enum {
	OPT_CERT = 256,
	OPT_KEY,
	OPT_QUOTA_IN,
	OPT_QUOTA,
	OPT_REFUSE,
	OPT_SERVICE,
	OPT_RETRY,
	OPT_IDLE_TIMEOUT,
	OPT_HANDSHAKE_TIMEOUT,
	OPT_MAX_CONNS,
	OPT_STATS,
	OPT_COUNTERS,
	OPT_PRINT,
	OPT_LEDGER,
	OPT_READY_FILE,
	OPT_KEYS,
	OPT_KEY_UPDATE,
	OPT_SHARE,
	OPT_SHARE_STREAMS,
	OPT_SHARE_BYTES,
	OPT_SHARE_DATAGRAMS,
	OPT_SHARE_ALONE,
	OPT_SHARE_ON_REQUEST,
	OPT_SHARE_PAYLOAD,
};

const char *const quota_in_name[] = { "none", "user", "kernel", NULL };
static const char *const refuse_name[] = {
	"close", "drop", "after-handshake", NULL
};

static const char *const ledger_name[] = { "addr", "port", NULL };

static const struct argp_option argp_options[] = {
	{ "listen", 'l', "ADDR:PORT", 0,
	  "Serve here; IPv6 as [ADDR]:PORT, both families as *:PORT; "
	  "may be repeated", 0 },
	{ "root", 'r', "DIR", 0, "Serve the files below DIR", 0 },
	{ "cert", OPT_CERT, "FILE", 0,
	  "Certificate chain, PEM (default: a self-signed one is made)", 0 },
	{ "key", OPT_KEY, "FILE", 0, "Its private key, PEM", 0 },
	{ "workers", 'w', "N", 0, "Worker processes on SO_REUSEPORT", 0 },
	{ "quota-in", OPT_QUOTA_IN, "kernel|user|none", 0,
	  "Who holds clients to their quota: equic, told by reports; this "
	  "server; or nobody (default)", 0 },
	{ "quota", OPT_QUOTA, "N", 0,
	  "Connections per client (IPv4 address, IPv6 /64) for --quota-in user",
	  0 },
	{ "refuse", OPT_REFUSE, "close|drop|after-handshake", 0,
	  "How --quota-in user refuses: by a stateless CONNECTION_CLOSE before "
	  "TLS (default), by silence, or by closing after the handshake", 0 },
	{ "service", OPT_SERVICE, "ADDR:PORT", 0,
	  "The equic service to report to (default: the listen addresses)", 0 },
	{ "retry", OPT_RETRY, NULL, 0, "Validate addresses by Retry", 0 },
	{ "idle-timeout", OPT_IDLE_TIMEOUT, "SECONDS", 0,
	  "Idle timeout of connections (30)", 0 },
	{ "handshake-timeout", OPT_HANDSHAKE_TIMEOUT, "SECONDS", 0,
	  "When a handshake is given up (10)", 0 },
	{ "key-update", OPT_KEY_UPDATE, "DATAGRAMS", 0,
	  "Update the keys of a connection whenever so many have been sent", 0 },
	{ "max-conns", OPT_MAX_CONNS, "N", 0,
	  "Refuse more connections than this in each worker", 0 },
	{ "stats", OPT_STATS, "FILE", 0,
	  "Write statistics as JSON at exit and at SIGUSR1; - is stdout", 0 },
	{ "counters", OPT_COUNTERS, "FILE", 0,
	  "Count in FILE, which outlives SIGKILL", 0 },
	{ "print", OPT_PRINT, "FILE", 0,
	  "Print such a file as JSON, also while the server runs, and exit", 0 },
	{ "ledger", OPT_LEDGER, "addr|port", 0,
	  "Tell sources apart by address (default) or by address and port", 0 },
	{ "ready-file", OPT_READY_FILE, "FILE", 0,
	  "Make FILE, with the process id in it, when all workers listen", 0 },
	{ "keys", OPT_KEYS, "FILE", 0,
	  "Give the kernel the keys of connections, for programs that open "
	  "their packets, and tell in FILE which", 0 },
	{ "share", OPT_SHARE, NULL, 0,
	  "Share connections with a second sender, the process h3second", 0 },
	{ "share-streams", OPT_SHARE_STREAMS, "N", 0,
	  "Its unidirectional streams on each connection (8)", 0 },
	{ "share-bytes", OPT_SHARE_BYTES, "N", 0,
	  "Bytes of each of them (100000)", 0 },
	{ "share-datagrams", OPT_SHARE_DATAGRAMS, "N", 0,
	  "Its DATAGRAM frames on each connection, where the client allows them "
	  "(0)", 0 },
	{ "share-alone", OPT_SHARE_ALONE, NULL, 0,
	  "No h3second: what this server sends alone goes through the library", 0 },
	{ "share-on-request", OPT_SHARE_ON_REQUEST, NULL, 0,
	  "Share a connection from its first request on", 0 },
	{ "share-payload", OPT_SHARE_PAYLOAD, "BYTES", 0,
	  "Of a datagram, which the path is known to take (0: not known)", 0 },
	{ "quiet", 'q', NULL, 0, "No line for each failed connection", 0 },
	{ 0 }
};

static uint64_t parse_number(struct argp_state *state, const char *what,
			     const char *text, uint64_t min, uint64_t max)
{
	unsigned long long value;
	char *end;

	errno = 0;
	value = strtoull(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno || value < min ||
	    value > max)
		argp_error(state, "%s: \"%s\" is not a number from %llu to %llu",
			   what, text, (unsigned long long)min,
			   (unsigned long long)max);
	return value;
}

static int parse_word(struct argp_state *state, const char *what,
		      const char *text, const char *const *words)
{
	int i;

	for (i = 0; words[i]; i++)
		if (!strcmp(text, words[i]))
			return i;
	argp_error(state, "%s: \"%s\" is not a choice", what, text);
	return 0;
}

static void add_listen(struct argp_state *state, struct options *options,
		       const char *text)
{
	static const char *const any[] = { "0.0.0.0", "[::]" };
	char both[ADDR_STRLEN];
	unsigned int i, n = !strncmp(text, "*:", 2) ? 2 : 1;

	for (i = 0; i < n; i++) {
		const char *one = text;

		if (n == 2) {
			snprintf(both, sizeof(both), "%s%s", any[i], text + 1);
			one = both;
		}
		if (options->n_listen == LISTEN_MAX)
			argp_error(state, "more than %d addresses to listen at",
				   LISTEN_MAX);
		if (addr_parse(&options->listen[options->n_listen++], one))
			argp_error(state, "--listen: \"%s\" is not ADDR:PORT",
				   text);
	}
}

static error_t parse_tls(int key, char *arg, struct options *options)
{
	switch (key) {
	case OPT_CERT:
		options->cert = arg;
		return 0;
	case OPT_KEY:
		options->key = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t parse_file(int key, char *arg, struct options *options)
{
	switch (key) {
	case 'r':
		options->root = arg;
		return 0;
	case OPT_STATS:
		options->stats = arg;
		return 0;
	case OPT_COUNTERS:
		options->counters = arg;
		return 0;
	case OPT_PRINT:
		options->print = arg;
		return 0;
	case OPT_READY_FILE:
		options->ready_file = arg;
		return 0;
	case OPT_KEYS:
		options->keys = arg;
		return 0;
	default:
		return parse_tls(key, arg, options);
	}
}

static error_t parse_share(int key, char *arg, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case OPT_SHARE:
		options->share = true;
		return 0;
	case OPT_SHARE_STREAMS:
		options->share_streams = parse_number(state, "--share-streams",
						      arg, 0, 1 << 16);
		return 0;
	case OPT_SHARE_BYTES:
		options->share_bytes = parse_number(state, "--share-bytes", arg,
						    1, 1 << 30);
		return 0;
	case OPT_SHARE_DATAGRAMS:
		options->share_datagrams = parse_number(state,
							"--share-datagrams", arg,
							0, 1 << 30);
		return 0;
	case OPT_SHARE_ALONE:
		options->share = options->share_alone = true;
		return 0;
	case OPT_SHARE_ON_REQUEST:
		options->share = options->share_on_request = true;
		return 0;
	case OPT_SHARE_PAYLOAD:
		options->share_payload = parse_number(state, "--share-payload",
						      arg, 0,
						      EQUIC_SHARE_PAYLOAD_MAX);
		return 0;
	default:
		return parse_file(key, arg, options);
	}
}

static void check(struct argp_state *state, const struct options *options)
{
	if (options->print)
		return;
	if (!options->n_listen)
		argp_error(state, "--listen ADDR:PORT is missing");
	if (!options->cert != !options->key)
		argp_error(state, "--cert and --key belong together");
	if (options->quota_in == QUOTA_IN_USER && !options->quota)
		argp_error(state, "--quota-in user needs --quota N");
	if (options->share && options->keys)
		argp_error(state, "--share and --keys do not go together");
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case 'l':
		add_listen(state, options, arg);
		return 0;
	case 'w':
		options->workers = parse_number(state, "--workers", arg, 1,
						WORKERS_MAX);
		return 0;
	case 'q':
		options->quiet = true;
		return 0;
	case OPT_QUOTA_IN:
		options->quota_in = parse_word(state, "--quota-in", arg,
					       quota_in_name);
		return 0;
	case OPT_QUOTA:
		options->quota = parse_number(state, "--quota", arg, 1,
					      INT32_MAX);
		return 0;
	case OPT_REFUSE:
		options->refuse = parse_word(state, "--refuse", arg,
					     refuse_name);
		return 0;
	case OPT_SERVICE:
		if (addr_parse(&options->service, arg))
			argp_error(state, "--service: \"%s\" is not ADDR:PORT",
				   arg);
		return 0;
	case OPT_RETRY:
		options->retry = true;
		return 0;
	case OPT_IDLE_TIMEOUT:
		options->idle_timeout_ns =
			parse_number(state, "--idle-timeout", arg, 1, 86400) *
			NS_PER_S;
		return 0;
	case OPT_HANDSHAKE_TIMEOUT:
		options->handshake_timeout_ns =
			parse_number(state, "--handshake-timeout", arg, 1,
				     86400) * NS_PER_S;
		return 0;
	case OPT_KEY_UPDATE:
		options->key_update_datagrams =
			parse_number(state, "--key-update", arg, 1, INT32_MAX);
		return 0;
	case OPT_MAX_CONNS:
		options->max_conns = parse_number(state, "--max-conns", arg, 1,
						  INT32_MAX);
		return 0;
	case OPT_LEDGER:
		options->ledger = parse_word(state, "--ledger", arg,
					     ledger_name);
		return 0;
	case ARGP_KEY_END:
		check(state, options);
		return 0;
	default:
		return parse_share(key, arg, state);
	}
}

void options_parse(struct options *options, int argc, char **argv)
{
	static const struct argp argp = {
		argp_options, parse, NULL,
		"h3server: an HTTP/3 file server that reports its connections "
		"to equic\v/bytes/N answers with N bytes.",
		NULL, NULL, NULL
	};

	*options = (struct options){
		.workers = 1,
		.share_streams = 8,
		.share_bytes = 100000,
		.idle_timeout_ns = 30 * NS_PER_S,
		.handshake_timeout_ns = 10 * NS_PER_S,
	};
	argp_err_exit_status = 2;
	argp_parse(&argp, argc, argv, 0, NULL, options);
}
