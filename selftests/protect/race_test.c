// SPDX-License-Identifier: GPL-2.0-only
/*
 * Keys that go while they are used: some CPUs open and seal without a pause,
 * another one adds, updates and takes back the keys, closes the sockets that they
 * belong to and kills processes. Whatever opens is right, whatever seals is what
 * GnuTLS makes of it, and all else is refused for a reason that there can be.
 *
 *   race_test [CHANGES [SEED]]
 */
#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include "chance.h"
#include "crew.h"
#include "keyring.h"
#include "ktap.h"
#include "module.h"
#include "sample.h"

enum {
	CPUS = 4,
	CHANGES = 3000,
	SLOTS = 8,
	EPOCHS = 4,
	PNS = 4,
};

/* Those that die leave their keys to the module. */
enum owner { LASTING, CLOSED, KILLED, OWNERS };

/* A place for a key: of even number for one that opens. */
static struct slot {
	/* Stays when the key is gone: the others go on asking for it. */
	atomic_int	id;
	bool		live;
	enum owner	owner;
	__u32		epoch;
	struct key	keys[EPOCHS];
	__u8		sealed[EPOCHS][PNS][SAMPLE_LEN];
} slots[SLOTS];

static struct nl owners[OWNERS];
static struct plan plan;
static atomic_bool done;
static atomic_ullong next_pn;

static struct {
	atomic_uint	good, no_key, no_epoch, not_authentic, wrong;
	atomic_uint	changed, refused;
} count;

static __u64 open_pn(__u32 epoch, int i)
{
	return 100 * epoch + i;
}

static void slots_init(void)
{
	int s, e, i;

	for (s = 0; s < SLOTS; s++)
		for (e = 0; e < EPOCHS; e++) {
			slots[s].keys[e] = sample_key(s % 3, e);
			slots[s].keys[e].key[0] ^= s;
			for (i = 0; i < PNS; i++)
				sample_seal(slots[s].sealed[e][i],
					    &slots[s].keys[e], open_pn(e, i));
		}
}

static void unexpected(const char *what, const struct slot *slot, int got)
{
	atomic_fetch_add(&count.wrong, 1);
	ktap_diag("%s, slot %d: %d", what, (int)(slot - slots), got);
}

/* What may come of a key that may be gone. */
static void refused(const char *what, const struct slot *slot, int err)
{
	if (err == -ENOENT)
		atomic_fetch_add(&count.no_key, 1);
	else if (err == -ENOKEY)
		atomic_fetch_add(&count.no_epoch, 1);
	else if (err == -EBADMSG && what[0] == 'o')
		atomic_fetch_add(&count.not_authentic, 1);
	else
		unexpected(what, slot, err);
}

static void good(const char *what, const struct slot *slot, bool right)
{
	if (right)
		atomic_fetch_add(&count.good, 1);
	else
		unexpected(what, slot, 0);
}

static void open_one(struct chance *c, const struct slot *slot, int id)
{
	const char *what = chance_of(c, 2) ? "open" : "open_copy";
	const struct bpf_equic_packet *packet = &packet_args()->packet;
	__u32 epoch = chance_of(c, EPOCHS), i = chance_of(c, PNS);
	static __thread struct datagram datagram;
	const __u8 *plain = packet_plain();
	int err;

	datagram_build(&datagram, slot->sealed[epoch][i], SAMPLE_LEN);
	packet_describe(&datagram, id, SAMPLE_PN_OFF);
	err = datagram_run(chance_of(c, 2) ? "xdp" : "skb", what, &datagram);
	if (err || what[4])
		good(what, slot, !memcmp(datagram.frame + DATAGRAM_PACKET,
					 slot->sealed[epoch][i], SAMPLE_LEN));
	if (err) {
		refused(what, slot, err);
		return;
	}
	if (!what[4])
		plain = datagram.frame + packet->payload_off;
	good(what, slot, packet->epoch == epoch &&
	     packet->pn == open_pn(epoch, i) && sample_is_plain(plain));
}

static void seal_one(struct chance *c, const struct slot *slot, int id)
{
	struct bpf_equic_packet *packet = &packet_args()->packet;
	__u64 pn = atomic_fetch_add(&next_pn, 1);
	static __thread struct datagram datagram;
	__u32 epoch = chance_of(c, EPOCHS);
	__u8 bytes[SAMPLE_LEN];
	int err;

	sample_clear(bytes, epoch);
	datagram_build(&datagram, bytes, SAMPLE_LEN);
	packet_describe(&datagram, id, SAMPLE_PN_OFF);
	packet->epoch = epoch;
	packet->pn = pn;
	err = datagram_run(chance_of(c, 2) ? "xdp" : "skb", "seal", &datagram);
	if (err) {
		refused("seal", slot, err);
		return;
	}
	sample_seal(bytes, &slot->keys[epoch], pn);
	good("seal", slot, !memcmp(datagram.frame + DATAGRAM_PACKET, bytes,
				   SAMPLE_LEN));
}

static void use(struct chance *c)
{
	int s = chance_of(c, SLOTS), id = atomic_load(&slots[s].id);

	if (s & 1)
		seal_one(c, &slots[s], id);
	else
		open_one(c, &slots[s], id);
}

static void changed(const char *what, int err)
{
	if (err < 0)
		ktap_diag("%s: %d", what, err);
	atomic_fetch_add(err < 0 ? &count.refused : &count.changed, 1);
}

/* The end of an owner: its keys go with it. */
static void end_owner(enum owner owner)
{
	int s;

	nl_close(&owners[owner]);
	if (owner == KILLED)
		nl_open_process(&owners[owner]);
	else
		nl_open(&owners[owner]);
	for (s = 0; s < SLOTS; s++)
		if (slots[s].owner == owner)
			slots[s].live = false;
	changed("end", 0);
}

static void add(struct chance *c, struct slot *slot)
{
	int id;

	slot->owner = chance_of(c, OWNERS);
	slot->epoch = 0;
	id = keyring_add(&owners[slot->owner], &slot->keys[0],
			 (slot - slots) & 1 ? EQUIC_KEY_USE_SEAL :
					      EQUIC_KEY_USE_OPEN);
	changed("add", id);
	slot->live = id > 0;
	if (slot->live)
		atomic_store(&slot->id, id);
}

/* An opening key may be at an epoch that no packet has made the current one. */
static void update(struct slot *slot)
{
	changed("update", keyring_update(&owners[slot->owner],
					 atomic_load(&slot->id),
					 &slot->keys[++slot->epoch]));
}

static void change(struct chance *c)
{
	struct slot *slot = &slots[chance_of(c, SLOTS)];
	unsigned int what = chance_of(c, 64);

	if (!what) {
		end_owner(KILLED);
	} else if (what < 4) {
		end_owner(CLOSED);
	} else if (!slot->live) {
		add(c, slot);
	} else if (slot->epoch + 1 < EPOCHS && what < 56) {
		update(slot);
	} else {
		changed("del", keyring_del(&owners[slot->owner],
					   atomic_load(&slot->id)));
		slot->live = false;
	}
}

static void member(struct crew *crew, int cpu)
{
	struct chance c;
	unsigned int i;

	(void)crew;
	chance_seed(&c, plan.seed + cpu);
	if (!cpu) {
		for (i = 0; i < plan.count; i++)
			change(&c);
		atomic_store(&done, true);
		return;
	}
	programs_load();
	while (!atomic_load(&done))
		use(&c);
	programs_unload();
}

static void report(void)
{
	ktap_diag("%u changes; %u right, %u without a key, %u without an epoch, %u not authentic",
		  count.changed, count.good, count.no_key, count.no_epoch,
		  count.not_authentic);
	ktap_result(!count.wrong, "what opens and seals is right, and what does not has a reason");
	ktap_result(!count.refused, "keys are added, updated and taken back meanwhile");
	ktap_result(count.good && count.no_key && count.no_epoch &&
		    count.not_authentic, "each of the reasons was met");
}

int main(int argc, char **argv)
{
	struct crew *crew;
	struct nl nl;
	int i;

	ktap_begin();
	plan = chance_plan(argc, argv, CHANGES, "changes");
	module_load("");
	slots_init();
	nl_open(&nl);
	nl_open(&owners[LASTING]);
	nl_open(&owners[CLOSED]);
	nl_open_process(&owners[KILLED]);
	crew = crew_start(CPUS, member);
	crew_go(crew);
	crew_stop(crew);
	report();
	for (i = 0; i < OWNERS; i++)
		nl_close(&owners[i]);
	ktap_result(!keyring_count(&nl), "with their owners all keys are gone");
	nl_close(&nl);
	module_unload();
	return ktap_end();
}
