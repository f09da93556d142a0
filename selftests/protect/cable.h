/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two namespaces and a cable, with a program at its near end.
 *
 *	near                    far
 *	near0 192.0.2.1 ------- far0 192.0.2.2
 *
 * Checksums are computed in software: what is wrong with one is noticed.
 */
#ifndef EQUIC_SELFTESTS_PROTECT_CABLE_H
#define EQUIC_SELFTESTS_PROTECT_CABLE_H

#include <stdbool.h>

struct bpf_program;

enum { CABLE_PORT = 4433 };

enum cable_where {
	CABLE_XDP_NATIVE,
	CABLE_XDP_GENERIC,
	CABLE_TC_INGRESS,
	CABLE_TC_EGRESS,
	__CABLE_WHERE_MAX
};

/* Namespaces, as descriptors. */
extern int cable_near, cable_far;

/**
 * cable_lay - make the namespaces; this process stays in the near one
 */
void cable_lay(void);

/**
 * cable_lay_nics - the same, with the machine's two network devices at the ends
 */
void cable_lay_nics(void);

/**
 * cable_take_nics - have them as they were
 */
void cable_take_nics(void);

/**
 * cable_enter - go to a namespace
 * @ns: %cable_near or %cable_far
 */
void cable_enter(int ns);

/**
 * cable_command - run a command in the namespace that this process is in
 * @command: for the shell; bails out when it fails
 */
void cable_command(const char *command);

/**
 * cable_attach - have a program at the near end, or none
 * @where: where in it
 * @prog: the program; NULL: none any more
 */
void cable_attach(enum cable_where where, const struct bpf_program *prog);

/**
 * cable_socket - a UDP socket, bound to %CABLE_PORT
 * @ns: in which namespace
 *
 * Return: the socket, which waits ten seconds and no longer.
 */
int cable_socket(int ns);

/**
 * cable_send - send a datagram to the other end, in two pieces perhaps
 * @fd: a socket of cable_socket()
 * @ns: the namespace of it
 * @data: the datagram
 * @len: its length
 * @first: bytes of it that come first; the rest is behind the linear part
 */
void cable_send(int fd, int ns, const void *data, int len, int first);

/**
 * cable_where_name - in words
 * @where: where in the near end
 */
const char *cable_where_name(enum cable_where where);

#endif /* EQUIC_SELFTESTS_PROTECT_CABLE_H */
