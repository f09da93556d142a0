// SPDX-License-Identifier: GPL-2.0-only
/*
 * The real gateway program and the real module: what becomes of a packet, and
 * which counters move. Every drop reason stands beside a packet that is much
 * the same and passes.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <linux/bpf.h>
#include "control.h"
#include "fixtures.h"
#include "ktap.h"

static struct bpf_object *object;
static int gateway;

static void gateway_open(void)
{
	struct bpf_program *prog;
	char path[4096];

	snprintf(path, sizeof(path), "%s/bpf/gateway.bpf.o",
		 getenv("EQUIC_BUILD") ?: "build");
	object = bpf_object__open_file(path, NULL);
	if (!object || bpf_object__load(object))
		ktap_bail("cannot load %s", path);
	prog = bpf_object__find_program_by_name(object, "equic_gateway");
	gateway = bpf_program__fd(prog);
}

static int send_frame(const struct frame *frame)
{
	return frame_run(gateway, frame);
}

/* What has to change in a service's counters, and in the totals. */
struct change {
	int		passed;
	int		would_drop;
	int		admitted;
	enum equic_drop	drop;
	int		pass_why;
	bool		totals_only;
	__u64		bytes;
};

static bool check(const char *name, const char *what, __u64 before, __u64 after,
		  __u64 change)
{
	if (after - before == change)
		return true;
	ktap_diag("%s: %s went from %llu to %llu, not by %llu", name, what,
		  before, after, change);
	return false;
}

static bool changed(const char *name, const struct stats *before,
		    const struct stats *after, const struct change *change)
{
	bool dropped = change->drop != EQUIC_DROP_NONE, ok;
	char what[64];
	int i;

#define COUNT(attr, by)							\
	check(name, #attr, before->count[EQUIC_A_STATS_ ## attr],	\
	      after->count[EQUIC_A_STATS_ ## attr], (by))
	ok = COUNT(PASSED_PACKETS, change->passed) &
	     COUNT(PASSED_BYTES, change->passed ? change->bytes : 0) &
	     COUNT(DROPPED_PACKETS, dropped) &
	     COUNT(DROPPED_BYTES, dropped ? change->bytes : 0) &
	     COUNT(WOULD_DROP_PACKETS, change->would_drop) &
	     COUNT(ADMITTED, change->admitted);
#undef COUNT
	for (i = 1; i <= EQUIC_A_DROP_MAX; i++) {
		snprintf(what, sizeof(what), "drop counter %d", i);
		ok &= check(name, what, before->drops[i], after->drops[i],
			    dropped && i == (int)change->drop);
	}
	for (i = 1; i <= EQUIC_A_PASS_MAX; i++) {
		snprintf(what, sizeof(what), "pass counter %d", i);
		ok &= check(name, what, before->passes[i], after->passes[i],
			    i == change->pass_why);
	}
	return ok;
}

/* Sends a frame of @frame's service and compares everything that is counted. */
static bool expect(const char *name, const struct frame *frame,
		   struct change change)
{
	struct stats service[2], totals[2];
	static const struct change none;
	static struct built built;
	int want, action;
	bool ok;

	frame_build(frame, &built);
	change.bytes = built.ip_len;
	want = change.drop ? XDP_DROP : XDP_PASS;

	service_stats(frame->ip6, &service[0]);
	total_stats(&totals[0]);
	action = send_frame(frame);
	service_stats(frame->ip6, &service[1]);
	total_stats(&totals[1]);

	ok = action == want;
	if (!ok)
		ktap_diag("%s: action %d, not %d", name, action, want);
	ok &= changed(name, &service[0], &service[1],
		      change.totals_only ? &none : &change);
	ok &= changed(name, &totals[0], &totals[1], &change);
	return ok;
}

#define PASSES(...)	(struct change){ .passed = 1, ## __VA_ARGS__ }
#define DROPS(reason)	(struct change){ .drop = EQUIC_DROP_ ## reason }

static void test_fixture(const struct fixture *fixture)
{
	struct change change = {};

	service_set(fixture->frame.ip6, &(struct policy){});
	if (fixture->outcome == DECIDED) {
		change.drop = drop_of_type(fixture->type);
		change.passed = !change.drop;
		change.admitted = fixture->type == EQUIC_PKT_INITIAL;
	}
	switch (fixture->outcome == DECIDED ? fixture->type : EQUIC_PKT_SHORT) {
	case EQUIC_PKT_UNKNOWN_VERSION:
		change.pass_why = EQUIC_A_PASS_UNKNOWN_VERSION;
		break;
	case EQUIC_PKT_LATER_FRAGMENT:
		change.pass_why = EQUIC_A_PASS_LATER_FRAGMENT;
		change.totals_only = true;
		break;
	case EQUIC_PKT_EXT_HEADERS:
		change.pass_why = EQUIC_A_PASS_EXT_HEADERS;
		change.totals_only = true;
		break;
	default:
		break;
	}
	ktap_result(expect(fixture->name, &fixture->frame, change), "%s",
		    fixture->name);
	service_del(fixture->frame.ip6);
}

/* The nth handshake of a client. */
static struct frame initial(bool ip6, int client, int n)
{
	return (struct frame){
		.ip6 = ip6, .client = client, .payload = 1200,
		.quic = { INITIAL(.version = V1, .dcid_len = 8, .scid_len = 8,
				  .cid = n, .payload = 300) },
	};
}

static struct frame zero_rtt(bool ip6, int client, int n)
{
	return (struct frame){
		.ip6 = ip6, .client = client,
		.quic = { ZERO_RTT(.version = V1, .dcid_len = 8, .scid_len = 8,
				   .cid = n, .payload = 300) },
	};
}

static struct frame one_rtt(bool ip6, int client)
{
	return (struct frame){
		.ip6 = ip6, .client = client,
		.quic = { SHORT(.dcid_len = 8, .payload = 40) },
	};
}

struct step {
	const char	*name;
	struct frame	frame;
	struct change	change;
};

#define RUN(ip6, title, policy, ...)					\
	run(ip6, title, policy, (struct step[]){ __VA_ARGS__ },		\
	    sizeof((struct step[]){ __VA_ARGS__ }) / sizeof(struct step))

static void run(bool ip6, const char *title, const struct policy *policy,
		const struct step *steps, size_t count)
{
	bool ok = true;
	size_t i;

	service_set(ip6, policy);
	for (i = 0; i < count; i++)
		ok &= expect(steps[i].name, &steps[i].frame, steps[i].change);
	ktap_result(ok, "%s: %s", ip6 ? "IPv6" : "IPv4", title);
	service_del(ip6);
}

static void test_quota(bool ip6)
{
	struct policy policy = { .quota = 2, .no_owner = EQUIC_NO_OWNER_ENFORCE };

	RUN(ip6, "mode new drops what starts another connection", &policy,
	    { "first", initial(ip6, 1, 1), PASSES(.admitted = 1) },
	    { "second", initial(ip6, 1, 2), PASSES(.admitted = 1) },
	    { "third", initial(ip6, 1, 3), DROPS(QUOTA) },
	    { "third again", initial(ip6, 1, 3), DROPS(QUOTA) },
	    { "first again", initial(ip6, 1, 1), PASSES() },
	    { "another client", initial(ip6, 2, 3), PASSES(.admitted = 1) },
	    { "1-RTT", one_rtt(ip6, 1), PASSES() });
	RUN(ip6, "0-RTT falls with the refused connection", &policy,
	    { "0-RTT before anything", zero_rtt(ip6, 1, 9), PASSES() },
	    { "first", initial(ip6, 1, 1), PASSES(.admitted = 1) },
	    { "second", initial(ip6, 1, 2), PASSES(.admitted = 1) },
	    { "0-RTT at quota, none refused", zero_rtt(ip6, 1, 9), PASSES() },
	    { "third", initial(ip6, 1, 3), DROPS(QUOTA) },
	    { "0-RTT of the third", zero_rtt(ip6, 1, 3), DROPS(ZERO_RTT) },
	    { "0-RTT of the second", zero_rtt(ip6, 1, 2), PASSES() },
	    { "0-RTT of another client", zero_rtt(ip6, 2, 3), PASSES() });

	policy.mode = EQUIC_MODE_ALL;
	RUN(ip6, "mode all shuts a refused client out", &policy,
	    { "first", initial(ip6, 1, 1), PASSES(.admitted = 1) },
	    { "second", initial(ip6, 1, 2), PASSES(.admitted = 1) },
	    { "1-RTT before the refusal", one_rtt(ip6, 1), PASSES() },
	    { "third", initial(ip6, 1, 3), DROPS(QUOTA) },
	    { "1-RTT", one_rtt(ip6, 1), DROPS(CLIENT_OVER) },
	    { "first again", initial(ip6, 1, 1), DROPS(CLIENT_OVER) },
	    { "1-RTT of another client", one_rtt(ip6, 2), PASSES() });

	policy.mode = EQUIC_MODE_COUNT;
	RUN(ip6, "mode count drops nothing and counts the same", &policy,
	    { "first", initial(ip6, 1, 1), PASSES(.admitted = 1) },
	    { "second", initial(ip6, 1, 2), PASSES(.admitted = 1) },
	    { "third", initial(ip6, 1, 3), PASSES(.would_drop = 1) },
	    { "malformed", { .ip6 = ip6, .quic = { BYTES("c0") } },
	      PASSES(.would_drop = 1) },
	    { "1-RTT", one_rtt(ip6, 1), PASSES() });

	policy.mode = EQUIC_MODE_NEW;
	policy.no_owner = EQUIC_NO_OWNER_COUNT;
	RUN(ip6, "without a reporter the quota is counted only", &policy,
	    { "first", initial(ip6, 1, 1), PASSES(.admitted = 1) },
	    { "second", initial(ip6, 1, 2), PASSES(.admitted = 1) },
	    { "third", initial(ip6, 1, 3), PASSES(.would_drop = 1) });
}

static void test_deny(bool ip6)
{
	RUN(ip6, "default deny drops everything", &(struct policy){ .deny = 1 },
	    { "Initial", initial(ip6, 1, 1), DROPS(DENIED) },
	    { "1-RTT", one_rtt(ip6, 1), DROPS(DENIED) });
	RUN(ip6, "default allow does not", &(struct policy){},
	    { "Initial", initial(ip6, 1, 1), PASSES(.admitted = 1) },
	    { "1-RTT", one_rtt(ip6, 1), PASSES() });
}

static void test_bypass(bool ip6)
{
	const struct policy deny = { .deny = 1 };

	namespace_bypass(true);
	RUN(ip6, "bypass lets everything through", &deny,
	    { "Initial", initial(ip6, 1, 1),
	      PASSES(.pass_why = EQUIC_A_PASS_BYPASS) },
	    { "malformed", { .ip6 = ip6, .quic = { BYTES("c0") } },
	      PASSES(.pass_why = EQUIC_A_PASS_BYPASS) });
	namespace_bypass(false);
	RUN(ip6, "bypass off ends it", &deny,
	    { "Initial", initial(ip6, 1, 1), DROPS(DENIED) });
}

static void set_lo_mtu(int mtu)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = { .ifr_name = "lo", .ifr_mtu = mtu };

	if (fd < 0 || ioctl(fd, SIOCSIFMTU, &request))
		ktap_bail("cannot set lo's MTU");
	close(fd);
}

static void test_super_packet(bool ip6)
{
	struct frame large = initial(ip6, 1, 1), fits = large;

	/* IP and UDP headers: 28 or 48 bytes. */
	large.payload = 1500 - (ip6 ? 48 : 28) + 1;
	fits.payload = large.payload - 1;
	set_lo_mtu(1500);
	RUN(ip6, "a packet longer than the MTU passes and is counted",
	    &(struct policy){ .deny = 1 },
	    { "longer", large,
	      PASSES(.pass_why = EQUIC_A_PASS_SUPER_PACKET) },
	    { "as long", fits, DROPS(DENIED) });
	set_lo_mtu(65536);
}

/* The module was loaded with room for two connections. */
static void test_overflow(bool ip6)
{
	struct policy policy = { .overflow_drop = 1,
				 .no_owner = EQUIC_NO_OWNER_ENFORCE };

	RUN(ip6, "on-overflow drop", &policy,
	    { "first", initial(ip6, 1, 1), PASSES(.admitted = 1) },
	    { "second", initial(ip6, 2, 2), PASSES(.admitted = 1) },
	    { "third", initial(ip6, 3, 3), DROPS(OVERFLOW) },
	    { "1-RTT", one_rtt(ip6, 3), PASSES() });
	policy.overflow_drop = 0;
	RUN(ip6, "on-overflow pass", &policy,
	    { "first", initial(ip6, 1, 1), PASSES(.admitted = 1) },
	    { "second", initial(ip6, 2, 2), PASSES(.admitted = 1) },
	    { "third", initial(ip6, 3, 3),
	      PASSES(.pass_why = EQUIC_A_PASS_OVERFLOW) });
}

static void start(const char *params)
{
	module_insert(params);
	control_open();
	gateway_open();
}

static void stop(void)
{
	int err;

	control_close();
	err = module_remove();
	ktap_result(err == -EBUSY || err == -EWOULDBLOCK,
		    "rmmod is refused while the program is loaded");
	bpf_object__close(object);
	/* The kernel frees a program after a grace period. */
	while ((err = module_remove()) == -EBUSY || err == -EWOULDBLOCK)
		usleep(10000);
	ktap_result(!err, "rmmod");
}

int main(void)
{
	size_t i;
	int ip6;

	ktap_begin();
	start("");
	for (i = 0; i < fixtures_count; i++)
		test_fixture(&fixtures[i]);
	for (ip6 = 0; ip6 < 2; ip6++) {
		test_quota(ip6);
		test_deny(ip6);
		test_bypass(ip6);
		test_super_packet(ip6);
	}
	stop();
	start("max_conns=2");
	test_overflow(false);
	test_overflow(true);
	stop();
	return ktap_end();
}
