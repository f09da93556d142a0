// SPDX-License-Identifier: GPL-2.0-only
/* See module.h. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "clock.h"
#include "ktap.h"
#include "module.h"

enum { UNLOAD_MAX_MS = 10000 };

void module_load(const char *parameters)
{
	const char *path = getenv("EQUIC_KO");
	int fd;

	errno = 0;
	if (!path)
		ktap_bail("EQUIC_KO names no module");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		ktap_bail("%s", path);
	if (syscall(SYS_finit_module, fd, parameters, 0))
		ktap_bail("insmod %s %s", path, parameters);
	close(fd);
	if (unshare(CLONE_NEWNET))
		ktap_bail("no network namespace");
}

void module_unload(void)
{
	__u64 begin = clock_ms();
	bool gone;

	do {
		gone = !syscall(SYS_delete_module, "equic", O_NONBLOCK);
		if (!gone && errno != EAGAIN && errno != EBUSY)
			break;
		if (!gone)
			clock_sleep_ms(5);
	} while (!gone && clock_ms() - begin < UNLOAD_MAX_MS);
	if (!gone)
		ktap_diag("rmmod: errno %d", errno);
	ktap_result(gone && access("/sys/kernel/equic", F_OK),
		    "the module can be unloaded, and leaves nothing");
}
