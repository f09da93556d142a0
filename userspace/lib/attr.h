/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The attributes of the family: putting and reading them. */
#ifndef EQUIC_LIB_ATTR_H
#define EQUIC_LIB_ATTR_H

#include <stdint.h>
#include <netlink/attr.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>

#include "equic.h"

/* Numbers: 0 for an attribute that is missing or too short. */
uint8_t attr_u8(const struct nlattr *nla);
uint32_t attr_u32(const struct nlattr *nla);
uint16_t attr_be16(const struct nlattr *nla);	/* in host byte order */
uint64_t attr_uint(const struct nlattr *nla);	/* 4 or 8 bytes long */

/* An address out of one attribute or the other. */
void attr_addr(const struct nlattr *v4, const struct nlattr *v6,
	       struct equic_addr *addr);
void attr_cid(const struct nlattr *nla, struct equic_cid *cid);
void attr_key(struct nlattr *nla, struct equic_key *key);
void attr_stats(struct nlattr **tb, struct equic_stats *stats);
void attr_stats_nested(struct nlattr *nla, struct equic_stats *stats);
void attr_service(struct nlattr **tb, struct equic_service *service);

/* Parse a whole message of the family. */
int attr_parse(struct nlmsghdr *nlh, struct nlattr **tb, int max);

/* All return 0 or −ENOMEM. */
int attr_put_addr(struct nl_msg *msg, int v4, int v6,
		  const struct equic_addr *addr);
int attr_put_port(struct nl_msg *msg, int type, uint16_t port);
int attr_put_u8(struct nl_msg *msg, int type, uint8_t value);
int attr_put_u32(struct nl_msg *msg, int type, uint32_t value);
int attr_put_key(struct nl_msg *msg, const struct equic_key *key);
int attr_put_key_nested(struct nl_msg *msg, int type,
			const struct equic_key *key);

#endif /* EQUIC_LIB_ATTR_H */
