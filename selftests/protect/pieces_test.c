// SPDX-License-Identifier: GPL-2.0-only
/*
 * Packets that are not in one piece, or that somebody else has as well: they are
 * read where they are, are not changed in place, and spend no number; and what
 * somebody else has stays what it was.
 */
#include <arpa/inet.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "cable.h"
#include "keyring.h"
#include "ktap.h"
#include "module.h"
#include "pieces.skel.h"
#include "sample.h"

enum {
	/* A test run's frame has more than this in one piece, and then pages. */
	SEAMS = 3000,
	FRAME = 12000,
	/* Of the cable: more than one page. */
	MTU = 9000,
	FIRST = 20,		/* bytes of a datagram in its linear part */
};

static struct nl nl;
static struct key key;
static int opener, sealer;
static __u64 pn;
static struct pieces_bpf *skel;

/* The sample somewhere in a large frame. */
static void place(struct datagram *datagram, __u32 off, const __u8 *sample)
{
	static __u8 bytes[FRAME];

	memset(bytes, 0xee, sizeof(bytes));
	memcpy(bytes + off - DATAGRAM_PACKET, sample, SAMPLE_LEN);
	datagram_build(datagram, bytes, sizeof(bytes) - DATAGRAM_PACKET);
}

static int run(const char *name, struct datagram *datagram, int id, __u32 off)
{
	struct bpf_equic_packet *packet = &packet_args()->packet;

	packet_describe(datagram, id, SAMPLE_PN_OFF);
	packet->off = off;
	packet->len = SAMPLE_LEN;
	packet->pn = pn;
	return datagram_run("xdp", name, datagram);
}

/* Where the packet is: in front, or not all of it. */
enum piece { FRONT, BEHIND, WRONG };

/* It is read, and if it is not all in front, left alone otherwise. */
static enum piece piece_at(__u32 off)
{
	static struct datagram datagram, before;
	__u8 sample[SAMPLE_LEN];
	int copied, opened, sealed;
	bool plain, same;

	sample_seal(sample, &key, ++pn);
	place(&before, off, sample);
	datagram_copy(&datagram, &before);
	copied = run("open_copy", &datagram, opener, off);
	plain = !copied && sample_is_plain(packet_plain());
	opened = run("open", &datagram, opener, off);
	if (plain && !opened)
		return FRONT;
	sealed = run("seal", &datagram, sealer, off);
	same = datagram.len == before.len &&
	       !memcmp(datagram.frame, before.frame, before.len);
	if (plain && opened == -EOPNOTSUPP && sealed == -EOPNOTSUPP && same)
		return BEHIND;
	ktap_diag("at %u: to a buffer %d, in place %d, sealed %d, the frame is %s",
		  off, copied, opened, sealed, same ? "the same" : "changed");
	return WRONG;
}

/* The packet all along the frame, over every seam, wherever these are. */
static void test_fragments(void)
{
	unsigned int pieces[3] = { };
	enum piece piece = FRONT, last;
	__u32 off;

	for (off = SEAMS; off + SAMPLE_LEN < FRAME; off += SAMPLE_LEN / 2) {
		last = piece;
		piece = piece_at(off);
		if (piece < last)
			piece = WRONG;
		pieces[piece]++;
	}
	ktap_diag("%u times in front, %u times behind, %u times neither",
		  pieces[FRONT], pieces[BEHIND], pieces[WRONG]);
	ktap_result(pieces[FRONT] && pieces[BEHIND] && !pieces[WRONG],
		    "XDP: in a frame of several pieces, a packet is read wherever it is, and opened and sealed in the first piece alone");
	ktap_result(!keyring_packets(&nl, sealer, 0), "XDP: and nothing is counted as sealed");
}

static int tap_open(int ns, const char *dev)
{
	struct sockaddr_ll addr = {
		.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL),
	};
	struct timeval patience = { .tv_sec = 10 };
	int fd;

	cable_enter(ns);
	fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	addr.sll_ifindex = if_nametoindex(dev);
	if (fd < 0 || bind(fd, (void *)&addr, sizeof(addr)) ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience,
		       sizeof(patience)))
		ktap_bail("no packet socket");
	cable_enter(cable_near);
	return fd;
}

/* Waits for the datagram among what else passes. */
static bool tap_has(int fd, const __u8 *bytes, int len)
{
	static __u8 frame[2 * MTU];
	ssize_t n;

	do {
		n = recv(fd, frame, sizeof(frame), 0);
		if (n < 0)
			return false;
	} while (n < DATAGRAM_PACKET + len || frame[ETH_HLEN + 9] != IPPROTO_UDP);
	return !memcmp(frame + DATAGRAM_PACKET, bytes, len);
}

/* What came of a packet; 1 is what the program did not ask for. */
struct outcome {
	int	copied, sealed, opened, pulled;
};

static bool is(struct outcome want)
{
	struct pieces_bpf__bss *bss = skel->bss;
	struct pieces_bpf__data *data = skel->data;

	if (bss->packets == 1 && data->copied == want.copied &&
	    data->sealed == want.sealed && data->opened == want.opened &&
	    data->pulled == want.pulled)
		return true;
	ktap_diag("%u packets of %u bytes in front: to a buffer %d, sealed %d, in place %d, pulled %d",
		  bss->packets, bss->linear, data->copied, data->sealed,
		  data->opened, data->pulled);
	return false;
}

static bool was_read(void)
{
	return sample_is_plain(skel->bss->plain);
}

/* Opened on its way: header and payload in clear, the tag as it was. */
static bool came_open(const __u8 *got, ssize_t len, const __u8 *sample)
{
	__u8 clear[SAMPLE_LEN];
	int i;

	sample_clear(clear, 0);
	for (i = 0; i < SAMPLE_PN_LEN; i++)
		clear[SAMPLE_HEADER - 1 - i] = pn >> (8 * i);
	memcpy(clear + SAMPLE_LEN - SAMPLE_TAG,
	       sample + SAMPLE_LEN - SAMPLE_TAG, SAMPLE_TAG);
	return len == SAMPLE_LEN && !memcmp(got, clear, SAMPLE_LEN);
}

/*
 * The keys are new: a number that was spent before would be told. The sealing key
 * begins above every number: what may be sealed here fails for that, and changes
 * nothing.
 */
static void prepare(void)
{
	struct key late = key;

	late.pn = 1000000;
	skel->bss->key = opener;
	skel->bss->sealer = keyring_add(&nl, &late, EQUIC_KEY_USE_SEAL);
	skel->bss->packets = 0;
	skel->data->pulled = 1;
	memset(skel->bss->plain, 0, SAMPLE_LEN);
}

/* One datagram, with a packet socket at the near device or at the far one. */
static void test_datagram(enum cable_where where, const char *tap_dev, int first,
			  struct outcome want, const char *name)
{
	bool out = where == CABLE_TC_EGRESS;
	int from_ns = out ? cable_near : cable_far;
	int from = cable_socket(from_ns);
	int to = cable_socket(out ? cable_far : cable_near), tap = -1;
	__u8 sample[SAMPLE_LEN], got[MTU];
	bool ok;
	ssize_t len;

	if (tap_dev)
		tap = tap_open(tap_dev[0] == 'n' ? cable_near : cable_far,
			       tap_dev);
	prepare();
	sample_seal(sample, &key, ++pn);
	cable_send(from, from_ns, sample, SAMPLE_LEN, first);
	len = recv(to, got, sizeof(got), 0);
	ok = is(want) & was_read();
	ktap_result(ok, "%s: %s", cable_where_name(where), name);
	ktap_result(came_open(got, len, sample),
		    "%s: %s: and arrives opened", cable_where_name(where), name);
	if (tap_dev)
		ktap_result(tap_has(tap, sample, SAMPLE_LEN),
			    "%s: %s: while the other's is as it was sent",
			    cable_where_name(where), name);
	keyring_del(&nl, skel->bss->sealer);
	close(from);
	close(to);
	if (tap_dev)
		close(tap);
}

static const struct outcome
	at_once = { .copied = 0, .sealed = -ERANGE, .opened = 0, .pulled = 1 },
	when_pulled = { .copied = 0, .sealed = -EAGAIN, .opened = -EAGAIN,
			.pulled = 0 };

static void test_tc(enum cable_where where)
{
	cable_attach(where, skel->progs.pieces_tc);
	test_datagram(where, NULL, SAMPLE_LEN, at_once,
		      "a packet in one piece");
	test_datagram(where, NULL, FIRST, when_pulled,
		      "a packet in fragments is read, and opens once it is pulled");
	cable_attach(where, NULL);
}

/* A packet socket there has the same data, before TC sees it. */
static void test_shared(void)
{
	cable_attach(CABLE_TC_INGRESS, skel->progs.pieces_tc);
	test_datagram(CABLE_TC_INGRESS, "near0", SAMPLE_LEN, when_pulled,
		      "a packet that a socket at the device has, too");
	test_datagram(CABLE_TC_INGRESS, "far0", SAMPLE_LEN, when_pulled,
		      "a packet that a socket at its sender's device has, too");
	test_datagram(CABLE_TC_INGRESS, "near0", FIRST, when_pulled,
		      "one in fragments that a socket has, too");
	cable_attach(CABLE_TC_INGRESS, NULL);
}

/* The stack makes a copy for XDP. */
static void test_xdp(enum cable_where where)
{
	cable_attach(where, skel->progs.pieces_xdp);
	test_datagram(where, "far0", SAMPLE_LEN, at_once,
		      "a packet that a socket at its sender's device has, too");
	cable_attach(where, NULL);
}

/* XDP cannot know of a checksum that is not filled in yet. */
static void checksums_in_device(const char *on)
{
	char near[64], far[64];

	snprintf(near, sizeof(near), "ethtool -K near0 tx %s sg %s >/dev/null",
		 on, on);
	snprintf(far, sizeof(far), "ethtool -K far0 tx %s sg %s >/dev/null", on,
		 on);
	cable_command(near);
	cable_enter(cable_far);
	cable_command(far);
	cable_enter(cable_near);
}

int main(void)
{
	ktap_begin();
	module_load("");
	key = sample_key(EQUIC_CIPHER_AES_128_GCM, 0);
	nl_open(&nl);
	opener = keyring_add(&nl, &key, EQUIC_KEY_USE_OPEN);
	sealer = keyring_add(&nl, &key, EQUIC_KEY_USE_SEAL);
	programs_load();
	test_fragments();
	programs_unload();
	cable_lay();
	/* Only such a device takes fragments. */
	checksums_in_device("on");
	skel = pieces_bpf__open_and_load();
	if (!skel)
		ktap_bail("no programs");
	skel->bss->port = htons(CABLE_PORT);
	skel->bss->pn_off = SAMPLE_PN_OFF;
	test_tc(CABLE_TC_INGRESS);
	test_tc(CABLE_TC_EGRESS);
	test_shared();
	checksums_in_device("off");
	test_xdp(CABLE_XDP_NATIVE);
	test_xdp(CABLE_XDP_GENERIC);
	pieces_bpf__destroy(skel);
	nl_close(&nl);
	module_unload();
	return ktap_end();
}
