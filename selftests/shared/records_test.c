// SPDX-License-Identifier: GPL-2.0-only
/*
 * A second sender that does not cease to tell of its packets, tells of numbers far from
 * each other or goes on where it is stopped, sets the word back, or tells of each packet
 * that it was sent long ago: the library goes on. Who keeps to the rules loses nothing.
 */
#include <errno.h>
#include <string.h>
#include "enemy.h"
#include "ktap.h"
#include "share.h"
#include "word.h"

#define MS NGTCP2_MILLISECONDS
#define S NGTCP2_SECONDS

static void look(struct scene *sc)
{
	equic_share_handle_expiry(world_share(sc->world), world_now(sc->world));
}

static struct scene *talking;
static unsigned int said;

/* Without end, but for a library that would never be done. */
static void talk(void)
{
	struct equic_record *room, record = {
		.number = EQUIC_RECORD_NO_NUMBER, .kind = EQUIC_RECORD_DATAGRAM,
		.flags = EQUIC_RECORD_UNSENT,
	};

	if (!talking || said >= 1000000)
		return;
	room = ring_reserve(talking->ring);
	if (!room)
		ktap_bail("no record");
	record.connection = talking->memory->connection;
	*room = record;
	ring_submit(talking->ring, room);
	said++;
}

/* Of each record that is looked at, it is told, and has another there at once. */
static void test_talker(void)
{
	struct scene_plan plan = enemy_plan;
	const unsigned int first = 10;
	struct equic_share_stats st;
	struct scene *sc;
	int err;

	plan.told = talk;
	sc = scene_begun(&plan);
	look(sc);
	talking = sc;
	while (said < first)
		talk();
	look(sc);
	ktap_result(said == 2 * first,
		    "records come as fast as they are looked at: a call ends");
	look(sc);
	ktap_result(said == 3 * first && sc->fates[EQUIC_SHARE_VOID] == 2 * first,
		    "and the next one sees those that came");
	err = world_run(sc->world, world_now(sc->world) + 3 * S);
	equic_share_get_stats(world_share(sc->world), &st);
	ktap_result(!err && scene_received(sc, sc->stack_stream)->fin && !st.hostile,
		    "and so it goes on, as does the connection");
	talking = NULL;
	scene_free(sc);
}

static void submit_number(struct scene *sc, uint64_t number)
{
	struct equic_record record = {
		.number = number, .connection = sc->memory->connection,
		.kind = EQUIC_RECORD_DATAGRAM, .size = 100,
		.sent_ns = world_now(sc->world),
	};

	enemy_submit(sc, &record);
}

/* None of them was sent, so that none will be acknowledged. */
static void leap(struct scene *sc, uint64_t numbers)
{
	uint64_t word = __atomic_add_fetch(&sc->memory->number, numbers, __ATOMIC_RELAXED);

	submit_number(sc, (word & ~EQUIC_NUMBER_STOP) - 1);
}

static bool is_given_up(struct scene *sc)
{
	struct equic_share_stats st;

	equic_share_get_stats(world_share(sc->world), &st);
	return st.estranged;
}

/* The scene's own second sender does nothing more. */
static void end_second(struct scene *sc)
{
	sc->dead = true;
	sc->revive_at = UINT64_MAX;
}

/* Each of them is one that a sender with full rings can make; all together are none. */
static void test_leaps(void)
{
	struct scene *sc = scene_begun(&enemy_plan);
	int i;

	end_second(sc);
	for (i = 0; i < 8; i++)
		leap(sc, 32000);
	look(sc);
	ktap_result(is_given_up(sc) && enemy_is_harmless(sc),
		    "numbers that leap again and again are not believed, and it goes on");
	scene_free(sc);
}

static const struct scene_plan wide = {
	.path = { .delay = 100 * MS, .rate = 60000000, .queue = 1 << 26 },
	.seed = 3, .streams = 1, .stream_bytes = 1 << 28, .stack_bytes = 1,
	.initial_max_data = 1 << 28, .max_stream_data = 1 << 28,
};

/* There is that much of a window, and from now on the test sends by the second sender. */
static struct scene *begin_quiet(const struct scene_plan *plan, uint64_t window)
{
	struct scene *sc = scene_begun(plan);
	struct equic_share_stats st;

	do {
		scene_run(sc, 10 * MS);
		equic_share_get_stats(world_share(sc->world), &st);
	} while (st.window < window);
	sc->streams[0].live = false;
	sc->datagrams = sc->plan.datagrams;
	scene_run(sc, S);
	return sc;
}

/* All that was sent is acknowledged, and nobody has anything to send. */
static struct scene *begin_silent(void)
{
	struct scene *sc = begin_quiet(&wide, 1);

	/* The peer does not acknowledge what elicits nothing but with something else. */
	if (second_datagram(sc->second, "", 1, 0))
		ktap_bail("no datagram");
	scene_run(sc, S);
	if (recovery_end(world_share(sc->world)->recovery) != UINT64_MAX)
		ktap_bail("something is in flight");
	return sc;
}

/* Each of them is of no packet, and no packet is in flight. */
static void test_void_leaps(void)
{
	struct scene *sc = begin_silent();
	struct equic_record record = {
		.connection = sc->memory->connection, .size = 100,
		.kind = EQUIC_RECORD_DATAGRAM, .flags = EQUIC_RECORD_UNSENT,
	};
	uint64_t word;
	int i;

	end_second(sc);
	for (i = 0; i < 300; i++) {
		word = __atomic_add_fetch(&sc->memory->number, 32000, __ATOMIC_RELAXED);
		record.number = (word & ~EQUIC_NUMBER_STOP) - 1;
		enemy_submit(sc, &record);
	}
	look(sc);
	ktap_result(is_given_up(sc) && enemy_is_harmless(sc),
		    "nor are they where all of them are told of as void");
	scene_free(sc);
}

/* One after another, while one packet is in flight. */
static void test_dying_leaps(void)
{
	struct scene_plan plan = enemy_plan;
	struct scene *sc;
	int i;

	plan.path.delay = 100 * MS;
	sc = scene_begun(&plan);
	end_second(sc);
	for (i = 0; i < 5; i++) {
		__atomic_add_fetch(&sc->memory->number, SHARE_LEAP, __ATOMIC_RELAXED);
		equic_share_second_died(world_share(sc->world));
	}
	ktap_result(is_given_up(sc) && enemy_is_harmless(sc),
		    "nor are they where each one leaps once, and dies");
	scene_free(sc);
}

/* Where nothing is in flight a leap is not the end for whoever comes behind it. */
static void test_leap_of_dead(void)
{
	struct scene *sc = begin_silent();
	struct equic_share_stats before, st;

	__atomic_add_fetch(&sc->memory->number, SHARE_LEAP, __ATOMIC_RELAXED);
	sc->dead = true;
	sc->revive_at = world_now(sc->world);
	equic_share_get_stats(world_share(sc->world), &before);
	/* Something for it to do. */
	sc->plan.datagrams += 100;
	scene_run(sc, S);
	equic_share_get_stats(world_share(sc->world), &st);
	ktap_result(!is_given_up(sc) && st.second >= before.second + 100 &&
		    sc->datagrams == sc->plan.datagrams &&
		    enemy_is_harmless(sc),
		    "one leaps once, and dies, while all are silent: another one goes on");
	scene_free(sc);
}

/* Nobody tells of one; the stack finds each. */
static void test_silent_leaps(void)
{
	struct scene *sc = scene_begun(&enemy_plan);
	uint64_t word, end = world_now(sc->world) + S;
	int i, err = 0;

	end_second(sc);
	for (i = 0; i < 8 && !is_given_up(sc); i++) {
		word = __atomic_add_fetch(&sc->memory->number, 32000, __ATOMIC_RELAXED);
		while (!err && sc->memory->number == word && world_now(sc->world) < end &&
		       !is_given_up(sc))
			err = world_run(sc->world, world_now(sc->world) + MS);
	}
	ktap_result(!err && i > 2 && is_given_up(sc) && enemy_is_harmless(sc),
		    "nor are they where nobody tells of one");
	scene_free(sc);
}

/* Further at once than all rings have records. */
static void test_leap(void)
{
	struct scene *sc = scene_begun(&enemy_plan);
	uint64_t next;

	end_second(sc);
	look(sc);
	next = number_pn(__atomic_add_fetch(&sc->memory->number, 3 * SHARE_LEAP,
					    __ATOMIC_RELAXED));
	submit_number(sc, next - SHARE_LEAP);
	look(sc);
	ktap_result(is_given_up(sc), "one leap is too much, when it is told of");
	/* Of a number that will be the library's own. */
	scene_run(sc, 100 * MS);
	submit_number(sc, world_share(sc->world)->floor + 5);
	look(sc);
	ktap_result(enemy_is_harmless(sc), "and what is told of behind that spoils nothing");
	scene_free(sc);
}

/* It takes one number after another, whatever stops it, tells of each, and uses it. */
static void test_runaway(void)
{
	static const uint8_t ping[] = { 1, 0, 0, 0 };
	struct scene *sc = scene_begun(&enemy_plan);
	struct equic_record record = {
		.connection = sc->memory->connection, .size = 100,
		.kind = EQUIC_RECORD_DATAGRAM, .sent_ns = world_now(sc->world),
	};
	uint64_t word;
	int i;

	end_second(sc);
	for (i = 0; i < 5 * SHARE_LEAP / 2; i++) {
		if (number_take(sc->memory, false, &word))
			ktap_bail("no number");
		record.number = word;
		enemy_submit(sc, &record);
		if (i % 1000 == 0)
			look(sc);
		/* As many as reach the peer at all; the last ones matter. */
		if (i >= 2 * SHARE_LEAP - 1000)
			enemy_send_under(sc, word, ping, sizeof(ping));
	}
	ktap_result(is_given_up(sc), "whoever goes on where he is stopped shares no more");
	ktap_result(enemy_is_harmless(sc),
		    "and no number that he has told of is used again");
	scene_free(sc);
}

/* As many of one byte as it may send in @ns. Return: the last one's error. */
static int send_short(struct scene *sc, struct second *second, uint64_t ns, int *sent)
{
	uint64_t end = world_now(sc->world) + ns;
	int err = 0;

	while (world_now(sc->world) < end && err != -EAGAIN) {
		while (!(err = second_datagram(second, "", 1, 0)))
			(*sent)++;
		look(sc);
		scene_run(sc, MS);
	}
	return err;
}

/*
 * A stream of the library's, a byte in each packet, until the next number is @next, or
 * for @ns. Return: whether it came to that.
 */
static bool library_sends(struct scene *sc, uint64_t next, uint64_t ns)
{
	struct equic_share *share = world_share(sc->world);
	uint64_t end = world_now(sc->world) + ns, offset = 0, stream;
	uint8_t packet[TRANSIT_DATAGRAM_MAX];
	ngtcp2_ssize n;

	if (equic_share_stream_open(share, &stream))
		ktap_bail("no stream");
	while (share->floor < next && world_now(sc->world) < end) {
		if (equic_share_stream_send(share, stream, offset++, 1, false))
			ktap_bail("no byte");
		n = equic_share_writev_stream(share, NULL, NULL, packet, sizeof(packet),
					      NULL, 0, -1, NULL, 0,
					      world_now(sc->world));
		if (n > 0)
			world_send(sc->world, packet, n);
		else
			scene_run(sc, MS);
	}
	return share->floor >= next;
}

/* More packets than numbers that are kept, and less than the window has room for. */
static void test_far_ahead(void)
{
	struct scene *sc = begin_quiet(&wide, 2 << 20);
	uint64_t acked = sc->fates[EQUIC_SHARE_ACKED];
	struct equic_share_stats before, st;
	int err, sent = 0;

	equic_share_get_stats(world_share(sc->world), &before);
	err = send_short(sc, sc->second, 190 * MS, &sent);
	look(sc);
	equic_share_get_stats(world_share(sc->world), &st);
	ktap_diag("%d of %llu bytes in flight: %s; window %llu", sent,
		  (unsigned long long)st.in_flight, strerror(-err),
		  (unsigned long long)st.window);
	ktap_result(err == -EAGAIN && sent >= SHARE_LEAP,
		    "%d numbers behind the oldest in flight the second sender is stopped",
		    SHARE_LEAP);
	ktap_result(!st.hostile && st.second - before.second == (uint64_t)sent &&
		    st.in_flight >= 32ULL * sent,
		    "and each of its packets is known, and in flight");
	scene_run(sc, S);
	ktap_result(sc->fates[EQUIC_SHARE_ACKED] - acked == (uint64_t)sent &&
		    send_short(sc, sc->second, MS, &sent) == -ENOBUFS && !is_given_up(sc) &&
		    !world_receiver(sc->world)->repeated,
		    "until they are acknowledged");
	scene_free(sc);
}

/* Nobody else takes a number where the second sender is stopped. */
static void test_library_ahead(void)
{
	struct scene *sc = begin_quiet(&wide, 6 << 20);
	struct equic_share *share = world_share(sc->world);
	int sent = 0;

	ktap_result(library_sends(sc, share->floor + 2 * SHARE_LEAP + 1000, 190 * MS) &&
		    second_datagram(sc->second, "", 1, 0) == -EAGAIN && !is_given_up(sc),
		    "the endpoint goes on where the second sender is stopped");
	scene_run(sc, S);
	ktap_result(send_short(sc, sc->second, MS, &sent) == -ENOBUFS && !is_given_up(sc),
		    "which goes on when all of that is acknowledged");
	scene_free(sc);
}

static int thread_send(void *ctx, const uint8_t *packet, size_t len)
{
	struct scene *sc = ctx;

	return world_send(sc->world, packet, len);
}

static uint64_t thread_now(void *ctx)
{
	struct scene *sc = ctx;

	return world_now(sc->world);
}

static const struct second_ops thread_ops = { .send = thread_send, .now = thread_now };

/* Another thread of the second sender, with the other ring. */
static struct second *begin_thread(struct scene *sc, struct ring **ring)
{
	const ngtcp2_cid *dcid = ngtcp2_conn_get_dcid(world_sender(sc->world));
	struct seal_secret secret;
	struct second *thread;

	*ring = ring_map(equic_share_ring_fd(world_share(sc->world), 1), true);
	if (!*ring)
		ktap_bail("no ring");
	thread = second_new(sc->memory, *ring, &thread_ops, sc);
	seal_secret_take(&secret, &sc->first_key);
	if (!thread || second_key(thread, 0, &secret) ||
	    second_path(thread, dcid->data, dcid->datalen))
		ktap_bail("no thread");
	return thread;
}

/*
 * One hangs with a number, behind one that is in flight. All others that there may be
 * are used, and acknowledged; then the next one is told of, and that from long ago.
 */
static void test_late_thread(void)
{
	struct scene *sc = begin_quiet(&wide, 8 << 20);
	struct equic_share *share = world_share(sc->world);
	int err, sent = 0;
	struct second *thread;
	struct ring *ring;
	uint64_t first;

	thread = begin_thread(sc, &ring);
	err = second_datagram(thread, "", 1, 0);
	sc->plan.datagrams++;
	if (err || !scene_hang(sc, SECOND_NUMBER))
		ktap_bail("nothing hangs");
	first = number_pn(sc->memory->number);
	err = send_short(sc, thread, 150 * MS, &sent);
	if (err != -EAGAIN || !library_sends(sc, first + 2 * SHARE_LEAP + 200, 190 * MS))
		ktap_bail("%d packets, then %s", sent, strerror(-err));
	scene_run(sc, S);
	/* Both are told of before the endpoint looks. */
	err = second_datagram(thread, "", 1, 0);
	actor_turn(sc->actor);
	scene_run(sc, S);
	ktap_result(share->floor > first + 2 * SHARE_LEAP && !err && !is_given_up(sc) &&
		    !world_receiver(sc->world)->repeated &&
		    !second_datagram(thread, "", 1, 0),
		    "one of two threads hangs while the others use all numbers: both go on");
	second_free(thread);
	ring_free(ring);
	scene_free(sc);
}

/* Of a number that is long forgotten it is told that it is of no packet. */
static void test_late_void(void)
{
	struct scene *sc = begin_quiet(&wide, 8 << 20);
	struct equic_share *share = world_share(sc->world);
	struct equic_record record = {
		.connection = sc->memory->connection, .kind = EQUIC_RECORD_DATAGRAM,
		.flags = EQUIC_RECORD_UNSENT,
	};
	struct equic_share_stats before, st;
	uint64_t word;

	if (number_take(sc->memory, true, &word))
		ktap_bail("no number");
	record.number = word;
	if (!library_sends(sc, number_pn(record.number) + 3 * RECOVERY_KEPT, 400 * MS))
		ktap_bail("%llu numbers", (unsigned long long)share->floor);
	scene_run(sc, S);
	equic_share_get_stats(share, &before);
	enemy_submit(sc, &record);
	look(sc);
	equic_share_get_stats(share, &st);
	ktap_result(st.voids == before.voids + 1 && st.hostile == before.hostile &&
		    !is_given_up(sc),
		    "who finds long behind that its number is of no packet is honest");
	scene_free(sc);
}

/*
 * Behind a packet that the library has not heard of, it hears of it when the peer
 * acknowledges it.
 */
static void play_set_back(bool all, const char *what)
{
	struct scene *sc = begin_quiet(&wide, 1);
	int err;

	while (second_datagram(sc->second, "", 1, 0))
		scene_run(sc, MS);
	if (all)
		memset(sc->memory, 0, sizeof(*sc->memory));
	else
		sc->memory->number = 0;
	end_second(sc);
	err = world_run(sc->world, world_now(sc->world) + S);
	ktap_result(!err && is_given_up(sc) && sc->fates[EQUIC_SHARE_ACKED] == 1,
		    "behind a packet %s: it counts, and the connection goes on", what);
	scene_free(sc);
}

/* Return: when all is there, ns from the beginning; 0: it is not. */
static uint64_t play_timed(uint64_t seed, bool timeless, uint64_t *rtt)
{
	struct scene_plan plan = enemy_plan;
	struct equic_share_stats st;
	uint64_t took = 0;
	struct scene *sc;

	plan.seed = seed;
	/* The clock has run for some hours. */
	plan.begin = 20000 * S;
	plan.timeless = timeless;
	sc = scene_new(&plan);
	if (!scene_play(sc, plan.begin + 300 * S) && scene_complete(sc))
		took = world_ended(sc->world) - plan.begin;
	equic_share_get_stats(world_share(sc->world), &st);
	*rtt = st.smoothed_rtt;
	ktap_diag("%.3f s, smoothed RTT %llu us", took / 1e9,
		  (unsigned long long)st.smoothed_rtt / 1000);
	scene_free(sc);
	return took;
}

/* A sample of the RTT would be as long as the clock has run. */
static void test_timeless(uint64_t seed)
{
	uint64_t rtt, wrong_rtt;
	uint64_t took = play_timed(seed, false, &rtt);
	uint64_t wrong_took = play_timed(seed, true, &wrong_rtt);

	ktap_result(rtt && wrong_rtt < rtt + 10 * MS,
		    "all records are of long ago: the RTT is the path's");
	ktap_result(took && wrong_took && wrong_took < took / 4 * 5,
		    "and all arrives in the usual time");
}

int main(int argc, char **argv)
{
	struct plan chances;

	ktap_begin();
	chances = chance_plan(argc, argv, 1, "runs");
	test_talker();
	test_leaps();
	test_void_leaps();
	test_dying_leaps();
	test_leap_of_dead();
	test_silent_leaps();
	test_leap();
	test_runaway();
	test_far_ahead();
	test_library_ahead();
	test_late_thread();
	test_late_void();
	play_set_back(false, "numbers go back");
	play_set_back(true, "there is zero in all of the memory");
	test_timeless(chances.seed);
	return ktap_end();
}
