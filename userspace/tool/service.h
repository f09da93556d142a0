/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef EQUIC_TOOL_SERVICE_H
#define EQUIC_TOOL_SERVICE_H

#include <json-c/json.h>
#include <equic.h>

#include "state.h"

/* Name, policy, state and counters: for "service show" and "status". */
struct json_object *service_to_json(const struct equic_service *service,
				    const struct surroundings *around);

#endif
