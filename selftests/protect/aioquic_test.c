// SPDX-License-Identifier: GPL-2.0-only
/*
 * Packets of any shape beside aioquic: what it sealed (and opened), the module
 * opens, and what the module seals is the same to the bit.
 *
 * Usage: aioquic_test <PACKETS: what aioquic_packets.py writes
 */
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "control.h"
#include "datagram.h"
#include "ktap.h"
#include "traffic_secret.h"

enum {
	PACKET_MAX = 1500,
	TAG = 16,
};

/**
 * struct batch - the packets of one key
 * @cipher: enum equic_cipher.
 * @level: enum equic_level.
 * @packets: how many; 0: there is nothing more.
 * @epoch: of the key.
 * @pn: the first number expected.
 * @secret: what the key is derived from.
 */
struct batch {
	__u8	cipher;
	__u8	level;
	__le16	packets;
	__le32	epoch;
	__le64	pn;
	__u8	secret[48];
};

/**
 * struct made - a packet; in clear without room for the tag, and protected
 * @pn: its number.
 * @pn_off: where it stands.
 * @clear_len: header and payload.
 * @reserved: 0.
 */
struct made {
	__le64	pn;
	__le16	pn_off;
	__le16	clear_len;
	__le32	reserved;
};

struct packet {
	__u64	pn;
	size_t	pn_off;
	size_t	clear_len;
	__u8	clear[PACKET_MAX];
	__u8	sealed[PACKET_MAX];
};

static struct packet *packets;

static struct {
	unsigned long packets, opened, same;
} count;

static void take(void *to, size_t len)
{
	errno = 0;
	if (fread(to, 1, len, stdin) != len)
		ktap_bail("that was not all");
}

static void take_packet(struct packet *packet)
{
	struct made made;

	take(&made, sizeof(made));
	packet->pn = le64toh(made.pn);
	packet->pn_off = le16toh(made.pn_off);
	packet->clear_len = le16toh(made.clear_len);
	errno = 0;
	if (packet->clear_len + TAG > PACKET_MAX)
		ktap_bail("a packet of %zu bytes", packet->clear_len);
	take(packet->clear, packet->clear_len);
	take(packet->sealed, packet->clear_len + TAG);
}

static size_t header_len(const struct packet *packet)
{
	return packet->pn_off + (packet->clear[0] & 3) + 1;
}

/* In place, or to a buffer, and then the packet stays what it is. */
static bool opens(const struct packet *p, const char *hook, bool in_place,
		  int key)
{
	const struct bpf_equic_packet *args = &packet_args()->packet;
	const __u8 *left = p->sealed, *payload = packet_plain();
	static struct datagram datagram;
	size_t header = header_len(p);

	datagram_build(&datagram, p->sealed, p->clear_len + TAG);
	packet_describe(&datagram, key, p->pn_off);
	if (datagram_run(hook, in_place ? "open" : "open_copy", &datagram))
		return false;
	if (in_place) {
		left = p->clear;
		payload = datagram.frame + args->payload_off;
	}
	return args->pn == p->pn && args->payload_len == p->clear_len - header &&
	       !memcmp(payload, p->clear + header, args->payload_len) &&
	       !memcmp(datagram.frame + DATAGRAM_PACKET, left, p->clear_len) &&
	       datagram_csum_ok(&datagram);
}

/* Number and key phase are the module's to write. */
static bool seals(const struct packet *p, const char *hook, __u32 epoch,
		  int key)
{
	struct bpf_equic_packet *args = &packet_args()->packet;
	static struct datagram datagram;
	__u8 clear[PACKET_MAX] = { };
	int err;

	memcpy(clear, p->clear, p->clear_len);
	memset(clear + p->pn_off, 0, header_len(p) - p->pn_off);
	if (!(clear[0] & 0x80))
		clear[0] ^= 0x04;
	datagram_build(&datagram, clear, p->clear_len + TAG);
	packet_describe(&datagram, key, p->pn_off);
	args->pn = p->pn;
	args->epoch = epoch;
	err = datagram_run(hook, "seal", &datagram);
	return !err && datagram_csum_ok(&datagram) &&
	       !memcmp(datagram.frame + DATAGRAM_PACKET, p->sealed,
		       p->clear_len + TAG);
}

static void act(const struct batch *batch)
{
	struct secret secret = { .cipher = batch->cipher };
	struct key key = {
		.level = batch->level,
		.epoch = le32toh(batch->epoch),
		.pn = le64toh(batch->pn),
	};
	int i, opener, sealer, n = le16toh(batch->packets);

	memcpy(secret.bytes, batch->secret, sizeof(secret.bytes));
	secret_key(&secret, &key);
	opener = key_add(&key, EQUIC_KEY_USE_OPEN);
	sealer = key_add(&key, EQUIC_KEY_USE_SEAL);
	errno = 0;
	if (opener <= 0 || sealer <= 0)
		ktap_bail("no keys: %d, %d", opener, sealer);
	for (i = 0; i < n; i++)
		take_packet(&packets[i]);
	for (i = 0; i < n; i++) {
		const char *hook = i & 1 ? "xdp" : "skb";

		count.packets++;
		count.opened += opens(&packets[i], hook, i & 2, opener);
		count.same += seals(&packets[i], hook, key.epoch, sealer);
	}
	key_del(opener);
	key_del(sealer);
}

static void results(__u8 cipher)
{
	static const char * const names[] = {
		[EQUIC_CIPHER_AES_128_GCM] = "AES-128-GCM",
		[EQUIC_CIPHER_AES_256_GCM] = "AES-256-GCM",
		[EQUIC_CIPHER_CHACHA20_POLY1305] = "ChaCha20-Poly1305",
	};
	const char *name = names[cipher];

	ktap_diag("%lu packets, opened %lu, the same %lu", count.packets,
		  count.opened, count.same);
	ktap_result(count.opened == count.packets && count.packets,
		    "%s: %lu packets that aioquic sealed open", name,
		    count.packets);
	ktap_result(count.same == count.packets,
		    "%s: and are sealed to the same bytes", name);
	memset(&count, 0, sizeof(count));
}

static void run(void)
{
	struct batch batch, before;

	take(&before, sizeof(before));
	for (;;) {
		act(&before);
		take(&batch, sizeof(batch));
		if (!batch.packets || batch.cipher != before.cipher)
			results(before.cipher);
		if (!batch.packets)
			return;
		before = batch;
	}
}

int main(void)
{
	ktap_begin();
	packets = calloc(1 << 16, sizeof(*packets));
	if (!packets)
		ktap_bail("packets");
	module_insert("");
	control_open();
	programs_load();
	run();
	programs_unload();
	control_close();
	return ktap_end();
}
