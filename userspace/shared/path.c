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

/* Return: which; SHARE_VALIDATED: none. */
static size_t find_validated(struct equic_share *s, const ngtcp2_path *path)
{
	size_t i = 0;

	while (i < SHARE_VALIDATED && !is_known(path, &s->path.validated[i].ends))
		i++;
	return i;
}

/* The last one is the first. */
static void remember(struct equic_share *s, struct share_ends ends, uint64_t at)
{
	const ngtcp2_path path = path_between(&ends);
	struct share_validated *known = s->path.validated;
	size_t i = find_validated(s, &path);

	if (i < SHARE_VALIDATED)
		at = most(at, known[i].at);
	i = least(i, SHARE_VALIDATED - 1);
	memmove(known + 1, known, i * sizeof(*known));
	known[0] = (struct share_validated){ .ends = ends, .at = at };
}

/*
 * Since 1.13 ngtcp2 does not look again at paths that it has left: the last ones, for
 * ten minutes. So many are remembered here at least, and longer: where it does not ask,
 * nobody will answer. An address that was somebody's an hour ago may be another's
 * (RFC 9000, 9.3).
 */
#define REMEMBERED_NS (660 * NGTCP2_SECONDS)

static bool is_recent(const struct equic_share *s, uint64_t at)
{
	return s->now - at < REMEMBERED_NS;
}

static bool was_there(struct equic_share *s, const ngtcp2_path *path)
{
	size_t i = find_validated(s, path);

	return i < SHARE_VALIDATED && is_recent(s, s->path.validated[i].at);
}

static void set_asks(struct share_path *p)
{
	p->asks = p->unvalidated || p->wandering || p->preferred;
}

void share_path_prefers(struct equic_share *s)
{
	s->path.preferred = ngtcp2_conn_is_server(s->conn) &&
		ngtcp2_conn_get_local_transport_params(s->conn)->preferred_addr_present;
	set_asks(&s->path);
}

void share_path_sent(struct equic_share *s, const uint8_t *payload, size_t len,
		     size_t size)
{
	struct frame frame = { 0 };
	struct share_challenge *c;

	while (frame_next(payload, len, frame.end, &frame) > 0) {
		if (frame.type != FRAME_PATH_CHALLENGE)
			continue;
		c = &s->path.challenges[s->path.challenged++ % SHARE_CHALLENGES];
		*c = (struct share_challenge){
			.at = s->now, .whole = size >= SHARE_DATAGRAM_MIN,
		};
		memcpy(c->data, payload + frame.content, sizeof(c->data));
		s->path.asking++;
		s->path.asked = true;
	}
}

void share_path_asked(struct equic_share *s, const ngtcp2_path *path)
{
	unsigned int i, n = least(s->path.asking, SHARE_CHALLENGES);

	s->path.asking = 0;
	for (i = s->path.challenged - n; path && i != s->path.challenged; i++)
		s->path.challenges[i % SHARE_CHALLENGES].ends = ends_of(path);
}

/* One answer says that once. */
static void answered(struct equic_share *s, struct share_challenge *c)
{
	const ngtcp2_path path = path_between(&c->ends);

	if (is_between(&path, &s->path.ends))
		s->path.unvalidated = false;
	if (c->whole)
		s->path.wandering = false;
	set_asks(&s->path);
	remember(s, c->ends, c->at);
	c->ends.remote_len = 0;
}

void share_path_received(struct equic_share *s, const uint8_t *payload, size_t len)
{
	struct frame frame = { 0 };
	struct share_challenge *c;

	while (frame_next(payload, len, frame.end, &frame) > 0)
		for (c = s->path.challenges; c < s->path.challenges + SHARE_CHALLENGES &&
		     frame.type == FRAME_PATH_RESPONSE; c++)
			if (c->ends.remote_len && is_recent(s, c->at) &&
			    !memcmp(c->data, payload + frame.content, sizeof(c->data)))
				answered(s, c);
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

/*
 * Where the stack goes back to when nobody answers: where it was before it began to ask,
 * if it does. An answer to a question that was shorter than 1200 bytes, as there was no
 * room for more, does not end that (RFC 9000, 8.2.1). When the peer comes back to there
 * it is not asked.
 */
static bool is_fallback(struct equic_share *s, const ngtcp2_path *path)
{
	return s->path.wandering && s->path.asked && is_known(path, &s->path.fallback);
}

static void wander(struct equic_share *s)
{
	if (s->path.unvalidated)
		return;
	remember(s, s->path.ends, s->now);
	if (s->path.wandering && s->path.asked)
		return;
	s->path.fallback = s->path.ends;
	s->path.wandering = true;
	s->path.asked = false;
}

/* The handshake has validated the first one. A client's peer is where it was. */
static void enter_path(struct equic_share *s, const ngtcp2_path *path)
{
	bool first = !s->path.ends.remote_len, home = is_fallback(s, path);
	bool asks = !first && ngtcp2_conn_is_server(s->conn);

	if (asks)
		wander(s);
	if (!first)
		leave_path(s);
	s->path.ends = ends_of(path);
	s->path.unvalidated = asks && !home && !was_there(s, path);
	s->path.wandering &= !home;
	/* Newer ones do not ask here, and forget where they would have gone back to. */
	s->path.asked &= s->path.unvalidated;
	set_asks(&s->path);
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
