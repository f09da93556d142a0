// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "knob.h"
#include "parse_number.h"
#include "parse_time.h"
#include "print.h"
#include "tool.h"

static int parse_quota(const char *name, const char *text,
		       struct equic_service *s)
{
	if (!strcmp(text, "none")) {
		s->quota = EQUIC_QUOTA_NONE;
		return TOOL_OK;
	}
	return parse_ranged(name, text, 1, EQUIC_QUOTA_MAX,
			    "a number of connections, or \"none\" for no limit (to let no client in: \"default deny\")",
			    &s->quota);
}

static int parse_owner_uid(const char *name, const char *text,
			   struct equic_service *s)
{
	if (!strcmp(text, "none")) {
		s->owner_uid = EQUIC_UID_NONE;
		return TOOL_OK;
	}
	return parse_ranged(name, text, 0, EQUIC_UID_NONE - 1,
			    "a numeric user ID (\"id -u NAME\"), or \"none\"",
			    &s->owner_uid);
}

static int parse_pending_timeout(const char *name, const char *text,
				 struct equic_service *s)
{
	uint32_t ms;
	int err = parse_time_ms(text, &ms);

	if (err == -EINVAL)
		return usage_error("%s \"%s\": not a time: " TIME_REMEDY,
				   name, text);
	if (err || ms < EQUIC_PENDING_TIMEOUT_MIN_MS ||
	    ms > EQUIC_PENDING_TIMEOUT_MAX_MS)
		return usage_error("%s %s: out of range 100ms … 60m: choose one inside it",
				   name, text);
	s->pending_timeout_ms = ms;
	return TOOL_OK;
}

static int parse_u8(const char *name, const char *text, uint32_t min,
		    uint32_t max, const char *remedy, uint8_t *value)
{
	uint32_t n;
	int ret = parse_ranged(name, text, min, max, remedy, &n);

	if (ret == TOOL_OK)
		*value = n;
	return ret;
}

static int parse_enforce_percent(const char *name, const char *text,
				 struct equic_service *s)
{
	return parse_u8(name, text, 0, 100,
			"the share of clients that is enforced",
			&s->enforce_percent);
}

static int parse_prefix4(const char *name, const char *text,
			 struct equic_service *s)
{
	return parse_u8(name, text, 1, 32,
			"the length that IPv4 clients are folded to",
			&s->prefix4);
}

static int parse_prefix6(const char *name, const char *text,
			 struct equic_service *s)
{
	return parse_u8(name, text, 1, 128,
			"the length that IPv6 clients are folded to",
			&s->prefix6);
}

static int parse_choice(const char *name, const char *text,
			const char *(*words)(unsigned int n), uint8_t *value)
{
	uint32_t n;
	int ret = parse_word(name, text, words, &n);

	if (ret == TOOL_OK)
		*value = n;
	return ret;
}

static int parse_mode(const char *name, const char *text,
		      struct equic_service *s)
{
	return parse_choice(name, text, equic_mode_name, &s->mode);
}

static int parse_no_owner(const char *name, const char *text,
			  struct equic_service *s)
{
	return parse_choice(name, text, equic_no_owner_name, &s->no_owner);
}

static int parse_default(const char *name, const char *text,
			 struct equic_service *s)
{
	return parse_choice(name, text, equic_default_name, &s->deflt);
}

static int parse_on_overflow(const char *name, const char *text,
			     struct equic_service *s)
{
	return parse_choice(name, text, equic_on_overflow_name,
			    &s->on_overflow);
}

/* In the order of "service show". No @parse: reserved for a later version. */
static const struct {
	const char *name;
	uint32_t knob;
	int (*parse)(const char *name, const char *text,
		     struct equic_service *service);
} knobs[] = {
	{ "quota", EQUIC_KNOB_QUOTA, parse_quota },
	{ "mode", EQUIC_KNOB_MODE, parse_mode },
	{ "no-owner", EQUIC_KNOB_NO_OWNER, parse_no_owner },
	{ "enforce-percent", EQUIC_KNOB_ENFORCE_PERCENT,
	  parse_enforce_percent },
	{ "pending-timeout", EQUIC_KNOB_PENDING_TIMEOUT,
	  parse_pending_timeout },
	{ "default", EQUIC_KNOB_DEFAULT, parse_default },
	{ "on-overflow", EQUIC_KNOB_ON_OVERFLOW, parse_on_overflow },
	{ "prefix4", EQUIC_KNOB_PREFIX4, parse_prefix4 },
	{ "prefix6", EQUIC_KNOB_PREFIX6, parse_prefix6 },
	{ "owner-uid", EQUIC_KNOB_OWNER_UID, parse_owner_uid },
	{ "rate", 0, NULL },
	{ "burst", 0, NULL },
	{ "handshake-rate", 0, NULL },
	{ "service-handshake-rate", 0, NULL },
	{ "stray-rate", 0, NULL },
	{ "retry", 0, NULL },
	{ "retry-above", 0, NULL },
};

#define N_KNOBS (sizeof(knobs) / sizeof(knobs[0]))

static int parse_knob(const char *name, struct args *args,
		      struct equic_service *service)
{
	const char *text;
	size_t i;
	int ret;

	for (i = 0; i < N_KNOBS; i++)
		if (!strcmp(knobs[i].name, name))
			break;
	if (i == N_KNOBS)
		return usage_error("\"%s\": no such knob: \"equic help\" lists them",
				   name);
	if (!knobs[i].parse)
		return usage_error("%s: not in this version of equic", name);
	if (service->knobs & knobs[i].knob)
		return usage_error("%s: given twice: leave one out", name);
	text = args_value(args, name, "its value");
	if (!text)
		return TOOL_USAGE;
	ret = knobs[i].parse(name, text, service);
	if (ret == TOOL_OK)
		service->knobs |= knobs[i].knob;
	return ret;
}

int parse_knobs(struct args *args, struct equic_service *service)
{
	const char *name;
	int ret = TOOL_OK;

	while (ret == TOOL_OK && (name = args_next(args)))
		ret = parse_knob(name, args, service);
	return ret;
}

/* A module newer than the tool may know more. */
static const char *word(const char *name)
{
	return name ? name : "unknown";
}

void print_knobs(const struct equic_service *s)
{
	char time[TIME_TEXT_LEN];

	if (s->quota == EQUIC_QUOTA_NONE)
		printf("quota none");
	else
		printf("quota %u", s->quota);
	printf(" mode %s no-owner %s enforce-percent %u pending-timeout %s\n",
	       word(equic_mode_name(s->mode)),
	       word(equic_no_owner_name(s->no_owner)), s->enforce_percent,
	       format_time_ms(s->pending_timeout_ms, time));
	printf("    default %s on-overflow %s prefix4 %u prefix6 %u",
	       word(equic_default_name(s->deflt)),
	       word(equic_on_overflow_name(s->on_overflow)), s->prefix4,
	       s->prefix6);
	if (s->owner_uid == EQUIC_UID_NONE)
		printf(" owner-uid none\n");
	else
		printf(" owner-uid %u\n", s->owner_uid);
}

void json_add_knobs(struct json_object *object, const struct equic_service *s)
{
	if (s->quota == EQUIC_QUOTA_NONE)
		json_add_null(object, "quota");
	else
		json_add_count(object, "quota", s->quota);
	json_add_string(object, "mode", word(equic_mode_name(s->mode)));
	json_add_string(object, "no_owner",
			word(equic_no_owner_name(s->no_owner)));
	json_add_count(object, "enforce_percent", s->enforce_percent);
	json_add_count(object, "pending_timeout", s->pending_timeout_ms);
	json_add_string(object, "default", word(equic_default_name(s->deflt)));
	json_add_string(object, "on_overflow",
			word(equic_on_overflow_name(s->on_overflow)));
	json_add_count(object, "prefix4", s->prefix4);
	json_add_count(object, "prefix6", s->prefix6);
	if (s->owner_uid == EQUIC_UID_NONE)
		json_add_null(object, "owner_uid");
	else
		json_add_count(object, "owner_uid", s->owner_uid);
}
