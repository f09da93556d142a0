// SPDX-License-Identifier: GPL-2.0-only
/*
 * The quota as a server without equic keeps it, and keeps it well: counted
 * once for all workers, tested before TLS, correct after a worker's death.
 *
 * One mutex guards the table. It is robust, so a worker that dies inside
 * leaves at most its own counts wrong, and those are cleared on its death.
 */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>

#include "quota.h"

enum {
	QUOTA_CLIENTS = 1 << 16,
	QUOTA_PROBES = 64,
};

struct quota_client {
	uint8_t addr[16];
	uint32_t held[WORKERS_MAX];	/* all 0: the slot is free */
};

struct quota {
	pthread_mutex_t lock;
	unsigned int limit;
	struct quota_client clients[QUOTA_CLIENTS];
};

struct quota *quota_new(unsigned int limit)
{
	pthread_mutexattr_t attr;
	struct quota *quota;

	quota = mmap(NULL, sizeof(*quota), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (quota == MAP_FAILED)
		return NULL;
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&quota->lock, &attr);
	pthread_mutexattr_destroy(&attr);
	quota->limit = limit;
	return quota;
}

static void quota_lock(struct quota *quota)
{
	if (pthread_mutex_lock(&quota->lock) == EOWNERDEAD)
		pthread_mutex_consistent(&quota->lock);
}

void quota_client(uint8_t client[16], const union addr *remote)
{
	addr_to_16(client, remote);
	addr_fold_16(client, 32, 64);
}

static unsigned int held_by_all(const struct quota_client *client)
{
	unsigned int i, sum = 0;

	for (i = 0; i < WORKERS_MAX; i++)
		sum += client->held[i];
	return sum;
}

/* The client's slot; with @make a free one when it has none; or NULL. */
static struct quota_client *quota_find(struct quota *quota,
				       const uint8_t addr[16], bool make)
{
	struct quota_client *free_slot = NULL;
	uint64_t hash = 14695981039346656037ull;
	unsigned int i;

	for (i = 0; i < 16; i++)
		hash = (hash ^ addr[i]) * 1099511628211ull;
	hash ^= hash >> 32;
	for (i = 0; i < QUOTA_PROBES; i++) {
		struct quota_client *client =
			&quota->clients[(hash + i) % QUOTA_CLIENTS];
		bool used = held_by_all(client);

		if (used && !memcmp(client->addr, addr, 16))
			return client;
		if (!used && !free_slot)
			free_slot = client;
	}
	if (!make || !free_slot)
		return NULL;
	memcpy(free_slot->addr, addr, 16);
	return free_slot;
}

bool quota_take(struct quota *quota, unsigned int worker,
		const uint8_t addr[16])
{
	struct quota_client *client;
	bool taken = false;

	quota_lock(quota);
	client = quota_find(quota, addr, true);
	if (client && held_by_all(client) < quota->limit) {
		client->held[worker]++;
		taken = true;
	}
	pthread_mutex_unlock(&quota->lock);
	return taken;
}

void quota_give_back(struct quota *quota, unsigned int worker,
		     const uint8_t addr[16])
{
	struct quota_client *client;

	quota_lock(quota);
	client = quota_find(quota, addr, false);
	if (client && client->held[worker])
		client->held[worker]--;
	pthread_mutex_unlock(&quota->lock);
}

void quota_worker_died(struct quota *quota, unsigned int worker)
{
	unsigned int i;

	quota_lock(quota);
	for (i = 0; i < QUOTA_CLIENTS; i++)
		quota->clients[i].held[worker] = 0;
	pthread_mutex_unlock(&quota->lock);
}
