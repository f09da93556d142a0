/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _EQUIC_KFUNC_H
#define _EQUIC_KFUNC_H

int equic_kfunc_init(void);

#endif /* _EQUIC_KFUNC_H */
