// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random and damaged requests: each is answered, none harms, and what is
 * refused changes nothing.
 *
 *   fuzz [MESSAGES [SEED]]
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
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
	int type = any(20);

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

/* A number that says whether anything is other than it was. */
static __u64 look(void)
{
	static struct shown shown[SERVICES];
	static struct conn conns[CONNS];
	const __u8 *bytes[] = { (void *)shown, (void *)conns };
	size_t sizes[] = { sizeof(shown), sizeof(conns) }, i, j;
	__u64 sum = 0xcbf29ce484222325ULL;

	memset(shown, 0, sizeof(shown));
	memset(conns, 0, sizeof(conns));
	services_dump(&watcher, shown, SERVICES);
	conns_dump(&watcher, NULL, NULL, 0, conns, CONNS);
	for (i = 0; i < CONNS; i++)
		conns[i].age_ms = 0;
	/* A bypass ends by itself. */
	for (i = 0; i < SERVICES; i++) {
		shown[i].bypass = 0;
		shown[i].idle &= ~EQUIC_IDLE_BYPASS;
	}
	/* FNV-1a, eight bytes at a time. */
	for (i = 0; i < 2; i++)
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
	unsigned int messages = argc > 1 ? atoi(argv[1]) : MESSAGES;
	__u64 seed = argc > 2 ? strtoull(argv[2], NULL, 0) :
				(__u64)time(NULL) << 20 ^ getpid();
	unsigned int i, granted = 0, changed = 0, quiet = 0, unsent = 0;
	struct stats stats;
	struct nlm m;
	__u64 before;
	int err;

	ktap_begin();
	ktap_diag("%u messages, seed %llu", messages, seed);
	chance_seed(&chance, seed);
	module_load("max_clients=64 max_conns=128 max_services=32");
	nl_open(&nl);
	nl_open(&watcher);
	before = look();
	for (i = 0; i < messages && !changed; i++) {
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
	ktap_result(granted > messages / 100 && granted < messages,
		    "some requests are granted, not all");
	nl_close(&nl);
	stats = stats_of(&watcher, NULL);
	ktap_result(!stats.owners && !stats.open && !stats.pending,
		    "with the sender its connections go");
	nl_close(&watcher);
	module_unload();
	return ktap_end();
}
