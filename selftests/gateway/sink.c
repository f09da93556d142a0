// SPDX-License-Identifier: GPL-2.0-only
/*
 * sink [--pid FILE] ADDR:PORT...: receives, answers nothing, and says at
 * SIGTERM as JSON what came to each of its sockets: how many datagrams, how
 * many of them are unchanged ones of flow, and from how many sources.
 *
 * What was in the sockets' buffers at the signal is counted too.
 */
#include <errno.h>
#include <getopt.h>
#include <json-c/json.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "../h3/net/addr.h"
#include "../h3/net/udp.h"
#include "pattern.h"

enum {
	SINKS_MAX = 16,
	SOURCES_MAX = 4096,
	DATAGRAM_MAX = 65536,
};

struct sink {
	union addr addr;
	uint64_t datagrams;
	uint64_t bytes;
	uint64_t intact;
	unsigned int n_sources;
	union addr sources[SOURCES_MAX];
};

static struct sink sinks[SINKS_MAX];
static struct pollfd fds[SINKS_MAX + 1];
static unsigned int n_sinks;

static void remember(struct sink *sink, const union addr *source)
{
	unsigned int i;

	for (i = 0; i < sink->n_sources; i++)
		if (addr_equal(&sink->sources[i], source))
			return;
	if (sink->n_sources < SOURCES_MAX)
		sink->sources[sink->n_sources++] = *source;
}

static void drain(struct sink *sink, int fd)
{
	static uint8_t data[DATAGRAM_MAX];

	for (;;) {
		union addr source = { 0 };
		socklen_t len = sizeof(source);
		ssize_t got = recvfrom(fd, data, sizeof(data), MSG_DONTWAIT,
				       &source.sa, &len);

		if (got < 0)
			return;
		sink->datagrams++;
		sink->bytes += got;
		sink->intact += pattern_intact(data, got);
		remember(sink, &source);
	}
}

static int report(void)
{
	json_object *root = json_object_new_array();
	unsigned int i;

	for (i = 0; i < n_sinks; i++) {
		json_object *object = json_object_new_object();
		char text[ADDR_STRLEN];

		json_object_object_add(object, "at", json_object_new_string(
			addr_format(&sinks[i].addr, text)));
		json_object_object_add(object, "datagrams",
			json_object_new_int64(sinks[i].datagrams));
		json_object_object_add(object, "bytes",
			json_object_new_int64(sinks[i].bytes));
		json_object_object_add(object, "intact",
			json_object_new_int64(sinks[i].intact));
		json_object_object_add(object, "sources",
			json_object_new_int64(sinks[i].n_sources));
		json_object_object_add(object, "kernel_drops",
			json_object_new_int64(udp_kernel_drops(fds[i].fd)));
		json_object_array_add(root, object);
	}
	puts(json_object_to_json_string_ext(root, JSON_C_TO_STRING_PLAIN));
	json_object_put(root);
	return fflush(stdout) ? 1 : 0;
}

static int add_sink(const char *text)
{
	struct sink *sink = &sinks[n_sinks];
	int fd;

	if (n_sinks == SINKS_MAX || addr_parse(&sink->addr, text)) {
		fprintf(stderr, "sink: \"%s\" is not ADDR:PORT, or one too many\n",
			text);
		return -1;
	}
	fd = udp_open(&sink->addr, 0);
	if (fd < 0) {
		fprintf(stderr, "sink: %s: %s\n", text, strerror(-fd));
		return -1;
	}
	fds[n_sinks++] = (struct pollfd){ .fd = fd, .events = POLLIN };
	return 0;
}

static int say_ready(const char *path)
{
	FILE *file = fopen(path, "we");

	if (!file || fprintf(file, "%d\n", (int)getpid()) < 0 || fclose(file)) {
		fprintf(stderr, "sink: %s: %s\n", path, strerror(errno));
		return -1;
	}
	return 0;
}

static void run(void)
{
	unsigned int i;

	while (!fds[n_sinks].revents) {
		if (poll(fds, n_sinks + 1, -1) < 0 && errno != EINTR)
			break;
		for (i = 0; i < n_sinks; i++)
			drain(&sinks[i], fds[i].fd);
	}
	for (i = 0; i < n_sinks; i++)
		drain(&sinks[i], fds[i].fd);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "pid", required_argument, NULL, 'p' },
		{ 0 }
	};
	const char *pid_file = NULL;
	sigset_t set;
	int option;

	while ((option = getopt_long(argc, argv, "p:", options, NULL)) != -1) {
		if (option != 'p')
			return 2;
		pid_file = optarg;
	}
	if (optind == argc) {
		fprintf(stderr, "usage: sink [--pid FILE] ADDR:PORT...\n");
		return 2;
	}
	for (; optind < argc; optind++)
		if (add_sink(argv[optind]))
			return 1;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fds[n_sinks] = (struct pollfd){
		.fd = signalfd(-1, &set, SFD_CLOEXEC), .events = POLLIN
	};
	if (pid_file && say_ready(pid_file))
		return 1;
	run();
	return report();
}
