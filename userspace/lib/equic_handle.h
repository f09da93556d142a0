/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libequic: handles, errors, and the addresses that everything is named by. What is
 * true of all functions, and the errors that any can give: equic.h.
 */
#ifndef _EQUIC_HANDLE_H
#define _EQUIC_HANDLE_H

#include <stddef.h>
#include <stdint.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <linux/equic.h>

#ifdef __cplusplus
extern "C" {
#endif

#define EQUIC_VERSION_MAJOR	0
#define EQUIC_VERSION_MINOR	1

#if defined(__GNUC__)
#define EQUIC_API __attribute__((visibility("default")))
#else
#define EQUIC_API
#endif

/* struct equic_opts opts = EQUIC_INIT(opts, .service = key); */
#define EQUIC_INIT(var, ...) { .size = sizeof(var), __VA_ARGS__ }

/**
 * struct equic - a handle
 *
 * Opaque. Made by equic_open(), ended by equic_close().
 */
struct equic;

/* ----------------------------------------------------------- addresses -- */

/**
 * struct equic_addr - an IP address, or none
 * @family: AF_INET, AF_INET6, or AF_UNSPEC for none ("any" in a service key).
 * @v4: the address for AF_INET, network byte order.
 * @v6: the address for AF_INET6. A v4-mapped address is IPv4 to the kernel.
 */
struct equic_addr {
	uint16_t family;
	uint16_t reserved;
	union {
		struct in_addr v4;
		struct in6_addr v6;
		uint8_t bytes[16];
	};
};

/**
 * struct equic_key - the name of a service
 * @addr: its address; AF_UNSPEC: any address local to the namespace, both
 *	families ("*:443").
 * @port: UDP port, host byte order, not 0.
 */
struct equic_key {
	struct equic_addr addr;
	uint16_t port;
	uint16_t reserved;
};

/**
 * struct equic_prefix - a client, or a set of clients
 * @addr: network address. AF_UNSPEC: every address.
 * @len: prefix length, 0 … 32 or 0 … 128.
 */
struct equic_prefix {
	struct equic_addr addr;
	uint8_t len;
	uint8_t reserved[3];
};

/* Bytes that are enough for any key, prefix or address as text, with the 0. */
#define EQUIC_ADDR_TEXT	64

/**
 * equic_key_parse - read "192.0.2.1:443", "[2001:db8::1]:443" or "*:443"
 * @text: a whole argument; nothing may follow
 * @key: result
 *
 * Return: 0; -EINVAL: no address; -ERANGE: no port from 1 to 65535.
 */
EQUIC_API int equic_key_parse(const char *text, struct equic_key *key);

/**
 * equic_prefix_parse - read "192.0.2.0/24", "2001:db8::/32" or one address
 * @text: a whole argument; nothing may follow
 * @prefix: result; an address alone has the full length
 *
 * Return: 0; -EINVAL: no address; -ERANGE: prefix length too large; -EDOM: bits
 * set beyond the prefix length.
 */
EQUIC_API int equic_prefix_parse(const char *text, struct equic_prefix *prefix);

/**
 * equic_key_format - the text that equic_key_parse() reads
 * @key: a key
 * @buf: result, terminated
 * @len: its size, EQUIC_ADDR_TEXT is enough
 *
 * Return: @buf.
 */
EQUIC_API char *equic_key_format(const struct equic_key *key, char *buf,
				 size_t len);

/**
 * equic_prefix_format - "192.0.2.0/24"; an address of full length without "/32"
 * @prefix: a prefix
 * @buf: result, terminated
 * @len: its size, EQUIC_ADDR_TEXT is enough
 *
 * Return: @buf.
 */
EQUIC_API char *equic_prefix_format(const struct equic_prefix *prefix, char *buf,
				    size_t len);

/**
 * equic_key_from_sockaddr - the key of a bound socket's address
 * @sa: AF_INET or AF_INET6; the wildcard address gives "*:port"
 * @key: result
 *
 * Return: 0; -EAFNOSUPPORT.
 */
EQUIC_API int equic_key_from_sockaddr(const struct sockaddr *sa,
				      struct equic_key *key);

/* ------------------------------------------------------------- handles -- */

/**
 * enum equic_open_flags - which members of struct equic_opts count
 * @EQUIC_OPEN_NETNS_FD: @netns_fd names the network namespace.
 * @EQUIC_OPEN_NETLINK_FD: @netlink_fd is the socket to use.
 */
enum equic_open_flags {
	EQUIC_OPEN_NETNS_FD	= 1 << 0,
	EQUIC_OPEN_NETLINK_FD	= 1 << 1,
};

/**
 * struct equic_opts - what equic_open() opens
 * @size: sizeof(struct equic_opts).
 * @flags: enum equic_open_flags.
 * @netns: a network namespace by its name in /run/netns, or by a path with a
 *	"/" in it. NULL: the current one.
 * @netns_fd: the same by descriptor; stays the caller's.
 * @netlink_fd: an open NETLINK_GENERIC socket, say from a privileged parent
 *	(what counts for the kernel is who opened it and who sends). It becomes the
 *	handle's: equic_close() closes it. Its namespace is the handle's; @netns and
 *	@netns_fd must not be given. Attaching works in the thread's namespace then.
 * @service: the service that this handle reports connections of. Port 0: the
 *	handle does not report. The service need not exist yet.
 * @resync: called by equic_dispatch() when the kernel knows nothing of the
 *	connections reported before: the module was loaded (again), the service
 *	was added (again), a report was lost. It reports every live connection
 *	with equic_conn_accepted() (handshake not finished) or equic_conn_open(),
 *	with the id it had. 0, or −errno to try again a second later. NULL: there
 *	is nothing to replay.
 * @report_done: called by equic_dispatch() for each report with
 *	EQUIC_REPORT_ACK, in the order of the reports: its cookie, 0 or −errno,
 *	and the kernel's words or "". NULL: not wanted.
 * @user: handed to both callbacks.
 * @queue_max: reports kept while the kernel takes none, 1 … 1048576;
 *	0: 65536. Beyond it reports are lost and a resync follows.
 */
struct equic_opts {
	size_t size;
	uint32_t flags;
	int netns_fd;
	const char *netns;
	int netlink_fd;
	uint32_t queue_max;
	struct equic_key service;
	int (*resync)(struct equic *eq, void *user);
	void (*report_done)(struct equic *eq, uint64_t cookie, int err,
			    const char *text, void *user);
	void *user;
};

/**
 * equic_open - make a handle
 * @eq: result; NULL after an error
 * @opts: NULL: management in the current namespace
 *
 * Works without the module. A handle with a service declares itself a reporter
 * at once, or as soon as module and service are there.
 *
 * Return: 0; -ENOENT: no such namespace; -EPERM: the namespace may not be
 * entered; -ENOTSOCK, -EPROTOTYPE: @netlink_fd is no generic netlink socket;
 * any error of socket(2).
 */
EQUIC_API int equic_open(struct equic **eq, const struct equic_opts *opts);

/**
 * equic_close - end a handle
 * @eq: a handle or NULL
 *
 * Sends what is queued, closes every descriptor: the kernel releases the
 * connections that the handle reported, and programs that it attached with
 * EQUIC_ATTACH_OWNED go. No other thread may be using it. After fork() the child
 * only drops its copy.
 */
EQUIC_API void equic_close(struct equic *eq);

/**
 * equic_strerror - the words for the handle's last error
 * @eq: a handle
 *
 * A sentence without its end: the kernel's own words where it gave some. Valid
 * until the handle's next call; with several threads use equic_error(). There is
 * no handle after equic_open() failed: its errors are told by strerror(3).
 *
 * Return: text, "" when the last call succeeded.
 */
EQUIC_API const char *equic_strerror(struct equic *eq);

/**
 * equic_error - copy the words for the handle's last error
 * @eq: a handle
 * @buf: result, terminated, cut short if need be
 * @len: its size
 *
 * Return: the last error, 0 or −errno.
 */
EQUIC_API int equic_error(struct equic *eq, char *buf, size_t len);

/**
 * equic_module_loaded - is the module there for this handle?
 * @eq: a handle
 *
 * Return: 1 or 0, or −errno.
 */
EQUIC_API int equic_module_loaded(struct equic *eq);

#ifdef __cplusplus
}
#endif

#endif /* _EQUIC_HANDLE_H */
