// SPDX-License-Identifier: GPL-2.0-only
/* equic attach, equic detach */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "device.h"
#include "parse_addr.h"
#include "parse_number.h"
#include "print.h"
#include "tool.h"

static int parse_dev(struct args *args, const char **ifname)
{
	if (!args_take(args, "dev"))
		return usage_error("\"dev IFNAME\" is missing: name the interface");
	*ifname = args_value(args, "dev", "the name of an interface");
	if (!*ifname)
		return TOOL_USAGE;
	if (!**ifname || strlen(*ifname) >= IFNAMSIZ)
		return usage_error("dev \"%s\": no interface name: 1 to %d characters",
				   *ifname, IFNAMSIZ - 1);
	return TOOL_OK;
}

/* libequic's words name the interface where that says more than we would. */
static int refused_for(struct equic *eq, int err, const char *remedy,
		       const char *ifname)
{
	const char *text = equic_strerror(eq);

	if (text && strstr(text, ifname))
		return refused_by(eq, err, remedy, "%s", "");
	return refused_by(eq, err, remedy, "dev %s", ifname);
}

/* The words that may follow in any order. */
static int parse_how(struct args *args, struct equic_attach_opts *opts,
		     bool *check)
{
	const char *text;
	int ret = TOOL_OK;

	while (ret == TOOL_OK && args_peek(args)) {
		if (args_take(args, "mode")) {
			text = args_value(args, "mode", "its value");
			ret = text ? parse_word("mode", text,
						equic_xdp_mode_name,
						&opts->mode) : TOOL_USAGE;
		} else if (args_take(args, "check")) {
			*check = true;
		} else if (args_take(args, "replace")) {
			opts->flags |= EQUIC_ATTACH_REPLACE;
		} else {
			ret = args_end(args);
		}
	}
	return ret;
}

static int cover_one(const struct equic_service *s, void *user)
{
	struct json_object *services = user;
	char text[EQUIC_ADDR_TEXT];

	format_key(&s->key, text);
	if (services)
		json_object_array_add(services, json_object_new_string(text));
	else
		printf(" %s", text);
	return 0;
}

/*
 * Every service of the namespace is covered: the program looks at the address
 * in the packet, whatever the interface has.
 */
static int check_json(struct equic *eq, const struct equic_device *dev)
{
	struct json_object *object = device_check_to_json(dev);
	struct json_object *services = json_object_new_array();
	int err = equic_service_list(eq, cover_one, services);

	json_object_object_add(object, "services", services);
	json_begin();
	json_element(object);
	json_end();
	return err;
}

static int check_text(struct equic *eq, const struct equic_device *dev)
{
	int err;

	print_device_check(dev);
	printf("    services");
	err = equic_service_list(eq, cover_one, NULL);
	printf("%s\n", err ? " unknown" : "");
	return err;
}

static int attach_check(struct equic *eq, const char *ifname)
{
	struct equic_device dev = EQUIC_INIT(dev);
	int err;

	err = equic_device_get(eq, ifname, &dev);
	if (err)
		return refused_for(eq, err, NULL, ifname);
	err = tool.json ? check_json(eq, &dev) : check_text(eq, &dev);
	if (err)
		return refused_by(eq, err, NULL, "listing services");
	return TOOL_OK;
}

static int attach(struct equic *eq, const char *ifname,
		  const struct equic_attach_opts *opts)
{
	struct equic_device dev = EQUIC_INIT(dev);
	int err;

	err = equic_attach(eq, ifname, opts);
	if (err)
		return refused_for(eq, err, err == -EALREADY ?
				   "\"replace\" exchanges it without a gap" :
				   NULL, ifname);
	err = equic_device_get(eq, ifname, &dev);
	if (err)
		return refused_for(eq, err, NULL, ifname);
	json_begin();
	if (tool.json)
		json_element(device_to_json(&dev));
	else
		print_device(&dev);
	json_end();
	return TOOL_OK;
}

int cmd_attach(struct args *args)
{
	struct equic_attach_opts opts = EQUIC_INIT(opts);
	const char *ifname;
	bool check = false;
	struct equic *eq;
	int ret;

	ret = parse_dev(args, &ifname);
	ret = ret ? ret : parse_how(args, &opts, &check);
	if (ret)
		return ret;
	eq = tool_open();
	if (!eq)
		return TOOL_REFUSED;
	ret = check ? attach_check(eq, ifname) : attach(eq, ifname, &opts);
	equic_close(eq);
	return ret;
}

int cmd_detach(struct args *args)
{
	const char *ifname;
	struct equic *eq;
	int err, ret;

	ret = parse_dev(args, &ifname);
	ret = ret ? ret : args_end(args);
	if (ret)
		return ret;
	eq = tool_open();
	if (!eq)
		return TOOL_REFUSED;
	err = equic_detach(eq, ifname);
	if (err)
		ret = refused_for(eq, err, NULL, ifname);
	equic_close(eq);
	return ret;
}
