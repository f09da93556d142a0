// SPDX-License-Identifier: GPL-2.0-only
/* See cable.h. */
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
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include "cable.h"
#include "ktap.h"

#define NEAR "192.0.2.1"
#define FAR "192.0.2.2"

int cable_near, cable_far;

void cable_command(const char *command)
{
	if (system(command))
		ktap_bail("%s", command);
}

void cable_enter(int ns)
{
	if (setns(ns, CLONE_NEWNET))
		ktap_bail("setns");
}

static int this_ns(void)
{
	return open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
}

static void make_namespaces(void)
{
	cable_near = this_ns();
	if (unshare(CLONE_NEWNET))
		ktap_bail("no network namespace");
	cable_far = this_ns();
	cable_enter(cable_near);
}

static void set_up_ends(void)
{
	cable_command("ip addr add " NEAR "/24 dev near0");
	cable_command("ip link set near0 up");
	cable_command("ethtool -K near0 tx off >/dev/null");
	cable_enter(cable_far);
	cable_command("ip addr add " FAR "/24 dev far0");
	cable_command("ip link set far0 up");
	cable_command("ethtool -K far0 tx off >/dev/null");
	cable_enter(cable_near);
}

void cable_lay(void)
{
	char command[128];

	make_namespaces();
	snprintf(command, sizeof(command),
		 "ip link add near0 type veth peer name far0 netns /proc/%d/fd/%d",
		 getpid(), cable_far);
	cable_command(command);
	set_up_ends();
}

static void take_nic(const char *nic, int ns, const char *name)
{
	char command[128];

	snprintf(command, sizeof(command),
		 "ip link set %s netns /proc/%d/fd/%d name %s", nic, getpid(),
		 ns, name);
	cable_command(command);
}

void cable_lay_nics(void)
{
	int first = open("/proc/1/ns/net", O_RDONLY | O_CLOEXEC);

	make_namespaces();
	cable_command("modprobe virtio_net");
	cable_enter(first);
	take_nic("eth0", cable_near, "near0");
	take_nic("eth1", cable_far, "far0");
	close(first);
	cable_enter(cable_near);
	set_up_ends();
}

void cable_take_nics(void)
{
	cable_command("modprobe -r virtio_net");
}

const char *cable_where_name(enum cable_where where)
{
	static const char * const names[] = {
		[CABLE_XDP_NATIVE] = "native XDP",
		[CABLE_XDP_GENERIC] = "generic XDP",
		[CABLE_TC_INGRESS] = "TC ingress",
		[CABLE_TC_EGRESS] = "TC egress",
	};

	return names[where];
}

void cable_attach(enum cable_where where, const struct bpf_program *prog)
{
	bool xdp = where == CABLE_XDP_NATIVE || where == CABLE_XDP_GENERIC;
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = if_nametoindex("near0"),
		    .attach_point = where == CABLE_TC_EGRESS ? BPF_TC_EGRESS :
							       BPF_TC_INGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts,
		    .prog_fd = prog ? bpf_program__fd(prog) : -1);
	int flags = where == CABLE_XDP_NATIVE ? XDP_FLAGS_DRV_MODE :
						XDP_FLAGS_SKB_MODE;
	int err;

	if (xdp) {
		err = prog ? bpf_xdp_attach(hook.ifindex, opts.prog_fd, flags,
					    NULL) :
			     bpf_xdp_detach(hook.ifindex, flags, NULL);
	} else if (prog) {
		err = bpf_tc_hook_create(&hook) ?: bpf_tc_attach(&hook, &opts);
	} else {
		hook.attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS;
		err = bpf_tc_hook_destroy(&hook);
	}
	errno = -err;
	if (err)
		ktap_bail("%s", cable_where_name(where));
}

static struct sockaddr_in address(const char *addr)
{
	struct sockaddr_in sin = {
		.sin_family = AF_INET, .sin_port = htons(CABLE_PORT),
	};

	inet_pton(AF_INET, addr, &sin.sin_addr);
	return sin;
}

int cable_socket(int ns)
{
	struct sockaddr_in sin = address(ns == cable_near ? NEAR : FAR);
	struct timeval patience = { .tv_sec = 10 };
	int fd;

	cable_enter(ns);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (void *)&sin, sizeof(sin)) ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience,
		       sizeof(patience)))
		ktap_bail("socket");
	cable_enter(cable_near);
	return fd;
}

void cable_send(int fd, int ns, const void *data, int len, int first)
{
	struct sockaddr_in sin = address(ns == cable_near ? FAR : NEAR);

	if (sendto(fd, data, first, first < len ? MSG_MORE : 0, (void *)&sin,
		   sizeof(sin)) != first)
		ktap_bail("sendto");
	if (first < len && sendto(fd, (const char *)data + first, len - first,
				  0, (void *)&sin, sizeof(sin)) != len - first)
		ktap_bail("sendto");
}
