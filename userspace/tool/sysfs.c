// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sysfs.h"

static bool read_line(const char *path, char *buf, size_t len)
{
	FILE *file = fopen(path, "re");
	bool ok;

	if (!file)
		return false;
	ok = fgets(buf, len, file);
	fclose(file);
	if (ok)
		buf[strcspn(buf, "\n")] = '\0';
	return ok;
}

bool sysfs_version(char *buf, size_t len)
{
	return read_line("/sys/kernel/equic/version", buf, len);
}

bool sysfs_bypass(void)
{
	char line[8];

	return read_line("/sys/kernel/equic/bypass", line, sizeof(line)) &&
	       line[0] != '0' && line[0] != 'N';
}

bool sysfs_has_btf(void)
{
	return !access("/sys/kernel/btf/equic", F_OK);
}
