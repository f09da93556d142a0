/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is measured: a program, and the frame that it is shown.
 *
 *   AXIS:UNITS:BYTES        so many units of a generated program, a frame of so
 *                           many bytes
 *   AXIS:UNITS:BYTES:pass   let every packet through under load, too
 *   equic:foreign:BYTES     equic's gateway, UDP for nobody's service
 *   equic:established:BYTES a short header of a client that it knows
 *   equic:refused:BYTES     an Initial of that client, over its quota
 */
#ifndef BENCHXDP_SUBJECT_H
#define BENCHXDP_SUBJECT_H

#include <stdbool.h>
#include "../bpf/frame.h"

/**
 * struct subject - one of them
 * @name: as on the command line.
 * @under_load: the program for what is offered without end.
 * @one_by_one: the program for packets that are waited for; -1: it would drop
 *	them.
 * @equic: whether it is the gateway.
 * @hops: how often a packet is redirected.
 * @frame: the packet.
 */
struct subject {
	const char	*name;
	int		under_load;
	int		one_by_one;
	bool		equic;
	unsigned int	hops;
	struct built	frame;
};

/**
 * subject_read - make a subject
 * @subject: receives it
 * @name: its name, which stays
 * @gateway: path of gateway.bpf.o
 *
 * Exits with a message when there is no such thing, or when its program does
 * not do with the frame what it is there for.
 */
void subject_read(struct subject *subject, const char *name,
		  const char *gateway);

#endif /* BENCHXDP_SUBJECT_H */
