// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Where packets go, and whether the peer is there. A server believes an address at once,
 * when a packet comes from it, and sends three times what it got from there, until the
 * peer has answered (RFC 9000, 9.3): ngtcp2 keeps to that, and nobody else sends.
 */
#include <string.h>
#include "frame.h"
#include "least.h"
#include "share.h"
#include "word.h"

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

static ngtcp2_path path_between(struct share_ends *ends)
{
	return (ngtcp2_path){
		.local = { &ends->local.sa, ends->local_len },
		.remote = { &ends->remote.sa, ends->remote_len },
	};
}

static bool is_known(const ngtcp2_path *path, struct share_ends *ends)
{
	ngtcp2_path known = path_between(ends);

	return ends->remote_len && ngtcp2_path_eq(path, &known);
}

/*
 * Since 1.13 ngtcp2 does not look again at paths that it has left: the last ones, for a
 * while. So many are remembered here at least. Return: which; SHARE_VALIDATED: none.
 */
static size_t find_validated(struct equic_share *s, const ngtcp2_path *path)
{
	size_t i = 0;

	while (i < SHARE_VALIDATED && !is_known(path, &s->validated[i]))
		i++;
	return i;
}

/* The last one is the first. */
static void remember(struct equic_share *s, struct share_ends left)
{
	const ngtcp2_path path = path_between(&left);
	size_t i = least(find_validated(s, &path), SHARE_VALIDATED - 1);

	memmove(s->validated + 1, s->validated, i * sizeof(s->validated[0]));
	s->validated[0] = left;
}

void share_path_sent(struct equic_share *s, const uint8_t *payload, size_t len)
{
	struct frame frame = { 0 };

	while (frame_next(payload, len, frame.end, &frame) > 0)
		if (frame.type == FRAME_PATH_CHALLENGE)
			memcpy(&s->challenges[s->challenged++ % SHARE_CHALLENGES],
			       payload + frame.content, sizeof(s->challenges[0]));
}

void share_path_received(struct equic_share *s, const uint8_t *payload, size_t len)
{
	struct frame frame = { 0 };
	unsigned int i, n = least(s->challenged, SHARE_CHALLENGES);

	while (frame_next(payload, len, frame.end, &frame) > 0)
		for (i = 0; i < n && frame.type == FRAME_PATH_RESPONSE; i++)
			if (!memcmp(&s->challenges[i], payload + frame.content,
				    sizeof(s->challenges[i])))
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

	if (!first && !s->unvalidated)
		remember(s, s->path.ends);
	if (!first)
		leave_path(s);
	s->path.ends = ends_of(path);
	s->unvalidated = !first && ngtcp2_conn_is_server(s->conn) &&
			 find_validated(s, path) == SHARE_VALIDATED;
	s->challenged = 0;
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
