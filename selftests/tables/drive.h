/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kfuncs from user space: a BPF program (drive.bpf.c) asks the module what
 * its "packet", a struct drive, says, as often as that says.
 */
#ifndef EQUIC_SELFTESTS_DRIVE_H
#define EQUIC_SELFTESTS_DRIVE_H

#include <linux/types.h>
#include <linux/equic.h>

enum drive_op {
	DRIVE_VERDICT,
	DRIVE_CLIENT,
	DRIVE_CHARGE,
	DRIVE_RELEASE,
	DRIVE_PORT,
};

/* What is one more in the next call. */
enum drive_vary {
	DRIVE_VARY_DCID	= 1 << 0,
	DRIVE_VARY_SCID	= 1 << 1,
	DRIVE_VARY_PORT	= 1 << 2,
	DRIVE_VARY_ADDR	= 1 << 3,	/* its last byte */
};

enum {
	DRIVE_MAX	= 4096,	/* calls in one run */
};

/**
 * struct drive - what to ask, and the answers
 * @pkt: argument of the first call; the connection IDs' first eight bytes are
 *	the number that varies
 * @op: enum drive_op
 * @vary: enum drive_vary
 * @n: how many calls
 * @ret: answer of the last one
 * @opts: of the last one
 * @answers: how many calls answered 0, 1, … (enum equic_drop)
 * @errors: how many a negative number
 */
struct drive {
	struct bpf_equic_pkt	pkt;
	__u32			op;
	__u32			vary;
	__u32			n;
	__s32			ret;
	struct bpf_equic_opts	opts;
	__u32			answers[16];
	__u32			errors;
};

#ifndef __bpf__
#include <stdbool.h>
#include "family.h"

/**
 * drive_open - load the program; bails out when the kernel refuses it
 */
void drive_open(void);

/**
 * drive_close - undo it
 */
void drive_close(void);

/**
 * drive_run - make the calls, as an XDP program of device lo
 * @drive: arguments and results
 */
void drive_run(struct drive *drive);

/**
 * drive_try - the same where the run itself may fail
 * @drive: arguments and results
 *
 * Return: 0 or -errno.
 */
int drive_try(struct drive *drive);

/**
 * drive_run_skb - the same as a TC program
 * @drive: arguments and results
 */
void drive_run_skb(struct drive *drive);

/**
 * pkt_of - a packet to a service
 * @type: enum equic_pkt_type
 * @service: where to, with an address
 * @peer: where from
 * @dcid: number that is its DCID, if it is of a type that has one
 * @scid: likewise
 *
 * Return: it.
 */
struct bpf_equic_pkt pkt_of(int type, const struct endpoint *service,
			    const struct endpoint *peer, __u64 dcid,
			    __u64 scid);

/* One packet's verdict: 0 or enum equic_drop. */
int verdict(const struct bpf_equic_pkt *pkt);
/* One Initial's. */
int initial(const struct endpoint *service, const struct endpoint *peer,
	    __u64 dcid, __u64 scid);
#endif

#endif /* EQUIC_SELFTESTS_DRIVE_H */
