// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every CPU seals every number under one key, block by block: one of them may, and
 * the others are refused. With a limit, all together seal no more than it says.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <stdbool.h>
#include <string.h>
#include "crew.h"
#include "key_events.h"
#include "keyring.h"
#include "ktap.h"
#include "module.h"
#include "numbers_room.h"
#include "numbers.skel.h"
#include "sample.h"

enum {
	CPUS_MAX = 16,
	LIMIT = 10000,
};

static struct numbers_bpf *skels[CPUS_MAX];
static struct nl nl;
static int cpus;

static void seal_block(struct numbers_bpf *skel, int block)
{
	__u8 frame[ETH_HLEN + SAMPLE_LEN] = { };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame,
		    .data_size_in = sizeof(frame), .repeat = NUMBERS_BLOCK);
	int err;

	skel->bss->block = block;
	skel->bss->i = 0;
	err = bpf_prog_test_run_opts(bpf_program__fd(skel->progs.numbers),
				     &opts);
	errno = -err;
	if (err || opts.retval != TC_ACT_OK)
		ktap_bail("test run: %u", opts.retval);
}

/* All begin with the same number, or each with another one. */
static __u32 order(int cpu, int block)
{
	return block / NUMBERS_BLOCK & 1 ? cpu * (NUMBERS_BLOCK / CPUS_MAX) : 0;
}

static void member(struct crew *crew, int cpu)
{
	int block;

	for (block = 0; block < NUMBERS; block += NUMBERS_BLOCK) {
		skels[cpu]->bss->order = order(cpu, block);
		crew_meet(crew);
		seal_block(skels[cpu], block);
	}
}

static void begin(int id)
{
	__u8 bytes[SAMPLE_LEN];
	int cpu;

	sample_clear(bytes, 0);
	for (cpu = 0; cpu < cpus; cpu++) {
		memset(skels[cpu]->bss, 0, sizeof(*skels[cpu]->bss));
		memcpy(skels[cpu]->bss->header, bytes, NUMBERS_HEADER);
		skels[cpu]->bss->key = id;
	}
}

static struct numbers_answers answers_of_all(void)
{
	struct numbers_answers sum = { };
	int cpu;

	for (cpu = 0; cpu < cpus; cpu++) {
		const struct numbers_answers *a = &skels[cpu]->bss->answers;

		sum.sealed += a->sealed;
		sum.already += a->already;
		sum.range += a->range;
		sum.expired += a->expired;
		sum.others += a->others;
	}
	ktap_diag("%llu sealed, %llu already, %llu out of range, %llu expired, %llu others",
		  sum.sealed, sum.already, sum.range, sum.expired, sum.others);
	return sum;
}

/* Numbers that were sealed @times, of all CPUs together. */
static int numbers_sealed(int times)
{
	int n = 0, i, cpu, sum;

	for (i = 0; i < NUMBERS; i++) {
		for (cpu = sum = 0; cpu < cpus; cpu++)
			sum += skels[cpu]->bss->sealed[i];
		n += sum == times;
	}
	return n;
}

static bool is(const char *what, __u64 got, __u64 want)
{
	if (got != want)
		ktap_diag("%s: %llu instead of %llu", what, got, want);
	return got == want;
}

static int contenders(void)
{
	int n = 0, cpu;

	for (cpu = 0; cpu < cpus; cpu++)
		n += skels[cpu]->bss->answers.sealed > 0;
	return n;
}

static void test_once(struct crew *crew, __u8 cipher, const char *name)
{
	struct key key = sample_key(cipher, 0);
	int id = keyring_add(&nl, &key, EQUIC_KEY_USE_SEAL);
	struct numbers_answers sum;

	begin(id);
	crew_go(crew);
	sum = answers_of_all();
	ktap_result(is("numbers sealed once", numbers_sealed(1), NUMBERS) &
		    is("sealed", sum.sealed, NUMBERS),
		    "%s: on %d CPUs, every number is sealed once", name, cpus);
	ktap_result(is("refused", sum.already + sum.range,
		       (__u64)(cpus - 1) * NUMBERS) &
		    is("others", sum.expired + sum.others, 0),
		    "%s: and refused to all others", name);
	ktap_result(is("packets", keyring_packets(&nl, id, 0), NUMBERS),
		    "%s: the key has counted them", name);
	ktap_diag("%d CPUs sealed some", contenders());
	ktap_result(contenders() > 1, "%s: it was a race", name);
	keyring_del(&nl, id);
}

static void test_limit(struct crew *crew)
{
	struct key key = sample_key(EQUIC_CIPHER_AES_128_GCM, 0);
	struct numbers_answers sum;
	struct key_event events[4];
	int id, n;

	key.packets_max = LIMIT;
	id = keyring_add(&nl, &key, EQUIC_KEY_USE_SEAL);
	begin(id);
	crew_go(crew);
	sum = answers_of_all();
	ktap_result(is("sealed", sum.sealed, LIMIT) &
		    is("numbers sealed once", numbers_sealed(1), LIMIT) &
		    is("packets", keyring_packets(&nl, id, 0), LIMIT),
		    "on %d CPUs, a key seals as many packets as it may", cpus);
	ktap_result(is("refused", sum.already + sum.range + sum.expired,
		       (__u64)cpus * NUMBERS - LIMIT) &
		    is("others", sum.others, 0) & (sum.expired > 0),
		    "and expires for the rest");
	n = key_events_read(events, 4);
	ktap_result(is("events", n, 2) && events[0].key == (__u32)id &&
		    events[1].key == (__u32)id &&
		    events[0].type + events[1].type ==
			    EQUIC_EVENT_KEY_LIMIT + EQUIC_EVENT_KEY_SPENT,
		    "and tells so, once each");
	keyring_del(&nl, id);
}

int main(void)
{
	struct crew *crew;
	int cpu;

	ktap_begin();
	module_load("");
	nl_open(&nl);
	key_events_open();
	cpus = crew_cpus() < CPUS_MAX ? crew_cpus() : CPUS_MAX;
	for (cpu = 0; cpu < cpus; cpu++) {
		skels[cpu] = numbers_bpf__open_and_load();
		if (!skels[cpu])
			ktap_bail("no programs");
	}
	crew = crew_start(cpus, member);
	test_once(crew, EQUIC_CIPHER_AES_128_GCM, "AES-128-GCM");
	test_once(crew, EQUIC_CIPHER_CHACHA20_POLY1305, "ChaCha20-Poly1305");
	test_limit(crew);
	crew_stop(crew);
	for (cpu = 0; cpu < cpus; cpu++)
		numbers_bpf__destroy(skels[cpu]);
	key_events_close();
	nl_close(&nl);
	module_unload();
	return ktap_end();
}
