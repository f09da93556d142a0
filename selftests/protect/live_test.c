// SPDX-License-Identifier: GPL-2.0-only
/*
 * The packets of the RFCs, sent from one namespace to another: what happens to
 * them on the way is opened and sealed again, and the receiver, who verifies
 * checksums, notices nothing.
 *
 *	near                    far
 *	near0 192.0.2.1 ------- far0 192.0.2.2
 */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include "control.h"
#include "ktap.h"
#include "live.skel.h"
#include "vectors.h"

#define PORT 4433

enum where { XDP_NATIVE, XDP_GENERIC, TC_INGRESS, TC_EGRESS };

static struct live_bpf *skel;
static int near_ns, far_ns;
static enum where where;
static const char *where_name;

static void run(const char *command)
{
	if (system(command))
		ktap_bail("%s", command);
}

static void enter(int ns)
{
	if (setns(ns, CLONE_NEWNET))
		ktap_bail("setns");
}

static int this_ns(void)
{
	return open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
}

/* Checksums in software: what is wrong with one is noticed. */
static void topology(void)
{
	char command[128];

	near_ns = this_ns();
	if (unshare(CLONE_NEWNET))
		ktap_bail("no network namespace");
	far_ns = this_ns();
	enter(near_ns);
	snprintf(command, sizeof(command),
		 "ip link add near0 type veth peer name far0 netns /proc/%d/fd/%d",
		 getpid(), far_ns);
	run(command);
	run("ip addr add 192.0.2.1/24 dev near0");
	run("ip link set near0 up");
	run("ethtool -K near0 tx off >/dev/null");
	enter(far_ns);
	run("ip addr add 192.0.2.2/24 dev far0");
	run("ip link set far0 up");
	run("ethtool -K far0 tx off >/dev/null");
	enter(near_ns);
}

static int udp_socket(int ns, const char *addr)
{
	struct sockaddr_in sin = {
		.sin_family = AF_INET, .sin_port = htons(PORT),
	};
	struct timeval patience = { .tv_sec = 10 };
	int fd;

	enter(ns);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	inet_pton(AF_INET, addr, &sin.sin_addr);
	if (fd < 0 || bind(fd, (void *)&sin, sizeof(sin)) ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience,
		       sizeof(patience)))
		ktap_bail("socket");
	enter(near_ns);
	return fd;
}

/* The programs run at the near end. */
static void attach(bool on)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = if_nametoindex("near0"),
		    .attach_point = where == TC_EGRESS ? BPF_TC_EGRESS :
							 BPF_TC_INGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts,
		    .prog_fd = bpf_program__fd(skel->progs.live_tc));
	int flags = where == XDP_NATIVE ? XDP_FLAGS_DRV_MODE :
					  XDP_FLAGS_SKB_MODE;
	int xdp = on ? bpf_program__fd(skel->progs.live_xdp) : -1;
	int err;

	if (where == XDP_NATIVE || where == XDP_GENERIC) {
		err = xdp < 0 ? bpf_xdp_detach(hook.ifindex, flags, NULL) :
				bpf_xdp_attach(hook.ifindex, xdp, flags, NULL);
	} else if (on) {
		err = bpf_tc_hook_create(&hook) ?: bpf_tc_attach(&hook, &opts);
	} else {
		hook.attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS;
		err = bpf_tc_hook_destroy(&hook);
	}
	errno = -err;
	if (err)
		ktap_bail("%s", where_name);
}

static void passes(const struct vector *v)
{
	bool out = where == TC_EGRESS;
	int from = udp_socket(out ? near_ns : far_ns,
			      out ? "192.0.2.1" : "192.0.2.2");
	int to = udp_socket(out ? far_ns : near_ns,
			    out ? "192.0.2.2" : "192.0.2.1");
	struct sockaddr_in sin = {
		.sin_family = AF_INET, .sin_port = htons(PORT),
	};
	int opener = key_add(&v->key, EQUIC_KEY_USE_OPEN);
	int sealer = key_add(&v->key, EQUIC_KEY_USE_SEAL);
	__u32 before = skel->bss->packets;
	__u8 got[2048];
	ssize_t len;

	skel->bss->opening.key = opener;
	skel->bss->sealing.key = sealer;
	skel->bss->opening.pn_off = vector_pn_off(v);
	skel->bss->sealing.pn_off = vector_pn_off(v);
	inet_pton(AF_INET, out ? "192.0.2.2" : "192.0.2.1", &sin.sin_addr);
	if (sendto(from, v->protected, v->protected_len, 0, (void *)&sin,
		   sizeof(sin)) < 0)
		ktap_bail("sendto");
	len = recv(to, got, sizeof(got), 0);
	ktap_diag("%zd bytes came, opened %d, sealed %d, number %llu", len,
		  skel->bss->opened, skel->bss->sealed, skel->bss->pn);
	ktap_result(skel->bss->packets == before + 1 && !skel->bss->opened &&
		    !skel->bss->sealed && skel->bss->pn == v->key.pn,
		    "%s: %s: is opened and sealed", where_name, v->name);
	ktap_result(len == (ssize_t)v->protected_len &&
		    !memcmp(got, v->protected, len),
		    "%s: %s: and arrives as it was sent", where_name, v->name);
	key_del(opener);
	key_del(sealer);
	close(from);
	close(to);
}

int main(void)
{
	static const char * const names[] = {
		[XDP_NATIVE] = "native XDP", [XDP_GENERIC] = "generic XDP",
		[TC_INGRESS] = "TC ingress", [TC_EGRESS] = "TC egress",
	};

	ktap_begin();
	module_insert("");
	control_open();
	topology();
	skel = live_bpf__open_and_load();
	if (!skel)
		ktap_bail("no programs");
	skel->bss->port = htons(PORT);
	for (where = XDP_NATIVE; where <= TC_EGRESS; where++) {
		where_name = names[where];
		attach(true);
		vectors_each(passes);
		attach(false);
	}
	live_bpf__destroy(skel);
	control_close();
	return ktap_end();
}
