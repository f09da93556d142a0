/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The memory of linux/equic_shared.h, as one of the senders has it. */
#ifndef EQUIC_SHARED_MEMORY_H
#define EQUIC_SHARED_MEMORY_H

#include <stddef.h>
#include <stdint.h>
#include <linux/equic_shared.h>

/**
 * memory_init - make it ready, stopped
 * @m: room for it, zero
 * @connection: the second sender's name for the connection
 */
void memory_init(struct equic_shared *m, uint32_t connection);

/* What it is, which never changes: also where it was made ready, and is spoiled. */
void memory_label(struct equic_shared *m, uint32_t connection);

/**
 * memory_make - memory that other processes can map
 * @connection: as memory_init()
 * @fd: result: to be given to them. Its size is sealed.
 *
 * Return: the memory; NULL, with errno.
 */
struct equic_shared *memory_make(uint32_t connection, int *fd);

/**
 * memory_map - map what another process made, or the element 0 of a BPF array map
 * @fd: a memfd, or a map with BPF_F_MMAPABLE
 *
 * Return: the memory; NULL, with errno: EINVAL: it is neither, too small, or may
 * shrink; EPROTO: another layout (memory_check()); what mmap(2) says.
 */
struct equic_shared *memory_map(int fd);

/**
 * memory_begin - make ready what somebody else has made, and nobody has used
 * @fd: as memory_map(): a new BPF map's element is zero
 * @connection: as memory_init()
 *
 * Return: as memory_map(); EPROTO: it is not zero: another connection's, perhaps.
 */
struct equic_shared *memory_begin(int fd, uint32_t connection);

/**
 * memory_check - whether the layout is the one of this header
 * @m: memory, of sizeof(*m)
 *
 * Return: 0; -EPROTO: another magic, version, size or number of streams.
 */
int memory_check(const struct equic_shared *m);

void memory_unmap(struct equic_shared *m);

#endif /* EQUIC_SHARED_MEMORY_H */
