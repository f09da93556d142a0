/* SPDX-License-Identifier: GPL-2.0-only */
/* What /sys/kernel says about the module. */
#ifndef EQUIC_TOOL_SYSFS_H
#define EQUIC_TOOL_SYSFS_H

#include <stdbool.h>
#include <stddef.h>

/* The module's version; false without the module. */
bool sysfs_version(char *buf, size_t len);
/* Is the machine-wide bypass on? */
bool sysfs_bypass(void);
/* Does the kernel have the module's BTF? Without it no program can call it. */
bool sysfs_has_btf(void);

#endif
