// SPDX-License-Identifier: GPL-2.0-only
/* The command line of h3load. */
#include <argp.h>
#include <errno.h>
#include <math.h>
#include <ngtcp2/ngtcp2.h>
#include <stdlib.h>
#include <string.h>

#include "../net/clock.h"
#include "options.h"

enum {
	OPT_REQUESTS = 256,
	OPT_STREAMS,
	OPT_PATH,
	OPT_SEQUENTIAL,
	OPT_RATE,
	OPT_BEGIN,
	OPT_DURATION,
	OPT_DELAY,
	OPT_HOLD,
	OPT_HANDSHAKE_TIMEOUT,
	OPT_ONE_SOCKET,
	OPT_RETRY_REFUSED,
	OPT_VANISH,
	OPT_NO_VERIFY,
	OPT_CA,
	OPT_HOST,
	OPT_QUIC_VERSION,
	OPT_CLASS,
	OPT_JSON,
	OPT_JOURNAL,
	OPT_LIVE,
	OPT_STRICT,
	OPT_INITIALS,
	OPT_DUPLICATE,
	OPT_THREADS,
	OPT_LINGER,
	SOURCES_MAX = 1 << 20,
};

static const struct argp_option argp_options[] = {
	{ NULL, 0, NULL, 0, "Connections:", 1 },
	{ "source", 's', "ADDR[+N][,...]", 0,
	  "Own addresses to use in turn; +N: N of them from ADDR on", 1 },
	{ "conns", 'n', "N", 0,
	  "How many (1; with --duration, as many as it takes)", 1 },
	{ "parallel", 'p', "P", 0, "How many at once (1)", 1 },
	{ "sequential", OPT_SEQUENTIAL, NULL, 0, "The same as --parallel 1",
	  1 },
	{ "rate", OPT_RATE, "R", 0, "At most R new ones each second", 1 },
	{ "begin", OPT_BEGIN, "MOMENT", 0,
	  "Prepare all, then wait until CLOCK_MONOTONIC has so many seconds",
	  1 },
	{ "duration", OPT_DURATION, "SECONDS", 0,
	  "Start none and end all after that time", 1 },
	{ "hold", OPT_HOLD, "SECONDS", 0,
	  "Keep each open that long after its last request", 1 },
	{ "one-socket", OPT_ONE_SOCKET, NULL, 0,
	  "All of one source on one socket, so with one 4-tuple", 1 },
	{ "retry-refused", OPT_RETRY_REFUSED, NULL, 0,
	  "Try again in place of each that failed", 1 },
	{ "vanish", OPT_VANISH, NULL, 0,
	  "End without CONNECTION_CLOSE, as a client that lost its network", 1 },
	{ "handshake-timeout", OPT_HANDSHAKE_TIMEOUT, "SECONDS", 0,
	  "Give up after that time (10)", 1 },
	{ "quic-version", OPT_QUIC_VERSION, "1|2", 0, "Of the first Initial",
	  1 },
	{ NULL, 0, NULL, 0, "Requests:", 2 },
	{ "requests", OPT_REQUESTS, "R", 0,
	  "In each connection, one after the other (1; 0: handshake only)", 2 },
	{ "path", OPT_PATH, "PATH", 0,
	  "What to get (/bytes/1024); /bytes/N is checked byte for byte", 2 },
	{ "delay", OPT_DELAY, "SECONDS", 0, "Between two requests", 2 },
	{ "streams", OPT_STREAMS, "N", 0,
	  "Unidirectional streams that the server may open, beside those of "
	  "HTTP/3, and whose bytes are counted (0)", 2 },
	{ "host", OPT_HOST, "NAME", 0, "Server name (localhost)", 2 },
	{ "ca", OPT_CA, "FILE", 0, "Verify the server with these, PEM", 2 },
	{ "no-verify", OPT_NO_VERIFY, NULL, 0, "Do not (default)", 2 },
	{ NULL, 0, NULL, 0, "First Initials only:", 3 },
	{ "initials", OPT_INITIALS, "N", 0,
	  "Send N first Initials, each of a connection of its own, as fast as "
	  "can be, and nothing else; with --duration again and again, each "
	  "time from another port, at --rate", 3 },
	{ "duplicate", OPT_DUPLICATE, "K", 0, "Each of them K times (1)", 3 },
	{ "threads", OPT_THREADS, "T", 0,
	  "From T threads pinned to processors in turn, behind a barrier (1)",
	  3 },
	{ "linger", OPT_LINGER, "SECONDS", 0,
	  "Then count what comes back for that time (0)", 3 },
	{ NULL, 0, NULL, 0, "Results:", 4 },
	{ "class", OPT_CLASS, "NAME", 0, "A name for this load in the results",
	  4 },
	{ "json", OPT_JSON, "FILE", 0, "Where they go (standard output)", 4 },
	{ "journal", OPT_JOURNAL, "FILE", 0,
	  "A line of JSON there for each request and each connection that "
	  "ended, with its time", 4 },
	{ "live", OPT_LIVE, "SECONDS", OPTION_ARG_OPTIONAL,
	  "A line of JSON on standard output each second", 4 },
	{ "strict", OPT_STRICT, NULL, 0,
	  "Exit with 3 unless each connection and request succeeded", 4 },
	{ 0 }
};

static double parse_decimal(struct argp_state *state, const char *what,
			    const char *text)
{
	double value;
	char *end;

	value = strtod(text, &end);
	if (end == text || *end || !isfinite(value) || value < 0 || value > 1e9)
		argp_error(state, "%s: \"%s\" is not a number", what, text);
	return value;
}

static uint64_t parse_seconds(struct argp_state *state, const char *what,
			      const char *text)
{
	return parse_decimal(state, what, text) * NS_PER_S;
}

static uint32_t parse_count(struct argp_state *state, const char *what,
			    const char *text, uint32_t min)
{
	double value = parse_decimal(state, what, text);

	if (value < min || value != (uint32_t)value)
		argp_error(state, "%s: \"%s\" is not a count from %u", what,
			   text, min);
	return value;
}

static void add_source(struct argp_state *state, struct options *options,
		       char *item)
{
	char *plus = strchr(item, '+');
	uint32_t i, count = 1;
	union addr first;

	if (plus) {
		*plus = '\0';
		count = parse_count(state, "--source", plus + 1, 1);
	}
	if (addr_parse_host(&first, item))
		argp_error(state, "--source: \"%s\" is not an address", item);
	if (count > SOURCES_MAX - options->n_sources)
		argp_error(state, "--source: more than %d", SOURCES_MAX);
	options->sources = realloc(options->sources,
				   (options->n_sources + count) *
				   sizeof(*options->sources));
	if (!options->sources)
		argp_failure(state, 1, ENOMEM, "--source");
	for (i = 0; i < count; i++)
		addr_add(&options->sources[options->n_sources++], &first, i);
}

static void add_sources(struct argp_state *state, struct options *options,
			char *list)
{
	char *item, *rest = NULL;

	for (item = strtok_r(list, ",", &rest); item;
	     item = strtok_r(NULL, ",", &rest))
		add_source(state, options, item);
}

static error_t parse_result(int key, char *arg, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case OPT_CLASS:
		options->label = arg;
		return 0;
	case OPT_JSON:
		options->json = arg;
		return 0;
	case OPT_JOURNAL:
		options->journal = arg;
		return 0;
	case OPT_LIVE:
		options->live_ns = arg ? parse_seconds(state, "--live", arg) :
					 NS_PER_S;
		return 0;
	case OPT_STRICT:
		options->strict = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t parse_initials(int key, char *arg, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case OPT_INITIALS:
		options->initials = parse_count(state, "--initials", arg, 1);
		return 0;
	case OPT_DUPLICATE:
		options->duplicate = parse_count(state, "--duplicate", arg, 1);
		return 0;
	case OPT_THREADS:
		options->threads = parse_count(state, "--threads", arg, 1);
		return 0;
	case OPT_LINGER:
		options->linger_ns = parse_seconds(state, "--linger", arg);
		return 0;
	default:
		return parse_result(key, arg, state);
	}
}

static error_t parse_request(int key, char *arg, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case OPT_REQUESTS:
		options->requests = parse_count(state, "--requests", arg, 0);
		return 0;
	case OPT_STREAMS:
		options->streams = parse_count(state, "--streams", arg, 0);
		return 0;
	case OPT_PATH:
		if (*arg != '/')
			argp_error(state, "--path: \"%s\" has no / first", arg);
		options->path = arg;
		return 0;
	case OPT_DELAY:
		options->delay_ns = parse_seconds(state, "--delay", arg);
		return 0;
	case OPT_HOST:
		options->host = arg;
		return 0;
	case OPT_CA:
		options->ca = arg;
		return 0;
	case OPT_NO_VERIFY:
		options->ca = NULL;
		return 0;
	default:
		return parse_initials(key, arg, state);
	}
}

static error_t parse_conn(int key, char *arg, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case OPT_HOLD:
		options->hold_ns = parse_seconds(state, "--hold", arg);
		return 0;
	case OPT_ONE_SOCKET:
		options->one_socket = true;
		return 0;
	case OPT_RETRY_REFUSED:
		options->retry_refused = true;
		return 0;
	case OPT_VANISH:
		options->vanish = true;
		return 0;
	case OPT_HANDSHAKE_TIMEOUT:
		options->handshake_timeout_ns =
			parse_seconds(state, "--handshake-timeout", arg);
		return 0;
	case OPT_QUIC_VERSION:
		if (strcmp(arg, "1") && strcmp(arg, "2"))
			argp_error(state, "--quic-version: 1 or 2");
		options->version = *arg == '2' ? NGTCP2_PROTO_VER_V2 :
						 NGTCP2_PROTO_VER_V1;
		return 0;
	default:
		return parse_request(key, arg, state);
	}
}

static void check(struct argp_state *state, struct options *options)
{
	uint32_t i;

	if (!options->target.sa.sa_family)
		argp_error(state, "ADDR:PORT of the server is missing");
	for (i = 0; i < options->n_sources; i++)
		if (options->sources[i].sa.sa_family !=
		    options->target.sa.sa_family)
			argp_error(state,
				   "--source and server: not of one family");
	if (!options->conns && !options->duration_ns)
		options->conns = 1;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case 's':
		add_sources(state, options, arg);
		return 0;
	case 'n':
		options->conns = parse_count(state, "--conns", arg, 1);
		return 0;
	case 'p':
		options->parallel = parse_count(state, "--parallel", arg, 1);
		return 0;
	case OPT_SEQUENTIAL:
		options->parallel = 1;
		return 0;
	case OPT_RATE:
		options->rate = parse_decimal(state, "--rate", arg);
		return 0;
	case OPT_BEGIN:
		options->begin_ns = parse_seconds(state, "--begin", arg);
		return 0;
	case OPT_DURATION:
		options->duration_ns = parse_seconds(state, "--duration", arg);
		return 0;
	case ARGP_KEY_ARG:
		if (state->arg_num || addr_parse(&options->target, arg))
			argp_error(state, "\"%s\" is not ADDR:PORT", arg);
		return 0;
	case ARGP_KEY_END:
		check(state, options);
		return 0;
	default:
		return parse_conn(key, arg, state);
	}
}

void options_parse(struct options *options, int argc, char **argv)
{
	static const struct argp argp = {
		argp_options, parse, "ADDR:PORT",
		"h3load: many HTTP/3 connections, exactly counted",
		NULL, NULL, NULL
	};

	*options = (struct options){
		.label = "load",
		.path = "/bytes/1024",
		.host = "localhost",
		.version = NGTCP2_PROTO_VER_V1,
		.parallel = 1,
		.requests = 1,
		.duplicate = 1,
		.threads = 1,
		.handshake_timeout_ns = 10 * NS_PER_S,
	};
	argp_err_exit_status = 2;
	argp_parse(&argp, argc, argv, 0, NULL, options);
}
