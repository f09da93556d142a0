// SPDX-License-Identifier: GPL-2.0-only
/* See failslab.h. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "failslab.h"
#include "ktap.h"

#define FAILSLAB "/sys/kernel/debug/failslab/"

static void put(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		ktap_bail("%s", path);
	close(fd);
}

void failslab_prepare(const char *percent)
{
	/* First: without it, everybody's allocations fail from here on. */
	put(FAILSLAB "task-filter", "Y");
	put(FAILSLAB "interval", "1");
	put(FAILSLAB "times", "-1");
	put(FAILSLAB "verbose", "0");
	put(FAILSLAB "ignore-gfp-wait", "N");
	put(FAILSLAB "probability", percent);
}
