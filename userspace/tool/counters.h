/* SPDX-License-Identifier: GPL-2.0-only */
/* The counters of struct equic_stats, as every command shows them. */
#ifndef EQUIC_TOOL_COUNTERS_H
#define EQUIC_TOOL_COUNTERS_H

#include <json-c/json.h>
#include <equic.h>

/* passed_packets … expired, "drops" and "passes" by reason. */
void json_add_counters(struct json_object *object,
		       const struct equic_stats *stats);
/* Two lines, and one each for drops and passes that are not 0. */
void print_counters(const struct equic_stats *stats, const char *indent);

#endif
