// SPDX-License-Identifier: GPL-2.0-only
/* What happened, as JSON. */
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../net/clock.h"
#include "result.h"

static const char *const tally_name[TALLIES] = {
	[TALLY_ATTEMPTED] = "attempted",
	[TALLY_COMPLETED] = "completed",
	[TALLY_REFUSED] = "refused",
	[TALLY_REFUSED_LATE] = "refused_late",
	[TALLY_TIMED_OUT] = "timed_out",
	[TALLY_FAILED] = "failed",
	[TALLY_BROKEN] = "broken",
	[TALLY_UNFINISHED] = "unfinished",
	[TALLY_RETRIES] = "retries",
	[TALLY_REQUESTS_OK] = "requests_ok",
	[TALLY_REQUESTS_FAILED] = "requests_failed",
	[TALLY_BODY_BYTES] = "body_bytes",
	[TALLY_BODY_ERRORS] = "body_errors",
	[TALLY_STREAM_BYTES] = "stream_bytes",
	[TALLY_SENT_DATAGRAMS] = "sent_datagrams",
	[TALLY_SENT_BYTES] = "sent_bytes",
	[TALLY_SEND_ERRORS] = "send_errors",
	[TALLY_RECEIVED_DATAGRAMS] = "received_datagrams",
	[TALLY_RECEIVED_BYTES] = "received_bytes",
};

const char *result_tally_name(enum tally tally)
{
	return tally_name[tally];
}

int result_init(struct result *result, const struct options *options)
{
	uint32_t n = options->n_sources ? options->n_sources : 1;

	*result = (struct result){ .options = options };
	result->by_source = calloc(n, sizeof(*result->by_source));
	if (!result->by_source)
		return -ENOMEM;
	result->start_ns = clock_ns();
	result->last_live_ns = result->start_ns;
	return 0;
}

void result_free(struct result *result)
{
	free(result->by_source);
	free(result->handshake.us);
	free(result->request.us);
}

void result_add(struct result *result, uint32_t source, enum tally tally,
		uint64_t n)
{
	result->total[tally] += n;
	result->by_source[source][tally] += n;
}

void samples_add(struct samples *samples, uint64_t ns)
{
	uint64_t us = ns / 1000;

	if (samples->n == samples->room) {
		size_t room = samples->room ? 2 * samples->room : 1024;
		uint32_t *more = realloc(samples->us, room * sizeof(*more));

		if (!more)
			abort();
		samples->us = more;
		samples->room = room;
	}
	samples->us[samples->n++] = us < UINT32_MAX ? us : UINT32_MAX;
}

static int compare_us(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static json_object *ms(double us)
{
	char text[32];

	snprintf(text, sizeof(text), "%.3f", us / 1000);
	return json_object_new_double_s(us / 1000, text);
}

static json_object *samples_to_json(struct samples *samples)
{
	json_object *object = json_object_new_object();
	size_t i, n = samples->n;
	double sum = 0;

	json_object_object_add(object, "n", json_object_new_int64(n));
	if (!n)
		return object;
	qsort(samples->us, n, sizeof(*samples->us), compare_us);
	for (i = 0; i < n; i++)
		sum += samples->us[i];
	json_object_object_add(object, "min", ms(samples->us[0]));
	json_object_object_add(object, "mean", ms(sum / n));
	json_object_object_add(object, "p50", ms(samples->us[n / 2]));
	json_object_object_add(object, "p99",
			       ms(samples->us[(n * 99 - 1) / 100]));
	json_object_object_add(object, "max", ms(samples->us[n - 1]));
	return object;
}

static void add_tallies(json_object *object, const uint64_t *tallies)
{
	int i;

	for (i = 0; i < TALLIES; i++)
		json_object_object_add(object, tally_name[i],
				       json_object_new_int64(tallies[i]));
}

static json_object *seconds(uint64_t ns)
{
	char text[32];

	snprintf(text, sizeof(text), "%.3f", (double)ns / NS_PER_S);
	return json_object_new_double_s((double)ns / NS_PER_S, text);
}

static json_object *result_head(const struct result *result, uint64_t now_ns)
{
	json_object *root = json_object_new_object();

	json_object_object_add(root, "class",
			       json_object_new_string(result->options->label));
	json_object_object_add(root, "seconds",
			       seconds(now_ns - result->start_ns));
	json_object_object_add(root, "live",
			       json_object_new_int64(result->live));
	return root;
}

void result_live(struct result *result, uint64_t now_ns)
{
	json_object *root, *delta;
	int i;

	if (!result->options->live_ns ||
	    now_ns < result->last_live_ns + result->options->live_ns)
		return;
	root = result_head(result, now_ns);
	add_tallies(root, result->total);
	delta = json_object_new_object();
	json_object_object_add(delta, "seconds",
			       seconds(now_ns - result->last_live_ns));
	for (i = 0; i < TALLIES; i++)
		json_object_object_add(delta, tally_name[i],
			json_object_new_int64(result->total[i] -
					      result->at_last_live[i]));
	json_object_object_add(root, "delta", delta);
	printf("%s\n",
	       json_object_to_json_string_ext(root, JSON_C_TO_STRING_PLAIN));
	fflush(stdout);
	json_object_put(root);
	memcpy(result->at_last_live, result->total, sizeof(result->total));
	result->last_live_ns = now_ns;
}

static json_object *sources_to_json(const struct result *result)
{
	json_object *array = json_object_new_array();
	uint32_t i;

	for (i = 0; i < result->options->n_sources; i++) {
		json_object *object = json_object_new_object();
		char text[ADDR_STRLEN];

		addr_format_host(&result->options->sources[i], text);
		json_object_object_add(object, "addr",
				       json_object_new_string(text));
		add_tallies(object, result->by_source[i]);
		json_object_array_add(array, object);
	}
	return array;
}

int result_write(struct result *result, uint64_t now_ns)
{
	const char *path = result->options->json;
	json_object *root = result_head(result, now_ns);
	const char *text;
	FILE *file = stdout;
	int ret = 0;

	add_tallies(root, result->total);
	json_object_object_add(root, "handshake_ms",
			       samples_to_json(&result->handshake));
	json_object_object_add(root, "request_ms",
			       samples_to_json(&result->request));
	json_object_object_add(root, "sources", sources_to_json(result));
	/* one line, the last one, when there were lines before it */
	text = json_object_to_json_string_ext(root,
			result->options->live_ns ? JSON_C_TO_STRING_PLAIN :
						   JSON_C_TO_STRING_PRETTY);
	if (path)
		file = fopen(path, "we");
	if (!file || fprintf(file, "%s\n", text) < 0 || fflush(file))
		ret = -1;
	if (file && path && fclose(file))
		ret = -1;
	if (ret)
		fprintf(stderr, "h3load: %s: %s\n", path ? path : "output",
			strerror(errno));
	json_object_put(root);
	return ret;
}
