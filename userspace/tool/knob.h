/* SPDX-License-Identifier: GPL-2.0-only */
/* The knobs of a policy: from words, to words, to JSON. */
#ifndef EQUIC_TOOL_KNOB_H
#define EQUIC_TOOL_KNOB_H

#include <json-c/json.h>
#include <equic.h>

#include "args.h"

/*
 * Reads "KNOB VALUE" pairs to the end into @service and its @knobs. TOOL_OK, or
 * TOOL_USAGE after the message.
 */
int parse_knobs(struct args *args, struct equic_service *service);

/* The knobs in the grammar's words, as "service add" takes them. */
void print_knobs(const struct equic_service *service);
void json_add_knobs(struct json_object *object,
		    const struct equic_service *service);

#endif
