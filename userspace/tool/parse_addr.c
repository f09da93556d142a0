// SPDX-License-Identifier: GPL-2.0-only
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "parse_addr.h"
#include "tool.h"

static bool is_address(int family, const char *text)
{
	struct in6_addr addr;

	return inet_pton(family, text, &addr) == 1;
}

/* What keeps @text from being ADDR:PORT, given that it is not. */
static void explain_key(const char *text, int err, char why[WHY_LEN])
{
	const char *colon = strrchr(text, ':');

	if (is_address(AF_INET6, text))
		snprintf(why, WHY_LEN,
			 "\"%s\": no port: write [%s]:PORT", text, text);
	else if (is_address(AF_INET, text) || !strcmp(text, "*"))
		snprintf(why, WHY_LEN, "\"%s\": no port: write %s:PORT", text,
			 text);
	else if (text[0] == '[' && text[1] && text[strlen(text) - 1] == ']')
		snprintf(why, WHY_LEN, "\"%s\": no port: write %s:PORT", text,
			 text);
	else if (err == -ERANGE && colon)
		snprintf(why, WHY_LEN,
			 "\"%s\": \"%s\" is not a port: use a number from 1 to 65535",
			 text, colon + 1);
	else
		snprintf(why, WHY_LEN,
			 "\"%s\": not an address and port: write 192.0.2.1:443, [2001:db8::1]:443 or *:443",
			 text);
}

static bool is_unspecified(const struct equic_addr *addr)
{
	static const uint8_t zero[16];

	if (addr->family == AF_INET)
		return !addr->v4.s_addr;
	return addr->family == AF_INET6 && !memcmp(addr->bytes, zero, 16);
}

int parse_key(const char *text, struct equic_key *key, char why[WHY_LEN])
{
	int err = equic_key_parse(text, key);

	if (err) {
		explain_key(text, err, why);
		return -EINVAL;
	}
	if (is_unspecified(&key->addr)) {
		snprintf(why, WHY_LEN,
			 "\"%s\": no packet is addressed to this: any address is written *:%u",
			 text, key->port);
		return -EINVAL;
	}
	return 0;
}

int parse_prefix(const char *text, struct equic_prefix *prefix,
		 char why[WHY_LEN])
{
	int err = equic_prefix_parse(text, prefix);

	if (!err)
		return 0;
	if (err == -ERANGE)
		snprintf(why, WHY_LEN,
			 "\"%s\": no such prefix length: /0 to /32 for IPv4, to /128 for IPv6",
			 text);
	else if (err == -EDOM)
		snprintf(why, WHY_LEN,
			 "\"%s\": bits are set beyond the prefix length: clear them or lengthen the prefix",
			 text);
	else
		snprintf(why, WHY_LEN,
			 "\"%s\": not an address or prefix: write 192.0.2.7, 192.0.2.0/24 or 2001:db8::/64",
			 text);
	return -EINVAL;
}

bool prefix_is_address(const struct equic_prefix *prefix)
{
	return prefix->addr.family != AF_UNSPEC &&
	       prefix->len == (prefix->addr.family == AF_INET ? 32 : 128);
}

bool prefix_has(const struct equic_prefix *prefix,
		const struct equic_addr *addr)
{
	const uint8_t *a = prefix->addr.bytes, *b = addr->bytes;
	unsigned int bytes = prefix->len / 8, bits = prefix->len % 8;

	if (prefix->addr.family != addr->family || memcmp(a, b, bytes))
		return false;
	return !bits || !((a[bytes] ^ b[bytes]) >> (8 - bits));
}

static void set_peer(struct sockaddr_storage *peer,
		     const struct equic_addr *addr, uint16_t port)
{
	memset(peer, 0, sizeof(*peer));
	if (addr->family == AF_INET) {
		struct sockaddr_in *sin = (struct sockaddr_in *)peer;

		sin->sin_family = AF_INET;
		sin->sin_port = htons(port);
		sin->sin_addr = addr->v4;
	} else {
		struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)peer;

		sin6->sin6_family = AF_INET6;
		sin6->sin6_port = htons(port);
		sin6->sin6_addr = addr->v6;
	}
}

int parse_peer(const char *text, struct sockaddr_storage *peer,
	       char why[WHY_LEN])
{
	struct equic_addr addr = { 0 };
	struct equic_key key;
	char bare[INET6_ADDRSTRLEN + 1];
	size_t len = strlen(text);

	if (text[0] == '[' && len - 2 < sizeof(bare) && text[len - 1] == ']') {
		memcpy(bare, text + 1, len - 2);
		bare[len - 2] = '\0';
	} else {
		snprintf(bare, sizeof(bare), "%.*s",
			 (int)sizeof(bare) - 1, text);
	}
	if (text[0] != '[' && inet_pton(AF_INET, bare, &addr.v4) == 1)
		addr.family = AF_INET;
	else if (inet_pton(AF_INET6, bare, &addr.v6) == 1)
		addr.family = AF_INET6;
	if (addr.family) {
		set_peer(peer, &addr, 0);
		return 0;
	}
	if (parse_key(text, &key, why))
		return -EINVAL;
	if (key.addr.family == AF_UNSPEC) {
		snprintf(why, WHY_LEN,
			 "\"%s\": not a client's address: write 192.0.2.7:50000 or [2001:db8::7]:50000",
			 text);
		return -EINVAL;
	}
	set_peer(peer, &key.addr, key.port);
	return 0;
}

int args_key(struct args *args, const char *after, struct equic_key *key)
{
	const char *text = args_value(args, after, "ADDR:PORT");
	char why[WHY_LEN];

	if (!text)
		return TOOL_USAGE;
	if (parse_key(text, key, why))
		return usage_error("%s", why);
	return TOOL_OK;
}

const char *format_key(const struct equic_key *key, char buf[EQUIC_ADDR_TEXT])
{
	return equic_key_format(key, buf, EQUIC_ADDR_TEXT);
}

const char *format_endpoint(const struct equic_addr *addr, uint16_t port,
			    char buf[EQUIC_ADDR_TEXT])
{
	struct equic_key key = { .addr = *addr, .port = port };
	struct equic_prefix whole = {
		.addr = *addr,
		.len = addr->family == AF_INET ? 32 : 128,
	};

	if (port)
		return format_key(&key, buf);
	if (addr->family == AF_UNSPEC)
		return strcpy(buf, "*");
	return equic_prefix_format(&whole, buf, EQUIC_ADDR_TEXT);
}
