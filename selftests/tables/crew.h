/* SPDX-License-Identifier: GPL-2.0-only */
/* Threads, one pinned to each CPU, that begin their work at once. */
#ifndef EQUIC_SELFTESTS_CREW_H
#define EQUIC_SELFTESTS_CREW_H

struct crew;

/**
 * crew_cpus - CPUs of this machine
 *
 * Return: their number.
 */
int crew_cpus(void);

/**
 * crew_start - start the threads
 * @n: how many, at most one for each CPU
 * @work: what each does when told to go
 *
 * Return: the crew; bails out when it cannot be.
 */
struct crew *crew_start(int n, void (*work)(struct crew *crew, int cpu));

/**
 * crew_meet - wait until all are there; for the threads
 * @crew: them
 *
 * Spins, so that all go on within a cache miss or two.
 */
void crew_meet(struct crew *crew);

/**
 * crew_go - let all do their work once, and wait until all have
 * @crew: them
 */
void crew_go(struct crew *crew);

/**
 * crew_stop - end the threads
 * @crew: them
 */
void crew_stop(struct crew *crew);

#endif /* EQUIC_SELFTESTS_CREW_H */
