// SPDX-License-Identifier: GPL-2.0-only
/* What happened when, one by one: sums cannot be taken apart again. */
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "../net/clock.h"
#include "client.h"
#include "journal.h"

static int failed(const struct load *load)
{
	fprintf(stderr, "h3load: %s: %s\n", load->options->journal,
		strerror(errno));
	return -1;
}

int journal_open(struct load *load)
{
	if (!load->options->journal)
		return 0;
	load->journal = fopen(load->options->journal, "we");
	return load->journal ? 0 : failed(load);
}

static void add_number(json_object *line, const char *name, const char *format,
		       double value)
{
	char text[32];

	snprintf(text, sizeof(text), format, value);
	json_object_object_add(line, name,
			       json_object_new_double_s(value, text));
}

static void add_ms(json_object *line, const char *name, uint64_t from_ns,
		   uint64_t to_ns)
{
	add_number(line, name, "%.3f",
		   (double)(to_ns - from_ns) / NS_PER_MS);
}

static json_object *line_new(const struct client *client, const char *what)
{
	const union addr *source = &client->socket->local;
	json_object *line = json_object_new_object();
	char text[ADDR_STRLEN];

	json_object_object_add(line, "what", json_object_new_string(what));
	add_number(line, "at", "%.6f",
		   (double)client->load->now_ns / NS_PER_S);
	addr_format_host(source, text);
	json_object_object_add(line, "source", json_object_new_string(text));
	/* since the connection's first Initial was made */
	add_ms(line, "ms", client->started_ns, client->load->now_ns);
	return line;
}

static void line_write(const struct client *client, json_object *line)
{
	fprintf(client->load->journal, "%s\n",
		json_object_to_json_string_ext(line, JSON_C_TO_STRING_PLAIN));
	json_object_put(line);
}

void journal_request(const struct client *client, bool ok)
{
	json_object *line;

	if (!client->load->journal)
		return;
	line = line_new(client, "request");
	add_ms(line, "request_ms", client->request_ns, client->load->now_ns);
	json_object_object_add(line, "ok", json_object_new_boolean(ok));
	line_write(client, line);
}

void journal_end(const struct client *client, enum tally tally)
{
	json_object *line;

	if (!client->load->journal)
		return;
	line = line_new(client, "connection");
	json_object_object_add(line, "completed",
			       json_object_new_boolean(client->completed));
	json_object_object_add(line, "requests",
			       json_object_new_int64(client->requests_made));
	json_object_object_add(line, "end", json_object_new_string(
		tally == TALLIES ? "done" : result_tally_name(tally)));
	line_write(client, line);
}

int journal_close(struct load *load)
{
	int ret = 0;

	if (!load->journal)
		return 0;
	if (ferror(load->journal))
		ret = -1;
	if (fclose(load->journal))
		ret = -1;
	load->journal = NULL;
	return ret ? failed(load) : 0;
}
