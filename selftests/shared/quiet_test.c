// SPDX-License-Identifier: GPL-2.0-only
/*
 * A stack that has nothing to say for as long as its second sender speaks: the peer
 * acknowledges, and asks for no answer, as it may (RFC 9000, 13.2.4).
 */
#include <string.h>
#include "frame.h"
#include "ktap.h"
#include "scene.h"
#include "translate.h"

#define MS NGTCP2_MILLISECONDS
#define S NGTCP2_SECONDS

/* Packets: more than SHARE_LEAP. */
enum { DATAGRAMS = 40000, EPOCH = 1000, UPDATES_MIN = 3, STACK_MAX = 200 };

int __real_translate_received(struct translator *t, uint8_t *payload, size_t len);
int __wrap_translate_received(struct translator *t, uint8_t *payload, size_t len);

/* The peer of these tests, which is ngtcp2, sends a PING now and then. */
int __wrap_translate_received(struct translator *t, uint8_t *payload, size_t len)
{
	struct frame frame = { };
	size_t at = 0;

	while (frame_next(payload, len, at, &frame) == 1) {
		if (frame.type == FRAME_PING)
			payload[frame.begin] = FRAME_PADDING;
		at = frame.end;
	}
	return __real_translate_received(t, payload, len);
}

static const struct scene_plan usual = {
	.path = { .delay = 5 * MS, .rate = 12500000, .queue = 500000 },
	.seed = 1, .stack_bytes = 1, .datagrams = DATAGRAMS,
	.initial_max_data = 1 << 20,
};

/* What the endpoint says in the end, the peer hears as well. */
static void say_goodbye(struct scene *sc)
{
	uint8_t packet[EQUIC_SHARE_PAYLOAD_MAX];
	ngtcp2_path_storage ps;
	ngtcp2_pkt_info pi;
	ngtcp2_ccerr ccerr;
	ngtcp2_ssize n;

	ngtcp2_path_storage_zero(&ps);
	ngtcp2_ccerr_default(&ccerr);
	n = equic_share_write_connection_close(world_share(sc->world), &ps.path, &pi,
					       packet, sizeof(packet), &ccerr,
					       world_now(sc->world));
	if (n <= 0)
		ktap_bail("no CONNECTION_CLOSE: %zd", n);
	world_send(sc->world, packet, n);
	world_run(sc->world, world_now(sc->world) + S);
}

static void play(const char *name, const struct scene_plan *plan)
{
	struct scene *sc = scene_new(plan);
	struct equic_share_stats st;
	int err = scene_play(sc, 300 * S);

	equic_share_get_stats(world_share(sc->world), &st);
	scene_print(sc, name, err);
	ktap_result(!err && scene_complete(sc) && st.stack < STACK_MAX,
		    "%s: the second sender goes on, however long the stack is silent", name);
	ktap_result(!st.estranged && !st.hostile, "%s: and is trusted", name);
	say_goodbye(sc);
	ktap_result(!world_receiver(sc->world)->repeated,
		    "%s: when the stack speaks again no number is used twice", name);
	if (plan->update_after)
		ktap_result(st.epoch >= UPDATES_MIN && !sc->late,
			    "%s: the keys are updated", name);
	scene_free(sc);
}

int main(void)
{
	struct scene_plan updates = usual;

	ktap_begin();
	play("silence", &usual);
	updates.update_after = EPOCH;
	play("silence and key updates", &updates);
	return ktap_end();
}
