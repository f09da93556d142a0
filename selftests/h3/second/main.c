// SPDX-License-Identifier: GPL-2.0-only
/*
 * h3second CONTROL TURN SENT: the second sender of h3server's connections. It knows of
 * them what comes over CONTROL (ask.h) and what is in the shared memory. It ends with
 * the server, and may be killed or stopped at any moment.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "line.h"

enum { LINES_MAX = 1024 };

struct sender {
	int control, turn, sent;
	struct line *lines[LINES_MAX];	/* in no order */
};

/* NULL: no such connection; of number 0: no more room. */
static struct line **find(struct sender *s, uint32_t connection)
{
	unsigned int i;

	for (i = 0; i < LINES_MAX; i++)
		if (connection ? s->lines[i] &&
				 line_connection(s->lines[i]) == connection :
				 !s->lines[i])
			return &s->lines[i];
	return NULL;
}

static int open_line(struct sender *s, const struct ask *ask, const int *fds,
		     int n_fds)
{
	struct line **line = find(s, 0);

	if (!line || !ask->connection || find(s, ask->connection) || n_fds != 2)
		return -EINVAL;
	*line = line_new(ask->connection, &ask->open, fds[0], fds[1]);
	return *line ? 0 : -errno;
}

static int close_line(struct line **line)
{
	line_free(*line);
	*line = NULL;
	return 0;
}

static void close_fds(const int *fds, int n)
{
	while (n--)
		close(fds[n]);
}

static int answer(struct sender *s, const struct ask *ask, const int *fds,
		  int n_fds)
{
	struct line **line = ask->connection ? find(s, ask->connection) : NULL;
	int err = -EINVAL;

	/* Its descriptor is not closed. */
	if (line && ask->kind == ASK_PATH && n_fds == 1)
		return line_path(*line, &ask->path, fds[0]);
	if (ask->kind == ASK_OPEN)
		err = open_line(s, ask, fds, n_fds);
	else if (line && ask->kind == ASK_KEY)
		err = line_key(*line, &ask->key);
	else if (line && ask->kind == ASK_CLOSE)
		err = close_line(line);
	close_fds(fds, n_fds);
	return err;
}

static int take_fds(struct msghdr *msg, int *fds)
{
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(msg);
	int n;

	if (!cmsg || cmsg->cmsg_type != SCM_RIGHTS)
		return 0;
	n = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	memcpy(fds, CMSG_DATA(cmsg), n * sizeof(int));
	return n;
}

/* One question; -1: the server is gone. */
static int read_ask(struct sender *s)
{
	char control[CMSG_SPACE(ASK_FDS_MAX * sizeof(int))];
	struct ask ask;
	struct iovec iov = { &ask, sizeof(ask) };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	ssize_t n = recvmsg(s->control, &msg, MSG_CMSG_CLOEXEC);
	int fds[ASK_FDS_MAX], err;

	if (n < 0 && errno == EINTR)
		return 0;
	if (n != sizeof(ask))
		return -1;
	err = answer(s, &ask, fds, take_fds(&msg, fds));
	explicit_bzero(&ask, sizeof(ask));
	return send(s->control, &err, sizeof(err), MSG_NOSIGNAL) ==
	       sizeof(err) ? 0 : -1;
}

/* Whether there is more to send at once. */
static bool take_turn(struct sender *s)
{
	bool sent = false, more = false;
	unsigned int i;

	for (i = 0; i < LINES_MAX; i++) {
		enum line_turn turn;

		if (!s->lines[i])
			continue;
		turn = line_turn(s->lines[i]);
		sent |= turn != LINE_QUIET;
		more |= turn == LINE_MORE;
	}
	if (sent)
		eventfd_write(s->sent, 1);
	return more;
}

static int run(struct sender *s)
{
	bool more = false;

	for (;;) {
		struct pollfd fds[] = {
			{ .fd = s->control, .events = POLLIN },
			{ .fd = s->turn, .events = POLLIN },
		};
		eventfd_t turns;

		if (poll(fds, 2, more ? 0 : -1) < 0 && errno != EINTR)
			return 1;
		if (fds[0].revents && read_ask(s))
			return 0;
		if (fds[1].revents)
			eventfd_read(s->turn, &turns);
		more = take_turn(s);
	}
}

int main(int argc, char **argv)
{
	static struct sender s;

	if (argc != 4) {
		fprintf(stderr, "usage: h3second CONTROL TURN SENT\n"
				"h3server --share starts it.\n");
		return 2;
	}
	s.control = atoi(argv[1]);
	s.turn = atoi(argv[2]);
	s.sent = atoi(argv[3]);
	return run(&s);
}
