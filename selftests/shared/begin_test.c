// SPDX-License-Identifier: GPL-2.0-only
/*
 * A connection begins to be shared in the middle of its life: when it may, what the
 * stack had until then, and what is left when it may not.
 */
#include <errno.h>
#include <ngtcp2/ngtcp2_crypto.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "idle.h"
#include "ktap.h"
#include "region.h"
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
			    !world_receiver(sc->world)->repeated && !sc->window.overruns,
		    "%s: all that three senders sent arrives", how);
}

static int begin_with(struct scene *sc, struct equic_share_options options)
{
	errno = 0;
	return equic_share_begin(share_of(sc), &options) ? errno : 0;
}

/* And the words have @named. */
static bool is_refused_as(int got, int err, const char *named)
{
	bool right = got == err && strstr(equic_share_strerror(), named);

	if (!right)
		ktap_diag("%s: %s", strerror(got), equic_share_strerror());
	return right;
}

static const struct equic_share_options idle = {
	.events = &idle_events, .memory = -1, .ring_count = 1,
};

static bool memory_is_used(int fd)
{
	uint8_t byte = 0;

	return pread(fd, &byte, 1, 0) != 1 || byte;
}

static void test_options(void)
{
	struct scene *sc = sending(1200 * MS);
	struct equic_share_options options = idle;
	int ring = STDOUT_FILENO, memfd = region_make("test", sizeof(struct equic_shared));

	ktap_result(equic_share_begin(share_of(sc), NULL) == -1 &&
			    is_refused_as(errno, EINVAL, "options is NULL"),
		    "no options: EINVAL");
	options.events = NULL;
	ktap_result(is_refused_as(begin_with(sc, options), EINVAL, "options.events"),
		    "no events: EINVAL");
	options = idle;
	options.ring_count = 0;
	ktap_result(is_refused_as(begin_with(sc, options), EINVAL, "options.ring_count"),
		    "no ring: EINVAL");
	options.ring_count = EQUIC_SHARE_RINGS_MAX + 1;
	ktap_result(is_refused_as(begin_with(sc, options), EINVAL, "options.ring_count"),
		    "too many rings: EINVAL");
	options = idle;
	options.payload_max = 1300;
	ktap_result(is_refused_as(begin_with(sc, options), EINVAL, "options.payload_max"),
		    "another payload than in the beginning: EINVAL");
	options = idle;
	options.rings = &ring;
	ktap_result(is_refused_as(begin_with(sc, options), EINVAL, "options.rings"),
		    "a ring that is none: EINVAL");
	ktap_result(equic_share_memory_fd(share_of(sc)) < 0 &&
			    equic_share_ring_fd(share_of(sc), 0) < 0,
		    "what was refused leaves no descriptors");
	options.memory = memfd;
	begin_with(sc, options);
	options.rings = NULL;
	ktap_result(!memory_is_used(memfd), "and memory of the endpoint's as it was");
	goes_on(sc, "after that");
	ktap_result(is_refused_as(scene_share(sc), EALREADY, "is shared already"),
		    "a second time: EALREADY");
	scene_free(sc);
}

static void test_foreign_memory(void)
{
	struct scene *owner = sending(1200 * MS), *sc = sending(1200 * MS);
	struct equic_share_options options = idle;

	if (scene_share(owner))
		ktap_bail("it is not shared");
	options.memory = equic_share_memory_fd(share_of(owner));
	ktap_result(is_refused_as(begin_with(sc, options), EPROTO, "options.memory is in use"),
		    "memory that another connection has: EPROTO");
	goes_on(owner, "of whose it is");
	goes_on(sc, "and of the other one");
	scene_free(owner);
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
	} while (err == ENOMEM && strstr(equic_share_strerror(), "no memory left") &&
		 equic_share_memory_fd(share_of(sc)) < 0);
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
	ktap_result(is_refused_as(scene_share(sc), EAGAIN, "the handshake"),
		    "before the handshake is confirmed: EAGAIN");
	goes_on(sc, "at once when it is");
	scene_free(sc);
}

/* Packets, of which an epoch has a few. */
enum { PIECES = 80 };

static uint8_t packet[TRANSIT_DATAGRAM_MAX];

static ngtcp2_ssize write_some(struct scene *sc, int64_t stream, size_t len, uint32_t flags)
{
	static uint8_t bytes[100];
	ngtcp2_vec vec = { bytes, len };

	return equic_share_writev_stream(share_of(sc), NULL, NULL, packet, sizeof(packet),
					 NULL, flags, stream, &vec, 1,
					 world_now(sc->world));
}

/* The packet in the making, or a new one. */
static ngtcp2_ssize write_rest(struct scene *sc)
{
	ngtcp2_ssize n = write_some(sc, -1, 0, 0);

	if (n > 0)
		world_send(sc->world, packet, n);
	return n;
}

static int64_t open_stream(struct scene *sc)
{
	int64_t stream;

	if (ngtcp2_conn_open_uni_stream(world_sender(sc->world), &stream, NULL))
		ktap_bail("no stream");
	return stream;
}

/* All that the stack has to send is sent. */
static struct scene *silent(struct scene_plan plan)
{
	struct scene *sc;

	plan.stack_bytes = 1;
	sc = scene_new(&plan);
	if (world_run(sc->world, 3 * S))
		ktap_bail("the connection ended");
	return sc;
}

static void test_half_written(void)
{
	struct scene_plan plan = usual;
	int64_t stream, blocked;
	struct scene *sc;

	plan.max_stream_data = 50;
	sc = silent(plan);
	stream = open_stream(sc);
	blocked = open_stream(sc);
	write_some(sc, blocked, 50, 0);
	ktap_result(write_some(sc, stream, 1, NGTCP2_WRITE_STREAM_FLAG_MORE) ==
				    NGTCP2_ERR_WRITE_MORE &&
			    is_refused_as(scene_share(sc), EAGAIN, "half written"),
		    "a packet is half written: EAGAIN");
	ktap_result(write_some(sc, blocked, 1, NGTCP2_WRITE_STREAM_FLAG_MORE) ==
				    NGTCP2_ERR_STREAM_DATA_BLOCKED &&
			    scene_share(sc) == EAGAIN,
		    "and so it is when another stream has no credit");
	ktap_result(write_rest(sc) > 0 && !scene_share(sc), "when it is written it may begin");
	scene_free(sc);
}

/* The keys are to be updated all the time, and ngtcp2 refuses in the middle of it. */
static void test_update_in_pieces(void)
{
	struct scene_plan plan = usual;
	struct scene *sc;

	plan.update_after = 2;
	plan.streams = plan.datagrams = 0;
	sc = silent(plan);
	if (scene_share(sc))
		ktap_bail("it is not shared");
	ktap_result(scene_write_in_pieces(sc, PIECES) == PIECES && stats(sc).epoch > 1,
		    "keys are updated between packets that are written in pieces");
	scene_free(sc);
}

static void test_closing(void)
{
	struct scene *sc = sending(1200 * MS);
	ngtcp2_ccerr error;

	ngtcp2_ccerr_default(&error);
	ktap_result(equic_share_write_connection_close(share_of(sc), NULL, NULL, packet,
						       sizeof(packet), &error,
						       world_now(sc->world)) > 0 &&
			    is_refused_as(scene_share(sc), ESHUTDOWN, "is ending"),
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
static void test_lost_before(uint64_t us)
{
	struct scene *sc = sending(1300 * MS);
	struct transit *t = world_transit(sc->world);
	struct equic_share_stats before;
	ngtcp2_conn_info info;

	t->path.loss = 1000;
	scene_run(sc, us * 1000);
	t->path.loss = 0;
	before = stats(sc);
	if (scene_share(sc))
		ktap_bail("it is not shared");
	sc->plan.share_at = 1;
	/* A round trip, and what waits in the queue. */
	scene_run(sc, 200 * MS);
	ngtcp2_conn_get_conn_info(world_sender(sc->world), &info);
	ktap_result(stats(sc).window < before.window && info.cwnd < before.window,
		    "what is lost of the last %llu us before cuts the window of all",
		    (unsigned long long)us);
	ktap_diag("window %llu, then %llu, of the stack %llu",
		  (unsigned long long)before.window,
		  (unsigned long long)stats(sc).window, (unsigned long long)info.cwnd);
	goes_on(sc, "when packets before were lost");
	scene_free(sc);
}

/* Small ones, more of them than numbers that are kept behind an acknowledged one. */
enum { SMALL = 6000 };

static void test_many_in_flight(void)
{
	struct scene_plan plan = usual;
	uint64_t window, now;
	struct scene *sc;
	int i, sent = 0;

	plan.path = (struct transit_path){
		.delay = 100 * MS, .rate = 100000000, .queue = 100000000,
	};
	plan.stack_bytes = 15000000;
	plan.initial_max_data = plan.max_stream_data = 1 << 28;
	sc = scene_new(&plan);
	world_run(sc->world, 5 * S);
	now = world_now(sc->world);
	for (i = 0; i < SMALL; i++) {
		ngtcp2_vec vec = { packet + 100, 3 };
		ngtcp2_ssize n = equic_share_writev_datagram(
			share_of(sc), NULL, NULL, packet, 100, NULL, 0, 0, &vec, 1,
			now + i * 1000);

		if (n <= 0)
			break;
		world_send(sc->world, packet, n);
		sent++;
	}
	window = stats(sc).window;
	if (scene_share(sc))
		ktap_bail("it is not shared");
	scene_run(sc, 600 * MS);
	ktap_result(sent == SMALL && stats(sc).window >= window,
		    "none of %d packets in flight is taken for lost", sent);
	scene_free(sc);
}

/* In the middle of a packet of the peer's, which says more behind. */
static struct scene *the_scene;
static uint64_t the_offset;

static int begin_in_callback(ngtcp2_conn *conn, int64_t stream, uint64_t offset,
			     uint64_t len, void *user_data, void *stream_user_data)
{
	(void)conn;
	(void)stream;
	(void)len;
	(void)user_data;
	(void)stream_user_data;
	if (!the_scene->shared && offset > the_offset && scene_share(the_scene))
		ktap_bail("it is not shared");
	return 0;
}

static void begin_when_acked(ngtcp2_callbacks *callbacks)
{
	callbacks->acked_stream_data_offset = begin_in_callback;
}

static struct scene *begin_at(uint64_t offset)
{
	struct scene_plan plan = usual;
	struct scene *sc;

	plan.callbacks = begin_when_acked;
	plan.initial_max_data = 1 << 16;
	the_offset = offset;
	sc = the_scene = scene_new(&plan);
	world_receiver(sc->world)->credit_last = true;
	while (!sc->shared && world_now(sc->world) < 10 * S)
		world_run(sc->world, world_now(sc->world) + MS / 10);
	return sc;
}

/* One of so many packets has more credit in it. */
static void test_callback(void)
{
	uint64_t offset;
	bool right = true;
	struct scene *sc;

	for (offset = 500000; offset < 600000; offset += 1500) {
		sc = begin_at(offset);
		right &= sc->shared &&
			 equic_share_get_max_data_left(share_of(sc)) ==
				 ngtcp2_conn_get_max_data_left(world_sender(sc->world));
		scene_free(sc);
	}
	ktap_result(right, "in the middle of a packet with MAX_DATA behind, that is known");
	sc = begin_at(500000);
	goes_on(sc, "in a callback");
	scene_free(sc);
}

/* A server's handshake is confirmed when it is complete. */
static int begin_when_completed(ngtcp2_conn *conn, void *user_data)
{
	(void)conn;
	(void)user_data;
	if (scene_share(the_scene))
		ktap_bail("it is not shared: %s", equic_share_strerror());
	return 0;
}

static void on_completed(ngtcp2_callbacks *callbacks)
{
	callbacks->handshake_completed = begin_when_completed;
}

static void test_completed(void)
{
	struct scene_plan plan = usual;

	plan.callbacks = on_completed;
	the_scene = scene_new(&plan);
	world_run(the_scene->world, 1200 * MS);
	ktap_result(the_scene->shared, "a server's begins in handshake_completed");
	goes_on(the_scene, "from there");
	scene_free(the_scene);
}

/* PATH_CHALLENGE is asked for in the middle of its packet. */
static ngtcp2_get_path_challenge_data make_challenge;
static bool is_writing;

static int begin_when_writing(ngtcp2_conn *conn, uint8_t *data, void *user_data)
{
	if (!the_scene->shared)
		is_writing |= is_refused_as(scene_share(the_scene), EAGAIN,
					    "is being written");
	return make_challenge(conn, data, user_data);
}

static void on_challenge(ngtcp2_callbacks *callbacks)
{
	make_challenge = callbacks->get_path_challenge_data;
	callbacks->get_path_challenge_data = begin_when_writing;
}

static void test_writing(void)
{
	struct scene_plan plan = usual;

	plan.callbacks = on_challenge;
	the_scene = scene_new(&plan);
	world_run(the_scene->world, 1300 * MS);
	world_rebind(the_scene->world);
	world_run(the_scene->world, 1500 * MS);
	ktap_result(is_writing && !the_scene->shared, "a packet is being written: EAGAIN");
	goes_on(the_scene, "when it has been");
	scene_free(the_scene);
}

/* A peer that takes no more than an Initial needs. */
static void test_first_write(uint64_t max_udp_payload_size)
{
	struct scene_plan plan = usual;
	struct scene *sc;

	plan.max_udp_payload_size = max_udp_payload_size;
	sc = silent(plan);
	if (scene_share(sc))
		ktap_bail("it is not shared");
	ktap_result(write_some(sc, open_stream(sc), 5, 0) > 0,
		    "what is written first is sent to a peer that takes %llu bytes",
		    (unsigned long long)max_udp_payload_size);
	scene_free(sc);
}

/* While it was alone it got to another path, of which nothing is known. */
static void test_other_path(void)
{
	struct scene_plan plan = usual;
	struct scene *sc;

	plan.payload_max = EQUIC_SHARE_PAYLOAD_MAX;
	/*
	 * The peer believes what it knew of the path: with ngtcp2 1.22 it fills
	 * PATH_RESPONSE up to that, none arrives, and each try cuts the window.
	 */
	plan.stack_bytes = 1700000;
	sc = scene_new(&plan);
	world_run(sc->world, 1300 * MS);
	world_transit(sc->world)->path.mtu = 1300;
	world_rebind(sc->world);
	world_run(sc->world, 2 * S);
	goes_on(sc, "on another path, which takes less than the one before");
	ktap_result(sc->memory->payload_max == EQUIC_SHARE_PAYLOAD_DEFAULT,
		    "no sender believes what was known of the one before");
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

static void unwire(ngtcp2_callbacks *callbacks)
{
	callbacks->encrypt = ngtcp2_crypto_encrypt_cb;
}

static void test_rewired(void)
{
	struct scene_plan plan = usual;
	struct scene *sc;

	plan.rewire = unwire;
	sc = scene_new(&plan);
	world_run(sc->world, 1300 * MS);
	ktap_result(scene_share(sc) == EINVAL && strstr(equic_share_strerror(), "callbacks"),
		    "a connection that has not the library's callbacks: EINVAL");
	scene_free(sc);
}

int main(void)
{
	ktap_begin();
	test_rewired();
	test_options();
	test_foreign_memory();
	test_memory();
	test_time();
	test_half_written();
	test_update_in_pieces();
	test_closing();
	test_taken_over();
	test_lost_before(1000);
	test_lost_before(4000);
	test_lost_before(15000);
	test_many_in_flight();
	test_callback();
	test_completed();
	test_writing();
	test_first_write(1200);
	test_first_write(1203);
	test_other_path();
	test_dead_at_once();
	return ktap_end();
}
