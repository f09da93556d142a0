// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cids.h"
#include "tls.h"

enum {
	CID_BUCKETS = 1 << 16,
};

struct cid_entry {
	struct cid_entry *next;
	struct conn *conn;
	ngtcp2_cid cid;
};

int cids_init(struct cids *cids)
{
	cids->buckets = calloc(CID_BUCKETS, sizeof(struct cid_entry *));
	if (!cids->buckets)
		return -ENOMEM;
	random_bytes(&cids->seed, sizeof(cids->seed));
	return 0;
}

void cids_free(struct cids *cids)
{
	size_t i;

	for (i = 0; i < CID_BUCKETS; i++) {
		while (cids->buckets[i]) {
			struct cid_entry *entry = cids->buckets[i];

			cids->buckets[i] = entry->next;
			free(entry);
		}
	}
	free(cids->buckets);
}

static struct cid_entry **cids_bucket(const struct cids *cids,
				      const uint8_t *data, size_t len)
{
	uint64_t hash = cids->seed;

	while (len--) {
		hash = (hash ^ *data++) * 0x9e3779b97f4a7c15ull;
		hash ^= hash >> 29;
	}
	return &cids->buckets[(hash >> 32) % CID_BUCKETS];
}

int cids_add(struct cids *cids, const ngtcp2_cid *cid, struct conn *conn)
{
	struct cid_entry **bucket = cids_bucket(cids, cid->data, cid->datalen);
	struct cid_entry *entry = malloc(sizeof(*entry));

	if (!entry)
		return -ENOMEM;
	entry->cid = *cid;
	entry->conn = conn;
	entry->next = *bucket;
	*bucket = entry;
	return 0;
}

void cids_remove(struct cids *cids, const ngtcp2_cid *cid,
		 const struct conn *conn)
{
	struct cid_entry **at = cids_bucket(cids, cid->data, cid->datalen);

	for (; *at; at = &(*at)->next) {
		struct cid_entry *entry = *at;

		if (entry->conn == conn && ngtcp2_cid_eq(&entry->cid, cid)) {
			*at = entry->next;
			free(entry);
			return;
		}
	}
}

struct conn *cids_find(const struct cids *cids, const uint8_t *data,
		       size_t len)
{
	struct cid_entry *entry = *cids_bucket(cids, data, len);

	for (; entry; entry = entry->next)
		if (entry->cid.datalen == len &&
		    !memcmp(entry->cid.data, data, len))
			return entry->conn;
	return NULL;
}
