/* SPDX-License-Identifier: GPL-2.0-only */
/* The packets that costs are told of, and the programs that see them. */
#ifndef EQUIC_BENCH_PACKET_H
#define EQUIC_BENCH_PACKET_H

#include <stdbool.h>
#include "frame.h"

/**
 * enum packet_kind - what comes
 * @PACKET_FOREIGN: UDP to a port that no service has
 * @PACKET_SHORT: a short header with 1200 bytes
 * @PACKET_INITIAL: a client's first
 * @PACKET_MALFORMED: an Initial in too small a datagram
 */
enum packet_kind {
	PACKET_FOREIGN,
	PACKET_SHORT,
	PACKET_INITIAL,
	PACKET_MALFORMED,
};

/**
 * struct packet - one of them
 * @frame: its description
 * @built: its bytes
 * @client_off: where the word is that tells clients apart
 * @scid_off: where the first word of the SCID is
 * @ports_off: where the ports are
 */
struct packet {
	struct frame	frame;
	struct built	built;
	unsigned int	client_off;
	unsigned int	scid_off;
	unsigned int	ports_off;
};

/**
 * packet_make - make one
 * @p: receives it
 * @kind: of what kind
 * @ip6: IPv6 instead of IPv4
 */
void packet_make(struct packet *p, enum packet_kind kind, bool ip6);

/**
 * packet_from - say whose it is
 * @p: it
 * @client: number of the client, from 0
 */
void packet_from(struct packet *p, unsigned int client);

/**
 * client_word - the word at client_off of a client's packets
 * @client: its number
 * @ip6: as above
 *
 * Return: it, in host byte order.
 */
unsigned int client_word(unsigned int client, bool ip6);

/**
 * packet_scid - say of which connection it is
 * @p: it, an Initial
 * @conn: number of the connection
 */
void packet_scid(struct packet *p, unsigned int conn);

/**
 * packet_word - write a word into it
 * @p: it
 * @off: where
 * @word: the word, in host byte order
 */
void packet_word(struct packet *p, unsigned int off, unsigned int word);

/**
 * packet_deliver - have many copies of it come in through a device
 * @prog: an XDP program that sees them first
 * @p: the packet
 * @repeat: how many
 * @ifindex: the device
 *
 * What the program passes goes up the network stack.
 *
 * Return: as packet_run(), with what making and delivering them takes.
 */
unsigned int packet_deliver(int prog, const struct packet *p,
			    unsigned int repeat, unsigned int ifindex);

/**
 * packet_run - have an XDP program see it; bails out on another action
 * @prog: the program's descriptor
 * @p: the packet
 * @repeat: how often
 * @action: what the last run must answer
 *
 * Return: nanoseconds per run, the test run's own included. Where the clock
 * counts instructions, that is how many there were.
 */
unsigned int packet_run(int prog, const struct packet *p, unsigned int repeat,
			unsigned int action);

#endif /* EQUIC_BENCH_PACKET_H */
