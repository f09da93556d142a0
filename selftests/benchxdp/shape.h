/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Generated XDP programs: so many units of one thing, between the same beginning
 * and the same end.
 */
#ifndef BENCHXDP_SHAPE_H
#define BENCHXDP_SHAPE_H

#include <linux/types.h>

enum {
	/*
	 * Bytes of the frame that nothing else reads. How often it is still to
	 * be redirected: in the destination address; whether the last program is
	 * to send it back: in the source address.
	 */
	SHAPE_HOPS_OFF	= 4,
	SHAPE_ECHO_OFF	= 11,
	SHAPE_ECHO	= 0xec,
};

/**
 * enum shape_end - what a generated program does with every packet at last
 * @SHAPE_PASS: XDP_PASS.
 * @SHAPE_DROP: count it in a per-CPU map, XDP_DROP.
 */
enum shape_end {
	SHAPE_PASS,
	SHAPE_DROP,
};

/**
 * shape_load - generate a program and load it
 * @axis: what it consists of: "moves", "hash lookups", ...; "empty" has not even
 *	the beginning
 * @units: how many of it; for "redirects" the packet says
 * @end: its end
 *
 * Exits with a message when the kernel refuses it.
 *
 * Return: its descriptor.
 */
int shape_load(const char *axis, unsigned int units, enum shape_end end);

/**
 * struct shape_clock - when live frames went out
 * @left: how many are still to be sent.
 * @first: stamp the time when so many are left.
 * @last: likewise.
 * @start: the first time, CLOCK_MONOTONIC.
 * @end: the last time.
 */
struct shape_clock {
	__u64	left;
	__u64	first;
	__u64	last;
	__u64	start;
	__u64	end;
};

/**
 * shape_load_source - the program that test runs send live frames with
 * @ifindex: the device to send them from
 * @hops: how often they are to be redirected behind it
 *
 * Return: its descriptor.
 */
int shape_load_source(int ifindex, unsigned int hops);

/**
 * shape_clock_set - tell sources when to look at the clock
 * @clock: what they begin with
 */
void shape_clock_set(const struct shape_clock *clock);

/**
 * shape_clock_get - what they saw
 * @clock: receives it
 */
void shape_clock_get(struct shape_clock *clock);

/**
 * shape_load_sink - the TC program behind the XDP programs
 *
 * Counts and drops what they passed, or sends it back to where it came from.
 *
 * Return: its descriptor.
 */
int shape_load_sink(void);

/**
 * shape_counted - how many packets came to an end
 *
 * Return: those that %SHAPE_DROP programs and the sink have counted, ever.
 */
__u64 shape_counted(void);

#endif /* BENCHXDP_SHAPE_H */
