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

/* More than any sender fills in a second. */
enum {
	RING_SIZE_MAX = 1 << 26,
	/* What a record takes of it, bytes. */
	RING_RECORD = 56,
};

struct ring;

/**
 * ring_make - a ring in memory that other processes can map
 * @size: of its data, bytes: a power of two, at least a page, at most %RING_SIZE_MAX
 * @fd: result: to be given to the producer
 *
 * Return: the ring, to consume; NULL, with errno: EINVAL: not such a size.
 */
struct ring *ring_make(size_t size, int *fd);

/**
 * ring_map - map what another process made, or a BPF ring buffer
 * @fd: a memfd, or the map
 * @producer: to produce (memfd alone), not to consume
 *
 * It goes on where those before it were.
 *
 * Return: the ring; NULL, with errno: EINVAL: it is neither, may shrink, is not of a
 * size as above, or is the kernel's to produce; EPROTO: the positions in it are none.
 */
struct ring *ring_map(int fd, bool producer);
void ring_free(struct ring *r);

/* How many records it has room for. */
unsigned int ring_records(const struct ring *r);

/**
 * ring_reserve - room for a record
 * @r: ring
 *
 * Nobody sees what comes behind it before it is submitted or discarded. What the
 * consumer says of its position is believed as far as it leaves room.
 *
 * Return: NULL: the ring is full, or not to produce.
 */
struct equic_record *ring_reserve(struct ring *r);

/* Each of one record, once. */
void ring_submit(struct ring *r, struct equic_record *record);
void ring_discard(struct ring *r, struct equic_record *record);

/* Where that ends which is there now: behind the whole ring at most. */
unsigned long ring_end(const struct ring *r);

/* Whether ring_next() has come so far. */
bool ring_reached(const struct ring *r, unsigned long end);

/**
 * ring_next - the oldest record that was submitted
 * @r: ring
 * @record: result, a copy
 *
 * It looks at what was there when it was called, so that it ends although a producer
 * be faster. Who calls it until there is nothing stops at ring_end() for the same.
 *
 * Return: 0; -ENOENT: none, or the next is reserved and not yet submitted;
 * -EPROTO: what is in the ring is no ring: it is not used any more.
 */
int ring_next(struct ring *r, struct equic_record *record);

/**
 * ring_recover - the producer is dead: go on behind what it reserved
 * @r: ring
 *
 * To be called when that is certain. What is reserved and not submitted until now is
 * given up: ring_next() passes over it, and finds what comes behind. A new producer
 * may map the ring then.
 *
 * Return: records that were given up.
 */
unsigned int ring_recover(struct ring *r);

#endif /* EQUIC_SHARED_RING_H */
