// SPDX-License-Identifier: GPL-2.0-only
#include "verdict.h"
#include "bypass.h"
#include "client.h"
#include "conn.h"
#include "event.h"
#include "lookup.h"
#include "netns.h"
#include "service.h"
#include "trace.h"

#include <linux/netdevice.h>

/* What is decided on, and what is known of it so far. */
struct verdict {
	const struct net_device *dev;
	const struct bpf_equic_pkt *pkt;
	struct equic_net *en;
	struct equic_service *svc;
	struct equic_client *client;	/* NULL: not in the table */
	u32 hash;			/* of the client */
};

static const struct in6_addr *pkt_addr(const __be32 addr[4])
{
	return (const struct in6_addr *)addr;
}

static void take_cid(struct equic_cid *cid, const u8 *data, u8 len)
{
	cid->len = min_t(u8, len, EQUIC_CID_MAX_LEN);
	memset(cid->data, 0, sizeof(cid->data));
	memcpy(cid->data, data, cid->len);
}

void equic_handshake_of(struct equic_handshake *hs,
			const struct equic_service *svc,
			const struct bpf_equic_pkt *pkt)
{
	hs->key.peer = *pkt_addr(pkt->saddr);
	/* A program may hand us memory that it goes on writing to. */
	take_cid(&hs->key.scid, pkt->scid, READ_ONCE(pkt->scid_len));
	hs->key.zero = 0;
	hs->key.peer_port = pkt->sport;
	hs->key.local = *pkt_addr(pkt->daddr);
	hs->key.svc = svc->id;
	hs->key.local_port = pkt->dport;
	memset(hs->key.zero2, 0, sizeof(hs->key.zero2));
	take_cid(&hs->dcid, pkt->dcid, READ_ONCE(pkt->dcid_len));
	hs->present = true;
}

/* @client may be NULL. */
static void client_passes(struct equic_client *client, unsigned int bytes)
{
	if (!client)
		return;
	atomic64_inc(&client->passed_packets);
	atomic64_add(bytes, &client->passed_bytes);
}

/* @client may be NULL. */
static int let_pass(struct equic_service *svc, struct equic_client *client,
		    const struct bpf_equic_pkt *pkt)
{
	const unsigned int bytes = pkt->len;

	equic_count_pass(svc->counters, bytes);
	client_passes(client, bytes);
	return EQUIC_DROP_NONE;
}

static int pass(const struct verdict *v)
{
	return let_pass(v->svc, v->client, v->pkt);
}

/* @why: enum equic_pass_attr */
static int pass_because(const struct verdict *v, unsigned int why)
{
	equic_count_pass_why(v->svc->counters, v->pkt->len, why);
	client_passes(v->client, v->pkt->len);
	return EQUIC_DROP_NONE;
}

static int drop(const struct verdict *v, enum equic_drop reason)
{
	trace_equic_drop(v->dev, v->pkt, reason, false);
	equic_count_drop(v->svc->counters, v->pkt->len, reason);
	if (v->client) {
		atomic64_inc(&v->client->drops[reason]);
		atomic64_add(v->pkt->len, &v->client->dropped_bytes);
	}
	return reason;
}

/* It passes because the service, or this client's share of it, only counts. */
static int would_drop(const struct verdict *v, enum equic_drop reason)
{
	trace_equic_drop(v->dev, v->pkt, reason, true);
	equic_count_one(v->svc->counters, EQUIC_COUNT_WOULD_DROP);
	if (v->client)
		atomic64_inc(&v->client->would_drop);
	return pass(v);
}

/* Is the quota counted and not enforced, for this client, now? */
static bool quota_counts(const struct verdict *v)
{
	const struct equic_policy *p = &v->svc->policy;
	unsigned int percent = READ_ONCE(p->enforce_percent);

	if (READ_ONCE(p->mode) == EQUIC_MODE_COUNT)
		return true;
	if (!READ_ONCE(v->svc->nr_owners) &&
	    READ_ONCE(p->no_owner) == EQUIC_NO_OWNER_COUNT)
		return true;
	return percent < 100 && !equic_hash_in_percent(v->hash, percent);
}

static int refuse(const struct verdict *v, enum equic_drop reason,
		  bool counting)
{
	return counting ? would_drop(v, reason) : drop(v, reason);
}

static int overflow(const struct verdict *v, bool counting)
{
	equic_event_overflow(v->en, v->svc);
	if (READ_ONCE(v->svc->policy.overflow_drop))
		return refuse(v, EQUIC_DROP_OVERFLOW, counting);
	return pass_because(v, EQUIC_A_PASS_OVERFLOW);
}

/* Was the client refused, and is it at its quota still? */
static bool client_is_over(const struct verdict *v, bool counting)
{
	return v->client && READ_ONCE(v->client->over) &&
	       !equic_client_has_room(v->client,
				      READ_ONCE(v->svc->policy.quota),
				      counting);
}

/* Is it worth asking the table? Of a client that is over. */
static bool may_be_known(const struct verdict *v)
{
	return equic_client_may_know(v->client, v->pkt->sport, v->pkt->scid,
				     READ_ONCE(v->pkt->scid_len));
}

static noinline int admit(struct verdict *v, bool counting)
{
	struct equic_handshake hs;
	int ret;

	equic_handshake_of(&hs, v->svc, v->pkt);
	ret = equic_conn_admit(v->en, v->svc, &hs, &v->client, counting);
	switch (ret) {
	case EQUIC_ADMITTED:
		equic_count_one(v->svc->counters, EQUIC_COUNT_ADMITTED);
		return pass(v);
	case EQUIC_KNOWN:
		return pass(v);
	case EQUIC_KNOWN_OVER:
		/* Here only because nothing was dropped: it would have been. */
		return counting ? would_drop(v, EQUIC_DROP_QUOTA) : pass(v);
	case -EDQUOT:
		return refuse(v, EQUIC_DROP_QUOTA, counting);
	case -ENOSPC:
		return overflow(v, counting);
	default:
		return pass_because(v, EQUIC_A_PASS_NO_MEMORY);
	}
}

static int initial(struct verdict *v)
{
	bool counting = quota_counts(v);

	/* Under attack: one too many. */
	if (client_is_over(v, counting) && !may_be_known(v))
		return refuse(v, EQUIC_DROP_QUOTA, counting);
	return admit(v, counting);
}

static noinline bool zero_rtt_is_known(const struct verdict *v, bool counting)
{
	const struct equic_conn *conn;
	struct equic_handshake hs;

	equic_handshake_of(&hs, v->svc, v->pkt);
	conn = equic_conn_find(v->en, &hs);
	return conn && !(counting && READ_ONCE(conn->over));
}

/* 0-RTT makes no connection; it falls with the refused one it belongs to. */
static int zero_rtt(const struct verdict *v)
{
	bool counting = quota_counts(v);

	if (!client_is_over(v, counting) ||
	    (may_be_known(v) && zero_rtt_is_known(v, counting)))
		return pass(v);
	return refuse(v, EQUIC_DROP_ZERO_RTT, counting);
}

/* Mode all: nothing of a refused client, until it is under its quota. */
static bool client_is_shut_out(const struct verdict *v)
{
	return READ_ONCE(v->svc->policy.mode) == EQUIC_MODE_ALL &&
	       client_is_over(v, false) && !quota_counts(v);
}

/* Why a type of packet is no client's. */
static const u8 malformed[__EQUIC_PKT_MAX] = {
	[EQUIC_PKT_FRAGMENT]	  = EQUIC_DROP_FRAGMENT,
	[EQUIC_PKT_TRUNCATED]	  = EQUIC_DROP_TRUNCATED,
	[EQUIC_PKT_CID_LENGTH]	  = EQUIC_DROP_CID_LENGTH,
	[EQUIC_PKT_SMALL_INITIAL] = EQUIC_DROP_SMALL_INITIAL,
	[EQUIC_PKT_SERVER_PACKET] = EQUIC_DROP_SERVER_PACKET,
	[EQUIC_PKT_VERSION_ZERO]  = EQUIC_DROP_VERSION_ZERO,
};

/* What is not decided at a glance. */
static noinline int decide(struct equic_net *en, const struct net_device *dev,
			   const struct bpf_equic_pkt *pkt,
			   struct equic_service *svc,
			   struct equic_client *client, u32 hash)
{
	struct verdict verdict = {
		.dev = dev,
		.pkt = pkt,
		.en = en,
		.svc = svc,
		.client = client,
		.hash = hash,
	}, *v = &verdict;
	enum equic_drop reason;
	u8 type;

	if (unlikely(READ_ONCE(v->svc->policy.deny)))
		return refuse(v, EQUIC_DROP_DENIED,
			      READ_ONCE(v->svc->policy.mode) ==
			      EQUIC_MODE_COUNT);
	if (client_is_shut_out(v))
		return drop(v, EQUIC_DROP_CLIENT_OVER);

	type = READ_ONCE(pkt->type);
	if (type == EQUIC_PKT_INITIAL)
		return initial(v);
	if (type == EQUIC_PKT_ZERO_RTT)
		return zero_rtt(v);
	if (type == EQUIC_PKT_UNKNOWN_VERSION)
		return pass_because(v, EQUIC_A_PASS_UNKNOWN_VERSION);
	reason = type < ARRAY_SIZE(malformed) ? malformed[type] :
						EQUIC_DROP_NONE;
	if (reason)
		return refuse(v, reason, READ_ONCE(v->svc->policy.mode) ==
					 EQUIC_MODE_COUNT);
	return pass(v);
}

/* A service's packet that nobody is to look into passes because of @why. */
static noinline int look_away(struct equic_service *svc,
			      const struct bpf_equic_pkt *pkt, unsigned int why)
{
	equic_count_pass_why(svc->counters, pkt->len, why);
	return EQUIC_DROP_NONE;
}

static bool bypassed(const struct equic_net *en,
		     const struct equic_service *svc)
{
	return equic_bypass_on(&equic_bypass_machine) ||
	       equic_bypass_on(&en->bypass_until) ||
	       equic_bypass_on(&svc->bypass_until);
}

/* No ports, so no service: only counted. */
static noinline int no_ports(struct equic_net *en,
			     const struct bpf_equic_pkt *pkt)
{
	equic_count_pass_why(en->counters, pkt->len,
			     pkt->type == EQUIC_PKT_EXT_HEADERS ?
			     EQUIC_A_PASS_EXT_HEADERS :
			     EQUIC_A_PASS_LATER_FRAGMENT);
	return EQUIC_DROP_NONE;
}

/*
 * A function of its own so that all it declares is initialised there: the
 * compiler would zero it first (CONFIG_INIT_STACK_ALL_ZERO).
 */
static __always_inline int of_service(struct equic_net *en,
				      const struct net_device *dev,
				      const struct bpf_equic_pkt *pkt,
				      struct equic_service *svc)
{
	const struct equic_client_key key =
		equic_client_key(&en->clients, svc, pkt_addr(pkt->saddr));
	struct equic_client *client =
		equic_client_find(&en->clients, svc, key);

	if (likely(pkt->type == EQUIC_PKT_SHORT) &&
	    likely(!READ_ONCE(svc->policy.deny)) &&
	    likely(READ_ONCE(svc->policy.mode) != EQUIC_MODE_ALL))
		return let_pass(svc, client, pkt);
	return decide(en, dev, pkt, svc, client, key.hash);
}

/*
 * The way of an established connection's packet is this and of_service(): what
 * can happen beside is in functions of its own, which cost it nothing.
 */
int equic_verdict(struct equic_net *en, const struct net_device *dev,
		  const struct bpf_equic_pkt *pkt)
{
	struct equic_service *svc;

	if (unlikely(pkt->type == EQUIC_PKT_LATER_FRAGMENT ||
		     pkt->type == EQUIC_PKT_EXT_HEADERS))
		return no_ports(en, pkt);
	svc = equic_service_match(en, dev, pkt_addr(pkt->daddr), pkt->dport);
	if (unlikely(!svc))
		return EQUIC_DROP_NONE;
	if (unlikely(bypassed(en, svc)))
		return look_away(svc, pkt, EQUIC_A_PASS_BYPASS);
	if (unlikely(pkt->len > READ_ONCE(dev->mtu)))
		return look_away(svc, pkt, EQUIC_A_PASS_SUPER_PACKET);
	return of_service(en, dev, pkt, svc);
}
