// SPDX-License-Identifier: GPL-2.0-only
/* equic status */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "device.h"
#include "parse_addr.h"
#include "print.h"
#include "service.h"
#include "sysfs.h"
#include "tool.h"

static void show_module(bool loaded, const struct surroundings *around)
{
	bool btf = loaded && sysfs_has_btf();
	struct json_object *object;
	char version[32];
	bool known = sysfs_version(version, sizeof(version));

	if (tool.json) {
		object = json_object_new_object();
		json_add_string(object, "module",
				loaded ? "loaded" : "not-loaded");
		if (known)
			json_add_string(object, "version", version);
		json_add_bool(object, "btf", btf);
		json_add_bool(object, "machine_bypass", around->machine_bypass);
		json_add_bypass(object, around->netns_bypass_ms);
		json_element(object);
		return;
	}
	printf("module: ");
	if (!loaded) {
		puts("not loaded: modprobe equic");
		return;
	}
	printf("loaded%s%s, bypass ", known ? ", version " : "",
	       known ? version : "");
	print_bypass(around->netns_bypass_ms);
	puts(around->machine_bypass ? ", machine-wide bypass on" : "");
	if (!btf)
		puts("module: no BTF (/sys/kernel/btf/equic is missing): build it with dwarves installed");
}

static int show_device(const struct equic_device *dev, void *user)
{
	(void)user;
	if (!dev->prog_id)
		return 0;
	if (tool.json)
		json_element(device_to_json(dev));
	else
		print_device(dev);
	return 0;
}

static int show_service(const struct equic_service *s, void *user)
{
	const struct surroundings *around = user;
	char text[EQUIC_ADDR_TEXT];

	if (tool.json) {
		json_element(service_to_json(s, around));
		return 0;
	}
	printf("%s: ", format_key(&s->key, text));
	print_state(s, around);
	return 0;
}

static int show(struct equic *eq)
{
	struct surroundings around = { 0 };
	int err, loaded;

	loaded = equic_module_loaded(eq);
	if (loaded < 0)
		return refused_by(eq, loaded, NULL, "the module");
	if (loaded) {
		err = surroundings_get(eq, &around);
		if (err)
			return refused_by(eq, err, NULL, "reading the state");
	}
	show_module(loaded, &around);
	err = equic_device_list(eq, show_device, NULL);
	if (err)
		return refused_by(eq, err, NULL, "listing interfaces");
	if (!around.attached && !tool.json && !geteuid())
		puts("no interface runs the gateway: equic attach dev IFNAME");
	/* Without the module this is what says so. */
	err = equic_service_list(eq, show_service, &around);
	if (err)
		return refused_by(eq, err, NULL, "listing services");
	return TOOL_OK;
}

int cmd_status(struct args *args)
{
	struct equic *eq;
	int ret;

	ret = args_end(args);
	if (ret)
		return ret;
	eq = tool_open();
	if (!eq)
		return TOOL_REFUSED;
	json_begin();
	ret = show(eq);
	json_end();
	equic_close(eq);
	return ret;
}
