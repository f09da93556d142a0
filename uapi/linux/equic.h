/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * equic - QUIC quotas at the driver: the interface between the kernel module,
 * BPF programs and user space.
 *
 * Two parts:
 *  - the generic netlink family "equic" (Documentation/netlink/specs/equic.yaml
 *    describes the same for YNL; a check keeps both equal);
 *  - struct bpf_equic_pkt and friends, which BPF programs fill for the kfuncs
 *    declared in bpf/equic_kfuncs.h.
 *
 * Ports and IPv4 addresses are in network byte order everywhere.
 */
#ifndef _UAPI_LINUX_EQUIC_H
#define _UAPI_LINUX_EQUIC_H

#include <linux/types.h>

#define EQUIC_FAMILY_NAME	"equic"
#define EQUIC_FAMILY_VERSION	1
#define EQUIC_MCGRP_EVENTS	"events"

/* RFC 9000, section 17.2: a connection ID of versions 1 and 2. */
#define EQUIC_CID_MAX_LEN	20
/* Server connection IDs remembered for one connection, the first included. */
#define EQUIC_CONN_CIDS_MAX	8
/* "quota none": no limit. A quota of 0 is refused. */
#define EQUIC_QUOTA_NONE	0xffffffff
/* "owner-uid none": only CAP_NET_ADMIN may report. */
#define EQUIC_UID_NONE		0xffffffff
#define EQUIC_QUOTA_MAX		0x7fffffff
#define EQUIC_PENDING_TIMEOUT_MIN_MS	100
#define EQUIC_PENDING_TIMEOUT_MAX_MS	3600000
#define EQUIC_PENDING_TIMEOUT_DEFAULT_MS 10000
/* "bypass on" without an end. */
#define EQUIC_BYPASS_FOREVER_MS	0xffffffff

/**
 * enum equic_mode - what happens to a client above its quota
 * @EQUIC_MODE_NEW: only what would start another connection is dropped.
 * @EQUIC_MODE_ALL: every packet of the client is dropped, from the first
 *	refused attempt until it is under its quota again (eQUIC paper,
 *	Algorithm 1).
 * @EQUIC_MODE_COUNT: nothing is dropped; what %EQUIC_MODE_NEW would have
 *	dropped is counted and reported.
 */
enum equic_mode {
	EQUIC_MODE_NEW,
	EQUIC_MODE_ALL,
	EQUIC_MODE_COUNT,
};

/**
 * enum equic_no_owner - what the quota means while nobody reports connections
 * @EQUIC_NO_OWNER_COUNT: as in %EQUIC_MODE_COUNT.
 * @EQUIC_NO_OWNER_ENFORCE: N starts per pending-timeout.
 */
enum equic_no_owner {
	EQUIC_NO_OWNER_COUNT,
	EQUIC_NO_OWNER_ENFORCE,
};

/**
 * enum equic_default - verdict for a client without an override
 * @EQUIC_DEFAULT_ALLOW: the quota decides.
 * @EQUIC_DEFAULT_DENY: every packet of it for the service is dropped.
 */
enum equic_default {
	EQUIC_DEFAULT_ALLOW,
	EQUIC_DEFAULT_DENY,
};

/**
 * enum equic_on_overflow - a new connection that finds a table full
 * @EQUIC_ON_OVERFLOW_PASS: passes uncounted (fail open).
 * @EQUIC_ON_OVERFLOW_DROP: is dropped.
 */
enum equic_on_overflow {
	EQUIC_ON_OVERFLOW_PASS,
	EQUIC_ON_OVERFLOW_DROP,
};

/**
 * enum equic_conn_state - where a connection is
 * @EQUIC_CONN_STATE_PENDING: admitted at the driver, handshake unconfirmed.
 * @EQUIC_CONN_STATE_OPEN: confirmed by its server.
 */
enum equic_conn_state {
	EQUIC_CONN_STATE_PENDING,
	EQUIC_CONN_STATE_OPEN,
};

/**
 * enum equic_idle - why a service does not enforce its quota (flags)
 * @EQUIC_IDLE_NO_QUOTA: it has none.
 * @EQUIC_IDLE_MODE_COUNT: its mode is count.
 * @EQUIC_IDLE_NO_OWNER: nobody reports its connections, and no-owner is count.
 * @EQUIC_IDLE_BYPASS: bypass is on for it, its namespace or the machine.
 * @EQUIC_IDLE_PERCENT: enforce-percent is 0.
 */
enum equic_idle {
	EQUIC_IDLE_NO_QUOTA	= 1 << 0,
	EQUIC_IDLE_MODE_COUNT	= 1 << 1,
	EQUIC_IDLE_NO_OWNER	= 1 << 2,
	EQUIC_IDLE_BYPASS	= 1 << 3,
	EQUIC_IDLE_PERCENT	= 1 << 4,
};

/**
 * enum equic_drop - why a packet was dropped
 * @EQUIC_DROP_NONE: it was not.
 * @EQUIC_DROP_QUOTA: an Initial that would have started one more connection
 *	than its client's quota.
 * @EQUIC_DROP_CLIENT_OVER: any packet of a client above its quota, mode all.
 * @EQUIC_DROP_ZERO_RTT: 0-RTT of an unknown handshake of a client at its
 *	quota: it belongs to a refused connection.
 * @EQUIC_DROP_DENIED: the service's default is deny.
 * @EQUIC_DROP_OVERFLOW: a table was full and on-overflow is drop.
 * @EQUIC_DROP_FRAGMENT: first IP fragment for the service (RFC 9000, 14).
 * @EQUIC_DROP_TRUNCATED: a long header cut short (RFC 8999, 5.1).
 * @EQUIC_DROP_CID_LENGTH: a connection ID over 20 bytes in version 1 or 2.
 * @EQUIC_DROP_SMALL_INITIAL: a client Initial in a UDP payload under
 *	1200 bytes (RFC 9000, 14.1).
 * @EQUIC_DROP_SERVER_PACKET: a packet type that only servers send (Retry).
 * @EQUIC_DROP_VERSION_ZERO: Version Negotiation, which only servers send.
 */
enum equic_drop {
	EQUIC_DROP_NONE,
	EQUIC_DROP_QUOTA,
	EQUIC_DROP_CLIENT_OVER,
	EQUIC_DROP_ZERO_RTT,
	EQUIC_DROP_DENIED,
	EQUIC_DROP_OVERFLOW,
	EQUIC_DROP_FRAGMENT,
	EQUIC_DROP_TRUNCATED,
	EQUIC_DROP_CID_LENGTH,
	EQUIC_DROP_SMALL_INITIAL,
	EQUIC_DROP_SERVER_PACKET,
	EQUIC_DROP_VERSION_ZERO,
	/* private: */
	__EQUIC_DROP_MAX
};

/**
 * enum equic_cipher - AEAD and header protection (RFC 9001, 5.3 and 5.4)
 * @EQUIC_CIPHER_AES_128_GCM: keys of 16 bytes.
 * @EQUIC_CIPHER_AES_256_GCM: keys of 32 bytes.
 * @EQUIC_CIPHER_CHACHA20_POLY1305: keys of 32 bytes.
 */
enum equic_cipher {
	EQUIC_CIPHER_AES_128_GCM,
	EQUIC_CIPHER_AES_256_GCM,
	EQUIC_CIPHER_CHACHA20_POLY1305,
};

/**
 * enum equic_level - encryption level of a key (RFC 9001, 2.1)
 * @EQUIC_LEVEL_INITIAL: long headers.
 * @EQUIC_LEVEL_ZERO_RTT: long headers.
 * @EQUIC_LEVEL_HANDSHAKE: long headers.
 * @EQUIC_LEVEL_ONE_RTT: short headers, key phases.
 */
enum equic_level {
	EQUIC_LEVEL_INITIAL,
	EQUIC_LEVEL_ZERO_RTT,
	EQUIC_LEVEL_HANDSHAKE,
	EQUIC_LEVEL_ONE_RTT,
};

/**
 * enum equic_key_use - what a key is for
 * @EQUIC_KEY_USE_OPEN: removes the protection of packets.
 * @EQUIC_KEY_USE_SEAL: protects packets, no number twice.
 */
enum equic_key_use {
	EQUIC_KEY_USE_OPEN,
	EQUIC_KEY_USE_SEAL,
};

/**
 * enum equic_event - what an event message tells
 * @EQUIC_EVENT_OVER_QUOTA: a client was refused for the first time since it
 *	was last under its quota.
 * @EQUIC_EVENT_UNDER_QUOTA: such a client is under its quota again.
 * @EQUIC_EVENT_OWNER_GONE: a reporter ended; its connections were released.
 * @EQUIC_EVENT_NO_REPORTER: it was the last one of the service.
 * @EQUIC_EVENT_OVERFLOW: a table was full.
 * @EQUIC_EVENT_POLICY: a service was added, changed or deleted, or bypass set.
 * @EQUIC_EVENT_KEY_UPDATED: a packet of its peer made the next epoch of an
 *	opening key the current one. The one after may be installed.
 * @EQUIC_EVENT_KEY_LIMIT: a key has used seven eighths of a limit.
 * @EQUIC_EVENT_KEY_SPENT: it has reached the limit and does no more.
 */
enum equic_event {
	EQUIC_EVENT_OVER_QUOTA = 1,
	EQUIC_EVENT_UNDER_QUOTA,
	EQUIC_EVENT_OWNER_GONE,
	EQUIC_EVENT_NO_REPORTER,
	EQUIC_EVENT_OVERFLOW,
	EQUIC_EVENT_POLICY,
	EQUIC_EVENT_KEY_UPDATED,
	EQUIC_EVENT_KEY_LIMIT,
	EQUIC_EVENT_KEY_SPENT,
};

/**
 * enum equic_resync - the two ends of a replay (see %EQUIC_CMD_RESYNC)
 * @EQUIC_RESYNC_BEGIN: declares the socket a reporter of the service; its
 *	connections not reported again before the end are stale.
 * @EQUIC_RESYNC_END: releases the stale ones.
 */
enum equic_resync {
	EQUIC_RESYNC_BEGIN,
	EQUIC_RESYNC_END,
};

/* A service: a local UDP endpoint. Neither address: any local one. */
enum equic_service_attr {
	EQUIC_A_SERVICE_UNSPEC,
	EQUIC_A_SERVICE_ADDR4,		/* be32 */
	EQUIC_A_SERVICE_ADDR6,		/* 16 bytes */
	EQUIC_A_SERVICE_PORT,		/* be16, not 0 */
	/* policy */
	EQUIC_A_SERVICE_QUOTA,		/* u32: 1 … or EQUIC_QUOTA_NONE */
	EQUIC_A_SERVICE_MODE,		/* u8: enum equic_mode */
	EQUIC_A_SERVICE_NO_OWNER,	/* u8: enum equic_no_owner */
	EQUIC_A_SERVICE_ENFORCE_PERCENT, /* u8: 0 … 100, share of clients */
	EQUIC_A_SERVICE_PENDING_TIMEOUT, /* u32, ms */
	EQUIC_A_SERVICE_DEFAULT,	/* u8: enum equic_default */
	EQUIC_A_SERVICE_ON_OVERFLOW,	/* u8: enum equic_on_overflow */
	EQUIC_A_SERVICE_PREFIX4,	/* u8: 1 … 32 */
	EQUIC_A_SERVICE_PREFIX6,	/* u8: 1 … 128 */
	EQUIC_A_SERVICE_OWNER_UID,	/* u32: uid or EQUIC_UID_NONE */
	/* state, read only */
	EQUIC_A_SERVICE_IDLE,		/* u32: flags of enum equic_idle */
	EQUIC_A_SERVICE_OWNERS,		/* u32: live reporters */
	EQUIC_A_SERVICE_CLIENTS,	/* u32: in the table */
	EQUIC_A_SERVICE_OPEN,		/* u32: connections */
	EQUIC_A_SERVICE_PENDING,	/* u32: connections */
	EQUIC_A_SERVICE_BYPASS,		/* u32, ms left, EQUIC_BYPASS_FOREVER_MS */
	EQUIC_A_SERVICE_STATS,		/* nest: enum equic_stats_attr */
	/* private: */
	__EQUIC_A_SERVICE_MAX
};

#define EQUIC_A_SERVICE_MAX (__EQUIC_A_SERVICE_MAX - 1)

/* A client: a source folded to the service's prefix length. */
enum equic_client_attr {
	EQUIC_A_CLIENT_UNSPEC,
	EQUIC_A_CLIENT_SERVICE,		/* nest: enum equic_service_attr, key only */
	EQUIC_A_CLIENT_ADDR4,		/* be32 */
	EQUIC_A_CLIENT_ADDR6,		/* 16 bytes */
	EQUIC_A_CLIENT_PREFIX_LEN,	/* u8; in a request: 0 … 128 */
	EQUIC_A_CLIENT_OPEN,		/* u32: connections */
	EQUIC_A_CLIENT_PENDING,		/* u32: connections */
	EQUIC_A_CLIENT_OVER,		/* flag: refused, not yet under its quota */
	EQUIC_A_CLIENT_STATS,		/* nest: enum equic_stats_attr */
	/* private: */
	__EQUIC_A_CLIENT_MAX
};

#define EQUIC_A_CLIENT_MAX (__EQUIC_A_CLIENT_MAX - 1)

/*
 * A connection. In reports it is named by its reporter's id, by its identity
 * (client address and port, DCID of the accepted Initial, client's SCID), or,
 * with the client's address alone, as the oldest that fits.
 */
enum equic_conn_attr {
	EQUIC_A_CONN_UNSPEC,
	EQUIC_A_CONN_SERVICE,		/* nest: enum equic_service_attr, key only */
	EQUIC_A_CONN_ID,		/* u32, not 0: chosen by the reporter */
	EQUIC_A_CONN_PEER4,		/* be32: the client's address */
	EQUIC_A_CONN_PEER6,		/* 16 bytes */
	EQUIC_A_CONN_PEER_PORT,		/* be16 */
	EQUIC_A_CONN_LOCAL4,		/* be32: the server's address */
	EQUIC_A_CONN_LOCAL6,		/* 16 bytes */
	EQUIC_A_CONN_ODCID,		/* 0 … 20 bytes */
	EQUIC_A_CONN_SCID,		/* 0 … 20 bytes: the client's */
	EQUIC_A_CONN_CID,		/* 0 … 20 bytes: one of the server's; repeats in dumps */
	EQUIC_A_CONN_CID_REMOVE,	/* flag: EQUIC_CMD_CONN_CID removes */
	EQUIC_A_CONN_STATE,		/* u8: enum equic_conn_state */
	EQUIC_A_CONN_AGE,		/* uint, ms since admitted or reported */
	EQUIC_A_CONN_OWNER,		/* u32: netlink port of the reporter */
	EQUIC_A_CONN_OWNER_PID,		/* u32: process that began reporting */
	EQUIC_A_CONN_OVER,		/* flag: was reported above the quota */
	EQUIC_A_CONN_CLIENT4,		/* be32: the client charged, folded */
	EQUIC_A_CONN_CLIENT6,		/* 16 bytes */
	EQUIC_A_CONN_CLIENT_PREFIX_LEN,	/* u8 */
	/* private: */
	__EQUIC_A_CONN_MAX
};

#define EQUIC_A_CONN_MAX (__EQUIC_A_CONN_MAX - 1)

enum equic_resync_attr {
	EQUIC_A_RESYNC_UNSPEC,
	EQUIC_A_RESYNC_SERVICE,		/* nest: enum equic_service_attr, key only */
	EQUIC_A_RESYNC_PHASE,		/* u8: enum equic_resync */
	/* private: */
	__EQUIC_A_RESYNC_MAX
};

#define EQUIC_A_RESYNC_MAX (__EQUIC_A_RESYNC_MAX - 1)

/*
 * A key, which opens or seals the packets of one connection at one level. It
 * belongs to the socket that added it, and goes with it. What it is made of is
 * never given back.
 */
enum equic_key_attr {
	EQUIC_A_KEY_UNSPEC,
	EQUIC_A_KEY_ID,			/* u32, not 0: its handle in programs */
	EQUIC_A_KEY_USE,		/* u8: enum equic_key_use */
	EQUIC_A_KEY_LEVEL,		/* u8: enum equic_level */
	EQUIC_A_KEY_CIPHER,		/* u8: enum equic_cipher */
	EQUIC_A_KEY_EPOCH,		/* u32: key updates before; 0 but for 1-RTT */
	EQUIC_A_KEY_PN,			/* uint: the next number expected, or to be sealed */
	/* limits: at most, and without them, what RFC 9001, 6.6 allows */
	EQUIC_A_KEY_PACKETS_MAX,	/* uint: sealed per epoch */
	EQUIC_A_KEY_FAILURES_MAX,	/* uint: that were not authentic */
	/* secrets, in requests only */
	EQUIC_A_KEY_KEY,		/* 16 or 32 bytes */
	EQUIC_A_KEY_IV,			/* 12 bytes */
	EQUIC_A_KEY_HEADER,		/* header protection key: as long as the key */
	/* state, read only */
	EQUIC_A_KEY_EPOCHS,		/* nest: enum equic_epoch_attr; repeats, oldest first */
	EQUIC_A_KEY_FAILURES,		/* uint */
	EQUIC_A_KEY_DRIVER,		/* string: the kernel's implementation */
	EQUIC_A_KEY_FALLBACK,		/* string: while the vector unit is taken; none: the same */
	EQUIC_A_KEY_OWNER,		/* u32: netlink port of the socket */
	EQUIC_A_KEY_OWNER_PID,		/* u32 */
	/* private: */
	__EQUIC_A_KEY_MAX
};

#define EQUIC_A_KEY_MAX (__EQUIC_A_KEY_MAX - 1)

/* One epoch of a key: what comes between two key updates. */
enum equic_epoch_attr {
	EQUIC_A_EPOCH_UNSPEC,
	EQUIC_A_EPOCH_NUMBER,		/* u32 */
	EQUIC_A_EPOCH_PACKETS,		/* uint: opened, or sealed */
	EQUIC_A_EPOCH_FALLBACK,		/* uint: of them while the vector unit was taken */
	/* private: */
	__EQUIC_A_EPOCH_MAX
};

#define EQUIC_A_EPOCH_MAX (__EQUIC_A_EPOCH_MAX - 1)

/* Counters. All are uint: 4 or 8 bytes. Bytes are those of IP packets. */
enum equic_stats_attr {
	EQUIC_A_STATS_UNSPEC,
	EQUIC_A_STATS_SERVICE,		/* nest, request: key only; none: totals */
	EQUIC_A_STATS_PASSED_PACKETS,
	EQUIC_A_STATS_PASSED_BYTES,
	EQUIC_A_STATS_DROPPED_PACKETS,
	EQUIC_A_STATS_DROPPED_BYTES,
	EQUIC_A_STATS_WOULD_DROP_PACKETS, /* passed for mode count, no owner, or percent */
	EQUIC_A_STATS_ADMITTED,		/* connections admitted at the driver */
	EQUIC_A_STATS_EXPIRED,		/* pending connections that timed out */
	EQUIC_A_STATS_DROPS,		/* nest: enum equic_drop_attr */
	EQUIC_A_STATS_PASSES,		/* nest: enum equic_pass_attr */
	EQUIC_A_STATS_SERVICES,		/* totals only: in the table */
	EQUIC_A_STATS_CLIENTS,		/* in the table */
	EQUIC_A_STATS_OPEN,
	EQUIC_A_STATS_PENDING,
	EQUIC_A_STATS_OWNERS,
	EQUIC_A_STATS_MAX_CLIENTS,	/* totals only: the table's limit */
	EQUIC_A_STATS_MAX_CONNS,	/* totals only */
	EQUIC_A_STATS_EVENTS_LOST,	/* totals only */
	EQUIC_A_STATS_BYPASS,		/* u32, totals only: ms left for the namespace */
	/* private: */
	__EQUIC_A_STATS_MAX
};

#define EQUIC_A_STATS_MAX (__EQUIC_A_STATS_MAX - 1)

/* Packets dropped, by reason: the values of enum equic_drop. */
enum equic_drop_attr {
	EQUIC_A_DROP_UNSPEC,
	EQUIC_A_DROP_QUOTA,
	EQUIC_A_DROP_CLIENT_OVER,
	EQUIC_A_DROP_ZERO_RTT,
	EQUIC_A_DROP_DENIED,
	EQUIC_A_DROP_OVERFLOW,
	EQUIC_A_DROP_FRAGMENT,
	EQUIC_A_DROP_TRUNCATED,
	EQUIC_A_DROP_CID_LENGTH,
	EQUIC_A_DROP_SMALL_INITIAL,
	EQUIC_A_DROP_SERVER_PACKET,
	EQUIC_A_DROP_VERSION_ZERO,
	/* private: */
	__EQUIC_A_DROP_MAX
};

#define EQUIC_A_DROP_MAX (__EQUIC_A_DROP_MAX - 1)

/*
 * Packets passed that deserve a counter of their own. EXT_HEADERS and
 * LATER_FRAGMENT belong to no service: totals only.
 */
enum equic_pass_attr {
	EQUIC_A_PASS_UNSPEC,
	EQUIC_A_PASS_BYPASS,		/* bypass was on */
	EQUIC_A_PASS_SUPER_PACKET,	/* longer than the device's MTU: GRO or GSO */
	EQUIC_A_PASS_EXT_HEADERS,	/* more than eight IPv6 extension headers */
	EQUIC_A_PASS_LATER_FRAGMENT,	/* not the first: no ports to look at */
	EQUIC_A_PASS_UNKNOWN_VERSION,	/* neither QUIC v1 nor v2 */
	EQUIC_A_PASS_OVERFLOW,		/* a table was full, on-overflow pass */
	EQUIC_A_PASS_NO_MEMORY,		/* no memory for a connection */
	/* private: */
	__EQUIC_A_PASS_MAX
};

#define EQUIC_A_PASS_MAX (__EQUIC_A_PASS_MAX - 1)

enum equic_bypass_attr {
	EQUIC_A_BYPASS_UNSPEC,
	EQUIC_A_BYPASS_SERVICE,		/* nest, key only; none: the namespace */
	EQUIC_A_BYPASS_FOR,		/* u32, ms: 0 off, EQUIC_BYPASS_FOREVER_MS */
	/* private: */
	__EQUIC_A_BYPASS_MAX
};

#define EQUIC_A_BYPASS_MAX (__EQUIC_A_BYPASS_MAX - 1)

enum equic_flush_attr {
	EQUIC_A_FLUSH_UNSPEC,
	EQUIC_A_FLUSH_SERVICE,		/* nest, key only; none: every service */
	/* private: */
	__EQUIC_A_FLUSH_MAX
};

#define EQUIC_A_FLUSH_MAX (__EQUIC_A_FLUSH_MAX - 1)

enum equic_event_attr {
	EQUIC_A_EVENT_UNSPEC,
	EQUIC_A_EVENT_TYPE,		/* u8: enum equic_event */
	EQUIC_A_EVENT_SERVICE,		/* nest: key, and policy where it changed */
	EQUIC_A_EVENT_ADDR4,		/* be32: the client */
	EQUIC_A_EVENT_ADDR6,		/* 16 bytes */
	EQUIC_A_EVENT_PREFIX_LEN,	/* u8 */
	EQUIC_A_EVENT_OWNER,		/* u32: netlink port */
	EQUIC_A_EVENT_OWNER_PID,	/* u32 */
	EQUIC_A_EVENT_RELEASED,		/* u32: connections released with it */
	EQUIC_A_EVENT_DELETED,		/* flag: the service was deleted */
	EQUIC_A_EVENT_LOST,		/* uint: events lost before this one */
	EQUIC_A_EVENT_KEY,		/* u32: its id */
	EQUIC_A_EVENT_EPOCH,		/* u32: the key's; with EVENT_KEY */
	/* private: */
	__EQUIC_A_EVENT_MAX
};

#define EQUIC_A_EVENT_MAX (__EQUIC_A_EVENT_MAX - 1)

/**
 * enum equic_cmd - commands
 * @EQUIC_CMD_SERVICE_ADD: -EEXIST if it exists. Needs CAP_NET_ADMIN, as every
 *	other change does unless said otherwise.
 * @EQUIC_CMD_SERVICE_SET: change the knobs given. -ENOENT; -EBUSY for a prefix
 *	length while clients are counted.
 * @EQUIC_CMD_SERVICE_DEL: releases everything that belongs to it.
 * @EQUIC_CMD_SERVICE_GET: one, or dump.
 * @EQUIC_CMD_CLIENT_GET: dump, filtered by service, prefix, over.
 * @EQUIC_CMD_CONN_ACCEPTED: the server made a connection of an Initial: binds
 *	the pending connection to the reporter. Makes one if none is known.
 *	-EEXIST for an id that names another connection of the reporter: of
 *	another service, client or handshake. -ENOSPC: a table is full.
 *	This and the following CONN commands: CAP_NET_ADMIN, or owner-uid.
 * @EQUIC_CMD_CONN_OPEN: handshake confirmed. Succeeds and counts above the quota
 *	too; repeated, it changes nothing. Errors as of CONN_ACCEPTED.
 * @EQUIC_CMD_CONN_CLOSE: it ended. -ENOENT when unknown or repeated.
 * @EQUIC_CMD_CONN_MOVE: the client validated another path.
 * @EQUIC_CMD_CONN_CID: the server issued or retired a connection ID. -ENOSPC
 *	beyond EQUIC_CONN_CIDS_MAX.
 * @EQUIC_CMD_CONN_GET: dump, filtered by service, client prefix. An
 *	unprivileged reader sees the connections of services it may report for
 *	that its own uid reported.
 * @EQUIC_CMD_RESYNC: begin or end a replay; declares the socket a reporter.
 * @EQUIC_CMD_STATS_GET: totals of the namespace (anybody), or of a service.
 * @EQUIC_CMD_FLUSH: forget idle clients and zero counters; connections stay.
 * @EQUIC_CMD_BYPASS: let everything through.
 * @EQUIC_CMD_EVENT: notification in group "events" (CAP_NET_ADMIN).
 * @EQUIC_CMD_KEY_ADD: a new key; answers its id. -ENOSPC: too many; -ENOENT:
 *	the kernel lacks the cipher.
 * @EQUIC_CMD_KEY_UPDATE: key and IV of the epoch after the current one. Of an
 *	opening key it becomes current when it opens a packet, of a sealing key at
 *	once, and programs may seal with either. -EACCES: another socket's key.
 * @EQUIC_CMD_KEY_DEL: -EACCES: another socket's key.
 * @EQUIC_CMD_KEY_GET: dump.
 */
enum equic_cmd {
	EQUIC_CMD_UNSPEC,
	EQUIC_CMD_SERVICE_ADD,
	EQUIC_CMD_SERVICE_SET,
	EQUIC_CMD_SERVICE_DEL,
	EQUIC_CMD_SERVICE_GET,
	EQUIC_CMD_CLIENT_GET,
	EQUIC_CMD_CONN_ACCEPTED,
	EQUIC_CMD_CONN_OPEN,
	EQUIC_CMD_CONN_CLOSE,
	EQUIC_CMD_CONN_MOVE,
	EQUIC_CMD_CONN_CID,
	EQUIC_CMD_CONN_GET,
	EQUIC_CMD_RESYNC,
	EQUIC_CMD_STATS_GET,
	EQUIC_CMD_FLUSH,
	EQUIC_CMD_BYPASS,
	EQUIC_CMD_EVENT,
	EQUIC_CMD_KEY_ADD,
	EQUIC_CMD_KEY_UPDATE,
	EQUIC_CMD_KEY_DEL,
	EQUIC_CMD_KEY_GET,
	/* private: */
	__EQUIC_CMD_MAX
};

#define EQUIC_CMD_MAX (__EQUIC_CMD_MAX - 1)

/**
 * enum equic_pkt_type - what a parser found in a UDP datagram
 * @EQUIC_PKT_SHORT: first packet has a short header (RFC 8999, 5.2).
 * @EQUIC_PKT_INITIAL: some packet of the datagram is an Initial of v1 or v2.
 * @EQUIC_PKT_ZERO_RTT: first packet is 0-RTT, none is an Initial.
 * @EQUIC_PKT_HANDSHAKE: first packet is Handshake, none is an Initial.
 * @EQUIC_PKT_UNKNOWN_VERSION: long header of another version.
 * @EQUIC_PKT_FRAGMENT: first IP fragment; ports are known, nothing else is.
 * @EQUIC_PKT_LATER_FRAGMENT: another one; only addresses are known.
 * @EQUIC_PKT_EXT_HEADERS: the parser gave up on IPv6 extension headers.
 * @EQUIC_PKT_TRUNCATED: see %EQUIC_DROP_TRUNCATED.
 * @EQUIC_PKT_CID_LENGTH: see %EQUIC_DROP_CID_LENGTH.
 * @EQUIC_PKT_SMALL_INITIAL: see %EQUIC_DROP_SMALL_INITIAL.
 * @EQUIC_PKT_SERVER_PACKET: see %EQUIC_DROP_SERVER_PACKET.
 * @EQUIC_PKT_VERSION_ZERO: see %EQUIC_DROP_VERSION_ZERO.
 */
enum equic_pkt_type {
	EQUIC_PKT_SHORT,
	EQUIC_PKT_INITIAL,
	EQUIC_PKT_ZERO_RTT,
	EQUIC_PKT_HANDSHAKE,
	EQUIC_PKT_UNKNOWN_VERSION,
	EQUIC_PKT_FRAGMENT,
	EQUIC_PKT_LATER_FRAGMENT,
	EQUIC_PKT_EXT_HEADERS,
	EQUIC_PKT_TRUNCATED,
	EQUIC_PKT_CID_LENGTH,
	EQUIC_PKT_SMALL_INITIAL,
	EQUIC_PKT_SERVER_PACKET,
	EQUIC_PKT_VERSION_ZERO,
	/* private: */
	__EQUIC_PKT_MAX
};

/**
 * struct bpf_equic_pkt - what a parser knows of one datagram
 * @saddr: source; IPv4 in the last word, as ::ffff:a.b.c.d.
 * @daddr: destination, likewise.
 * @sport: source port.
 * @dport: destination port.
 * @type: enum equic_pkt_type.
 * @family: AF_INET or AF_INET6.
 * @len: length of the IP packet in bytes, by its own header.
 * @dcid: destination connection ID, for %EQUIC_PKT_INITIAL and
 *	%EQUIC_PKT_ZERO_RTT only. What is behind its length is undefined: compare
 *	and hash no more than that.
 * @dcid_len: bytes of @dcid, 0 … 20.
 * @scid_len: bytes of @scid, 0 … 20.
 * @reserved: must be 0.
 * @scid: source connection ID; as @dcid.
 * @payload_off: offset of the UDP payload in the packet; 0 when the packet is a
 *	fragment or its UDP header was not reached. For the steps of a program;
 *	no kfunc of this version asks for it.
 * @payload_len: bytes of the UDP payload by the UDP header, likewise.
 *
 * Grows at the end only; the kfuncs take its size.
 */
struct bpf_equic_pkt {
	__be32	saddr[4];
	__be32	daddr[4];
	__be16	sport;
	__be16	dport;
	__u8	type;
	__u8	family;
	__u16	len;
	__u8	dcid[EQUIC_CID_MAX_LEN];
	__u8	dcid_len;
	__u8	scid_len;
	__u16	reserved;
	__u8	scid[EQUIC_CID_MAX_LEN];
	__u16	payload_off;
	__u16	payload_len;
} __attribute__((aligned(8)));

/**
 * struct bpf_equic_opts - options and results of the composable kfuncs
 * @open: out: the client's open connections.
 * @pending: out: its pending connections.
 * @quota: out: its quota, %EQUIC_QUOTA_NONE if there is none.
 * @drop: out: enum equic_drop that the verdict kfunc would give an Initial
 *	that starts another connection; %EQUIC_DROP_NONE if it would pass.
 * @flags: in: none is defined, must be 0.
 * @reserved: must be 0.
 *
 * Grows at the end only; the kfuncs take its size.
 */
struct bpf_equic_opts {
	__u32	open;
	__u32	pending;
	__u32	quota;
	__u32	drop;
	__u32	flags;
	__u32	reserved;
};

/**
 * struct bpf_equic_packet - one QUIC packet to be opened or sealed
 * @pn: in, sealing: its number; out, opening.
 * @key: in: the id of a key of the device's network namespace.
 * @epoch: in, sealing: which epoch of the key; out, opening.
 * @off: in: offset of the QUIC packet in the frame.
 * @len: in: its length, the tag of 16 bytes included.
 * @pn_off: in: offset of its number in the QUIC packet.
 * @udp_off: in: offset of the UDP header in the frame, to keep its checksum
 *	right when the packet is changed in place; 0: its checksum is not touched.
 * @payload_off: out: offset of the payload in the frame, or 0 where it was
 *	written to a buffer.
 * @payload_len: out: bytes of the payload.
 * @flags: in: none is defined, must be 0.
 *
 * Grows at the end only; the kfuncs take its size.
 */
struct bpf_equic_packet {
	__u64	pn;
	__u32	key;
	__u32	epoch;
	__u32	off;
	__u32	len;
	__u16	pn_off;
	__u16	udp_off;
	__u32	payload_off;
	__u32	payload_len;
	__u32	flags;
};

#endif /* _UAPI_LINUX_EQUIC_H */
