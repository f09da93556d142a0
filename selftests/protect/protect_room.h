/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Shared by protect.bpf.c and the tests: more room than the module asks for. */
#ifndef EQUIC_SELFTESTS_PROTECT_ROOM_H
#define EQUIC_SELFTESTS_PROTECT_ROOM_H

#include <linux/equic.h>

#define PLAIN_ROOM	16384

struct packet_room {
	struct bpf_equic_packet	packet;
	__u8			more[24];
};

#endif /* EQUIC_SELFTESTS_PROTECT_ROOM_H */
