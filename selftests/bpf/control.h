/* SPDX-License-Identifier: GPL-2.0-only */
/* The module and its services, driven over netlink with nothing between. */
#ifndef EQUIC_SELFTESTS_CONTROL_H
#define EQUIC_SELFTESTS_CONTROL_H

#include <stdbool.h>
#include <linux/equic.h>
#include "frame.h"

/**
 * struct policy - the knobs of a service that the tests use
 * @quota: 0: none.
 * @mode: enum equic_mode.
 * @no_owner: enum equic_no_owner.
 * @deny: default deny.
 * @overflow_drop: on-overflow drop.
 */
struct policy {
	__u32	quota;
	__u8	mode;
	__u8	no_owner;
	__u8	deny;
	__u8	overflow_drop;
};

/**
 * struct stats - counters of a service or of the namespace
 * @count: by enum equic_stats_attr.
 * @drops: by enum equic_drop.
 * @passes: by enum equic_pass_attr.
 */
struct stats {
	__u64	count[EQUIC_A_STATS_MAX + 1];
	__u64	drops[EQUIC_A_DROP_MAX + 1];
	__u64	passes[EQUIC_A_PASS_MAX + 1];
};

/**
 * module_insert - load equic.ko, $EQUIC_KO, unless it is loaded
 * @params: its parameters
 */
void module_insert(const char *params);

/**
 * module_remove - unload it
 *
 * Return: 0 or a negative errno.
 */
int module_remove(void);

/**
 * control_open - enter a new network namespace and find the netlink family
 */
void control_open(void);

/**
 * control_connect - find the netlink family, in this network namespace
 */
void control_connect(void);

/**
 * control_close - forget it
 */
void control_close(void);

/**
 * service_set - make a service what it should be, without connections
 * @ip6: the service at %SERVICE_ADDR6, otherwise at %SERVICE_ADDR4
 * @policy: its policy
 *
 * Deletes it first if it exists.
 */
void service_set(bool ip6, const struct policy *policy);

/**
 * service_del - delete it, if it exists
 * @ip6: as above
 */
void service_del(bool ip6);

/**
 * service_stats - read its counters
 * @ip6: as above
 * @stats: receives them
 */
void service_stats(bool ip6, struct stats *stats);

/**
 * total_stats - read the namespace's counters
 * @stats: receives them
 */
void total_stats(struct stats *stats);

/**
 * conn_report - tell the module what a server would
 * @cmd: %EQUIC_CMD_CONN_ACCEPTED and the like
 * @frame: an Initial of the connection, its first QUIC packet
 * @id: the reporter's id of it
 *
 * The reporter is this process; control_close() ends it.
 *
 * Return: 0 or a negative errno.
 */
int conn_report(int cmd, const struct frame *frame, __u32 id);

/**
 * namespace_bypass - switch bypass for this namespace
 * @on: on or off
 */
void namespace_bypass(bool on);

struct nl_msg;

/**
 * control_message - begin a request that wants an answer
 * @cmd: enum equic_cmd
 */
struct nl_msg *control_message(int cmd);

/**
 * control_request - send one, and wait for the end of the answer
 * @msg: the request; freed
 * @valid: gets the answer's messages, a libnl callback; NULL: there are none
 * @arg: for @valid
 *
 * Return: 0 or the kernel's negative errno.
 */
int control_request(struct nl_msg *msg, int (*valid)(struct nl_msg *, void *),
		    void *arg);

#endif /* EQUIC_SELFTESTS_CONTROL_H */
