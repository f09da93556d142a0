/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _EQUIC_VERSION_H
#define _EQUIC_VERSION_H

#define EQUIC_VERSION	"0.1.0"

#endif /* _EQUIC_VERSION_H */
