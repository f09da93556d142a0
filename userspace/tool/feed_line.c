// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "feed_line.h"
#include "parse_number.h"

static const char *const verbs[] = {
	[FEED_ACCEPT] = "accept",
	[FEED_OPEN] = "open",
	[FEED_CLOSE] = "close",
	[FEED_MOVE] = "move",
	[FEED_BEGIN_SYNC] = "begin-sync",
	[FEED_END_SYNC] = "end-sync",
};

#define N_VERBS (sizeof(verbs) / sizeof(verbs[0]))

static char *next_word(char **rest)
{
	return strtok_r(NULL, " \t", rest);
}

static int hex_digit(char c)
{
	if (!isxdigit((unsigned char)c))
		return -1;
	return isdigit((unsigned char)c) ? c - '0' :
					   tolower((unsigned char)c) - 'a' + 10;
}

/* "-" is a connection ID of no bytes: clients may have such a one. */
static int parse_cid(const char *name, const char *text, struct equic_cid *cid,
		     char why[WHY_LEN])
{
	size_t len = strlen(text), i;

	cid->len = 0;
	if (!strcmp(text, "-"))
		return 0;
	if (len % 2 || len / 2 > EQUIC_CID_MAX_LEN)
		goto err;
	for (i = 0; i < len / 2; i++) {
		int high = hex_digit(text[2 * i]);
		int low = hex_digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			goto err;
		cid->data[i] = high << 4 | low;
	}
	cid->len = len / 2;
	return 0;
err:
	snprintf(why, WHY_LEN,
		 "%s \"%.64s\": not a connection ID: an even number of up to 40 hex digits, or - for an empty one",
		 name, text);
	return -EINVAL;
}

static int parse_id(const char *text, uint32_t *id, char why[WHY_LEN])
{
	if (!parse_u32(text, id) && *id)
		return 0;
	snprintf(why, WHY_LEN, "id \"%.64s\": not a number from 1 to 4294967295",
		 text);
	return -EINVAL;
}

static int parse_attribute(const char *name, const char *text,
			   struct feed_line *line, char why[WHY_LEN])
{
	if (!strcmp(name, "odcid")) {
		line->has_odcid = true;
		return parse_cid(name, text, &line->odcid, why);
	}
	if (!strcmp(name, "scid")) {
		line->has_scid = true;
		return parse_cid(name, text, &line->scid, why);
	}
	if (!strcmp(name, "local"))
		return parse_peer(text, &line->local, why);
	return parse_id(text, &line->id, why);
}

static int parse_attributes(char **rest, struct feed_line *line,
			    char why[WHY_LEN])
{
	const char *name, *text;

	while ((name = next_word(rest))) {
		if (strcmp(name, "odcid") && strcmp(name, "scid") &&
		    strcmp(name, "local") && strcmp(name, "id")) {
			snprintf(why, WHY_LEN,
				 "\"%.64s\": unexpected word: odcid, scid, local or id",
				 name);
			return -EINVAL;
		}
		text = next_word(rest);
		if (!text) {
			snprintf(why, WHY_LEN, "%s: its value is missing",
				 name);
			return -EINVAL;
		}
		if (parse_attribute(name, text, line, why))
			return -EINVAL;
	}
	return 0;
}

static bool has_port(const struct sockaddr_storage *sa)
{
	return sa->ss_family == AF_INET ?
	       ((const struct sockaddr_in *)sa)->sin_port :
	       ((const struct sockaddr_in6 *)sa)->sin6_port;
}

/* What the verb needs to know which connection it speaks of. */
static int check(const struct feed_line *line, char why[WHY_LEN])
{
	const char *verb = verbs[line->verb];

	if (!line->peer.ss_family) {
		if (line->verb == FEED_CLOSE && line->id)
			return 0;
		snprintf(why, WHY_LEN, "%s: the client's ADDR:PORT is missing",
			 verb);
		return -EINVAL;
	}
	if (line->verb == FEED_MOVE && !line->id) {
		snprintf(why, WHY_LEN,
			 "move: \"id N\" is missing: it names the connection that moved");
		return -EINVAL;
	}
	if (has_port(&line->peer))
		return 0;
	if (line->verb == FEED_ACCEPT || line->verb == FEED_MOVE ||
	    line->id || line->has_odcid || line->has_scid) {
		snprintf(why, WHY_LEN,
			 "%s: the client's port is missing: an address alone stands alone, after open or close",
			 verb);
		return -EINVAL;
	}
	return 0;
}

static bool is_attribute(const char *word)
{
	return !strcmp(word, "id");
}

int feed_line_parse(char *text, struct feed_line *line, char why[WHY_LEN])
{
	char *rest = NULL, *verb, *peer;
	unsigned int i;

	memset(line, 0, sizeof(*line));
	verb = strtok_r(text, " \t", &rest);
	if (!verb) {
		snprintf(why, WHY_LEN, "the line is empty");
		return -EINVAL;
	}
	for (i = 0; i < N_VERBS; i++)
		if (!strcmp(verb, verbs[i]))
			break;
	if (i == N_VERBS) {
		snprintf(why, WHY_LEN,
			 "\"%.64s\": no such report: accept, open, close, move, begin-sync or end-sync",
			 verb);
		return -EINVAL;
	}
	line->verb = i;
	peer = next_word(&rest);
	if (i == FEED_BEGIN_SYNC || i == FEED_END_SYNC) {
		if (!peer)
			return 0;
		snprintf(why, WHY_LEN, "%s: it stands alone", verb);
		return -EINVAL;
	}
	if (peer && is_attribute(peer)) {
		/* Named by its id alone: the address was left out. */
		const char *id = next_word(&rest);

		if (!id || parse_id(id, &line->id, why)) {
			if (!id)
				snprintf(why, WHY_LEN,
					 "id: its value is missing");
			return -EINVAL;
		}
	} else if (peer && parse_peer(peer, &line->peer, why)) {
		return -EINVAL;
	}
	if (parse_attributes(&rest, line, why))
		return -EINVAL;
	return check(line, why);
}

int feed_line_report(struct equic *eq, const struct feed_line *line,
		     struct equic_report *report)
{
	report->id = line->id;
	if (line->peer.ss_family)
		report->peer = (const struct sockaddr *)&line->peer;
	if (line->local.ss_family)
		report->local = (const struct sockaddr *)&line->local;
	if (line->has_odcid) {
		report->odcid = line->odcid.data;
		report->odcid_len = line->odcid.len;
	}
	if (line->has_scid) {
		report->scid = line->scid.data;
		report->scid_len = line->scid.len;
	}

	switch (line->verb) {
	case FEED_ACCEPT:
		return equic_conn_accepted(eq, report);
	case FEED_OPEN:
		/*
		 * It may have been accepted under an id that only the caller
		 * remembers: a new one would contradict it.
		 */
		report->flags |= EQUIC_REPORT_NO_ID;
		return equic_conn_open(eq, report);
	case FEED_CLOSE:
		return equic_conn_close(eq, report);
	case FEED_MOVE:
		return equic_conn_move(eq, report);
	case FEED_BEGIN_SYNC:
		return equic_conn_resync(eq, EQUIC_RESYNC_BEGIN, report);
	case FEED_END_SYNC:
		return equic_conn_resync(eq, EQUIC_RESYNC_END, report);
	}
	return -EINVAL;
}
