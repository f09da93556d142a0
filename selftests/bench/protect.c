// SPDX-License-Identifier: GPL-2.0-only
/*
 * protect: what it takes to seal and to open a packet, by equic and by the
 * crypto API alone, for every cipher and the sizes given.
 *
 * Usage: protect cost RUNS REPEAT SIZE...
 *        protect watch WHO SIZE READY DONE SYMBOLS
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <equic_packet_key.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "ktap.h"
#include "protect.skel.h"
#include "peer_seal.h"
#include "value.h"
#include "watch.h"

enum {
	FRAME_LEN	= ETH_HLEN + 9300,
	LINEAR_MAX	= 3000,
	SLOW		= 0x100,
	/* RFC 9001, 6.6: keys are renewed long before their limit. */
	PER_KEY		= 1 << 20,
	/* As protect.bpf.c has them. */
	PN_OFF		= 9,
	FIRST_BYTE	= 0x43,
	WATCH_REPEAT	= 100,
};

static struct protect_bpf *skel;
static struct equic *eq;
static __u8 frame[FRAME_LEN];
static size_t frame_len;
static __u64 sealed;

/* What a program takes for the frame, once. */
static unsigned int run(const struct bpf_program *prog, unsigned int repeat)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame,
		    .data_size_in = frame_len, .repeat = repeat);
	int err;

	skel->bss->result = 0;
	err = bpf_prog_test_run_opts(bpf_program__fd(prog), &opts);
	errno = -err;
	if (err)
		ktap_bail("%s", bpf_program__name(prog));
	errno = -skel->bss->result;
	if (skel->bss->result)
		ktap_bail("%s: %d bytes", bpf_program__name(prog),
			  skel->bss->len);
	return opts.duration;
}

static __u32 add(__u8 cipher, __u8 use)
{
	struct equic_packet_key key = EQUIC_INIT(key,
		.use = use, .level = EQUIC_LEVEL_ONE_RTT, .cipher = cipher,
	);

	if (equic_packet_key_add(eq, &key))
		ktap_bail("key: %s", equic_strerror(eq));
	return key.id;
}

static void renew_keys(__u8 cipher)
{
	if (skel->bss->opener) {
		equic_packet_key_del(eq, skel->bss->opener);
		equic_packet_key_del(eq, skel->bss->sealer);
	}
	skel->bss->opener = add(cipher, EQUIC_KEY_USE_OPEN);
	skel->bss->sealer = add(cipher, EQUIC_KEY_USE_SEAL);
	skel->bss->pn = 0;
	sealed = 0;
}

static void set_fast(bool on)
{
	FILE *file = fopen("/sys/module/equic/parameters/fast_crypto", "w");

	if (!file || fputs(on ? "Y" : "N", file) < 0 || fclose(file))
		ktap_bail("fast_crypto");
}

/* The packet of the frame, as its peer would seal it. */
static void seal_frame(__u8 cipher, unsigned int size)
{
	struct key key = { .cipher = cipher, .level = EQUIC_LEVEL_ONE_RTT };
	struct reference *ref = reference_new(&key);

	memset(frame, 0, sizeof(frame));
	frame[ETH_HLEN] = FIRST_BYTE;
	reference_seal(ref, frame + ETH_HLEN, size, PN_OFF, skel->bss->pn);
	reference_free(ref);
}

/* What GnuTLS takes for one packet, by the clock of the machine. */
static double gnutls_cost(__u8 cipher, unsigned int size, unsigned int repeat)
{
	struct key key = { .cipher = cipher, .level = EQUIC_LEVEL_ONE_RTT };
	struct reference *ref = reference_new(&key);
	struct timespec begin, end;
	unsigned int i;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	for (i = 0; i < repeat; i++) {
		frame[ETH_HLEN] = FIRST_BYTE;
		reference_seal(ref, frame + ETH_HLEN, size, PN_OFF, i);
	}
	clock_gettime(CLOCK_MONOTONIC, &end);
	reference_free(ref);
	return ((end.tv_sec - begin.tv_sec) * 1e9 + end.tv_nsec -
		begin.tv_nsec) / repeat;
}

struct subject {
	const char		*who;
	struct bpf_program	*prog;
	struct bpf_program	*less;	/* its cost is not ours */
	bool			linear;	/* the frame must be */
	bool			tc;
};

enum { SUBJECTS = 8 };

static struct subject subjects[SUBJECTS];

static void load(void)
{
	skel = protect_bpf__open_and_load();
	if (!skel || equic_open(&eq, NULL))
		ktap_bail("programs");
	subjects[0] = (struct subject){ "memcpy", skel->progs.copy,
					skel->progs.nothing };
	subjects[1] = (struct subject){ "bare seal", skel->progs.bare_seal,
					skel->progs.nothing };
	subjects[2] = (struct subject){ "bare open", skel->progs.bare_both,
					skel->progs.bare_seal };
	subjects[3] = (struct subject){ "equic seal", skel->progs.equic_seal,
					skel->progs.nothing, .linear = true };
	subjects[4] = (struct subject){ "equic open", skel->progs.equic_both,
					skel->progs.equic_seal,
					.linear = true };
	subjects[5] = (struct subject){ "equic open to a buffer",
					skel->progs.equic_open_copy,
					skel->progs.nothing };
	subjects[6] = (struct subject){ "equic seal, TC",
					skel->progs.tc_equic_seal,
					skel->progs.tc_nothing, .tc = true };
	subjects[7] = (struct subject){ "equic open, TC",
					skel->progs.tc_equic_both,
					skel->progs.tc_equic_seal, .tc = true };
}

static void unload(void)
{
	protect_bpf__destroy(skel);
	equic_close(eq);
}

/* The next runs are of packets of @size bytes. */
static void prepare(const struct subject *s, __u8 cipher, bool slow,
		    unsigned int size, unsigned int repeat)
{
	frame_len = ETH_HLEN + size;
	/* It grows in the program. */
	if (s->tc && size > LINEAR_MAX)
		frame_len = LINEAR_MAX;
	skel->bss->len = size;
	skel->bss->which = cipher | (slow ? SLOW : 0);
	if ((sealed += 4 * repeat) > PER_KEY)
		renew_keys(cipher);
	seal_frame(cipher, size);
}

static void measure(__u8 cipher, bool slow, unsigned int size,
		    unsigned int repeat, int nr)
{
	unsigned int cost, less;
	char what[64];
	size_t i;

	snprintf(what, sizeof(what), "%s%s", equic_cipher_name(cipher),
		 slow ? ", fallback" : "");
	set_fast(!slow);
	for (i = 0; i < SUBJECTS; i++) {
		const struct subject *s = &subjects[i];

		/* A test run's frame of more than a page is in fragments. */
		if (s->linear && size > LINEAR_MAX)
			continue;
		prepare(s, cipher, slow, size, repeat);
		less = run(s->less, repeat);
		cost = run(s->prog, repeat);
		tell(.what = what, .who = s->who, .value = (int)(cost - less),
		     .packets = size, .run = nr);
	}
	set_fast(true);
	if (!slow)
		tell(.what = what, .who = "GnuTLS seal",
		     .value = gnutls_cost(cipher, size, repeat),
		     .packets = size, .run = nr);
}

/* RUNS REPEAT SIZE... */
static void costs(int argc, char **argv)
{
	int runs = atoi(argv[0]), nr, i;
	unsigned int repeat = atoi(argv[1]);
	__u8 cipher;

	for (cipher = 0; cipher <= EQUIC_CIPHER_CHACHA20_POLY1305; cipher++) {
		renew_keys(cipher);
		for (i = 2; i < argc; i++) {
			for (nr = 1; nr <= runs; nr++) {
				measure(cipher, false, atoi(argv[i]), repeat,
					nr);
				measure(cipher, true, atoi(argv[i]), repeat,
					nr);
			}
		}
	}
}

static const struct subject *find(const char *who)
{
	size_t i;

	for (i = 0; i < SUBJECTS; i++)
		if (!strcmp(subjects[i].who, who))
			return &subjects[i];
	errno = 0;
	ktap_bail("nobody measures %s", who);
}

/* WHO SIZE READY DONE SYMBOLS */
static void watch(char **argv)
{
	const struct subject *s = find(argv[0]);
	const __u8 cipher = EQUIC_CIPHER_AES_128_GCM;

	renew_keys(cipher);
	prepare(s, cipher, false, atoi(argv[1]), 0);
	watch_begin(argv[2], argv[4]);
	while (watched(argv[3])) {
		prepare(s, cipher, false, atoi(argv[1]), WATCH_REPEAT);
		run(s->prog, WATCH_REPEAT);
	}
}

int main(int argc, char **argv)
{
	if (argc >= 5 && !strcmp(argv[1], "cost")) {
		load();
		costs(argc - 2, argv + 2);
	} else if (argc == 7 && !strcmp(argv[1], "watch")) {
		watch_names();
		load();
		watch(argv + 2);
	} else {
		ktap_bail("usage: protect cost RUNS REPEAT SIZE... | watch WHO SIZE READY DONE SYMBOLS");
	}
	unload();
	return 0;
}
