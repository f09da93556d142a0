// SPDX-License-Identifier: GPL-2.0-only
/* See room.h. */
#include <sys/mman.h>
#include <unistd.h>
#include "ktap.h"
#include "room.h"

void room_make(struct room *room, size_t size)
{
	size_t page = sysconf(_SC_PAGESIZE);
	uint8_t *all;

	size = (size + page - 1) / page * page;
	all = mmap(NULL, size + 2 * page, PROT_NONE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (all == MAP_FAILED)
		ktap_bail("mmap");
	room->begin = all + page;
	room->end = room->begin + size;
	if (mprotect(room->begin, size, PROT_READ | PROT_WRITE))
		ktap_bail("mprotect");
}
