// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "region.h"

int region_make(const char *name, size_t size)
{
	const int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int err;

	if (fd < 0)
		return -errno;
	if (!ftruncate(fd, size) && !fcntl(fd, F_ADD_SEALS, seals))
		return fd;
	err = -errno;
	close(fd);
	return err;
}

static int look_at_memfd(int fd, int seals, struct region *region)
{
	struct stat st;

	if (!(seals & F_SEAL_SHRINK))
		return -EINVAL;
	if (fstat(fd, &st))
		return -errno;
	region->size = st.st_size;
	return 0;
}

/*
 * One system call: too little to depend on libbpf for. Programs and other things of
 * BPF answer it too, with something else in the same place; but they cannot be
 * mapped, so that no harm comes of it.
 */
static int look_at_map(int fd, struct region *region)
{
	struct bpf_map_info info;
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	memset(&info, 0, sizeof(info));
	attr.info.bpf_fd = fd;
	attr.info.info_len = sizeof(info);
	attr.info.info = (uintptr_t)&info;
	if (syscall(SYS_bpf, BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof(attr)))
		return -EINVAL;
	region->map = true;
	region->type = info.type;
	region->flags = info.map_flags;
	region->value_size = info.value_size;
	region->max_entries = info.max_entries;
	return 0;
}

int region_look(int fd, struct region *region)
{
	int seals = fcntl(fd, F_GET_SEALS);

	memset(region, 0, sizeof(*region));
	if (seals >= 0)
		return look_at_memfd(fd, seals, region);
	/* What has no seals is no memfd. */
	return errno == EINVAL ? look_at_map(fd, region) : -errno;
}
