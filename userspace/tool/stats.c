// SPDX-License-Identifier: GPL-2.0-only
/* equic stats */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "counters.h"
#include "parse_addr.h"
#include "print.h"
#include "state.h"
#include "tool.h"

/* Lines of --watch under one head. */
#define WATCH_LINES_PER_HEAD 20

static const char *service_text(const struct equic_key *key, char *text)
{
	return key ? format_key(key, text) : "the namespace";
}

static void json_add_gauges(struct json_object *object,
			    const struct equic_key *key,
			    const struct equic_stats *s)
{
	char text[EQUIC_ADDR_TEXT];

	if (key)
		json_add_string(object, "service", format_key(key, text));
	else
		json_add_count(object, "services", s->services);
	json_add_count(object, "owners", s->owners);
	json_add_count(object, "clients", s->clients);
	json_add_count(object, "open", s->open);
	json_add_count(object, "pending", s->pending);
	if (key)
		return;
	json_add_count(object, "max_clients", s->max_clients);
	json_add_count(object, "max_conns", s->max_conns);
	json_add_count(object, "events_lost", s->events_lost);
	json_add_bypass(object, s->bypass_ms);
}

static void show_json(const struct equic_key *key, const struct equic_stats *s)
{
	struct json_object *object = json_object_new_object();

	json_add_gauges(object, key, s);
	json_add_counters(object, s);
	json_element(object);
}

static void show_text(const struct equic_key *key, const struct equic_stats *s)
{
	char text[EQUIC_ADDR_TEXT];

	if (key) {
		printf("%s owners %" PRIu64 " clients %" PRIu64 " open %" PRIu64
		       " pending %" PRIu64 "\n", format_key(key, text),
		       s->owners, s->clients, s->open, s->pending);
	} else {
		printf("services %" PRIu64 " owners %" PRIu64 " clients %"
		       PRIu64 "/%" PRIu64 " open %" PRIu64 " pending %" PRIu64
		       " of %" PRIu64 " connections\n", s->services, s->owners,
		       s->clients, s->max_clients, s->open, s->pending,
		       s->max_conns);
		printf("    events-lost %" PRIu64 " bypass ", s->events_lost);
		print_bypass(s->bypass_ms);
		putchar('\n');
	}
	print_counters(s, "    ");
}

static int show(struct equic *eq, const struct equic_key *key)
{
	struct equic_stats stats;
	char text[EQUIC_ADDR_TEXT];
	int err;

	err = equic_stats_get(eq, key, &stats);
	json_begin();
	if (!err && tool.json)
		show_json(key, &stats);
	else if (!err)
		show_text(key, &stats);
	json_end();
	if (err)
		return refused_by(eq, err, NULL, "%s", service_text(key, text));
	return TOOL_OK;
}

/**
 * struct sample - counters and when they were read
 */
struct sample {
	struct equic_stats stats;
	double seconds;
};

static int sample_get(struct equic *eq, const struct equic_key *key,
		      struct sample *sample)
{
	struct timespec now;
	int err = equic_stats_get(eq, key, &sample->stats);

	clock_gettime(CLOCK_MONOTONIC, &now);
	sample->seconds = now.tv_sec + now.tv_nsec / 1e9;
	return err;
}

/* A flush in between makes a counter smaller: nothing is known then. */
static double rate(uint64_t then, uint64_t now, double seconds)
{
	return now < then || seconds <= 0 ? 0 : (now - then) / seconds;
}

static void watch_json(const struct equic_key *key, const struct sample *a,
		       const struct sample *b)
{
	struct json_object *object = json_object_new_object();
	double s = b->seconds - a->seconds;
	const struct {
		const char *name;
		uint64_t then, now;
	} rates[] = {
		{ "passed_packets_per_s", a->stats.passed_packets,
		  b->stats.passed_packets },
		{ "passed_bytes_per_s", a->stats.passed_bytes,
		  b->stats.passed_bytes },
		{ "dropped_packets_per_s", a->stats.dropped_packets,
		  b->stats.dropped_packets },
		{ "dropped_bytes_per_s", a->stats.dropped_bytes,
		  b->stats.dropped_bytes },
		{ "would_drop_packets_per_s", a->stats.would_drop_packets,
		  b->stats.would_drop_packets },
		{ "admitted_per_s", a->stats.admitted, b->stats.admitted },
		{ "expired_per_s", a->stats.expired, b->stats.expired },
	};
	size_t i;

	json_add_gauges(object, key, &b->stats);
	json_add_number(object, "seconds", s);
	for (i = 0; i < sizeof(rates) / sizeof(rates[0]); i++)
		json_add_number(object, rates[i].name,
				rate(rates[i].then, rates[i].now, s));
	json_add_counters(object, &b->stats);
	json_line(object);
}

static const char *rate_text(uint64_t then, uint64_t now, double seconds,
			     char buf[COUNT_TEXT_LEN])
{
	double r = rate(then, now, seconds);

	if (r && r < 9.995)
		snprintf(buf, COUNT_TEXT_LEN, "%.2f", r);
	else
		format_count(llround(r), buf);
	return buf;
}

static void watch_text(const struct sample *a, const struct sample *b)
{
	const struct equic_stats *then = &a->stats, *now = &b->stats;
	double s = b->seconds - a->seconds;
	char text[COUNT_TEXT_LEN];

	printf("%10s", rate_text(then->passed_packets, now->passed_packets, s,
				 text));
	printf(" %10s", rate_text(then->dropped_packets, now->dropped_packets,
				  s, text));
	printf(" %12s", rate_text(then->would_drop_packets,
				  now->would_drop_packets, s, text));
	printf(" %10s", rate_text(then->admitted, now->admitted, s, text));
	printf(" %9s", rate_text(then->expired, now->expired, s, text));
	printf(" %8" PRIu64 " %8" PRIu64 " %8" PRIu64 "\n", now->open,
	       now->pending, now->clients);
}

static int watch(struct equic *eq, const struct equic_key *key, double interval)
{
	struct timespec wait = {
		.tv_sec = interval,
		.tv_nsec = (interval - floor(interval)) * 1e9,
	};
	char text[EQUIC_ADDR_TEXT];
	struct sample a, b;
	unsigned int line;
	int err;

	err = sample_get(eq, key, &a);
	for (line = 0; !err; line++) {
		struct timespec rest = wait;

		if (!tool.json && line % WATCH_LINES_PER_HEAD == 0)
			puts("  passed/s  dropped/s would-drop/s admitted/s expired/s     open  pending  clients");
		if (fflush(stdout))
			return refused("writing the output: %s",
				       strerror(errno));
		while (nanosleep(&rest, &rest) && errno == EINTR)
			;
		err = sample_get(eq, key, &b);
		if (err)
			break;
		if (tool.json)
			watch_json(key, &a, &b);
		else
			watch_text(&a, &b);
		a = b;
	}
	return refused_by(eq, err, NULL, "%s", service_text(key, text));
}

static int parse_watch(struct args *args, double *seconds)
{
	const char *text = args_value(args, "--watch", "SECONDS");
	char *end;

	if (!text)
		return TOOL_USAGE;
	*seconds = strtod(text, &end);
	if (end == text || *end || !(*seconds >= 0.1) || *seconds > 86400)
		return usage_error("--watch \"%s\": not an interval: a number of seconds from 0.1 to 86400",
				   text);
	return TOOL_OK;
}

int cmd_stats(struct args *args)
{
	struct equic_key key = { 0 };
	double interval = 0;
	struct equic *eq;
	int ret = TOOL_OK;

	while (ret == TOOL_OK && args_peek(args)) {
		if (args_take(args, "service"))
			ret = args_key(args, "service", &key);
		else if (args_take(args, "--watch") ||
			 args_take(args, "watch"))
			ret = parse_watch(args, &interval);
		else
			ret = args_end(args);
	}
	if (ret)
		return ret;
	eq = tool_open();
	if (!eq)
		return TOOL_REFUSED;
	if (interval)
		ret = watch(eq, key.port ? &key : NULL, interval);
	else
		ret = show(eq, key.port ? &key : NULL);
	equic_close(eq);
	return ret;
}
