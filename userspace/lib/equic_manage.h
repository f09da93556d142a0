/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libequic, for operators: services, clients, connections, counters, events. What is
 * true of all functions, and the errors that any can give: equic.h.
 */
#ifndef _EQUIC_MANAGE_H
#define _EQUIC_MANAGE_H

#include <stdbool.h>
#include <equic_handle.h>

#ifdef __cplusplus
extern "C" {
#endif

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

#ifdef __cplusplus
}
#endif

#endif /* _EQUIC_MANAGE_H */
