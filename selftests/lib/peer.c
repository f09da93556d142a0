// SPDX-License-Identifier: GPL-2.0-only
#include <arpa/inet.h>
#include <string.h>

#include "peer.h"

const struct equic_key peer_service = {
	.addr = { .family = AF_INET, .bytes = { 192, 0, 2, 1 } },
	.port = 443,
};

void peer_init(struct peer *peer, unsigned int client, unsigned int n)
{
	memset(peer, 0, sizeof(*peer));
	peer->addr.sin_family = AF_INET;
	peer->addr.sin_addr.s_addr = htonl(0xc6120000 + client);
	peer->addr.sin_port = htons(1024 + n % 60000);
	peer->local.sin_family = AF_INET;
	memcpy(&peer->local.sin_addr, peer_service.addr.bytes, 4);
	peer->local.sin_port = htons(443);
	memcpy(peer->odcid, &n, sizeof(n));
	memcpy(peer->scid, &client, sizeof(client));
	memcpy(peer->scid + 4, &n, sizeof(n));
	peer->report = (struct equic_report){
		.size = sizeof(peer->report),
		.peer = (struct sockaddr *)&peer->addr,
		.local = (struct sockaddr *)&peer->local,
		.odcid = peer->odcid, .odcid_len = sizeof(peer->odcid),
		.scid = peer->scid, .scid_len = sizeof(peer->scid),
	};
}
