/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Addresses: always 16 bytes, IPv4 as ::ffff:a.b.c.d, so that a client that
 * arrives as v4-mapped IPv6 is the IPv4 client it is.
 */
#ifndef _EQUIC_ADDR_H
#define _EQUIC_ADDR_H

#include <linux/unaligned.h>
#include <net/ipv6.h>

static inline bool equic_addr_is4(const struct in6_addr *addr)
{
	return ipv6_addr_v4mapped(addr);
}

static inline __be32 equic_addr_get4(const struct in6_addr *addr)
{
	return addr->s6_addr32[3];
}

static inline void equic_addr_set4(struct in6_addr *addr, __be32 addr4)
{
	ipv6_addr_set_v4mapped(addr4, addr);
}

/* Bits of a prefix of @addr's own family, counted in 128. */
static inline unsigned int equic_addr_bits(const struct in6_addr *addr,
					   unsigned int prefix_len)
{
	return equic_addr_is4(addr) ? 96 + prefix_len : prefix_len;
}

/* Halves of an address, as they lie in memory: to compare and to mask. */
static inline u64 equic_addr_upper(const struct in6_addr *addr)
{
	return get_unaligned((const u64 *)&addr->s6_addr[0]);
}

static inline u64 equic_addr_lower(const struct in6_addr *addr)
{
	return get_unaligned((const u64 *)&addr->s6_addr[8]);
}

#endif /* _EQUIC_ADDR_H */
