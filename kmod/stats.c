// SPDX-License-Identifier: GPL-2.0-only
#include "stats.h"

#include <linux/percpu.h>
#include <net/netlink.h>

static_assert((int)__EQUIC_A_DROP_MAX == (int)__EQUIC_DROP_MAX);
static_assert((int)EQUIC_A_DROP_VERSION_ZERO == (int)EQUIC_DROP_VERSION_ZERO);

struct equic_counters __percpu *equic_counters_alloc(void)
{
	struct equic_counters __percpu *counters;
	int cpu;

	counters = alloc_percpu_gfp(struct equic_counters,
				    GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	if (!counters)
		return NULL;
	for_each_possible_cpu(cpu)
		u64_stats_init(&per_cpu_ptr(counters, cpu)->sync);
	return counters;
}

/* Adds: the caller zeroes @sums first. */
void equic_counters_sum(struct equic_sums *sums,
			const struct equic_counters __percpu *counters)
{
	int cpu, i;

	for_each_possible_cpu(cpu) {
		const struct equic_counters *c = per_cpu_ptr(counters, cpu);
		u64 n[EQUIC_COUNT_NR];
		unsigned int seq;

		do {
			seq = u64_stats_fetch_begin(&c->sync);
			for (i = 0; i < EQUIC_COUNT_NR; i++)
				n[i] = u64_stats_read(&c->n[i]);
		} while (u64_stats_fetch_retry(&c->sync, seq));

		for (i = 0; i < EQUIC_COUNT_NR; i++)
			sums->n[i] += n[i];
	}
}

void equic_count_one(struct equic_counters __percpu *counters,
		     unsigned int what)
{
	struct equic_counters *c;

	local_bh_disable();
	c = equic_counters_begin(counters);
	u64_stats_inc(&c->n[what]);
	equic_counters_end(c);
	local_bh_enable();
}

void equic_count_pass_why(struct equic_counters __percpu *counters,
			  unsigned int bytes, unsigned int why)
{
	struct equic_counters *c = equic_counters_begin(counters);

	u64_stats_inc(&c->n[EQUIC_COUNT_PASSED_PACKETS]);
	u64_stats_add(&c->n[EQUIC_COUNT_PASSED_BYTES], bytes);
	u64_stats_inc(&c->n[EQUIC_COUNT_PASS + why]);
	equic_counters_end(c);
}

static int sums_put_nest(struct sk_buff *skb, int nest_attr, const u64 *n,
			 int max)
{
	struct nlattr *nest = nla_nest_start(skb, nest_attr);
	int i;

	if (!nest)
		return -EMSGSIZE;
	for (i = 1; i <= max; i++)
		if (nla_put_uint(skb, i, n[i]))
			return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

u64 equic_sums_dropped(const struct equic_sums *sums)
{
	u64 dropped = 0;
	int i;

	for (i = 0; i < __EQUIC_DROP_MAX; i++)
		dropped += sums->n[EQUIC_COUNT_DROP + i];
	return dropped;
}

int equic_sums_put(struct sk_buff *skb, const struct equic_sums *sums)
{
	if (nla_put_uint(skb, EQUIC_A_STATS_PASSED_PACKETS,
			 sums->n[EQUIC_COUNT_PASSED_PACKETS]) ||
	    nla_put_uint(skb, EQUIC_A_STATS_PASSED_BYTES,
			 sums->n[EQUIC_COUNT_PASSED_BYTES]) ||
	    nla_put_uint(skb, EQUIC_A_STATS_DROPPED_PACKETS,
			 equic_sums_dropped(sums)) ||
	    nla_put_uint(skb, EQUIC_A_STATS_DROPPED_BYTES,
			 sums->n[EQUIC_COUNT_DROPPED_BYTES]) ||
	    nla_put_uint(skb, EQUIC_A_STATS_WOULD_DROP_PACKETS,
			 sums->n[EQUIC_COUNT_WOULD_DROP]) ||
	    nla_put_uint(skb, EQUIC_A_STATS_ADMITTED,
			 sums->n[EQUIC_COUNT_ADMITTED]) ||
	    nla_put_uint(skb, EQUIC_A_STATS_EXPIRED,
			 sums->n[EQUIC_COUNT_EXPIRED]))
		return -EMSGSIZE;

	return sums_put_nest(skb, EQUIC_A_STATS_DROPS,
			     &sums->n[EQUIC_COUNT_DROP], EQUIC_A_DROP_MAX) ?:
	       sums_put_nest(skb, EQUIC_A_STATS_PASSES,
			     &sums->n[EQUIC_COUNT_PASS], EQUIC_A_PASS_MAX);
}
