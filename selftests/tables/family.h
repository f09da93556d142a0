/* SPDX-License-Identifier: GPL-2.0-only */
/* The requests of the family, and what it answers, as structs. */
#ifndef EQUIC_SELFTESTS_FAMILY_H
#define EQUIC_SELFTESTS_FAMILY_H

#include <stdbool.h>
#include <linux/equic.h>
#include "netlink.h"

/* The longest that an expired connection may count on. */
enum { EXPIRY_SLACK_MS = 100 };

/**
 * struct endpoint - an address and a port
 * @addr: IPv4 as ::ffff:a.b.c.d; of a service, ::: any
 * @port: in the order of this machine's bytes; 0: none
 */
struct endpoint {
	struct in6_addr	addr;
	__u16		port;
};

struct cid {
	__u8	len;
	__u8	data[EQUIC_CID_MAX_LEN];
};

/**
 * struct report - about a connection
 * @service: whose it is
 * @id: the reporter's number for it, 0: none
 * @peer: its client; without an address: none is given
 * @local: likewise, the server's address
 * @odcid: DCID of the accepted Initial; NULL: not given
 * @scid: the client's; NULL: not given
 * @cid: one of the server's; NULL: not given
 * @remove: that one was retired
 */
struct report {
	const struct endpoint	*service;
	__u32			id;
	struct endpoint		peer;
	struct in6_addr		local;
	const struct cid	*odcid;
	const struct cid	*scid;
	const struct cid	*cid;
	bool			remove;
};

struct stats {
	__u64	passed;
	__u64	passed_bytes;
	__u64	dropped;
	__u64	dropped_bytes;
	__u64	would_drop;
	__u64	admitted;
	__u64	expired;
	__u64	drops[__EQUIC_DROP_MAX];
	__u64	passes[__EQUIC_A_PASS_MAX];
	__u64	services, clients, open, pending, owners;
	__u64	max_clients, max_conns, events_lost, bypass;
};

/* A service as SERVICE_GET shows it. */
struct shown {
	struct endpoint	name;
	__u32		knob[EQUIC_A_SERVICE_OWNER_UID + 1];
	__u32		idle, owners, clients, open, pending, bypass;
	struct stats	stats;
};

struct client {
	struct endpoint	service;
	struct in6_addr	addr;
	__u8		prefix_len;
	__u32		open, pending;
	bool		over;
	struct stats	stats;
};

struct conn {
	struct endpoint	service;
	__u32		id;
	struct endpoint	peer;
	struct in6_addr	local;
	struct in6_addr	client;
	__u8		state;
	__u32		owner;
	__u32		owner_pid;
	__u64		age_ms;
	bool		over;
	bool		handshake;
	struct cid	odcid, scid;
	int		cids;
};

struct in6_addr addr_of(const char *text);
struct endpoint endpoint_of(const char *addr, __u16 port);
/* Eight bytes that are the number. */
struct cid cid_of(__u64 number);
bool addr_equal(const struct in6_addr *a, const struct in6_addr *b);

void nlm_put_service(struct nlm *m, const struct endpoint *service);
void nlm_nest_service(struct nlm *m, int type, const struct endpoint *service);

/**
 * service_do - a request about a service
 * @nl: the socket
 * @cmd: SERVICE_ADD, SERVICE_SET or SERVICE_DEL
 * @service: its name
 * @...: pairs of a policy attribute and its value; 0 ends them
 *
 * Return: 0 or -errno.
 */
int service_do(struct nl *nl, int cmd, const struct endpoint *service, ...);
#define service_add(nl, service, ...) \
	service_do(nl, EQUIC_CMD_SERVICE_ADD, service, ##__VA_ARGS__, 0)
#define service_set(nl, service, ...) \
	service_do(nl, EQUIC_CMD_SERVICE_SET, service, ##__VA_ARGS__, 0)
#define service_del(nl, service) \
	service_do(nl, EQUIC_CMD_SERVICE_DEL, service, 0)
int service_get(struct nl *nl, const struct endpoint *service,
		struct shown *shown);

/* @cmd: one of the CONN commands. */
int conn_report(struct nl *nl, int cmd, const struct report *report);
#define conn_accepted(nl, ...) conn_report(nl, EQUIC_CMD_CONN_ACCEPTED, \
	&(struct report){ __VA_ARGS__ })
#define conn_open(nl, ...) conn_report(nl, EQUIC_CMD_CONN_OPEN, \
	&(struct report){ __VA_ARGS__ })
#define conn_close(nl, ...) conn_report(nl, EQUIC_CMD_CONN_CLOSE, \
	&(struct report){ __VA_ARGS__ })
#define conn_move(nl, ...) conn_report(nl, EQUIC_CMD_CONN_MOVE, \
	&(struct report){ __VA_ARGS__ })
#define conn_cid(nl, ...) conn_report(nl, EQUIC_CMD_CONN_CID, \
	&(struct report){ __VA_ARGS__ })

int resync(struct nl *nl, const struct endpoint *service, int phase);
/* @service: NULL: of everything. */
int flush(struct nl *nl, const struct endpoint *service);
int bypass(struct nl *nl, const struct endpoint *service, __u32 for_ms);
/* @service: NULL: totals. */
int stats_get(struct nl *nl, const struct endpoint *service,
	      struct stats *stats);
/* The same; bails out when it cannot be. */
struct stats stats_of(struct nl *nl, const struct endpoint *service);

/*
 * Dumps. The callers' arrays receive at most @max; the result is how many
 * there were, or -errno. @service NULL: of any; @prefix NULL: no filter.
 */
int services_dump(struct nl *nl, struct shown *shown, int max);
int clients_dump(struct nl *nl, const struct endpoint *service,
		 const struct in6_addr *prefix, int prefix_len, bool over,
		 struct client *clients, int max);
int conns_dump(struct nl *nl, const struct endpoint *service,
	       const struct in6_addr *prefix, int prefix_len,
	       struct conn *conns, int max);
/* The one client of @addr, which is folded; zero when there is none. */
struct client client_of(struct nl *nl, const struct endpoint *service,
			const struct in6_addr *addr);

#endif /* EQUIC_SELFTESTS_FAMILY_H */
