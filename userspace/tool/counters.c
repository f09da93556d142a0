// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>
#include <stdio.h>

#include "counters.h"
#include "print.h"

static void json_add_reasons(struct json_object *object, const char *key,
			     const uint64_t *values,
			     const char *(*words)(unsigned int n))
{
	struct json_object *reasons = json_object_new_object();
	const char *name;
	unsigned int i;

	for (i = 1; (name = words(i)); i++)
		json_add_count(reasons, name, values[i]);
	json_object_object_add(object, key, reasons);
}

void json_add_counters(struct json_object *object, const struct equic_stats *s)
{
	json_add_count(object, "passed_packets", s->passed_packets);
	json_add_count(object, "passed_bytes", s->passed_bytes);
	json_add_count(object, "dropped_packets", s->dropped_packets);
	json_add_count(object, "dropped_bytes", s->dropped_bytes);
	json_add_count(object, "would_drop_packets", s->would_drop_packets);
	json_add_count(object, "admitted", s->admitted);
	json_add_count(object, "expired", s->expired);
	json_add_reasons(object, "drops", s->drops, equic_drop_name);
	json_add_reasons(object, "passes", s->passes, equic_pass_name);
}

static void print_reasons(const char *indent, const char *head,
			  const uint64_t *values,
			  const char *(*words)(unsigned int n))
{
	const char *name;
	bool any = false;
	unsigned int i;

	for (i = 1; (name = words(i)); i++) {
		if (!values[i])
			continue;
		if (!any)
			printf("%s%s:", indent, head);
		any = true;
		printf(" %s %" PRIu64, name, values[i]);
	}
	if (any)
		putchar('\n');
}

void print_counters(const struct equic_stats *s, const char *indent)
{
	char passed[COUNT_TEXT_LEN], dropped[COUNT_TEXT_LEN];

	printf("%spassed %" PRIu64 " packets (%s) dropped %" PRIu64
	       " packets (%s) would-drop %" PRIu64 "\n", indent,
	       s->passed_packets, format_bytes(s->passed_bytes, passed),
	       s->dropped_packets, format_bytes(s->dropped_bytes, dropped),
	       s->would_drop_packets);
	printf("%sadmitted %" PRIu64 " expired %" PRIu64 "\n", indent,
	       s->admitted, s->expired);
	print_reasons(indent, "drops", s->drops, equic_drop_name);
	print_reasons(indent, "passes", s->passes, equic_pass_name);
}
