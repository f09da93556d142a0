// SPDX-License-Identifier: GPL-2.0-only
/*
 * Packets of any shape, protected by GnuTLS: the module opens each, to a buffer
 * and in place, seals what it opened to the same bytes, and opens none that has a
 * bit changed.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "chance.h"
#include "control.h"
#include "datagram.h"
#include "ktap.h"
#include "peer_seal.h"

enum {
	PACKETS = 100000,		/* of each cipher */
	PACKETS_PER_KEY = 1000,
	PAYLOAD_MAX = 1452,
	TAG = 16,
};

static struct chance chance;

static __u32 rnd(void)
{
	return chance_next(&chance);
}

static void rnd_bytes(void *to, size_t len)
{
	__u8 *p = to;

	while (len--)
		*p++ = rnd();
}

/* One packet, in clear. */
struct clear {
	__u8	bytes[2048];
	size_t	len;		/* with the tag */
	size_t	pn_off;
	size_t	pn_len;
	__u64	pn;
};

static size_t header_len(const struct clear *clear)
{
	return clear->pn_off + clear->pn_len;
}

/* RFC 9000, 17.3.1: without a phase, which is the epoch's. */
static void short_header(struct clear *clear, __u32 epoch)
{
	clear->bytes[0] = 0x40 | (epoch & 1) << 2 | (clear->pn_len - 1);
	clear->pn_off = 1 + rnd() % 21;
}

/* 17.2: connection IDs, a token perhaps, and a length that nobody reads here. */
static void long_header(struct clear *clear, __u8 level)
{
	clear->bytes[0] = 0xc0 | level << 4 | (clear->pn_len - 1);
	clear->pn_off = 7 + rnd() % 60;
}

/*
 * A number that its length is enough for (RFC 9000, A.2): not further from the
 * expected one than half the window.
 */
static __u64 next_pn(__u64 expected, size_t pn_len)
{
	__u64 most = 1ULL << (8 * pn_len - 1);
	__u64 pn = expected + rnd() % (most > 200 ? 200 : most);

	return pn;
}

static void make(struct clear *clear, const struct key *key, __u64 expected)
{
	size_t payload = rnd() % (PAYLOAD_MAX + 1);

	clear->pn_len = 1 + rnd() % 4;
	rnd_bytes(clear->bytes, sizeof(clear->bytes));
	if (key->level == EQUIC_LEVEL_ONE_RTT)
		short_header(clear, key->epoch);
	else
		long_header(clear, key->level);
	/* RFC 9001, 5.4.2: there must be enough to take the sample from. */
	if (clear->pn_len + payload < 4)
		payload = 4 - clear->pn_len;
	clear->pn = next_pn(expected, clear->pn_len);
	clear->len = header_len(clear) + payload + TAG;
}

/*
 * To a buffer, in place, and sealed again: the payload is what it was, and so is
 * the packet in the end.
 */
static bool goes_round(const char *hook, const struct clear *clear, int opener,
		       int sealer, const struct datagram *sealed)
{
	const struct bpf_equic_packet *packet = &packet_args()->packet;
	static struct datagram datagram;

	datagram_copy(&datagram, sealed);
	packet_describe(&datagram, opener, clear->pn_off);
	packet_seal_with(sealer);
	return !datagram_run(hook, "round", &datagram) &&
	       packet->pn == clear->pn &&
	       packet->payload_off == DATAGRAM_PACKET + header_len(clear) &&
	       packet->payload_len == clear->len - header_len(clear) - TAG &&
	       !memcmp(packet_plain(), clear->bytes + header_len(clear),
		       packet->payload_len) &&
	       !memcmp(datagram.frame, sealed->frame, sealed->len);
}

/* A changed bit: refused, and the packet stays what it is. */
static bool refuses(const char *hook, const struct clear *clear, int id,
		    const struct datagram *sealed, size_t bit)
{
	static struct datagram datagram, changed;
	int wanted = bit == 7 ? -EPROTO : -EBADMSG, got;

	datagram_copy(&changed, sealed);
	changed.frame[DATAGRAM_PACKET + bit / 8] ^= 1 << bit % 8;
	datagram_copy(&datagram, &changed);
	packet_describe(&datagram, id, clear->pn_off);
	got = datagram_run(hook, "open", &datagram);
	if (got == wanted &&
	    !memcmp(datagram.frame, changed.frame, changed.len))
		return true;
	ktap_diag("%s, bit %zu of %zu bytes, number at %zu: %d instead of %d",
		  hook, bit, clear->len, clear->pn_off, got, wanted);
	return false;
}

static struct {
	unsigned long packets, round, changed, refused;
} count;

static void act(const struct key *key, struct reference *ref, int opener,
		int sealer, __u64 *expected)
{
	const char *hook = rnd() & 1 ? "xdp" : "skb";
	static struct datagram sealed;
	static struct clear clear, bytes;

	make(&clear, key, *expected);
	bytes = clear;
	reference_seal(ref, bytes.bytes, bytes.len, bytes.pn_off, bytes.pn);
	datagram_build(&sealed, bytes.bytes, bytes.len);
	/* Before it is known: the number must be decoded then, too. */
	if (!(rnd() % 8)) {
		count.changed++;
		count.refused += refuses(hook, &clear, opener, &sealed,
					 rnd() % (8 * clear.len));
	}
	count.packets++;
	count.round += goes_round(hook, &clear, opener, sealer, &sealed);
	*expected = clear.pn + 1;
}

/* With the next epoch there, another phase is another key, not none. */
static int add_opener(const struct key *key)
{
	struct key next = *key;
	int id = key_add(key, EQUIC_KEY_USE_OPEN);

	rnd_bytes(next.key, sizeof(next.key));
	next.epoch++;
	if (id > 0 && key->level == EQUIC_LEVEL_ONE_RTT && key_update(id, &next))
		return -1;
	return id;
}

static void with_one_key(__u8 cipher, int packets)
{
	struct key key = {
		.cipher = cipher,
		.level = rnd() & 1 ? EQUIC_LEVEL_ONE_RTT : rnd() % 3,
		.pn = (rnd() * 0x1p32 + rnd()) / 5,
	};
	__u64 expected = key.pn;
	struct reference *ref;
	int opener, sealer;

	rnd_bytes(key.key, sizeof(key.key));
	rnd_bytes(key.iv, sizeof(key.iv));
	rnd_bytes(key.header, sizeof(key.header));
	if (key.level == EQUIC_LEVEL_ONE_RTT)
		key.epoch = rnd() % 100;
	ref = reference_new(&key);
	opener = add_opener(&key);
	sealer = key_add(&key, EQUIC_KEY_USE_SEAL);
	if (opener <= 0 || sealer <= 0)
		ktap_bail("no keys: %d, %d", opener, sealer);
	while (packets--)
		act(&key, ref, opener, sealer, &expected);
	key_del(opener);
	key_del(sealer);
	reference_free(ref);
}

/* Every bit of one short packet. */
static void every_bit(__u8 cipher, const char *name)
{
	struct key key = { .cipher = cipher, .level = EQUIC_LEVEL_ONE_RTT };
	static struct datagram sealed;
	static struct clear clear, bytes;
	struct reference *ref;
	size_t bit, ok = 0;
	int id, sealer;

	rnd_bytes(key.key, sizeof(key.key));
	rnd_bytes(key.header, sizeof(key.header));
	ref = reference_new(&key);
	id = add_opener(&key);
	do {
		make(&clear, &key, 0);
	} while (clear.len > 90);
	bytes = clear;
	reference_seal(ref, bytes.bytes, bytes.len, bytes.pn_off, bytes.pn);
	datagram_build(&sealed, bytes.bytes, bytes.len);
	for (bit = 0; bit < 8 * clear.len; bit++)
		ok += refuses(bit & 8 ? "xdp" : "skb", &clear, id, &sealed, bit);
	ktap_diag("%zu of %zu bits", ok, bit);
	ktap_result(ok == bit, "%s: every changed bit of a packet is noticed",
		    name);
	sealer = key_add(&key, EQUIC_KEY_USE_SEAL);
	ktap_result(goes_round("xdp", &clear, id, sealer, &sealed),
		    "%s: and the packet itself opens after all that", name);
	key_del(sealer);
	key_del(id);
	reference_free(ref);
}

static void test_cipher(__u8 cipher, const char *name, unsigned long packets)
{
	memset(&count, 0, sizeof(count));
	while (count.packets < packets)
		with_one_key(cipher, PACKETS_PER_KEY);
	ktap_diag("%lu packets, round %lu; with a bit changed %lu, refused %lu",
		  count.packets, count.round, count.changed, count.refused);
	ktap_result(count.round == count.packets,
		    "%s: what GnuTLS sealed opens, and seals to the same bytes",
		    name);
	ktap_result(count.refused == count.changed && count.changed,
		    "%s: with a bit changed it does not open", name);
	every_bit(cipher, name);
}

int main(int argc, char **argv)
{
	struct plan plan;

	ktap_begin();
	plan = chance_plan(argc, argv, PACKETS, "packets of each cipher");
	chance_seed(&chance, plan.seed);
	module_insert("");
	control_open();
	programs_load();
	test_cipher(EQUIC_CIPHER_AES_128_GCM, "AES-128-GCM", plan.count);
	test_cipher(EQUIC_CIPHER_AES_256_GCM, "AES-256-GCM", plan.count);
	test_cipher(EQUIC_CIPHER_CHACHA20_POLY1305, "ChaCha20-Poly1305",
		    plan.count);
	programs_unload();
	control_close();
	return ktap_end();
}
