/* SPDX-License-Identifier: GPL-2.0-only */
/* An interface as the tool shows it. */
#ifndef EQUIC_TOOL_DEVICE_H
#define EQUIC_TOOL_DEVICE_H

#include <json-c/json.h>
#include <equic.h>

/* The report of "attach … check": what is there and what would happen. */
void print_device_check(const struct equic_device *dev);
struct json_object *device_check_to_json(const struct equic_device *dev);

/* The line of "status", for an interface with a program. */
void print_device(const struct equic_device *dev);
struct json_object *device_to_json(const struct equic_device *dev);

#endif
