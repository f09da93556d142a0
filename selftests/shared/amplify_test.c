// SPDX-License-Identifier: GPL-2.0-only
/*
 * The client's address changes, or somebody says that it has: until the peer has
 * answered there, it gets three times what came from there (RFC 9000, 8.1 and 9.3),
 * whoever sends. Behind that all go on, also where the peer has been before.
 */
#include <string.h>
#include "frame.h"
#include "ktap.h"
#include "scene.h"
#include "share.h"
#include "word.h"
#include "wraps.h"

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
/* What was got from an address that nobody has answered at, and sent there. */
static struct world *counted;
static uint16_t watched;
static uint64_t got, sent, packets;

WRAPS(transit_send);

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
	if (from != CLIENT && counted && server_port(counted) == watched) {
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

/* One packet comes from there, and none behind it, until appear(). */
static void vanish(struct scene *sc, uint16_t port)
{
	got = sent = packets = 0;
	counted = sc->world;
	seeming = watched = port;
	few = 1;
}

static void appear(void)
{
	counted = NULL;
	seeming = 0;
	few = -1;
}

/*
 * One packet comes from there, and none behind it. Return: whether no more was sent there
 * than three times that. (ngtcp2 does not count by how much its numbers are longer.)
 */
static bool is_held(struct scene *sc, uint16_t port, uint64_t ns)
{
	vanish(sc, port);
	scene_run(sc, ns);
	ktap_diag("%llu bytes came, %llu were sent", (unsigned long long)got,
		  (unsigned long long)sent);
	appear();
	return got && sent <= 3 * got + 3 * packets;
}

/* Of one packet that came from another address. */
static void test_spoofed(uint64_t share_at, const char *when)
{
	struct scene_plan plan = usual;
	struct scene *sc;

	plan.share_at = share_at;
	sc = share_at ? scene_new(&plan) : scene_begun(&plan);
	if (share_at)
		scene_run(sc, 200 * MS);
	scene_run(sc, 100 * MS);
	ktap_result(is_held(sc, 50000, 2 * S),
		    "%s: no more is sent to an address than three times what came from it",
		    when);
	ktap_result(!scene_play(sc, 300 * S) && scene_complete(sc) && scene_right(sc),
		    "%s: the peer was elsewhere, and all arrives there", when);
	scene_free(sc);
}

/* Return: whether the second sender sends there, soon. */
static bool goes_to(struct scene *sc, uint16_t port)
{
	uint64_t before, end = world_now(sc->world) + 5 * S;
	bool there;

	seeming = port;
	do {
		there = server_port(sc->world) == port;
		before = stats(sc).second;
		scene_run(sc, 200 * MS);
		there &= stats(sc).second > before &&
			 !(number_read(sc->memory) & EQUIC_NUMBER_STOP);
	} while (!there && world_now(sc->world) < end);
	return there;
}

static struct scene *begin_with(uint32_t payload_max, uint64_t peer_payload_max)
{
	struct scene_plan plan = usual;

	plan.payload_max = payload_max;
	plan.max_udp_payload_size = peer_payload_max;
	plan.stream_bytes = 1 << 28;
	plan.initial_max_data = 1 << 28;
	plan.max_stream_data = 1 << 28;
	plan.path.rate = 500000;
	return scene_begun(&plan);
}

static struct scene *begin_long(uint32_t payload_max)
{
	return begin_with(payload_max, 0);
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

/* With the least that the options take ngtcp2's datagrams are long enough to ask once. */
static void test_payload(uint32_t payload_max)
{
	struct scene *sc = begin_long(payload_max);
	bool right = goes_to(sc, 50000);

	ktap_diag("asked %u times", world_share(sc->world)->path.challenged);
	ktap_result(right && world_share(sc->world)->path.challenged <= 6 &&
		    !world_share(sc->world)->path.wandering,
		    "with datagrams of %u bytes, too, and it is not asked for ever",
		    payload_max);
	seeming = 0;
	scene_free(sc);
}

/* Nothing but keep-alives, for twelve minutes. */
static void rest(struct scene *sc)
{
	ngtcp2_conn_set_keep_alive_timeout(world_sender(sc->world), 20 * S);
	sc->dead = true;
	sc->revive_at = world_now(sc->world) + 720 * S;
	scene_run(sc, 721 * S);
}

/*
 * A peer that allows no more than 1200 bytes, of which ngtcp2 has 1197, asks for ever;
 * and all the time the path before is the one that ngtcp2 goes back to.
 */
static void test_short_for_long(void)
{
	struct scene *sc = begin_with(0, 1200);
	bool right = goes_to(sc, 50000);

	rest(sc);
	right &= goes_to(sc, 50001) && goes_to(sc, FIRST_PORT);
	ktap_result(right, "where no datagram is long enough, and twelve minutes later home");
	seeming = 0;
	scene_free(sc);
}

/* Who had the address then may not have it any more. */
static void test_former(void)
{
	struct scene *sc = begin_long(0);
	bool right = true;
	int i;

	/* The second time newer ones do not ask. */
	for (i = 0; i < 2; i++)
		right &= goes_to(sc, 50000) && goes_to(sc, FIRST_PORT);
	rest(sc);
	ktap_result(right && is_held(sc, 50000, 500 * MS),
		    "nor is more sent to an address that answered twelve minutes ago");
	scene_free(sc);
}

/* Where the stack would have gone back to, had it not found one that it knows. */
static void test_left_behind(void)
{
	struct scene *sc = begin_long(0);
	bool right = goes_to(sc, 50001) && goes_to(sc, FIRST_PORT) &&
		     is_held(sc, 50000, 50 * MS) && goes_to(sc, 50001);

	rest(sc);
	ktap_result(right && is_held(sc, FIRST_PORT, 500 * MS),
		    "nor to one that was left when another was asked at, in vain");
	scene_free(sc);
}

/*
 * The answer is lost, and what says that the question came is not. So the stack has
 * nothing to repeat when it goes back to where the client was, in a call that has asked
 * the library before; and behind that no timer is due for seconds.
 */
static void test_resumes(void)
{
	enum { BYTES = 1000 };
	struct scene_plan plan = usual;
	struct equic_share *share;
	struct scene *sc;
	uint64_t id, end;
	bool right;

	plan.streams = 0;
	plan.stack_bytes = 1;
	sc = scene_new(&plan);
	scene_run(sc, 5 * S);
	share = world_share(sc->world);
	ngtcp2_conn_set_keep_alive_timeout(world_peer(sc->world), S);
	vanish(sc, 50000);
	scene_run(sc, 1700 * MS);
	few = 1;
	scene_run(sc, 1300 * MS);
	right = got && share->path.unvalidated && !equic_share_stream_open(share, &id) &&
		!equic_share_stream_send(share, id, 0, BYTES, false);
	end = world_now(sc->world) + 10 * S;
	while (share->path.unvalidated && world_now(sc->world) < end)
		scene_run(sc, 10 * MS);
	scene_run(sc, 100 * MS);
	ktap_result(right && server_port(sc->world) == FIRST_PORT &&
		    scene_received(sc, id)->bytes == BYTES,
		    "when the stack goes back, what the library had to send leaves at once");
	appear();
	scene_free(sc);
}

/* As the stack does it. */
static void ask(struct scene *sc, uint16_t local, uint16_t remote)
{
	uint8_t challenge[] = { FRAME_PATH_CHALLENGE, 1, 2, 3, 4, 5, 6, 7, 8 };
	struct equic_share *share = world_share(sc->world);
	struct sockaddr_in addr;
	ngtcp2_path_storage ps;

	ngtcp2_path_storage_zero(&ps);
	ngtcp2_path_copy(&ps.path, ngtcp2_conn_get_path(world_sender(sc->world)));
	memcpy(&addr, ps.path.local.addr, sizeof(addr));
	addr.sin_port = htons(local);
	memcpy(ps.path.local.addr, &addr, sizeof(addr));
	memcpy(&addr, ps.path.remote.addr, sizeof(addr));
	addr.sin_port = htons(remote);
	memcpy(ps.path.remote.addr, &addr, sizeof(addr));
	share_path_sent(share, challenge, sizeof(challenge), 1200);
	share_path_written(share, &ps.path);
}

static void answer(struct scene *sc)
{
	uint8_t response[] = { FRAME_PATH_RESPONSE, 1, 2, 3, 4, 5, 6, 7, 8 };

	share_path_received(world_share(sc->world), response, sizeof(response));
}

/* What is asked elsewhere, and answered, says nothing of where packets go. */
static void test_elsewhere(void)
{
	struct scene *sc = scene_begun(&usual);
	bool *unvalidated = &world_share(sc->world)->path.unvalidated, right;

	right = is_held(sc, 50000, 50 * MS) && *unvalidated;
	ask(sc, 444, 50000);
	answer(sc);
	ktap_result(right && *unvalidated,
		    "nor where another address of the server's was answered");
	ask(sc, 443, 50000);
	answer(sc);
	ktap_result(!*unvalidated, "but where this one is");
	scene_free(sc);
}

/* Somebody has kept what was asked, and answers when another has the address. */
static void test_late_answer(void)
{
	struct scene *sc = begin_long(0);
	bool *unvalidated = &world_share(sc->world)->path.unvalidated, right;

	ask(sc, 443, 50000);
	rest(sc);
	right = is_held(sc, 50000, 50 * MS) && *unvalidated;
	answer(sc);
	ktap_result(right && *unvalidated, "nor where the answer is twelve minutes late");
	scene_free(sc);
}

int main(void)
{
	ktap_begin();
	test_spoofed(0, "shared");
	test_spoofed(S, "shared later");
	test_former();
	test_left_behind();
	test_late_answer();
	test_elsewhere();
	test_resumes();
	test_return(1);
	test_return(6);
	test_home(20);
	test_payload(EQUIC_SHARE_PAYLOAD_MIN);
	test_payload(1452);
	test_short_for_long();
	return ktap_end();
}
