// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <unistd.h>

#include "device.h"
#include "print.h"

static const char *mode_name(uint32_t mode)
{
	const char *name = equic_xdp_mode_name(mode);

	return name ? name : "unknown";
}

static const char *yes_no(bool yes)
{
	return yes ? "yes" : "no";
}

static const char *on_off(bool on)
{
	return on ? "on" : "off";
}

/* Without privilege the kernel does not tell what a program is. */
static bool program_known(const struct equic_device *dev)
{
	return dev->ours || dev->prog_name[0] || !geteuid();
}

static void print_program(const struct equic_device *dev)
{
	if (!dev->prog_id) {
		printf("none");
		return;
	}
	printf("%s (id %u) mode %s", dev->prog_name[0] ? dev->prog_name :
	       "unnamed", dev->prog_id, mode_name(dev->mode));
	if (!program_known(dev))
		printf(", which one only root may know");
	else if (!dev->ours)
		printf(", not the gateway: it will not be replaced");
	else if (dev->owned)
		printf(", the gateway, held by a process");
	else
		printf(", the gateway");
}

static void json_add_program(struct json_object *object,
			     const struct equic_device *dev)
{
	struct json_object *program = NULL;

	if (dev->prog_id) {
		program = json_object_new_object();
		json_add_count(program, "id", dev->prog_id);
		json_add_string(program, "name", dev->prog_name);
		json_add_string(program, "mode", mode_name(dev->mode));
		if (program_known(dev))
			json_add_bool(program, "gateway", dev->ours);
		else
			json_add_null(program, "gateway");
		json_add_bool(program, "owned", dev->owned);
	}
	json_object_object_add(object, "program", program);
}

void print_device_check(const struct equic_device *dev)
{
	printf("%s: driver %s mtu %u %s\n", dev->name,
	       dev->driver[0] ? dev->driver : "unknown", dev->mtu,
	       dev->up ? "up" : "down");
	printf("    offloads gro %s lro %s rx-vlan %s\n", on_off(dev->gro),
	       on_off(dev->lro), on_off(dev->rx_vlan));
	printf("    program ");
	print_program(dev);
	printf("\n    native %s%s frags %s link-reset %s\n", yes_no(dev->native),
	       dev->native_known ? "" : " (guessed)", yes_no(dev->frags),
	       yes_no(dev->resets));
	printf("    would attach in mode %s%s%s\n", mode_name(dev->would),
	       dev->why[0] ? ": " : "", dev->why);
}

struct json_object *device_check_to_json(const struct equic_device *dev)
{
	struct json_object *object = json_object_new_object();

	json_add_string(object, "interface", dev->name);
	json_add_string(object, "driver", dev->driver);
	json_add_count(object, "mtu", dev->mtu);
	json_add_bool(object, "up", dev->up);
	json_add_bool(object, "gro", dev->gro);
	json_add_bool(object, "lro", dev->lro);
	json_add_bool(object, "rx_vlan", dev->rx_vlan);
	json_add_program(object, dev);
	json_add_bool(object, "native", dev->native);
	json_add_bool(object, "native_known", dev->native_known);
	json_add_bool(object, "frags", dev->frags);
	json_add_bool(object, "link_reset", dev->resets);
	json_add_string(object, "would", mode_name(dev->would));
	json_add_string(object, "why", dev->why);
	return object;
}

void print_device(const struct equic_device *dev)
{
	printf("%s: ", dev->name);
	if (!dev->ours) {
		printf("%sprogram ", program_known(dev) ? "not attached: " :
		       "");
		print_program(dev);
		putchar('\n');
		return;
	}
	printf("attached mode %s program %s (id %u)%s%s%s\n",
	       mode_name(dev->mode), dev->prog_name, dev->prog_id,
	       dev->owned ? " held by a process" : "",
	       dev->why[0] ? ": " : "", dev->why);
}

struct json_object *device_to_json(const struct equic_device *dev)
{
	struct json_object *object = json_object_new_object();

	json_add_string(object, "interface", dev->name);
	json_add_bool(object, "attached", dev->ours);
	json_add_string(object, "mode", mode_name(dev->mode));
	json_add_string(object, "why", dev->why);
	json_add_program(object, dev);
	return object;
}
