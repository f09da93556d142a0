/* SPDX-License-Identifier: GPL-2.0-only */
/* Loading and unloading equic.ko, whose file is named by EQUIC_KO. */
#ifndef EQUIC_SELFTESTS_MODULE_H
#define EQUIC_SELFTESTS_MODULE_H

/**
 * module_load - load it, and enter a network namespace of one's own
 * @parameters: as insmod takes them, "" for none
 *
 * Bails out when it cannot be.
 */
void module_load(const char *parameters);

/**
 * module_unload - unload it, and report as a test result whether that worked
 *
 * BPF programs give their reference back some time after they are closed: that
 * is awaited.
 */
void module_unload(void);

#endif /* EQUIC_SELFTESTS_MODULE_H */
