/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Network interfaces, and what runs on them. Called with the handle's lock. */
#ifndef EQUIC_LIB_DEVICE_H
#define EQUIC_LIB_DEVICE_H

#include "equic.h"

/* The name of the program that attaching is about, as the kernel keeps it. */
#define GATEWAY_PROGRAM "equic_gateway"

/* Its index; -ENODEV with words. */
int device_index(struct equic *eq, const char *ifname);

/* All about it; -ENODEV with words. */
int device_look(struct equic *eq, const char *ifname, struct equic_device *dev);

#endif /* EQUIC_LIB_DEVICE_H */
