// SPDX-License-Identifier: GPL-2.0-only
/*
 * A connection begins to be shared in the middle of its life: when it may, what the
 * stack had until then, and what is left when it may not.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "idle.h"
#include "ktap.h"
#include "scene.h"

#define MS NGTCP2_MILLISECONDS
#define S NGTCP2_SECONDS

/* The stack has more than it can send meanwhile. */
static const struct scene_plan usual = {
	.path = { .delay = 20 * MS, .rate = 2500000, .queue = 200000 },
	.seed = 1, .share_at = UINT64_MAX, .streams = 4, .stream_bytes = 200000,
	.datagrams = 100, .stack_bytes = 2000000, .initial_max_data = 1 << 22,
};

/* Allocations until one fails; negative: none does. */
static int allocations = -1;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);

static bool is_refused(void)
{
	if (allocations < 0 || allocations--)
		return false;
	errno = ENOMEM;
	return true;
}

void *__wrap_malloc(size_t size)
{
	return is_refused() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return is_refused() ? NULL : __real_calloc(count, size);
}

static struct scene *sending(uint64_t until)
{
	struct scene *sc = scene_new(&usual);

	if (world_run(sc->world, until) || !sc->stack_sent)
		ktap_bail("the stack does not send");
	return sc;
}

static struct equic_share *share_of(struct scene *sc)
{
	return world_share(sc->world);
}

static struct equic_share_stats stats(struct scene *sc)
{
	struct equic_share_stats st;

	equic_share_get_stats(share_of(sc), &st);
	return st;
}

/* From here on, all that there is to be sent arrives. */
static void goes_on(struct scene *sc, const char *how)
{
	sc->plan.share_at = 1;
	ktap_result(!scene_play(sc, 300 * S) && scene_complete(sc) && scene_right(sc) &&
			    !world_receiver(sc->world)->repeated && !sc->overruns,
		    "%s: all that three senders sent arrives", how);
}

static int begin_with(struct scene *sc, struct equic_share_options options)
{
	errno = 0;
	return equic_share_begin(share_of(sc), &options) ? errno : 0;
}

static const struct equic_share_options idle = {
	.events = &idle_events, .memory = -1, .ring_count = 1,
};

static void test_options(void)
{
	struct scene *sc = sending(1200 * MS);
	struct equic_share_options options = idle;
	int ring = STDOUT_FILENO;

	options.events = NULL;
	ktap_result(begin_with(sc, options) == EINVAL, "no events: EINVAL");
	options = idle;
	options.ring_count = 0;
	ktap_result(begin_with(sc, options) == EINVAL, "no ring: EINVAL");
	options.ring_count = EQUIC_SHARE_RINGS_MAX + 1;
	ktap_result(begin_with(sc, options) == EINVAL, "too many rings: EINVAL");
	options = idle;
	options.payload_max = 1300;
	ktap_result(begin_with(sc, options) == EINVAL,
		    "another payload than in the beginning: EINVAL");
	options = idle;
	options.rings = &ring;
	ktap_result(begin_with(sc, options) == EINVAL, "a ring that is none: EINVAL");
	ktap_result(equic_share_memory_fd(share_of(sc)) < 0 &&
			    equic_share_ring_fd(share_of(sc), 0) < 0,
		    "what was refused leaves no descriptors");
	goes_on(sc, "after that");
	ktap_result(scene_share(sc) == EALREADY, "a second time: EALREADY");
	scene_free(sc);
}

static void test_memory(void)
{
	struct scene *sc = sending(1200 * MS);
	int n = 0, err;

	do {
		allocations = n++;
		err = scene_share(sc);
		allocations = -1;
	} while (err == ENOMEM && equic_share_memory_fd(share_of(sc)) < 0);
	ktap_result(!err && n > 3, "whatever allocation fails: ENOMEM, and nothing has changed");
	ktap_diag("%d allocations, then %s", n - 1, strerror(err));
	goes_on(sc, "when there is memory");
	scene_free(sc);
}

static void test_time(void)
{
	struct scene *sc = scene_new(&usual);

	/* A round trip is 40 ms. */
	world_run(sc->world, 1030 * MS);
	ktap_result(scene_share(sc) == EAGAIN, "before the handshake is confirmed: EAGAIN");
	goes_on(sc, "at once when it is");
	scene_free(sc);
}

static void test_half_written(void)
{
	uint8_t packet[TRANSIT_DATAGRAM_MAX];
	struct scene *sc = sending(3 * S);
	ngtcp2_ssize n, used;
	ngtcp2_vec byte = { (uint8_t *)"x", 1 };
	int64_t stream;

	if (ngtcp2_conn_open_uni_stream(world_sender(sc->world), &stream, NULL))
		ktap_bail("no stream");
	n = equic_share_writev_stream(share_of(sc), NULL, NULL, packet, sizeof(packet),
				      &used, NGTCP2_WRITE_STREAM_FLAG_MORE, stream, &byte,
				      1, world_now(sc->world));
	ktap_result(n == NGTCP2_ERR_WRITE_MORE && scene_share(sc) == EAGAIN,
		    "a packet is half written: EAGAIN");
	n = equic_share_writev_stream(share_of(sc), NULL, NULL, packet, sizeof(packet),
				      NULL, 0, -1, NULL, 0, world_now(sc->world));
	ktap_result(n > 0 && !scene_share(sc), "when it is written it may begin");
	scene_free(sc);
}

static void test_closing(void)
{
	uint8_t packet[TRANSIT_DATAGRAM_MAX];
	struct scene *sc = sending(1200 * MS);
	ngtcp2_ccerr error;

	ngtcp2_ccerr_default(&error);
	ktap_result(equic_share_write_connection_close(share_of(sc), NULL, NULL, packet,
						       sizeof(packet), &error,
						       world_now(sc->world)) > 0 &&
			    scene_share(sc) == ESHUTDOWN,
		    "the connection is closing: ESHUTDOWN");
	scene_free(sc);
}

/* What the stack has of the window, of credit and numbers is everybody's. */
static void test_taken_over(void)
{
	struct scene *sc = sending(1300 * MS);
	struct equic_share_stats before = stats(sc), st;
	ngtcp2_conn_info info;
	uint64_t left;

	ngtcp2_conn_get_conn_info(world_sender(sc->world), &info);
	left = ngtcp2_conn_get_max_data_left(world_sender(sc->world));
	ktap_result(before.window == info.cwnd && before.smoothed_rtt == info.smoothed_rtt,
		    "before it is shared window and RTT are the stack's");
	ktap_result(!scene_share(sc), "it is shared");
	st = stats(sc);
	ktap_result(st.taken == before.taken && st.taken == st.stack + st.voids,
		    "numbers go on where the stack is");
	ktap_result(info.bytes_in_flight && st.in_flight == info.bytes_in_flight &&
			    st.window == info.cwnd && st.smoothed_rtt == info.smoothed_rtt,
		    "what the stack has in flight, window and RTT are taken over");
	ktap_result(equic_share_get_max_data_left(share_of(sc)) == left,
		    "and what is left of MAX_DATA");
	goes_on(sc, "in the middle of what the stack sends");
	scene_free(sc);
}

/* Packets that were sent before it was shared are lost, and that is seen afterwards. */
static void test_lost_before(void)
{
	struct scene *sc = sending(1300 * MS);
	struct transit *t = world_transit(sc->world);
	struct equic_share_stats before;

	t->path.loss = 500;
	scene_run(sc, 15 * MS);
	t->path.loss = 0;
	before = stats(sc);
	if (scene_share(sc))
		ktap_bail("it is not shared");
	/* A round trip, and what waits in the queue. */
	scene_run(sc, 150 * MS);
	ktap_result(stats(sc).window < before.window,
		    "what is lost of the packets before cuts the window of all");
	ktap_diag("window %llu, then %llu", (unsigned long long)before.window,
		  (unsigned long long)stats(sc).window);
	goes_on(sc, "when packets before were lost");
	scene_free(sc);
}

/* No number of before is void: a peer may acknowledge it at any time. */
static void test_dead_at_once(void)
{
	struct scene *sc = sending(1300 * MS);
	uint64_t voids = stats(sc).voids;

	if (scene_share(sc))
		ktap_bail("it is not shared");
	equic_share_second_died(share_of(sc));
	ktap_result(stats(sc).voids == voids, "a second sender that dies at once leaves no void numbers");
	goes_on(sc, "and another one begins");
	scene_free(sc);
}

int main(void)
{
	ktap_begin();
	test_options();
	test_memory();
	test_time();
	test_half_written();
	test_closing();
	test_taken_over();
	test_lost_before();
	test_dead_at_once();
	return ktap_end();
}
