// SPDX-License-Identifier: GPL-2.0-only
/* See datagram.h. */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/udp.h>
#include <stdio.h>
#include <string.h>
#include "datagram.h"
#include "ktap.h"
#include "protect.skel.h"

static __thread struct protect_bpf *skel;

static __u32 sum(__u32 sum, const void *data, size_t len)
{
	const __u8 *p = data;
	size_t i;

	for (i = 0; i < len; i++)
		sum += i & 1 ? p[i] : p[i] << 8;
	return sum;
}

/* Of pseudo-header and UDP datagram (RFC 768); 0 when its checksum is right. */
static __u16 udp_csum(const struct datagram *datagram)
{
	const __u8 *ip = datagram->frame + sizeof(struct ethhdr);
	__u16 len = datagram->len - DATAGRAM_UDP;
	__u32 s = sum(IPPROTO_UDP + len, ip + 12, 8);

	s = sum(s, datagram->frame + DATAGRAM_UDP, len);
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return ~s;
}

void datagram_build(struct datagram *datagram, const void *packet, size_t len)
{
	struct ethhdr *eth = (void *)datagram->frame;
	struct iphdr *ip = (void *)(eth + 1);
	struct udphdr *udp = (void *)(ip + 1);

	if (DATAGRAM_PACKET + len > sizeof(datagram->frame))
		ktap_bail("no room for a packet of %zu bytes", len);
	memset(datagram->frame, 0, DATAGRAM_PACKET);
	datagram->len = DATAGRAM_PACKET + len;
	memset(eth, 0x02, 2 * ETH_ALEN);
	eth->h_proto = htons(ETH_P_IP);
	ip->version = 4;
	ip->ihl = 5;
	ip->ttl = 64;
	ip->protocol = IPPROTO_UDP;
	ip->tot_len = htons(datagram->len - sizeof(*eth));
	ip->saddr = htonl(0xc6336401);
	ip->daddr = htonl(0xc0000201);
	udp->source = htons(50000);
	udp->dest = htons(443);
	udp->len = htons(sizeof(*udp) + len);
	memcpy(udp + 1, packet, len);
	udp->check = htons(udp_csum(datagram)) ?: 0xffff;
}

void datagram_copy(struct datagram *to, const struct datagram *from)
{
	memcpy(to->frame, from->frame, from->len);
	to->len = from->len;
}

bool datagram_csum_ok(const struct datagram *datagram)
{
	return !udp_csum(datagram);
}

void programs_load(void)
{
	skel = protect_bpf__open_and_load();
	if (!skel)
		ktap_bail("no programs");
}

void programs_unload(void)
{
	protect_bpf__destroy(skel);
}

struct packet_room *packet_args(void)
{
	return &skel->bss->packet;
}

const __u8 *packet_plain(void)
{
	return skel->bss->plain;
}

void packet_sizes(__u32 packet, __u32 plain)
{
	skel->bss->packet_size = packet;
	skel->bss->plain_size = plain;
}

void packet_describe(const struct datagram *datagram, __u32 key, __u16 pn_off)
{
	memset(&skel->bss->packet, 0, sizeof(skel->bss->packet));
	skel->bss->packet.packet = (struct bpf_equic_packet){
		.key = key,
		.off = DATAGRAM_PACKET,
		.len = datagram->len - DATAGRAM_PACKET,
		.pn_off = pn_off,
		.udp_off = DATAGRAM_UDP,
	};
	packet_sizes(sizeof(struct bpf_equic_packet), PLAIN_ROOM);
}

void packet_seal_with(__u32 key)
{
	skel->bss->sealing = skel->bss->packet.packet;
	skel->bss->sealing.key = key;
}

/* @ctx: what TC is to think of the packet; NULL: nothing. */
static int run(const char *hook, const char *name, struct datagram *datagram,
	       const struct __sk_buff *ctx)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts,
		    .data_in = datagram->frame,
		    .data_size_in = datagram->len,
		    .data_out = datagram->frame,
		    .data_size_out = sizeof(datagram->frame),
		    .ctx_in = ctx,
		    .ctx_size_in = ctx ? sizeof(*ctx) : 0);
	struct bpf_program *prog;
	char full[32];
	int err;

	snprintf(full, sizeof(full), "%s_%s", hook, name);
	prog = bpf_object__find_program_by_name(skel->obj, full);
	skel->bss->result = 4711;
	err = bpf_prog_test_run_opts(bpf_program__fd(prog), &opts);
	errno = -err;
	if (err)
		ktap_bail("%s", full);
	datagram->len = opts.data_size_out;
	return skel->bss->result;
}

int datagram_run(const char *hook, const char *name, struct datagram *datagram)
{
	return run(hook, name, datagram, NULL);
}

int datagram_run_gso(const char *name, struct datagram *datagram, int gso_size)
{
	struct __sk_buff ctx = { .gso_size = gso_size, .gso_segs = 2 };

	return run("skb", name, datagram, &ctx);
}
