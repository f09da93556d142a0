/* SPDX-License-Identifier: GPL-2.0-only */
/* Clients to report: client n has address 198.18.x.y, port 1024 + n. */
#ifndef EQUIC_SELFTESTS_LIB_PEER_H
#define EQUIC_SELFTESTS_LIB_PEER_H

#include "equic.h"

struct peer {
	struct sockaddr_in addr;
	struct sockaddr_in local;
	uint8_t odcid[8];
	uint8_t scid[8];
	struct equic_report report;	/* points into the above */
};

/* A full report about connection @n of the client @client. */
void peer_init(struct peer *peer, unsigned int client, unsigned int n);

/* The service that all of them use, 192.0.2.1:443. */
extern const struct equic_key peer_service;

#endif /* EQUIC_SELFTESTS_LIB_PEER_H */
