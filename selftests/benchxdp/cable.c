// SPDX-License-Identifier: GPL-2.0-only
/* See cable.h. */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "cable.h"
#include "shape.h"

static void enter(const char *namespace)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/run/netns/%s", namespace);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET))
		err(1, "cannot enter %s", path);
	close(fd);
}

static int device(const char *name, int end)
{
	char full[IF_NAMESIZE];
	int index;

	snprintf(full, sizeof(full), "%s%d", name, end);
	index = if_nametoindex(full);
	if (!index)
		err(1, "no device %s", full);
	return index;
}

static int attach(int ifindex, int prog, const char *mode)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts,
		    .flags = !strcmp(mode, "native") ? XDP_FLAGS_DRV_MODE :
						       XDP_FLAGS_SKB_MODE);
	int fd = bpf_link_create(prog, ifindex, BPF_XDP, &opts);

	if (fd < 0)
		err(1, "no %s XDP", mode);
	return fd;
}

static void attach_sink(int ifindex)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts);

	/* The link lives as long as the process. */
	if (bpf_link_create(shape_load_sink(), ifindex, BPF_TCX_INGRESS,
			    &opts) < 0)
		err(1, "no program behind XDP");
}

/* Sees what comes in, not what it sends. */
static int packet_socket(int ifindex)
{
	struct sockaddr_ll addr = { .sll_family = AF_PACKET,
				    .sll_protocol = htons(ETH_P_ALL),
				    .sll_ifindex = ifindex };
	int fd, yes = 1;

	fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (fd < 0 || setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &yes,
				 sizeof(yes)) ||
	    bind(fd, (struct sockaddr *)&addr, sizeof(addr)))
		err(1, "no packet socket");
	return fd;
}

static int nothing(void)
{
	static int fd;

	if (!fd)
		fd = shape_load("empty", 0, SHAPE_PASS);
	return fd;
}

void cable_open(struct cable *cable, const char *mode, const char *name)
{
	int far;

	cable->mode = mode;
	enter("xdp-gate");
	far = device(name, 1);
	cable->far_link = attach(far, nothing(), mode);
	attach_sink(far);

	enter("xdp-gen");
	cable->near = device(name, 0);
	cable->near_link = attach(cable->near, nothing(), mode);
	cable->socket = packet_socket(cable->near);
}

static void replace(int link, int prog)
{
	if (bpf_link_update(link, prog, NULL))
		err(1, "cannot replace a program");
}

void cable_show(const struct cable *cable, int prog, unsigned int hops)
{
	replace(cable->far_link, prog);
	replace(cable->near_link, hops ? prog : nothing());
}

static void tell_offload(const char *step, const char *name, int result)
{
	printf("offload\t%s\t%s\t%s\n", name, step,
	       result < 0 ? strerrorname_np(-result) : "works");
}

void cable_offload(const char *name)
{
	const struct bpf_insn pass[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0,
		  .imm = XDP_PASS },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	int ifindex = if_nametoindex(name);
	LIBBPF_OPTS(bpf_prog_load_opts, load, .prog_ifindex = ifindex);
	int result;

	if (!ifindex)
		err(1, "no device %s", name);
	result = bpf_prog_load(BPF_PROG_TYPE_XDP, "offloaded", "GPL", pass, 2,
			       &load);
	tell_offload("load a program for it", name, result);
	if (result >= 0)
		close(result);
	result = bpf_xdp_attach(ifindex, nothing(), XDP_FLAGS_HW_MODE, NULL);
	tell_offload("attach with XDP_FLAGS_HW_MODE", name, result);
	if (!result)
		bpf_xdp_detach(ifindex, XDP_FLAGS_HW_MODE, NULL);
}
