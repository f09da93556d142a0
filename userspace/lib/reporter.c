// SPDX-License-Identifier: LGPL-2.1-or-later
/* The reporting socket: queueing, sending, reading answers, dispatching. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <linux/netlink.h>

#include "handle.h"
#include "paper.h"

enum {
	/* One sendmsg: well under the default send buffer of 208 KiB. */
	CHUNK_BYTES = 32768,
	/* Answers that the default receive buffer holds, and half as many again. */
	CHUNK_ACKS = 64,
	RECEIVE_BUFFER = 1 << 20,
	/* An answer echoes the request, which is less than 512 bytes. */
	ANSWER_BYTES = 16384,
	SEND_RETRY_MS = 10,
	SYNC_RETRY_MS = 1000,
};

void reporter_init(struct reporter *rep)
{
	rep->epoll_fd = -1;
	rep->wake_fd = -1;
	rep->timer_fd = -1;
}

static int epoll_watch(struct reporter *rep, int fd)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.fd = fd };

	return epoll_ctl(rep->epoll_fd, EPOLL_CTL_ADD, fd, &ev) ? -errno : 0;
}

int reporter_wait_fds(struct reporter *rep)
{
	if (rep->epoll_fd >= 0)
		return 0;
	rep->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	rep->timer_fd = timerfd_create(CLOCK_MONOTONIC,
				       TFD_CLOEXEC | TFD_NONBLOCK);
	rep->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (rep->wake_fd < 0 || rep->timer_fd < 0 || rep->epoll_fd < 0)
		goto err_close;
	if (epoll_watch(rep, rep->wake_fd) || epoll_watch(rep, rep->timer_fd))
		goto err_close;
	if (rep->chan.sk && epoll_watch(rep, rep->chan.fd))
		goto err_close;
	if (rep->news.sk && epoll_watch(rep, rep->news.fd))
		goto err_close;
	return 0;

err_close:
	if (rep->epoll_fd >= 0)
		close(rep->epoll_fd);
	if (rep->timer_fd >= 0)
		close(rep->timer_fd);
	if (rep->wake_fd >= 0)
		close(rep->wake_fd);
	reporter_init(rep);
	return -errno;
}

void reporter_close(struct reporter *rep)
{
	channel_close(&rep->chan);
	channel_close(&rep->news);
	if (rep->epoll_fd >= 0)
		close(rep->epoll_fd);
	if (rep->timer_fd >= 0)
		close(rep->timer_fd);
	if (rep->wake_fd >= 0)
		close(rep->wake_fd);
	nlmsg_free(rep->msg);
	queue_free(&rep->queue);
	outcomes_free(&rep->outcomes);
	idset_free(&rep->ids);
}

bool reporter_is_on(const struct reporter *rep)
{
	return rep->state == EQUIC_REPORTING_ON;
}

void reporter_wake(struct reporter *rep)
{
	/* It can only fail because it is set. */
	if (rep->wake_fd >= 0)
		(void)!eventfd_write(rep->wake_fd, 1);
}

static void timer_arm(struct reporter *rep, unsigned int ms)
{
	struct itimerspec when = {
		.it_value = { ms / 1000, ms % 1000 * 1000000L },
	};

	timerfd_settime(rep->timer_fd, 0, &when, NULL);
}

void reporter_settle_unsent(struct reporter *rep)
{
	switch (rep->state) {
	case EQUIC_REPORTING_NO_MODULE:
		outcomes_settle(&rep->outcomes, 0, -ENOPKG,
				"equic.ko is not loaded: modprobe equic");
		break;
	case EQUIC_REPORTING_REFUSED:
		if (rep->sync_err && rep->sync_err != -ENOENT)
			outcomes_settle(&rep->outcomes, 0, rep->sync_err,
					"not allowed to report for the service");
		else
			outcomes_settle(&rep->outcomes, 0, -ENOENT,
					"no such service in this namespace");
		break;
	default:
		outcomes_settle(&rep->outcomes, 0, -ENOBUFS,
				"the report is lost");
		break;
	}
}

void reporter_lose(struct equic *eq, enum equic_reporting state)
{
	struct reporter *rep = &eq->rep;

	rep->state = state;
	rep->generation++;
	rep->stats.skipped += rep->queue.count;
	queue_advance(&rep->queue, rep->queue.tail - rep->queue.head,
		      rep->queue.count);
	reporter_settle_unsent(rep);
	if (state == EQUIC_REPORTING_REFUSED)
		timer_arm(rep, SYNC_RETRY_MS);
	if (state == EQUIC_REPORTING_RESYNC || rep->outcomes.known)
		reporter_wake(rep);
}

void reporter_tell(struct reporter *rep, int err, const char *text)
{
	rep->refused = err;
	snprintf(rep->refused_text, sizeof(rep->refused_text), "%s",
		 text[0] ? text : strerror(-err));
}

/* ---------------------------------------------------------- answers -- */

/*
 * A refusal without anybody waiting for it: what does it mean?
 *
 * -ENOENT for what only speaks of a connection: it expired, or went with its
 * service; nothing is lost. For what makes one: there is no such service (any
 * more), or no module; then a replay is due when it is back.
 */
static void reporter_refused(struct equic *eq, const struct answer *ans)
{
	struct reporter *rep = &eq->rep;
	bool makes = ans->cmd == EQUIC_CMD_CONN_ACCEPTED ||
		     ans->cmd == EQUIC_CMD_CONN_OPEN;

	if (ans->err == -ENOENT && !makes) {
		rep->stats.races++;
		return;
	}
	/* Replayed, while another thread reported it as well. */
	if (ans->err == -EEXIST && makes && rep->syncing) {
		rep->stats.races++;
		return;
	}
	rep->stats.refused++;
	/* The kernel remembers so many CIDs and no more: nothing to tell. */
	if (ans->err == -ENOSPC && ans->cmd == EQUIC_CMD_CONN_CID)
		return;
	if (makes && (ans->err == -ENOENT || ans->err == -EPERM))
		reporter_lose(eq, EQUIC_REPORTING_REFUSED);
	reporter_tell(rep, ans->err, ans->text);
}

static void reporter_answer(struct equic *eq, const struct answer *ans)
{
	struct reporter *rep = &eq->rep;

	if (outcomes_answer(&rep->outcomes, ans->seq, ans->err, ans->text,
			    -ENOBUFS)) {
		rep->stats.refused += !!ans->err;
		return;
	}
	if (ans->err)
		reporter_refused(eq, ans);
}

/* Read until there is nothing, or until the answer to @seq (0: none). */
static int read_answers(struct equic *eq, uint32_t seq, struct answer *res)
{
	struct reporter *rep = &eq->rep;
	_Alignas(struct nlmsghdr) char buf[ANSWER_BYTES];
	int found = -ENODATA;

	while (found) {
		struct nlmsghdr *nlh = (struct nlmsghdr *)buf;
		struct answer ans;
		int len;

		len = recv(rep->chan.fd, buf, sizeof(buf), MSG_DONTWAIT);
		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0 && errno == ENOBUFS) {
			rep->stats.lost++;
			continue;
		}
		if (len <= 0)
			break;
		for (; NLMSG_OK(nlh, (unsigned int)len); nlh = NLMSG_NEXT(nlh, len)) {
			if (nlh->nlmsg_type != NLMSG_ERROR)
				continue;
			answer_parse(nlh, &ans);
			if (seq && ans.seq == seq) {
				*res = ans;
				found = 0;
			} else {
				reporter_answer(eq, &ans);
			}
		}
	}
	return found;
}

void reporter_read(struct equic *eq)
{
	struct answer ans;

	read_answers(eq, 0, &ans);
}

/*
 * Netlink is synchronous towards the kernel: when send(2) returns, the answer
 * is in the socket. Nothing here waits.
 */
int reporter_transact(struct equic *eq, struct nlmsghdr *nlh, struct answer *ans)
{
	struct reporter *rep = &eq->rep;

	nlh->nlmsg_flags |= NLM_F_ACK;
	reporter_read(eq);
	if (send(rep->chan.fd, nlh, nlh->nlmsg_len, MSG_DONTWAIT) < 0)
		return -errno;
	return read_answers(eq, nlh->nlmsg_seq, ans);
}

/* ---------------------------------------------------------- sending -- */

static uint32_t chunk_last_seq(const uint8_t *chunk, size_t len)
{
	const struct nlmsghdr *nlh = (const struct nlmsghdr *)chunk;
	uint32_t seq = 0;

	for (; NLMSG_OK(nlh, len); nlh = NLMSG_NEXT(nlh, len))
		seq = nlh->nlmsg_seq;
	return seq;
}

int reporter_send(struct equic *eq)
{
	struct reporter *rep = &eq->rep;
	uint32_t count, acks, generation = rep->generation;
	const void *chunk;
	size_t len;

	while ((chunk = queue_chunk(&rep->queue, CHUNK_BYTES, CHUNK_ACKS, &len,
				    &count, &acks))) {
		uint32_t seq = chunk_last_seq(chunk, len);

		if (send(rep->chan.fd, chunk, len, MSG_DONTWAIT) < 0) {
			if (errno == EINTR)
				continue;
			timer_arm(rep, SEND_RETRY_MS);
			return handle_fail(eq, -EAGAIN,
					   "the kernel takes no reports now: %s",
					   strerror(errno));
		}
		queue_advance(&rep->queue, len, count);
		rep->stats.sent += count;
		if (!acks)
			continue;
		/* Make room for the next answers; they are told in dispatch. */
		reporter_read(eq);
		if (rep->generation != generation)
			return 0;
		outcomes_settle(&rep->outcomes, seq, -ENOBUFS,
				"the kernel's answer is lost");
		reporter_wake(rep);
	}
	return 0;
}

void reporter_flush(struct equic *eq)
{
	if (eq->rep.chan.sk && pthread_mutex_lock(&eq->lock) == 0) {
		reporter_send(eq);
		pthread_mutex_unlock(&eq->lock);
	}
}

int reporter_queue(struct equic *eq, struct nlmsghdr *nlh, uint64_t cookie)
{
	struct reporter *rep = &eq->rep;
	bool ack = nlh->nlmsg_flags & NLM_F_ACK;
	int err;

	if (rep->queue.count >= (eq->opts.queue_max ?: REPORT_QUEUE_DEFAULT)) {
		reporter_send(eq);
		if (rep->queue.count) {
			rep->stats.lost++;
			reporter_lose(eq, EQUIC_REPORTING_RESYNC);
			return handle_fail(eq, -ENOBUFS,
					   "the queue is full; live connections will be reported again");
		}
	}
	err = ack ? outcomes_add(&rep->outcomes, nlh->nlmsg_seq, cookie) : 0;
	if (!err)
		err = queue_add(&rep->queue, nlh);
	if (err) {
		rep->stats.lost++;
		reporter_lose(eq, EQUIC_REPORTING_RESYNC);
		return handle_fail(eq, err, "out of memory");
	}
	/* A full buffer goes at once; whether it went is submit's to tell. */
	if (rep->queue.tail - rep->queue.head >= CHUNK_BYTES)
		reporter_send(eq);
	return 0;
}

int reporter_open(struct equic *eq)
{
	struct reporter *rep = &eq->rep;
	int size = RECEIVE_BUFFER, err;

	rep->msg = nlmsg_alloc_size(1024);
	if (!rep->msg)
		return -ENOMEM;
	err = channel_open(eq, &rep->chan);
	if (!err)
		err = channel_open(eq, &rep->news);
	if (!err)
		err = reporter_wait_fds(rep);
	if (!err)
		err = reporter_open_news(eq);
	if (err)
		return err;
	if (setsockopt(rep->chan.fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		setsockopt(rep->chan.fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));

	pthread_mutex_lock(&eq->lock);
	reporter_sync(eq, false);
	pthread_mutex_unlock(&eq->lock);
	return 0;
}

/* ------------------------------------------------------------- API -- */

EQUIC_API int equic_fd(struct equic *eq)
{
	int err;

	err = handle_enter(eq);
	if (err)
		return err;
	err = reporter_wait_fds(&eq->rep);
	if (err)
		handle_fail(eq, err, "cannot make an epoll descriptor: %s",
			    strerror(-err));
	return handle_leave(eq, err ?: eq->rep.epoll_fd);
}

EQUIC_API int equic_submit(struct equic *eq)
{
	int err;

	err = handle_enter(eq);
	if (err)
		return err;
	if (reporter_is_on(&eq->rep))
		err = reporter_send(eq);
	return handle_leave(eq, err);
}

static void waits_clear(struct reporter *rep)
{
	uint64_t n;

	if (rep->epoll_fd < 0)
		return;
	if (read(rep->timer_fd, &n, sizeof(n)) == sizeof(n))
		rep->again = true;
	(void)!eventfd_read(rep->wake_fd, &n);
}

/* The callback may report, or close its own books: not under the lock. */
static void outcomes_tell(struct equic *eq)
{
	struct outcome out;

	while (outcomes_take(&eq->rep.outcomes, &out)) {
		if (eq->opts.report_done) {
			pthread_mutex_unlock(&eq->lock);
			eq->opts.report_done(eq, out.cookie, out.err,
					     out.text ?: "", eq->opts.user);
			pthread_mutex_lock(&eq->lock);
		}
		free(out.text);
	}
}

EQUIC_API int equic_dispatch(struct equic *eq)
{
	struct reporter *rep;
	int err;

	err = handle_enter(eq);
	if (err)
		return err;
	rep = &eq->rep;
	waits_clear(rep);
	if (rep->chan.sk) {
		reporter_read_news(eq);
		reporter_read(eq);
		reporter_sync(eq, true);
		if (reporter_is_on(rep))
			reporter_send(eq);
		outcomes_tell(eq);
	}
	if (signal_slot_interrupted(eq->signal_slot)) {
		err = handle_fail(eq, -EINTR, "interrupted by a signal");
	} else if (rep->refused) {
		err = handle_fail(eq, rep->refused, "%s", rep->refused_text);
		rep->refused = 0;
	}
	return handle_leave(eq, err);
}

EQUIC_API int equic_report_stats_get(struct equic *eq,
				     struct equic_report_stats *stats)
{
	struct reporter *rep;
	int err;

	err = handle_enter(eq);
	if (err)
		return err;
	rep = &eq->rep;
	rep->stats.size = sizeof(rep->stats);
	rep->stats.state = rep->syncing ? EQUIC_REPORTING_RESYNC : rep->state;
	rep->stats.live = rep->ids.used;
	rep->stats.queued = rep->queue.count;
	err = stats ? struct_out(eq, stats, &rep->stats, sizeof(rep->stats)) :
	      handle_fail(eq, -EINVAL, "no room for the result");
	return handle_leave(eq, err);
}
