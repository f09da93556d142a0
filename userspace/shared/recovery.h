/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Loss detection and congestion control (RFC 9002, RFC 9438) for all packets that a
 * connection has on the wire, whoever sent them: one window for all. The stack
 * repairs what it lost itself; here its packets only count.
 *
 * No clock and no memory is shared with anybody: times are CLOCK_MONOTONIC in
 * nanoseconds, given with each call, and never run backwards.
 */
#ifndef EQUIC_SHARED_RECOVERY_H
#define EQUIC_SHARED_RECOVERY_H

#include <stdbool.h>
#include <stdint.h>
#include "ack.h"

/*
 * What became of a packet is remembered for so many numbers below the newest; and
 * there are at most so many from the oldest packet that nothing has become of to
 * the newest: 160 MB of datagrams.
 */
enum {
	RECOVERY_KEPT = 126 * 64,
	RECOVERY_SPAN = 2048 * 64,
};

/* So many queues lead to the wire: the endpoint's, and one of each of 64 threads. */
enum { RECOVERY_QUEUES = 1 + 64 };

/**
 * enum sender - whose a packet is
 * @SENDER_STACK: the QUIC stack's.
 * @SENDER_LIBRARY: the library's own: retransmissions and probes.
 * @SENDER_SECOND: the second sender's.
 */
enum sender {
	SENDER_STACK,
	SENDER_LIBRARY,
	SENDER_SECOND,
};

/**
 * struct sent - a packet on the wire
 * @pn: its number there.
 * @time: when it was sent.
 * @size: of the UDP payload. It is in flight if it elicits an acknowledgment.
 * @sender: enum sender.
 * @queue: below %RECOVERY_QUEUES: packets of a queue leave in the order of their
 *	numbers, those of others pass them.
 * @elicits: RFC 9002, 2.
 * @pmtu_probe: it may be longer than what the path takes: where it is lost, that says
 *	nothing of congestion (RFC 9000, 14.4).
 * @what: of the caller.
 */
struct sent {
	uint64_t	pn;
	uint64_t	time;
	uint32_t	size;
	uint8_t		sender;
	uint8_t		queue;
	bool		elicits;
	bool		pmtu_probe;
	void		*what;
};

/**
 * struct recovery_ops - who is told what became of packets
 * @acked: the peer has it.
 * @lost: it is taken for lost (RFC 9002, 6.1). It may still be acknowledged one
 *	day; nobody is told then, but it is counted.
 *
 * Called once for each packet, of one of the two. They may send: call
 * recovery_sent(), and nothing else of this file.
 */
struct recovery_ops {
	void (*acked)(void *ctx, const struct sent *sent);
	void (*lost)(void *ctx, const struct sent *sent);
};

/**
 * struct recovery_stats - for people, and for tests
 * @smoothed_rtt: ns; 0: no sample yet. The next three are too.
 * @latest_rtt: ns.
 * @min_rtt: ns.
 * @rtt_var: ns.
 * @window: congestion window, bytes.
 * @in_flight: bytes.
 * @ssthresh: bytes; UINT64_MAX: none yet.
 * @lost: packets.
 * @spurious: packets that were lost, and acknowledged later.
 * @pto_count: RFC 9002, 6.2.1: probe timeouts without an answer since.
 * @congestion_events: how often the window was cut.
 */
struct recovery_stats {
	uint64_t smoothed_rtt, latest_rtt, min_rtt, rtt_var;
	uint64_t window, in_flight, ssthresh;
	uint64_t lost, spurious, pto_count, congestion_events;
};

/**
 * struct recovery_stack - what a stack says of itself
 * @smoothed_rtt: ns, as the next three.
 * @latest_rtt: 0: it has measured none.
 * @min_rtt: UINT64_MAX: likewise.
 * @rtt_var: of @smoothed_rtt.
 * @window: congestion window, bytes.
 * @ssthresh: bytes; UINT64_MAX: none yet.
 * @in_flight: bytes of all its packets.
 */
struct recovery_stack {
	uint64_t smoothed_rtt, latest_rtt, min_rtt, rtt_var;
	uint64_t window, ssthresh, in_flight;
};

struct recovery;

/**
 * recovery_new - nothing was sent yet
 * @ops: who is told
 * @ctx: what they are given
 * @payload_max: of a datagram, bytes (max_datagram_size of RFC 9002)
 *
 * Return: NULL: no memory.
 */
struct recovery *recovery_new(const struct recovery_ops *ops, void *ctx,
			      uint32_t payload_max);

/* Tells nobody. */
void recovery_free(struct recovery *r);

/**
 * recovery_peer - what the peer's transport parameters say
 * @r: recovery
 * @max_ack_delay: ns
 * @ack_delay_exponent: RFC 9000, 18.2
 */
void recovery_peer(struct recovery *r, uint64_t max_ack_delay,
		   unsigned int ack_delay_exponent);

/**
 * recovery_sent - a packet was sent
 * @r: recovery
 * @sent: the packet. Those of different senders come in any order of numbers, a
 *	number once; their times may lie in the past.
 *
 * A packet that comes when higher numbers were acknowledged may be lost already:
 * recovery_expiry() says so.
 *
 * Return: 0; -EEXIST: the number was there already; -ESTALE: it is too old to be
 * remembered, and nobody will be told of it; -ENOBUFS: it is %RECOVERY_SPAN above
 * the oldest: a sender spoils the numbers, or the peer is silent, and the connection
 * must end; -EINVAL: there is no such number (RFC 9000, 12.3); -ENOMEM.
 */
int recovery_sent(struct recovery *r, const struct sent *sent);

/* Below it recovery_sent() does not return -ENOBUFS. UINT64_MAX: nowhere. */
uint64_t recovery_end(struct recovery *r);

/* Behind all numbers that were sent. */
uint64_t recovery_next(const struct recovery *r);

/**
 * recovery_void - a number was taken and will not be sent
 * @r: recovery
 * @pn: the number
 *
 * Return: as recovery_sent().
 */
int recovery_void(struct recovery *r, uint64_t pn);

/**
 * recovery_acked - the peer acknowledges
 * @r: recovery
 * @ack: the ACK frame; its delay is decoded here (RFC 9000, 19.3)
 * @next: numbers from here on have not been taken
 * @now: time
 *
 * Numbers below @next that nothing is known of are remembered by nobody: whoever
 * calls has seen to it that what was sent was told before.
 *
 * Return: 0; -EPROTO: it acknowledges a number that was void, or not taken
 * (RFC 9000, 13.1), or its ranges are no ranges in descending order: the connection
 * must end. Nothing was changed then.
 */
int recovery_acked(struct recovery *r, const struct ack *ack, uint64_t next,
		   uint64_t now);

/* Before the handshake is confirmed nothing is probed for (RFC 9002, 6.2.1). */
void recovery_early(struct recovery *r, bool early);

/**
 * recovery_expiry - when to call recovery_expired() at the latest
 * @r: recovery
 *
 * The probe timeout is for all packets; when those that wait are the stack's alone, it
 * is four times as long, for the stack has its own. While the senders are limited by
 * pacing, it is also when recovery_room() has grown by what is worth it: ask that then.
 *
 * Return: time; UINT64_MAX: never.
 */
uint64_t recovery_expiry(const struct recovery *r);

/**
 * recovery_expired - look at the timers
 * @r: recovery
 * @now: time
 *
 * Return: how many packets that elicit an acknowledgment to send as probes now,
 * whatever the window says (RFC 9002, 6.2.4): 0 to 2.
 */
unsigned int recovery_expired(struct recovery *r, uint64_t now);

/**
 * recovery_room - what may be sent now
 * @r: recovery
 * @now: time
 *
 * Not more than the window has room for, and not more at a time than pacing allows
 * (RFC 9002, 7.7): about what falls due in two milliseconds, but at least ten
 * datagrams. What was given and is not sent is in it the next time again.
 *
 * Return: bytes; negative: more is in flight than there is a window for.
 */
int64_t recovery_room(struct recovery *r, uint64_t now);

/**
 * recovery_limited - whether the senders wanted more than they were allowed
 * @r: recovery
 * @limited: false: they have nothing to send, so that acknowledgments of what is
 *	sent from now on do not widen the window (RFC 9002, 7.8; RFC 9438, 5.8).
 *	In the beginning they are.
 */
void recovery_limited(struct recovery *r, bool limited);

/**
 * recovery_join - the stack was alone until now
 * @r: recovery, that was told of nothing, or as recovery_joining() says
 * @stack: what it says
 * @now: time
 *
 * Packets that were not told of fill the window. Until one is acknowledged that was,
 * RTT and window are what the stack says, which may change: it is asked again. For two
 * probe timeouts more, packets from before may turn out to be lost, which it sees
 * alone: when it cuts its window, this one is cut.
 */
void recovery_join(struct recovery *r, const struct recovery_stack *stack, uint64_t now);

/* Whether recovery_join() is to be called again, in each turn. */
bool recovery_joining(const struct recovery *r);

/**
 * recovery_path - the connection is on another path
 * @r: recovery
 * @now: time
 *
 * RTT and window begin anew (RFC 9000, 9.4); packets of the old path, those that
 * are told of later among them, are still known, and out of the new window's account.
 */
void recovery_path(struct recovery *r, uint64_t now);

/* Datagrams may have so many bytes from now on, as recovery_new(). */
void recovery_payload(struct recovery *r, uint32_t payload_max);

/* The path's smoothed RTT, or what is assumed before there is a sample, ns. */
uint64_t recovery_rtt(const struct recovery *r);

void recovery_stats(const struct recovery *r, struct recovery_stats *stats);

#endif /* EQUIC_SHARED_RECOVERY_H */
