/* SPDX-License-Identifier: GPL-2.0-only */
/* The module under test, and commands of the system. */
#ifndef EQUIC_SELFTESTS_LIB_MODULE_H
#define EQUIC_SELFTESTS_LIB_MODULE_H

#include <stdbool.h>

#include "equic.h"

/* Insert $EQUIC_KO, remove it; ktap_bail() when that fails. */
void module_load(void);
void module_unload(void);

/* Run a shell command; its exit status. */
int shell(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A handle for management; ktap_bail() when it does not open. */
struct equic *manager_open(void);

/* Wait, at most @ms, until @cond returns true. */
bool wait_until(bool (*cond)(void *arg), void *arg, int ms);

#endif /* EQUIC_SELFTESTS_LIB_MODULE_H */
