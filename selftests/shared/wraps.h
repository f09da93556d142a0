/* SPDX-License-Identifier: GPL-2.0-only */
/* A function that the linker wraps (--wrap): both of its names, as it is declared. */
#ifndef EQUIC_SELFTESTS_SHARED_WRAPS_H
#define EQUIC_SELFTESTS_SHARED_WRAPS_H

#define WRAPS(name) extern __typeof__(name) __real_##name, __wrap_##name

#endif /* EQUIC_SELFTESTS_SHARED_WRAPS_H */
