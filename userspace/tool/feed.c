// SPDX-License-Identifier: GPL-2.0-only
/*
 * equic feed - reports of a server in any language, as lines.
 *
 * What has come on standard input is reported in one batch and answered line by
 * line before more is read, so an answer never waits for input and the answers
 * have the order of the lines. The netlink socket owns the connections: the end
 * of this process, however it comes, releases them.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "feed_line.h"
#include "print.h"
#include "tool.h"

enum {
	FEED_LINE_MAX = 1024,
	FEED_BATCH = 256,
	FEED_INPUT = 65536,
};

/* What a line is answered with. */
struct answer {
	bool known;
	bool ok;
	uint32_t id;
	char text[256];
};

/**
 * struct feed - a running feed
 * @batch: answers of the lines reported together
 * @n: how many
 * @open: how many are not known yet
 * @input: read and not yet reported, @len bytes
 * @skipping: the rest of a line that is too long is thrown away
 * @eof: nothing more will come
 * @lost: the kernel forgot the connections
 */
struct feed {
	struct equic *eq;
	struct answer batch[FEED_BATCH];
	unsigned int n;
	unsigned int open;
	char input[FEED_INPUT];
	size_t len;
	bool skipping;
	bool eof;
	bool lost;
};

static void answer_error(struct answer *answer, const char *text)
{
	answer->known = true;
	answer->ok = false;
	snprintf(answer->text, sizeof(answer->text), "%s", text);
}

/* Called by the library: the outcome of the report with this cookie. */
static void report_done(struct equic *eq, uint64_t cookie, int err,
			const char *text, void *user)
{
	struct feed *feed = user;
	struct answer *answer = &feed->batch[cookie % FEED_BATCH];

	(void)eq;
	if (cookie >= feed->n || answer->known)
		return;
	feed->open--;
	if (err) {
		answer_error(answer, text && *text ? text : strerror(-err));
	} else {
		answer->known = true;
		answer->ok = true;
	}
}

/*
 * Called by the library when the kernel knows nothing of what was reported. The
 * connections are the caller's to replay: the feed ends, which it sees.
 */
static int resync(struct equic *eq, void *user)
{
	struct feed *feed = user;

	(void)eq;
	feed->lost = true;
	return -ECANCELED;
}

static void feed_line(struct feed *feed, char *text, size_t len)
{
	struct answer *answer = &feed->batch[feed->n];
	struct equic_report report = EQUIC_INIT(report,
						.flags = EQUIC_REPORT_ACK,
						.cookie = feed->n);
	struct feed_line line;
	char why[WHY_LEN];
	int err;

	memset(answer, 0, sizeof(*answer));
	feed->n++;
	if (len && text[len - 1] == '\r')
		len--;
	text[len] = '\0';
	if (len > FEED_LINE_MAX) {
		answer_error(answer, "the line is longer than 1024 bytes");
		return;
	}
	if (strlen(text) != len) {
		answer_error(answer, "the line has a NUL byte");
		return;
	}
	if (feed_line_parse(text, &line, why)) {
		answer_error(answer, why);
		return;
	}
	feed->open++;
	err = feed_line_report(feed->eq, &line, &report);
	if (err && !answer->known) {
		feed->open--;
		answer_error(answer, equic_strerror(feed->eq));
		return;
	}
	if (line.verb == FEED_ACCEPT || line.verb == FEED_OPEN)
		answer->id = report.id;
}

/* Reports the whole lines of the input, as many as one batch takes. */
static void feed_input(struct feed *feed)
{
	size_t at = 0;

	while (feed->n < FEED_BATCH && at < feed->len) {
		char *text = feed->input + at;
		size_t rest = feed->len - at;
		char *end = memchr(text, '\n', rest);
		size_t len = end ? (size_t)(end - text) : rest;

		if (!end && rest <= FEED_LINE_MAX && !feed->eof)
			break;
		at += end ? len + 1 : len;
		if (!feed->skipping)
			feed_line(feed, text, len);
		/* Its beginning was too long: so is what follows. */
		feed->skipping = !end;
	}
	memmove(feed->input, feed->input + at, feed->len - at);
	feed->len -= at;
}

static void write_answers(struct feed *feed)
{
	unsigned int i;

	for (i = 0; i < feed->n; i++) {
		const struct answer *a = &feed->batch[i];

		if (tool.json) {
			struct json_object *object = json_object_new_object();

			json_add_string(object, "result",
					a->ok ? "ok" : "error");
			if (a->ok && a->id)
				json_add_count(object, "id", a->id);
			if (!a->ok)
				json_add_string(object, "error", a->text);
			json_line(object);
		} else if (!a->ok) {
			printf("error %s\n", a->text);
		} else if (a->id) {
			printf("ok id %u\n", a->id);
		} else {
			puts("ok");
		}
	}
	feed->n = 0;
}

static enum equic_reporting reporting(struct feed *feed)
{
	struct equic_report_stats stats = EQUIC_INIT(stats);

	return equic_report_stats_get(feed->eq, &stats) ?
	       EQUIC_REPORTING_REFUSED : stats.state;
}

/* Reads what the library knows; @wait: at most a second, for something. */
static void dispatch(struct feed *feed, bool wait)
{
	struct pollfd fd = { .fd = equic_fd(feed->eq), .events = POLLIN };

	if (wait)
		poll(&fd, 1, 1000);
	equic_dispatch(feed->eq);
	if (reporting(feed) != EQUIC_REPORTING_ON)
		feed->lost = true;
}

/* Until every line of the batch has its answer. */
static void feed_settle(struct feed *feed)
{
	unsigned int i;

	equic_submit(feed->eq);
	dispatch(feed, false);
	while (feed->open && !feed->lost)
		dispatch(feed, true);
	for (i = 0; feed->open && i < feed->n; i++) {
		if (feed->batch[i].known)
			continue;
		feed->open--;
		answer_error(&feed->batch[i],
			     "the module or the service is gone");
	}
}

static int feed_read(struct feed *feed)
{
	ssize_t got = read(STDIN_FILENO, feed->input + feed->len,
			   sizeof(feed->input) - 1 - feed->len);

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return TOOL_OK;
	if (got < 0)
		return refused("reading standard input: %s", strerror(errno));
	feed->eof = !got;
	feed->len += got;
	return TOOL_OK;
}

/* Everything that was read, to the last whole line. */
static int feed_batches(struct feed *feed)
{
	do {
		feed_input(feed);
		if (!feed->n)
			break;
		feed_settle(feed);
		write_answers(feed);
		if (fflush(stdout))
			return refused("writing the answers: %s",
				       strerror(errno));
	} while (!feed->lost);
	return TOOL_OK;
}

static int feed_run(struct feed *feed)
{
	struct pollfd fds[] = {
		{ .fd = STDIN_FILENO, .events = POLLIN },
		{ .fd = equic_fd(feed->eq), .events = POLLIN },
		{ .fd = STDOUT_FILENO },
	};
	int ret = TOOL_OK;

	while (ret == TOOL_OK && !feed->eof) {
		if (poll(fds, 3, -1) < 0 && errno != EINTR)
			return refused("waiting for input: %s",
				       strerror(errno));
		if (fds[2].revents & (POLLERR | POLLNVAL))
			return refused("nobody reads the answers any more");
		if (fds[1].revents)
			dispatch(feed, false);
		if (feed->lost)
			return refused("the module or the service is gone, with all reports: start again");
		if (fds[0].revents)
			ret = feed_read(feed);
		if (ret == TOOL_OK)
			ret = feed_batches(feed);
	}
	return ret;
}

/* The kernel must know the service, and take reports from us. */
static int feed_begin(struct feed *feed, const char *service)
{
	int err;

	switch (reporting(feed)) {
	case EQUIC_REPORTING_ON:
		return TOOL_OK;
	case EQUIC_REPORTING_NO_MODULE:
		return refused_by(feed->eq, -ENOPKG, NULL, "%s", service);
	default:
		/* What was refused when the handle was opened. */
		err = equic_dispatch(feed->eq);
		return refused_by(feed->eq, err ? err : -ENOENT,
				  err == -ENOENT ?
				  "\"equic service add\" makes it" : NULL,
				  "%s", service);
	}
}

static int feed_open(struct feed *feed, const struct equic_key *key)
{
	struct equic_opts opts = EQUIC_INIT(opts, .service = *key,
					    .resync = resync,
					    .report_done = report_done,
					    .user = feed);
	char text[EQUIC_ADDR_TEXT];
	int err, ret;

	format_key(key, text);
	err = equic_open(&feed->eq, &opts);
	if (err)
		return refused_by(NULL, err, NULL, "%s", text);
	ret = feed_begin(feed, text);
	if (ret == TOOL_OK)
		ret = feed_run(feed);
	equic_close(feed->eq);
	return ret;
}

int cmd_feed(struct args *args)
{
	struct equic_key key;
	struct feed *feed;
	int ret;

	if (!args_take(args, "service"))
		return usage_error("\"service ADDR:PORT\" is missing: name the service that is reported");
	ret = args_key(args, "service", &key);
	ret = ret ? ret : args_end(args);
	if (ret)
		return ret;
	feed = calloc(1, sizeof(*feed));
	if (!feed)
		return refused("no memory");
	ret = feed_open(feed, &key);
	free(feed);
	return ret;
}
