/* SPDX-License-Identifier: GPL-2.0-only */
/* The library's send(2), counted, and refused at will (ld --wrap=send). */
#ifndef EQUIC_SELFTESTS_LIB_WIRE_H
#define EQUIC_SELFTESTS_LIB_WIRE_H

extern unsigned int wire_sends;
extern int wire_errno;		/* 0: let through */

#endif /* EQUIC_SELFTESTS_LIB_WIRE_H */
