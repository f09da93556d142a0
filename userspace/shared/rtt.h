/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The round-trip time of a path (RFC 9002, 5), and the times that follow from it. */
#ifndef EQUIC_SHARED_RTT_H
#define EQUIC_SHARED_RTT_H

#include <stdint.h>

/* RFC 9002, 6.1.2 and 6.2.2, in ns. */
#define RTT_GRANULARITY	1000000ULL
#define RTT_INITIAL	333000000ULL

/*
 * An hour, in ns. Nothing takes longer, and whatever is made of it fits 64 bits:
 * times of packets are what another process says.
 */
#define RTT_MAX		3600000000000ULL

/* RFC 9000, 18.2: values above are invalid; in ns, and as an exponent. */
#define RTT_ACK_DELAY_MAX		16384000000ULL
#define RTT_ACK_DELAY_EXPONENT_MAX	20

/**
 * struct rtt - of one path
 * @latest: ns; it and the next three are 0 until there was a sample.
 * @smoothed: ns.
 * @var: ns.
 * @min: ns.
 * @max_ack_delay: of the peer, ns.
 * @ack_delay_exponent: of the peer.
 */
struct rtt {
	uint64_t	latest;
	uint64_t	smoothed;
	uint64_t	var;
	uint64_t	min;
	uint64_t	max_ack_delay;
	unsigned int	ack_delay_exponent;
};

/* The defaults of RFC 9000, 18.2. */
void rtt_init(struct rtt *rtt);

/* What is beyond the maxima above is taken for them. */
void rtt_peer(struct rtt *rtt, uint64_t max_ack_delay,
	      unsigned int ack_delay_exponent);

/* Another path of the same peer. */
void rtt_restart(struct rtt *rtt);

/* What somebody else has measured on the path: as in struct rtt, in ns. */
void rtt_take(struct rtt *rtt, uint64_t latest, uint64_t smoothed, uint64_t var,
	      uint64_t min);

/**
 * rtt_sample - an acknowledgment came
 * @rtt: of the path
 * @sample: since the largest acknowledged packet was sent, ns
 * @ack_delay: as it is in the ACK frame
 */
void rtt_sample(struct rtt *rtt, uint64_t sample, uint64_t ack_delay);

/* Persistent congestion: what was the least may be so no more (RFC 9002, 5.2). */
void rtt_forget_min(struct rtt *rtt);

/* The smoothed one, or what is assumed before the first sample, ns. */
uint64_t rtt_assumed(const struct rtt *rtt);

/* How much later than another a packet may come and not be lost (RFC 9002, 6.1.2). */
uint64_t rtt_loss_delay(const struct rtt *rtt);

/* The probe timeout, without backoff (RFC 9002, 6.2.1), ns. */
uint64_t rtt_pto(const struct rtt *rtt);

#endif /* EQUIC_SHARED_RTT_H */
