/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A veth pair between two namespaces: packets are offered at one end, XDP
 * programs run at the other.
 */
#ifndef BENCHXDP_CABLE_H
#define BENCHXDP_CABLE_H

#include <linux/types.h>

/**
 * struct cable - one, with its programs
 * @mode: "native" or "generic".
 * @near: index of the end where packets are offered.
 * @near_link: the XDP program there, for packets that come back.
 * @far_link: the XDP program at the other end.
 * @socket: a packet socket at the near end.
 */
struct cable {
	const char	*mode;
	int		near;
	int		near_link;
	int		far_link;
	int		socket;
};

/**
 * cable_open - put programs at both ends
 * @cable: receives it
 * @mode: "native" or "generic"
 * @name: of the devices, without the digit: 0 in xdp-gen, 1 in xdp-gate
 *
 * What passes the far end's program goes to the sink. Leaves the process in the
 * near end's namespace.
 */
void cable_open(struct cable *cable, const char *mode, const char *name);

/**
 * cable_show - have a program see what comes
 * @cable: the cable
 * @prog: the program, at the far end
 * @hops: whether packets are redirected: then it is at the near end, too
 */
void cable_show(const struct cable *cable, int prog, unsigned int hops);

/**
 * cable_offload - try to have a program run in the device itself
 * @name: the device in this namespace
 *
 * Prints a line for each step that the kernel refuses, see traffic.c.
 */
void cable_offload(const char *name);

#endif /* BENCHXDP_CABLE_H */
