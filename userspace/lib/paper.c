// SPDX-License-Identifier: LGPL-2.1-or-later
/* The calls of the eQUIC Gateway paper (Pantuza, Vieira, Vieira 2021). */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "attach.h"
#include "device.h"
#include "handle.h"
#include "paper.h"
#include "program.h"
#include "report.h"

enum { SIGNAL_SLOTS = 16 };

/*
 * A handler takes the link by exchanging it away, so it is closed once. The
 * descriptor to wake is only closed while no handler is looking at it.
 */
static struct signal_slot {
	atomic_bool taken;
	atomic_int link_fd;	/* -1: none */
	atomic_int wake_fd;	/* -1: none */
	atomic_int lookers;
	atomic_bool interrupted;
} signal_slots[SIGNAL_SLOTS];

_Static_assert(ATOMIC_INT_LOCK_FREE == 2 && ATOMIC_BOOL_LOCK_FREE == 2,
	       "a signal handler must not wait for a lock");

int signal_slot_take(int link_fd, int wake_fd)
{
	int i;

	for (i = 0; i < SIGNAL_SLOTS; i++) {
		struct signal_slot *slot = &signal_slots[i];

		if (atomic_exchange(&slot->taken, true))
			continue;
		atomic_store(&slot->interrupted, false);
		atomic_store(&slot->wake_fd, wake_fd);
		atomic_store(&slot->link_fd, link_fd);
		return i;
	}
	return -ENOSPC;
}

void signal_slot_drop(int i)
{
	struct signal_slot *slot;
	int fd;

	if (i < 0)
		return;
	slot = &signal_slots[i];
	atomic_store(&slot->wake_fd, -1);
	while (atomic_load(&slot->lookers))
		sched_yield();
	fd = atomic_exchange(&slot->link_fd, -1);
	if (fd >= 0)
		close(fd);
	atomic_store(&slot->taken, false);
}

bool signal_slot_interrupted(int i)
{
	return i >= 0 && atomic_exchange(&signal_slots[i].interrupted, false);
}

int signal_slot_link(int i)
{
	return i < 0 ? -1 : atomic_load(&signal_slots[i].link_fd);
}

static void signal_slot_fire(struct signal_slot *slot)
{
	static const uint64_t one = 1;
	int fd;

	/* Slots begin as zeros, and 0 is a descriptor. */
	if (!atomic_load(&slot->taken))
		return;
	atomic_fetch_add(&slot->lookers, 1);
	fd = atomic_exchange(&slot->link_fd, -1);
	if (fd >= 0) {
		close(fd);
		atomic_store(&slot->interrupted, true);
	}
	fd = atomic_load(&slot->wake_fd);
	if (fd >= 0)
		(void)!write(fd, &one, sizeof(one));
	atomic_fetch_sub(&slot->lookers, 1);
}

EQUIC_API void equic_sigint_callback(int signum)
{
	int saved = errno, i;

	(void)signum;
	for (i = 0; i < SIGNAL_SLOTS; i++)
		signal_slot_fire(&signal_slots[i]);
	errno = saved;
}

EQUIC_API void equic_sigterm_callback(int signum)
{
	equic_sigint_callback(signum);
}

EQUIC_API int equic_get_interface(equic_t *eq, const char *ifname)
{
	int err;

	err = handle_enter(eq);
	if (err)
		return err;
	err = device_index(eq, ifname);
	if (err > 0) {
		strcpy(eq->ifname, ifname);	/* shorter than IFNAMSIZ */
		err = 0;
	}
	return handle_leave(eq, err);
}

EQUIC_API int equic_read_object(equic_t *eq, const char *path)
{
	char *copy = NULL;
	int err;

	err = handle_enter(eq);
	if (err)
		return err;
	if (path) {
		copy = strdup(path);
		if (!copy)
			err = handle_fail(eq, -ENOMEM, "out of memory");
	}
	if (!err)
		err = program_check(eq, copy);
	if (err) {
		free(copy);
	} else {
		free(eq->object);
		eq->object = copy;
	}
	return handle_leave(eq, err);
}

static int load(struct equic *eq)
{
	struct equic_attach_opts opts = EQUIC_INIT(opts,
		.flags = EQUIC_ATTACH_OWNED, .object = eq->object);
	int err;

	if (!eq->ifname[0])
		return handle_fail(eq, -EDESTADDRREQ,
				   "no interface: equic_get_interface() first");
	err = reporter_wait_fds(&eq->rep);
	if (err)
		return handle_fail(eq, err, "cannot make an eventfd: %s",
				   strerror(-err));
	err = attach(eq, eq->ifname, &opts);
	if (err)
		return err;
	err = signal_slot_take(eq->link_fd, eq->rep.wake_fd);
	if (err < 0) {
		attach_close(eq);
		return handle_fail(eq, err,
				   "%d handles of this process have loaded a program already",
				   SIGNAL_SLOTS);
	}
	eq->signal_slot = err;
	eq->link_fd = -1;
	return 0;
}

EQUIC_API int equic_load(equic_t *eq)
{
	int err;

	err = handle_enter(eq);
	if (err)
		return err;
	return handle_leave(eq, load(eq));
}

EQUIC_API int equic_inc_counter(equic_t *eq, const struct sockaddr *client)
{
	int err;

	err = handle_enter(eq);
	if (err)
		return err;
	err = report_client(eq, EQUIC_CMD_CONN_OPEN, client);
	return handle_leave(eq, err);
}

EQUIC_API int equic_dec_counter(equic_t *eq, const struct sockaddr *client)
{
	int err;

	err = handle_enter(eq);
	if (err)
		return err;
	err = report_client(eq, EQUIC_CMD_CONN_CLOSE, client);
	return handle_leave(eq, err);
}
