// SPDX-License-Identifier: GPL-2.0-only
/* See key_events.h. */
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include "crew.h"
#include "family.h"
#include "key_events.h"
#include "ktap.h"

enum { PATIENCE_MS = 30000 };

static struct nl listener, fence;

void key_events_open(void)
{
	nl_open(&listener);
	nl_open(&fence);
	errno = -nl_join_events(&listener);
	if (errno)
		ktap_bail("no events");
}

void key_events_close(void)
{
	nl_close(&listener);
	nl_close(&fence);
}

static void receive(struct key_event *event)
{
	const struct nlattr *attrs[EQUIC_A_EVENT_MAX + 1];
	struct pollfd readable = { .fd = listener.fd, .events = POLLIN };
	struct nlm m;
	ssize_t len;

	errno = 0;
	if (poll(&readable, 1, PATIENCE_MS) != 1)
		ktap_bail("an event did not come");
	len = recv(listener.fd, m.bytes, sizeof(m.bytes), 0);
	if (len < 0)
		ktap_bail("events");
	m.len = len;
	nla_table(attrs, EQUIC_A_EVENT_MAX, nlm_attrs(&m), nlm_attrs_len(&m));
	if (attrs[EQUIC_A_EVENT_LOST])
		ktap_bail("events were lost");
	event->type = nla_number(attrs[EQUIC_A_EVENT_TYPE]);
	event->key = nla_number(attrs[EQUIC_A_EVENT_KEY]);
	event->epoch = nla_number(attrs[EQUIC_A_EVENT_EPOCH]);
}

/* Each CPU tells its events in their order: this one is behind all of its. */
static void tell_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		ktap_bail("CPU %d", cpu);
	errno = -bypass(&fence, NULL, 0);
	if (errno)
		ktap_bail("bypass");
}

int key_events_read(struct key_event *events, int max)
{
	struct key_event event;
	cpu_set_t before;
	int cpu, n = 0;

	sched_getaffinity(0, sizeof(before), &before);
	for (cpu = 0; cpu < crew_cpus(); cpu++) {
		tell_on(cpu);
		for (;;) {
			receive(&event);
			if (event.type == EQUIC_EVENT_POLICY)
				break;
			if (n < max)
				events[n] = event;
			n++;
		}
	}
	sched_setaffinity(0, sizeof(before), &before);
	return n;
}
