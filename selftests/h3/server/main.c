// SPDX-License-Identifier: GPL-2.0-only
/*
 * h3server: starts the workers and looks after them. With one worker there is
 * one process, so that killing it is killing the server.
 *
 * Exit status: 0 after SIGTERM or SIGINT; 1 when it could not serve (any more);
 * 2 for a wrong command line.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "counters.h"
#include "options.h"
#include "quota.h"
#include "tls.h"
#include "worker.h"

struct server {
	struct options options;
	struct tls tls;
	struct counters *counters;
	struct quota *quota;
	pid_t pids[WORKERS_MAX];
	unsigned int n_alive;
	int status;
};

static int announce(void *user)
{
	const struct options *options = user;
	FILE *file;

	if (options->ready_file) {
		file = fopen(options->ready_file, "we");
		if (!file || fprintf(file, "%d\n", (int)getpid()) < 0 ||
		    fclose(file)) {
			fprintf(stderr, "h3server: %s: %s\n",
				options->ready_file, strerror(errno));
			return -1;
		}
	}
	printf("ready\n");
	return fflush(stdout) ? -1 : 0;
}

static int tell_parent(void *user)
{
	int *fd = user;

	return write(*fd, "", 1) == 1 ? 0 : -1;
}

/* One byte comes for each worker that listens. */
static int wait_ready(int fd, unsigned int n)
{
	char byte;

	while (n) {
		ssize_t got = read(fd, &byte, 1);

		if (got < 0 && errno == EINTR)
			continue;
		if (got != 1)
			return -1;
		n--;
	}
	return 0;
}

static int start_worker(struct server *server, unsigned int index, int ready[2])
{
	pid_t parent = getpid();
	pid_t pid = fork();

	if (pid < 0) {
		fprintf(stderr, "h3server: fork: %s\n", strerror(errno));
		return -1;
	}
	if (pid) {
		server->pids[index] = pid;
		server->n_alive++;
		return 0;
	}
	/* the server is killed as a whole by killing its parent */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	close(ready[0]);
	_exit(!!worker_run(&server->options, &server->tls, server->counters,
			   server->quota, index, tell_parent, &ready[1]));
}

static void signal_workers(const struct server *server, int sig)
{
	unsigned int i;

	for (i = 0; i < server->options.workers; i++)
		if (server->pids[i])
			kill(server->pids[i], sig);
}

static void reap(struct server *server)
{
	unsigned int i;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (i = 0; i < server->options.workers; i++)
			if (server->pids[i] == pid)
				break;
		if (i == server->options.workers)
			continue;
		server->pids[i] = 0;
		server->n_alive--;
		if (server->quota)
			quota_worker_died(server->quota, i);
		counters_worker_died(&server->counters->workers[i]);
		if (WIFSIGNALED(status))
			fprintf(stderr, "h3server: worker %u (%d): %s\n", i,
				(int)pid, strsignal(WTERMSIG(status)));
		else if (WEXITSTATUS(status))
			server->status = 1;
	}
}

/* Until the last worker ended. */
static void supervise(struct server *server, const sigset_t *signals)
{
	bool stopping = false;
	int sig;

	while (server->n_alive) {
		if (sigwait(signals, &sig))
			continue;
		switch (sig) {
		case SIGCHLD:
			reap(server);
			break;
		case SIGUSR1:
			if (server->options.stats)
				counters_write(server->counters,
					       server->options.stats);
			break;
		default:
			stopping = true;
			signal_workers(server, SIGTERM);
		}
	}
	if (!stopping)
		server->status = 1;
}

static int run_many(struct server *server)
{
	sigset_t signals;
	int ready[2];
	unsigned int i;
	int ret = 0;

	sigemptyset(&signals);
	sigaddset(&signals, SIGCHLD);
	sigaddset(&signals, SIGUSR1);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	if (pipe(ready))
		return 1;
	for (i = 0; i < server->options.workers && !ret; i++)
		ret = start_worker(server, i, ready);
	close(ready[1]);
	if (!ret)
		ret = wait_ready(ready[0], server->options.workers);
	close(ready[0]);
	if (!ret)
		ret = announce(&server->options);
	if (ret) {
		server->status = 1;
		signal_workers(server, SIGTERM);
	}
	supervise(server, &signals);
	return server->status;
}

static void allow_many_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

int main(int argc, char **argv)
{
	struct server server = { 0 };
	struct options *options = &server.options;
	int status = 1;

	options_parse(options, argc, argv);
	if (options->print)
		return counters_print_file(options->print);
	allow_many_files();
	server.counters = counters_new(options);
	if (!server.counters) {
		fprintf(stderr, "h3server: counters%s%s: %s\n",
			options->counters ? " in " : "",
			options->counters ? options->counters : "",
			strerror(errno));
		return 1;
	}
	if (options->quota_in == QUOTA_IN_USER) {
		server.quota = quota_new(options->quota);
		if (!server.quota) {
			fprintf(stderr, "h3server: no memory for the quota\n");
			return 1;
		}
	}
	if (tls_init(&server.tls, options))
		return 1;
	if (options->workers > 1)
		status = run_many(&server);
	else
		status = !!worker_run(options, &server.tls, server.counters,
				      server.quota, 0, announce, options);
	tls_free(&server.tls);
	if (options->stats && counters_write(server.counters, options->stats))
		fprintf(stderr, "h3server: %s: cannot write statistics\n",
			options->stats);
	return status;
}
