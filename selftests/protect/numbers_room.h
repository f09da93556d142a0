/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Shared by numbers.bpf.c and the test. */
#ifndef EQUIC_SELFTESTS_NUMBERS_ROOM_H
#define EQUIC_SELFTESTS_NUMBERS_ROOM_H

#include <linux/types.h>

enum {
	/* RFC 9000, 17.3.1, with a connection ID of 8 bytes. */
	NUMBERS_PN_LEN = 4,
	NUMBERS_HEADER = 9 + NUMBERS_PN_LEN,
	/* A power of two, less than a key remembers. */
	NUMBERS_BLOCK = 1024,
	NUMBERS = 20 * NUMBERS_BLOCK,
	/* asm-generic/errno.h, which the BPF target does not find. */
	NUMBERS_ERANGE = 34,
	NUMBERS_EALREADY = 114,
	NUMBERS_EKEYEXPIRED = 127,
};

struct numbers_answers {
	__u64	sealed;
	__u64	already;
	__u64	range;
	__u64	expired;
	__u64	others;
};

#endif /* EQUIC_SELFTESTS_NUMBERS_ROOM_H */
