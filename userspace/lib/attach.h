/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef EQUIC_LIB_ATTACH_H
#define EQUIC_LIB_ATTACH_H

#include "equic.h"

/* equic_attach() with the lock held. */
int attach(struct equic *eq, const char *ifname,
	   const struct equic_attach_opts *opts);

/* Let go of what the handle attached for itself. */
void attach_close(struct equic *eq);

#endif /* EQUIC_LIB_ATTACH_H */
