/* SPDX-License-Identifier: GPL-2.0-only */
/* Does a service enforce its quota? If not, why not? */
#ifndef EQUIC_TOOL_STATE_H
#define EQUIC_TOOL_STATE_H

#include <json-c/json.h>
#include <equic.h>

/**
 * struct surroundings - what a service's state depends on, beside itself
 * @attached: interfaces of the namespace that run the gateway program
 * @netns_bypass_ms: what is left of the namespace's bypass, as in libequic
 * @machine_bypass: /sys/kernel/equic/bypass is on
 */
struct surroundings {
	unsigned int attached;
	uint32_t netns_bypass_ms;
	bool machine_bypass;
};

/* 0 or −errno, with the handle's words. */
int surroundings_get(struct equic *eq, struct surroundings *around);

bool state_enforcing(const struct equic_service *service,
		     const struct surroundings *around);

/* "state ENFORCING", or "state NOT ENFORCING: …", and a line end. */
void print_state(const struct equic_service *service,
		 const struct surroundings *around);
/* "state" and "why" */
void json_add_state(struct json_object *object,
		    const struct equic_service *service,
		    const struct surroundings *around);

/* "on", "on for 9500ms", "off" */
void print_bypass(uint32_t ms);
/* "bypass", and "bypass_left_ms" where it has an end */
void json_add_bypass(struct json_object *object, uint32_t ms);

#endif
