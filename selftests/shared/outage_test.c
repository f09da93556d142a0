// SPDX-License-Identifier: GPL-2.0-only
/*
 * The path is gone for seconds, when all of the stack's has arrived, and before it hears
 * of that: its window is full of probes then, and lost they are. Whoever's packet arrives
 * first behind that, the stack sends again.
 */
#include <string.h>
#include "ktap.h"
#include "scene.h"
#include "share.h"
#include "wraps.h"

#define MS NGTCP2_MILLISECONDS
#define S NGTCP2_SECONDS

enum { BYTES = 100, DATAGRAM = 1500 };

static const struct scene_plan usual = {
	.path = { .delay = 10 * MS, .rate = 5000000, .queue = 200000 },
	.seed = 1, .stack_bytes = 30000, .initial_max_data = 1 << 22,
};

/* Who is not heard; and of the sender, which packet is lost. */
static bool lost_from[TRANSIT_ENDS];
static int lost_packet, sender;
/* In flight when all was there. */
static uint64_t arrived;

WRAPS(transit_send);

void __wrap_transit_send(struct transit *t, int from, uint16_t port, uint64_t now,
			 const uint8_t *bytes, size_t len)
{
	if (lost_from[from] || (from == sender && lost_packet && !--lost_packet))
		return;
	__real_transit_send(t, from, port, now, bytes, len);
}

static ngtcp2_conn_info info(struct scene *sc)
{
	ngtcp2_conn_info info;

	ngtcp2_conn_get_conn_info(world_sender(sc->world), &info);
	return info;
}

/* Each step is a millisecond. Return: whether it is true at last. */
static bool await(struct scene *sc, bool (*is_so)(struct scene *sc), uint64_t ns)
{
	uint64_t end = world_now(sc->world) + ns;

	while (!is_so(sc) && world_now(sc->world) < end)
		scene_run(sc, MS);
	return is_so(sc);
}

static bool is_shared(struct scene *sc)
{
	return world_sender(sc->world) && world_confirmed(sc->world) && sc->stack_sent;
}

/* The window does not double any more. */
static bool is_cut(struct scene *sc)
{
	return info(sc).ssthresh <= info(sc).cwnd;
}

static bool is_sent(struct scene *sc)
{
	return sc->stack_fin;
}

static bool is_there(struct scene *sc)
{
	return scene_received(sc, sc->stack_stream)->fin;
}

static bool is_full(struct scene *sc)
{
	return info(sc).bytes_in_flight > arrived + info(sc).cwnd + DATAGRAM;
}

/* Nobody has told of it yet. */
static void claim_all(struct scene *sc)
{
	unsigned int slot, generation;

	while (!second_claim(sc->second, &slot, &generation))
		;
}

static void test_outage(bool client, bool claimed, const char *who)
{
	struct scene_plan plan = usual;
	struct equic_share *share;
	struct scene *sc;
	uint64_t id;
	bool right;

	plan.client = client;
	sender = client;
	sc = scene_new(&plan);
	right = await(sc, is_shared, 5 * S);
	lost_packet = 3;
	right &= await(sc, is_cut, 5 * S);
	right &= await(sc, is_sent, 5 * S);
	share = world_share(sc->world);
	if (claimed)
		claim_all(sc);
	lost_from[!sender] = true;
	right &= await(sc, is_there, S);
	lost_from[sender] = true;
	arrived = info(sc).bytes_in_flight;
	right &= await(sc, is_full, 50 * S);
	lost_from[0] = lost_from[1] = false;
	right &= !equic_share_stream_open(share, &id) &&
		 !equic_share_stream_send(share, id, 0, BYTES, false);
	equic_share_handle_expiry(share, world_now(sc->world));
	scene_run(sc, 20 * S);
	ktap_result(right && scene_received(sc, id)->bytes == BYTES &&
		    scene_write_in_pieces(sc, 1) == 1,
		    "%s: behind an outage the stack sends again", who);
	ktap_result(receiver_resets(world_receiver(sc->world)) == 1 && !share->roused,
		    "%s: one stream is reset for it, and may be for the next", who);
	scene_free(sc);
}

int main(void)
{
	ktap_begin();
	test_outage(false, false, "server");
	test_outage(true, false, "client");
	test_outage(true, true, "no stream waits");
	return ktap_end();
}
