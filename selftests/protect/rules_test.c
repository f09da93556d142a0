// SPDX-License-Identifier: GPL-2.0-only
/*
 * The rules of keys: epochs and how they follow each other, numbers that are
 * sealed once, limits; and every error of the kfuncs, by XDP and by TC.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "control.h"
#include "datagram.h"
#include "ktap.h"
#include "sample.h"

/* Numbers that a sealing key remembers. */
enum { WINDOW = 8128 };

static const char *hook;
static struct datagram datagram;

static void is(int got, int want, const char *name)
{
	if (got != want)
		ktap_diag("%d instead of %d", got, want);
	ktap_result(got == want, "%s: %s", hook, name);
}

static struct bpf_equic_packet *packet(void)
{
	return &packet_args()->packet;
}

static int open_as_it_is(int id)
{
	packet_describe(&datagram, id, SAMPLE_PN_OFF);
	return datagram_run(hook, "open", &datagram);
}

/* What the kernel says of a packet of this epoch and number. */
static int opens(int id, const struct key *key, __u64 pn)
{
	sample_datagram(&datagram, key, pn);
	return open_as_it_is(id);
}

static int seals(int id, __u32 epoch, __u64 pn)
{
	__u8 bytes[SAMPLE_LEN];

	sample_clear(bytes, epoch);
	datagram_build(&datagram, bytes, SAMPLE_LEN);
	packet_describe(&datagram, id, SAMPLE_PN_OFF);
	packet()->epoch = epoch;
	packet()->pn = pn;
	return datagram_run(hook, "seal", &datagram);
}

static int add(const struct key *key, __u8 use)
{
	int id = key_add(key, use);

	if (id <= 0)
		ktap_bail("no key: %d", id);
	return id;
}

/* RFC 9001, 6: what becomes of a key that is updated. */
static void test_opening_epochs(void)
{
	struct key e5 = sample_key(EQUIC_CIPHER_AES_128_GCM, 5), e6, e7, e8;
	int id;

	e6 = sample_key(e5.cipher, 6);
	e7 = sample_key(e5.cipher, 7);
	e8 = sample_key(e5.cipher, 8);
	id = add(&e5, EQUIC_KEY_USE_OPEN);
	is(opens(id, &e5, 100), 0, "a packet of the current epoch opens");
	is(packet()->epoch, 5, "and its epoch is told");
	is(opens(id, &e6, 110), -ENOKEY,
	   "one of another phase does not while there is no other epoch");
	is(key_update(id, &e7), -EINVAL, "no epoch may be left out");
	is(key_update(id, &e5), -EINVAL, "nor come again");
	is(key_update(id, &e6), 0, "the next one may be installed");
	is(opens(id, &e5, 111), 0, "which changes nothing yet");
	is(opens(id, &e6, 120), 0, "a packet of the next epoch opens");
	is(packet()->epoch, 6, "and is told to be of it");
	is(opens(id, &e5, 112), 0,
	   "a late one of the epoch before opens still");
	is(packet()->epoch, 5, "and is told to be of that");
	is(opens(id, &e6, 121), 0, "and the current epoch stays current");
	is(opens(id, &e6, 119), 0, "also for a number below its first");
	is(opens(id, &e5, 122), -ENOKEY,
	   "the old phase above the current one's first number is the next epoch");
	is(key_update(id, &e7), 0, "which may be installed now");
	is(opens(id, &e5, 113), 0, "the epoch before stays until it is used");
	is(opens(id, &e5, 123), -EBADMSG,
	   "a packet of it above is no packet of the next");
	is(opens(id, &e7, 130), 0, "the next one opens");
	is(opens(id, &e6, 122), 0, "the one before it as well");
	is(opens(id, &e5, 114), -EBADMSG, "and the one before that no more");
	is(key_update(id, &e8), 0, "and so on");
	is(key_del(id), 0, "a key can be taken back");
	is(opens(id, &e7, 131), -ENOENT, "and then opens nothing");
}

/* A refused update changes nothing, and one that no program saw can be followed. */
static void test_unseen_updates(void)
{
	struct key e0 = sample_key(EQUIC_CIPHER_AES_128_GCM, 0), e1, e2, wrong;
	int id;

	e1 = sample_key(e0.cipher, 1);
	e2 = sample_key(e0.cipher, 2);
	wrong = sample_key(e0.cipher, 3);
	wrong.pn = 1ULL << 40;
	e2.pn = 1ULL << 41;
	id = add(&e0, EQUIC_KEY_USE_OPEN);
	is(key_update(id, &wrong), -EINVAL, "an update that does not follow");
	is(opens(id, &e0, 10), 0, "leaves the numbers that are expected");
	is(key_update(id, &e1), 0, "one that does");
	is(key_update(id, &e2), 0, "and the next, without a packet between");
	is(opens(id, &e1, (1ULL << 41) + 1), 0,
	   "then the first of them is current, from its owner's number on");
	is(packet()->epoch, 1, "and is told");
	is(opens(id, &e2, (1ULL << 41) + 2), 0, "and the second is next");
	is(packet()->epoch, 2, "and is told");
	key_del(id);
}

static void test_sealing_epochs(void)
{
	struct key e0 = sample_key(EQUIC_CIPHER_AES_256_GCM, 0), e1, e2;
	int id, opener;

	e1 = sample_key(e0.cipher, 1);
	e2 = sample_key(e0.cipher, 2);
	id = add(&e0, EQUIC_KEY_USE_SEAL);
	opener = add(&e0, EQUIC_KEY_USE_OPEN);
	key_update(opener, &e1);
	is(seals(id, 0, 7), 0, "the current epoch seals");
	is(open_as_it_is(opener), 0, "what its peer can open");
	is(seals(id, 1, 8), -ENOKEY, "an epoch that is not installed does not");
	is(key_update(id, &e1), 0, "installed");
	is(seals(id, 1, 8), 0, "it does");
	is(open_as_it_is(opener), 0, "with its phase");
	is(packet()->epoch, 1, "so that the peer sees the update");
	is(seals(id, 0, 9), 0, "and so does the epoch before, for its numbers");
	is(seals(id, 1, 7), 0, "a number of another epoch is not used up");
	is(key_update(id, &e2), 0, "after another update");
	is(seals(id, 0, 10), -ENOKEY, "the oldest is gone");
	key_del(id);
	key_del(opener);
}

/* RELAY.md: no number twice. */
static void test_numbers(void)
{
	struct key key = sample_key(EQUIC_CIPHER_CHACHA20_POLY1305, 0);
	__u64 last = (1ULL << 62) - 1;
	int id;

	key.pn = 1000;
	id = add(&key, EQUIC_KEY_USE_SEAL);
	is(seals(id, 0, 999), -EALREADY, "a number below the first is used up");
	is(seals(id, 0, 1000), 0, "the first seals");
	is(seals(id, 0, 1000), -EALREADY, "and never again");
	is(seals(id, 0, 1000 + WINDOW), 0, "numbers may be left out");
	is(seals(id, 0, 1002), 0, "and sealed later");
	is(seals(id, 0, 1002), -EALREADY, "once");
	is(seals(id, 0, 1001), 0, "as far back as the window goes");
	is(seals(id, 0, 1000), -ERANGE, "and no further");
	is(seals(id, 0, last), 0, "the last number there is seals");
	is(seals(id, 0, last + 1), -ERANGE, "the one after is none");
	is(seals(id, 0, last), -EALREADY, "and the last is used up");
	is(seals(id, 0, 5000), -ERANGE, "as is everything far below");
	key_del(id);
}

static void test_limits(void)
{
	struct key key = sample_key(EQUIC_CIPHER_AES_128_GCM, 0), e1;
	int id, i, ok = 0;

	key.packets_max = 16;
	key.failures_max = 8;
	id = add(&key, EQUIC_KEY_USE_SEAL);
	for (i = 0; i < 16; i++)
		ok += !seals(id, 0, i);
	is(ok, 16, "a key seals as many packets as it may");
	is(seals(id, 0, 16), -EKEYEXPIRED, "and no more");
	e1 = sample_key(key.cipher, 1);
	key_update(id, &e1);
	is(seals(id, 1, 17), 0, "the next epoch begins anew");
	key_del(id);

	id = add(&key, EQUIC_KEY_USE_OPEN);
	for (i = ok = 0; i < 8; i++) {
		sample_datagram(&datagram, &key, i);
		datagram.frame[DATAGRAM_PACKET + SAMPLE_LEN - 1] ^= 1;
		ok += open_as_it_is(id) == -EBADMSG;
	}
	is(ok, 8, "a key meets as many false packets as it may");
	is(opens(id, &key, 9), -EKEYEXPIRED, "and then opens none at all");
	key_del(id);
}

static void test_packets(void)
{
	struct key key = sample_key(EQUIC_CIPHER_AES_128_GCM, 0), initial = key;
	int open = add(&key, EQUIC_KEY_USE_OPEN);
	int seal = add(&key, EQUIC_KEY_USE_SEAL), id;

	initial.level = EQUIC_LEVEL_INITIAL;
	id = add(&initial, EQUIC_KEY_USE_OPEN);
	is(opens(id, &initial, 1), 0, "a long header for a key of Initials");
	is(opens(open, &initial, 1), -EPROTO,
	   "a long header is not for a 1-RTT key");
	is(opens(id, &key, 1), -EPROTO, "nor a short one for another");
	key_del(id);

	is(opens(seal, &key, 1), -EKEYREJECTED, "a key that seals opens not");
	is(seals(open, 0, 1), -EKEYREJECTED, "nor one that opens the reverse");
	is(opens(4711, &key, 1), -ENOENT, "a key that there is not");
	is(opens(0, &key, 1), -ENOENT, "no key");

	sample_datagram(&datagram, &key, 2);
	packet_describe(&datagram, open, SAMPLE_PN_OFF);
	packet()->len = SAMPLE_PN_OFF + 4 + SAMPLE_TAG - 1;
	is(datagram_run(hook, "open", &datagram), -EMSGSIZE,
	   "a packet too short for its sample");
	packet_describe(&datagram, open, 0);
	is(datagram_run(hook, "open", &datagram), -EMSGSIZE,
	   "a number where the first byte is");
	packet_describe(&datagram, open, SAMPLE_PN_OFF);
	packet()->len = 16385;
	is(datagram_run(hook, "open", &datagram), -EMSGSIZE,
	   "a packet that is too long");
	packet_describe(&datagram, open, SAMPLE_PN_OFF);
	packet()->len++;
	is(datagram_run(hook, "open", &datagram), -EINVAL,
	   "a packet that ends behind the frame");
	is(datagram_run(hook, "open_copy", &datagram), -EINVAL,
	   "likewise, to a buffer");
	packet_describe(&datagram, open, SAMPLE_PN_OFF);
	packet()->off = 0xffffffff;
	is(datagram_run(hook, "open", &datagram), -EINVAL,
	   "a packet that begins behind the frame");
	is(datagram_run(hook, "open_copy", &datagram), -EINVAL,
	   "likewise, to a buffer");
	packet_describe(&datagram, open, SAMPLE_PN_OFF);
	packet()->udp_off = DATAGRAM_PACKET - 7;
	is(datagram_run(hook, "open", &datagram), -EINVAL,
	   "a UDP header that reaches into the packet");
	packet_describe(&datagram, open, SAMPLE_PN_OFF);
	packet_sizes(sizeof(*packet()), SAMPLE_PAYLOAD + SAMPLE_PN_LEN - 2);
	is(datagram_run(hook, "open_copy", &datagram), -ENOBUFS,
	   "a buffer that may be too small");
	packet_sizes(sizeof(*packet()), SAMPLE_PAYLOAD + SAMPLE_PN_LEN - 1);
	is(datagram_run(hook, "open_copy", &datagram), 0, "one that is not");

	packet_describe(&datagram, open, SAMPLE_PN_OFF);
	packet()->flags = 1;
	is(datagram_run(hook, "open", &datagram), -EINVAL, "an unknown flag");
	packet_describe(&datagram, open, SAMPLE_PN_OFF);
	packet_sizes(sizeof(*packet()) - 1, 0);
	is(datagram_run(hook, "open", &datagram), -EINVAL,
	   "a struct older than any");
	packet_sizes(sizeof(struct packet_room), 0);
	packet_args()->more[3] = 1;
	is(datagram_run(hook, "open", &datagram), -EINVAL,
	   "a newer one with something that is not known here");
	packet_args()->more[3] = 0;
	is(datagram_run(hook, "open", &datagram), 0, "and one with zeros");
	key_del(open);
	key_del(seal);
}

/* A UDP datagram over IPv4 may have no checksum (RFC 768). */
static void test_no_checksum(void)
{
	struct key key = sample_key(EQUIC_CIPHER_AES_128_GCM, 0);
	int id = add(&key, EQUIC_KEY_USE_OPEN);

	sample_datagram(&datagram, &key, 1);
	memset(datagram.frame + DATAGRAM_UDP + 6, 0, 2);
	is(open_as_it_is(id), 0, "a datagram without a checksum opens");
	is(datagram.frame[DATAGRAM_UDP + 6] | datagram.frame[DATAGRAM_UDP + 7],
	   0, "and gets none");
	sample_datagram(&datagram, &key, 2);
	packet_describe(&datagram, id, SAMPLE_PN_OFF);
	packet()->udp_off = 0;
	is(datagram_run(hook, "open", &datagram), 0,
	   "a checksum that is the caller's business");
	is(datagram_csum_ok(&datagram), false, "is left alone");
	key_del(id);
}

static void set_fast(bool on)
{
	FILE *file = fopen("/sys/module/equic/parameters/fast_crypto", "w");

	if (!file || fputs(on ? "Y" : "N", file) < 0 || fclose(file))
		ktap_bail("fast_crypto");
}

/* Where the vector unit is taken, another implementation stands in. */
static void test_fallback(__u8 cipher, const char *name)
{
	struct key key = sample_key(cipher, 0);
	int opener = add(&key, EQUIC_KEY_USE_OPEN);
	int sealer = add(&key, EQUIC_KEY_USE_SEAL);

	set_fast(false);
	ktap_diag("%s", name);
	is(seals(sealer, 0, 3), 0, "seals without the vector unit");
	is(open_as_it_is(opener), 0, "and opens");
	is(datagram_csum_ok(&datagram), true, "with the right checksum");
	is(opens(opener, &key, 4), 0, "what GnuTLS sealed, too");
	sample_datagram(&datagram, &key, 5);
	datagram.frame[DATAGRAM_PACKET + SAMPLE_LEN - SAMPLE_TAG - 1] ^= 0x10;
	is(open_as_it_is(opener), -EBADMSG, "and nothing that was changed");
	set_fast(true);
	key_del(opener);
	key_del(sealer);
}

static void test_hook(const char *name)
{
	hook = name;
	test_opening_epochs();
	test_unseen_updates();
	test_sealing_epochs();
	test_numbers();
	test_limits();
	test_packets();
	test_no_checksum();
	test_fallback(EQUIC_CIPHER_AES_128_GCM, "AES-128-GCM");
	test_fallback(EQUIC_CIPHER_AES_256_GCM, "AES-256-GCM");
	test_fallback(EQUIC_CIPHER_CHACHA20_POLY1305, "ChaCha20-Poly1305");
}

int main(void)
{
	int err;

	ktap_begin();
	module_insert("");
	control_open();
	programs_load();
	test_hook("xdp");
	test_hook("skb");
	control_close();
	programs_unload();
	/* The kernel frees programs after a grace period. */
	while ((err = module_remove()) == -EBUSY || err == -EWOULDBLOCK)
		usleep(10000);
	ktap_result(!err, "the module can be removed");
	return ktap_end();
}
