/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libequic: eQUIC Gateway (Pantuza, Vieira, Vieira 2021) gave servers these calls. They
 * mean what they meant; where they ended the process they return −errno. What is true
 * of all functions, and the errors that any can give: equic.h.
 */
#ifndef _EQUIC_PAPER_H
#define _EQUIC_PAPER_H

#include <equic_handle.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct equic equic_t;

/**
 * equic_get_interface - look up the interface to protect
 * @eq: a handle
 * @ifname: name of the interface
 *
 * Kept in the handle for equic_load().
 *
 * Return: 0; -ENODEV.
 */
EQUIC_API int equic_get_interface(equic_t *eq, const char *ifname);

/**
 * equic_read_object - name and read the BPF object
 * @eq: a handle
 * @path: its file; NULL: as in struct equic_attach_opts
 *
 * Kept in the handle for equic_load(). Nothing is given to the kernel yet.
 *
 * Return: 0; -ENOENT, -EACCES; -ENOEXEC: no BPF object with a gateway program.
 */
EQUIC_API int equic_read_object(equic_t *eq, const char *path);

/**
 * equic_load - load the program and attach it to the interface
 * @eq: a handle after equic_get_interface(); without equic_read_object() the
 *	built-in object is used
 *
 * Attached for this process: it goes with the handle, with the process, however
 * that ends, and with the signal callbacks.
 *
 * Return: as equic_attach(); -EDESTADDRREQ: no interface was named; -ENOSPC: more
 * than 16 handles of the process did this.
 */
EQUIC_API int equic_load(equic_t *eq);

/**
 * equic_inc_counter - count one more connection of a client
 * @eq: a handle with a service
 * @client: AF_INET or AF_INET6; the port counts for nothing
 *
 * Confirms the client's oldest pending connection, or makes an anonymous open
 * one. Sent at once, with what was queued before it.
 *
 * Return: as the reports and equic_submit().
 */
EQUIC_API int equic_inc_counter(equic_t *eq, const struct sockaddr *client);

/**
 * equic_dec_counter - count one connection of a client less
 * @eq: a handle with a service
 * @client: AF_INET or AF_INET6; the port counts for nothing
 *
 * Ends the client's oldest anonymous or open connection of this handle.
 *
 * Return: as equic_inc_counter().
 */
EQUIC_API int equic_dec_counter(equic_t *eq, const struct sockaddr *client);

/**
 * equic_sigint_callback - a handler for SIGINT
 * @signum: the signal
 *
 * To be given to sigaction(2), or called from a handler of one's own. Detaches
 * what equic_load() attached in this process, and makes equic_dispatch() of those
 * handles return -EINTR, so that the server ends its loop. Async-signal-safe: it
 * closes descriptors, it does not end the process. For this the library keeps
 * those descriptors in a table outside the handles.
 */
EQUIC_API void equic_sigint_callback(int signum);

/**
 * equic_sigterm_callback - the same for SIGTERM
 * @signum: the signal
 */
EQUIC_API void equic_sigterm_callback(int signum);

#ifdef __cplusplus
}
#endif

#endif /* _EQUIC_PAPER_H */
