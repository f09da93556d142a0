// SPDX-License-Identifier: GPL-2.0-only
/*
 * The client's address changes, or somebody says that it has: until the peer has
 * answered there, it gets three times what came from there (RFC 9000, 8.1 and 9.3),
 * whoever sends. Behind that all go on, also where the peer has been before.
 */
#include <string.h>
#include "ktap.h"
#include "scene.h"
#include "word.h"

#define MS NGTCP2_MILLISECONDS
#define S NGTCP2_SECONDS

enum { CLIENT = 1, FIRST_PORT = 40000 };

static const struct scene_plan usual = {
	.path = { .delay = 10 * MS, .rate = 5000000, .queue = 200000 },
	.seed = 1, .streams = 6, .stream_bytes = 1500000, .stack_bytes = 500000,
	.initial_max_data = 1 << 22,
};

/* What the client seems to send from; 0: what it does. */
static uint16_t seeming;
/* So many packets come from there, and no more; -1: all. */
static int few = -1;
/* What was got from an address that the server does not know, and sent there. */
static struct world *counted;
static uint64_t got, sent, packets;

void __real_transit_send(struct transit *t, int from, uint16_t port, uint64_t now,
			 const uint8_t *bytes, size_t len);
void __wrap_transit_send(struct transit *t, int from, uint16_t port, uint64_t now,
			 const uint8_t *bytes, size_t len);

static uint16_t server_port(struct world *w)
{
	struct sockaddr_in peer;

	memcpy(&peer, ngtcp2_conn_get_path(world_sender(w))->remote.addr, sizeof(peer));
	return ntohs(peer.sin_port);
}

void __wrap_transit_send(struct transit *t, int from, uint16_t port, uint64_t now,
			 const uint8_t *bytes, size_t len)
{
	if (from == CLIENT && !few)
		return;
	few -= from == CLIENT && few > 0;
	if (from == CLIENT && counted)
		got += len;
	if (from != CLIENT && counted && server_port(counted) != FIRST_PORT) {
		sent += len;
		packets++;
	}
	__real_transit_send(t, from, from == CLIENT && seeming ? htons(seeming) : port,
			    now, bytes, len);
}

static struct equic_share_stats stats(struct scene *sc)
{
	struct equic_share_stats st;

	equic_share_get_stats(world_share(sc->world), &st);
	return st;
}

/* Of one packet that came from another address, and none behind it. */
static void test_spoofed(uint64_t share_at, const char *when)
{
	struct scene_plan plan = usual;
	struct scene *sc;

	plan.share_at = share_at;
	sc = share_at ? scene_new(&plan) : scene_begun(&plan);
	if (share_at)
		scene_run(sc, 200 * MS);
	scene_run(sc, 100 * MS);
	got = sent = packets = 0;
	counted = sc->world;
	seeming = 50000;
	few = 1;
	scene_run(sc, 2 * S);
	ktap_diag("%llu bytes came, %llu were sent", (unsigned long long)got,
		  (unsigned long long)sent);
	/* ngtcp2 does not count by how much its numbers are longer. */
	ktap_result(got && sent <= 3 * got + 3 * packets, "%s: no more is sent to an address than three times what came from it",
		    when);
	counted = NULL;
	seeming = 0;
	few = -1;
	ktap_result(!scene_play(sc, 300 * S) && scene_complete(sc) && scene_right(sc),
		    "%s: the peer was elsewhere, and all arrives there", when);
	scene_free(sc);
}

/* Return: whether the second sender sends there, a second later. */
static bool goes_to(struct scene *sc, uint16_t port)
{
	uint64_t before;

	seeming = port;
	scene_run(sc, S);
	before = stats(sc).second;
	scene_run(sc, 200 * MS);
	return server_port(sc->world) == port && stats(sc).second > before &&
	       !(number_read(sc->memory) & EQUIC_NUMBER_STOP);
}

static struct scene *begin_long(uint32_t payload_max)
{
	struct scene_plan plan = usual;

	plan.payload_max = payload_max;
	plan.stream_bytes = 1 << 28;
	plan.initial_max_data = 1 << 28;
	plan.max_stream_data = 1 << 28;
	plan.path.rate = 500000;
	return scene_begun(&plan);
}

/* To and fro: ngtcp2 remembers some of them, and does not ask there any more. */
static void test_return(int ports)
{
	struct scene *sc = begin_long(0);
	bool right = true;
	int i, round;

	for (round = 0; round < 2; round++)
		for (i = 0; i < ports; i++)
			right &= goes_to(sc, 50000 + i);
	right &= goes_to(sc, FIRST_PORT);
	ktap_result(right, "at %d addresses, and there again: the second sender goes on", ports);
	seeming = 0;
	scene_free(sc);
}

/* Ever another one, and home again. */
static void test_home(int ports)
{
	struct scene *sc = begin_long(0);
	bool right = true;
	int i;

	for (i = 0; i < ports; i++)
		right &= goes_to(sc, 50000 + i) && goes_to(sc, FIRST_PORT);
	ktap_result(right, "%d times elsewhere and home again: the second sender goes on", ports);
	seeming = 0;
	scene_free(sc);
}

/* A datagram of ngtcp2's has less than 1200 bytes then, with which it asks for ever. */
static void test_least(uint32_t payload_max)
{
	struct scene *sc = begin_long(payload_max);

	ktap_result(goes_to(sc, 50000), "with datagrams of %u bytes, too", payload_max);
	seeming = 0;
	scene_free(sc);
}

int main(void)
{
	ktap_begin();
	test_spoofed(0, "shared");
	test_spoofed(S, "shared later");
	test_return(1);
	test_return(6);
	test_home(20);
	test_least(1200);
	test_least(1452);
	return ktap_end();
}
