// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the gateway costs a packet, in instructions: the clock has to count them.
 *
 * Those whose packets are none of its business pay little more than for a
 * program that does the least (cost.bpf.c). No path costs much more than it did
 * when its figure was kept (cost.kept): whoever makes one dearer says so there.
 */
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "control.h"
#include "cost.skel.h"
#include "frame.h"
#include "ktap.h"

#define REPEAT 10000
#define GROWTH 1.05

static struct cost_bpf *skel;
static struct bpf_object *object;
static int gateway;
static int action;	/* of the last test run */

/* Of one packet, the test run's own share included. */
static unsigned int cost(int prog, const struct frame *frame)
{
	return frame_cost(prog, frame, REPEAT, &action);
}

/* The figure that is kept for @path of this kernel; 0: none. */
static unsigned int kept_figure(const char *path)
{
	const char *kernel = getenv("EQUIC_KERNEL") ?: "";
	char line[128], of[16], name[32];
	unsigned int figure;
	FILE *file;

	file = fopen(getenv("EQUIC_COST_KEPT") ?: "cost.kept", "r");
	if (!file)
		ktap_bail("no kept figures");
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%15s %31s %u", of, name, &figure) == 3 &&
		    !strcmp(of, kernel) && !strcmp(name, path)) {
			fclose(file);
			return figure;
		}
	}
	fclose(file);
	return 0;
}

/*
 * What a test run of a program adds is the same for all: it counts too. A figure
 * that is too high guards nothing.
 */
static void guard(const char *path, const struct frame *frame, int wanted)
{
	unsigned int figure = kept_figure(path), now = cost(gateway, frame);

	ktap_diag("%s: action %d, %u, kept is %u", path, action, now, figure);
	ktap_result(action == wanted && now <= figure * GROWTH &&
		    now * GROWTH >= figure,
		    "%s: within 5 %% of the figure in cost.kept", path);
}

static void compare(const char *name, const struct frame *frame,
		    const struct bpf_program *baseline, double limit)
{
	unsigned int ours = cost(gateway, frame);
	unsigned int theirs = cost(bpf_program__fd(baseline), frame);

	ktap_diag("%s: %u against %u of %s", name, ours, theirs,
		  bpf_program__name(baseline));
	ktap_result(ours <= theirs * limit, "%s: at most %.2f times %s", name,
		    limit, bpf_program__name(baseline));
}

/* The pending connection that @frame made ends. */
static void release(const struct frame *frame)
{
	static struct built built;
	struct bpf_equic_pkt *pkt = &skel->bss->pkt;

	frame_build(frame, &built);
	frame_pkt(frame, &built, true, pkt);
	pkt->type = EQUIC_PKT_INITIAL;
	frame_cids(frame, &built, 0, pkt);
	if (frame_run(bpf_program__fd(skel->progs.release), frame) != XDP_PASS)
		ktap_bail("nothing to release");
}

static void show(const char *name, const struct frame *frame,
		 enum equic_pkt_type type)
{
	static struct built built;
	unsigned int nothing, port, verdict;

	frame_build(frame, &built);
	frame_pkt(frame, &built, true, &skel->bss->pkt);
	skel->bss->pkt.type = type;
	nothing = cost(bpf_program__fd(skel->progs.nothing), frame);
	port = cost(bpf_program__fd(skel->progs.port), frame) - nothing;
	verdict = cost(bpf_program__fd(skel->progs.verdict), frame) - nothing;
	ktap_diag("%s: %u, of which the module's: port %u, verdict %u", name,
		  cost(gateway, frame), port, verdict);
}

int main(void)
{
	struct frame foreign = { .dport = 53, .quic = { SHORT(.payload = 60) } };
	struct frame tcp = { .proto = 6, .quic = { SHORT(.payload = 60) } };
	struct frame foreign6 = foreign, established6;
	struct frame established = { .quic = { SHORT(.payload = 1200) } };
	struct frame initial = {
		.payload = 1200,
		.quic = { INITIAL(.version = V1, .dcid_len = 18, .scid_len = 17,
				  .payload = 300) },
	};
	struct frame zero_rtt = {
		.payload = 1200,
		.quic = { ZERO_RTT(.version = V1, .dcid_len = 18,
				   .scid_len = 17, .payload = 300, .cid = 1) },
	};
	struct frame refused = initial, malformed = initial, initial6 = initial;
	struct frame alike = initial;
	char path[4096];
	int err;

	foreign6.ip6 = true;
	established6 = established;
	established6.ip6 = true;
	initial6.ip6 = true;
	/* Another handshake of the same client. */
	refused.quic[0].cid = 1;
	/* One that the table has to be asked about: see equic_handshake_bit(). */
	alike.quic[0].scid_len = 16;
	malformed.quic[0].dcid_len = 21;

	ktap_begin();
	module_insert("");
	control_open();
	service_set(false, &(struct policy){ .quota = 5 });
	service_set(true, &(struct policy){ .quota = 5 });
	skel = cost_bpf__open_and_load();
	snprintf(path, sizeof(path), "%s/bpf/gateway.bpf.o",
		 getenv("EQUIC_BUILD") ?: "build");
	object = bpf_object__open_file(path, NULL);
	if (!skel || !object || bpf_object__load(object))
		ktap_bail("cannot load the programs");
	gateway = bpf_program__fd(bpf_object__find_program_by_name(object,
							"equic_gateway"));

	compare("foreign UDP", &foreign, skel->progs.parse_only, 1.5);
	compare("TCP", &tcp, skel->progs.parse_only, 1.5);
	compare("foreign UDP over IPv6", &foreign6, skel->progs.parse_only6,
		1.5);
	ktap_diag("hash_lookup: %u", cost(bpf_program__fd(
			skel->progs.hash_lookup), &established));
	show("established, IPv4", &established, EQUIC_PKT_SHORT);
	show("established, IPv6", &established6, EQUIC_PKT_SHORT);

	guard("foreign-udp4", &foreign, XDP_PASS);
	guard("foreign-udp6", &foreign6, XDP_PASS);
	guard("tcp", &tcp, XDP_PASS);
	guard("stranger4", &established, XDP_PASS);
	guard("stranger6", &established6, XDP_PASS);
	cost(gateway, &initial);
	cost(gateway, &initial6);
	guard("established4", &established, XDP_PASS);
	guard("established6", &established6, XDP_PASS);
	guard("malformed", &malformed, XDP_DROP);
	service_set(false, &(struct policy){ .quota = 1,
			   .no_owner = EQUIC_NO_OWNER_ENFORCE });
	guard("known-initial", &initial, XDP_PASS);
	guard("refused-initial", &refused, XDP_DROP);
	guard("alike-initial", &alike, XDP_DROP);
	/* What has ended is not looked for. */
	release(&initial);
	cost(gateway, &refused);
	guard("forgotten-initial", &alike, XDP_DROP);
	release(&refused);
	cost(gateway, &initial);
	cost(gateway, &refused);
	guard("zero-rtt", &zero_rtt, XDP_DROP);
	show("a refused Initial", &refused, EQUIC_PKT_INITIAL);
	service_set(false, &(struct policy){ .quota = 1,
			   .mode = EQUIC_MODE_COUNT });
	cost(gateway, &initial);
	guard("counted-initial", &refused, XDP_PASS);
	service_set(false, &(struct policy){ .quota = 1,
			   .mode = EQUIC_MODE_ALL,
			   .no_owner = EQUIC_NO_OWNER_ENFORCE });
	cost(gateway, &initial);
	cost(gateway, &refused);
	guard("shut-out", &established, XDP_DROP);

	bpf_object__close(object);
	cost_bpf__destroy(skel);
	control_close();
	while ((err = module_remove()) == -EBUSY || err == -EWOULDBLOCK)
		usleep(10000);
	ktap_result(!err, "rmmod");
	return ktap_end();
}
