/* SPDX-License-Identifier: GPL-2.0-only */
/* One line of "equic feed": from words to a report. */
#ifndef EQUIC_TOOL_FEED_LINE_H
#define EQUIC_TOOL_FEED_LINE_H

#include <equic.h>

#include "parse_addr.h"

enum feed_verb {
	FEED_ACCEPT,
	FEED_OPEN,
	FEED_CLOSE,
	FEED_MOVE,
	FEED_BEGIN_SYNC,
	FEED_END_SYNC,
};

/**
 * struct feed_line - a line, understood
 * @verb: what it says.
 * @peer: the client's address; family 0: not given.
 * @local: the server's, likewise.
 * @odcid: see @has_odcid.
 * @scid: see @has_scid.
 * @id: the caller's, 0: none.
 */
struct feed_line {
	enum feed_verb verb;
	struct sockaddr_storage peer;
	struct sockaddr_storage local;
	struct equic_cid odcid;
	struct equic_cid scid;
	bool has_odcid;
	bool has_scid;
	uint32_t id;
};

/* Reads @text, which is cut to pieces. 0, or -EINVAL with @why. */
int feed_line_parse(char *text, struct feed_line *line, char why[WHY_LEN]);

/* Hands it to the library; @report gets the id. 0 or −errno. */
int feed_line_report(struct equic *eq, const struct feed_line *line,
		     struct equic_report *report);

#endif
