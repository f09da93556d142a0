// SPDX-License-Identifier: GPL-2.0-only
/* The event loop of one process. */
#include <errno.h>
#include <fcntl.h>
#include <nghttp3/nghttp3.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "../net/clock.h"
#include "accept.h"
#include "conn.h"
#include "forward.h"
#include "worker.h"

enum {
	EVENTS = 16,
	BATCHES_PER_TURN = 4,
	TURN_MS_MAX = 1000,
	DROPS_INTERVAL_MS = 100,
};

static int failed(const char *what, const char *on, int err)
{
	fprintf(stderr, "h3server: %s%s%s: %s\n", what, on ? " " : "",
		on ? on : "", strerror(-err));
	return -1;
}

void worker_datagram(struct worker *worker, struct listener *listener,
		     struct udp_datagram *datagram)
{
	ngtcp2_version_cid ids;
	struct conn *conn;
	int ret;

	ret = ngtcp2_pkt_decode_version_cid(&ids, datagram->data,
					    datagram->len, CID_BYTES);
	if (ret == NGTCP2_ERR_VERSION_NEGOTIATION) {
		accept_negotiate_version(listener, datagram, &ids);
		return;
	}
	if (ret) {
		count(worker, COUNT_IGNORED);
		return;
	}
	conn = cids_find(&worker->cids, ids.dcid, ids.dcidlen);
	if (conn)
		conn_read(conn, listener, datagram);
	else
		accept_datagram(listener, datagram, &ids);
}

static void account(struct worker *worker, const struct udp_datagram *datagram)
{
	enum wire_type type = wire_first_type(datagram->data, datagram->len);
	uint64_t *source = counters_source(worker->counters,
					   worker->options->ledger,
					   &datagram->remote);

	count(worker, COUNT_RX_DATAGRAMS);
	count_add(worker, COUNT_RX_BYTES, datagram->wire_len);
	count(worker, COUNT_FIRST_TYPE + type);
	source[SOURCE_DATAGRAMS]++;
	source[SOURCE_BYTES] += datagram->wire_len;
	source[SOURCE_INITIALS] += type == WIRE_INITIAL;
}

static void listener_read(struct listener *listener)
{
	struct worker *worker = listener->worker;
	int batch, i, n;

	for (batch = 0; batch < BATCHES_PER_TURN; batch++) {
		n = udp_recv(worker->rx, listener->fd);
		count(worker, COUNT_RX_CALLS);
		if (n <= 0)
			break;
		for (i = 0; i < n; i++) {
			struct udp_datagram datagram;

			udp_datagram(worker->rx, i, &listener->bound,
				     &datagram);
			account(worker, &datagram);
			if (datagram.len == datagram.wire_len)
				worker_datagram(worker, listener, &datagram);
			else
				count(worker, COUNT_IGNORED);
		}
		if (n < UDP_BATCH)
			break;
	}
}

/* Not each turn: it costs a system call for each socket. */
static void look_at_kernel_drops(struct worker *worker)
{
	uint64_t drops = 0;
	unsigned int i;

	for (i = 0; i < worker->n_listeners; i++)
		drops += udp_kernel_drops(worker->listeners[i].fd);
	worker->counters->counts[COUNT_RX_KERNEL_DROPS] = drops;
	worker->look_again_ns = worker->now_ns + DROPS_INTERVAL_MS * NS_PER_MS;
}

static void run_timers(struct worker *worker)
{
	struct timer *timer;

	while ((timer = timer_due(&worker->timers, worker->now_ns))) {
		struct conn *conn = (struct conn *)
			((char *)timer - offsetof(struct conn, timer));

		conn_expire(conn);
	}
}

void worker_flush(struct worker *worker)
{
	uint64_t datagrams = 0, bytes = 0, failures = 0;
	unsigned int i;

	report_submit(worker);
	for (i = 0; i < worker->n_listeners; i++) {
		struct udp_tx *tx = worker->listeners[i].tx;

		udp_tx_flush(tx);
		datagrams += tx->datagrams;
		bytes += tx->bytes;
		failures += tx->failed;
	}
	worker->counters->counts[COUNT_TX_DATAGRAMS] = datagrams;
	worker->counters->counts[COUNT_TX_BYTES] = bytes;
	worker->counters->counts[COUNT_TX_FAILED] = failures;
}

uint8_t *listener_buffer(struct listener *listener)
{
	if (listener->tx->queued == UDP_BATCH)
		worker_flush(listener->worker);
	return udp_tx_buffer(listener->tx);
}

static int timeout_ms(const struct worker *worker)
{
	uint64_t next = timer_next_ns(&worker->timers);
	uint64_t now = clock_ns();

	if (next <= now)
		return 0;
	if (next - now > TURN_MS_MAX * NS_PER_MS)
		return TURN_MS_MAX;
	return (next - now + NS_PER_MS - 1) / NS_PER_MS;
}

/* Reads signals; true: stop. */
static bool take_signals(struct worker *worker)
{
	struct signalfd_siginfo info;
	bool stop = false;

	while (read(worker->signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo != SIGUSR1)
			stop = true;
		else if (worker->options->stats &&
			 worker->options->workers == 1)
			counters_write(worker->all_counters,
				       worker->options->stats);
	}
	return stop;
}

static bool handle_event(struct worker *worker, void *what)
{
	unsigned int i;

	if (what == &worker->signals)
		return take_signals(worker);
	if (what == &worker->forward) {
		forward_receive(worker);
		return false;
	}
	if (what == &worker->sender.sent || what == &worker->sender.pidfd) {
		sender_event(worker, what);
		return false;
	}
	for (i = 0; i < worker->n_listeners; i++) {
		if (what == &worker->listeners[i]) {
			listener_read(&worker->listeners[i]);
			return false;
		}
	}
	equic_dispatch(what);
	return false;
}

static int loop(struct worker *worker)
{
	struct epoll_event events[EVENTS];
	bool stop = false;
	int i, n;

	while (!stop) {
		n = epoll_wait(worker->epoll, events, EVENTS,
			       timeout_ms(worker));
		if (n < 0 && errno != EINTR)
			return failed("epoll_wait", NULL, -errno);
		worker->now_ns = clock_ns();
		for (i = 0; i < n; i++)
			stop |= handle_event(worker, events[i].data.ptr);
		run_timers(worker);
		worker_flush(worker);
		sender_poke(worker);
		if (worker->now_ns >= worker->look_again_ns)
			look_at_kernel_drops(worker);
	}
	return 0;
}

static int watch(struct worker *worker, int fd, void *what)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = what };

	if (epoll_ctl(worker->epoll, EPOLL_CTL_ADD, fd, &event))
		return failed("epoll", NULL, -errno);
	return 0;
}

static int open_listener(struct worker *worker, const union addr *addr)
{
	struct listener *listener = &worker->listeners[worker->n_listeners];
	char text[ADDR_STRLEN];

	listener->worker = worker;
	listener->bound = *addr;
	listener->tx = malloc(sizeof(*listener->tx));
	if (!listener->tx)
		return failed("listener", NULL, -ENOMEM);
	listener->fd = udp_open(addr, UDP_REUSEPORT | UDP_PKTINFO);
	if (listener->fd < 0) {
		failed("listening at", addr_format(addr, text), listener->fd);
		free(listener->tx);
		return -1;
	}
	udp_tx_init(listener->tx, listener->fd);
	worker->n_listeners++;
	return watch(worker, listener->fd, listener);
}

static int open_signals(struct worker *worker)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGUSR1);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return failed("signals", NULL, -errno);
	worker->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (worker->signals < 0)
		return failed("signalfd", NULL, -errno);
	return watch(worker, worker->signals, &worker->signals);
}

static int worker_open(struct worker *worker)
{
	const struct options *options = worker->options;
	unsigned int i;
	int ret;

	random_bytes(worker->tag, sizeof(worker->tag));
	worker->rx = malloc(sizeof(*worker->rx));
	if (!worker->rx || cids_init(&worker->cids))
		return failed("memory", NULL, -ENOMEM);
	worker->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (worker->epoll < 0)
		return failed("epoll", NULL, -errno);
	if (options->root) {
		worker->root = open(options->root,
				    O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (worker->root < 0)
			return failed("--root", options->root, -errno);
	}
	if (open_signals(worker))
		return -1;
	ret = forward_open(worker);
	if (ret)
		return failed("forwarding socket", NULL, ret);
	if (watch(worker, worker->forward, &worker->forward))
		return -1;
	for (i = 0; i < options->n_listen; i++)
		if (open_listener(worker, &options->listen[i]))
			return -1;
	if (sender_open(worker))
		return -1;
	report_open(worker);
	keys_open(worker);
	report_submit(worker);
	return 0;
}

static void close_connections(struct worker *worker)
{
	struct conn *conn, *next;

	worker->now_ns = clock_ns();
	for (conn = worker->conns; conn; conn = next) {
		next = conn->next;
		if (conn->state == CONN_ACTIVE)
			conn_close_app(conn, NGHTTP3_H3_NO_ERROR,
				       COUNT_END_SERVER);
	}
	worker_flush(worker);
	look_at_kernel_drops(worker);
	while (worker->conns)
		conn_free(worker->conns);
}

static void worker_close(struct worker *worker)
{
	unsigned int i;

	sender_close(worker);
	keys_close(worker);
	report_close(worker);
	for (i = 0; i < worker->n_listeners; i++) {
		close(worker->listeners[i].fd);
		free(worker->listeners[i].tx);
	}
	if (worker->forward >= 0)
		close(worker->forward);
	if (worker->signals >= 0)
		close(worker->signals);
	if (worker->root >= 0)
		close(worker->root);
	if (worker->epoll >= 0)
		close(worker->epoll);
	if (worker->cids.buckets)
		cids_free(&worker->cids);
	timer_heap_free(&worker->timers);
	free(worker->rx);
}

int worker_run(const struct options *options, const struct tls *tls,
	       struct counters *counters, struct quota *quota,
	       unsigned int index, int (*ready)(void *user), void *user)
{
	struct worker worker = {
		.options = options,
		.tls = tls,
		.all_counters = counters,
		.counters = &counters->workers[index],
		.quota = quota,
		.index = index,
		.epoll = -1,
		.signals = -1,
		.forward = -1,
		.root = -1,
	};
	int ret = -1;

	worker.counters->pid = getpid();
	worker.now_ns = clock_ns();
	if (worker_open(&worker) || ready(user))
		goto out;
	ret = loop(&worker);
	close_connections(&worker);
out:
	worker_close(&worker);
	return ret;
}
