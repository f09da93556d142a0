// SPDX-License-Identifier: GPL-2.0-only
/* equic monitor */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "knob.h"
#include "parse_addr.h"
#include "print.h"
#include "tool.h"

#define TIME_LEN 40

static const char *now_text(char buf[TIME_LEN])
{
	struct timespec now;
	struct tm tm;
	size_t len;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	len = strftime(buf, TIME_LEN, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(buf + len, TIME_LEN - len, ".%03ldZ",
		 now.tv_nsec / 1000000);
	return buf;
}

static const char *event_name(const struct equic_notice *n)
{
	const char *name = equic_event_name(n->event);

	return name ? name : "unknown";
}

static void show_json(const struct equic_notice *n)
{
	struct json_object *object = json_object_new_object();
	char text[EQUIC_ADDR_TEXT], time[TIME_LEN];

	json_add_string(object, "time", now_text(time));
	json_add_string(object, "event", event_name(n));
	if (n->service.key.port)
		json_add_string(object, "service",
				format_key(&n->service.key, text));
	if (n->client.addr.family != AF_UNSPEC)
		json_add_string(object, "client",
				equic_prefix_format(&n->client, text,
						    sizeof(text)));
	if (n->owner) {
		json_add_count(object, "owner", n->owner);
		json_add_count(object, "owner_pid", n->owner_pid);
		json_add_count(object, "released", n->released);
	}
	if (n->key) {
		json_add_count(object, "key", n->key);
		json_add_count(object, "epoch", n->epoch);
	}
	if (n->event == EQUIC_EVENT_POLICY) {
		json_add_bool(object, "deleted", n->deleted);
		if (n->service.knobs)
			json_add_knobs(object, &n->service);
	}
	json_add_count(object, "lost", n->lost);
	json_line(object);
}

static void show_text(const struct equic_notice *n)
{
	char text[EQUIC_ADDR_TEXT], time[TIME_LEN];

	now_text(time);
	if (n->lost)
		printf("%s lost %" PRIu64 " events\n", time, n->lost);
	printf("%s %s", time, event_name(n));
	if (n->service.key.port)
		printf(" service %s", format_key(&n->service.key, text));
	if (n->client.addr.family != AF_UNSPEC)
		printf(" client %s", equic_prefix_format(&n->client, text,
							 sizeof(text)));
	if (n->owner)
		printf(" owner %u pid %u released %u", n->owner, n->owner_pid,
		       n->released);
	if (n->key)
		printf(" key %u epoch %u", n->key, n->epoch);
	if (n->deleted)
		printf(" deleted");
	putchar('\n');
}

/* Each line is written at once: what reads it may be waiting for it. */
static int show_one(const struct equic_notice *n, void *user)
{
	(void)user;
	if (tool.json)
		show_json(n);
	else
		show_text(n);
	return fflush(stdout) ? -errno : 0;
}

/* POLLERR of standard output: its reader is gone. */
static int monitor(struct equic *eq)
{
	struct pollfd fds[] = {
		{ .events = POLLIN },
		{ .fd = STDOUT_FILENO },
	};
	int err;

	fds[0].fd = equic_events_fd(eq);
	if (fds[0].fd < 0)
		return refused_by(eq, fds[0].fd, NULL, "subscribing to events");
	for (;;) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return refused("waiting for events: %s",
				       strerror(errno));
		if (fds[1].revents & POLLERR)
			return TOOL_OK;
		err = equic_events_dispatch(eq, show_one, NULL);
		if (ferror(stdout))
			return refused("writing the output: %s",
				       strerror(-err));
		if (err)
			return refused_by(eq, err, NULL, "reading events");
	}
}

int cmd_monitor(struct args *args)
{
	struct equic *eq;
	int ret;

	ret = args_end(args);
	if (ret)
		return ret;
	eq = tool_open();
	if (!eq)
		return TOOL_REFUSED;
	ret = equic_module_loaded(eq);
	if (ret == 1)
		ret = monitor(eq);
	else
		ret = refused_by(eq, ret < 0 ? ret : -ENOPKG, NULL,
				 "the module");
	equic_close(eq);
	return ret;
}
