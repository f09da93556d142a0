// SPDX-License-Identifier: GPL-2.0-only
/* See memory.h. */
#include <stdio.h>
#include <string.h>
#include "ktap.h"
#include "memory.h"
#include "value.h"

static double slab_bytes(void)
{
	FILE *file = fopen("/proc/meminfo", "re");
	unsigned long kib = 0;
	char line[256];

	if (!file)
		ktap_bail("/proc/meminfo");
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "Slab: %lu kB", &kib) == 1)
			break;
	fclose(file);
	return kib * 1024.0;
}

/* A line: range, bytes with the guard page, caller, "[equic]", … */
static double array_bytes(void)
{
	FILE *file = fopen("/proc/vmallocinfo", "re");
	unsigned long bytes, sum = 0;
	char line[512];

	if (!file)
		ktap_bail("/proc/vmallocinfo");
	while (fgets(line, sizeof(line), file))
		if (strstr(line, "equic_") && strstr(line, "_table_init") &&
		    sscanf(line, "%*s %lu", &bytes) == 1)
			sum += bytes;
	fclose(file);
	return sum;
}

void memory_tell(const char *what, bool ip6, unsigned int clients)
{
	tell(what, "slabs", slab_bytes(), .unit = "bytes",
	     .family = ip6 ? 6 : 4, .clients = clients);
	tell(what, "arrays", array_bytes(), .unit = "bytes",
	     .family = ip6 ? 6 : 4, .clients = clients);
}
