// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random and mutated frames through the gateway program and through
 * reference.c: both must find the same.
 *
 * parse_fuzz [ROUNDS [SEED]]: the same seed makes the same frames.
 */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "fixtures.h"
#include "ktap.h"
#include "reference.h"

#define ROUNDS		200000
#define SEED		9000
#define SHOWN_MAX	5

static __u64 state;

/* splitmix64 */
static __u64 random64(void)
{
	__u64 z = state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static unsigned int below(unsigned int n)
{
	return random64() % n;
}

static bool one_in(unsigned int n)
{
	return !below(n);
}

static void random_quic(struct quic *quic)
{
	static const __u32 versions[] = { V1, V1, V1, V2, V2, 0, 0x1a2a3a4a };

	quic->form = one_in(6) ? QUIC_SHORT : QUIC_LONG;
	quic->type = one_in(8) ? QUIC_RETRY : below(3);
	quic->version = versions[below(one_in(4) ? 7 : 5)];
	quic->dcid_len = one_in(10) ? below(256) : below(22);
	quic->scid_len = one_in(10) ? below(256) : below(22);
	quic->token_len = one_in(4) ? below(200) : 0;
	quic->payload = below(one_in(10) ? 1500 : 100);
	quic->length_size = 1 << below(4);
	if (quic->payload > 63 && quic->length_size == 1)
		quic->length_size = 2;
	if (one_in(10))
		quic->length_error = (int)below(20) - 10;
	quic->no_fixed_bit = one_in(8);
	quic->cid = below(16);
}

static void random_ext(struct frame *frame)
{
	static const __u8 types[] = { 60, 0, 43, 44, 51, 135, 139, 140 };
	int i, n = one_in(8) ? FRAME_EXT_MAX - 1 : below(one_in(4) ? 9 : 3);

	for (i = 0; i < n; i++) {
		struct ext *ext = &frame->ext[i];

		ext->type = types[below(8)];
		ext->len = one_in(20) ? below(256) : 1 + below(3);
		if (one_in(3))
			ext->frag = one_in(2) ? below(8) : below(65536);
		ext->segments_left = one_in(6);
	}
}

static void random_frame(struct frame *frame)
{
	int i, n = 1 + below(5);

	memset(frame, 0, sizeof(*frame));
	frame->vlan = one_in(3) ? below(4) : 0;
	frame->ip6 = one_in(2);
	if (!frame->ip6 && one_in(4))
		frame->options = 4 * below(11);
	if (one_in(10))
		frame->frag = one_in(2) ? IP4_MF : below(65536);
	if (frame->ip6 && !one_in(3))
		random_ext(frame);
	if (one_in(30))
		frame->proto = below(256);
	if (one_in(30))
		frame->dport = 1 + below(65535);
	frame->client = below(256);
	frame->mapped = one_in(10);
	for (i = 0; i < n; i++)
		random_quic(&frame->quic[i]);
	frame->payload = one_in(3) ? 0 : 1190 + below(20);
	if (one_in(10))
		frame->cut_payload = 1 + below(60);
	if (one_in(20))
		frame->udp_len_error = (int)below(60) - 50;
	if (one_in(20))
		frame->ip_len_error = (int)below(60) - 50;
	if (one_in(5))
		frame->tail = below(40);
}

static void mutate(struct built *built)
{
	int n = one_in(2) ? 0 : 1 + below(4);
	/* Headers deserve more of it than payload. */
	size_t reach = built->len < 160 ? built->len : 160;

	while (n--) {
		__u8 *byte = &built->data[12 + below(reach - 12)];

		switch (below(3)) {
		case 0:
			*byte ^= 1 << below(8);
			break;
		case 1:
			*byte = random64();
			break;
		default:
			*byte += one_in(2) ? 1 : -1;
		}
	}
	if (one_in(10))
		built->len = 14 + below(built->len - 13);
}

static void show(const struct built *built, size_t linear)
{
	size_t i, len = built->len < 200 ? built->len : 200;
	char text[2 * 200 + 1];

	for (i = 0; i < len; i++)
		sprintf(text + 2 * i, "%02x", built->data[i]);
	ktap_diag("%zu bytes, %zu linear: %s%s", built->len, linear, text,
		  len < built->len ? "…" : "");
}

int main(int argc, char **argv)
{
	long i, rounds = argc > 1 ? atol(argv[1]) : ROUNDS;
	long outcomes[3] = {}, types[__EQUIC_PKT_MAX] = {};
	bool ok = true, reached = true;
	struct parsed want, got;
	struct frame frame;
	int t, shown = 0;

	state = argc > 2 ? strtoull(argv[2], NULL, 0) : SEED;
	ktap_begin();
	parser_open();
	for (i = 0; i < rounds && shown < SHOWN_MAX; i++) {
		static struct built built;
		size_t linear;
		int verdict;

		random_frame(&frame);
		frame_build(&frame, &built);
		mutate(&built);
		linear = one_in(2) ? built.len : 14 + below(built.len - 13);
		verdict = below(3) - 1;
		reference_parse(built.data, built.len, SERVICE_PORT, verdict,
				&want);
		parser_run(built.data, built.len, linear, verdict, &got);
		outcomes[want.outcome]++;
		types[want.pkt.type] += want.outcome == DECIDED;
		if (!parsed_equal(&want, &got, "random frame")) {
			ktap_diag("round %ld", i);
			show(&built, linear);
			ok = false;
			shown++;
		}
	}
	parser_close();
	ktap_diag("%ld frames: %ld unseen, %ld foreign, %ld decided", i,
		  outcomes[UNSEEN], outcomes[FOREIGN], outcomes[DECIDED]);
	for (t = 0; t < __EQUIC_PKT_MAX; t++) {
		ktap_diag("type %d: %ld", t, types[t]);
		if (types[t] < rounds / 2000)
			reached = false;
	}
	ktap_result(ok, "the parser and the reference agree on random frames");
	ktap_result(reached, "random frames reach every packet type");
	return ktap_end();
}
