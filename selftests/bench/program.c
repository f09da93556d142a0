// SPDX-License-Identifier: GPL-2.0-only
/* See program.h. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "baseline.skel.h"
#include "ktap.h"
#include "program.h"
#include "vary.skel.h"

static void gateway_open(struct programs *p)
{
	struct bpf_program *prog;
	char path[4096];

	snprintf(path, sizeof(path), "%s/bpf/gateway.bpf.o",
		 getenv("EQUIC_BUILD") ?: "build");
	p->object = bpf_object__open_file(path, NULL);
	if (!p->object || bpf_object__load(p->object))
		ktap_bail("cannot load %s", path);
	prog = bpf_object__find_program_by_name(p->object, "equic_gateway");
	p->gateway = bpf_program__fd(prog);
}

void programs_open(struct programs *p, bool gateway)
{
	memset(p, 0, sizeof(*p));
	p->baseline = baseline_bpf__open_and_load();
	p->vary = vary_bpf__open_and_load();
	if (!p->baseline || !p->vary)
		ktap_bail("cannot load the programs");
	p->drop_only = bpf_program__fd(p->baseline->progs.drop_only);
	p->parse_drop[0] = bpf_program__fd(p->baseline->progs.parse_drop);
	p->parse_drop[1] = bpf_program__fd(p->baseline->progs.parse_drop6);
	p->prototype = bpf_program__fd(p->baseline->progs.prototype);
	p->counters = bpf_map__fd(p->baseline->maps.counters);
	p->into_program = bpf_program__fd(p->vary->progs.into_program);
	p->into_stack = bpf_program__fd(p->vary->progs.into_stack);
	p->into_nowhere = bpf_program__fd(p->vary->progs.into_nowhere);
	p->gateway = -1;
	if (gateway)
		gateway_open(p);
}

void programs_close(struct programs *p)
{
	bpf_object__close(p->object);
	vary_bpf__destroy(p->vary);
	baseline_bpf__destroy(p->baseline);
}

void programs_vary(struct programs *p, const struct vary *vary)
{
	memcpy(p->vary->bss->vary, vary, sizeof(p->vary->bss->vary));
}

unsigned int programs_run_varied(struct programs *p, int prog,
				 const struct packet *packet,
				 unsigned int repeat, unsigned int action)
{
	__u32 key = 0;

	errno = 0;
	if (bpf_map__update_elem(p->vary->maps.next, &key, sizeof(key), &prog,
				 sizeof(prog), BPF_ANY))
		ktap_bail("cannot name the next program");
	return packet_run(p->into_program, packet, repeat, action);
}
