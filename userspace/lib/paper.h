/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a signal handler can reach: the links of equic_load(), in a table of the
 * process. A slot belongs to one handle; only the handler touches it besides.
 */
#ifndef EQUIC_LIB_PAPER_H
#define EQUIC_LIB_PAPER_H

#include <stdbool.h>

/* The slot now owns @link_fd; writes to @wake_fd when a signal came. -ENOSPC. */
int signal_slot_take(int link_fd, int wake_fd);

/* Detach; the number is void afterwards. A @slot below 0 is none. */
void signal_slot_drop(int slot);

/* Did a signal come since the last call? */
bool signal_slot_interrupted(int slot);

/* The link, still the slot's; -1 when a signal detached it. */
int signal_slot_link(int slot);

#endif /* EQUIC_LIB_PAPER_H */
