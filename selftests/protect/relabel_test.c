// SPDX-License-Identifier: GPL-2.0-only
/*
 * bpf/examples/datagram.bpf.c, packet by packet: what it makes of one is what
 * GnuTLS makes of the other payload, or it is what it was.
 */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>
#include "../../bpf/examples/datagram.h"
#include "control.h"
#include "datagram.h"
#include "ktap.h"
#include "peer_seal.h"
#include "datagram.skel.h"

/* As datagram_build() has it. */
#define PORT	443

enum {
	CID_LEN	= 8,
	PN_LEN	= 2,
	TAG	= 16,
};

/*
 * In hexadecimal digits, as the payloads are. What they differ in is another
 * sum with its bytes swapped.
 */
#define FROM	"74616733"
#define TO	"6e65773a"

static const struct payload {
	const char	*name;
	const char	*in;
	const char	*out;		/* NULL: as it was */
	__u32		relabelled;
	__u32		datagrams;
	__u32		unknown;
} payloads[] = {
	{ "a DATAGRAM as long as the packet",
	  "30" FROM "0102", "30" TO "0102", 1, 1 },
	{ "the same at another byte",
	  "01 30" FROM "0102", "01 30" TO "0102", 1, 1 },
	{ "a DATAGRAM that says how long it is",
	  "31 06" FROM "0102 01", "31 06" TO "0102 01", 1, 1 },
	{ "a length in more bytes than it needs",
	  "31 8000 0006" FROM "0102", "31 8000 0006" TO "0102", 1, 1 },
	{ "three, of which two",
	  "31 05" FROM "01 31 04 74616734 30" FROM,
	  "31 05" TO "01 31 04 74616734 30" TO, 2, 3 },
	{ "padding and an ACK with ranges before it",
	  "000000 02 4010 00 02 03 01 02 03 04 31 04" FROM,
	  "000000 02 4010 00 02 03 01 02 03 04 31 04" TO, 1, 1 },
	{ "an ACK with ECN and streams before it",
	  "03 10 00 00 03 01 02 03 0e 04 08 04" FROM "0a 00 02 3031 30" FROM,
	  "03 10 00 00 03 01 02 03 0e 04 08 04" FROM "0a 00 02 3031 30" TO,
	  1, 1 },
	{ "a new connection ID before it",
	  "18 05 00 04" FROM "000102030405060708090a0b0c0d0e0f 30" FROM,
	  "18 05 00 04" FROM "000102030405060708090a0b0c0d0e0f 30" TO, 1, 1 },
	{ "nothing but the tag", "31 04" FROM, "31 04" TO, 1, 1 },
	{ "the tag twice", "30" FROM FROM, "30" TO FROM, 1, 1 },
	{ "a stream with the tag", "08 00" FROM, NULL },
	{ "a stream with what looks like a DATAGRAM", "08 00 30" FROM, NULL },
	{ "the tag behind the first byte", "30 00" FROM, NULL, 0, 1 },
	{ "less than the tag", "31 03" FROM "00", NULL, 0, 1, 1 },
	{ "an empty DATAGRAM", "31 00 01 01 01 01", NULL, 0, 1 },
	{ "a DATAGRAM longer than the packet", "31 05" FROM, NULL, 0, 0, 1 },
	{ "a length that does not end", "01010101 31 c0", NULL, 0, 0, 1 },
	{ "a frame that nobody knows before it", "21 30" FROM, NULL, 0, 0, 1 },
	{ "and behind it", "31 04" FROM "21 30" FROM, "31 04" TO "21 30" FROM,
	  1, 1, 1 },
	{ "no DATAGRAM at all", "01 00 00 00 00", NULL },
};

static struct datagram_bpf *skel;
static struct reference *ref;
static struct key key = { .level = EQUIC_LEVEL_ONE_RTT };
static struct count before;

/* A packet of a payload, behind what stands before it in the datagram. */
static void build(struct datagram *datagram, const char *ahead,
		  const char *payload, __u64 pn)
{
	__u8 bytes[512] = { };
	size_t start = hex_decode(ahead, bytes, sizeof(bytes));
	__u8 *packet = bytes + start;
	size_t len = 1 + CID_LEN + PN_LEN;

	packet[0] = 0x40 | (PN_LEN - 1);
	memset(packet + 1, 0xc1, CID_LEN);
	len += hex_decode(payload, packet + len, 256) + TAG;
	reference_seal(ref, packet, len, 1 + CID_LEN, pn);
	datagram_build(datagram, bytes, start + len);
}

/* Its action; the frame becomes what it made of it. */
static int run(struct datagram *datagram)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts,
		    .data_in = datagram->frame,
		    .data_size_in = datagram->len,
		    .data_out = datagram->frame,
		    .data_size_out = sizeof(datagram->frame));

	before = skel->bss->count;
	errno = -bpf_prog_test_run_opts(bpf_program__fd(skel->progs.datagram),
					&opts);
	if (errno)
		ktap_bail("datagram");
	datagram->len = opts.data_size_out;
	return opts.retval;
}

static bool is_same(const struct datagram *a, const struct datagram *b)
{
	return a->len == b->len && !memcmp(a->frame, b->frame, a->len);
}

#define COUNTED(what)	(skel->bss->count.what - before.what)

static void becomes(const char *ahead, const struct payload *payload, __u64 pn)
{
	static struct datagram datagram, wanted;
	int action;

	build(&datagram, ahead, payload->in, pn);
	build(&wanted, ahead, payload->out ?: payload->in, pn);
	action = run(&datagram);
	ktap_diag("action %d, datagrams %llu, relabelled %llu, unknown %llu",
		  action, COUNTED(datagrams), COUNTED(relabelled),
		  COUNTED(unknown));
	ktap_result(action == XDP_PASS && is_same(&datagram, &wanted) &&
		    datagram_csum_ok(&datagram),
		    "%s%s: %s", payload->name, *ahead ? ", coalesced" : "",
		    payload->out ? "is relabelled" : "stays what it is");
	ktap_result(COUNTED(packets) == 1 && COUNTED(opened) == 1 &&
		    COUNTED(sealed) == !!payload->out &&
		    COUNTED(datagrams) == payload->datagrams &&
		    COUNTED(relabelled) == payload->relabelled &&
		    COUNTED(unknown) == payload->unknown,
		    "%s%s: and is counted", payload->name,
		    *ahead ? ", coalesced" : "");
}

/* A Handshake packet of version 1, with 20 bytes behind its Length. */
#define AHEAD	"e0 00000001 08 c1c1c1c1c1c1c1c1 00 14"		\
			"000102030405060708090a0b0c0d0e0f10111213"

static void no_checksum(void)
{
	static const __u8 none[2];
	static struct datagram datagram;
	__u8 *csum = datagram.frame + DATAGRAM_UDP + 6;

	build(&datagram, "", payloads[0].in, 1000);
	memcpy(csum, none, sizeof(none));
	ktap_result(run(&datagram) == XDP_PASS && COUNTED(relabelled) == 1 &&
		    !memcmp(csum, none, sizeof(none)),
		    "a checksum that the sender left out stays out");
}

static void refusals(void)
{
	static struct datagram datagram, was;
	struct direction direction = skel->bss->direction;
	int action;

	build(&datagram, "", payloads[0].in, 1001);
	datagram.frame[datagram.len - 1] ^= 1;
	was = datagram;
	ktap_result(run(&datagram) == XDP_PASS && is_same(&datagram, &was) &&
		    COUNTED(refused) == 1,
		    "what is not authentic passes as it is");

	skel->bss->direction.open = 0;
	build(&datagram, "", payloads[0].in, 1001);
	was = datagram;
	ktap_result(run(&datagram) == XDP_PASS && is_same(&datagram, &was) &&
		    COUNTED(early) == 1,
		    "what comes before the key passes as it is");
	skel->bss->direction = direction;

	ktap_result(run(&datagram) == XDP_PASS && COUNTED(relabelled) == 1,
		    "and is relabelled afterwards");
	action = run(&was);
	ktap_result(action == XDP_DROP && COUNTED(dropped) == 1 &&
		    !COUNTED(relabelled),
		    "once: its duplicate is dropped");

	skel->bss->direction.seal = 0;
	build(&datagram, "", payloads[0].in, 1002);
	ktap_result(run(&datagram) == XDP_DROP && COUNTED(dropped) == 1,
		    "what cannot be sealed is dropped");
	build(&datagram, "", "08 00" FROM, 1003);
	was = datagram;
	ktap_result(run(&datagram) == XDP_PASS && is_same(&datagram, &was),
		    "what need not be sealed passes as it is");
	skel->bss->direction = direction;

	skel->bss->port = 0;
	build(&datagram, "", payloads[0].in, 1004);
	was = datagram;
	ktap_result(run(&datagram) == XDP_PASS && is_same(&datagram, &was) &&
		    !COUNTED(packets),
		    "what is for another port is not looked at");
	skel->bss->port = htons(PORT);
}

static void give_keys(void)
{
	struct direction *direction = &skel->bss->direction;
	int open = key_add(&key, EQUIC_KEY_USE_OPEN);
	int seal = key_add(&key, EQUIC_KEY_USE_SEAL);

	if (open <= 0 || seal <= 0)
		ktap_bail("no keys: %d, %d", open, seal);
	*direction = (struct direction){ open, seal, CID_LEN };
	ref = reference_new(&key);
}

int main(void)
{
	size_t i, n = sizeof(payloads) / sizeof(payloads[0]);

	ktap_begin();
	module_insert("");
	control_open();
	skel = datagram_bpf__open_and_load();
	if (!skel)
		ktap_bail("no program");
	skel->bss->port = htons(PORT);
	hex_decode(FROM, skel->bss->tags.from, TAG_LEN);
	hex_decode(TO, skel->bss->tags.to, TAG_LEN);
	memset(key.key, 0x42, sizeof(key.key));
	memset(key.iv, 0x24, sizeof(key.iv));
	memset(key.header, 0x11, sizeof(key.header));
	give_keys();
	for (i = 0; i < n; i++)
		becomes("", &payloads[i], 2 * i);
	for (i = 0; i < n; i++)
		becomes(AHEAD, &payloads[i], 2 * i + 1);
	no_checksum();
	refusals();
	reference_free(ref);
	datagram_bpf__destroy(skel);
	control_close();
	return ktap_end();
}
