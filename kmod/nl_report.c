// SPDX-License-Identifier: GPL-2.0-only
/* What servers report about their connections. */
#include "client.h"
#include "conn.h"
#include "netlink.h"
#include "netns.h"
#include "owner.h"
#include "service.h"

#define CID_POLICY	{ .type = NLA_BINARY, .len = EQUIC_CID_MAX_LEN }

const struct nla_policy
equic_conn_report_policy[EQUIC_A_CONN_CID_REMOVE + 1] = {
	[EQUIC_A_CONN_SERVICE]	 = NLA_POLICY_NESTED(equic_service_key_policy),
	[EQUIC_A_CONN_ID]	 = NLA_POLICY_MIN(NLA_U32, 1),
	[EQUIC_A_CONN_PEER4]	 = { .type = NLA_BE32 },
	[EQUIC_A_CONN_PEER6]	 = NLA_POLICY_EXACT_LEN(16),
	[EQUIC_A_CONN_PEER_PORT] = { .type = NLA_BE16 },
	[EQUIC_A_CONN_LOCAL4]	 = { .type = NLA_BE32 },
	[EQUIC_A_CONN_LOCAL6]	 = NLA_POLICY_EXACT_LEN(16),
	[EQUIC_A_CONN_ODCID]	 = CID_POLICY,
	[EQUIC_A_CONN_SCID]	 = CID_POLICY,
	[EQUIC_A_CONN_CID]	 = CID_POLICY,
	[EQUIC_A_CONN_CID_REMOVE] = { .type = NLA_FLAG },
};

const struct nla_policy equic_resync_policy[EQUIC_A_RESYNC_PHASE + 1] = {
	[EQUIC_A_RESYNC_SERVICE] = NLA_POLICY_NESTED(equic_service_key_policy),
	[EQUIC_A_RESYNC_PHASE]	 = NLA_POLICY_MAX(NLA_U8, EQUIC_RESYNC_END),
};

/* A report, as far as it names the connection. */
struct report {
	struct equic_net *en;
	struct equic_service *svc;
	struct equic_owner *owner;
	u32 id;				/* 0: none was given */
	struct equic_handshake hs;
	bool has_peer;
	bool has_local;
	struct genl_info *info;
};

static void get_cid(const struct nlattr *attr, struct equic_cid *cid)
{
	memset(cid, 0, sizeof(*cid));
	if (!attr)
		return;
	cid->len = nla_len(attr);
	memcpy(cid->data, nla_data(attr), cid->len);
}

/* The 4-tuple and the CIDs. What the service's name says need not be said. */
static int get_handshake(struct report *r)
{
	struct nlattr **attrs = r->info->attrs;
	struct equic_conn_key *key = &r->hs.key;
	int ret;

	ret = equic_nl_get_addr(attrs, EQUIC_A_CONN_PEER4, EQUIC_A_CONN_PEER6,
				&key->peer, &r->has_peer, r->info->extack);
	ret = ret ?: equic_nl_get_addr(attrs, EQUIC_A_CONN_LOCAL4,
				       EQUIC_A_CONN_LOCAL6, &key->local,
				       &r->has_local, r->info->extack);
	if (ret)
		return ret;
	if (!equic_service_any(&r->svc->key)) {
		key->local = r->svc->key.addr;
		r->has_local = true;
	}
	key->local_port = r->svc->key.port;
	key->svc = r->svc->id;
	if (attrs[EQUIC_A_CONN_PEER_PORT])
		key->peer_port = nla_get_be16(attrs[EQUIC_A_CONN_PEER_PORT]);

	r->hs.present = attrs[EQUIC_A_CONN_ODCID] && attrs[EQUIC_A_CONN_SCID];
	if (!r->hs.present &&
	    (attrs[EQUIC_A_CONN_ODCID] || attrs[EQUIC_A_CONN_SCID])) {
		NL_SET_ERR_MSG(r->info->extack,
			       "odcid and scid name a handshake together: give both or none");
		return -EINVAL;
	}
	if (r->hs.present && !(r->has_peer && key->peer_port)) {
		NL_SET_ERR_MSG(r->info->extack,
			       "a handshake needs the client's address and port");
		return -EINVAL;
	}
	get_cid(attrs[EQUIC_A_CONN_ODCID], &r->hs.dcid);
	get_cid(attrs[EQUIC_A_CONN_SCID], &key->scid);
	return 0;
}

static int get_report(struct report *r, struct sk_buff *skb)
{
	struct nlattr **attrs = r->info->attrs;

	r->svc = equic_nl_report_service(r->en, attrs[EQUIC_A_CONN_SERVICE],
					 skb, r->info->extack);
	if (IS_ERR(r->svc))
		return PTR_ERR(r->svc);
	if (attrs[EQUIC_A_CONN_ID])
		r->id = nla_get_u32(attrs[EQUIC_A_CONN_ID]);
	r->owner = equic_owner_find(r->en, skb);
	return get_handshake(r);
}

/* Reads the report in @info and has @take act on it, all under the lock. */
static int take_report(struct sk_buff *skb, struct genl_info *info,
		       int (*take)(struct report *r, struct sk_buff *skb))
{
	struct report r = {
		.en = equic_net(genl_info_net(info)),
		.info = info,
	};
	int ret;

	mutex_lock(&r.en->lock);
	ret = get_report(&r, skb) ?: take(&r, skb);
	mutex_unlock(&r.en->lock);
	return ret;
}

/* The reporter's connection of this id, with a reference. */
static struct equic_conn *find_id(const struct report *r)
{
	struct equic_conn *conn;

	if (!r->id || !r->owner)
		return NULL;
	conn = equic_owner_conn(r->owner, r->id);
	if (conn && conn->key.svc != r->svc->id) {
		equic_conn_put(conn);
		return NULL;
	}
	return conn;
}

/* Is @conn, as it began or where it moved, at the report's address and port? */
static bool is_at(const struct report *r, const struct equic_conn *conn,
		  bool with_port)
{
	const struct equic_conn_key *key = &r->hs.key;

	return (ipv6_addr_equal(&conn->key.peer, &key->peer) &&
		(!with_port || conn->key.peer_port == key->peer_port)) ||
	       (ipv6_addr_equal(&conn->peer, &key->peer) &&
		(!with_port || conn->peer_port == key->peer_port));
}

/*
 * Can @conn be what the report's CIDs and addresses name? The same client may
 * have another handshake of that SCID on another port; one whose DCID is known
 * had its port changed by a NAT.
 */
static bool names(const struct report *r, const struct equic_conn *conn)
{
	if (r->has_peer && !is_at(r, conn, false))
		return false;
	if (!r->hs.present || !conn->handshake)
		return true;
	return equic_cid_equal(&conn->key.scid, &r->hs.key.scid) &&
	       (is_at(r, conn, true) || equic_conn_has_dcid(conn, &r->hs.dcid));
}

/*
 * By what is on the wire: a connection of @owner, or of nobody. @states: bits
 * of enum equic_conn_phase.
 */
static struct equic_conn *find_wire(const struct report *r,
				    const struct equic_owner *owner,
				    unsigned int states)
{
	struct equic_conn *conn;

	if (!r->has_peer)
		return NULL;
	if (r->hs.present) {
		/* Only with the local address is the whole key known. */
		if (r->has_local)
			conn = equic_conn_find_reported(r->en, &r->hs,
							r->owner);
		else
			conn = equic_conn_find_oldest(r->en, r->svc, &r->hs,
						      r->owner, r->id,
						      BIT(EQUIC_CONN_PENDING) |
						      BIT(EQUIC_CONN_OPEN));
		if (conn)
			return conn;
	}
	return equic_conn_find_oldest(r->en, r->svc, &r->hs, owner, r->id,
				      states);
}

static int need_peer(const struct report *r)
{
	if (r->has_peer)
		return 0;
	NL_SET_ERR_MSG(r->info->extack, "the client's address is missing");
	return -EINVAL;
}

static int bind(const struct report *r, struct equic_conn *conn, bool open)
{
	int ret = equic_conn_bind(conn, &r->hs, r->owner, r->id, open);

	if (ret == -EEXIST)
		NL_SET_ERR_MSG(r->info->extack,
			       "the id is in use, or the connection has another");
	return ret;
}

/* The connection that is reported, if it is known, with a reference. */
static struct equic_conn *find_begun(const struct report *r, bool open)
{
	struct equic_conn *conn = find_id(r);

	if (conn && !names(r, conn)) {
		equic_conn_put(conn);
		NL_SET_ERR_MSG(r->info->extack,
			       "the id is in use for another connection");
		return ERR_PTR(-EEXIST);
	}
	/* What was accepted is not accepted again, but may be confirmed. */
	return conn ?: find_wire(r, open ? r->owner : NULL,
				 BIT(EQUIC_CONN_PENDING));
}

static struct equic_conn *make(const struct report *r, bool open)
{
	struct equic_conn *conn;

	conn = equic_conn_report_new(r->en, r->svc, &r->hs, r->owner, r->id,
				     open ? EQUIC_CONN_OPEN :
					    EQUIC_CONN_PENDING);
	if (conn == ERR_PTR(-ENOSPC))
		NL_SET_ERR_MSG(r->info->extack,
			       "a table is full: raise max_conns or max_clients");
	else if (conn == ERR_PTR(-EEXIST))
		NL_SET_ERR_MSG(r->info->extack, "the id is in use");
	return conn;
}

/* The connection that is reported, known or made, with a reference. */
static struct equic_conn *find_or_make(const struct report *r, bool open)
{
	struct equic_conn *conn;
	int ret;

	do {
		conn = find_begun(r, open);
		if (!conn)
			return make(r, open);
		if (IS_ERR(conn))
			return conn;
		ret = bind(r, conn, open);
		if (!ret)
			return conn;
		equic_conn_put(conn);
	} while (ret == -EAGAIN);
	/* It timed out under our hands: the report is a fact. */
	return ret == -ENOENT ? make(r, open) : ERR_PTR(ret);
}

static int report_cid(const struct report *r, struct equic_conn *conn)
{
	const struct nlattr *attr = r->info->attrs[EQUIC_A_CONN_CID];
	struct equic_cid cid;
	int ret;

	if (!attr)
		return 0;
	get_cid(attr, &cid);
	equic_conn_add_dcid(conn, &cid);
	ret = equic_conn_add_cid(conn, &cid);
	/* The report has been taken: that there are many CIDs is no refusal. */
	return ret == -ENOSPC ? 0 : ret;
}

static int take_begin(struct report *r, struct sk_buff *skb, bool open)
{
	bool known = equic_owner_reports(r->owner, r->svc);
	struct equic_conn *conn;
	int ret;

	ret = need_peer(r);
	if (ret)
		return ret;
	r->owner = equic_owner_get(r->en, skb, r->svc);
	if (IS_ERR(r->owner))
		return PTR_ERR(r->owner);
	conn = find_or_make(r, open);
	if (IS_ERR(conn)) {
		if (!known)
			equic_owner_retract(r->owner, r->svc);
		return PTR_ERR(conn);
	}
	ret = report_cid(r, conn);
	equic_conn_put(conn);
	return ret;
}

static int take_accepted(struct report *r, struct sk_buff *skb)
{
	return take_begin(r, skb, false);
}

int equic_nl_conn_accepted(struct sk_buff *skb, struct genl_info *info)
{
	return take_report(skb, info, take_accepted);
}

static int take_open(struct report *r, struct sk_buff *skb)
{
	return take_begin(r, skb, true);
}

int equic_nl_conn_open(struct sk_buff *skb, struct genl_info *info)
{
	return take_report(skb, info, take_open);
}

/*
 * By id; else by handshake; else the oldest of the 4-tuple; else, with the
 * client's address alone, the oldest open one of the client.
 */
static struct equic_conn *find_to_close(const struct report *r)
{
	if (r->id)
		return find_id(r);
	return find_wire(r, r->owner, r->hs.key.peer_port ?
			 BIT(EQUIC_CONN_PENDING) | BIT(EQUIC_CONN_OPEN) :
			 BIT(EQUIC_CONN_OPEN));
}

static int no_such_conn(const struct report *r)
{
	NL_SET_ERR_MSG(r->info->extack,
		       "no such connection of this reporter: never reported, or ended");
	return -ENOENT;
}

static int take_close(struct report *r, struct sk_buff *skb)
{
	struct equic_conn *conn;
	int ret = 0;

	if (!r->id)
		ret = need_peer(r);
	if (ret)
		return ret;
	conn = find_to_close(r);
	if (!conn || !equic_conn_end(conn, EQUIC_END_CLOSED))
		ret = no_such_conn(r);
	if (conn)
		equic_conn_put(conn);
	return ret;
}

int equic_nl_conn_close(struct sk_buff *skb, struct genl_info *info)
{
	return take_report(skb, info, take_close);
}

/* Its charge stays where it is, for life: only where it is reached changes. */
static int take_move(struct report *r, struct sk_buff *skb)
{
	struct equic_conn *conn;
	int ret;

	ret = need_peer(r);
	if (ret)
		return ret;
	if (!r->id || !r->hs.key.peer_port) {
		NL_SET_ERR_MSG(r->info->extack,
			       "a move needs the connection's id and the client's new address and port");
		return -EINVAL;
	}
	conn = find_id(r);
	if (!conn)
		return no_such_conn(r);
	conn->peer = r->hs.key.peer;
	conn->peer_port = r->hs.key.peer_port;
	equic_conn_put(conn);
	return 0;
}

int equic_nl_conn_move(struct sk_buff *skb, struct genl_info *info)
{
	return take_report(skb, info, take_move);
}

static int change_cid(const struct report *r, struct equic_conn *conn)
{
	struct nlattr **attrs = r->info->attrs;
	struct equic_cid cid;
	int ret;

	get_cid(attrs[EQUIC_A_CONN_CID], &cid);
	if (attrs[EQUIC_A_CONN_CID_REMOVE]) {
		ret = equic_conn_del_cid(conn, &cid);
		if (ret)
			NL_SET_ERR_MSG(r->info->extack,
				       "the connection has no such connection ID");
		return ret;
	}
	ret = equic_conn_add_cid(conn, &cid);
	if (ret == -ENOSPC)
		NL_SET_ERR_MSG(r->info->extack,
			       "too many connection IDs for one connection: retire some");
	return ret;
}

static int take_cid(struct report *r, struct sk_buff *skb)
{
	struct equic_conn *conn;
	int ret;

	if (!r->id || !r->info->attrs[EQUIC_A_CONN_CID]) {
		NL_SET_ERR_MSG(r->info->extack,
			       "the connection's id and a connection ID are needed");
		return -EINVAL;
	}
	conn = find_id(r);
	if (!conn)
		return no_such_conn(r);
	ret = change_cid(r, conn);
	equic_conn_put(conn);
	return ret;
}

int equic_nl_conn_cid(struct sk_buff *skb, struct genl_info *info)
{
	return take_report(skb, info, take_cid);
}

int equic_nl_resync(struct sk_buff *skb, struct genl_info *info)
{
	struct equic_net *en = equic_net(genl_info_net(info));
	struct equic_service *svc;
	struct equic_owner *owner;
	int ret = 0;

	if (!info->attrs[EQUIC_A_RESYNC_PHASE]) {
		NL_SET_ERR_MSG(info->extack, "the phase is missing: begin or end");
		return -EINVAL;
	}

	mutex_lock(&en->lock);
	svc = equic_nl_report_service(en, info->attrs[EQUIC_A_RESYNC_SERVICE],
				      skb, info->extack);
	if (IS_ERR(svc)) {
		ret = PTR_ERR(svc);
		goto out;
	}
	owner = equic_owner_get(en, skb, svc);
	if (IS_ERR(owner)) {
		ret = PTR_ERR(owner);
		goto out;
	}
	if (nla_get_u8(info->attrs[EQUIC_A_RESYNC_PHASE]) ==
	    EQUIC_RESYNC_BEGIN)
		equic_owner_resync_begin(owner, svc);
	else
		equic_owner_resync_end(owner, svc);
out:
	mutex_unlock(&en->lock);
	return ret;
}
