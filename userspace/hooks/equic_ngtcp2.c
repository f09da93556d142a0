// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <string.h>

#include "equic_ngtcp2.h"

enum {
	/*
	 * Far above what ngtcp2 keeps: as many as the peer's
	 * active_connection_id_limit, of which it honours 8, and those being
	 * retired.
	 */
	SCIDS_MAX = 64,
};

static void addr_copy(union equic_ngtcp2_addr *dst, const ngtcp2_addr *src)
{
	size_t len = src->addrlen;

	memset(dst, 0, sizeof(*dst));
	if (len > sizeof(*dst))
		len = sizeof(*dst);
	memcpy(dst, src->addr, len);
}

static bool addr_equal(const union equic_ngtcp2_addr *a,
		       const union equic_ngtcp2_addr *b)
{
	if (a->sa.sa_family != b->sa.sa_family)
		return false;
	if (a->sa.sa_family == AF_INET)
		return a->in.sin_port == b->in.sin_port &&
		       a->in.sin_addr.s_addr == b->in.sin_addr.s_addr;
	return a->in6.sin6_port == b->in6.sin6_port &&
	       IN6_ARE_ADDR_EQUAL(&a->in6.sin6_addr, &b->in6.sin6_addr);
}

/* The connection as it began, which identifies it and its client. */
static struct equic_report identity(const struct equic_ngtcp2 *c)
{
	struct equic_report report = EQUIC_INIT(report,
		.id = c->id,
		.peer = &c->first_peer.sa,
		.local = &c->first_local.sa,
		.odcid = c->odcid.data,
		.odcid_len = c->odcid.datalen,
		.scid = c->scid.data,
		.scid_len = c->scid.datalen);

	return report;
}

/*
 * DCID of the accepted Initial. ngtcp2_conn_get_client_initial_dcid() knows it
 * only after that Initial was read; that may fail, and then must be reported.
 */
static const ngtcp2_cid *accepted_dcid(ngtcp2_conn *conn)
{
	const ngtcp2_transport_params *params =
		ngtcp2_conn_get_local_transport_params(conn);

	return params->retry_scid_present ? &params->retry_scid :
					    &params->original_dcid;
}

static int report_cid(struct equic_ngtcp2 *c, const ngtcp2_cid *cid, bool add)
{
	struct equic_report report = EQUIC_INIT(report,
		.id = c->id,
		.cid = cid->data,
		.cid_len = cid->datalen);

	return equic_conn_cid(c->eq, &report, add);
}

static int report_move(struct equic_ngtcp2 *c)
{
	struct equic_report report = EQUIC_INIT(report,
		.id = c->id,
		.peer = &c->peer.sa,
		.local = &c->local.sa);

	return equic_conn_move(c->eq, &report);
}

int equic_ngtcp2_accepted(struct equic *eq, struct equic_ngtcp2 *c,
			  ngtcp2_conn *conn, const ngtcp2_path *path)
{
	ngtcp2_cid scids[SCIDS_MAX];
	struct equic_report report;
	int ret;

	memset(c, 0, sizeof(*c));
	if (!eq)
		return 0;
	c->eq = eq;
	c->conn = conn;
	c->odcid = *accepted_dcid(conn);
	/* What the server sends to is what the client chose as its source. */
	c->scid = *ngtcp2_conn_get_dcid(conn);
	addr_copy(&c->first_peer, &path->remote);
	addr_copy(&c->first_local, &path->local);
	c->peer = c->first_peer;
	c->local = c->first_local;

	report = identity(c);
	if (ngtcp2_conn_get_scid(conn, NULL) == 1) {
		ngtcp2_conn_get_scid(conn, scids);
		report.cid = scids[0].data;
		report.cid_len = scids[0].datalen;
	}
	ret = equic_conn_accepted(eq, &report);
	c->id = report.id;
	return ret;
}

int equic_ngtcp2_confirmed(struct equic_ngtcp2 *c)
{
	struct equic_report report;
	int ret;

	if (!c->eq || c->confirmed)
		return 0;
	report = identity(c);
	ret = equic_conn_open(c->eq, &report);
	c->id = report.id;
	c->confirmed = true;
	return ret;
}

int equic_ngtcp2_cid(struct equic_ngtcp2 *c, const ngtcp2_cid *cid, bool add)
{
	return c->eq ? report_cid(c, cid, add) : 0;
}

int equic_ngtcp2_moved(struct equic_ngtcp2 *c, const ngtcp2_path *path)
{
	union equic_ngtcp2_addr peer, local;

	if (!c->eq)
		return 0;
	addr_copy(&peer, &path->remote);
	addr_copy(&local, &path->local);
	if (addr_equal(&peer, &c->peer) && addr_equal(&local, &c->local))
		return 0;
	c->peer = peer;
	c->local = local;
	c->moved = true;
	return report_move(c);
}

int equic_ngtcp2_gone(struct equic_ngtcp2 *c)
{
	struct equic_report report;
	struct equic *eq = c->eq;

	if (!eq)
		return 0;
	report = identity(c);
	c->eq = NULL;
	return equic_conn_close(eq, &report);
}

int equic_ngtcp2_replay(struct equic_ngtcp2 *c)
{
	ngtcp2_cid scids[SCIDS_MAX];
	struct equic_report report;
	size_t i, n = 0;
	int ret;

	if (!c->eq)
		return 0;
	report = identity(c);
	if (ngtcp2_conn_get_scid(c->conn, NULL) <= SCIDS_MAX)
		n = ngtcp2_conn_get_scid(c->conn, scids);
	if (n) {
		report.cid = scids[0].data;
		report.cid_len = scids[0].datalen;
	}
	if (c->confirmed)
		ret = equic_conn_open(c->eq, &report);
	else
		ret = equic_conn_accepted(c->eq, &report);
	c->id = report.id;
	for (i = 1; i < n && !ret; i++)
		ret = report_cid(c, &scids[i], true);
	if (c->moved && !ret)
		ret = report_move(c);
	return ret;
}
