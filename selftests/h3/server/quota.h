/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef H3_SERVER_QUOTA_H
#define H3_SERVER_QUOTA_H

#include <stdbool.h>
#include <stdint.h>

#include "options.h"

/* Live connections per client, for all workers of one server. */
struct quota;

/* Before the workers are forked; or NULL. */
struct quota *quota_new(unsigned int limit);
/* The client that @remote belongs to: IPv4 /32, IPv6 /64. */
void quota_client(uint8_t client[16], const union addr *remote);
/* Takes one for @worker; false at the limit or when the table is full. */
bool quota_take(struct quota *quota, unsigned int worker,
		const uint8_t client[16]);
void quota_give_back(struct quota *quota, unsigned int worker,
		     const uint8_t client[16]);
/* Gives back all that a dead worker held. */
void quota_worker_died(struct quota *quota, unsigned int worker);

#endif /* H3_SERVER_QUOTA_H */
