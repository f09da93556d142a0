// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every step of the gateway program can be replaced while it runs, and comes
 * back when its replacement goes.
 */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include "frame.h"
#include "ktap.h"
#include "parse.skel.h"
#include "replace.skel.h"

static struct parse_bpf *gateway;
static struct replace_bpf *steps;

static int run(const struct frame *frame)
{
	gateway->bss->verdict_calls = 0;
	return frame_run(bpf_program__fd(gateway->progs.equic_gateway), frame);
}

static void load(void)
{
	struct bpf_program *prog;
	const char *section;
	int fd;

	gateway = parse_bpf__open_and_load();
	steps = replace_bpf__open();
	if (!gateway || !steps)
		ktap_bail("cannot load the gateway");
	fd = bpf_program__fd(gateway->progs.equic_gateway);
	bpf_object__for_each_program(prog, steps->obj) {
		section = bpf_program__section_name(prog);
		if (bpf_program__set_attach_target(prog, fd,
						   section + 9 /* freplace/ */))
			ktap_bail("cannot aim at %s", section);
	}
	if (replace_bpf__load(steps))
		ktap_bail("cannot load the steps");
	gateway->bss->service_port = htons(SERVICE_PORT);
}

static struct bpf_link *replace(struct bpf_program *step)
{
	struct bpf_link *link = bpf_program__attach_trace(step);

	if (!link)
		ktap_bail("cannot replace with %s", bpf_program__name(step));
	return link;
}

/* Runs @frame with a step replaced: the action; and as before without. */
#define REPLACED(step, frame, want, also)				\
	do {								\
		int before = run(frame), during, after;			\
		struct bpf_link *link = replace(steps->progs.step);	\
		bool ok;						\
									\
		during = run(frame);					\
		ok = during == (want) && (also);			\
		bpf_link__destroy(link);				\
		after = run(frame);					\
		if (!ok || before != after)				\
			ktap_diag("actions: %d, %d, %d", before, during, \
				  after);				\
		ktap_result(ok && before == after,			\
			    "equic_step_" #step " can be replaced");	\
	} while (0)

int main(void)
{
	static const struct frame tagged = {
		.vlan = 1, .quic = { SHORT(.dcid_len = 8, .payload = 40) },
	};
	static const struct frame initial = {
		.payload = 1200,
		.quic = { INITIAL(.version = V1, .dcid_len = 8, .scid_len = 8,
				  .payload = 300) },
	};

	ktap_begin();
	load();
	gateway->bss->verdict = EQUIC_DROP_QUOTA;
	REPLACED(locate, &tagged, XDP_PASS, !gateway->bss->verdict_calls);
	REPLACED(parse, &initial, XDP_DROP,
		 gateway->bss->seen.type == EQUIC_PKT_HANDSHAKE);
	REPLACED(refuse, &initial, XDP_TX, gateway->bss->verdict_calls);
	REPLACED(observe, &initial, XDP_DROP,
		 steps->bss->observed == 1 &&
		 steps->bss->observed_type == EQUIC_PKT_INITIAL &&
		 steps->bss->observed_drop == EQUIC_DROP_QUOTA);
	gateway->bss->verdict = 0;
	REPLACED(verdict, &initial, XDP_DROP, !gateway->bss->verdict_calls);
	replace_bpf__destroy(steps);
	parse_bpf__destroy(gateway);
	return ktap_end();
}
