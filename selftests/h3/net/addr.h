/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef H3_NET_ADDR_H
#define H3_NET_ADDR_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#define ADDR_STRLEN 64

/* An IPv4 or IPv6 socket address; family 0 means none. */
union addr {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

/* Parses "1.2.3.4:443", "[2001:db8::1]:443"; 0 or -EINVAL. */
int addr_parse(union addr *addr, const char *text);
/* Parses an address without port; 0 or -EINVAL. */
int addr_parse_host(union addr *addr, const char *text);
/* Parses "443", 1 … 65535; 0 or -EINVAL. */
int addr_parse_port(uint16_t *port, const char *text);

socklen_t addr_len(const union addr *addr);
uint16_t addr_port(const union addr *addr);
void addr_set_port(union addr *addr, uint16_t port);
bool addr_is_any(const union addr *addr);
bool addr_same_host(const union addr *a, const union addr *b);
bool addr_equal(const union addr *a, const union addr *b);

/* The address part as 16 bytes, IPv4 as ::ffff:a.b.c.d. */
void addr_to_16(uint8_t out[16], const union addr *addr);
/* Keeps the first @prefix4 or @prefix6 bits of such an address. */
void addr_fold_16(uint8_t addr[16], unsigned int prefix4,
		  unsigned int prefix6);

/* The address @index after @first; for ranges of sources. */
void addr_add(union addr *addr, const union addr *first, uint32_t index);

/* "1.2.3.4:443" or "[::1]:443"; returns @buf. */
const char *addr_format(const union addr *addr, char buf[ADDR_STRLEN]);
/* The same without port and brackets. */
const char *addr_format_host(const union addr *addr, char buf[ADDR_STRLEN]);
/* Text of what addr_to_16() made. */
const char *addr_format_16(const uint8_t addr[16], char buf[ADDR_STRLEN]);

#endif /* H3_NET_ADDR_H */
