/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The module's tables, filled by packets, as a gateway's are.
 *
 * A client's first connection has its number in the SCID, other connections of a
 * client have others.
 */
#ifndef EQUIC_BENCH_TABLE_H
#define EQUIC_BENCH_TABLE_H

#include <stdbool.h>
#include <equic.h>
#include "packet.h"
#include "program.h"

/**
 * struct table - one service, its reporter, and its clients
 * @manager: handle for whatever is changed and read
 * @server: handle that reports
 * @service: the service, in its policy as it was set last
 * @ip6: its family
 * @clients: that were filled in: 0 to @clients - 1
 */
struct table {
	struct equic		*manager;
	struct equic		*server;
	struct equic_service	service;
	bool			ip6;
	unsigned int		clients;
};

/**
 * struct identity - what a server's report says of a connection
 * @peer: the client
 * @local: the service
 * @report: the report, which refers to them and to the packet
 */
struct identity {
	struct sockaddr_storage	peer;
	struct sockaddr_storage	local;
	struct equic_report	report;
};

/**
 * table_identity - make a report of what a connection's first Initial says
 * @p: the Initial, which must live as long as @who
 * @who: receives it; not to be copied
 */
void table_identity(const struct packet *p, struct identity *who);

/**
 * table_load - insert the module with room for a million, enter a namespace
 *
 * Whoever measured before in this machine left the module, with that room.
 */
void table_load(void);

/**
 * table_open - add a service that a live reporter makes enforce its quota
 * @t: receives it
 * @ip6: at the IPv6 address of frame.h, otherwise at the IPv4 address
 * @quota: connections per client
 */
void table_open(struct table *t, bool ip6, unsigned int quota);

/**
 * table_close - delete the service with all its clients
 * @t: it
 */
void table_close(struct table *t);

/**
 * table_set - change the service's quota and mode
 * @t: it
 * @quota: new quota
 * @mode: enum equic_mode
 */
void table_set(struct table *t, unsigned int quota, unsigned int mode);

/**
 * table_fill - have more clients begin a connection each
 * @t: the table
 * @programs: the gateway
 * @clients: how many there are to be; not fewer than there are
 */
void table_fill(struct table *t, struct programs *programs,
		unsigned int clients);

/**
 * table_admit - have first Initials of clients that are not there admitted
 * @t: the table
 * @programs: the gateway
 * @first: the first client's number
 * @n: how many
 *
 * Return: the cost of one, as if it were a packet that is no other each time.
 */
double table_admit(struct table *t, struct programs *programs,
		   unsigned int first, unsigned int n);

/**
 * table_establish - report a client's connection as open
 * @t: the table
 * @client: its number
 */
void table_establish(struct table *t, unsigned int client);

/**
 * table_drops - the drops that were counted
 * @t: the table
 * @reason: enum equic_drop
 *
 * Return: how many.
 */
unsigned long table_drops(struct table *t, unsigned int reason);

/**
 * table_passed - the packets that were let through
 * @t: the table
 *
 * Return: how many.
 */
unsigned long table_passed(struct table *t);

/**
 * now_ns - a clock; it counts instructions where the machine's does
 *
 * Return: nanoseconds.
 */
double now_ns(void);

#endif /* EQUIC_BENCH_TABLE_H */
