// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "region.h"
#include "ring.h"

/* Before each record, as the kernel has it: of @page only the kernel makes use. */
struct header {
	uint32_t	len;
	uint32_t	page;
};

enum {
	ALIGNMENT = 8,
	RECORD_ROOM = sizeof(struct header) + sizeof(struct equic_record),
	RECORD_WORDS = sizeof(struct equic_record) / sizeof(uint64_t),
};

_Static_assert(sizeof(struct header) == BPF_RINGBUF_HDR_SZ, "the kernel's layout");
_Static_assert(RECORD_ROOM % ALIGNMENT == 0, "no record is rounded up");
_Static_assert((int)RECORD_ROOM == (int)RING_RECORD, "as others count");

/**
 * struct ring - a ring as one side maps it
 * @base: a page with @consumer, a page with @producer, the data twice.
 * @page: bytes.
 * @size: of the data, bytes.
 * @data: its first copy.
 * @consumer: where the consumer will read. Positions count bytes, for ever.
 * @producer: where the producer will write.
 * @position: this side's own. What others may have made of it in the memory does not
 *	matter.
 * @abandoned: what is before it and reserved will not be submitted.
 * @produces: which side this is.
 * @broken: the other side has written what is no ring.
 */
struct ring {
	uint8_t		*base;
	size_t		page;
	size_t		size;
	uint8_t		*data;
	unsigned long	*consumer;
	unsigned long	*producer;
	unsigned long	position;
	unsigned long	abandoned;
	bool		produces;
	bool		broken;
};

static size_t mapping_size(const struct ring *r)
{
	return 2 * r->page + 2 * r->size;
}

static int map_piece(const struct ring *r, size_t at, size_t len, int prot, int fd,
		     size_t offset)
{
	return mmap(r->base + at, len, prot, MAP_SHARED | MAP_FIXED, fd,
		    offset) == MAP_FAILED ? -errno : 0;
}

/* Each side writes to its own pages only; the kernel allows nothing else. */
static int map_pieces(const struct ring *r, int fd)
{
	int theirs = PROT_READ, own = PROT_READ | PROT_WRITE;
	int err;

	err = map_piece(r, 0, r->page, r->produces ? theirs : own, fd, 0);
	if (err)
		return err;
	err = map_piece(r, r->page, r->page + r->size,
			r->produces ? own : theirs, fd, r->page);
	if (err)
		return err;
	/* Again, so that a record over the end is in one piece. */
	return map_piece(r, 2 * r->page + r->size, r->size,
			 r->produces ? own : theirs, fd, 2 * r->page);
}

static int ring_open(struct ring *r, int fd)
{
	int err;

	r->base = mmap(NULL, mapping_size(r), PROT_NONE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (r->base == MAP_FAILED)
		return -errno;
	err = map_pieces(r, fd);
	if (err)
		goto err_mapped;
	r->consumer = (unsigned long *)r->base;
	r->producer = (unsigned long *)(r->base + r->page);
	r->data = r->base + 2 * r->page;
	r->position = __atomic_load_n(r->produces ? r->producer : r->consumer,
				      __ATOMIC_RELAXED);
	r->abandoned = r->position;
	err = -EPROTO;
	if (r->position % ALIGNMENT)
		goto err_mapped;
	return 0;

err_mapped:
	munmap(r->base, mapping_size(r));
	return err;
}

static bool is_size(size_t size, size_t page)
{
	return size >= page && size <= RING_SIZE_MAX && !(size & (size - 1));
}

static struct ring *ring_new(int fd, size_t size, bool producer)
{
	struct ring *r = calloc(1, sizeof(*r));
	int err;

	if (!r)
		return NULL;
	r->page = sysconf(_SC_PAGESIZE);
	r->size = size;
	r->produces = producer;
	err = is_size(size, r->page) ? ring_open(r, fd) : -EINVAL;
	if (err) {
		free(r);
		errno = -err;
		return NULL;
	}
	return r;
}

struct ring *ring_make(size_t size, int *fd)
{
	size_t page = sysconf(_SC_PAGESIZE);
	struct ring *r;
	int new, err;

	new = is_size(size, page) ? region_make("equic-ring", 2 * page + size) :
				    -EINVAL;
	if (new < 0) {
		errno = -new;
		return NULL;
	}
	r = ring_new(new, size, false);
	if (!r) {
		err = errno;
		close(new);
		errno = err;
		return NULL;
	}
	*fd = new;
	return r;
}

unsigned int ring_records(const struct ring *r)
{
	return r->size / RING_RECORD;
}

/* The size of the data, or 0. */
static size_t data_size(const struct region *region, bool producer)
{
	size_t page = sysconf(_SC_PAGESIZE);

	if (!region->map)
		return region->size > 2 * page ? region->size - 2 * page : 0;
	return region->type == BPF_MAP_TYPE_RINGBUF && !producer ?
	       region->max_entries : 0;
}

struct ring *ring_map(int fd, bool producer)
{
	struct region region;
	int err;

	err = region_look(fd, &region);
	if (err) {
		errno = -err;
		return NULL;
	}
	return ring_new(fd, data_size(&region, producer), producer);
}

void ring_free(struct ring *r)
{
	if (!r)
		return;
	munmap(r->base, mapping_size(r));
	free(r);
}

static struct header *header_at(const struct ring *r, unsigned long position)
{
	return (struct header *)(r->data + (position & (r->size - 1)));
}

/*
 * The header is written before the position that makes it visible: whoever dies in
 * between leaves nothing, and whoever dies behind it leaves a record that can be
 * passed over.
 */
struct equic_record *ring_reserve(struct ring *r)
{
	struct header *header;
	unsigned long used;

	if (!r->produces)
		return NULL;
	/* Acquire: the consumer has read what is going to be written over. */
	used = r->position - __atomic_load_n(r->consumer, __ATOMIC_ACQUIRE);
	/* More than there is: the consumer's position is none. */
	if (used > r->size - RECORD_ROOM)
		return NULL;
	header = header_at(r, r->position);
	header->len = sizeof(struct equic_record) | BPF_RINGBUF_BUSY_BIT;
	header->page = 0;
	r->position += RECORD_ROOM;
	__atomic_store_n(r->producer, r->position, __ATOMIC_RELEASE);
	return (struct equic_record *)(header + 1);
}

static void commit(struct equic_record *record, uint32_t flags)
{
	struct header *header = (struct header *)record - 1;

	__atomic_store_n(&header->len, sizeof(*record) | flags, __ATOMIC_RELEASE);
}

void ring_submit(struct ring *r, struct equic_record *record)
{
	(void)r;
	commit(record, 0);
}

void ring_discard(struct ring *r, struct equic_record *record)
{
	(void)r;
	commit(record, BPF_RINGBUF_DISCARD_BIT);
}

/* What is in the ring, bytes. */
static int filled(struct ring *r, unsigned long *bytes)
{
	*bytes = __atomic_load_n(r->producer, __ATOMIC_ACQUIRE) - r->position;
	if (*bytes > r->size || *bytes % ALIGNMENT)
		r->broken = true;
	return r->broken ? -EPROTO : 0;
}

static unsigned long room_of(uint32_t len)
{
	len &= ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);
	return (BPF_RINGBUF_HDR_SZ + (unsigned long)len + ALIGNMENT - 1) &
	       ~(ALIGNMENT - 1UL);
}

/*
 * Word by word, each read once: with memcpy() the compiler could read a field again
 * from the ring where the caller looks at its copy.
 */
static void copy(struct equic_record *to, const struct header *header)
{
	const uint64_t *from = (const uint64_t *)(header + 1);
	union {
		uint64_t		word[RECORD_WORDS];
		struct equic_record	record;
	} own;
	unsigned int i;

	for (i = 0; i < RECORD_WORDS; i++)
		own.word[i] = __atomic_load_n(&from[i], __ATOMIC_RELAXED);
	*to = own.record;
}

static void pass(struct ring *r, unsigned long bytes)
{
	r->position += bytes;
	__atomic_store_n(r->consumer, r->position, __ATOMIC_RELEASE);
}

static bool is_abandoned(const struct ring *r)
{
	return (long)(r->abandoned - r->position) > 0;
}

unsigned long ring_end(const struct ring *r)
{
	unsigned long bytes = __atomic_load_n(r->producer, __ATOMIC_ACQUIRE) -
			      r->position;

	return r->position + (bytes < r->size ? bytes : r->size);
}

bool ring_reached(const struct ring *r, unsigned long end)
{
	return (long)(end - r->position) <= 0;
}

/* @left falls in each round by ALIGNMENT at least: whoever writes, it ends. */
int ring_next(struct ring *r, struct equic_record *record)
{
	const struct header *header;
	unsigned long left, room;
	uint32_t len;
	bool skip;

	if (r->produces || r->broken || filled(r, &left))
		return -EPROTO;
	for (; left; left -= room) {
		header = header_at(r, r->position);
		len = __atomic_load_n(&header->len, __ATOMIC_ACQUIRE);
		if (len & BPF_RINGBUF_BUSY_BIT && !is_abandoned(r))
			return -ENOENT;
		room = room_of(len);
		skip = len & (BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);
		if (room > left || (!skip && len != sizeof(*record))) {
			r->broken = true;
			return -EPROTO;
		}
		if (!skip)
			copy(record, header);
		pass(r, room);
		if (!skip)
			return 0;
	}
	return -ENOENT;
}

unsigned int ring_recover(struct ring *r)
{
	unsigned long left, room, at = r->position;
	unsigned int busy = 0;
	uint32_t len;

	if (r->produces || r->broken || filled(r, &left))
		return 0;
	r->abandoned = r->position + left;
	/* Whoever comes behind it is to find room, whatever was written there. */
	__atomic_store_n(r->consumer, r->position, __ATOMIC_RELEASE);
	/* What is no record is found by ring_next(), when it comes there. */
	for (; left; left -= room, at += room) {
		len = __atomic_load_n(&header_at(r, at)->len, __ATOMIC_ACQUIRE);
		room = room_of(len);
		if (room > left)
			break;
		busy += !!(len & BPF_RINGBUF_BUSY_BIT);
	}
	return busy;
}
