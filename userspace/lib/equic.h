/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libequic - QUIC quotas at the driver, for servers and for operators.
 *
 * Its parts, which are all included here:
 *  - equic_handle.h: handles, errors, addresses;
 *  - equic_manage.h: services, clients, connections, counters, events. Synchronous;
 *    what equic(8) uses;
 *  - equic_attach.h: attaching the gateway program to interfaces;
 *  - equic_report.h: a server tells which connections it accepted, opened and ended.
 *    Never blocks, one system call per batch, harmless without the module;
 *  - equic_paper.h: the calls of the 2021 paper.
 *
 * Results: 0 or a negative errno, unless a function says otherwise. The words
 * that belong to an error, the kernel's own where it gave some, are kept in the
 * handle: equic_strerror(). The library prints nothing, ends no process and
 * keeps no state outside its handles, with one exception that the signature of
 * a signal handler demands: see equic_sigint_callback().
 *
 * Threads: a handle has one mutex; any thread may use it. Callbacks run in the
 * thread that called the library. During a list or an event callback the handle
 * is in use: calling it from there gives -EDEADLK. A @resync and a @report_done
 * callback may (and should) call the reporting functions.
 *
 * Processes: descriptors are close-on-exec, a handle belongs to the process that
 * opened it. After fork() every call of the child gives -EOWNERDEAD, except
 * equic_close(), which the child should call: a copy of the reporting socket
 * that lives on in a child keeps the parent's connections counted after the
 * parent died.
 *
 * Errors that any function can give, and that are not repeated below:
 *	-EINVAL		an argument makes no sense; the error text says which
 *	-EOWNERDEAD	the handle belongs to the parent process
 *	-EDEADLK	called from a callback that holds the handle
 *	-ENOMEM
 * and every management function:
 *	-ENOPKG		the module is not loaded: "modprobe equic"
 *	-EPERM		CAP_NET_ADMIN is missing
 *	-EOPNOTSUPP	the loaded module does not know the command
 *
 * Structs with a member size grow at their end only: set it to sizeof, zero the
 * rest (EQUIC_INIT() does both). Structs handed to a callback are valid until it
 * returns.
 *
 * Ports are in host byte order here, addresses in network byte order.
 */
#ifndef _EQUIC_H
#define _EQUIC_H

#include <equic_handle.h>
#include <equic_manage.h>
#include <equic_attach.h>
#include <equic_report.h>
#include <equic_paper.h>

#endif /* _EQUIC_H */
