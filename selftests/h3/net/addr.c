// SPDX-License-Identifier: GPL-2.0-only
/* Socket addresses of both families: text, comparison, prefixes. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"

static const uint8_t v4_mapped[12] = { [10] = 0xff, [11] = 0xff };

int addr_parse_port(uint16_t *port, const char *text)
{
	unsigned long value;
	char *end;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno || !value ||
	    value > 65535)
		return -EINVAL;
	*port = value;
	return 0;
}

int addr_parse_host(union addr *addr, const char *text)
{
	memset(addr, 0, sizeof(*addr));
	if (inet_pton(AF_INET, text, &addr->in.sin_addr) == 1) {
		addr->sa.sa_family = AF_INET;
		return 0;
	}
	if (inet_pton(AF_INET6, text, &addr->in6.sin6_addr) == 1) {
		addr->sa.sa_family = AF_INET6;
		return 0;
	}
	return -EINVAL;
}

int addr_parse(union addr *addr, const char *text)
{
	char host[INET6_ADDRSTRLEN];
	const char *colon = strrchr(text, ':');
	bool bracket = *text == '[';
	size_t len;
	uint16_t port;

	if (!colon || addr_parse_port(&port, colon + 1))
		return -EINVAL;
	if (bracket && (colon == text || colon[-1] != ']'))
		return -EINVAL;
	len = colon - text - 2 * bracket;
	if (len >= sizeof(host))
		return -EINVAL;
	memcpy(host, text + bracket, len);
	host[len] = '\0';
	if (addr_parse_host(addr, host) ||
	    bracket != (addr->sa.sa_family == AF_INET6))
		return -EINVAL;
	addr_set_port(addr, port);
	return 0;
}

socklen_t addr_len(const union addr *addr)
{
	return addr->sa.sa_family == AF_INET6 ? sizeof(addr->in6) :
						sizeof(addr->in);
}

uint16_t addr_port(const union addr *addr)
{
	return ntohs(addr->sa.sa_family == AF_INET6 ? addr->in6.sin6_port :
						      addr->in.sin_port);
}

void addr_set_port(union addr *addr, uint16_t port)
{
	if (addr->sa.sa_family == AF_INET6)
		addr->in6.sin6_port = htons(port);
	else
		addr->in.sin_port = htons(port);
}

bool addr_is_any(const union addr *addr)
{
	if (addr->sa.sa_family == AF_INET6)
		return IN6_IS_ADDR_UNSPECIFIED(&addr->in6.sin6_addr);
	return addr->in.sin_addr.s_addr == htonl(INADDR_ANY);
}

bool addr_same_host(const union addr *a, const union addr *b)
{
	if (a->sa.sa_family != b->sa.sa_family)
		return false;
	if (a->sa.sa_family == AF_INET6)
		return IN6_ARE_ADDR_EQUAL(&a->in6.sin6_addr, &b->in6.sin6_addr);
	return a->in.sin_addr.s_addr == b->in.sin_addr.s_addr;
}

bool addr_equal(const union addr *a, const union addr *b)
{
	return addr_same_host(a, b) && addr_port(a) == addr_port(b);
}

void addr_to_16(uint8_t out[16], const union addr *addr)
{
	if (addr->sa.sa_family == AF_INET6) {
		memcpy(out, &addr->in6.sin6_addr, 16);
		return;
	}
	memcpy(out, v4_mapped, sizeof(v4_mapped));
	memcpy(out + sizeof(v4_mapped), &addr->in.sin_addr, 4);
}

void addr_fold_16(uint8_t addr[16], unsigned int prefix4, unsigned int prefix6)
{
	bool v4 = !memcmp(addr, v4_mapped, sizeof(v4_mapped));
	unsigned int bits = v4 ? 96 + prefix4 : prefix6;
	unsigned int i;

	for (i = 0; i < 16; i++) {
		unsigned int keep = bits > 8 * i ? bits - 8 * i : 0;

		if (keep < 8)
			addr[i] &= 0xff00 >> keep;
	}
}

void addr_add(union addr *addr, const union addr *first, uint32_t index)
{
	uint8_t *last;
	uint32_t word;

	*addr = *first;
	if (addr->sa.sa_family == AF_INET6)
		last = addr->in6.sin6_addr.s6_addr + 12;
	else
		last = (uint8_t *)&addr->in.sin_addr;
	memcpy(&word, last, 4);
	word = htonl(ntohl(word) + index);
	memcpy(last, &word, 4);
}

const char *addr_format_host(const union addr *addr, char buf[ADDR_STRLEN])
{
	const void *host = addr->sa.sa_family == AF_INET6 ?
		(const void *)&addr->in6.sin6_addr : &addr->in.sin_addr;

	if (!inet_ntop(addr->sa.sa_family, host, buf, ADDR_STRLEN))
		strcpy(buf, "-");
	return buf;
}

const char *addr_format(const union addr *addr, char buf[ADDR_STRLEN])
{
	char host[ADDR_STRLEN];
	bool v6 = addr->sa.sa_family == AF_INET6;

	addr_format_host(addr, host);
	snprintf(buf, ADDR_STRLEN, "%s%.46s%s:%u", v6 ? "[" : "", host,
		 v6 ? "]" : "", addr_port(addr));
	return buf;
}

const char *addr_format_16(const uint8_t addr[16], char buf[ADDR_STRLEN])
{
	if (!memcmp(addr, v4_mapped, sizeof(v4_mapped)))
		inet_ntop(AF_INET, addr + sizeof(v4_mapped), buf, ADDR_STRLEN);
	else
		inet_ntop(AF_INET6, addr, buf, ADDR_STRLEN);
	return buf;
}
