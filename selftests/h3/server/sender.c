// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "conn.h"
#include "share.h"
#include "worker.h"

enum {
	/* Longer than an honest one is ever kept from a CPU. */
	ANSWER_MS = 2000,
	/* The same where it has to be loaded before. */
	FIRST_ANSWER_MS = 20000,
	PATH_BYTES = 4096,
};

static int failed(const char *what)
{
	fprintf(stderr, "h3server: second sender: %s: %s\n", what,
		strerror(errno));
	return -1;
}

/* In the child: as the one program beside this one. */
static void become_second(int control, int turn, int sent)
{
	int fds[] = { control, turn, sent }, i;
	char path[PATH_BYTES], numbers[3][12];
	sigset_t none;
	ssize_t n;
	char *slash;

	n = readlink("/proc/self/exe", path, sizeof(path) - sizeof("h3second"));
	if (n < 0)
		_exit(127);
	path[n] = '\0';
	slash = strrchr(path, '/');
	strcpy(slash + 1, "h3second");
	for (i = 0; i < 3; i++) {
		fcntl(fds[i], F_SETFD, 0);
		snprintf(numbers[i], sizeof(numbers[i]), "%d", fds[i]);
	}
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execl(path, "h3second", numbers[0], numbers[1], numbers[2], NULL);
	failed(path);
	_exit(127);
}

static int watch(struct worker *worker, int fd, void *what)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = what };

	return epoll_ctl(worker->epoll, EPOLL_CTL_ADD, fd, &event);
}

static int start(struct worker *worker)
{
	struct sender *s = &worker->sender;
	int control[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control))
		return failed("socketpair");
	s->pid = fork();
	if (!s->pid)
		become_second(control[1], s->turn, s->sent);
	close(control[1]);
	s->control = control[0];
	if (s->pid < 0)
		return failed("fork");
	s->lost = s->answered = false;
	s->pidfd = syscall(SYS_pidfd_open, s->pid, 0);
	if (s->pidfd < 0 || watch(worker, s->pidfd, &s->pidfd))
		return failed("pidfd");
	return 0;
}

int sender_open(struct worker *worker)
{
	struct sender *s = &worker->sender;

	s->turn = s->sent = s->control = s->pidfd = -1;
	if (!worker->options->share || worker->options->share_alone)
		return 0;
	s->turn = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	s->sent = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (s->turn < 0 || s->sent < 0 || watch(worker, s->sent, &s->sent))
		return failed("eventfd");
	return start(worker);
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* Its exit status. */
static int reap(struct sender *s)
{
	int status = 0;

	while (waitpid(s->pid, &status, 0) < 0 && errno == EINTR)
		;
	s->pid = 0;
	close_fd(&s->pidfd);
	close_fd(&s->control);
	return status;
}

void sender_close(struct worker *worker)
{
	struct sender *s = &worker->sender;

	if (s->pid > 0) {
		kill(s->pid, SIGKILL);
		reap(s);
	}
	close_fd(&s->turn);
	close_fd(&s->sent);
}

static void kill_it(struct worker *worker)
{
	fprintf(stderr, "h3server: second sender: it hangs, and is killed\n");
	worker->sender.lost = true;
	count(worker, COUNT_SHARE_HUNG);
	kill(worker->sender.pid, SIGKILL);
}

static int wait_answer(struct worker *worker)
{
	struct sender *s = &worker->sender;
	struct pollfd fd = { s->control, POLLIN, 0 };
	int err, n;

	do
		n = poll(&fd, 1, s->answered ? ANSWER_MS : FIRST_ANSWER_MS);
	while (n < 0 && errno == EINTR);
	if (!n) {
		kill_it(worker);
		return -ETIMEDOUT;
	}
	if (recv(s->control, &err, sizeof(err), 0) != sizeof(err))
		return -EPIPE;
	s->answered = true;
	return err;
}

int sender_ask(struct worker *worker, const struct ask *ask, const int *fds,
	       int n_fds)
{
	char control[CMSG_SPACE(ASK_FDS_MAX * sizeof(int))] = { 0 };
	struct iovec iov = { (void *)ask, sizeof(*ask) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *cmsg;

	if (worker->sender.lost || worker->sender.pid <= 0)
		return -EPIPE;
	if (n_fds) {
		msg.msg_control = control;
		msg.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
		cmsg = CMSG_FIRSTHDR(&msg);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
		memcpy(CMSG_DATA(cmsg), fds, n_fds * sizeof(int));
	}
	if (sendmsg(worker->sender.control, &msg, MSG_NOSIGNAL) < 0)
		return -errno;
	return wait_answer(worker);
}

void sender_poke(struct worker *worker)
{
	if (worker->sender.pid > 0)
		eventfd_write(worker->sender.turn, 1);
}

/* All look at its records, as soon as the timers have their turn. */
static void wake_connections(struct worker *worker)
{
	struct conn *conn, *next;

	for (conn = worker->conns; conn; conn = next) {
		next = conn->next;
		if (conn->share && conn->state == CONN_ACTIVE)
			conn_wake(conn);
	}
}

/* It is certain now that it sends nothing more. */
static void replace(struct worker *worker)
{
	int status = reap(&worker->sender);
	struct conn *conn;

	count(worker, COUNT_SHARE_DEATHS);
	/* One that left by itself would do so again. */
	if (!WIFSIGNALED(status))
		fprintf(stderr, "h3server: second sender: it left with status %d\n",
			WEXITSTATUS(status));
	else
		start(worker);
	for (conn = worker->conns; conn; conn = conn->next)
		if (conn->share && conn->state == CONN_ACTIVE)
			share_second_died(conn->share);
	wake_connections(worker);
}

void sender_event(struct worker *worker, const void *what)
{
	eventfd_t n;

	if (what == &worker->sender.pidfd) {
		replace(worker);
		return;
	}
	eventfd_read(worker->sender.sent, &n);
	wake_connections(worker);
}
