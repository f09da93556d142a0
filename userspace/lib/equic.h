/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libequic - QUIC quotas at the driver, for servers and for operators.
 *
 * Three parts:
 *  - management: services, clients, connections, counters, events. Synchronous;
 *    what equic(8) uses;
 *  - attaching the gateway program to interfaces;
 *  - reporting: a server tells which connections it accepted, opened and ended.
 *    Never blocks, one system call per batch, harmless without the module.
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

#include <stdbool.h>
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

/* ------------------------------------------------------------ counters -- */

/* Room for reasons to come: index with enum equic_drop, enum equic_pass_attr. */
#define EQUIC_DROPS_MAX		32
#define EQUIC_PASSES_MAX	32

/**
 * struct equic_stats - counters of the namespace, of a service, of a client
 * @passed_packets: let through, for whatever reason.
 * @passed_bytes: bytes of their IP packets.
 * @dropped_packets: dropped, the sum of @drops.
 * @dropped_bytes: bytes of their IP packets.
 * @would_drop_packets: passed only for mode count, no owner or percent.
 * @admitted: connections admitted at the driver.
 * @expired: pending connections that timed out.
 * @drops: dropped packets by reason, enum equic_drop; names: equic_drop_name().
 * @passes: passed packets by peculiarity, enum equic_pass_attr; names:
 *	equic_pass_name().
 * @services: services in the table (totals only).
 * @clients: clients in the table.
 * @open: open connections.
 * @pending: pending connections.
 * @owners: live reporters.
 * @max_clients: the table's limit (totals only).
 * @max_conns: the table's limit (totals only).
 * @events_lost: events that were not sent (totals only).
 * @bypass_ms: milliseconds that the namespace's bypass still lasts,
 *	EQUIC_BYPASS_FOREVER_MS, 0: off (totals only).
 *
 * Members that do not apply are 0.
 */
struct equic_stats {
	uint64_t passed_packets;
	uint64_t passed_bytes;
	uint64_t dropped_packets;
	uint64_t dropped_bytes;
	uint64_t would_drop_packets;
	uint64_t admitted;
	uint64_t expired;
	uint64_t drops[EQUIC_DROPS_MAX];
	uint64_t passes[EQUIC_PASSES_MAX];
	uint64_t services;
	uint64_t clients;
	uint64_t open;
	uint64_t pending;
	uint64_t owners;
	uint64_t max_clients;
	uint64_t max_conns;
	uint64_t events_lost;
	uint64_t bypass_ms;
	uint64_t reserved[16];
};

/**
 * equic_stats_get - read counters
 * @eq: a handle
 * @key: a service, or NULL for the totals of the namespace (anybody may)
 * @stats: result
 *
 * Return: 0; -ENOENT: no such service.
 */
EQUIC_API int equic_stats_get(struct equic *eq, const struct equic_key *key,
			      struct equic_stats *stats);

/*
 * Names as they appear in JSON output: "quota", "client_over", …; NULL beyond
 * the last. Drops begin with 1 (enum equic_drop), passes with 1
 * (enum equic_pass_attr), idle takes one flag (enum equic_idle).
 */
EQUIC_API const char *equic_drop_name(unsigned int drop);
EQUIC_API const char *equic_pass_name(unsigned int pass);
EQUIC_API const char *equic_idle_name(unsigned int flag);
EQUIC_API const char *equic_mode_name(unsigned int mode);
EQUIC_API const char *equic_no_owner_name(unsigned int no_owner);
EQUIC_API const char *equic_default_name(unsigned int deflt);
EQUIC_API const char *equic_on_overflow_name(unsigned int on_overflow);
EQUIC_API const char *equic_conn_state_name(unsigned int state);
EQUIC_API const char *equic_event_name(unsigned int event);

/* ------------------------------------------------------------ services -- */

/**
 * enum equic_knob - the knobs of a policy
 * @EQUIC_KNOB_QUOTA: struct equic_service.quota, and so on.
 */
enum equic_knob {
	EQUIC_KNOB_QUOTA		= 1 << 0,
	EQUIC_KNOB_MODE			= 1 << 1,
	EQUIC_KNOB_NO_OWNER		= 1 << 2,
	EQUIC_KNOB_ENFORCE_PERCENT	= 1 << 3,
	EQUIC_KNOB_PENDING_TIMEOUT	= 1 << 4,
	EQUIC_KNOB_DEFAULT		= 1 << 5,
	EQUIC_KNOB_ON_OVERFLOW		= 1 << 6,
	EQUIC_KNOB_PREFIX4		= 1 << 7,
	EQUIC_KNOB_PREFIX6		= 1 << 8,
	EQUIC_KNOB_OWNER_UID		= 1 << 9,
};

/**
 * struct equic_service - a service: name, policy, state, counters
 * @size: sizeof(struct equic_service).
 * @knobs: enum equic_knob: in, which members to set (the others get their
 *	default in add, stay in set); out, which the kernel told.
 * @key: its name.
 * @quota: simultaneous connections per client, 1 … EQUIC_QUOTA_MAX, or
 *	EQUIC_QUOTA_NONE (default).
 * @pending_timeout_ms: how long an admitted handshake may stay unconfirmed,
 *	100 … 3600000, default 10000.
 * @owner_uid: who may report without CAP_NET_ADMIN; EQUIC_UID_NONE (default).
 * @mode: enum equic_mode.
 * @no_owner: enum equic_no_owner.
 * @enforce_percent: share of the clients that is enforced, 0 … 100, default 100.
 * @deflt: enum equic_default.
 * @on_overflow: enum equic_on_overflow.
 * @prefix4: length that IPv4 sources are folded to, 1 … 32, default 32.
 * @prefix6: the same for IPv6, 1 … 128, default 64.
 * @idle: state: flags of enum equic_idle; 0: the service ENFORCES.
 * @owners: state: live reporters.
 * @clients: state: clients in the table.
 * @open: state: open connections.
 * @pending: state: pending connections.
 * @bypass_ms: state: as in struct equic_stats, for this service.
 * @stats: state: counters.
 */
struct equic_service {
	size_t size;
	uint32_t knobs;
	struct equic_key key;
	uint32_t quota;
	uint32_t pending_timeout_ms;
	uint32_t owner_uid;
	uint8_t mode;
	uint8_t no_owner;
	uint8_t enforce_percent;
	uint8_t deflt;
	uint8_t on_overflow;
	uint8_t prefix4;
	uint8_t prefix6;
	uint8_t reserved;
	uint32_t idle;
	uint32_t owners;
	uint32_t clients;
	uint32_t open;
	uint32_t pending;
	uint32_t bypass_ms;
	struct equic_stats stats;
};

/**
 * equic_service_add - put a local UDP endpoint under protection
 * @eq: a handle
 * @service: key and policy
 *
 * Return: 0; -EEXIST; -ERANGE, -EINVAL: a knob out of its range.
 */
EQUIC_API int equic_service_add(struct equic *eq,
				const struct equic_service *service);

/**
 * equic_service_set - change the knobs named, while traffic runs
 * @eq: a handle
 * @service: key, and policy in the members that @knobs names
 *
 * Return: 0; -ENOENT; -EBUSY: a prefix length while clients are counted;
 * -ERANGE, -EINVAL: a knob out of its range.
 */
EQUIC_API int equic_service_set(struct equic *eq,
				const struct equic_service *service);

/**
 * equic_service_del - end the protection, with all counts
 * @eq: a handle
 * @key: the service
 *
 * Return: 0; -ENOENT.
 */
EQUIC_API int equic_service_del(struct equic *eq, const struct equic_key *key);

/**
 * equic_service_get - read one service
 * @eq: a handle
 * @key: the service
 * @service: result; set @size before
 *
 * Return: 0; -ENOENT.
 */
EQUIC_API int equic_service_get(struct equic *eq, const struct equic_key *key,
				struct equic_service *service);

/**
 * equic_service_list - every service of the namespace
 * @eq: a handle
 * @each: called for each; other than 0 ends the list
 * @user: handed to @each
 *
 * A consistent list: read again while it changes. Here @each may use the handle.
 *
 * Return: 0, what @each returned, or −errno.
 */
EQUIC_API int equic_service_list(struct equic *eq,
				 int (*each)(const struct equic_service *service,
					     void *user), void *user);

/* ----------------------------------------------- clients, connections -- */

/**
 * struct equic_filter - what to list
 * @size: sizeof(struct equic_filter).
 * @service: only of this service; port 0: of all.
 * @client: only clients inside this prefix; AF_UNSPEC: all.
 * @over: only clients that are over their quota.
 */
struct equic_filter {
	size_t size;
	struct equic_key service;
	struct equic_prefix client;
	bool over;
};

/**
 * struct equic_client - a client of a service
 * @size: sizeof(struct equic_client).
 * @service: the service.
 * @prefix: the source, folded.
 * @open: its open connections.
 * @pending: its pending connections.
 * @over: it was refused, and is not yet under its quota.
 * @stats: its counters.
 */
struct equic_client {
	size_t size;
	struct equic_key service;
	struct equic_prefix prefix;
	uint32_t open;
	uint32_t pending;
	bool over;
	struct equic_stats stats;
};

/**
 * equic_client_list - clients in the table
 * @eq: a handle
 * @filter: NULL: all
 * @each: called for each; other than 0 ends the list
 * @user: handed to @each
 *
 * Soft state: what is there throughout is listed exactly once.
 *
 * Return: 0, what @each returned, or −errno; -ENOENT: no such service.
 */
EQUIC_API int equic_client_list(struct equic *eq,
				const struct equic_filter *filter,
				int (*each)(const struct equic_client *client,
					    void *user), void *user);

/**
 * struct equic_cid - a QUIC connection ID (RFC 9000, 5.1)
 * @len: bytes used, 0 … 20.
 * @data: the bytes.
 */
struct equic_cid {
	uint8_t len;
	uint8_t data[EQUIC_CID_MAX_LEN];
};

/**
 * struct equic_conn - a connection
 * @size: sizeof(struct equic_conn).
 * @service: its service.
 * @client: the client that is charged, wherever the connection migrated.
 * @id: its reporter's id, 0: none.
 * @peer: the client's present address; AF_UNSPEC: not known.
 * @peer_port: its port, host byte order.
 * @local: the server's address; AF_UNSPEC: not known.
 * @has_odcid: @odcid is known.
 * @has_scid: @scid is known.
 * @odcid: DCID of the Initial that began it.
 * @scid: the client's own.
 * @cids: connection IDs of the server.
 * @cids_len: how many.
 * @state: enum equic_conn_state.
 * @over: it was reported above the quota.
 * @age_ms: since it was admitted or reported.
 * @owner: netlink port of its reporter, 0: none.
 * @owner_pid: process of the reporter, 0: not known.
 */
struct equic_conn {
	size_t size;
	struct equic_key service;
	struct equic_prefix client;
	uint32_t id;
	struct equic_addr peer;
	uint16_t peer_port;
	bool has_odcid;
	bool has_scid;
	struct equic_addr local;
	struct equic_cid odcid;
	struct equic_cid scid;
	struct equic_cid cids[EQUIC_CONN_CIDS_MAX];
	uint8_t cids_len;
	uint8_t state;
	bool over;
	uint64_t age_ms;
	uint32_t owner;
	uint32_t owner_pid;
};

/**
 * equic_conn_list - connections in the table
 * @eq: a handle
 * @filter: NULL: all; @over counts for nothing
 * @each: called for each; other than 0 ends the list
 * @user: handed to @each
 *
 * Without CAP_NET_ADMIN: those that a reporter of the same uid reported, of
 * services whose owner-uid it is.
 *
 * Return: 0, what @each returned, or −errno; -ENOENT: no such service.
 */
EQUIC_API int equic_conn_list(struct equic *eq, const struct equic_filter *filter,
			      int (*each)(const struct equic_conn *conn,
					  void *user), void *user);

/**
 * equic_flush - forget idle clients, zero counters; connections stay
 * @eq: a handle
 * @key: a service, or NULL for all
 *
 * Return: 0; -ENOENT.
 */
EQUIC_API int equic_flush(struct equic *eq, const struct equic_key *key);

/**
 * equic_bypass - let everything through
 * @eq: a handle
 * @key: a service, or NULL for the namespace
 * @for_ms: for how long, EQUIC_BYPASS_FOREVER_MS: until 0, which ends it
 *
 * Return: 0; -ENOENT.
 */
EQUIC_API int equic_bypass(struct equic *eq, const struct equic_key *key,
			   uint32_t for_ms);

/* -------------------------------------------------------------- events -- */

/**
 * struct equic_notice - an event
 * @size: sizeof(struct equic_notice).
 * @event: enum equic_event.
 * @service: the service it is about; key.port 0: none. EQUIC_EVENT_POLICY: with
 *	policy, see its @knobs.
 * @client: the client it is about; addr.family AF_UNSPEC: none.
 * @owner: netlink port of the reporter, 0: none.
 * @owner_pid: process of the reporter.
 * @released: connections released with it.
 * @deleted: EQUIC_EVENT_POLICY: the service was deleted.
 * @lost: events lost just before this one, in the kernel or because this reader
 *	was slow.
 * @key: id of the packet protection key it is about, 0: none
 *	(equic_packet_key.h).
 * @epoch: the key's.
 */
struct equic_notice {
	size_t size;
	uint32_t event;
	struct equic_service service;
	struct equic_prefix client;
	uint32_t owner;
	uint32_t owner_pid;
	uint32_t released;
	bool deleted;
	uint64_t lost;
	uint32_t key;
	uint32_t epoch;
};

/**
 * equic_events_fd - subscribe to events
 * @eq: a handle
 *
 * The descriptor is readable when equic_events_dispatch() has something to do;
 * it stays the handle's. It survives the module: when that comes back, so do
 * events.
 *
 * Return: a descriptor, or −errno.
 */
EQUIC_API int equic_events_fd(struct equic *eq);

/**
 * equic_events_dispatch - read events that have come; never waits
 * @eq: a handle
 * @each: called for each; other than 0 ends the reading
 * @user: handed to @each
 *
 * Return: 0, what @each returned, or −errno.
 */
EQUIC_API int equic_events_dispatch(struct equic *eq,
				    int (*each)(const struct equic_notice *notice,
						void *user), void *user);

/* ------------------------------------------------------------- attach -- */

/**
 * enum equic_xdp_mode - where the gateway program runs
 * @EQUIC_XDP_AUTO: in a request: native, else generic; in a state: not attached.
 * @EQUIC_XDP_NATIVE: in the driver.
 * @EQUIC_XDP_GENERIC: after the driver, in the network core: slower, and the
 *	packets may be GRO super-packets.
 */
enum equic_xdp_mode {
	EQUIC_XDP_AUTO,
	EQUIC_XDP_NATIVE,
	EQUIC_XDP_GENERIC,
};

EQUIC_API const char *equic_xdp_mode_name(unsigned int mode);

/**
 * enum equic_attach_flags - how to attach
 * @EQUIC_ATTACH_OWNED: the program goes with this handle (a bpf_link): for a
 *	server. Else it stays, and "ip link set dev IF xdp off" removes it
 *	("xdpgeneric off" where the driver could run it natively, but it does not).
 * @EQUIC_ATTACH_REPLACE: replace a gateway program that is there, without a gap.
 */
enum equic_attach_flags {
	EQUIC_ATTACH_OWNED	= 1 << 0,
	EQUIC_ATTACH_REPLACE	= 1 << 1,
};

/**
 * struct equic_attach_opts - how to attach
 * @size: sizeof(struct equic_attach_opts).
 * @flags: enum equic_attach_flags.
 * @mode: enum equic_xdp_mode.
 * @object: path of the BPF object. NULL: $EQUIC_BPF_PATH if the process is not
 *	set-user-ID, else the one built into the library.
 */
struct equic_attach_opts {
	size_t size;
	uint32_t flags;
	uint32_t mode;
	const char *object;
};

/**
 * equic_attach - attach the gateway program to an interface
 * @eq: a handle; the interface is looked up in its namespace
 * @ifname: name of the interface
 * @opts: NULL: auto, persistent, no replacement
 *
 * A program that is not the gateway is never replaced.
 *
 * Return: 0, or, each with words that name the remedy:
 * * -ENODEV: no such interface
 * * -EBUSY: another program is there; the text names it
 * * -EALREADY: the gateway is there, and EQUIC_ATTACH_REPLACE was not given
 * * -EOPNOTSUPP: mode native, and the driver cannot
 * * -ENOPKG: the module is not loaded
 * * -ENODATA: the module was built without BTF
 * * -ENOENT: @object does not exist
 * * -EPERM: no privilege
 * * any other: the verifier's last words are in the text
 */
EQUIC_API int equic_attach(struct equic *eq, const char *ifname,
			   const struct equic_attach_opts *opts);

/**
 * equic_detach - remove the gateway program from an interface
 * @eq: a handle
 * @ifname: name of the interface
 *
 * Return: 0; -ENODEV; -ENOENT: no program is there; -EBUSY: another program is
 * there, or the gateway belongs to a live process; the text names it.
 */
EQUIC_API int equic_detach(struct equic *eq, const char *ifname);

/**
 * struct equic_device - an interface, as attaching sees it
 * @size: sizeof(struct equic_device).
 * @ifindex: its index.
 * @name: its name.
 * @driver: driver of the device, "" when it does not say.
 * @mtu: bytes.
 * @up: administratively up.
 * @gro: generic receive offload is on: super-packets in generic mode.
 * @lro: large receive offload is on: refuses native XDP in many drivers.
 * @rx_vlan: VLAN tags are stripped by hardware: XDP does not see them.
 * @native: the driver can run XDP.
 * @native_known: @native is known from the kernel (netdev family), else guessed.
 * @frags: the driver takes multi-buffer programs: MTU over a page in native.
 * @resets: attaching in native mode stops and restarts the link of this driver,
 *	as far as known.
 * @mode: in which mode a program is attached now; EQUIC_XDP_AUTO: none is.
 * @ours: that program is the gateway.
 * @owned: it belongs to a live process (bpf_link).
 * @prog_id: its id, 0: none.
 * @prog_name: its name.
 * @would: what mode auto would choose now.
 * @why: a sentence about that choice, or about what hinders native mode.
 */
struct equic_device {
	size_t size;
	int ifindex;
	char name[16];
	char driver[32];
	uint32_t mtu;
	bool up;
	bool gro;
	bool lro;
	bool rx_vlan;
	bool native;
	bool native_known;
	bool frags;
	bool resets;
	uint32_t mode;
	bool ours;
	bool owned;
	uint32_t prog_id;
	char prog_name[16];
	uint32_t would;
	char why[160];
};

/**
 * equic_device_get - look at an interface; changes nothing
 * @eq: a handle
 * @ifname: name of the interface
 * @dev: result; set @size before
 *
 * Works without the module. Without privilege @ours is not known: then it is
 * told by @prog_name alone.
 *
 * Return: 0; -ENODEV.
 */
EQUIC_API int equic_device_get(struct equic *eq, const char *ifname,
			       struct equic_device *dev);

/**
 * equic_device_list - the interfaces of the handle's namespace
 * @eq: a handle
 * @each: called for each; other than 0 ends the list; may use the handle
 * @user: handed to @each
 *
 * Return: 0, what @each returned, or −errno.
 */
EQUIC_API int equic_device_list(struct equic *eq,
				int (*each)(const struct equic_device *dev,
					    void *user), void *user);

/* ------------------------------------------------------------ reports -- */

/**
 * enum equic_report_flags - about one report
 * @EQUIC_REPORT_ACK: tell the outcome through @report_done. Costs a message
 *	from the kernel for each; servers do without. A report that did not reach
 *	the kernel has an outcome too: -ENOPKG without the module, -ENOENT without
 *	the service, -ENOBUFS when it was lost.
 * @EQUIC_REPORT_NO_ID: with @id 0 in accepted and open: choose none. The
 *	connection is named by its identity, or by @peer alone (port 0), which
 *	confirms the client's oldest pending connection or makes an anonymous one.
 */
enum equic_report_flags {
	EQUIC_REPORT_ACK	= 1 << 0,
	EQUIC_REPORT_NO_ID	= 1 << 1,
};

/**
 * struct equic_report - a connection, as its server reports it
 * @size: sizeof(struct equic_report).
 * @id: the reporter's name for it. 0 in accepted and open: the library chooses
 *	one that no live connection of the handle has, and writes it here. 0 in
 *	close: the connection is named by its identity, or with @peer alone (port
 *	0), as the oldest that fits.
 * @flags: enum equic_report_flags.
 * @cookie: for @report_done.
 * @peer: the client's address, AF_INET or AF_INET6.
 * @local: the address that the client's packets go to; NULL: not known, which
 *	for a "*:port" service leaves the kernel to guess. Give it.
 * @odcid: DCID of the Initial that the server accepted (with a Retry of the
 *	server's own: of the Initial after it). NULL: not known.
 * @scid: the client's SCID. NULL: not known.
 * @cid: a connection ID of the server. NULL: none.
 * @odcid_len: bytes at @odcid, 0 … 20.
 * @scid_len: bytes at @scid, 0 … 20.
 * @cid_len: bytes at @cid, 0 … 20.
 *
 * Nothing is kept by reference.
 */
struct equic_report {
	size_t size;
	uint32_t id;
	uint32_t flags;
	uint64_t cookie;
	const struct sockaddr *peer;
	const struct sockaddr *local;
	const void *odcid;
	const void *scid;
	const void *cid;
	uint8_t odcid_len;
	uint8_t scid_len;
	uint8_t cid_len;
};

/*
 * The reports. Each is queued and sent by equic_submit(); a full buffer is sent
 * at once. Without the module, and until the service exists, they succeed and do
 * nothing (ids are given all the same, they are valid in a later replay).
 *
 * Return of all: 0; -EINVAL; -ENOBUFS: the queue is full, the report is lost, a
 * resync will follow; -EDESTADDRREQ: the handle was opened without a service.
 */

/**
 * equic_conn_accepted - the server made a connection of an Initial
 * @eq: a handle with a service
 * @report: @id (in, out), @peer, @local, @odcid, @scid, @cid
 *
 * Binds the pending connection to this process. Before the first packet is sent.
 */
EQUIC_API int equic_conn_accepted(struct equic *eq, struct equic_report *report);

/**
 * equic_conn_open - the handshake is confirmed
 * @eq: a handle with a service
 * @report: @id of equic_conn_accepted(); give the identity too, so that the
 *	connection counts even if its pending entry timed out
 */
EQUIC_API int equic_conn_open(struct equic *eq, struct equic_report *report);

/**
 * equic_conn_close - the connection ended
 * @eq: a handle with a service
 * @report: @id, or the identity
 *
 * The id may be chosen again afterwards. Repeated, or for a connection that
 * timed out meanwhile, it changes nothing; that is counted in
 * struct equic_report_stats.races.
 */
EQUIC_API int equic_conn_close(struct equic *eq,
			       const struct equic_report *report);

/**
 * equic_conn_move - the client validated another path
 * @eq: a handle with a service
 * @report: @id, and the new @peer, @local
 */
EQUIC_API int equic_conn_move(struct equic *eq,
			      const struct equic_report *report);

/**
 * equic_conn_cid - the server issued or retired a connection ID
 * @eq: a handle with a service
 * @report: @id, @cid
 * @add: issued, else retired
 *
 * Before the packet that carries it is sent: a client may send its next Initial
 * to it (OpenSSL does), which would count as another connection's. The kernel
 * keeps EQUIC_CONN_CIDS_MAX for each connection; more are ignored.
 */
EQUIC_API int equic_conn_cid(struct equic *eq, const struct equic_report *report,
			     bool add);

/**
 * equic_conn_resync - begin or end a replay that the caller decided on
 * @eq: a handle with a service
 * @phase: enum equic_resync
 * @report: @flags and @cookie only; NULL: its outcome is not wanted
 *
 * For a process that passes on the reports of another, whose wish to replay
 * comes with them. Queued in its place among the reports: connections of the
 * handle that were not reported again between begin and end are released by the
 * end. Who keeps its own connections waits for @resync instead.
 */
EQUIC_API int equic_conn_resync(struct equic *eq, unsigned int phase,
				const struct equic_report *report);

/**
 * equic_submit - send what is queued; never waits
 * @eq: a handle
 *
 * Once per turn of the event loop: one sendmsg(2) for up to some hundred
 * reports.
 *
 * Return: 0: nothing is left; -EAGAIN: the rest is kept, equic_fd() becomes
 * readable when it is time to try again.
 */
EQUIC_API int equic_submit(struct equic *eq);

/**
 * equic_fd - the descriptor to wait for
 * @eq: a handle
 *
 * Readable when equic_dispatch() has something to do. Stays the same for the
 * handle's life, and the handle's.
 *
 * Return: a descriptor, or −errno.
 */
EQUIC_API int equic_fd(struct equic *eq);

/**
 * equic_dispatch - read what the kernel answered; never waits
 * @eq: a handle
 *
 * Reads refusals, notices the module going and coming and the service appearing,
 * calls @resync between begin and end of the replay, calls @report_done, sends
 * the rest of the queue.
 *
 * Return: 0; -EINTR: equic_sigint_callback() or equic_sigterm_callback() ran
 * (once); any other: the last report, or declaration as a reporter, that was
 * refused since the last call, with the kernel's words: -ENOENT while there is no
 * such service, -EPERM without leave to report for it, each told once. A server
 * may log it; it need not react.
 */
EQUIC_API int equic_dispatch(struct equic *eq);

/**
 * enum equic_reporting - how far the reports get
 * @EQUIC_REPORTING_OFF: the handle has no service.
 * @EQUIC_REPORTING_NO_MODULE: the module is not loaded.
 * @EQUIC_REPORTING_REFUSED: no such service yet, or no permission to report for
 *	it; tried again each second.
 * @EQUIC_REPORTING_RESYNC: a replay is due.
 * @EQUIC_REPORTING_ON: the kernel counts the connections.
 */
enum equic_reporting {
	EQUIC_REPORTING_OFF,
	EQUIC_REPORTING_NO_MODULE,
	EQUIC_REPORTING_REFUSED,
	EQUIC_REPORTING_RESYNC,
	EQUIC_REPORTING_ON,
};

/**
 * struct equic_report_stats - what became of the reports
 * @size: sizeof(struct equic_report_stats).
 * @state: enum equic_reporting.
 * @live: connections of this handle that have an id.
 * @queued: reports waiting for equic_submit().
 * @sent: reports that the kernel took.
 * @skipped: reports made while there was no module or no service.
 * @refused: reports that the kernel refused.
 * @races: refused with -ENOENT because the connection was gone already: no error.
 * @lost: reports lost to a full queue; answers lost to a full socket.
 * @resyncs: replays made.
 */
struct equic_report_stats {
	size_t size;
	uint32_t state;
	uint32_t live;
	uint64_t queued;
	uint64_t sent;
	uint64_t skipped;
	uint64_t refused;
	uint64_t races;
	uint64_t lost;
	uint64_t resyncs;
};

/**
 * equic_report_stats_get - read them
 * @eq: a handle
 * @stats: result; set @size before
 *
 * Return: 0.
 */
EQUIC_API int equic_report_stats_get(struct equic *eq,
				     struct equic_report_stats *stats);

/* -------------------------------------------- the calls of the 2021 paper -- */

/*
 * eQUIC Gateway (Pantuza, Vieira, Vieira 2021) gave servers these calls. They
 * mean what they meant; where they ended the process they return −errno.
 */

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

#endif /* _EQUIC_H */
