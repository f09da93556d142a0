// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kfuncs: what XDP and TC programs may ask. Documented for their authors in
 * bpf/equic_kfuncs.h. Each is one function for both kinds of programs, behind
 * two names, because a context's type is part of a kfunc's signature.
 */
#include "kfunc.h"
#include "client.h"
#include "compat.h"
#include "conn.h"
#include "lookup.h"
#include "netns.h"
#include "service.h"
#include "verdict.h"

#include <linux/bpf.h>
#include <linux/btf_ids.h>
#include <linux/filter.h>
#include <linux/skbuff.h>
#include <net/xdp.h>

/* The first version of the structs: a smaller one was never valid. */
#define PKT_SIZE_V1	sizeof(struct bpf_equic_pkt)
#define OPTS_SIZE_V1	sizeof(struct bpf_equic_opts)

static const struct net_device *xdp_dev(const struct xdp_md *ctx)
{
	return ((const struct xdp_buff *)ctx)->rxq->dev;
}

static const struct net_device *skb_dev(const struct __sk_buff *ctx)
{
	return ((const struct sk_buff *)ctx)->dev;
}

/* Of a struct newer than ours, only what we know may be used. */
static bool tail_is_zero(const void *p, u32 known, u32 size)
{
	return size <= known || !memchr_inv(p + known, 0, size - known);
}

static bool pkt_has_cids(const struct bpf_equic_pkt *pkt)
{
	return pkt->type == EQUIC_PKT_INITIAL ||
	       pkt->type == EQUIC_PKT_ZERO_RTT;
}

static bool pkt_size_ok(const struct bpf_equic_pkt *pkt, u32 size)
{
	return size >= PKT_SIZE_V1 && tail_is_zero(pkt, sizeof(*pkt), size);
}

static bool pkt_fields_ok(const struct bpf_equic_pkt *pkt)
{
	if (pkt->type >= __EQUIC_PKT_MAX || pkt->reserved)
		return false;
	return !pkt_has_cids(pkt) || (pkt->dcid_len <= EQUIC_CID_MAX_LEN &&
				      pkt->scid_len <= EQUIC_CID_MAX_LEN);
}

static bool pkt_ok(const struct bpf_equic_pkt *pkt, u32 size)
{
	return pkt_size_ok(pkt, size) && pkt_fields_ok(pkt);
}

static bool opts_ok(const struct bpf_equic_opts *opts, u32 size)
{
	return size >= OPTS_SIZE_V1 && !opts->flags && !opts->reserved &&
	       tail_is_zero(opts, sizeof(*opts), size);
}

static int do_port(const struct net_device *dev, __be16 dport)
{
	const struct equic_net *en = equic_net_of_dev(dev);
	/* Set once; what it points to was there before. */
	const unsigned long *ports = READ_ONCE(en->ports);

	return ports && test_bit((__force u16)dport, ports);
}

static __always_inline int verdict_of(const struct net_device *dev,
				      const struct bpf_equic_pkt *pkt)
{
	struct equic_net *en = equic_net_of_dev(dev);

	if (unlikely(!pkt_fields_ok(pkt)))
		return -EINVAL;
	if (!equic_net_ready(en))
		return 0;
	/* XDP and TC run with BH disabled: RCU waits for that, too. */
	return equic_verdict(en, dev, pkt);
}

/* Of a program that was built with another header than the module. */
static noinline int sized_verdict(const struct net_device *dev,
				  const struct bpf_equic_pkt *pkt, u32 size)
{
	return pkt_size_ok(pkt, size) ? verdict_of(dev, pkt) : -EINVAL;
}

static int do_verdict(const struct net_device *dev,
		      const struct bpf_equic_pkt *pkt, u32 size)
{
	return likely(size == sizeof(*pkt)) ? verdict_of(dev, pkt) :
					      sized_verdict(dev, pkt, size);
}

/* The service and the client that a packet is of. RCU. */
struct target {
	struct equic_net *en;
	struct equic_service *svc;
	struct equic_client *client;	/* NULL: not in the table */
};

static int target_find(struct target *t, const struct net_device *dev,
		       const struct bpf_equic_pkt *pkt)
{
	const struct in6_addr *saddr = (const struct in6_addr *)pkt->saddr;
	const struct in6_addr *daddr = (const struct in6_addr *)pkt->daddr;

	t->en = equic_net_of_dev(dev);
	if (!equic_net_ready(t->en))
		return -ENOENT;
	t->svc = equic_service_match(t->en, dev, daddr, pkt->dport);
	if (!t->svc)
		return -ENOENT;
	t->client = equic_client_find(&t->en->clients, t->svc,
				      equic_client_key(&t->en->clients, t->svc,
						       saddr));
	return 0;
}

static void target_read(const struct target *t, struct bpf_equic_opts *opts)
{
	u32 quota = READ_ONCE(t->svc->policy.quota);
	unsigned int conns = 0, pending = 0;

	if (t->client) {
		spin_lock_bh(&t->client->lock);
		conns = t->client->nr_conns;
		pending = t->client->nr_pending;
		spin_unlock_bh(&t->client->lock);
	}
	opts->open = conns - pending;
	opts->pending = pending;
	opts->quota = quota;
	opts->drop = conns < quota ? EQUIC_DROP_NONE : EQUIC_DROP_QUOTA;
}

static int do_client(const struct net_device *dev,
		     const struct bpf_equic_pkt *pkt, u32 pkt_size,
		     struct bpf_equic_opts *opts, u32 opts_size)
{
	struct target t;
	int ret;

	if (!pkt_ok(pkt, pkt_size) || !opts_ok(opts, opts_size))
		return -EINVAL;
	rcu_read_lock();
	ret = target_find(&t, dev, pkt);
	if (!ret)
		target_read(&t, opts);
	rcu_read_unlock();
	return ret;
}

static int do_charge(const struct net_device *dev,
		     const struct bpf_equic_pkt *pkt, u32 pkt_size,
		     struct bpf_equic_opts *opts, u32 opts_size)
{
	struct equic_handshake hs;
	struct target t;
	int ret;

	if (!pkt_ok(pkt, pkt_size) || !opts_ok(opts, opts_size) ||
	    !pkt_has_cids(pkt))
		return -EINVAL;
	rcu_read_lock();
	ret = target_find(&t, dev, pkt);
	if (ret)
		goto out;
	equic_handshake_of(&hs, t.svc, pkt);
	ret = equic_conn_admit(t.en, t.svc, &hs, &t.client, false);
	if (ret == EQUIC_ADMITTED)
		equic_count_one(t.svc->counters, EQUIC_COUNT_ADMITTED);
	ret = min(ret, 0);
	target_read(&t, opts);
out:
	rcu_read_unlock();
	return ret;
}

static int do_release(const struct net_device *dev,
		      const struct bpf_equic_pkt *pkt, u32 pkt_size,
		      struct bpf_equic_opts *opts, u32 opts_size)
{
	struct equic_handshake hs;
	struct equic_conn *conn;
	struct target t;
	int ret;

	if (!pkt_ok(pkt, pkt_size) || !opts_ok(opts, opts_size) ||
	    !pkt_has_cids(pkt))
		return -EINVAL;
	rcu_read_lock();
	ret = target_find(&t, dev, pkt);
	if (ret)
		goto out;
	equic_handshake_of(&hs, t.svc, pkt);
	conn = equic_conn_find(t.en, &hs);
	if (!conn)
		ret = -ENOENT;
	else if (!equic_conn_end(conn, EQUIC_END_RELEASED))
		ret = READ_ONCE(conn->state) == EQUIC_CONN_GONE ? -ENOENT :
								  -EBUSY;
	target_read(&t, opts);
out:
	rcu_read_unlock();
	return ret;
}

__bpf_kfunc_start_defs();

__bpf_kfunc int bpf_xdp_equic_port(struct xdp_md *ctx, __be16 dport)
{
	return do_port(xdp_dev(ctx), dport);
}

__bpf_kfunc int bpf_skb_equic_port(struct __sk_buff *ctx, __be16 dport)
{
	return do_port(skb_dev(ctx), dport);
}

__bpf_kfunc int bpf_xdp_equic_verdict(struct xdp_md *ctx,
				      struct bpf_equic_pkt *pkt, u32 pkt__sz)
{
	return do_verdict(xdp_dev(ctx), pkt, pkt__sz);
}

__bpf_kfunc int bpf_skb_equic_verdict(struct __sk_buff *ctx,
				      struct bpf_equic_pkt *pkt, u32 pkt__sz)
{
	return do_verdict(skb_dev(ctx), pkt, pkt__sz);
}

__bpf_kfunc int bpf_xdp_equic_client(struct xdp_md *ctx,
				     struct bpf_equic_pkt *pkt, u32 pkt__sz,
				     struct bpf_equic_opts *opts, u32 opts__sz)
{
	return do_client(xdp_dev(ctx), pkt, pkt__sz, opts, opts__sz);
}

__bpf_kfunc int bpf_skb_equic_client(struct __sk_buff *ctx,
				     struct bpf_equic_pkt *pkt, u32 pkt__sz,
				     struct bpf_equic_opts *opts, u32 opts__sz)
{
	return do_client(skb_dev(ctx), pkt, pkt__sz, opts, opts__sz);
}

__bpf_kfunc int bpf_xdp_equic_charge(struct xdp_md *ctx,
				     struct bpf_equic_pkt *pkt, u32 pkt__sz,
				     struct bpf_equic_opts *opts, u32 opts__sz)
{
	return do_charge(xdp_dev(ctx), pkt, pkt__sz, opts, opts__sz);
}

__bpf_kfunc int bpf_skb_equic_charge(struct __sk_buff *ctx,
				     struct bpf_equic_pkt *pkt, u32 pkt__sz,
				     struct bpf_equic_opts *opts, u32 opts__sz)
{
	return do_charge(skb_dev(ctx), pkt, pkt__sz, opts, opts__sz);
}

__bpf_kfunc int bpf_xdp_equic_release(struct xdp_md *ctx,
				      struct bpf_equic_pkt *pkt, u32 pkt__sz,
				      struct bpf_equic_opts *opts, u32 opts__sz)
{
	return do_release(xdp_dev(ctx), pkt, pkt__sz, opts, opts__sz);
}

__bpf_kfunc int bpf_skb_equic_release(struct __sk_buff *ctx,
				      struct bpf_equic_pkt *pkt, u32 pkt__sz,
				      struct bpf_equic_opts *opts, u32 opts__sz)
{
	return do_release(skb_dev(ctx), pkt, pkt__sz, opts, opts__sz);
}

__bpf_kfunc_end_defs();

BTF_KFUNCS_START(xdp_kfunc_ids)
BTF_ID_FLAGS(func, bpf_xdp_equic_port)
BTF_ID_FLAGS(func, bpf_xdp_equic_verdict)
BTF_ID_FLAGS(func, bpf_xdp_equic_client)
BTF_ID_FLAGS(func, bpf_xdp_equic_charge)
BTF_ID_FLAGS(func, bpf_xdp_equic_release)
BTF_ID_FLAGS(func, bpf_xdp_equic_open)
BTF_ID_FLAGS(func, bpf_xdp_equic_seal)
BTF_ID_FLAGS(func, bpf_xdp_equic_open_copy)
BTF_KFUNCS_END(xdp_kfunc_ids)

BTF_KFUNCS_START(skb_kfunc_ids)
BTF_ID_FLAGS(func, bpf_skb_equic_port)
BTF_ID_FLAGS(func, bpf_skb_equic_verdict)
BTF_ID_FLAGS(func, bpf_skb_equic_client)
BTF_ID_FLAGS(func, bpf_skb_equic_charge)
BTF_ID_FLAGS(func, bpf_skb_equic_release)
BTF_ID_FLAGS(func, bpf_skb_equic_open)
BTF_ID_FLAGS(func, bpf_skb_equic_seal)
BTF_ID_FLAGS(func, bpf_skb_equic_open_copy)
BTF_KFUNCS_END(skb_kfunc_ids)

static const struct btf_kfunc_id_set xdp_kfuncs = {
	.owner	= THIS_MODULE,
	.set	= &xdp_kfunc_ids,
};

static const struct btf_kfunc_id_set skb_kfuncs = {
	.owner	= THIS_MODULE,
	.set	= &skb_kfunc_ids,
};

/* There is no unregistering: programs that use a kfunc pin the module. */
int __init equic_kfunc_init(void)
{
	int ret;

	ret = register_btf_kfunc_id_set(BPF_PROG_TYPE_XDP, &xdp_kfuncs);
	return ret ?: register_btf_kfunc_id_set(BPF_PROG_TYPE_SCHED_CLS,
						&skb_kfuncs);
}
