/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tables must hold, computed the slow way: lists, no locks, no hashes.
 * Written from the rules of DESIGN and the ABI's comments, for services with an
 * address and clients of its family.
 */
#ifndef EQUIC_SELFTESTS_MODEL_H
#define EQUIC_SELFTESTS_MODEL_H

#include <stdbool.h>
#include "family.h"

enum {
	MODEL_SERVICES	= 3,
	MODEL_OWNERS	= 4,
	MODEL_CONNS	= 400,
	MODEL_CLIENTS	= 64,
	MODEL_DCIDS	= 3,
	MODEL_NOBODY	= -1,
};

struct model_conn {
	bool		there;
	int		service;
	int		owner;		/* or MODEL_NOBODY */
	__u32		id;
	struct endpoint	peer;		/* of its Initial */
	struct endpoint	moved;		/* where it is now */
	struct in6_addr	client;
	bool		handshake;
	__u64		scid;
	__u64		dcids[MODEL_DCIDS];
	int		nr_dcids;
	bool		known_dcids;
	__u64		cids[EQUIC_CONN_CIDS_MAX];
	int		nr_cids;
	int		state;		/* enum equic_conn_state */
	bool		over;
	bool		stale;
	__u64		number;		/* in the order of their beginning */
};

struct model_service {
	bool		there;
	struct endpoint	name;
	__u32		quota;
	int		mode;
	int		no_owner;
	int		prefix_len;
	bool		reporter[MODEL_OWNERS];
	/* Refused, not under their quota since. */
	struct in6_addr	over[MODEL_CLIENTS];
	int		nr_over;
};

/* Of a report, what it says. The numbers are CIDs; 0: not given. */
struct model_report {
	int		service;
	int		owner;
	__u32		id;
	struct endpoint	peer;		/* port 0: address alone */
	bool		has_peer;
	bool		handshake;
	__u64		dcid, scid, cid;
};

struct model {
	struct model_service	services[MODEL_SERVICES];
	struct model_conn	conns[MODEL_CONNS];
	__u64			number;
};

/* Verdicts: 0 or enum equic_drop. Nothing is dropped that only is counted. */
int model_initial(struct model *m, int service, const struct endpoint *peer,
		  __u64 dcid, __u64 scid);
int model_zero_rtt(struct model *m, int service, const struct endpoint *peer,
		   __u64 dcid, __u64 scid);
int model_short(struct model *m, int service, const struct endpoint *peer);
/* 0 or -errno. */
int model_charge(struct model *m, int service, const struct endpoint *peer,
		 __u64 dcid, __u64 scid);
int model_release(struct model *m, int service, const struct endpoint *peer,
		  __u64 dcid, __u64 scid);

/* Reports: 0 or -errno. */
int model_begin(struct model *m, const struct model_report *r, bool open);
int model_close(struct model *m, const struct model_report *r);
int model_move(struct model *m, const struct model_report *r);
int model_cid(struct model *m, const struct model_report *r, bool remove);
void model_resync(struct model *m, int service, int owner, int phase);

void model_owner_gone(struct model *m, int owner);
void model_expire(struct model *m, int service);
void model_service_del(struct model *m, int service);
/* The policy has changed. */
void model_requote(struct model *m, int service);

struct in6_addr model_fold(const struct model *m, int service,
			   const struct in6_addr *addr);
/* Counts: of a client (folded), or of all. */
unsigned int model_count(const struct model *m, int service,
			 const struct in6_addr *client, int state);
unsigned int model_owners(const struct model *m, int service);
bool model_is_over(const struct model *m, int service,
		   const struct in6_addr *client);
unsigned int model_conns(const struct model *m);

#endif /* EQUIC_SELFTESTS_MODEL_H */
