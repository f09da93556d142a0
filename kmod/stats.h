/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Counters: per CPU, exact, never reset. A flush remembers their values and
 * shows the difference, so that no writer races with it.
 */
#ifndef _EQUIC_STATS_H
#define _EQUIC_STATS_H

#include <linux/u64_stats_sync.h>
#include <linux/equic.h>

/* What one packet can be counted as. The enums of the ABI follow each other. */
enum equic_counter {
	EQUIC_COUNT_PASSED_PACKETS,
	EQUIC_COUNT_PASSED_BYTES,
	EQUIC_COUNT_DROPPED_BYTES,
	EQUIC_COUNT_WOULD_DROP,
	EQUIC_COUNT_ADMITTED,
	EQUIC_COUNT_EXPIRED,
	EQUIC_COUNT_DROP,	/* + enum equic_drop */
	EQUIC_COUNT_PASS = EQUIC_COUNT_DROP + __EQUIC_DROP_MAX,
				/* + enum equic_pass_attr */
	EQUIC_COUNT_NR = EQUIC_COUNT_PASS + __EQUIC_A_PASS_MAX,
};

struct equic_counters {
	u64_stats_t n[EQUIC_COUNT_NR];
	struct u64_stats_sync sync;
};

/* Sums, or what a flush remembered. */
struct equic_sums {
	u64 n[EQUIC_COUNT_NR];
};

struct equic_counters __percpu *equic_counters_alloc(void);
void equic_counters_sum(struct equic_sums *sums,
			const struct equic_counters __percpu *counters);

/* Callers have BH disabled: the packet path, or equic_count_one(). */
static inline struct equic_counters *
equic_counters_begin(struct equic_counters __percpu *counters)
{
	struct equic_counters *c = this_cpu_ptr(counters);

	u64_stats_update_begin(&c->sync);
	return c;
}

static inline void equic_counters_end(struct equic_counters *c)
{
	u64_stats_update_end(&c->sync);
}

static inline void equic_count_pass(struct equic_counters __percpu *counters,
				    unsigned int bytes)
{
	struct equic_counters *c = equic_counters_begin(counters);

	u64_stats_inc(&c->n[EQUIC_COUNT_PASSED_PACKETS]);
	u64_stats_add(&c->n[EQUIC_COUNT_PASSED_BYTES], bytes);
	equic_counters_end(c);
}

static inline void equic_count_drop(struct equic_counters __percpu *counters,
				    unsigned int bytes, enum equic_drop reason)
{
	struct equic_counters *c = equic_counters_begin(counters);

	u64_stats_inc(&c->n[EQUIC_COUNT_DROP + reason]);
	u64_stats_add(&c->n[EQUIC_COUNT_DROPPED_BYTES], bytes);
	equic_counters_end(c);
}

void equic_count_one(struct equic_counters __percpu *counters,
		     unsigned int what);
/* @why: enum equic_pass_attr */
void equic_count_pass_why(struct equic_counters __percpu *counters,
			  unsigned int bytes, unsigned int why);

u64 equic_sums_dropped(const struct equic_sums *sums);

struct sk_buff;
int equic_sums_put(struct sk_buff *skb, const struct equic_sums *sums);

#endif /* _EQUIC_STATS_H */
