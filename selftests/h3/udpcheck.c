// SPDX-License-Identifier: GPL-2.0-only
/*
 * udpcheck: foreign UDP traffic, which must go through whatever happens to QUIC
 * beside it. "echo" sends back what comes; "ping" sends numbered datagrams to
 * it and says as JSON what became of each.
 *
 * Exit status: 0; 1 when it could not run; 2 for a wrong command line; 3 when
 * datagrams of a ping were lost, doubled or changed.
 */
#include <argp.h>
#include <errno.h>
#include <json-c/json.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "net/clock.h"
#include "net/udp.h"

enum {
	PING_BYTES_MIN = 16,
	PING_BYTES_MAX = 1400,
	OPT_READY_FILE = 256,
};

struct options {
	bool ping;
	union addr peer;	/* of ping */
	union addr local;
	uint64_t count;
	double rate;
	double wait_s;
	size_t bytes;
	const char *ready_file;
};

struct check {
	const struct options *options;
	int fd;
	int signals;
	struct udp_rx *rx;
	struct udp_tx *tx;
	uint8_t *seen;		/* echoes of each number */
	uint64_t sent;
	uint64_t received;
	uint64_t lost;
	uint64_t doubled;
	uint64_t changed;
	uint64_t last_echo_ns;
	uint64_t longest_gap_ns;
	bool stop;
};

static const struct argp_option argp_options[] = {
	{ "count", 'n', "N", 0, "ping: how many (10)", 0 },
	{ "rate", 'r', "R", 0, "ping: how many each second (100)", 0 },
	{ "wait", 'w', "SECONDS", 0, "ping: for the last echoes (1)", 0 },
	{ "size", 'b', "BYTES", 0, "ping: of each datagram (64)", 0 },
	{ "source", 's', "ADDR", 0, "ping: own address", 0 },
	{ "ready-file", OPT_READY_FILE, "FILE", 0,
	  "echo: make FILE when listening", 0 },
	{ 0 }
};

static double number(struct argp_state *state, const char *text, double min,
		     double max)
{
	char *end;
	double value = strtod(text, &end);

	if (end == text || *end || !(value >= min && value <= max))
		argp_error(state, "\"%s\" is not a number from %g to %g", text,
			   min, max);
	return value;
}

static error_t parse_arg(struct options *options, char *arg,
			 struct argp_state *state)
{
	switch (state->arg_num) {
	case 0:
		options->ping = !strcmp(arg, "ping");
		if (!options->ping && strcmp(arg, "echo"))
			argp_error(state, "\"%s\": echo or ping", arg);
		return 0;
	case 1:
		if (addr_parse(options->ping ? &options->peer : &options->local,
			       arg))
			argp_error(state, "\"%s\" is not ADDR:PORT", arg);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case 'n':
		options->count = number(state, arg, 1, 1e8);
		return 0;
	case 'r':
		options->rate = number(state, arg, 0.1, 1e6);
		return 0;
	case 'w':
		options->wait_s = number(state, arg, 0, 3600);
		return 0;
	case 'b':
		options->bytes = number(state, arg, PING_BYTES_MIN,
					PING_BYTES_MAX);
		return 0;
	case 's':
		if (addr_parse_host(&options->local, arg))
			argp_error(state, "\"%s\" is not an address", arg);
		return 0;
	case OPT_READY_FILE:
		options->ready_file = arg;
		return 0;
	case ARGP_KEY_ARG:
		return parse_arg(options, arg, state);
	case ARGP_KEY_END:
		if (state->arg_num != 2)
			argp_error(state, "echo ADDR:PORT or ping ADDR:PORT");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* The number, and bytes that follow from it. */
static void fill(uint8_t *data, size_t len, uint64_t number)
{
	size_t i;

	memcpy(data, &number, sizeof(number));
	for (i = sizeof(number); i < len; i++)
		data[i] = number * 31 + i;
}

static void take_echo(struct check *check, const struct udp_datagram *datagram)
{
	uint8_t want[PING_BYTES_MAX];
	uint64_t number, now_ns = clock_ns();

	memcpy(&number, datagram->data,
	       datagram->len < sizeof(number) ? 0 : sizeof(number));
	if (datagram->len != check->options->bytes || number >= check->sent) {
		check->changed++;
		return;
	}
	fill(want, check->options->bytes, number);
	if (memcmp(want, datagram->data, datagram->len)) {
		check->changed++;
		return;
	}
	if (check->seen[number]) {
		check->doubled++;
		return;
	}
	check->seen[number] = 1;
	check->received++;
	if (now_ns - check->last_echo_ns > check->longest_gap_ns)
		check->longest_gap_ns = now_ns - check->last_echo_ns;
	check->last_echo_ns = now_ns;
}

static void send_back(struct check *check, const struct udp_datagram *datagram)
{
	if (datagram->len > UDP_TX_BYTES)
		return;
	memcpy(udp_tx_buffer(check->tx), datagram->data, datagram->len);
	udp_tx_commit(check->tx, datagram->len, &datagram->local,
		      &datagram->remote);
}

/* Handles what comes until @until_ns or a signal. */
static void receive(struct check *check, uint64_t until_ns)
{
	struct pollfd fds[] = {
		{ check->fd, POLLIN, 0 },
		{ check->signals, POLLIN, 0 },
	};
	uint64_t now_ns = clock_ns();
	uint64_t left_ns = until_ns > now_ns ? until_ns - now_ns : 0;
	struct timespec timeout = { left_ns / NS_PER_S, left_ns % NS_PER_S };
	int i, n;

	if (ppoll(fds, 2, until_ns == UINT64_MAX ? NULL : &timeout, NULL) <= 0)
		return;
	check->stop = fds[1].revents;
	n = udp_recv(check->rx, check->fd);
	for (i = 0; i < n; i++) {
		struct udp_datagram datagram;

		udp_datagram(check->rx, i, &check->options->local, &datagram);
		if (check->options->ping)
			take_echo(check, &datagram);
		else
			send_back(check, &datagram);
	}
	udp_tx_flush(check->tx);
}

static void ping(struct check *check)
{
	const struct options *options = check->options;
	uint64_t start_ns = clock_ns(), next_ns = start_ns;
	uint64_t end_ns;

	check->last_echo_ns = start_ns;
	while (check->sent < options->count && !check->stop) {
		if (clock_ns() < next_ns) {
			receive(check, next_ns);
			continue;
		}
		fill(udp_tx_buffer(check->tx), options->bytes, check->sent);
		udp_tx_commit(check->tx, options->bytes, NULL, &options->peer);
		udp_tx_flush(check->tx);
		check->sent++;
		next_ns = start_ns +
			  (uint64_t)(check->sent / options->rate * NS_PER_S);
	}
	end_ns = clock_ns() + (uint64_t)(options->wait_s * NS_PER_S);
	check->stop = false;
	while (check->received < check->sent && clock_ns() < end_ns)
		receive(check, end_ns);
	check->lost = check->sent - check->received;
}

static int print(const struct check *check)
{
	json_object *root = json_object_new_object();
	int ret;

	json_object_object_add(root, "sent", json_object_new_int64(check->sent));
	json_object_object_add(root, "received",
			       json_object_new_int64(check->received));
	json_object_object_add(root, "lost", json_object_new_int64(check->lost));
	json_object_object_add(root, "doubled",
			       json_object_new_int64(check->doubled));
	json_object_object_add(root, "changed",
			       json_object_new_int64(check->changed));
	json_object_object_add(root, "longest_gap_ms",
		json_object_new_int64(check->longest_gap_ns / NS_PER_MS));
	ret = printf("%s\n", json_object_to_json_string_ext(root,
					JSON_C_TO_STRING_PLAIN)) < 0;
	json_object_put(root);
	return ret || fflush(stdout);
}

static int announce(const struct options *options)
{
	FILE *file;

	if (options->ready_file) {
		file = fopen(options->ready_file, "we");
		if (!file || fprintf(file, "%d\n", (int)getpid()) < 0 ||
		    fclose(file)) {
			fprintf(stderr, "udpcheck: %s: %s\n",
				options->ready_file, strerror(errno));
			return -1;
		}
	}
	return printf("ready\n") < 0 || fflush(stdout) ? -1 : 0;
}

static int check_open(struct check *check)
{
	struct options options = *check->options;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	check->signals = signalfd(-1, &set, SFD_CLOEXEC);
	if (options.ping && !options.local.sa.sa_family)
		options.local.sa.sa_family = options.peer.sa.sa_family;
	check->fd = udp_open(&options.local, UDP_PKTINFO);
	if (check->fd < 0) {
		fprintf(stderr, "udpcheck: socket: %s\n", strerror(-check->fd));
		return -1;
	}
	check->rx = malloc(sizeof(*check->rx));
	check->tx = malloc(sizeof(*check->tx));
	check->seen = calloc(options.count, 1);
	if (!check->rx || !check->tx || !check->seen)
		return -1;
	udp_tx_init(check->tx, check->fd);
	return 0;
}

static void check_close(struct check *check)
{
	close(check->fd);
	close(check->signals);
	free(check->rx);
	free(check->tx);
	free(check->seen);
}

static int run(struct check *check)
{
	if (check->options->ping) {
		ping(check);
		if (print(check))
			return 1;
		return check->lost || check->doubled || check->changed ? 3 : 0;
	}
	if (announce(check->options))
		return 1;
	while (!check->stop)
		receive(check, UINT64_MAX);
	return 0;
}

int main(int argc, char **argv)
{
	static const struct argp argp = {
		argp_options, parse, "echo|ping ADDR:PORT",
		"udpcheck: UDP traffic that has nothing to do with QUIC",
		NULL, NULL, NULL
	};
	struct options options = {
		.count = 10, .rate = 100, .wait_s = 1, .bytes = 64,
	};
	struct check check = { .options = &options, .fd = -1, .signals = -1 };
	int status = 1;

	argp_err_exit_status = 2;
	argp_parse(&argp, argc, argv, 0, NULL, &options);
	if (!check_open(&check))
		status = run(&check);
	check_close(&check);
	return status;
}
