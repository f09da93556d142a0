/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The decision about one packet.
 */
#ifndef _EQUIC_VERDICT_H
#define _EQUIC_VERDICT_H

#include <linux/equic.h>

struct equic_handshake;
struct equic_net;
struct equic_service;
struct net_device;

/* RCU, BH disabled; tables exist. 0: pass; else enum equic_drop. */
int equic_verdict(struct equic_net *en, const struct net_device *dev,
		  const struct bpf_equic_pkt *pkt);

/* The handshake that a packet's Initial belongs to, on the wire. */
void equic_handshake_of(struct equic_handshake *hs,
			const struct equic_service *svc,
			const struct bpf_equic_pkt *pkt);

#endif /* _EQUIC_VERDICT_H */
