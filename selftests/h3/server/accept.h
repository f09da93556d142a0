/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef H3_SERVER_ACCEPT_H
#define H3_SERVER_ACCEPT_H

#include <ngtcp2/ngtcp2.h>

struct listener;
struct udp_datagram;

/* A datagram that belongs to no connection: starts one, or gets an answer. */
void accept_datagram(struct listener *listener, struct udp_datagram *datagram,
		     const ngtcp2_version_cid *ids);
/* A version that is not spoken here (RFC 9000, 6.1). */
void accept_negotiate_version(struct listener *listener,
			      const struct udp_datagram *datagram,
			      const ngtcp2_version_cid *ids);

#endif /* H3_SERVER_ACCEPT_H */
