// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random and damaged requests: each is answered, none harms, and what is
 * refused changes nothing.
 *
 *   fuzz [MESSAGES [SEED]]
 */
#include <string.h>
#include "chance.h"
#include "family.h"
#include "ktap.h"
#include "module.h"

enum {
	MESSAGES	= 50000,
	/* Refused ones between two looks at everything. */
	LOOK_EVERY	= 10,
	SERVICES	= 64,
	CONNS		= 256,
	KEYS		= 16,
	KEYS_BYTES	= 16384,
};

static struct chance chance;
static struct nl nl, watcher;

static unsigned int any(unsigned int n)
{
	return chance_of(&chance, n);
}

static void any_bytes(__u8 *bytes, size_t len)
{
	while (len--)
		*bytes++ = chance_next(&chance);
}

/* Sizes that attributes have, and others. */
static size_t any_size(void)
{
	static const size_t sizes[] = { 1, 2, 4, 4, 8, 16, 20 };

	return any(4) ? sizes[any(sizeof(sizes) / sizeof(*sizes))] : any(40);
}

static void put_any(struct nlm *m, int depth)
{
	__u8 bytes[64];
	size_t size = any_size(), nest;
	int type = any(EQUIC_A_KEY_MAX + 3);

	if (!any(6) && depth < 3) {
		nest = nlm_nest(m, type);
		for (type = any(4); type; type--)
			put_any(m, depth + 1);
		nlm_end(m, nest);
		return;
	}
	any_bytes(bytes, size);
	/* Often small numbers, which ranges allow. */
	if (any(2))
		memset(bytes + 1, 0, size > 1 ? size - 1 : 0);
	nlm_put(m, type, bytes, size);
}

static struct endpoint any_service(void)
{
	struct endpoint svc = { .port = 443 + any(3) };

	if (any(2))
		svc.addr = addr_of(any(2) ? "192.0.2.1" : "2001:db8::1");
	return svc;
}

/* Ids of some of the keys that were granted: numbers are not used again. */
static __u32 key_ids[KEYS];

static void put_secret(struct nlm *m, int type, size_t len)
{
	__u8 bytes[32];

	any_bytes(bytes, sizeof(bytes));
	nlm_put(m, type, bytes, len);
}

/* A key's, or the next epoch's. */
static void put_key(struct nlm *m, int cmd)
{
	size_t len = 16;

	if (cmd == EQUIC_CMD_KEY_ADD) {
		__u8 cipher = any(4);

		nlm_put_u8(m, EQUIC_A_KEY_USE, any(2));
		nlm_put_u8(m, EQUIC_A_KEY_LEVEL, any(2) ? 3 : any(5));
		nlm_put_u8(m, EQUIC_A_KEY_CIPHER, cipher);
		len = cipher == EQUIC_CIPHER_AES_128_GCM ? 16 : 32;
		put_secret(m, EQUIC_A_KEY_HEADER, len);
	} else {
		nlm_put_u32(m, EQUIC_A_KEY_ID, key_ids[any(KEYS)]);
		len = any(2) ? 16 : 32;
	}
	if (cmd == EQUIC_CMD_KEY_ADD || cmd == EQUIC_CMD_KEY_UPDATE) {
		if (cmd == EQUIC_CMD_KEY_UPDATE || any(2))
			nlm_put_u32(m, EQUIC_A_KEY_EPOCH, any(3));
		if (any(2))
			nlm_put_u32(m, EQUIC_A_KEY_PN, chance_next(&chance));
		put_secret(m, EQUIC_A_KEY_KEY, len);
		put_secret(m, EQUIC_A_KEY_IV, 12);
	}
}

/* A request that may well be granted, to be damaged. */
static void put_valid(struct nlm *m, int cmd)
{
	struct endpoint svc = any_service();
	struct in6_addr peer = addr_of("10.0.0.1");

	peer.s6_addr[15] = any(8);
	switch (cmd) {
	case EQUIC_CMD_SERVICE_ADD:
	case EQUIC_CMD_SERVICE_SET:
		nlm_put_service(m, &svc);
		nlm_put_u32(m, EQUIC_A_SERVICE_QUOTA, any(10));
		nlm_put_u8(m, EQUIC_A_SERVICE_MODE, any(4));
		nlm_put_u8(m, EQUIC_A_SERVICE_PREFIX4, any(34));
		break;
	case EQUIC_CMD_SERVICE_DEL:
	case EQUIC_CMD_SERVICE_GET:
		nlm_put_service(m, &svc);
		break;
	case EQUIC_CMD_BYPASS:
		nlm_nest_service(m, EQUIC_A_BYPASS_SERVICE, &svc);
		nlm_put_u32(m, EQUIC_A_BYPASS_FOR, any(2));
		break;
	case EQUIC_CMD_KEY_ADD:
	case EQUIC_CMD_KEY_UPDATE:
	case EQUIC_CMD_KEY_DEL:
		put_key(m, cmd);
		break;
	default:
		/* The service comes first in all the others. */
		nlm_nest_service(m, EQUIC_A_CONN_SERVICE, &svc);
		if (cmd == EQUIC_CMD_RESYNC) {
			nlm_put_u8(m, EQUIC_A_RESYNC_PHASE, any(3));
		} else if (cmd >= EQUIC_CMD_CONN_ACCEPTED &&
			   cmd <= EQUIC_CMD_CONN_CID) {
			nlm_put_u32(m, EQUIC_A_CONN_ID, any(30));
			nlm_put_addr(m, EQUIC_A_CONN_PEER4, EQUIC_A_CONN_PEER6,
				     &peer);
			nlm_put_u16(m, EQUIC_A_CONN_PEER_PORT, any(4));
			nlm_put_u32(m, EQUIC_A_CONN_ODCID, any(4));
			nlm_put_u32(m, EQUIC_A_CONN_SCID, any(4));
			nlm_put_u32(m, EQUIC_A_CONN_CID, any(16));
		}
	}
}

/* Anything but the first header, which the answer is recognized by. */
static void damage(struct nlm *m)
{
	unsigned int n = any(4);
	size_t body = m->len - NLMSG_HDRLEN;

	while (n-- && body)
		m->bytes[NLMSG_HDRLEN + any(body)] = chance_next(&chance);
	if (!any(8))
		m->len = NLMSG_HDRLEN + any(body + 1);
}

static void any_message(struct nlm *m)
{
	int cmd = any(EQUIC_CMD_MAX + 2), n;

	nlm_begin(m, cmd, any(8) ? 0 : NLM_F_DUMP);
	if (any(3)) {
		put_valid(m, cmd);
		damage(m);
		return;
	}
	for (n = any(8); n; n--)
		put_any(m, 0);
	if (!any(4))
		damage(m);
}

/* No request that the kernel could answer: only that it survives. */
static void send_debris(void)
{
	struct nlm m;

	any_message(&m);
	m.hdr.nlmsg_len = any(2 * m.len);
	m.hdr.nlmsg_seq = 0;
	m.hdr.nlmsg_flags &= ~(NLM_F_ACK | NLM_F_DUMP);
	/* What is too short is an error of its own message, or of none. */
	nl_send_raw(&nl, m.bytes, 1 + any(m.len));
}

/* What the dump says of the keys, as it is. */
struct keys {
	int	nr;
	size_t	len;
	__u8	bytes[KEYS_BYTES];
};

static void on_key(const struct nlattr *attrs, size_t len, void *arg)
{
	const struct nlattr *table[EQUIC_A_KEY_MAX + 1];
	struct keys *keys = arg;

	nla_table(table, EQUIC_A_KEY_MAX, attrs, len);
	key_ids[keys->nr++ % KEYS] = nla_number(table[EQUIC_A_KEY_ID]);
	if (keys->len + len > sizeof(keys->bytes))
		ktap_bail("more keys than expected");
	memcpy(keys->bytes + keys->len, attrs, len);
	keys->len += len;
}

static int keys_dump(struct keys *keys)
{
	struct nlm m;

	memset(keys, 0, sizeof(*keys));
	nlm_begin(&m, EQUIC_CMD_KEY_GET, 0);
	if (nl_dump(&watcher, &m, on_key, keys))
		ktap_bail("keys: %s", watcher.words);
	return keys->nr;
}

/* A number that says whether anything is other than it was. */
static __u64 look(void)
{
	static struct keys keys;
	static struct shown shown[SERVICES];
	static struct conn conns[CONNS];
	const __u8 *bytes[] = { (void *)shown, (void *)conns, (void *)&keys };
	size_t sizes[] = { sizeof(shown), sizeof(conns), sizeof(keys) }, i, j;
	__u64 sum = 0xcbf29ce484222325ULL;

	memset(shown, 0, sizeof(shown));
	memset(conns, 0, sizeof(conns));
	services_dump(&watcher, shown, SERVICES);
	conns_dump(&watcher, NULL, NULL, 0, conns, CONNS);
	keys_dump(&keys);
	for (i = 0; i < CONNS; i++)
		conns[i].age_ms = 0;
	/* A bypass ends by itself. */
	for (i = 0; i < SERVICES; i++) {
		shown[i].bypass = 0;
		shown[i].idle &= ~EQUIC_IDLE_BYPASS;
	}
	/* FNV-1a, eight bytes at a time. */
	for (i = 0; i < 3; i++)
		for (j = 0; j + 8 <= sizes[i]; j += 8)
			sum = (sum ^ *(__u64 *)(bytes[i] + j)) *
			      0x100000001b3ULL;
	return sum;
}

/* Nothing may expire between two looks. */
static void settle(void)
{
	static struct shown shown[SERVICES];
	int n = services_dump(&watcher, shown, SERVICES), i;

	for (i = 0; i < n && i < SERVICES; i++)
		if (shown[i].knob[EQUIC_A_SERVICE_PENDING_TIMEOUT] !=
		    EQUIC_PENDING_TIMEOUT_MAX_MS)
			service_set(&watcher, &shown[i].name,
				    EQUIC_A_SERVICE_PENDING_TIMEOUT,
				    EQUIC_PENDING_TIMEOUT_MAX_MS);
}

int main(int argc, char **argv)
{
	unsigned int by_cmd[256] = { }, i, granted = 0, changed = 0, quiet = 0, unsent = 0;
	static struct keys left;
	struct stats stats;
	struct nlm m;
	struct plan plan;
	__u64 before;
	int err;

	ktap_begin();
	plan = chance_plan(argc, argv, MESSAGES, "messages");
	chance_seed(&chance, plan.seed);
	module_load("max_clients=64 max_conns=128 max_services=32 max_keys=16");
	nl_open(&nl);
	nl_open(&watcher);
	before = look();
	for (i = 0; i < plan.count && !changed; i++) {
		if (!any(20)) {
			send_debris();
			/* It may have been a request, and granted. */
			nlm_begin(&m, EQUIC_CMD_STATS_GET, 0);
			unsent += nl_do(&nl, &m, NULL) != 0;
			settle();
			before = look();
			quiet = 0;
			continue;
		}
		any_message(&m);
		err = nl_do(&nl, &m, NULL);
		if (!err) {
			granted++;
			by_cmd[m.bytes[NLMSG_HDRLEN]]++;
			settle();
			before = look();
			quiet = 0;
		} else if (++quiet == LOOK_EVERY) {
			changed += look() != before;
			quiet = 0;
			if (changed)
				ktap_diag("one of messages %u to %u, the last of command %d: %s",
					  i + 1 - LOOK_EVERY, i,
					  m.bytes[NLMSG_HDRLEN], nl.words);
		}
	}
	ktap_diag("%u granted", granted);
	ktap_result(!changed, "what is refused changes nothing");
	ktap_result(!unsent, "the family answers after debris");
	ktap_result(granted > plan.count / 100 && granted < plan.count,
		    "some requests are granted, not all");
	ktap_diag("%u keys added, %u updated, %u taken back",
		  by_cmd[EQUIC_CMD_KEY_ADD], by_cmd[EQUIC_CMD_KEY_UPDATE],
		  by_cmd[EQUIC_CMD_KEY_DEL]);
	ktap_result(by_cmd[EQUIC_CMD_KEY_ADD] && by_cmd[EQUIC_CMD_KEY_UPDATE] &&
		    by_cmd[EQUIC_CMD_KEY_DEL], "some of them about keys");
	nl_close(&nl);
	stats = stats_of(&watcher, NULL);
	ktap_result(!stats.owners && !stats.open && !stats.pending &&
		    !keys_dump(&left),
		    "with the sender its connections and keys go");
	nl_close(&watcher);
	module_unload();
	return ktap_end();
}
