/* SPDX-License-Identifier: GPL-2.0-only */
/* What the loader of a program waits for, as descriptors for poll(). */
#ifndef EQUIC_SELFTESTS_PROTECT_LOADER_H
#define EQUIC_SELFTESTS_PROTECT_LOADER_H

/**
 * loader_term - readable once SIGTERM came, which kills no more
 */
int loader_term(void);

/**
 * loader_written - readable when a file was written to
 * @path: it need not be there yet; others in its directory count as well
 */
int loader_written(const char *path);

/**
 * loader_seen - not readable until it is written to again
 * @written: of loader_written()
 */
void loader_seen(int written);

/**
 * loader_ready - say so: who waits for this line may go on
 */
void loader_ready(void);

#endif /* EQUIC_SELFTESTS_PROTECT_LOADER_H */
