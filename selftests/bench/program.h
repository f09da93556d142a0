/* SPDX-License-Identifier: GPL-2.0-only */
/* The programs that are measured, as descriptors. */
#ifndef EQUIC_BENCH_PROGRAM_H
#define EQUIC_BENCH_PROGRAM_H

#include <stdbool.h>
#include "packet.h"
#include "vary.h"

struct baseline_bpf;
struct vary_bpf;

/**
 * struct programs - them, and what they are handled by
 * @gateway: the gateway; -1 without the module
 * @drop_only: drops
 * @parse_drop: for IPv4, and for IPv6; parses and drops
 * @prototype: the algorithm of 2021
 * @counters: the prototype's map
 * @into_program: changes the packet, then runs another program
 * @into_stack: changes the packet, then gives it to the network stack
 * @into_nowhere: changes the packet, then drops it
 */
struct programs {
	int			gateway;
	int			drop_only;
	int			parse_drop[2];
	int			prototype;
	int			counters;
	int			into_program;
	int			into_stack;
	int			into_nowhere;
	struct bpf_object	*object;
	struct baseline_bpf	*baseline;
	struct vary_bpf		*vary;
};

/**
 * programs_open - load them; bails out when the kernel refuses one
 * @p: receives them
 * @gateway: the gateway too, which needs the module
 */
void programs_open(struct programs *p, bool gateway);

/**
 * programs_close - undo it
 * @p: them
 */
void programs_close(struct programs *p);

/**
 * programs_vary - say how packets are to be changed, from the next on
 * @p: the programs
 * @vary: %VARY_MAX of them; one without an offset changes nothing
 */
void programs_vary(struct programs *p, const struct vary *vary);

/**
 * programs_run_varied - have a program see packets that differ
 * @p: the programs; programs_vary() said how
 * @prog: which one
 * @packet: the packet to be changed
 * @repeat: how many
 * @action: what the program must answer
 *
 * Return: as packet_run(), with what the change costs.
 */
unsigned int programs_run_varied(struct programs *p, int prog,
				 const struct packet *packet,
				 unsigned int repeat, unsigned int action);

#endif /* EQUIC_BENCH_PROGRAM_H */
