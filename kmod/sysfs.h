/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * /sys/kernel/equic/: version, features, limits, totals of the initial
 * namespace, and the bypass switch of the machine. Made last, removed first.
 */
#ifndef _EQUIC_SYSFS_H
#define _EQUIC_SYSFS_H

int equic_sysfs_init(void);
void equic_sysfs_exit(void);

#endif /* _EQUIC_SYSFS_H */
