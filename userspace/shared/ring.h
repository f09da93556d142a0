/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A ring of records in the layout of BPF_MAP_TYPE_RINGBUF (linux/bpf.h): a page with
 * the consumer's position, a page with the producer's, then the data, mapped twice
 * in a row. Of a BPF map the kernel is the producer; of a memfd a process is, by
 * ring_reserve(), ring_submit(), ring_discard(): one thread.
 *
 * The consumer believes nothing that the producer wrote: positions and lengths are
 * bounded, and a record is copied before it is looked at.
 */
#ifndef EQUIC_SHARED_RING_H
#define EQUIC_SHARED_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/equic_shared.h>

struct ring;

/**
 * ring_make - a ring in memory that other processes can map
 * @size: of its data, bytes: a power of two, at least a page
 * @fd: result: to be given to the producer
 *
 * Return: the ring; NULL, with errno.
 */
struct ring *ring_make(size_t size, int *fd);

/**
 * ring_map - map what another process made, or a BPF ring buffer
 * @fd: a memfd, or the map
 * @producer: to produce (memfd alone), not to consume
 *
 * Return: the ring; NULL, with errno.
 */
struct ring *ring_map(int fd, bool producer);
void ring_free(struct ring *r);

/**
 * ring_reserve - room for a record
 * @r: ring
 *
 * Nobody sees what comes behind it before it is submitted or discarded.
 *
 * Return: NULL: the ring is full.
 */
struct equic_record *ring_reserve(struct ring *r);
void ring_submit(struct ring *r, struct equic_record *record);
void ring_discard(struct ring *r, struct equic_record *record);

/**
 * ring_next - the oldest record that was submitted
 * @r: ring
 * @record: result, a copy
 *
 * Return: 0; -ENOENT: none, or the next is reserved and not yet submitted;
 * -EPROTO: what is in the ring is no ring: it is not to be used any more.
 */
int ring_next(struct ring *r, struct equic_record *record);

/**
 * ring_recover - the producer is dead: go on behind what it reserved
 * @r: ring
 *
 * To be called when it is certain, and ring_next() has nothing more. Gives up what
 * was reserved and not submitted, and finds what comes behind. A new producer may
 * begin then.
 *
 * Return: records that were given up.
 */
unsigned int ring_recover(struct ring *r);

#endif /* EQUIC_SHARED_RING_H */
