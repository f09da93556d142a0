// SPDX-License-Identifier: GPL-2.0-only
#include "pending.h"
#include "client.h"
#include "conn.h"
#include "netns.h"
#include "service.h"

#include <linux/percpu.h>
#include <linux/rculist.h>

struct equic_pending_shard __percpu *equic_pending_shards_alloc(void)
{
	struct equic_pending_shard __percpu *shards;
	int cpu;

	shards = alloc_percpu_gfp(struct equic_pending_shard,
				  GFP_KERNEL_ACCOUNT);
	if (!shards)
		return NULL;
	for_each_possible_cpu(cpu) {
		struct equic_pending_shard *shard = per_cpu_ptr(shards, cpu);

		spin_lock_init(&shard->lock);
		INIT_LIST_HEAD(&shard->conns);
	}
	return shards;
}

static void pending_arm(struct equic_net *en, unsigned int delay_ms)
{
	queue_delayed_work(equic_wq, &en->pending.sweep,
			   msecs_to_jiffies(delay_ms));
}

void equic_pending_add(struct equic_conn *conn)
{
	struct equic_service *svc = conn->client->svc;
	struct equic_pending_shard *shard = this_cpu_ptr(svc->pending);
	struct equic_pending *pending = &svc->en->pending;

	conn->shard = shard;
	spin_lock(&shard->lock);
	list_add_tail(&conn->pending_list, &shard->conns);
	spin_unlock(&shard->lock);

	/* Full ordering on both sides: see pending_sweep(). */
	atomic_inc_return(&pending->nr);
	if (!atomic_read(&pending->armed) &&
	    !atomic_xchg(&pending->armed, 1))
		pending_arm(svc->en, EQUIC_PENDING_SWEEP_MS);
}

void equic_pending_del(struct equic_conn *conn)
{
	struct equic_pending_shard *shard = conn->shard;

	spin_lock(&shard->lock);
	list_del(&conn->pending_list);
	spin_unlock(&shard->lock);
	atomic_dec(&conn->client->svc->en->pending.nr);
}

/* The oldest of the shard if it was born before @horizon_ns, with a reference. */
static struct equic_conn *shard_oldest(struct equic_pending_shard *shard,
				       u64 horizon_ns)
{
	struct equic_conn *conn;

	spin_lock_bh(&shard->lock);
	conn = list_first_entry_or_null(&shard->conns, struct equic_conn,
					pending_list);
	if (conn && (conn->born_ns > horizon_ns ||
		     !kref_get_unless_zero(&conn->ref)))
		conn = NULL;
	spin_unlock_bh(&shard->lock);
	return conn;
}

/* True if there may be more. RCU. */
static bool service_sweep(struct equic_service *svc, u64 now_ns)
{
	u64 timeout_ns = (u64)READ_ONCE(svc->policy.pending_timeout_ms) *
			 NSEC_PER_MSEC;
	bool more = false;
	int cpu, n;

	if (now_ns < timeout_ns)
		return false;
	for_each_possible_cpu(cpu) {
		struct equic_pending_shard *shard =
			per_cpu_ptr(svc->pending, cpu);
		struct equic_conn *conn;

		for (n = 0; n < EQUIC_PENDING_SWEEP_BATCH; n++) {
			conn = shard_oldest(shard, now_ns - timeout_ns);
			if (!conn)
				break;
			if (equic_conn_end(conn, EQUIC_END_EXPIRED))
				equic_count_one(svc->counters,
						EQUIC_COUNT_EXPIRED);
			equic_conn_put(conn);
		}
		more |= n == EQUIC_PENDING_SWEEP_BATCH;
	}
	return more;
}

static void pending_sweep(struct work_struct *work)
{
	struct equic_net *en = container_of(work, struct equic_net,
					    pending.sweep.work);
	struct equic_pending *pending = &en->pending;
	u64 now_ns = ktime_get_ns();
	struct equic_service *svc;
	bool more = false;
	int i;

	rcu_read_lock();
	for (i = 0; i < EQUIC_SERVICE_BUCKETS; i++)
		hlist_for_each_entry_rcu(svc, &en->services[i], node)
			more |= service_sweep(svc, now_ns);
	rcu_read_unlock();

	if (atomic_read(&pending->nr)) {
		pending_arm(en, more ? 0 : EQUIC_PENDING_SWEEP_MS);
		return;
	}
	/* Whoever adds one now sees us disarmed, or we see what it added. */
	atomic_xchg(&pending->armed, 0);
	if (atomic_read(&pending->nr) && !atomic_xchg(&pending->armed, 1))
		pending_arm(en, EQUIC_PENDING_SWEEP_MS);
}

/* One of before @until_ns that no server has reported, with a reference. */
static struct equic_conn *shard_unreported(struct equic_pending_shard *shard,
					   u64 until_ns)
{
	struct equic_conn *conn;

	spin_lock_bh(&shard->lock);
	list_for_each_entry(conn, &shard->conns, pending_list) {
		if (conn->born_ns > until_ns)
			break;
		if (!READ_ONCE(conn->owner) &&
		    kref_get_unless_zero(&conn->ref)) {
			spin_unlock_bh(&shard->lock);
			return conn;
		}
	}
	spin_unlock_bh(&shard->lock);
	return NULL;
}

void equic_pending_end_unreported(struct equic_service *svc)
{
	/* Those that come while we look are not waited for: it may be a flood. */
	u64 until_ns = ktime_get_ns();
	struct equic_conn *conn;
	int cpu;

	for_each_possible_cpu(cpu) {
		struct equic_pending_shard *shard =
			per_cpu_ptr(svc->pending, cpu);

		while ((conn = shard_unreported(shard, until_ns))) {
			equic_conn_end(conn, EQUIC_END_UNREPORTED);
			equic_conn_put(conn);
			cond_resched();
		}
	}
}

void equic_pending_init(struct equic_net *en)
{
	INIT_DELAYED_WORK(&en->pending.sweep, pending_sweep);
}

void equic_pending_exit(struct equic_net *en)
{
	cancel_delayed_work_sync(&en->pending.sweep);
	WARN_ON(atomic_read(&en->pending.nr));
}
