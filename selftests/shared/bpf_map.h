/* SPDX-License-Identifier: GPL-2.0-only */
/* Maps of the kernel's, and a program that writes to a ring buffer. */
#ifndef EQUIC_SELFTESTS_BPF_MAP_H
#define EQUIC_SELFTESTS_BPF_MAP_H

#include <stdbool.h>
#include <linux/bpf.h>
#include <linux/equic_shared.h>

/**
 * bpf_map_make - make a map
 * @type: of it; an array has the key that arrays have
 * @value_size: bytes
 * @max_entries: how many, or the size of a ring buffer
 * @flags: of it
 *
 * Return: the descriptor, or -errno; -EPERM: not for this user.
 */
int bpf_map_make(enum bpf_map_type type, unsigned int value_size,
		 unsigned int max_entries, unsigned int flags);

/**
 * bpf_map_produce - let a program put records into a ring buffer
 * @map: the ring buffer
 * @record: what it says
 * @discard: a record of 20 bytes, to be thrown away, before it
 *
 * Return: 0, or -errno.
 */
int bpf_map_produce(int map, const struct equic_record *record, bool discard);

#endif /* EQUIC_SELFTESTS_BPF_MAP_H */
