/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef EQUIC_LIB_ADDR_H
#define EQUIC_LIB_ADDR_H

#include "equic.h"

/* Address and port of an AF_INET or AF_INET6 socket address; -EAFNOSUPPORT. */
int addr_from_sockaddr(const struct sockaddr *sa, struct equic_addr *addr,
		       uint16_t *port);

/* Is it a prefix that the kernel can be asked about? */
bool prefix_is_valid(const struct equic_prefix *prefix);
bool key_is_valid(const struct equic_key *key);

#endif /* EQUIC_LIB_ADDR_H */
