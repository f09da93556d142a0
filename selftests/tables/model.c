// SPDX-License-Identifier: GPL-2.0-only
/* See model.h. */
#include <errno.h>
#include <string.h>
#include "ktap.h"
#include "model.h"

enum {
	PENDING	= 1 << EQUIC_CONN_STATE_PENDING,
	OPEN	= 1 << EQUIC_CONN_STATE_OPEN,
};

#define each_conn(m, conn)						\
	for (conn = (m)->conns; conn < (m)->conns + MODEL_CONNS; conn++) \
		if (conn->there)

struct in6_addr model_fold(const struct model *m, int service,
			   const struct in6_addr *addr)
{
	struct in6_addr folded = *addr;
	int i;

	if (IN6_IS_ADDR_V4MAPPED(addr))
		return folded;
	for (i = m->services[service].prefix_len; i < 128; i++)
		folded.s6_addr[i / 8] &= ~(0x80 >> i % 8);
	return folded;
}

static bool same_endpoint(const struct endpoint *a, const struct endpoint *b)
{
	return a->port == b->port && addr_equal(&a->addr, &b->addr);
}

unsigned int model_count(const struct model *m, int service,
			 const struct in6_addr *client, int state)
{
	const struct model_conn *conn;
	unsigned int n = 0;

	each_conn(m, conn)
		n += conn->service == service && conn->state == state &&
		     (!client || addr_equal(&conn->client, client));
	return n;
}

unsigned int model_conns(const struct model *m)
{
	const struct model_conn *conn;
	unsigned int n = 0;

	each_conn(m, conn)
		n++;
	return n;
}

unsigned int model_owners(const struct model *m, int service)
{
	unsigned int n = 0;
	int i;

	for (i = 0; i < MODEL_OWNERS; i++)
		n += m->services[service].reporter[i];
	return n;
}

static unsigned int charged(const struct model *m, int service,
			    const struct in6_addr *client)
{
	return model_count(m, service, client, EQUIC_CONN_STATE_PENDING) +
	       model_count(m, service, client, EQUIC_CONN_STATE_OPEN);
}

static bool has_room(const struct model *m, int service,
		     const struct in6_addr *client, bool counting)
{
	unsigned int n = charged(m, service, client);
	const struct model_conn *conn;

	if (counting)
		each_conn(m, conn)
			n -= conn->service == service && conn->over &&
			     addr_equal(&conn->client, client);
	return n < m->services[service].quota;
}

static bool counts(const struct model *m, int service)
{
	const struct model_service *svc = &m->services[service];

	return svc->mode == EQUIC_MODE_COUNT ||
	       (!model_owners(m, service) &&
		svc->no_owner == EQUIC_NO_OWNER_COUNT);
}

static struct in6_addr *find_over(struct model_service *svc,
				  const struct in6_addr *client)
{
	int i;

	for (i = 0; i < svc->nr_over; i++)
		if (addr_equal(&svc->over[i], client))
			return &svc->over[i];
	return NULL;
}

bool model_is_over(const struct model *m, int service,
		   const struct in6_addr *client)
{
	return find_over((struct model_service *)&m->services[service], client);
}

static void mark(struct model *m, int service, const struct in6_addr *client)
{
	struct model_service *svc = &m->services[service];

	if (!find_over(svc, client))
		svc->over[svc->nr_over++] = *client;
}

void model_requote(struct model *m, int service)
{
	struct model_service *svc = &m->services[service];
	int i;

	for (i = 0; i < svc->nr_over; i++)
		if (charged(m, service, &svc->over[i]) < svc->quota)
			svc->over[i--] = svc->over[--svc->nr_over];
}

static void end(struct model *m, struct model_conn *conn)
{
	conn->there = false;
	model_requote(m, conn->service);
}

static bool has_dcid(const struct model_conn *conn, __u64 dcid)
{
	int i;

	for (i = 0; i < conn->nr_dcids; i++)
		if (conn->dcids[i] == dcid)
			return true;
	return false;
}

static bool may_learn(const struct model_conn *conn)
{
	return !conn->known_dcids && conn->nr_dcids < MODEL_DCIDS &&
	       conn->state == EQUIC_CONN_STATE_PENDING;
}

static bool is_handshake(const struct model_conn *conn, int service,
			 const struct endpoint *peer, __u64 scid)
{
	return conn->handshake && conn->service == service &&
	       conn->scid == scid && same_endpoint(&conn->peer, peer);
}

static bool reporters(const struct model_conn *conn, int owner)
{
	return conn->owner == MODEL_NOBODY || conn->owner == owner;
}

static bool has_cid(const struct model_conn *conn, __u64 cid)
{
	int i;

	for (i = 0; i < conn->nr_cids; i++)
		if (conn->cids[i] == cid)
			return true;
	return false;
}

enum how { HAS_DCID, HAS_CID, MAY_LEARN };

/* The youngest handshake that has that DCID, or that may get it and now does. */
static struct model_conn *find(struct model *m, int service,
			       const struct endpoint *peer, __u64 dcid,
			       __u64 scid, enum how how)
{
	struct model_conn *conn, *found = NULL;

	each_conn(m, conn)
		if (is_handshake(conn, service, peer, scid) &&
		    (how == HAS_DCID ? has_dcid(conn, dcid) :
		     how == HAS_CID ? has_cid(conn, dcid) : may_learn(conn)) &&
		    (!found || conn->number > found->number))
			found = conn;
	if (found && how == MAY_LEARN)
		found->dcids[found->nr_dcids++] = dcid;
	return found;
}

static struct model_conn *make(struct model *m, int service,
			       const struct endpoint *peer, bool handshake,
			       __u64 dcid, __u64 scid)
{
	struct model_conn *conn;

	for (conn = m->conns; conn->there; conn++)
		if (conn == m->conns + MODEL_CONNS - 1)
			ktap_bail("the model is too small");
	*conn = (struct model_conn) {
		.there = true, .service = service, .owner = MODEL_NOBODY,
		.peer = *peer, .moved = *peer, .handshake = handshake,
		.client = model_fold(m, service, &peer->addr), .scid = scid,
		.dcids = { dcid }, .nr_dcids = handshake,
		.state = EQUIC_CONN_STATE_PENDING, .number = ++m->number,
	};
	return conn;
}

/* Admission. @known becomes what was known already, or NULL. */
static bool admit(struct model *m, int service, const struct endpoint *peer,
		  __u64 dcid, __u64 scid, bool counting,
		  struct model_conn **known)
{
	struct in6_addr client = model_fold(m, service, &peer->addr);
	enum how how;

	*known = NULL;
	for (how = HAS_DCID; how <= MAY_LEARN && !*known; how++)
		*known = find(m, service, peer, dcid, scid, how);
	if (*known)
		return true;
	if (!has_room(m, service, &client, counting)) {
		mark(m, service, &client);
		return false;
	}
	make(m, service, peer, true, dcid, scid);
	return true;
}

static bool shut_out(const struct model *m, int service,
		     const struct in6_addr *client)
{
	return m->services[service].mode == EQUIC_MODE_ALL &&
	       !counts(m, service) && model_is_over(m, service, client) &&
	       !has_room(m, service, client, false);
}

int model_initial(struct model *m, int service, const struct endpoint *peer,
		  __u64 dcid, __u64 scid)
{
	struct in6_addr client = model_fold(m, service, &peer->addr);
	bool counting = counts(m, service);
	struct model_conn *known;

	if (!m->services[service].there)
		return EQUIC_DROP_NONE;
	if (shut_out(m, service, &client))
		return EQUIC_DROP_CLIENT_OVER;
	if (admit(m, service, peer, dcid, scid, counting, &known) || counting)
		return EQUIC_DROP_NONE;
	return EQUIC_DROP_QUOTA;
}

int model_zero_rtt(struct model *m, int service, const struct endpoint *peer,
		   __u64 dcid, __u64 scid)
{
	struct in6_addr client = model_fold(m, service, &peer->addr);

	if (!m->services[service].there)
		return EQUIC_DROP_NONE;
	if (shut_out(m, service, &client))
		return EQUIC_DROP_CLIENT_OVER;
	if (counts(m, service) || !model_is_over(m, service, &client) ||
	    has_room(m, service, &client, false) ||
	    find(m, service, peer, dcid, scid, HAS_DCID))
		return EQUIC_DROP_NONE;
	return EQUIC_DROP_ZERO_RTT;
}

int model_short(struct model *m, int service, const struct endpoint *peer)
{
	struct in6_addr client = model_fold(m, service, &peer->addr);

	return m->services[service].there && shut_out(m, service, &client) ?
	       EQUIC_DROP_CLIENT_OVER : EQUIC_DROP_NONE;
}

int model_charge(struct model *m, int service, const struct endpoint *peer,
		 __u64 dcid, __u64 scid)
{
	struct model_conn *known;

	if (!m->services[service].there)
		return -ENOENT;
	return admit(m, service, peer, dcid, scid, false, &known) ? 0 : -EDQUOT;
}

int model_release(struct model *m, int service, const struct endpoint *peer,
		  __u64 dcid, __u64 scid)
{
	struct model_conn *conn;

	if (!m->services[service].there)
		return -ENOENT;
	conn = find(m, service, peer, dcid, scid, HAS_DCID);
	if (!conn)
		return -ENOENT;
	if (conn->owner != MODEL_NOBODY ||
	    conn->state != EQUIC_CONN_STATE_PENDING)
		return -EBUSY;
	end(m, conn);
	return 0;
}

static struct model_conn *find_id(struct model *m, int owner, __u32 id)
{
	struct model_conn *conn;

	each_conn(m, conn)
		if (id && conn->owner == owner && conn->id == id)
			return conn;
	return NULL;
}

/* By its CIDs: with that DCID, or the youngest that may have it. */
static struct model_conn *find_reported(struct model *m,
					const struct model_report *r)
{
	struct model_conn *conn, *found = NULL;

	each_conn(m, conn) {
		bool better = !found || conn->number > found->number;

		if (!is_handshake(conn, r->service, &r->peer, r->scid) ||
		    !reporters(conn, r->owner))
			continue;
		if (found && has_dcid(found, r->dcid))
			better = has_dcid(conn, r->dcid) &&
				 conn->number > found->number;
		else if (has_dcid(conn, r->dcid))
			better = true;
		else if (!may_learn(conn))
			better = false;
		if (better)
			found = conn;
	}
	return found;
}

static bool fits(const struct model_conn *conn, const struct model_report *r)
{
	if (r->peer.port && !same_endpoint(&conn->moved, &r->peer))
		return false;
	return !r->handshake || !conn->handshake ||
	       (conn->scid == r->scid && has_dcid(conn, r->dcid));
}

static struct model_conn *find_oldest(struct model *m,
				      const struct model_report *r, int owner,
				      int states)
{
	struct in6_addr client = model_fold(m, r->service, &r->peer.addr);
	struct model_conn *conn, *found = NULL;

	each_conn(m, conn)
		if (conn->service == r->service &&
		    addr_equal(&conn->client, &client) &&
		    states & 1 << conn->state && reporters(conn, owner) &&
		    (!r->id || !conn->id || conn->id == r->id) &&
		    fits(conn, r) &&
		    (!found || conn->number < found->number))
			found = conn;
	return found;
}

static struct model_conn *find_wire(struct model *m,
				    const struct model_report *r, int owner,
				    int states)
{
	struct model_conn *conn = NULL;

	if (!r->has_peer)
		return NULL;
	if (r->handshake)
		conn = find_reported(m, r);
	return conn ? conn : find_oldest(m, r, owner, states);
}

static bool is_at(const struct model_conn *conn, const struct model_report *r,
		  bool with_port)
{
	return (addr_equal(&r->peer.addr, &conn->peer.addr) &&
		(!with_port || r->peer.port == conn->peer.port)) ||
	       (addr_equal(&r->peer.addr, &conn->moved.addr) &&
		(!with_port || r->peer.port == conn->moved.port));
}

static bool names(const struct model_report *r, const struct model_conn *conn)
{
	if (!is_at(conn, r, false))
		return false;
	if (!r->handshake || !conn->handshake)
		return true;
	return r->scid == conn->scid &&
	       (is_at(conn, r, true) || has_dcid(conn, r->dcid));
}

static int add_cid(struct model_conn *conn, __u64 cid)
{
	if (has_cid(conn, cid))
		return 0;
	if (conn->nr_cids == EQUIC_CONN_CIDS_MAX)
		return -ENOSPC;
	conn->cids[conn->nr_cids++] = cid;
	return 0;
}

/* The server knows what no packet may have shown. */
static void learn_reported(struct model_conn *conn, __u64 dcid)
{
	if (conn->handshake && !has_dcid(conn, dcid) && may_learn(conn))
		conn->dcids[conn->nr_dcids++] = dcid;
}

/*
 * The CID of a report that begins a connection is the server's SCID. One too
 * many is not remembered, and the report is taken all the same.
 */
static void server_scid(struct model_conn *conn, __u64 cid)
{
	if (!cid)
		return;
	learn_reported(conn, cid);
	conn->known_dcids = true;
	add_cid(conn, cid);
}

static int bind_to(struct model *m, const struct model_report *r,
		   struct model_conn *conn, bool open)
{
	if (r->id && conn->id != r->id &&
	    (conn->id || find_id(m, r->owner, r->id)))
		return -EEXIST;
	conn->owner = r->owner;
	if (r->id)
		conn->id = r->id;
	conn->stale = false;
	if (r->handshake)
		learn_reported(conn, r->dcid);
	if (open)
		conn->state = EQUIC_CONN_STATE_OPEN;
	return 0;
}

int model_begin(struct model *m, const struct model_report *r, bool open)
{
	struct model_service *svc = &m->services[r->service];
	struct model_conn *conn;
	struct in6_addr client;
	bool room;
	int err;

	if (!svc->there)
		return -ENOENT;
	if (!r->has_peer)
		return -EINVAL;
	conn = find_id(m, r->owner, r->id);
	if (conn && conn->service != r->service)
		conn = NULL;
	if (conn && !names(r, conn))
		return -EEXIST;
	if (!conn)
		conn = find_wire(m, r, open ? r->owner : MODEL_NOBODY, PENDING);
	if (!conn) {
		if (find_id(m, r->owner, r->id))
			return -EEXIST;
		client = model_fold(m, r->service, &r->peer.addr);
		room = has_room(m, r->service, &client, true);
		conn = make(m, r->service, &r->peer, r->handshake, r->dcid,
			    r->scid);
		conn->over = !room;
	}
	err = bind_to(m, r, conn, open);
	if (err)
		return err;
	svc->reporter[r->owner] = true;
	server_scid(conn, r->cid);
	return 0;
}

int model_close(struct model *m, const struct model_report *r)
{
	struct model_conn *conn;

	if (!m->services[r->service].there)
		return -ENOENT;
	if (!r->id && !r->has_peer)
		return -EINVAL;
	if (r->id)
		conn = find_id(m, r->owner, r->id);
	else
		conn = find_wire(m, r, r->owner,
				 r->peer.port ? PENDING | OPEN : OPEN);
	if (!conn || conn->service != r->service)
		return -ENOENT;
	end(m, conn);
	return 0;
}

int model_move(struct model *m, const struct model_report *r)
{
	struct model_conn *conn;

	if (!m->services[r->service].there)
		return -ENOENT;
	if (!r->id || !r->has_peer || !r->peer.port)
		return -EINVAL;
	conn = find_id(m, r->owner, r->id);
	if (!conn || conn->service != r->service)
		return -ENOENT;
	conn->moved = r->peer;
	return 0;
}

int model_cid(struct model *m, const struct model_report *r, bool remove)
{
	struct model_conn *conn;
	int i;

	if (!m->services[r->service].there)
		return -ENOENT;
	if (!r->id || !r->cid)
		return -EINVAL;
	conn = find_id(m, r->owner, r->id);
	if (!conn || conn->service != r->service)
		return -ENOENT;
	if (!remove)
		return add_cid(conn, r->cid);
	for (i = 0; i < conn->nr_cids; i++) {
		if (conn->cids[i] == r->cid) {
			conn->cids[i] = conn->cids[--conn->nr_cids];
			return 0;
		}
	}
	return -ENOENT;
}

void model_resync(struct model *m, int service, int owner, int phase)
{
	struct model_conn *conn;

	m->services[service].reporter[owner] = true;
	each_conn(m, conn) {
		if (conn->service != service || conn->owner != owner)
			continue;
		if (phase == EQUIC_RESYNC_BEGIN)
			conn->stale = true;
		else if (conn->stale)
			end(m, conn);
	}
}

void model_owner_gone(struct model *m, int owner)
{
	struct model_conn *conn;
	int i;

	each_conn(m, conn)
		if (conn->owner == owner)
			end(m, conn);
	for (i = 0; i < MODEL_SERVICES; i++) {
		if (!m->services[i].reporter[owner])
			continue;
		m->services[i].reporter[owner] = false;
		if (!model_owners(m, i))
			model_expire(m, i);
	}
}

void model_expire(struct model *m, int service)
{
	struct model_conn *conn;

	each_conn(m, conn)
		if (conn->service == service &&
		    conn->state == EQUIC_CONN_STATE_PENDING)
			end(m, conn);
}

void model_service_del(struct model *m, int service)
{
	struct model_conn *conn;

	each_conn(m, conn)
		if (conn->service == service)
			conn->there = false;
	memset(&m->services[service].reporter, 0,
	       sizeof(m->services[service].reporter));
	m->services[service].nr_over = 0;
	m->services[service].there = false;
}
