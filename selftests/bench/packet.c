// SPDX-License-Identifier: GPL-2.0-only
/* See packet.h. */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include "ktap.h"
#include "packet.h"

enum {
	/* 10.0.0.0/8 is room enough, and no other address is in it. */
	CLIENTS4	= 0x0a000000,
	ADDR4_OFF	= 12,
	ADDR6_OFF	= 8,
	/* The lower half of the prefix that clients are folded to. */
	FOLD6_OFF	= 4,
};

static const struct frame frames[] = {
	[PACKET_FOREIGN] = { .dport = 53, .quic = { SHORT(.payload = 1200) } },
	[PACKET_SHORT] = { .quic = { SHORT(.payload = 1200) } },
	[PACKET_INITIAL] = {
		.payload = 1200,
		.quic = { INITIAL(.version = V1, .dcid_len = 18,
				  .scid_len = 17, .payload = 300) },
	},
	[PACKET_MALFORMED] = {
		.payload = 1199,
		.quic = { INITIAL(.version = V1, .dcid_len = 18,
				  .scid_len = 17, .payload = 300) },
	},
};

void packet_make(struct packet *p, enum packet_kind kind, bool ip6)
{
	memset(p, 0, sizeof(*p));
	p->frame = frames[kind];
	p->frame.ip6 = ip6;
	frame_build(&p->frame, &p->built);
	p->client_off = p->built.ip + (ip6 ? ADDR6_OFF + FOLD6_OFF : ADDR4_OFF);
	p->scid_off = p->built.scid[0];
	p->ports_off = p->built.udp;
	packet_from(p, 0);
}

void packet_word(struct packet *p, unsigned int off, unsigned int word)
{
	word = htonl(word);
	memcpy(p->built.data + off, &word, sizeof(word));
}

unsigned int client_word(unsigned int client, bool ip6)
{
	return client + (ip6 ? 0 : CLIENTS4);
}

void packet_from(struct packet *p, unsigned int client)
{
	packet_word(p, p->client_off, client_word(client, p->frame.ip6));
}

void packet_scid(struct packet *p, unsigned int conn)
{
	packet_word(p, p->scid_off, conn);
}

unsigned int packet_run(int prog, const struct packet *p, unsigned int repeat,
			unsigned int action)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = p->built.data,
		    .data_size_in = p->built.len, .repeat = repeat);
	int err = bpf_prog_test_run_opts(prog, &opts);

	errno = -err;
	if (err)
		ktap_bail("test run");
	if (opts.retval != action)
		ktap_bail("the program answers %u, not %u", opts.retval, action);
	return opts.duration;
}

unsigned int packet_deliver(int prog, const struct packet *p,
			    unsigned int repeat, unsigned int ifindex)
{
	struct xdp_md context = {
		.data_end = p->built.len, .ingress_ifindex = ifindex,
	};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = p->built.data,
		    .data_size_in = p->built.len, .repeat = repeat,
		    .ctx_in = &context, .ctx_size_in = sizeof(context),
		    .flags = BPF_F_TEST_XDP_LIVE_FRAMES);
	int err = bpf_prog_test_run_opts(prog, &opts);

	errno = -err;
	if (err)
		ktap_bail("test run with live frames");
	return opts.duration;
}
