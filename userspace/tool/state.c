// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>

#include "parse_time.h"
#include "print.h"
#include "state.h"
#include "sysfs.h"

static int count_attached(const struct equic_device *dev, void *user)
{
	struct surroundings *around = user;

	around->attached += dev->ours;
	return 0;
}

int surroundings_get(struct equic *eq, struct surroundings *around)
{
	struct equic_stats totals;
	int err;

	around->attached = 0;
	err = equic_device_list(eq, count_attached, around);
	if (err)
		return err;
	err = equic_stats_get(eq, NULL, &totals);
	if (err)
		return err;
	around->netns_bypass_ms = totals.bypass_ms;
	around->machine_bypass = sysfs_bypass();
	return 0;
}

bool state_enforcing(const struct equic_service *s,
		     const struct surroundings *around)
{
	return !s->idle && around->attached;
}

static void print_bypass_reason(const struct equic_service *s,
				const struct surroundings *around)
{
	const char *whose = s->bypass_ms ? "this service" :
			    around->netns_bypass_ms ? "the namespace" :
			    "the machine (/sys/kernel/equic/bypass)";
	uint32_t ms = s->bypass_ms ? s->bypass_ms : around->netns_bypass_ms;
	char time[TIME_TEXT_LEN];

	printf("bypass is on for %s", whose);
	if (ms && ms != EQUIC_BYPASS_FOREVER_MS)
		printf(" for another %s", format_time_ms(ms, time));
}

static void print_reason(uint32_t flag, const struct equic_service *s,
			 const struct surroundings *around)
{
	switch (flag) {
	case EQUIC_IDLE_NO_QUOTA:
		printf("it has no quota");
		break;
	case EQUIC_IDLE_MODE_COUNT:
		printf("its mode is count");
		break;
	case EQUIC_IDLE_NO_OWNER:
		printf("nobody reports its connections, and no-owner is count");
		break;
	case EQUIC_IDLE_BYPASS:
		print_bypass_reason(s, around);
		break;
	case EQUIC_IDLE_PERCENT:
		printf("enforce-percent is 0");
		break;
	default:
		printf("a reason this equic does not know (0x%x)", flag);
	}
}

void print_state(const struct equic_service *s,
		 const struct surroundings *around)
{
	const char *between = ": ";
	uint32_t flag;

	if (state_enforcing(s, around)) {
		puts("ENFORCING");
		return;
	}
	printf("NOT ENFORCING");
	for (flag = 1; flag; flag <<= 1) {
		if (!(s->idle & flag))
			continue;
		fputs(between, stdout);
		print_reason(flag, s, around);
		between = "; ";
	}
	if (!around->attached)
		printf("%sno interface runs the gateway: equic attach dev IFNAME",
		       between);
	putchar('\n');
}

void json_add_state(struct json_object *object, const struct equic_service *s,
		    const struct surroundings *around)
{
	struct json_object *why = json_object_new_array();
	const char *name;
	uint32_t flag;

	for (flag = 1; flag; flag <<= 1) {
		if (!(s->idle & flag))
			continue;
		name = equic_idle_name(flag);
		json_object_array_add(why, json_object_new_string(name ? name :
							"unknown"));
	}
	if (!around->attached)
		json_object_array_add(why,
				      json_object_new_string("no_interface"));
	json_add_string(object, "state", state_enforcing(s, around) ?
			"enforcing" : "not-enforcing");
	json_object_object_add(object, "why", why);
}

void print_bypass(uint32_t ms)
{
	char time[TIME_TEXT_LEN];

	if (!ms)
		printf("off");
	else if (ms == EQUIC_BYPASS_FOREVER_MS)
		printf("on");
	else
		printf("on for %s", format_time_ms(ms, time));
}

void json_add_bypass(struct json_object *object, uint32_t ms)
{
	json_add_bool(object, "bypass", ms);
	if (ms && ms != EQUIC_BYPASS_FOREVER_MS)
		json_add_count(object, "bypass_left_ms", ms);
}
