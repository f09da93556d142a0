// SPDX-License-Identifier: GPL-2.0-only
/*
 * h3load. Exit status: 0 when the load was made, whatever came of it; 1 when it
 * could not be made; 2 for a wrong command line; 3 with --strict when a
 * connection or a request did not succeed.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/signalfd.h>

#include "../net/clock.h"
#include "load.h"

static void allow_many_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static int open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return -1;
	return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

static bool all_succeeded(const struct result *result)
{
	static const enum tally bad[] = {
		TALLY_REFUSED, TALLY_REFUSED_LATE, TALLY_TIMED_OUT,
		TALLY_FAILED, TALLY_BROKEN, TALLY_UNFINISHED,
		TALLY_REQUESTS_FAILED, TALLY_BODY_ERRORS,
	};
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (result->total[bad[i]])
			return false;
	return true;
}

int main(int argc, char **argv)
{
	struct options options;
	struct load load = { .options = &options };
	int status = 1;

	options_parse(&options, argc, argv);
	allow_many_files();
	load.signals = open_signals();
	load.rx = malloc(sizeof(*load.rx));
	load.tx = malloc(sizeof(*load.tx));
	if (load.signals < 0 || !load.rx || !load.tx ||
	    result_init(&load.result, &options)) {
		perror("h3load");
		return 1;
	}
	if (tls_init(&load.tls, &options))
		return 1;
	if (!(options.initials ? initials_run(&load) : load_run(&load)) &&
	    !result_write(&load.result, clock_ns()))
		status = options.strict && !all_succeeded(&load.result) ? 3 : 0;
	tls_free(&load.tls);
	result_free(&load.result);
	free(load.rx);
	free(load.tx);
	free(options.sources);
	return status;
}
