/* SPDX-License-Identifier: GPL-2.0-only */
/* What the kernel has in use. */
#ifndef EQUIC_BENCH_MEMORY_H
#define EQUIC_BENCH_MEMORY_H

#include <stdbool.h>

/**
 * memory_tell - tell the slabs' size, and that of the module's arrays
 * @what: when this is
 * @ip6: which table
 * @clients: in it
 *
 * The arrays are what vmalloc() gave to functions of the module.
 */
void memory_tell(const char *what, bool ip6, unsigned int clients);

#endif /* EQUIC_BENCH_MEMORY_H */
