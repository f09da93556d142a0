// SPDX-License-Identifier: GPL-2.0-only
/*
 * What programs may tell the kfuncs that is not so: each of them refuses it with
 * the error that equic_kfuncs.h documents, changes nothing in the packet, spends
 * no number, and works as before.
 *
 *   arguments_test [CALLS [SEED]]: so many with random arguments
 */
#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "chance.h"
#include "keyring.h"
#include "ktap.h"
#include "module.h"
#include "sample.h"

enum {
	CALLS = 20000,
	SIZE = sizeof(struct bpf_equic_packet),
};

static const char *hook, *kfunc;
static struct nl nl;
static struct key key;
static int opener, sealer, initial, foreign;
static __u64 pn;
static struct datagram datagram, before;
static struct chance chance;

static bool seals(void)
{
	return !strcmp(kfunc, "seal");
}

static struct bpf_equic_packet *packet(void)
{
	return &packet_args()->packet;
}

/* A call that would be granted. */
static void prepare(void)
{
	__u8 bytes[SAMPLE_LEN];

	if (seals()) {
		sample_clear(bytes, 0);
		datagram_build(&datagram, bytes, sizeof(bytes));
	} else {
		sample_datagram(&datagram, &key, pn);
	}
	packet_describe(&datagram, seals() ? sealer : opener, SAMPLE_PN_OFF);
	packet()->pn = pn;
}

static bool unchanged(void)
{
	return datagram.len == before.len &&
	       !memcmp(datagram.frame, before.frame, before.len);
}

/* The call that was prepared, and changed since. */
static int call(void)
{
	datagram_copy(&before, &datagram);
	return datagram_run(hook, kfunc, &datagram);
}

static void refused(int want, const char *name)
{
	int got = call();
	bool same = unchanged();

	if (got != want || !same)
		ktap_diag("%d instead of %d, the packet %s", got, want,
			  same ? "as it was" : "changed");
	ktap_result(got == want && same, "%s_%s: %s", hook, kfunc, name);
}

/* One field of the struct that is not as it should be. */
#define FIELD(name) offsetof(struct bpf_equic_packet, name), \
	sizeof(((struct bpf_equic_packet *)0)->name)

static const struct defect {
	const char	*name;
	size_t		off, size;
	__u64		value;
	int		err;
	bool		sealing;	/* no defect for others */
} defects[] = {
	{ "no key", FIELD(key), 0, -ENOENT },
	{ "a key that there is not", FIELD(key), UINT_MAX, -ENOENT },
	{ "a packet at the frame's end", FIELD(off),
	  DATAGRAM_PACKET + SAMPLE_LEN, -EINVAL },
	{ "a packet one byte too far", FIELD(off), DATAGRAM_PACKET + 1,
	  -EINVAL },
	{ "a packet 2 GiB away", FIELD(off), INT_MAX, -EINVAL },
	{ "a packet before the frame", FIELD(off), 1U << 31, -EINVAL },
	{ "a packet one byte before the frame", FIELD(off), UINT_MAX, -EINVAL },
	{ "a packet of no bytes", FIELD(len), 0, -EMSGSIZE },
	{ "a packet too short for its sample", FIELD(len),
	  SAMPLE_PN_OFF + 4 + 16 - 1, -EMSGSIZE },
	{ "a packet one byte too long", FIELD(len), SAMPLE_LEN + 1, -EINVAL },
	{ "a packet longer than any", FIELD(len), 16385, -EMSGSIZE },
	{ "a packet of 4 GiB", FIELD(len), UINT_MAX, -EMSGSIZE },
	{ "a number where the first byte is", FIELD(pn_off), 0, -EMSGSIZE },
	{ "a number too near to the end", FIELD(pn_off), SAMPLE_LEN - 4 - 15,
	  -EMSGSIZE },
	{ "a number behind the packet", FIELD(pn_off), USHRT_MAX, -EMSGSIZE },
	{ "a UDP header that reaches into the packet", FIELD(udp_off),
	  DATAGRAM_UDP + 1, -EINVAL },
	{ "a UDP header behind the packet", FIELD(udp_off), USHRT_MAX,
	  -EINVAL },
	{ "an unknown flag", FIELD(flags), 1, -EINVAL },
	{ "all flags", FIELD(flags), UINT_MAX, -EINVAL },
	{ "the first number that is none", FIELD(pn), 1ULL << 62, -ERANGE,
	  true },
	{ "the largest that there could be", FIELD(pn), ~0ULL, -ERANGE, true },
	{ "an epoch that is not there yet", FIELD(epoch), 1, -ENOKEY, true },
	{ "an epoch that there is never", FIELD(epoch), UINT_MAX, -ENOKEY,
	  true },
};

static void test_fields(void)
{
	const struct defect *d;

	for (d = defects; d < defects + sizeof(defects) / sizeof(*d); d++) {
		prepare();
		memcpy((char *)packet() + d->off, &d->value, d->size);
		if (!d->sealing || seals())
			refused(d->err, d->name);
	}
}

static void test_keys(void)
{
	prepare();
	packet()->key = seals() ? opener : sealer;
	refused(-EKEYREJECTED, "a key for the reverse");
	prepare();
	packet()->key = foreign;
	refused(-ENOENT, "a key of another namespace");
	prepare();
	datagram.frame[DATAGRAM_PACKET] |= 0x80;
	refused(-EPROTO, "a long header, for a 1-RTT key");
	if (seals())
		return;
	prepare();
	packet()->key = initial;
	refused(-EPROTO, "a short header, for a key of Initials");
}

static void test_sizes(void)
{
	prepare();
	packet_sizes(0, PLAIN_ROOM);
	refused(-EINVAL, "no struct");
	prepare();
	packet_sizes(SIZE - 1, PLAIN_ROOM);
	refused(-EINVAL, "a struct older than any");
	prepare();
	packet_sizes(sizeof(struct packet_room), PLAIN_ROOM);
	packet_args()->more[sizeof(packet_args()->more) - 1] = 1;
	refused(-EINVAL, "a newer one with something that is not known here");
	if (strcmp(kfunc, "open_copy"))
		return;
	prepare();
	packet_sizes(SIZE, 0);
	refused(-ENOBUFS, "no buffer");
}

static void test_gso(void)
{
	int got;

	prepare();
	datagram_copy(&before, &datagram);
	got = datagram_run_gso(kfunc, &datagram, SAMPLE_LEN);
	if (strcmp(kfunc, "open_copy")) {
		ktap_result(got == -EOPNOTSUPP && unchanged(),
			    "%s_%s: several packets in one", hook, kfunc);
		return;
	}
	ktap_result(!got && unchanged() && sample_is_plain(packet_plain()),
		    "%s_%s: one of several packets is read", hook, kfunc);
	pn++;
}

/* After all that, the number is free, and the packet opens. */
static void test_granted(void)
{
	int got;

	prepare();
	got = call();
	ktap_result(!got, "%s_%s: and what is right is granted", hook, kfunc);
	pn++;
}

/* Any field, of small numbers, near limits, or of anything. */
static __u64 any_value(void)
{
	static const __u64 some[] = {
		0, 1, 16, SAMPLE_PN_OFF, DATAGRAM_UDP, DATAGRAM_PACKET,
		SAMPLE_LEN, 16384, 16385, USHRT_MAX, INT_MAX, 1U << 31,
		UINT_MAX, 1ULL << 62,
	};
	__u64 value = some[chance_of(&chance, sizeof(some) / sizeof(*some))];

	if (chance_of(&chance, 4))
		return value + chance_of(&chance, 5) - 2;
	return (__u64)chance_next(&chance) << 32 | chance_next(&chance);
}

/* What is documented of all of them, and of some shapes of nonsense. */
static bool documented(int err)
{
	static const int errors[] = {
		-EBADMSG, -ENOENT, -ENOKEY, -EKEYREJECTED, -EPROTO, -EMSGSIZE,
		-EINVAL, -EALREADY, -ERANGE,
	};
	size_t i;

	for (i = 0; i < sizeof(errors) / sizeof(*errors); i++)
		if (err == errors[i])
			return true;
	return false;
}

/* Returns whether what was refused was refused well. */
static bool call_at_random(void)
{
	static const char * const hooks[] = { "xdp", "skb" };
	static const char * const kfuncs[] = { "open", "open_copy", "seal" };
	unsigned int fields = 1 + chance_of(&chance, 2);
	const struct defect *d;
	__u64 value;
	int err;

	hook = hooks[chance_of(&chance, 2)];
	kfunc = kfuncs[chance_of(&chance, 3)];
	prepare();
	while (fields--) {
		d = &defects[chance_of(&chance, sizeof(defects) / sizeof(*d))];
		value = any_value();
		memcpy((char *)packet() + d->off, &value, d->size);
	}
	err = call();
	if (!err) {
		pn++;
		return true;
	}
	if (documented(err) && unchanged())
		return true;
	ktap_diag("%s_%s: %d, key %u, epoch %u, off %u, len %u, pn_off %u, udp_off %u, pn %llu",
		  hook, kfunc, err, packet()->key, packet()->epoch,
		  packet()->off, packet()->len, packet()->pn_off,
		  packet()->udp_off, packet()->pn);
	return false;
}

static void test_random(unsigned int calls)
{
	unsigned int wrong = 0, i;

	for (i = 0; i < calls; i++)
		wrong += !call_at_random();
	ktap_result(!wrong, "random arguments are granted, or refused and nothing is changed");
}

static void test_all(void)
{
	static const char * const hooks[] = { "xdp", "skb" };
	static const char * const kfuncs[] = { "open", "open_copy", "seal" };
	int h, k;

	for (h = 0; h < 2; h++)
		for (k = 0; k < 3; k++) {
			hook = hooks[h];
			kfunc = kfuncs[k];
			test_fields();
			test_keys();
			test_sizes();
			if (h)
				test_gso();
			test_granted();
		}
}

/* One more namespace, which is left again; the socket keeps its key. */
static void add_foreign(struct nl *there)
{
	nl_open(there);
	foreign = keyring_add(there, &key, EQUIC_KEY_USE_OPEN);
	if (unshare(CLONE_NEWNET))
		ktap_bail("no network namespace");
}

int main(int argc, char **argv)
{
	struct key initials;
	struct plan plan;
	struct nl there;

	ktap_begin();
	plan = chance_plan(argc, argv, CALLS, "calls");
	chance_seed(&chance, plan.seed);
	module_load("");
	key = sample_key(EQUIC_CIPHER_AES_128_GCM, 0);
	initials = key;
	initials.level = EQUIC_LEVEL_INITIAL;
	add_foreign(&there);
	nl_open(&nl);
	opener = keyring_add(&nl, &key, EQUIC_KEY_USE_OPEN);
	sealer = keyring_add(&nl, &key, EQUIC_KEY_USE_SEAL);
	initial = keyring_add(&nl, &initials, EQUIC_KEY_USE_OPEN);
	if (opener <= 0 || sealer <= 0 || initial <= 0 || foreign <= 0)
		ktap_bail("no keys");
	programs_load();
	test_all();
	test_random(plan.count);
	programs_unload();
	nl_close(&nl);
	nl_close(&there);
	module_unload();
	return ktap_end();
}
