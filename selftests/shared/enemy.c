// SPDX-License-Identifier: GPL-2.0-only
/* See enemy.h. */
#include <string.h>
#include "enemy.h"
#include "ktap.h"
#include "seal.h"
#include "share.h"
#include "varint.h"
#include "word.h"

const struct scene_plan enemy_plan = {
	.path = { .delay = 10 * NGTCP2_MILLISECONDS, .rate = 5000000, .queue = 200000 },
	.seed = 1, .streams = 6, .stream_bytes = 3000000, .stack_bytes = 500000,
	.datagrams = 300, .initial_max_data = 1 << 18,
};

bool enemy_is_harmless(struct scene *sc)
{
	const struct received_stream *got;
	int err;

	err = world_run(sc->world, world_now(sc->world) + 3 * NGTCP2_SECONDS);
	got = scene_received(sc, sc->stack_stream);
	return !err && got->fin && !got->wrong &&
	       !world_receiver(sc->world)->repeated;
}

void enemy_hear(struct scene *sc, enum frame_type type, uint64_t first, uint64_t second,
		int numbers)
{
	uint8_t payload[64] = { type }, *end = payload + sizeof(payload), *at;

	at = varint_write(payload + 1, end, first);
	if (numbers > 1)
		at = varint_write(at, end, second);
	if (translate_received(&world_share(sc->world)->translator, payload,
			       at - payload))
		ktap_bail("a frame that is none");
	equic_share_handle_expiry(world_share(sc->world), world_now(sc->world));
}

void enemy_submit(struct scene *sc, const struct equic_record *what)
{
	struct equic_record *record = ring_reserve(sc->ring);

	if (!record)
		ktap_bail("no record");
	*record = *what;
	ring_submit(sc->ring, record);
}

void enemy_send_under(struct scene *sc, uint64_t word, const uint8_t *payload, size_t len)
{
	const ngtcp2_cid *dcid = ngtcp2_conn_get_dcid(world_sender(sc->world));
	uint8_t packet[TRANSIT_DATAGRAM_MAX], header[1 + NGTCP2_MAX_CIDLEN] = { 0x40 };
	struct seal_secret secret;
	struct seal_key *key;

	seal_secret_take(&secret, &sc->first_key);
	memcpy(header + 1, dcid->data, dcid->datalen);
	key = seal_key_new(&secret);
	len = seal(key, packet, header, 1 + dcid->datalen, number_pn(word), payload, len);
	seal_key_free(key);
	if (!len)
		ktap_bail("no packet");
	world_send(sc->world, packet, len);
}

uint64_t enemy_seen(struct scene *sc)
{
	struct equic_share_stats st;

	equic_share_handle_expiry(world_share(sc->world), world_now(sc->world));
	equic_share_get_stats(world_share(sc->world), &st);
	return st.hostile;
}
