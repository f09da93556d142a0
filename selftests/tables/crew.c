// SPDX-License-Identifier: GPL-2.0-only
/* See crew.h. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>
#include "crew.h"
#include "ktap.h"

/* Rounds of spinning before a thread lets another have its CPU. */
enum { SPINS = 1000 };

struct member {
	struct crew	*crew;
	pthread_t	thread;
	sem_t		go;
	int		cpu;
};

struct crew {
	void		(*work)(struct crew *crew, int cpu);
	int		n;
	bool		stop;
	atomic_uint	arrived;
	atomic_int	done;
	sem_t		all_done;
	struct member	members[];
};

int crew_cpus(void)
{
	return sysconf(_SC_NPROCESSORS_ONLN);
}

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		ktap_bail("cannot pin a thread to CPU %d", cpu);
}

/* @arrived never falls: the n-th arrival since the last meeting ends it. */
void crew_meet(struct crew *crew)
{
	unsigned int mine = atomic_fetch_add(&crew->arrived, 1);
	unsigned int all = mine - mine % crew->n + crew->n;
	int spins = 0;

	while ((int)(atomic_load(&crew->arrived) - all) < 0) {
		if (++spins % SPINS == 0)
			sched_yield();
		__builtin_ia32_pause();
	}
}

static void *member_run(void *arg)
{
	struct member *member = arg;
	struct crew *crew = member->crew;

	pin(member->cpu);
	for (;;) {
		while (sem_wait(&member->go))
			;
		if (crew->stop)
			return NULL;
		crew_meet(crew);
		crew->work(crew, member->cpu);
		if (atomic_fetch_add(&crew->done, 1) + 1 == crew->n)
			sem_post(&crew->all_done);
	}
}

struct crew *crew_start(int n, void (*work)(struct crew *crew, int cpu))
{
	struct crew *crew = calloc(1, sizeof(*crew) + n * sizeof(*crew->members));
	int i;

	errno = 0;
	if (!crew || n > crew_cpus())
		ktap_bail("%d threads need as many CPUs, and there are %d", n,
			  crew_cpus());
	crew->work = work;
	crew->n = n;
	sem_init(&crew->all_done, 0, 0);
	for (i = 0; i < n; i++) {
		crew->members[i].crew = crew;
		crew->members[i].cpu = i;
		sem_init(&crew->members[i].go, 0, 0);
		errno = pthread_create(&crew->members[i].thread, NULL,
				       member_run, &crew->members[i]);
		if (errno)
			ktap_bail("no thread");
	}
	return crew;
}

static void wake(struct crew *crew)
{
	int i;

	atomic_store(&crew->done, 0);
	for (i = 0; i < crew->n; i++)
		sem_post(&crew->members[i].go);
}

void crew_go(struct crew *crew)
{
	wake(crew);
	while (sem_wait(&crew->all_done))
		;
}

void crew_stop(struct crew *crew)
{
	int i;

	crew->stop = true;
	wake(crew);
	for (i = 0; i < crew->n; i++)
		pthread_join(crew->members[i].thread, NULL);
	free(crew);
}
