// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <linux/bpf.h>
#include <sys/mman.h>
#include <unistd.h>

#include "memory.h"
#include "region.h"

void memory_label(struct equic_shared *m, uint32_t connection)
{
	__atomic_store_n(&m->version, EQUIC_SHARED_VERSION, __ATOMIC_RELAXED);
	__atomic_store_n(&m->streams_max, EQUIC_SHARED_STREAMS, __ATOMIC_RELAXED);
	__atomic_store_n(&m->size, sizeof(*m), __ATOMIC_RELAXED);
	__atomic_store_n(&m->connection, connection, __ATOMIC_RELAXED);
	/* Last: who finds it in an element of a map finds all of the above. */
	__atomic_store_n(&m->magic, EQUIC_SHARED_MAGIC, __ATOMIC_RELEASE);
}

void memory_init(struct equic_shared *m, uint32_t connection)
{
	m->number = EQUIC_NUMBER_STOP;
	memory_label(m, connection);
}

static struct equic_shared *map(int fd)
{
	void *m = mmap(NULL, sizeof(struct equic_shared), PROT_READ | PROT_WRITE,
		       MAP_SHARED, fd, 0);

	return m == MAP_FAILED ? NULL : m;
}

struct equic_shared *memory_make(uint32_t connection, int *fd)
{
	struct equic_shared *m;
	int new, err;

	new = region_make("equic-shared", sizeof(*m));
	if (new < 0) {
		errno = -new;
		return NULL;
	}
	m = map(new);
	if (!m) {
		err = errno;
		close(new);
		errno = err;
		return NULL;
	}
	memory_init(m, connection);
	*fd = new;
	return m;
}

static bool has_room(const struct region *region)
{
	if (!region->map)
		return region->size >= sizeof(struct equic_shared);
	return region->type == BPF_MAP_TYPE_ARRAY &&
	       region->flags & BPF_F_MMAPABLE &&
	       region->value_size >= sizeof(struct equic_shared);
}

static struct equic_shared *map_checked(int fd,
					int (*check)(const struct equic_shared *m))
{
	struct equic_shared *m;
	struct region region;
	int err;

	err = region_look(fd, &region);
	if (!err && !has_room(&region))
		err = -EINVAL;
	if (err) {
		errno = -err;
		return NULL;
	}
	m = map(fd);
	if (!m)
		return NULL;
	err = check(m);
	if (err) {
		memory_unmap(m);
		errno = -err;
		return NULL;
	}
	return m;
}

struct equic_shared *memory_map(int fd)
{
	return map_checked(fd, memory_check);
}

static int check_zero(const struct equic_shared *m)
{
	const uint8_t *bytes = (const uint8_t *)m;
	size_t i;

	for (i = 0; i < sizeof(*m); i++)
		if (bytes[i])
			return -EPROTO;
	return 0;
}

struct equic_shared *memory_begin(int fd, uint32_t connection)
{
	struct equic_shared *m = map_checked(fd, check_zero);

	if (m)
		memory_init(m, connection);
	return m;
}

/* Once and for all: nothing of this is read again, whatever becomes of it. */
int memory_check(const struct equic_shared *m)
{
	if (__atomic_load_n(&m->magic, __ATOMIC_ACQUIRE) != EQUIC_SHARED_MAGIC ||
	    __atomic_load_n(&m->version, __ATOMIC_RELAXED) != EQUIC_SHARED_VERSION ||
	    __atomic_load_n(&m->streams_max, __ATOMIC_RELAXED) != EQUIC_SHARED_STREAMS ||
	    __atomic_load_n(&m->size, __ATOMIC_RELAXED) != sizeof(*m))
		return -EPROTO;
	return 0;
}

void memory_unmap(struct equic_shared *m)
{
	munmap(m, sizeof(*m));
}
