// SPDX-License-Identifier: GPL-2.0-only
/* See idle.h. */
#include "idle.h"

static int on_key(void *ctx, const struct equic_share_key *key)
{
	(void)ctx;
	(void)key;
	return 0;
}

static int on_path(void *ctx, const ngtcp2_path *path, const ngtcp2_cid *dcid)
{
	(void)ctx;
	(void)path;
	(void)dcid;
	return 0;
}

static size_t on_bytes(void *ctx, uint64_t stream, uint64_t offset, uint8_t *to,
		       size_t len)
{
	(void)ctx;
	(void)stream;
	(void)offset;
	(void)to;
	(void)len;
	return 0;
}

const struct equic_share_events idle_events = {
	.key = on_key, .path = on_path, .bytes = on_bytes,
};
