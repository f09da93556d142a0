/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What differs between the kernels supported, by feature, in one place.
 */
#ifndef _EQUIC_COMPAT_H
#define _EQUIC_COMPAT_H

#include <linux/btf.h>
#include <linux/netdevice.h>

#ifndef BTF_KFUNCS_START
#error "equic needs Linux 6.9 or newer: kfunc sets marked for registration"
#endif

#endif /* _EQUIC_COMPAT_H */
