// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Where packets go, and whether the peer is there. A server believes an address at once,
 * when a packet comes from it, and sends three times what it got from there, until the
 * peer has answered (RFC 9000, 9.3): ngtcp2 keeps to that, and nobody else sends.
 */
#include <string.h>
#include "least.h"
#include "share.h"
#include "word.h"

enum { AMPLIFICATION = 3 };

/* Asked in each call: where the length is known, nothing need be called for it. */
static bool same_bytes(const void *a, const void *b, size_t len)
{
	switch (len) {
	case sizeof(struct sockaddr_in):
		return !memcmp(a, b, sizeof(struct sockaddr_in));
	case sizeof(struct sockaddr_in6):
		return !memcmp(a, b, sizeof(struct sockaddr_in6));
	default:
		return !memcmp(a, b, len);
	}
}

static bool same_address(const ngtcp2_addr *addr,
			 const ngtcp2_sockaddr_union *known, socklen_t len)
{
	return addr->addrlen == len && same_bytes(addr->addr, known, len);
}

static bool is_between(const ngtcp2_path *path, const struct share_ends *ends)
{
	return same_address(&path->local, &ends->local, ends->local_len) &&
	       same_address(&path->remote, &ends->remote, ends->remote_len);
}

/* Behind its length nothing of it need be set. */
static bool same_cid(const ngtcp2_cid *a, const ngtcp2_cid *b)
{
	return a->datalen == b->datalen && !memcmp(a->data, b->data, a->datalen);
}

static socklen_t copy_address(ngtcp2_sockaddr_union *known,
			      const ngtcp2_addr *addr)
{
	memcpy(known, addr->addr, least(addr->addrlen, sizeof(*known)));
	return addr->addrlen;
}

static struct share_ends ends_of(const ngtcp2_path *path)
{
	struct share_ends ends = { 0 };

	ends.local_len = copy_address(&ends.local, &path->local);
	ends.remote_len = copy_address(&ends.remote, &path->remote);
	return ends;
}

/* Since 1.13 ngtcp2 does not look again at paths that it knows. */
static bool was_validated(const struct equic_share *s, const ngtcp2_path *path)
{
	size_t i;

	for (i = 0; i < SHARE_VALIDATED; i++)
		if (is_between(path, &s->validated[i]))
			return true;
	return false;
}

static void remember(struct equic_share *s, const ngtcp2_path *path)
{
	if (!was_validated(s, path))
		s->validated[s->validations++ % SHARE_VALIDATED] = ends_of(path);
}

void share_validated(struct equic_share *s, const ngtcp2_path *path)
{
	remember(s, path);
	if (is_between(path, &s->path.ends))
		s->unvalidated = false;
}

/* What was known of the path says nothing of another. */
static void leave_path(struct equic_share *s)
{
	s->path_payload_max = least(s->path_payload_max, EQUIC_SHARE_PAYLOAD_DEFAULT);
	if (!s->begun)
		return;
	share_limit_payload(s);
	share_follow_payload(s);
	recovery_path(s->recovery, s->now);
}

/* The handshake has validated the first one. A client's peer is where it was. */
static void enter_path(struct equic_share *s, const ngtcp2_path *path)
{
	bool first = !s->path.ends.remote_len;

	if (!first)
		leave_path(s);
	else
		remember(s, path);
	s->path.ends = ends_of(path);
	s->unvalidated = ngtcp2_conn_is_server(s->conn) && !was_validated(s, path);
	s->got = s->sent = 0;
}

void share_got(struct equic_share *s, const ngtcp2_path *path, size_t len)
{
	if (is_between(path, &s->path.ends))
		s->got += len;
}

size_t share_unvalidated_room(const struct equic_share *s)
{
	return AMPLIFICATION * s->got - least(s->sent, AMPLIFICATION * s->got);
}

bool share_follow_path(struct equic_share *s)
{
	const ngtcp2_path *path = ngtcp2_conn_get_path(s->conn);
	const ngtcp2_cid *dcid = ngtcp2_conn_get_dcid(s->conn);
	bool same = is_between(path, &s->path.ends);

	if (same && same_cid(dcid, &s->path.dcid))
		return false;
	if (s->begun)
		number_stop(s->memory);
	s->path_given = false;
	s->path.dcid = *dcid;
	if (!same)
		enter_path(s, path);
	return true;
}
