/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Shared by kfunc.bpf.c and kfunc_test.c: structs larger than the module's. */
#ifndef EQUIC_SELFTESTS_KFUNC_ROOM_H
#define EQUIC_SELFTESTS_KFUNC_ROOM_H

#include <linux/equic.h>

struct pkt_room {
	struct bpf_equic_pkt	pkt;
	__u8			more[44];
};

struct opts_room {
	struct bpf_equic_opts	opts;
	__u8			more[40];
};

#endif /* EQUIC_SELFTESTS_KFUNC_ROOM_H */
