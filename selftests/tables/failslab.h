/* SPDX-License-Identifier: GPL-2.0-only */
/* Allocations that fail: CONFIG_FAILSLAB of the kernel. */
#ifndef EQUIC_SELFTESTS_FAILSLAB_H
#define EQUIC_SELFTESTS_FAILSLAB_H

/**
 * failslab_prepare - have allocations fail, once a task asks for it
 * @percent: how many of them; "0": those alone that /proc/self/fail-nth counts
 *
 * Of either kind, those that may wait, too. Nobody else's fail.
 */
void failslab_prepare(const char *percent);

#endif /* EQUIC_SELFTESTS_FAILSLAB_H */
