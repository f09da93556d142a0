// SPDX-License-Identifier: GPL-2.0-only
/* See value.h. */
#include <json-c/json.h>
#include <stdio.h>
#include "value.h"

static void put_where(struct json_object *line, const char *key, long number)
{
	if (number)
		json_object_object_add(line, key,
				       json_object_new_int64(number));
}

void value_tell(const struct value *value)
{
	struct json_object *line = json_object_new_object();

	json_object_object_add(line, "what",
			       json_object_new_string(value->what));
	json_object_object_add(line, "who", json_object_new_string(value->who));
	json_object_object_add(line, "value",
			       json_object_new_double(value->value));
	if (value->unit)
		json_object_object_add(line, "unit",
				       json_object_new_string(value->unit));
	put_where(line, "family", value->family);
	put_where(line, "clients", value->clients);
	put_where(line, "services", value->services);
	put_where(line, "conns", value->conns);
	put_where(line, "cpus", value->cpus);
	put_where(line, "packets", value->packets);
	if (value->packets)
		json_object_object_add(line, "passed",
				       json_object_new_int64(value->passed));
	put_where(line, "run", value->run);
	puts(json_object_to_json_string_ext(line, JSON_C_TO_STRING_PLAIN));
	fflush(stdout);
	json_object_put(line);
}
