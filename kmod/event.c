// SPDX-License-Identifier: GPL-2.0-only
#include "event.h"
#include "client.h"
#include "key.h"
#include "netlink.h"
#include "netns.h"
#include "service.h"

#include <linux/jiffies.h>
#include <linux/percpu.h>

static void event_lose(struct equic_events *events, long n)
{
	atomic_long_add(n, &events->lost);
	atomic_long_add(n, &events->lost_ever);
}

static void event_queue(struct equic_net *en,
			const struct equic_event_record *record)
{
	struct equic_events *events = &en->events;
	struct equic_event_ring __percpu *rings;
	struct equic_event_ring *ring;
	bool room;

	/* Pairs with the release in equic_events_prepare(). */
	rings = smp_load_acquire(&events->rings);
	if (!rings || !equic_netlink_listeners(en->net))
		return;

	local_bh_disable();
	ring = this_cpu_ptr(rings);
	spin_lock(&ring->lock);
	room = ring->head - ring->tail < EQUIC_EVENTS_RING;
	if (room)
		ring->records[ring->head++ % EQUIC_EVENTS_RING] = *record;
	spin_unlock(&ring->lock);
	local_bh_enable();

	if (!room)
		event_lose(events, 1);
	queue_work(equic_wq, &events->send);
}

static bool ring_take(struct equic_event_ring *ring,
		      struct equic_event_record *record)
{
	bool some;

	spin_lock_bh(&ring->lock);
	some = ring->head != ring->tail;
	if (some)
		*record = ring->records[ring->tail++ % EQUIC_EVENTS_RING];
	spin_unlock_bh(&ring->lock);
	return some;
}

static bool event_rate_ok(struct equic_events *events)
{
	if (time_after_eq(jiffies, events->window + HZ)) {
		events->window = jiffies;
		events->sent = 0;
	}
	return events->sent++ < EQUIC_EVENTS_PER_SEC;
}

static void events_send(struct work_struct *work)
{
	struct equic_events *events = container_of(work, struct equic_events,
						   send);
	struct equic_net *en = container_of(events, struct equic_net, events);
	struct equic_event_record record;
	long lost;
	int cpu;

	for_each_possible_cpu(cpu) {
		while (ring_take(per_cpu_ptr(events->rings, cpu), &record)) {
			if (!event_rate_ok(events)) {
				event_lose(events, 1);
				continue;
			}
			lost = atomic_long_xchg(&events->lost, 0);
			if (equic_netlink_event(en->net, &record, lost))
				event_lose(events, lost + 1);
		}
	}
}

static void event_name_service(struct equic_event_record *record,
			       const struct equic_service *svc)
{
	record->service = svc->key.addr;
	record->port = svc->key.port;
}

void equic_event_client(const struct equic_client *client,
			enum equic_event type)
{
	struct equic_event_record record = {
		.type = type,
		.client = client->addr,
		.prefix_len = equic_service_prefix_len(client->svc,
						       &client->addr),
	};

	event_name_service(&record, client->svc);
	event_queue(client->svc->en, &record);
}

/* A full table is full for every packet: one event a second tells it. */
void equic_event_overflow(struct equic_net *en, const struct equic_service *svc)
{
	struct equic_event_record record = { .type = EQUIC_EVENT_OVERFLOW };
	int now = (int)(jiffies / HZ);

	if (atomic_xchg(&en->events.overflow_told, now) == now)
		return;
	event_name_service(&record, svc);
	event_queue(en, &record);
}

void equic_event_owner(struct equic_net *en, const struct equic_service *svc,
		       enum equic_event type, u32 portid, u32 pid, u32 released)
{
	struct equic_event_record record = {
		.type = type,
		.portid = portid,
		.pid = pid,
		.released = released,
	};

	event_name_service(&record, svc);
	event_queue(en, &record);
}

/* @svc: NULL for the namespace's bypass. */
void equic_event_policy(struct equic_net *en, const struct equic_service *svc,
			bool deleted)
{
	struct equic_event_record record = {
		.type = EQUIC_EVENT_POLICY,
		.deleted = deleted,
	};

	if (svc)
		event_name_service(&record, svc);
	event_queue(en, &record);
}

void equic_event_key(const struct equic_key *key, enum equic_event type,
		     u32 epoch)
{
	struct equic_event_record record = {
		.type = type,
		.key = key->id,
		.epoch = epoch,
	};

	event_queue(key->en, &record);
}

void equic_events_init(struct equic_net *en)
{
	INIT_WORK(&en->events.send, events_send);
}

/* Before the first object that has events to tell. */
int equic_events_prepare(struct equic_net *en)
{
	struct equic_event_ring __percpu *rings;
	int cpu;

	lockdep_assert_held(&en->lock);
	if (en->events.rings)
		return 0;
	rings = alloc_percpu_gfp(struct equic_event_ring,
				 GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	if (!rings)
		return -ENOMEM;
	for_each_possible_cpu(cpu)
		spin_lock_init(&per_cpu_ptr(rings, cpu)->lock);
	/* Pairs with the acquire in event_queue(). */
	smp_store_release(&en->events.rings, rings);
	return 0;
}

void equic_events_exit(struct equic_net *en)
{
	cancel_work_sync(&en->events.send);
	free_percpu(en->events.rings);
}
