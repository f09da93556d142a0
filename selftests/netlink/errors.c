// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every request that is refused: with which errno, in which words, and that it
 * changed nothing.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include "family.h"
#include "ktap.h"
#include "module.h"

enum kind {
	END,
	NUMBER,		/* of size bytes, this machine's order */
	PORT,
	FILL,		/* size bytes of 0x11 */
	ZERO,		/* size bytes of 0 */
	NEST,
	NEST_PLAIN,	/* without NLA_F_NESTED */
	NEST_CUT,	/* its last attribute is longer than it */
};

struct item {
	enum kind		kind;
	int			type;
	int			size;
	__u32			value;
	const struct item	*nest;
};

#define U8(type, value)		{ NUMBER, type, 1, value }
#define U16(type, value)	{ NUMBER, type, 2, value }
#define U32(type, value)	{ NUMBER, type, 4, value }
#define U64(type, value)	{ NUMBER, type, 8, value }
#define P(type, value)		{ PORT, type, 2, value }
#define BYTES(type, size)	{ FILL, type, size }
#define ZEROS(type, size)	{ ZERO, type, size }
#define N(kind, type, items)	{ kind, type, .nest = items }

/* 17.17.17.17:443 is there, with a connection of id 1, and *:444; 80 is not. */
static const struct item known[] = {
	BYTES(EQUIC_A_SERVICE_ADDR4, 4), P(EQUIC_A_SERVICE_PORT, 443), { }
};
static const struct item wildcard[] = {
	P(EQUIC_A_SERVICE_PORT, 444), { }
};
static const struct item unknown[] = {
	BYTES(EQUIC_A_SERVICE_ADDR4, 4), P(EQUIC_A_SERVICE_PORT, 80), { }
};
static const struct item no_port[] = {
	BYTES(EQUIC_A_SERVICE_ADDR4, 4), { }
};
static const struct item both[] = {
	BYTES(EQUIC_A_SERVICE_ADDR4, 4), BYTES(EQUIC_A_SERVICE_ADDR6, 16),
	P(EQUIC_A_SERVICE_PORT, 443), { }
};
static const struct item with_quota[] = {
	P(EQUIC_A_SERVICE_PORT, 443), U32(EQUIC_A_SERVICE_QUOTA, 5), { }
};

#define KEY(port)	BYTES(EQUIC_A_SERVICE_ADDR4, 4), \
			P(EQUIC_A_SERVICE_PORT, port)
#define CONN		N(NEST, EQUIC_A_CONN_SERVICE, known)
#define PEER		BYTES(EQUIC_A_CONN_PEER4, 4)
#define PEER_PORT	P(EQUIC_A_CONN_PEER_PORT, 1000)

struct refusal {
	int			cmd;
	const char		*name;
	struct item		items[7];
	int			err;
	const char		*words;	/* in the extended ack; NULL: not asked */
	bool			dump;
};

#define SERVICE(cmd, name, err, words, ...)				\
	{ EQUIC_CMD_SERVICE_##cmd, name, { __VA_ARGS__ }, err, words }
#define REPORT(cmd, name, err, words, ...)				\
	{ EQUIC_CMD_CONN_##cmd, name, { __VA_ARGS__ }, err, words }
#define DO(cmd, name, err, words, ...)					\
	{ EQUIC_CMD_##cmd, name, { __VA_ARGS__ }, err, words }
#define DUMP(cmd, name, err, words, ...)				\
	{ EQUIC_CMD_##cmd, name, { __VA_ARGS__ }, err, words, true }

static const struct refusal refusals[] = {
	SERVICE(ADD, "no port", EINVAL, "a service needs a port",
		BYTES(EQUIC_A_SERVICE_ADDR4, 4)),
	SERVICE(ADD, "port 0", EINVAL, "a service needs a port from 1 to 65535",
		KEY(0)),
	SERVICE(ADD, "one that exists", EEXIST, "change it with set", KEY(443)),
	SERVICE(ADD, "one too many", ENOSPC,
		"raise module parameter max_services", KEY(80)),
	SERVICE(ADD, "both addresses", EINVAL,
		"an IPv4 and an IPv6 address: give one",
		KEY(80), BYTES(EQUIC_A_SERVICE_ADDR6, 16)),
	SERVICE(ADD, "0.0.0.0", EINVAL, "leave it out for any",
		ZEROS(EQUIC_A_SERVICE_ADDR4, 4), P(EQUIC_A_SERVICE_PORT, 80)),
	SERVICE(ADD, "::", EINVAL, "leave it out for any",
		ZEROS(EQUIC_A_SERVICE_ADDR6, 16), P(EQUIC_A_SERVICE_PORT, 80)),
	SERVICE(ADD, "quota 0", EINVAL, "quota 0 admits nobody",
		KEY(80), U32(EQUIC_A_SERVICE_QUOTA, 0)),
	SERVICE(ADD, "quota 2147483648", ERANGE, "quota exceeds 2147483647",
		KEY(80), U32(EQUIC_A_SERVICE_QUOTA, 0x80000000)),
	SERVICE(ADD, "mode 3", ERANGE, "integer out of range",
		KEY(80), U8(EQUIC_A_SERVICE_MODE, 3)),
	SERVICE(ADD, "no-owner 2", ERANGE, "integer out of range",
		KEY(80), U8(EQUIC_A_SERVICE_NO_OWNER, 2)),
	SERVICE(ADD, "enforce-percent 101", ERANGE, "integer out of range",
		KEY(80), U8(EQUIC_A_SERVICE_ENFORCE_PERCENT, 101)),
	SERVICE(ADD, "pending-timeout 99 ms", ERANGE, "integer out of range",
		KEY(80), U32(EQUIC_A_SERVICE_PENDING_TIMEOUT, 99)),
	SERVICE(ADD, "pending-timeout of more than an hour", ERANGE,
		"integer out of range",
		KEY(80), U32(EQUIC_A_SERVICE_PENDING_TIMEOUT, 3600001)),
	SERVICE(ADD, "default 2", ERANGE, "integer out of range",
		KEY(80), U8(EQUIC_A_SERVICE_DEFAULT, 2)),
	SERVICE(ADD, "on-overflow 2", ERANGE, "integer out of range",
		KEY(80), U8(EQUIC_A_SERVICE_ON_OVERFLOW, 2)),
	SERVICE(ADD, "prefix4 0", ERANGE, "integer out of range",
		KEY(80), U8(EQUIC_A_SERVICE_PREFIX4, 0)),
	SERVICE(ADD, "prefix4 33", ERANGE, "integer out of range",
		KEY(80), U8(EQUIC_A_SERVICE_PREFIX4, 33)),
	SERVICE(ADD, "prefix6 129", ERANGE, "integer out of range",
		KEY(80), U8(EQUIC_A_SERVICE_PREFIX6, 129)),
	SERVICE(ADD, "a read-only attribute", EINVAL, "Unknown attribute",
		KEY(80), U32(EQUIC_A_SERVICE_OPEN, 1)),
	SERVICE(ADD, "an attribute of the future", EINVAL, "Unknown attribute",
		KEY(80), U32(EQUIC_A_SERVICE_MAX + 1, 1)),
	SERVICE(ADD, "an IPv4 address of 3 bytes", EINVAL,
		"invalid attribute length",
		BYTES(EQUIC_A_SERVICE_ADDR4, 3), P(EQUIC_A_SERVICE_PORT, 80)),
	SERVICE(ADD, "an IPv6 address of 15 bytes", ERANGE,
		"attribute size out of range",
		BYTES(EQUIC_A_SERVICE_ADDR6, 15), P(EQUIC_A_SERVICE_PORT, 80)),
	SERVICE(ADD, "an IPv6 address of 17 bytes", ERANGE,
		"attribute size out of range",
		BYTES(EQUIC_A_SERVICE_ADDR6, 17), P(EQUIC_A_SERVICE_PORT, 80)),
	SERVICE(ADD, "a port of 4 bytes", EINVAL, "invalid attribute length",
		BYTES(EQUIC_A_SERVICE_ADDR4, 4),
		U32(EQUIC_A_SERVICE_PORT, 80)),
	SERVICE(ADD, "a quota of 8 bytes", EINVAL, "invalid attribute length",
		KEY(80), U64(EQUIC_A_SERVICE_QUOTA, 5)),
	SERVICE(ADD, "a mode of no bytes", EINVAL, "invalid attribute length",
		KEY(80), BYTES(EQUIC_A_SERVICE_MODE, 0)),

	SERVICE(SET, "an unknown service", ENOENT,
		"no such service in this namespace",
		KEY(80), U32(EQUIC_A_SERVICE_QUOTA, 5)),
	SERVICE(SET, "quota 0", EINVAL, "quota 0 admits nobody",
		KEY(443), U8(EQUIC_A_SERVICE_MODE, 1),
		U32(EQUIC_A_SERVICE_QUOTA, 0)),
	SERVICE(SET, "a prefix while clients are counted", EBUSY,
		"prefix length cannot change", KEY(443),
		U8(EQUIC_A_SERVICE_PREFIX4, 24),
		U8(EQUIC_A_SERVICE_MODE, 1)),
	SERVICE(SET, "no name", EINVAL, "a service needs a port",
		U32(EQUIC_A_SERVICE_QUOTA, 5)),
	SERVICE(DEL, "an unknown service", ENOENT,
		"no such service in this namespace", KEY(80)),
	SERVICE(DEL, "a knob", EINVAL, "Unknown attribute",
		KEY(443), U32(EQUIC_A_SERVICE_QUOTA, 5)),
	SERVICE(GET, "an unknown service", ENOENT,
		"no such service in this namespace", KEY(80)),
	SERVICE(GET, "no name", EINVAL, "a service needs a port", { }),

	REPORT(ACCEPTED, "no service", EINVAL, "the service is missing",
	       PEER, PEER_PORT),
	REPORT(ACCEPTED, "an unknown service", ENOENT, "no such service",
	       N(NEST, EQUIC_A_CONN_SERVICE, unknown), PEER, PEER_PORT),
	REPORT(ACCEPTED, "a service without port", EINVAL, "needs a port",
	       N(NEST, EQUIC_A_CONN_SERVICE, no_port), PEER, PEER_PORT),
	REPORT(ACCEPTED, "a service of two addresses", EINVAL, "give one",
	       N(NEST, EQUIC_A_CONN_SERVICE, both), PEER, PEER_PORT),
	REPORT(ACCEPTED, "a service with a knob", EINVAL, "Unknown attribute",
	       N(NEST, EQUIC_A_CONN_SERVICE, with_quota), PEER, PEER_PORT),
	REPORT(ACCEPTED, "a nest without its flag", EINVAL, "NLA_F_NESTED",
	       N(NEST_PLAIN, EQUIC_A_CONN_SERVICE, known), PEER, PEER_PORT),
	REPORT(ACCEPTED, "a nest cut short", EINVAL, NULL,
	       N(NEST_CUT, EQUIC_A_CONN_SERVICE, known), PEER, PEER_PORT),
	REPORT(ACCEPTED, "no client", EINVAL, "the client's address is missing",
	       CONN, PEER_PORT),
	REPORT(ACCEPTED, "a client of two addresses", EINVAL, "give one",
	       CONN, PEER, BYTES(EQUIC_A_CONN_PEER6, 16), PEER_PORT),
	REPORT(ACCEPTED, "a server of two addresses", EINVAL, "give one",
	       CONN, PEER, BYTES(EQUIC_A_CONN_LOCAL4, 4),
	       BYTES(EQUIC_A_CONN_LOCAL6, 16)),
	REPORT(ACCEPTED, "odcid without scid", EINVAL, "give both or none",
	       CONN, PEER, PEER_PORT, BYTES(EQUIC_A_CONN_ODCID, 8)),
	REPORT(OPEN, "scid without odcid", EINVAL, "give both or none",
	       CONN, PEER, PEER_PORT, BYTES(EQUIC_A_CONN_SCID, 8)),
	REPORT(OPEN, "a handshake without port", EINVAL,
	       "a handshake needs the client's address and port",
	       CONN, PEER, BYTES(EQUIC_A_CONN_ODCID, 8),
	       BYTES(EQUIC_A_CONN_SCID, 8)),
	REPORT(OPEN, "an odcid of 21 bytes", ERANGE, NULL,
	       CONN, PEER, PEER_PORT, BYTES(EQUIC_A_CONN_ODCID, 21),
	       BYTES(EQUIC_A_CONN_SCID, 8)),
	REPORT(OPEN, "a scid of 21 bytes", ERANGE, NULL,
	       CONN, PEER, PEER_PORT, BYTES(EQUIC_A_CONN_ODCID, 8),
	       BYTES(EQUIC_A_CONN_SCID, 21)),
	REPORT(OPEN, "a cid of 255 bytes", ERANGE, NULL,
	       CONN, PEER, PEER_PORT, BYTES(EQUIC_A_CONN_CID, 255)),
	REPORT(OPEN, "id 0", ERANGE, "integer out of range",
	       CONN, PEER, PEER_PORT, U32(EQUIC_A_CONN_ID, 0)),
	REPORT(OPEN, "an id of another client's connection", EEXIST,
	       "the id is in use for another connection",
	       CONN, BYTES(EQUIC_A_CONN_PEER6, 16), PEER_PORT,
	       U32(EQUIC_A_CONN_ID, 1)),
	REPORT(OPEN, "an id of another service's connection", EEXIST,
	       "the id is in use", N(NEST, EQUIC_A_CONN_SERVICE, wildcard),
	       PEER, PEER_PORT, U32(EQUIC_A_CONN_ID, 1)),
	REPORT(OPEN, "a read-only attribute", EINVAL, "Unknown attribute",
	       CONN, PEER, PEER_PORT, U8(EQUIC_A_CONN_STATE, 1)),
	REPORT(OPEN, "no client", EINVAL, "the client's address is missing",
	       CONN, U32(EQUIC_A_CONN_ID, 2)),
	REPORT(CLOSE, "an unknown id", ENOENT, "never reported, or ended",
	       CONN, U32(EQUIC_A_CONN_ID, 77)),
	REPORT(CLOSE, "an unknown handshake", ENOENT, "never reported",
	       CONN, PEER, P(EQUIC_A_CONN_PEER_PORT, 1001),
	       BYTES(EQUIC_A_CONN_ODCID, 3), BYTES(EQUIC_A_CONN_SCID, 3)),
	REPORT(CLOSE, "nothing that names it", EINVAL,
	       "the client's address is missing", CONN),
	REPORT(MOVE, "an unknown id", ENOENT, "never reported, or ended",
	       CONN, PEER, PEER_PORT, U32(EQUIC_A_CONN_ID, 77)),
	REPORT(MOVE, "no id", EINVAL, "needs the connection's id",
	       CONN, PEER, PEER_PORT),
	REPORT(MOVE, "no port", EINVAL, "new address and port",
	       CONN, PEER, U32(EQUIC_A_CONN_ID, 1)),
	REPORT(MOVE, "no address", EINVAL, "the client's address is missing",
	       CONN, PEER_PORT, U32(EQUIC_A_CONN_ID, 1)),
	REPORT(CID, "no cid", EINVAL, "a connection ID are needed",
	       CONN, U32(EQUIC_A_CONN_ID, 1)),
	REPORT(CID, "no id", EINVAL, "the connection's id",
	       CONN, BYTES(EQUIC_A_CONN_CID, 8)),
	REPORT(CID, "an unknown id", ENOENT, "never reported, or ended",
	       CONN, U32(EQUIC_A_CONN_ID, 77), BYTES(EQUIC_A_CONN_CID, 8)),
	REPORT(CID, "one that was never issued, removed", ENOENT,
	       "no such connection ID", CONN, U32(EQUIC_A_CONN_ID, 1),
	       BYTES(EQUIC_A_CONN_CID, 9), BYTES(EQUIC_A_CONN_CID_REMOVE, 0)),
	REPORT(CID, "one too many", ENOSPC, "too many connection IDs",
	       CONN, U32(EQUIC_A_CONN_ID, 1), BYTES(EQUIC_A_CONN_CID, 20)),

	DO(RESYNC, "no phase", EINVAL, "begin or end",
	   N(NEST, EQUIC_A_RESYNC_SERVICE, known)),
	DO(RESYNC, "phase 2", ERANGE, "integer out of range",
	   N(NEST, EQUIC_A_RESYNC_SERVICE, known),
	   U8(EQUIC_A_RESYNC_PHASE, 2)),
	DO(RESYNC, "no service", EINVAL, "the service is missing",
	   U8(EQUIC_A_RESYNC_PHASE, 0)),
	DO(RESYNC, "an unknown service", ENOENT, "no such service",
	   N(NEST, EQUIC_A_RESYNC_SERVICE, unknown),
	   U8(EQUIC_A_RESYNC_PHASE, 0)),
	DO(STATS_GET, "an unknown service", ENOENT, "no such service",
	   N(NEST, EQUIC_A_STATS_SERVICE, unknown)),
	DO(STATS_GET, "a counter", EINVAL, "Unknown attribute",
	   U32(EQUIC_A_STATS_OPEN, 1)),
	DO(FLUSH, "an unknown service", ENOENT, "no such service",
	   N(NEST, EQUIC_A_FLUSH_SERVICE, unknown)),
	DO(BYPASS, "no time", EINVAL, "how long is missing",
	   N(NEST, EQUIC_A_BYPASS_SERVICE, known)),
	DO(BYPASS, "an unknown service", ENOENT, "no such service",
	   N(NEST, EQUIC_A_BYPASS_SERVICE, unknown),
	   U32(EQUIC_A_BYPASS_FOR, 1000)),
	DO(CLIENT_GET, "without dump", EOPNOTSUPP, NULL, { }),
	DO(CONN_GET, "without dump", EOPNOTSUPP, NULL, { }),
	DO(EVENT, "a request", EOPNOTSUPP, NULL, { }),
	{ EQUIC_CMD_MAX + 1, "a command of the future", { }, EOPNOTSUPP },

	DUMP(CLIENT_GET, "an unknown service", ENOENT, "no such service",
	     N(NEST, EQUIC_A_CLIENT_SERVICE, unknown)),
	DUMP(CLIENT_GET, "a prefix length alone", EINVAL,
	     "without an address", U8(EQUIC_A_CLIENT_PREFIX_LEN, 8)),
	DUMP(CLIENT_GET, "10.0.0.0/33", EINVAL, "exceeds that of the address",
	     BYTES(EQUIC_A_CLIENT_ADDR4, 4),
	     U8(EQUIC_A_CLIENT_PREFIX_LEN, 33)),
	DUMP(CLIENT_GET, "a prefix of 129 bits", ERANGE,
	     "integer out of range", BYTES(EQUIC_A_CLIENT_ADDR6, 16),
	     U8(EQUIC_A_CLIENT_PREFIX_LEN, 129)),
	DUMP(CLIENT_GET, "both addresses", EINVAL, "give one",
	     BYTES(EQUIC_A_CLIENT_ADDR4, 4), BYTES(EQUIC_A_CLIENT_ADDR6, 16)),
	DUMP(CONN_GET, "an unknown service", ENOENT, "no such service",
	     N(NEST, EQUIC_A_CONN_SERVICE, unknown)),
	DUMP(CONN_GET, "a connection's id", EINVAL, "Unsupported attribute",
	     U32(EQUIC_A_CONN_ID, 1)),
	DUMP(CONN_GET, "a prefix length alone", EINVAL, "without an address",
	     U8(EQUIC_A_CONN_CLIENT_PREFIX_LEN, 8)),
	DUMP(STATS_GET, "a dump", EOPNOTSUPP, NULL, { }),
};

static const char *const commands[] = {
	[EQUIC_CMD_SERVICE_ADD]		= "service-add",
	[EQUIC_CMD_SERVICE_SET]		= "service-set",
	[EQUIC_CMD_SERVICE_DEL]		= "service-del",
	[EQUIC_CMD_SERVICE_GET]		= "service-get",
	[EQUIC_CMD_CLIENT_GET]		= "client-get",
	[EQUIC_CMD_CONN_ACCEPTED]	= "conn-accepted",
	[EQUIC_CMD_CONN_OPEN]		= "conn-open",
	[EQUIC_CMD_CONN_CLOSE]		= "conn-close",
	[EQUIC_CMD_CONN_MOVE]		= "conn-move",
	[EQUIC_CMD_CONN_CID]		= "conn-cid",
	[EQUIC_CMD_CONN_GET]		= "conn-get",
	[EQUIC_CMD_RESYNC]		= "resync",
	[EQUIC_CMD_STATS_GET]		= "stats-get",
	[EQUIC_CMD_FLUSH]		= "flush",
	[EQUIC_CMD_BYPASS]		= "bypass",
	[EQUIC_CMD_EVENT]		= "event",
	[EQUIC_CMD_MAX + 1]		= "unknown",
};

static struct nl nl;
static struct endpoint svc = { .port = 443 }, any = { .port = 444 };
static struct endpoint peer = { .port = 1000 };

static void put_items(struct nlm *m, const struct item *item)
{
	__u8 fill[256];
	__u64 value;
	size_t nest;

	for (; item->kind != END; item++) {
		memset(fill, item->kind == FILL ? 0x11 : 0, sizeof(fill));
		value = item->kind == PORT ? htons(item->value) : item->value;
		if (item->kind == NUMBER || item->kind == PORT)
			nlm_put(m, item->type, &value, item->size);
		else if (item->kind == FILL || item->kind == ZERO)
			nlm_put(m, item->type, fill, item->size);
		if (!item->nest)
			continue;
		nest = nlm_nest(m, item->type);
		put_items(m, item->nest);
		nlm_end(m, nest);
		if (item->kind == NEST_PLAIN)
			((struct nlattr *)(m->bytes + nest))->nla_type =
				item->type;
		/* Its first attribute claims to be longer than the nest. */
		if (item->kind == NEST_CUT)
			((struct nlattr *)(m->bytes + nest +
					   NLA_HDRLEN))->nla_len = 200;
	}
}

/* All that a request could have changed. */
struct state {
	struct shown	services[3];
	struct stats	totals;
	struct conn	conns[4];
	int		nr_services, nr_conns;
};

static void read_state(struct state *state)
{
	int i;

	memset(state, 0, sizeof(*state));
	state->nr_services = services_dump(&nl, state->services, 3);
	state->nr_conns = conns_dump(&nl, NULL, NULL, 0, state->conns, 4);
	state->totals = stats_of(&nl, NULL);
	for (i = 0; i < 4; i++)
		state->conns[i].age_ms = 0;
}

static bool refused(const struct refusal *r, char *words)
{
	static struct state before, after;
	struct nlm m;
	int err;

	read_state(&before);
	nlm_begin(&m, r->cmd, 0);
	put_items(&m, r->items);
	err = r->dump ? nl_dump(&nl, &m, NULL, NULL) : nl_do(&nl, &m, NULL);
	strcpy(words, nl.words);
	if (err != -r->err) {
		ktap_diag("errno %d, should be %d: \"%s\"", -err, r->err,
			  words);
		return false;
	}
	if (r->words && !strstr(words, r->words)) {
		ktap_diag("\"%s\", should have \"%s\"", words, r->words);
		return false;
	}
	read_state(&after);
	if (memcmp(&before, &after, sizeof(before))) {
		ktap_diag("it changed something");
		return false;
	}
	return true;
}

static void test_refusals(void)
{
	char words[NL_WORDS_MAX];
	size_t i;

	for (i = 0; i < sizeof(refusals) / sizeof(*refusals); i++) {
		bool ok = refused(&refusals[i], words);

		ktap_result(ok, "%s: %s: %s", commands[refusals[i].cmd],
			    refusals[i].name, *words ? words : "refused");
	}
}

/* Messages that are no request at all. */
static void test_headers(void)
{
	struct nlm m;

	nlm_begin(&m, EQUIC_CMD_STATS_GET, 0);
	m.bytes[NLMSG_HDRLEN + 2] = 1;
	ktap_result(nl_do(&nl, &m, NULL) == -EINVAL,
		    "a reserved field that is not 0");
	nlm_begin(&m, EQUIC_CMD_STATS_GET, 0);
	m.len = NLMSG_HDRLEN + 2;
	ktap_result(nl_do(&nl, &m, NULL) == -EINVAL,
		    "half a generic netlink header");
	nlm_begin(&m, EQUIC_CMD_STATS_GET, 0);
	memset(m.bytes + m.len, 0, 3);
	m.len += 3;
	ktap_result(nl_do(&nl, &m, NULL) == -EINVAL,
		    "bytes behind the last attribute");
}

static bool counts(const struct endpoint *service, unsigned int open,
		   unsigned int pending)
{
	struct stats stats = stats_of(&nl, service);

	if (stats.open == open && stats.pending == pending)
		return true;
	ktap_diag("open %llu pending %llu, should be %u and %u", stats.open,
		  stats.pending, open, pending);
	return false;
}

/* A handshake is named without the server's address: the service has none. */
static void test_repeats(void)
{
	struct cid one = cid_of(1);
	struct report r = {
		.service = &any, .peer = peer, .odcid = &one, .scid = &one,
	};
	bool ok;

	ok = !conn_report(&nl, EQUIC_CMD_CONN_ACCEPTED, &r) &&
	     !conn_report(&nl, EQUIC_CMD_CONN_ACCEPTED, &r);
	ktap_result(ok && counts(&any, 0, 1),
		    "conn-accepted: repeated, it changes nothing");
	ok = !conn_report(&nl, EQUIC_CMD_CONN_OPEN, &r) &&
	     !conn_report(&nl, EQUIC_CMD_CONN_OPEN, &r);
	ktap_result(ok && counts(&any, 1, 0),
		    "conn-open: repeated, it changes nothing");
	ok = !conn_report(&nl, EQUIC_CMD_CONN_CLOSE, &r) &&
	     conn_report(&nl, EQUIC_CMD_CONN_CLOSE, &r) == -ENOENT;
	ktap_result(ok && counts(&any, 0, 0),
		    "conn-close: repeated, it is refused and changes nothing");
}

/* The calls of the paper: with the client's address alone. */
static void test_paper(void)
{
	struct endpoint client = { .addr = peer.addr };
	struct report inc = { .service = &any, .peer = client };
	bool ok;

	ok = !conn_accepted(&nl, .service = &any, .peer = peer, .id = 9) &&
	     counts(&any, 0, 1) &&
	     !conn_report(&nl, EQUIC_CMD_CONN_OPEN, &inc);
	ktap_result(ok && counts(&any, 1, 0),
		    "inc confirms the client's oldest pending connection");
	ok = !conn_report(&nl, EQUIC_CMD_CONN_OPEN, &inc);
	ktap_result(ok && counts(&any, 2, 0),
		    "inc without one makes an anonymous open one");
	ok = !conn_report(&nl, EQUIC_CMD_CONN_CLOSE, &inc) &&
	     conn_close(&nl, .service = &any, .id = 9) == -ENOENT;
	ktap_result(ok && counts(&any, 1, 0), "dec ends the oldest");
	ok = !conn_report(&nl, EQUIC_CMD_CONN_CLOSE, &inc) &&
	     conn_report(&nl, EQUIC_CMD_CONN_CLOSE, &inc) == -ENOENT;
	ktap_result(ok && counts(&any, 0, 0), "dec without one is refused");
}

static void test_knobs(void)
{
	static const struct { int knob; __u32 value; } knobs[] = {
		{ EQUIC_A_SERVICE_QUOTA, EQUIC_QUOTA_MAX },
		{ EQUIC_A_SERVICE_MODE, EQUIC_MODE_COUNT },
		{ EQUIC_A_SERVICE_NO_OWNER, EQUIC_NO_OWNER_ENFORCE },
		{ EQUIC_A_SERVICE_ENFORCE_PERCENT, 0 },
		{ EQUIC_A_SERVICE_PENDING_TIMEOUT, 3600000 },
		{ EQUIC_A_SERVICE_DEFAULT, EQUIC_DEFAULT_DENY },
		{ EQUIC_A_SERVICE_ON_OVERFLOW, EQUIC_ON_OVERFLOW_DROP },
		{ EQUIC_A_SERVICE_PREFIX4, 1 },
		{ EQUIC_A_SERVICE_PREFIX6, 128 },
		{ EQUIC_A_SERVICE_OWNER_UID, 1000 },
		{ EQUIC_A_SERVICE_OWNER_UID, EQUIC_UID_NONE },
		{ EQUIC_A_SERVICE_QUOTA, EQUIC_QUOTA_NONE },
	};
	struct shown before, after;
	bool ok = true;
	size_t i;

	for (i = 0; i < sizeof(knobs) / sizeof(*knobs); i++) {
		ok &= !service_get(&nl, &any, &before) &&
		      !service_set(&nl, &any, knobs[i].knob, knobs[i].value) &&
		      !service_get(&nl, &any, &after);
		before.knob[knobs[i].knob] = knobs[i].value;
		if (memcmp(before.knob, after.knob, sizeof(before.knob))) {
			ktap_diag("knob %d", knobs[i].knob);
			ok = false;
		}
	}
	ktap_result(ok, "service-set: each knob is set, and no other");
}

int main(void)
{
	__u64 n;

	ktap_begin();
	module_load("max_clients=64 max_conns=256 max_services=2");
	nl_open(&nl);
	svc.addr = addr_of("17.17.17.17");
	peer.addr = addr_of("17.17.17.17");
	service_add(&nl, &svc, EQUIC_A_SERVICE_QUOTA, 5);
	service_add(&nl, &any);
	conn_open(&nl, .service = &svc, .id = 1, .peer = peer);
	for (n = 1; n <= EQUIC_CONN_CIDS_MAX; n++) {
		struct cid cid = cid_of(n);

		conn_cid(&nl, .service = &svc, .id = 1, .cid = &cid);
	}
	test_refusals();
	test_headers();
	test_repeats();
	test_paper();
	test_knobs();
	nl_close(&nl);
	module_unload();
	return ktap_end();
}
