// SPDX-License-Identifier: LGPL-2.1-or-later
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "attr.h"

uint8_t attr_u8(const struct nlattr *nla)
{
	return nla && nla_len(nla) >= 1 ? *(uint8_t *)nla_data(nla) : 0;
}

uint32_t attr_u32(const struct nlattr *nla)
{
	uint32_t value = 0;

	if (nla && nla_len(nla) >= (int)sizeof(value))
		memcpy(&value, nla_data(nla), sizeof(value));
	return value;
}

uint16_t attr_be16(const struct nlattr *nla)
{
	uint16_t value = 0;

	if (nla && nla_len(nla) >= (int)sizeof(value))
		memcpy(&value, nla_data(nla), sizeof(value));
	return ntohs(value);
}

uint64_t attr_uint(const struct nlattr *nla)
{
	uint64_t value;

	if (!nla || nla_len(nla) < (int)sizeof(value))
		return attr_u32(nla);
	memcpy(&value, nla_data(nla), sizeof(value));
	return value;
}

void attr_addr(const struct nlattr *v4, const struct nlattr *v6,
	       struct equic_addr *addr)
{
	memset(addr, 0, sizeof(*addr));
	if (v4 && nla_len(v4) >= 4) {
		addr->family = AF_INET;
		memcpy(addr->bytes, nla_data(v4), 4);
	} else if (v6 && nla_len(v6) >= 16) {
		addr->family = AF_INET6;
		memcpy(addr->bytes, nla_data(v6), 16);
	}
}

void attr_cid(const struct nlattr *nla, struct equic_cid *cid)
{
	memset(cid, 0, sizeof(*cid));
	if (!nla || nla_len(nla) > EQUIC_CID_MAX_LEN)
		return;
	cid->len = nla_len(nla);
	memcpy(cid->data, nla_data(nla), cid->len);
}

static void key_read(struct nlattr **tb, struct equic_key *key)
{
	memset(key, 0, sizeof(*key));
	attr_addr(tb[EQUIC_A_SERVICE_ADDR4], tb[EQUIC_A_SERVICE_ADDR6],
		  &key->addr);
	key->port = attr_be16(tb[EQUIC_A_SERVICE_PORT]);
}

void attr_key(struct nlattr *nla, struct equic_key *key)
{
	struct nlattr *tb[EQUIC_A_SERVICE_MAX + 1];

	memset(key, 0, sizeof(*key));
	if (nla && !nla_parse_nested(tb, EQUIC_A_SERVICE_MAX, nla, NULL))
		key_read(tb, key);
}

/* Counters by reason: what a newer module adds finds room up to @max. */
static void reasons_read(struct nlattr *nest, uint64_t *counts, int max)
{
	struct nlattr *nla;
	int left;

	if (!nest)
		return;
	nla_for_each_nested(nla, nest, left)
		if (nla_type(nla) < max)
			counts[nla_type(nla)] = attr_uint(nla);
}

void attr_stats(struct nlattr **tb, struct equic_stats *stats)
{
	memset(stats, 0, sizeof(*stats));
	stats->passed_packets = attr_uint(tb[EQUIC_A_STATS_PASSED_PACKETS]);
	stats->passed_bytes = attr_uint(tb[EQUIC_A_STATS_PASSED_BYTES]);
	stats->dropped_packets = attr_uint(tb[EQUIC_A_STATS_DROPPED_PACKETS]);
	stats->dropped_bytes = attr_uint(tb[EQUIC_A_STATS_DROPPED_BYTES]);
	stats->would_drop_packets =
		attr_uint(tb[EQUIC_A_STATS_WOULD_DROP_PACKETS]);
	stats->admitted = attr_uint(tb[EQUIC_A_STATS_ADMITTED]);
	stats->expired = attr_uint(tb[EQUIC_A_STATS_EXPIRED]);
	reasons_read(tb[EQUIC_A_STATS_DROPS], stats->drops, EQUIC_DROPS_MAX);
	reasons_read(tb[EQUIC_A_STATS_PASSES], stats->passes, EQUIC_PASSES_MAX);
	stats->services = attr_uint(tb[EQUIC_A_STATS_SERVICES]);
	stats->clients = attr_uint(tb[EQUIC_A_STATS_CLIENTS]);
	stats->open = attr_uint(tb[EQUIC_A_STATS_OPEN]);
	stats->pending = attr_uint(tb[EQUIC_A_STATS_PENDING]);
	stats->owners = attr_uint(tb[EQUIC_A_STATS_OWNERS]);
	stats->max_clients = attr_uint(tb[EQUIC_A_STATS_MAX_CLIENTS]);
	stats->max_conns = attr_uint(tb[EQUIC_A_STATS_MAX_CONNS]);
	stats->events_lost = attr_uint(tb[EQUIC_A_STATS_EVENTS_LOST]);
	stats->bypass_ms = attr_uint(tb[EQUIC_A_STATS_BYPASS]);
}

void attr_stats_nested(struct nlattr *nla, struct equic_stats *stats)
{
	struct nlattr *tb[EQUIC_A_STATS_MAX + 1];

	memset(stats, 0, sizeof(*stats));
	if (nla && !nla_parse_nested(tb, EQUIC_A_STATS_MAX, nla, NULL))
		attr_stats(tb, stats);
}

void attr_service(struct nlattr **tb, struct equic_service *s)
{
	memset(s, 0, sizeof(*s));
	s->size = sizeof(*s);
	key_read(tb, &s->key);
#define KNOB(attr, member, read) do {					\
	if (tb[EQUIC_A_SERVICE_##attr]) {				\
		s->knobs |= EQUIC_KNOB_##attr;				\
		s->member = read(tb[EQUIC_A_SERVICE_##attr]);		\
	}								\
} while (0)
	KNOB(QUOTA, quota, attr_u32);
	KNOB(MODE, mode, attr_u8);
	KNOB(NO_OWNER, no_owner, attr_u8);
	KNOB(ENFORCE_PERCENT, enforce_percent, attr_u8);
	KNOB(PENDING_TIMEOUT, pending_timeout_ms, attr_u32);
	KNOB(DEFAULT, deflt, attr_u8);
	KNOB(ON_OVERFLOW, on_overflow, attr_u8);
	KNOB(PREFIX4, prefix4, attr_u8);
	KNOB(PREFIX6, prefix6, attr_u8);
	KNOB(OWNER_UID, owner_uid, attr_u32);
#undef KNOB
	s->idle = attr_u32(tb[EQUIC_A_SERVICE_IDLE]);
	s->owners = attr_u32(tb[EQUIC_A_SERVICE_OWNERS]);
	s->clients = attr_u32(tb[EQUIC_A_SERVICE_CLIENTS]);
	s->open = attr_u32(tb[EQUIC_A_SERVICE_OPEN]);
	s->pending = attr_u32(tb[EQUIC_A_SERVICE_PENDING]);
	s->bypass_ms = attr_u32(tb[EQUIC_A_SERVICE_BYPASS]);
	attr_stats_nested(tb[EQUIC_A_SERVICE_STATS], &s->stats);
}

int attr_parse(struct nlmsghdr *nlh, struct nlattr **tb, int max)
{
	if (!genlmsg_valid_hdr(nlh, 0))
		return -EBADMSG;
	if (nla_parse(tb, max, genlmsg_attrdata(genlmsg_hdr(nlh), 0),
		      genlmsg_attrlen(genlmsg_hdr(nlh), 0), NULL))
		return -EBADMSG;
	return 0;
}

int attr_put_addr(struct nl_msg *msg, int v4, int v6,
		  const struct equic_addr *addr)
{
	int err = 0;

	if (addr->family == AF_INET)
		err = nla_put(msg, v4, 4, addr->bytes);
	else if (addr->family == AF_INET6)
		err = nla_put(msg, v6, 16, addr->bytes);
	return err ? -ENOMEM : 0;
}

int attr_put_port(struct nl_msg *msg, int type, uint16_t port)
{
	return nla_put_u16(msg, type, htons(port)) ? -ENOMEM : 0;
}

int attr_put_u8(struct nl_msg *msg, int type, uint8_t value)
{
	return nla_put_u8(msg, type, value) ? -ENOMEM : 0;
}

int attr_put_u32(struct nl_msg *msg, int type, uint32_t value)
{
	return nla_put_u32(msg, type, value) ? -ENOMEM : 0;
}

int attr_put_key(struct nl_msg *msg, const struct equic_key *key)
{
	return attr_put_addr(msg, EQUIC_A_SERVICE_ADDR4, EQUIC_A_SERVICE_ADDR6,
			     &key->addr) ?:
	       attr_put_port(msg, EQUIC_A_SERVICE_PORT, key->port);
}

int attr_put_key_nested(struct nl_msg *msg, int type,
			const struct equic_key *key)
{
	struct nlattr *nest = nla_nest_start(msg, type | NLA_F_NESTED);

	if (!nest || attr_put_key(msg, key))
		return -ENOMEM;
	nla_nest_end(msg, nest);
	return 0;
}
