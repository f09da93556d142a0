// SPDX-License-Identifier: LGPL-2.1-or-later
/* Addresses, prefixes, and the names of services as text. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"

/* A v4-mapped address is IPv4, here as on the wire's way into the kernel. */
static void unmap(struct equic_addr *addr)
{
	if (addr->family != AF_INET6 || !IN6_IS_ADDR_V4MAPPED(&addr->v6))
		return;
	addr->family = AF_INET;
	memmove(addr->bytes, addr->bytes + 12, 4);
	memset(addr->bytes + 4, 0, 12);
}

static int addr_parse(const char *text, size_t len, int family,
		      struct equic_addr *addr)
{
	char buf[INET6_ADDRSTRLEN];

	memset(addr, 0, sizeof(*addr));
	if (!len || len >= sizeof(buf))
		return -EINVAL;
	memcpy(buf, text, len);
	buf[len] = '\0';
	if (inet_pton(family, buf, addr->bytes) != 1)
		return -EINVAL;
	addr->family = family;
	return 0;
}

/* Digits only: no sign, no space, nothing behind. */
static int number_parse(const char *text, unsigned long max, unsigned long *n)
{
	size_t digits = strspn(text, "0123456789");

	if (!digits || text[digits] || digits > 9)
		return -ERANGE;
	*n = strtoul(text, NULL, 10);
	return *n > max ? -ERANGE : 0;
}

EQUIC_API int equic_key_parse(const char *text, struct equic_key *key)
{
	const char *colon, *end;
	unsigned long port;
	int err;

	if (!text || !key)
		return -EINVAL;
	memset(key, 0, sizeof(*key));
	colon = strrchr(text, ':');
	if (text[0] == '[') {
		end = strchr(text, ']');
		if (!end || colon != end + 1)
			return -EINVAL;
		err = addr_parse(text + 1, end - text - 1, AF_INET6, &key->addr);
	} else if (!colon) {
		return -EINVAL;
	} else if (colon - text == 1 && text[0] == '*') {
		err = 0;
	} else {
		err = addr_parse(text, colon - text, AF_INET, &key->addr);
	}
	if (err)
		return err;
	unmap(&key->addr);
	err = number_parse(colon + 1, 65535, &port);
	if (err || !port)
		return -ERANGE;
	key->port = port;
	return 0;
}

static unsigned int addr_bits(const struct equic_addr *addr)
{
	return addr->family == AF_INET ? 32 : 128;
}

static bool host_bits_are_zero(const struct equic_prefix *p)
{
	unsigned int bit;

	for (bit = p->len; bit < addr_bits(&p->addr); bit++)
		if (p->addr.bytes[bit / 8] & (0x80 >> bit % 8))
			return false;
	return true;
}

EQUIC_API int equic_prefix_parse(const char *text, struct equic_prefix *prefix)
{
	const char *slash;
	unsigned long len;
	size_t addr_len;
	int err;

	if (!text || !prefix)
		return -EINVAL;
	memset(prefix, 0, sizeof(*prefix));
	slash = strchr(text, '/');
	addr_len = slash ? (size_t)(slash - text) : strlen(text);
	err = addr_parse(text, addr_len,
			 memchr(text, ':', addr_len) ? AF_INET6 : AF_INET,
			 &prefix->addr);
	if (err)
		return err;
	len = addr_bits(&prefix->addr);
	if (slash) {
		err = number_parse(slash + 1, len, &len);
		if (err)
			return err;
	}
	prefix->len = len;
	if (!host_bits_are_zero(prefix))
		return -EDOM;
	if (prefix->len >= 96 && prefix->addr.family == AF_INET6) {
		unmap(&prefix->addr);
		if (prefix->addr.family == AF_INET)
			prefix->len -= 96;
	}
	return 0;
}

static const char *addr_text(const struct equic_addr *addr, char *buf, size_t len)
{
	return inet_ntop(addr->family, addr->bytes, buf, len) ?: "*";
}

EQUIC_API char *equic_key_format(const struct equic_key *key, char *buf,
				 size_t len)
{
	char addr[INET6_ADDRSTRLEN];
	bool v6 = key->addr.family == AF_INET6;

	snprintf(buf, len, "%s%s%s:%u", v6 ? "[" : "",
		 addr_text(&key->addr, addr, sizeof(addr)), v6 ? "]" : "",
		 key->port);
	return buf;
}

EQUIC_API char *equic_prefix_format(const struct equic_prefix *prefix, char *buf,
				    size_t len)
{
	char addr[INET6_ADDRSTRLEN];

	addr_text(&prefix->addr, addr, sizeof(addr));
	if (prefix->addr.family == AF_UNSPEC)
		snprintf(buf, len, "*");
	else if (prefix->len == addr_bits(&prefix->addr))
		snprintf(buf, len, "%s", addr);
	else
		snprintf(buf, len, "%s/%u", addr, prefix->len);
	return buf;
}

int addr_from_sockaddr(const struct sockaddr *sa, struct equic_addr *addr,
		       uint16_t *port)
{
	struct sockaddr_in6 in6;
	struct sockaddr_in in;

	memset(addr, 0, sizeof(*addr));
	switch (sa->sa_family) {
	case AF_INET:
		memcpy(&in, sa, sizeof(in));
		addr->v4 = in.sin_addr;
		*port = ntohs(in.sin_port);
		break;
	case AF_INET6:
		memcpy(&in6, sa, sizeof(in6));
		addr->v6 = in6.sin6_addr;
		*port = ntohs(in6.sin6_port);
		break;
	default:
		return -EAFNOSUPPORT;
	}
	addr->family = sa->sa_family;
	unmap(addr);
	return 0;
}

EQUIC_API int equic_key_from_sockaddr(const struct sockaddr *sa,
				      struct equic_key *key)
{
	static const uint8_t any[16];
	int err;

	if (!sa || !key)
		return -EINVAL;
	memset(key, 0, sizeof(*key));
	err = addr_from_sockaddr(sa, &key->addr, &key->port);
	if (!err && !memcmp(key->addr.bytes, any, sizeof(any)))
		key->addr.family = AF_UNSPEC;
	return err;
}

bool key_is_valid(const struct equic_key *key)
{
	return key && key->port && (key->addr.family == AF_UNSPEC ||
				    key->addr.family == AF_INET ||
				    key->addr.family == AF_INET6);
}

bool prefix_is_valid(const struct equic_prefix *prefix)
{
	switch (prefix->addr.family) {
	case AF_UNSPEC:
		return true;
	case AF_INET:
	case AF_INET6:
		return prefix->len <= addr_bits(&prefix->addr);
	default:
		return false;
	}
}
