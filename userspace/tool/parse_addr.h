/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Addresses of the command line and of feed's lines, with words for what is
 * wrong: the object, the reason and the remedy.
 */
#ifndef EQUIC_TOOL_PARSE_ADDR_H
#define EQUIC_TOOL_PARSE_ADDR_H

#include <equic.h>

#define WHY_LEN 192

/* ADDR:PORT. 0, or -EINVAL with @why. */
int parse_key(const char *text, struct equic_key *key, char why[WHY_LEN]);

/* PREFIX. 0, or -EINVAL with @why. */
int parse_prefix(const char *text, struct equic_prefix *prefix,
		 char why[WHY_LEN]);

/* Is @prefix one address? */
bool prefix_is_address(const struct equic_prefix *prefix);
/* Is @addr inside @prefix? */
bool prefix_has(const struct equic_prefix *prefix,
		const struct equic_addr *addr);

/*
 * CLIENT_ADDR:PORT, or CLIENT_ADDR alone: port 0 then. 0, or -EINVAL with @why.
 */
int parse_peer(const char *text, struct sockaddr_storage *peer,
	       char why[WHY_LEN]);

struct args;

/* The ADDR:PORT that must follow @after; TOOL_OK or TOOL_USAGE. */
int args_key(struct args *args, const char *after, struct equic_key *key);

/* "192.0.2.7:1234", "[2001:db8::7]:1234"; "*" without an address. */
const char *format_endpoint(const struct equic_addr *addr, uint16_t port,
			    char buf[EQUIC_ADDR_TEXT]);
const char *format_key(const struct equic_key *key, char buf[EQUIC_ADDR_TEXT]);

#endif
