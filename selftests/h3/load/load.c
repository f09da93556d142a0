// SPDX-License-Identifier: GPL-2.0-only
/* The event loop: starts connections, feeds them, ends them. */
#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "../net/clock.h"
#include "client.h"
#include "journal.h"
#include "load.h"

enum {
	EVENTS = 256,
	STARTS_PER_TURN = 16,
	BEHIND_MS_MAX = 100,
	TURN_MS_MAX = 1000,
};

void load_wait_to_begin(const struct load *load)
{
	struct pollfd signals = { .fd = load->signals, .events = POLLIN };
	uint64_t begin_ns = load->options->begin_ns, now_ns = clock_ns();
	struct timespec left;

	if (now_ns >= begin_ns)
		return;
	left.tv_sec = (begin_ns - now_ns) / NS_PER_S;
	left.tv_nsec = (begin_ns - now_ns) % NS_PER_S;
	ppoll(&signals, 1, &left, NULL);
}

struct socket *load_socket(struct load *load, uint32_t source)
{
	struct epoll_event event = { .events = EPOLLIN };
	struct socket *socket;

	if (load->shared && load->shared[source]) {
		load->shared[source]->users++;
		return load->shared[source];
	}
	socket = socket_new(load->options, source);
	if (!socket)
		return NULL;
	event.data.ptr = socket;
	if (epoll_ctl(load->epoll, EPOLL_CTL_ADD, socket->fd, &event)) {
		perror("h3load: epoll");
		socket_put(socket);
		return NULL;
	}
	if (load->shared) {
		load->shared[source] = socket;
		socket->users++;
	}
	return socket;
}

void load_client_ended(struct load *load, struct client *client, bool failed)
{
	load->slots[client->slot] = NULL;
	load->free_slots[load->n_free++] = client->slot;
	if (failed && load->options->retry_refused && !load->stopping)
		load->started--;
}

/* When the next connection may start; TIMER_NEVER: when one ended, or never. */
static uint64_t next_start_ns(const struct load *load)
{
	const struct options *options = load->options;

	if (load->stopping || !load->n_free ||
	    (options->conns && load->started >= options->conns))
		return TIMER_NEVER;
	return options->rate > 0 ? load->due_ns : load->now_ns;
}

/* What could not start in time is not made up for: the rate is a limit. */
static void set_next_due(struct load *load)
{
	const uint64_t behind_ns = BEHIND_MS_MAX * NS_PER_MS;

	if (load->options->rate <= 0)
		return;
	if (load->due_ns + behind_ns < load->now_ns)
		load->due_ns = load->now_ns - behind_ns;
	load->due_ns += NS_PER_S / load->options->rate;
}

static int start_clients(struct load *load)
{
	uint32_t n_sources = load->options->n_sources;
	int i;

	for (i = 0; i < STARTS_PER_TURN; i++) {
		uint32_t slot, source;

		if (next_start_ns(load) > load->now_ns)
			return 0;
		slot = load->free_slots[--load->n_free];
		source = n_sources ? load->started % n_sources : 0;
		load->slots[slot] = client_new(load, slot, source);
		if (!load->slots[slot])
			return -1;
		load->started++;
		set_next_due(load);
	}
	return 0;
}

static void socket_read(struct load *load, struct socket *socket)
{
	int i, n = UDP_BATCH;

	socket->users++;	/* the last client may end meanwhile */
	while (n == UDP_BATCH) {
		n = udp_recv(load->rx, socket->fd);
		for (i = 0; i < n; i++) {
			struct udp_datagram datagram;
			struct client *client;

			udp_datagram(load->rx, i, &socket->local, &datagram);
			result_add(&load->result, socket->source,
				   TALLY_RECEIVED_DATAGRAMS, 1);
			result_add(&load->result, socket->source,
				   TALLY_RECEIVED_BYTES, datagram.wire_len);
			client = client_find(load, socket, datagram.data,
					     datagram.len);
			if (client)
				client_read(client, &datagram);
		}
	}
	socket_put(socket);
}

static void run_timers(struct load *load)
{
	struct timer *timer;

	while ((timer = timer_due(&load->timers, load->now_ns)))
		client_expire((struct client *)((char *)timer -
			      offsetof(struct client, timer)));
}

static int timeout_ms(const struct load *load)
{
	const struct options *options = load->options;
	uint64_t next = timer_next_ns(&load->timers);
	uint64_t start = next_start_ns(load), now = clock_ns();
	uint64_t live = load->result.last_live_ns + options->live_ns;
	uint64_t end = load->result.start_ns + options->duration_ns;

	next = start < next ? start : next;
	if (options->live_ns && live < next)
		next = live;
	if (options->duration_ns && !load->stopping && end < next)
		next = end;
	if (next <= now)
		return 0;
	if (next - now > TURN_MS_MAX * NS_PER_MS)
		return TURN_MS_MAX;
	return (next - now + NS_PER_MS - 1) / NS_PER_MS;
}

static bool is_over(struct load *load)
{
	const struct options *options = load->options;
	uint32_t i;

	if (options->duration_ns &&
	    load->now_ns >= load->result.start_ns + options->duration_ns)
		load->stopping = true;
	if (load->stopping)
		for (i = 0; i < options->parallel; i++)
			if (load->slots[i])
				client_stop(load->slots[i]);
	return load->n_free == options->parallel &&
	       (load->stopping ||
		(options->conns && load->started >= options->conns));
}

static void take_signal(struct load *load)
{
	struct signalfd_siginfo info;

	if (read(load->signals, &info, sizeof(info)) == sizeof(info))
		load->stopping = true;
}

static int loop(struct load *load)
{
	struct epoll_event events[EVENTS];
	int i, n;

	load_wait_to_begin(load);
	load->now_ns = clock_ns();
	load->result.start_ns = load->now_ns;
	load->result.last_live_ns = load->now_ns;
	while (!is_over(load)) {
		if (start_clients(load))
			return -1;
		run_timers(load);
		n = epoll_wait(load->epoll, events, EVENTS, timeout_ms(load));
		if (n < 0 && errno != EINTR) {
			perror("h3load: epoll_wait");
			return -1;
		}
		load->now_ns = clock_ns();
		for (i = 0; i < n; i++) {
			if (events[i].data.ptr)
				socket_read(load, events[i].data.ptr);
			else
				take_signal(load);
		}
		run_timers(load);
		result_live(&load->result, load->now_ns);
	}
	return 0;
}

static int load_open(struct load *load)
{
	const struct options *options = load->options;
	struct epoll_event event = { .events = EPOLLIN };
	uint32_t i;

	load->epoll = epoll_create1(EPOLL_CLOEXEC);
	load->slots = calloc(options->parallel, sizeof(*load->slots));
	load->free_slots = calloc(options->parallel,
				  sizeof(*load->free_slots));
	if (options->one_socket)
		load->shared = calloc(options->n_sources + 1,
				      sizeof(*load->shared));
	if (load->epoll < 0 || !load->slots || !load->free_slots ||
	    (options->one_socket && !load->shared) ||
	    epoll_ctl(load->epoll, EPOLL_CTL_ADD, load->signals, &event)) {
		perror("h3load");
		return -1;
	}
	/* lowest first */
	for (i = options->parallel; i > 0; i--)
		load->free_slots[load->n_free++] = i - 1;
	return 0;
}

static void load_close(struct load *load)
{
	uint32_t i;

	for (i = 0; load->shared && i < load->options->n_sources + 1; i++)
		if (load->shared[i])
			socket_put(load->shared[i]);
	free(load->shared);
	free(load->slots);
	free(load->free_slots);
	timer_heap_free(&load->timers);
	if (load->epoll >= 0)
		close(load->epoll);
}

int load_run(struct load *load)
{
	int ret = load_open(load);

	if (!ret)
		ret = journal_open(load);
	if (!ret)
		ret = loop(load);
	if (journal_close(load))
		ret = -1;
	load_close(load);
	return ret;
}
