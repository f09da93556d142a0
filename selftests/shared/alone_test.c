// SPDX-License-Identifier: GPL-2.0-only
/*
 * A connection through the library that nobody shares: it is as that of ngtcp2 alone,
 * with its keys updated as the options say.
 */
#include <errno.h>
#include <string.h>
#include "ktap.h"
#include "scene.h"

#define MS NGTCP2_MILLISECONDS
#define S NGTCP2_SECONDS

static const struct scene_plan usual = {
	.path = { .delay = 20 * MS, .rate = 2500000, .queue = 200000 },
	.seed = 1, .alone = true, .stack_bytes = 2000000, .initial_max_data = 1 << 22,
};

/* Packets, of which an epoch has a few. */
enum { PIECES = 80 };

static uint8_t packet[TRANSIT_DATAGRAM_MAX];

static struct equic_share_stats stats(struct scene *sc)
{
	struct equic_share_stats st;

	equic_share_get_stats(world_share(sc->world), &st);
	return st;
}

static void arrives(struct scene *sc, const char *how)
{
	ktap_result(!scene_play(sc, 300 * S) && scene_complete(sc) && scene_right(sc) &&
			    !world_receiver(sc->world)->repeated,
		    "%s: all that the stack sent arrives", how);
}

static void test_usual(void)
{
	struct scene_plan plan = usual;
	struct scene *sc;

	plan.path.loss = 30;
	plan.update_after = 70;
	sc = scene_new(&plan);
	arrives(sc, "3 % loss, key updates");
	ktap_result(stats(sc).epoch > 1, "the keys are updated");
	ktap_result(stats(sc).stack &&
			    stats(sc).taken == stats(sc).stack + stats(sc).voids,
		    "each number is one of a packet, or was skipped");
	ktap_result(equic_share_memory_fd(world_share(sc->world)) < 0 &&
			    equic_share_ring_fd(world_share(sc->world), 0) < 0,
		    "there is no memory for a second sender");
	equic_share_second_died(world_share(sc->world));
	ktap_result(equic_share_get_max_data_left(world_share(sc->world)) ==
			    ngtcp2_conn_get_max_data_left(world_sender(sc->world)),
		    "one that is not there may die");
	scene_free(sc);
}

/* Other senders do not have it. */
static void test_other_cipher(void)
{
	struct scene_plan plan = usual;
	struct scene *sc;

	plan.priority = WORLD_FOREIGN_CIPHER;
	plan.loss = 30;
	sc = scene_new(&plan);
	do
		scene_run(sc, 100 * MS);
	while (!world_confirmed(sc->world));
	scene_run(sc, 100 * MS);
	ktap_result(scene_share(sc) == EOPNOTSUPP && strstr(equic_share_strerror(), "cipher"),
		    "AES-128-CCM: nobody can share it: EOPNOTSUPP");
	if (ngtcp2_conn_initiate_key_update(world_sender(sc->world), world_now(sc->world)))
		ktap_bail("no key update");
	arrives(sc, "AES-128-CCM, a key update");
	scene_free(sc);
}

/* Keys that are worn out all the time: ngtcp2 is not asked when it must not be. */
static void test_early_update(uint64_t update_after)
{
	struct scene_plan plan = usual;
	struct scene *sc;

	plan.update_after = update_after;
	sc = scene_new(&plan);
	arrives(sc, "keys that are to be updated before the handshake is complete");
	ktap_result(stats(sc).epoch, "that is done when it is");
	scene_free(sc);
}

static void test_close(void)
{
	struct scene_plan plan = usual;
	ngtcp2_ccerr error;
	struct scene *sc;

	ngtcp2_ccerr_default(&error);
	sc = scene_new(&plan);
	world_run(sc->world, 1300 * MS);
	plan.update_after = stats(sc).taken + 1;
	scene_free(sc);
	/* As many, and CONNECTION_CLOSE is what reaches it. */
	sc = scene_new(&plan);
	world_run(sc->world, 1300 * MS);
	ktap_result(stats(sc).taken + 1 == plan.update_after && !stats(sc).epoch &&
			    equic_share_write_connection_close(
				    world_share(sc->world), NULL, NULL, packet,
				    sizeof(packet), &error, world_now(sc->world)) > 0,
		    "the last packet of an epoch may be CONNECTION_CLOSE");
	scene_free(sc);
}

static void test_draining(uint64_t at)
{
	struct equic_share *share;
	struct scene_plan plan = usual;
	ngtcp2_pkt_info pi = { 0 };
	ngtcp2_path_storage ps;
	ngtcp2_ccerr error;
	struct scene *sc;
	ngtcp2_ssize n;

	/* The next update is refused yet. */
	plan.update_after = 20;
	ngtcp2_ccerr_default(&error);
	sc = scene_new(&plan);
	world_run(sc->world, at);
	share = world_share(sc->world);
	ngtcp2_path_storage_zero(&ps);
	n = ngtcp2_conn_write_connection_close(world_peer(sc->world), &ps.path, &pi,
					       packet, sizeof(packet), &error,
					       world_now(sc->world));
	ktap_result(n > 0 && equic_share_read_pkt(
				     share, ngtcp2_conn_get_path(world_sender(sc->world)),
				     &pi, packet, n, world_now(sc->world)) ==
				     NGTCP2_ERR_DRAINING,
		    "the peer may close it while keys are to be updated");
	scene_free(sc);
}

static void test_in_pieces(void)
{
	struct scene_plan plan = usual;
	struct scene *sc;

	plan.stack_bytes = 1;
	plan.update_after = 2;
	sc = scene_new(&plan);
	world_run(sc->world, 2 * S);
	ktap_result(scene_write_in_pieces(sc, PIECES) == PIECES && stats(sc).epoch > 1,
		    "keys are updated between packets that are written in pieces");
	scene_free(sc);
}

static void test_payload(uint32_t payload_max, bool at_once)
{
	struct scene_plan plan = usual;
	struct scene *sc;

	plan.payload_max = payload_max;
	plan.alone = !at_once;
	sc = scene_new(&plan);
	arrives(sc, "a path that is known to take little more than an Initial");
	ktap_result(world_largest(sc->world) <= payload_max,
		    "no datagram is larger than %u bytes%s", payload_max,
		    at_once ? ", also when it is shared" : "");
	scene_free(sc);
}

static void test_smaller_path(bool is_told)
{
	struct scene_plan plan = usual;
	struct scene *sc;

	plan.payload_max = EQUIC_SHARE_PAYLOAD_MAX;
	sc = scene_new(&plan);
	world_run(sc->world, 1300 * MS);
	world_transit(sc->world)->path.mtu = 1300;
	if (!is_told)
		world_rebind(sc->world);
	else if (equic_share_set_payload_max(world_share(sc->world), 1300))
		ktap_bail("payload_max");
	arrives(sc, is_told ? "a path that turns out to take less" :
			      "another path, of which nothing is known");
	scene_free(sc);
}

int main(void)
{
	uint64_t i;

	ktap_begin();
	test_usual();
	test_other_cipher();
	for (i = 1; i <= 3; i++)
		test_early_update(i);
	test_close();
	for (i = 1150; i <= 1400; i += 50)
		test_draining(i * MS);
	test_in_pieces();
	for (i = EQUIC_SHARE_PAYLOAD_MIN; i <= EQUIC_SHARE_PAYLOAD_MIN + 3; i++) {
		test_payload(i, false);
		test_payload(i, true);
	}
	test_smaller_path(true);
	test_smaller_path(false);
	return ktap_end();
}
