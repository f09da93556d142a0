// SPDX-License-Identifier: GPL-2.0-only
/* See parser.h. */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include "ktap.h"
#include "parser.h"
#include "parse.skel.h"
#include "parse_skb.skel.h"

static struct parse_bpf *skel;
static struct parse_skb_bpf *skb_skel;
static size_t linear_max;

static int test_run(struct bpf_program *prog, const __u8 *data, size_t len)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts,
		    .data_in = data, .data_size_in = len);
	int err = bpf_prog_test_run_opts(bpf_program__fd(prog), &opts);

	if (err) {
		errno = -err;
		ktap_bail("test run of %zu bytes", len);
	}
	return opts.retval;
}

void parser_open(void)
{
	static const __u8 large[8192];
	__u32 key = 0, fd;
	int err;

	skel = parse_bpf__open_and_load();
	skb_skel = parse_skb_bpf__open_and_load();
	if (!skel || !skb_skel)
		ktap_bail("cannot load the programs");
	fd = bpf_program__fd(skel->progs.equic_gateway);
	err = bpf_map_update_elem(bpf_map__fd(skel->maps.gateway), &key, &fd,
				  BPF_ANY);
	if (err) {
		errno = -err;
		ktap_bail("cannot chain the programs");
	}
	parser_port(SERVICE_PORT);
	test_run(skel->progs.equic_cut, large, sizeof(large));
	linear_max = skel->bss->linear;
}

void parser_port(__u16 port)
{
	skel->bss->service_port = htons(port);
	skb_skel->bss->service_port = htons(port);
}

void parser_close(void)
{
	parse_bpf__destroy(skel);
	parse_skb_bpf__destroy(skb_skel);
}

__u32 parser_instructions(void)
{
	struct bpf_prog_info info = {};
	__u32 len = sizeof(info);

	if (bpf_prog_get_info_by_fd(bpf_program__fd(skel->progs.equic_gateway),
				    &info, &len))
		ktap_bail("no information about the program");
	return info.verified_insns;
}

size_t parser_linear_max(void)
{
	return linear_max;
}

static void cut_cid(__u8 *cid, __u8 len)
{
	if (len < EQUIC_CID_MAX_LEN)
		memset(cid + len, 0, EQUIC_CID_MAX_LEN - len);
}

/* Bytes behind a connection ID are nobody's: the parser may leave any there. */
static void take_pkt(struct parsed *parsed, const struct bpf_equic_pkt *seen)
{
	parsed->pkt = *seen;
	cut_cid(parsed->pkt.dcid, seen->dcid_len);
	cut_cid(parsed->pkt.scid, seen->scid_len);
}

void parser_run(const __u8 *data, size_t len, size_t linear, int verdict,
		struct parsed *parsed)
{
	static __u8 cut_data[FRAME_MAX + 65536];
	struct parse_bpf__bss *bss = skel->bss;

	bss->port_calls = 0;
	bss->port_refusals = 0;
	bss->verdict_calls = 0;
	bss->verdict_size = 0;
	bss->verdict = verdict;
	memset(&bss->seen, 0, sizeof(bss->seen));
	memset(parsed, 0, sizeof(*parsed));

	if (linear >= len || linear >= linear_max) {
		parsed->action = test_run(skel->progs.equic_gateway, data, len);
	} else {
		bss->cut = linear_max - linear;
		memcpy(cut_data + bss->cut, data, len);
		parsed->action = test_run(skel->progs.equic_cut, cut_data,
					  bss->cut + len);
	}
	if (bss->port_calls > 1 || bss->verdict_calls > 1)
		ktap_bail("%u questions for a port and %u for a verdict",
			  bss->port_calls, bss->verdict_calls);
	parsed->outcome = bss->verdict_calls ? DECIDED :
			  bss->port_refusals ? FOREIGN : UNSEEN;
	parsed->size = bss->verdict_size;
	take_pkt(parsed, &bss->seen);
}

void parser_run_skb(const __u8 *data, size_t len, struct parsed *parsed)
{
	memset(parsed, 0, sizeof(*parsed));
	memset(&skb_skel->bss->seen, 0, sizeof(skb_skel->bss->seen));
	parsed->action = XDP_PASS;
	parsed->outcome = test_run(skb_skel->progs.parse_skb, data, len);
	if (parsed->outcome != DECIDED)
		return;
	parsed->size = sizeof(parsed->pkt);
	take_pkt(parsed, &skb_skel->bss->seen);
}

static void diag_bytes(const char *name, const char *field, const void *want,
		       const void *got, size_t len)
{
	char text[2][2 * 64 + 1] = {};
	size_t i;

	for (i = 0; i < len && i < 64; i++) {
		sprintf(text[0] + 2 * i, "%02x", ((const __u8 *)want)[i]);
		sprintf(text[1] + 2 * i, "%02x", ((const __u8 *)got)[i]);
	}
	ktap_diag("%s: %s is %s, should be %s", name, field, text[1], text[0]);
}

bool parsed_equal(const struct parsed *want, const struct parsed *got,
		  const char *name)
{
	bool equal = true;

#define CHECK(field)							\
	do {								\
		if (memcmp(&want->field, &got->field,			\
			   sizeof(want->field))) {			\
			diag_bytes(name, #field, &want->field,		\
				   &got->field, sizeof(want->field));	\
			equal = false;					\
		}							\
	} while (0)

	/* The port may be asked for before the lengths are looked at. */
	if (want->outcome != UNSEEN || got->outcome != FOREIGN)
		CHECK(outcome);
	CHECK(action);
	CHECK(size);
	CHECK(pkt.saddr);
	CHECK(pkt.daddr);
	CHECK(pkt.sport);
	CHECK(pkt.dport);
	CHECK(pkt.type);
	CHECK(pkt.family);
	CHECK(pkt.len);
	CHECK(pkt.payload_off);
	CHECK(pkt.payload_len);
	CHECK(pkt.dcid_len);
	CHECK(pkt.scid_len);
	CHECK(pkt.reserved);
	CHECK(pkt.dcid);
	CHECK(pkt.scid);
#undef CHECK
	return equal;
}
