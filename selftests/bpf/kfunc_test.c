// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kfuncs as bpf/equic_kfuncs.h documents them: from XDP and from TC, every
 * error, and the numbers that they give.
 */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "control.h"
#include "frame.h"
#include "kfunc_room.h"
#include "kfunc.skel.h"
#include "ktap.h"

#define QUOTA	2

static struct kfunc_bpf *skel;
static const char *hook;
static bool ip6;

/* The nth handshake of the client, as a parser describes it. */
static struct frame handshake(int n)
{
	return (struct frame){
		.ip6 = ip6, .client = 1, .payload = 1200,
		.quic = { INITIAL(.version = V1, .dcid_len = 8, .scid_len = 8,
				  .cid = n, .payload = 300) },
	};
}

static void prepare(int n)
{
	struct bpf_equic_pkt *pkt = &skel->bss->pkt.pkt;
	struct frame frame = handshake(n);
	static struct built built;

	memset(&skel->bss->pkt, 0, sizeof(skel->bss->pkt));
	memset(&skel->bss->opts, 0, sizeof(skel->bss->opts));
	frame_build(&frame, &built);
	frame_pkt(&frame, &built, true, pkt);
	pkt->type = EQUIC_PKT_INITIAL;
	pkt->dcid_len = 8;
	memcpy(pkt->dcid, built.data + built.dcid[0], 8);
	pkt->scid_len = 8;
	memcpy(pkt->scid, built.data + built.scid[0], 8);
	skel->bss->pkt_size = sizeof(*pkt);
	skel->bss->opts_size = sizeof(struct bpf_equic_opts);
}

/* Calls a kfunc with what is prepared. */
static int call(const char *name)
{
	static const __u8 data[64];
	LIBBPF_OPTS(bpf_test_run_opts, opts,
		    .data_in = data, .data_size_in = sizeof(data));
	struct bpf_program *prog;
	char full[32];
	int err;

	snprintf(full, sizeof(full), "%s_%s", hook, name);
	prog = bpf_object__find_program_by_name(skel->obj, full);
	skel->bss->result = 4711;
	err = bpf_prog_test_run_opts(bpf_program__fd(prog), &opts);
	errno = -err;
	if (err)
		ktap_bail("%s", full);
	return skel->bss->result;
}

static int call_for(const char *name, int n)
{
	prepare(n);
	return call(name);
}

#define IS(got, want) is(#got, got, want)

static bool is(const char *what, long got, long want)
{
	if (got == want)
		return true;
	ktap_diag("%s is %ld, not %ld", what, got, want);
	return false;
}

static bool counts(__u32 open, __u32 pending, __u32 quota, __u32 drop)
{
	const struct bpf_equic_opts *opts = &skel->bss->opts.opts;

	return IS(opts->open, open) & IS(opts->pending, pending) &
	       IS(opts->quota, quota) & IS(opts->drop, drop);
}

#define TEST(condition, name) \
	ktap_result(condition, "%s, IPv%d: %s", hook, ip6 ? 6 : 4, name)

static void test_port(void)
{
	prepare(1);
	TEST(IS(call("port"), 1), "port: a service's port");
	skel->bss->pkt.pkt.dport = htons(SERVICE_PORT + 1);
	TEST(IS(call("port"), 0), "port: another one");
}

static void test_client(void)
{
	TEST(IS(call_for("client", 1), 0) & counts(0, 0, QUOTA, 0),
	     "client: an unknown one has no connections");
	prepare(1);
	skel->bss->pkt.pkt.dport = htons(SERVICE_PORT + 1);
	TEST(IS(call("client"), -ENOENT), "client: no service is -ENOENT");
}

static void test_charge(void)
{
	struct stats before, after;

	service_stats(ip6, &before);
	TEST(IS(call_for("charge", 1), 0) & counts(0, 1, QUOTA, 0),
	     "charge: a pending connection");
	TEST(IS(call_for("charge", 1), 0) & counts(0, 1, QUOTA, 0),
	     "charge: a known handshake is not charged again");
	TEST(IS(call_for("charge", 2), 0) &
	     counts(0, 2, QUOTA, EQUIC_DROP_QUOTA),
	     "charge: another handshake, and the quota is reached");
	TEST(IS(call_for("charge", 3), -EDQUOT) &
	     counts(0, 2, QUOTA, EQUIC_DROP_QUOTA),
	     "charge: above the quota is -EDQUOT");
	TEST(IS(call_for("charge", 2), 0) &
	     counts(0, 2, QUOTA, EQUIC_DROP_QUOTA),
	     "charge: a known handshake at quota is no error");
	TEST(IS(call_for("client", 3), 0) &
	     counts(0, 2, QUOTA, EQUIC_DROP_QUOTA),
	     "client: tells that the next Initial would be dropped");
	service_stats(ip6, &after);
	TEST(IS(after.count[EQUIC_A_STATS_PASSED_PACKETS],
		before.count[EQUIC_A_STATS_PASSED_PACKETS]) &
	     IS(after.count[EQUIC_A_STATS_DROPPED_PACKETS],
		before.count[EQUIC_A_STATS_DROPPED_PACKETS]) &
	     IS(after.count[EQUIC_A_STATS_PENDING], 2) &
	     IS(after.count[EQUIC_A_STATS_ADMITTED],
		before.count[EQUIC_A_STATS_ADMITTED] + 2),
	     "charge: counts connections and no packets");
	prepare(1);
	skel->bss->pkt.pkt.dport = htons(SERVICE_PORT + 1);
	TEST(IS(call("charge"), -ENOENT), "charge: no service is -ENOENT");
}

static void test_release(void)
{
	struct frame frame = handshake(1);

	TEST(IS(call_for("release", 2), 0) & counts(0, 1, QUOTA, 0),
	     "release: gives back what was charged");
	TEST(IS(call_for("release", 2), -ENOENT),
	     "release: a second time is -ENOENT");
	TEST(IS(call_for("release", 3), -ENOENT),
	     "release: what was refused is -ENOENT");
	prepare(1);
	skel->bss->pkt.pkt.dport = htons(SERVICE_PORT + 1);
	TEST(IS(call("release"), -ENOENT), "release: no service is -ENOENT");

	TEST(IS(conn_report(EQUIC_CMD_CONN_OPEN, &frame, 1), 0) &
	     IS(call_for("client", 1), 0) & counts(1, 0, QUOTA, 0),
	     "client: the server's report makes it open");
	TEST(IS(call_for("release", 1), -EBUSY) & IS(call_for("client", 1), 0) &
	     counts(1, 0, QUOTA, 0),
	     "release: what a server has reported is -EBUSY and stays");
	TEST(IS(conn_report(EQUIC_CMD_CONN_CLOSE, &frame, 1), 0) &
	     IS(call_for("client", 1), 0) & counts(0, 0, QUOTA, 0),
	     "client: the server's close ends it");
}

static void test_verdict(void)
{
	struct stats before, after;

	service_stats(ip6, &before);
	TEST(IS(call_for("verdict", 5), 0) & IS(call_for("client", 5), 0) &
	     counts(0, 1, QUOTA, 0), "verdict: admits an Initial");
	TEST(IS(call_for("charge", 5), 0) & counts(0, 1, QUOTA, 0),
	     "charge: knows what the verdict admitted");
	TEST(IS(call_for("charge", 6), 0) & IS(call_for("verdict", 6), 0) &
	     IS(call_for("verdict", 7), EQUIC_DROP_QUOTA),
	     "verdict: counts what was charged");
	service_stats(ip6, &after);
	TEST(IS(after.drops[EQUIC_DROP_QUOTA],
		before.drops[EQUIC_DROP_QUOTA] + 1) &
	     IS(after.count[EQUIC_A_STATS_PASSED_PACKETS],
		before.count[EQUIC_A_STATS_PASSED_PACKETS] + 2),
	     "verdict: counts packets");
	TEST(IS(call_for("release", 5), 0) & IS(call_for("release", 6), 0) &
	     counts(0, 0, QUOTA, 0),
	     "release: ends what the verdict admitted, too");
}

/* Ways to call a kfunc wrongly. */
struct misuse {
	const char	*name;
	int		pkt_size;	/* added to the right one */
	int		opts_size;
	int		pkt_off;	/* of a byte set to @byte */
	int		opts_off;
	__u8		byte;
	bool		valid;
};

#define PKT(field)	offsetof(struct bpf_equic_pkt, field)
#define OPTS(field)	offsetof(struct bpf_equic_opts, field)
#define PKT_SIZE	((int)sizeof(struct bpf_equic_pkt))
#define OPTS_SIZE	((int)sizeof(struct bpf_equic_opts))

static const struct misuse pkt_misuses[] = {
	{ "a packet smaller than the first version", .pkt_size = -1 },
	{ "a packet of size 0", .pkt_size = -PKT_SIZE },
	{ "a larger packet with zeros is fine", .pkt_size = 8, .valid = true },
	{ "a larger packet with an unknown byte", .pkt_size = 8,
	  .pkt_off = PKT_SIZE + 7, .byte = 1 },
	{ "reserved that is not 0", .pkt_off = PKT(reserved), .byte = 1 },
	{ "a type that does not exist", .pkt_off = PKT(type),
	  .byte = __EQUIC_PKT_MAX },
	{ "a DCID of 21 bytes", .pkt_off = PKT(dcid_len), .byte = 21 },
	{ "an SCID of 21 bytes", .pkt_off = PKT(scid_len), .byte = 21 },
	{ "a byte behind the DCID is not part of it", .pkt_off = PKT(dcid[8]),
	  .byte = 1, .valid = true },
	{ "a byte behind the SCID is not part of it", .pkt_off = PKT(scid[19]),
	  .byte = 1, .valid = true },
};

static const struct misuse opts_misuses[] = {
	{ "options smaller than the first version", .opts_size = -1 },
	{ "options of size 0", .opts_size = -OPTS_SIZE },
	{ "larger options with zeros are fine", .opts_size = 8, .valid = true },
	{ "larger options with an unknown byte", .opts_size = 8,
	  .opts_off = OPTS_SIZE + 7, .byte = 1 },
	{ "a flag that is not defined", .opts_off = OPTS(flags), .byte = 1 },
	{ "reserved options that are not 0", .opts_off = OPTS(reserved),
	  .byte = 1 },
};

static void test_misuse(const char *name, const struct misuse *misuse,
			int valid)
{
	struct kfunc_bpf__bss *bss = skel->bss;

	prepare(1);
	bss->pkt_size += misuse->pkt_size;
	bss->opts_size += misuse->opts_size;
	if (misuse->pkt_off)
		((__u8 *)&bss->pkt)[misuse->pkt_off] = misuse->byte;
	if (misuse->opts_off)
		((__u8 *)&bss->opts)[misuse->opts_off] = misuse->byte;
	ktap_result(IS(call(name), misuse->valid ? valid : -EINVAL),
		    "%s, IPv%d: %s: %s%s", hook, ip6 ? 6 : 4, name,
		    misuse->name, misuse->valid ? "" : " is -EINVAL");
}

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

static void test_misuses(const char *name, bool opts, int valid)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(pkt_misuses); i++)
		test_misuse(name, &pkt_misuses[i], valid);
	for (i = 0; opts && i < ARRAY_SIZE(opts_misuses); i++)
		test_misuse(name, &opts_misuses[i], valid);
}

static void test_invalid(void)
{
	/* Release finds nothing to release, charge leaves one connection. */
	test_misuses("release", true, -ENOENT);
	test_misuses("charge", true, 0);
	test_misuses("client", true, 0);
	test_misuses("verdict", false, 0);
	TEST(IS(call_for("release", 1), 0) & counts(0, 0, QUOTA, 0),
	     "what was misused left nothing behind");

	prepare(1);
	skel->bss->pkt.pkt.type = EQUIC_PKT_SHORT;
	TEST(IS(call("charge"), -EINVAL),
	     "charge: a packet without connection IDs is -EINVAL");
	TEST(IS(call("release"), -EINVAL),
	     "release: a packet without connection IDs is -EINVAL");
	TEST(IS(call("client"), 0),
	     "client: a packet without connection IDs is fine");
}

static void test_quota_kinds(void)
{
	struct policy policy = { .quota = QUOTA, .mode = EQUIC_MODE_COUNT };
	bool ok;

	service_set(ip6, &policy);
	ok = IS(call_for("charge", 1), 0) & IS(call_for("charge", 2), 0);
	TEST(ok & IS(call_for("charge", 3), -EDQUOT) &
	     IS(call_for("verdict", 3), 0),
	     "charge: holds to the quota in mode count, too");

	service_set(ip6, &(struct policy){});
	TEST(IS(call_for("charge", 1), 0) &
	     counts(0, 1, EQUIC_QUOTA_NONE, EQUIC_DROP_NONE),
	     "charge: a service without a quota");

	service_del(ip6);
	prepare(1);
	TEST(IS(call("port"), 0), "port: the service is gone");
	TEST(IS(call("client"), -ENOENT), "client: the service is gone");
}

static void test_hook(const char *name, bool family)
{
	struct policy policy = { .quota = QUOTA,
				 .no_owner = EQUIC_NO_OWNER_ENFORCE };

	hook = name;
	ip6 = family;
	service_set(ip6, &policy);
	test_port();
	test_client();
	test_charge();
	test_release();
	test_verdict();
	test_invalid();
	test_quota_kinds();
}

/* The module was loaded with room for one connection. */
static void test_full(const char *name)
{
	hook = name;
	ip6 = false;
	service_set(ip6, &(struct policy){});
	TEST(IS(call_for("charge", 1), 0) & IS(call_for("charge", 2), -ENOSPC),
	     "charge: a full table is -ENOSPC");
	TEST(IS(call_for("release", 1), 0) & IS(call_for("charge", 2), 0),
	     "charge: there is room again");
	service_del(ip6);
}

static void start(const char *params)
{
	module_insert(params);
	control_open();
	skel = kfunc_bpf__open_and_load();
	if (!skel)
		ktap_bail("cannot load the programs");
}

static void stop(void)
{
	int err;

	control_close();
	kfunc_bpf__destroy(skel);
	/* The kernel frees programs after a grace period. */
	while ((err = module_remove()) == -EBUSY || err == -EWOULDBLOCK)
		usleep(10000);
	ktap_result(!err, "rmmod");
}

int main(void)
{
	ktap_begin();
	start("");
	test_hook("xdp", false);
	test_hook("xdp", true);
	test_hook("skb", false);
	test_hook("skb", true);
	stop();
	start("max_conns=1");
	test_full("xdp");
	test_full("skb");
	stop();
	return ktap_end();
}
