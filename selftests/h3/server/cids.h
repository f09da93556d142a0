/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef H3_SERVER_CIDS_H
#define H3_SERVER_CIDS_H

#include <ngtcp2/ngtcp2.h>

enum {
	/*
	 * Connection IDs of the server are this long, which no known client
	 * chooses for its first DCID, and begin with the worker's tag.
	 */
	CID_BYTES = 17,
	CID_TAG_BYTES = 4,
};

struct conn;
struct cid_entry;

/* Which connection a DCID belongs to. */
struct cids {
	struct cid_entry **buckets;
	uint64_t seed;	/* clients choose DCIDs: buckets must not be guessed */
};

int cids_init(struct cids *cids);
void cids_free(struct cids *cids);
/* 0 or -ENOMEM. */
int cids_add(struct cids *cids, const ngtcp2_cid *cid, struct conn *conn);
/* Forgets it if it is @conn's. */
void cids_remove(struct cids *cids, const ngtcp2_cid *cid,
		 const struct conn *conn);
struct conn *cids_find(const struct cids *cids, const uint8_t *data,
		       size_t len);

#endif /* H3_SERVER_CIDS_H */
