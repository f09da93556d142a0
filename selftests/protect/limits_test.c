// SPDX-License-Identifier: GPL-2.0-only
/*
 * The limits of keys (RFC 9001, 6.6): a key does as much as it may and nothing
 * more, and its owner is told of it, once when an eighth is left and once at the
 * end.
 */
#include <errno.h>
#include <string.h>
#include "key_events.h"
#include "keyring.h"
#include "ktap.h"
#include "module.h"
#include "sample.h"

enum {
	/* Events that one packet can be the reason of, and one more. */
	EVENTS_MAX = 3,
	BEYOND = 2,		/* packets behind the limit */
};

static const int limits[] = { 1, 7, 8, 9, 40 };
#define LIMITS (sizeof(limits) / sizeof(limits[0]))

static const char *hook;
static struct nl nl;
static struct datagram datagram;

/* What a packet did, and what should come of it. */
struct step {
	int	max, n;
	int	id;
	__u32	epoch;
};

/*
 * The events of the n-th packet, no more and no less. Long before there are any
 * they are not looked for, as more than a thousand a second are not told.
 */
static bool told(const struct step *step)
{
	int reserve = step->max - step->max / 8, want = 0, got, i;
	struct key_event events[EVENTS_MAX], wanted[2];

	if (step->n < reserve - 1)
		return true;
	if (step->n == reserve)
		wanted[want++].type = EQUIC_EVENT_KEY_LIMIT;
	if (step->n == step->max)
		wanted[want++].type = EQUIC_EVENT_KEY_SPENT;
	got = key_events_read(events, EVENTS_MAX);
	for (i = 0; i < want && got == want; i++)
		if (events[i].type != wanted[i].type ||
		    events[i].key != (__u32)step->id ||
		    events[i].epoch != step->epoch)
			break;
	if (got == want && i == want)
		return true;
	ktap_diag("packet %d of %d: %d events instead of %d", step->n,
		  step->max, got, want);
	for (i = 0; i < got && i < EVENTS_MAX; i++)
		ktap_diag("event %d, key %u, epoch %u", events[i].type,
			  events[i].key, events[i].epoch);
	return false;
}

static bool is(int got, int want, const struct step *step)
{
	if (got != want)
		ktap_diag("packet %d of %d: %d instead of %d", step->n,
			  step->max, got, want);
	return got == want;
}

static int seals(int id, __u32 epoch, __u64 pn)
{
	struct bpf_equic_packet *packet = &packet_args()->packet;
	__u8 bytes[SAMPLE_LEN];

	sample_clear(bytes, epoch);
	datagram_build(&datagram, bytes, sizeof(bytes));
	packet_describe(&datagram, id, SAMPLE_PN_OFF);
	packet->epoch = epoch;
	packet->pn = pn;
	return datagram_run(hook, "seal", &datagram);
}

static int opens(const char *how, int id, const struct key *key, __u64 pn,
		 bool damaged)
{
	sample_datagram(&datagram, key, pn);
	if (damaged)
		datagram.frame[datagram.len - 1] ^= 1;
	packet_describe(&datagram, id, SAMPLE_PN_OFF);
	return datagram_run(hook, how, &datagram);
}

/* Packets of one epoch, as many as it may seal and some more. */
static bool seals_up_to(struct step *step)
{
	bool ok = true;

	for (step->n = 1; step->n <= step->max + BEYOND; step->n++) {
		ok &= is(seals(step->id, step->epoch, step->n),
			 step->n <= step->max ? 0 : -EKEYEXPIRED, step);
		ok &= told(step);
	}
	return ok & is(keyring_packets(&nl, step->id, step->epoch), step->max,
		       step);
}

static void test_sealing(int max)
{
	struct key key = sample_key(EQUIC_CIPHER_AES_128_GCM, 0), next;
	struct step step = { .max = max };
	bool ok;

	key.packets_max = max;
	step.id = keyring_add(&nl, &key, EQUIC_KEY_USE_SEAL);
	ktap_result(seals_up_to(&step),
		    "%s: a key seals %d packets, and tells when it is near and at its end",
		    hook, max);
	next = sample_key(key.cipher, 1);
	keyring_update(&nl, step.id, &next);
	step.epoch = 1;
	ktap_result(seals_up_to(&step), "%s: and so does its next epoch", hook);
	ok = seals(step.id, 0, 1000) == -EKEYEXPIRED;
	ktap_result(ok, "%s: while the one before stays spent", hook);
	keyring_del(&nl, step.id);
}

/* Authentic packets in between are not counted. */
static void test_opening(int max)
{
	struct key key = sample_key(EQUIC_CIPHER_CHACHA20_POLY1305, 3);
	struct step step = { .max = max, .epoch = 3 };
	bool ok = true, good = true;
	int err;

	key.failures_max = max;
	step.id = keyring_add(&nl, &key, EQUIC_KEY_USE_OPEN);
	for (step.n = 1; step.n <= max + BEYOND; step.n++) {
		err = step.n <= max ? 0 : -EKEYEXPIRED;
		good &= is(opens("open", step.id, &key, step.n, false), err,
			   &step);
		err = step.n <= max ? -EBADMSG : -EKEYEXPIRED;
		ok &= is(opens(step.n & 1 ? "open" : "open_copy", step.id, &key,
			       step.n, true), err, &step);
		ok &= told(&step);
	}
	ktap_result(ok, "%s: a key meets %d packets that are not authentic, and tells when it is near and at its end",
		    hook, max);
	ktap_result(good, "%s: it opens those that are until then, and no longer",
		    hook);
	keyring_del(&nl, step.id);
}

static void test_hook(const char *name)
{
	size_t i;

	hook = name;
	for (i = 0; i < LIMITS; i++) {
		test_sealing(limits[i]);
		test_opening(limits[i]);
	}
}

int main(void)
{
	ktap_begin();
	module_load("");
	nl_open(&nl);
	key_events_open();
	programs_load();
	test_hook("xdp");
	test_hook("skb");
	programs_unload();
	key_events_close();
	nl_close(&nl);
	module_unload();
	return ktap_end();
}
