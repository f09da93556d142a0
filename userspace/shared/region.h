/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What processes map together, by a descriptor that one gives the other: a memfd or
 * a BPF map. Who gives it may be an enemy.
 */
#ifndef EQUIC_SHARED_REGION_H
#define EQUIC_SHARED_REGION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct region - what is behind a descriptor
 * @map: a BPF map; or else a memfd that cannot shrink.
 * @size: of a memfd, bytes.
 * @type: of a map: enum bpf_map_type. The others too are of linux/bpf.h.
 * @flags: of a map.
 * @value_size: of a map.
 * @max_entries: of a map.
 */
struct region {
	bool		map;
	size_t		size;
	uint32_t	type;
	uint32_t	flags;
	uint32_t	value_size;
	uint32_t	max_entries;
};

/**
 * region_make - a memfd of zeroes, which keeps its size for ever
 * @name: for /proc
 * @size: bytes
 *
 * Return: the descriptor; -errno.
 */
int region_make(const char *name, size_t size);

/**
 * region_look - ask the kernel what a descriptor is
 * @fd: descriptor
 * @region: result
 *
 * Memory that shrinks kills by SIGBUS who touches it, and a size that was looked at
 * is worth nothing.
 *
 * Return: 0; -EINVAL: no memfd and no BPF map, or a memfd that may shrink; -errno.
 */
int region_look(int fd, struct region *region);

#endif /* EQUIC_SHARED_REGION_H */
