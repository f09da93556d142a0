// SPDX-License-Identifier: LGPL-2.1-or-later
/* The reports of a server: checked, given an id, put into words of the ABI. */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <linux/genetlink.h>

#include "addr.h"
#include "attr.h"
#include "handle.h"
#include "report.h"

struct cid_arg {
	const char *name;
	int attr;
	const void *data;	/* NULL: not known */
	uint8_t len;
};

static int put_cid(struct equic *eq, struct nl_msg *msg, const struct cid_arg *cid)
{
	if (!cid->data)
		return 0;
	if (cid->len > EQUIC_CID_MAX_LEN)
		return handle_fail(eq, -EINVAL, "%s has %u bytes, 20 are the most",
				   cid->name, cid->len);
	return nla_put(msg, cid->attr, cid->len, cid->data) ? -ENOMEM : 0;
}

static int put_cids(struct equic *eq, struct nl_msg *msg,
		    const struct equic_report *r)
{
	const struct cid_arg cids[] = {
		{ "odcid", EQUIC_A_CONN_ODCID, r->odcid, r->odcid_len },
		{ "scid", EQUIC_A_CONN_SCID, r->scid, r->scid_len },
		{ "cid", EQUIC_A_CONN_CID, r->cid, r->cid_len },
	};
	size_t i;
	int err;

	for (i = 0; i < sizeof(cids) / sizeof(cids[0]); i++) {
		err = put_cid(eq, msg, &cids[i]);
		if (err)
			return err;
	}
	return 0;
}

static int put_path(struct equic *eq, struct nl_msg *msg,
		    const struct equic_report *r)
{
	struct equic_addr addr;
	uint16_t port;
	int err;

	if (r->peer) {
		if (addr_from_sockaddr(r->peer, &addr, &port))
			return handle_fail(eq, -EINVAL,
					   "the client's address is neither IPv4 nor IPv6");
		err = attr_put_addr(msg, EQUIC_A_CONN_PEER4, EQUIC_A_CONN_PEER6,
				    &addr);
		if (!err && port)
			err = attr_put_port(msg, EQUIC_A_CONN_PEER_PORT, port);
		if (err)
			return err;
	}
	if (!r->local)
		return 0;
	if (addr_from_sockaddr(r->local, &addr, &port))
		return handle_fail(eq, -EINVAL,
				   "the server's address is neither IPv4 nor IPv6");
	/* A wildcard is what the socket is bound to, not where packets go. */
	if (addr.family == AF_INET ? !addr.v4.s_addr :
				     IN6_IS_ADDR_UNSPECIFIED(&addr.v6))
		return 0;
	return attr_put_addr(msg, EQUIC_A_CONN_LOCAL4, EQUIC_A_CONN_LOCAL6,
			     &addr);
}

/* The handle's one message, begun anew. */
static struct nl_msg *report_begin(struct equic *eq, enum equic_cmd cmd, int flags)
{
	struct reporter *rep = &eq->rep;

	nlmsg_hdr(rep->msg)->nlmsg_len = NLMSG_HDRLEN;
	if (!++rep->chan.seq || rep->chan.seq == UINT32_MAX)
		rep->chan.seq = 1;
	if (!genlmsg_put(rep->msg, 0, rep->chan.seq, rep->chan.family.id, 0,
			 NLM_F_REQUEST | flags, cmd, EQUIC_FAMILY_VERSION))
		return NULL;
	return rep->msg;
}

/* Off it goes, or, without module or service, it is done with. */
static int report_pass(struct equic *eq, const struct equic_report *r)
{
	struct reporter *rep = &eq->rep;
	int err;

	if (reporter_is_on(rep))
		return reporter_queue(eq, nlmsg_hdr(rep->msg), r->cookie);
	rep->stats.skipped++;
	if (!(r->flags & EQUIC_REPORT_ACK))
		return 0;
	err = outcomes_add(&rep->outcomes, rep->chan.seq, r->cookie);
	reporter_settle_unsent(rep);
	reporter_wake(rep);
	return err ? handle_fail(eq, err, "out of memory") : 0;
}

/*
 * Make one report. Also without the module: what is wrong then is wrong with it
 * too, and should be found early.
 */
static int report_send(struct equic *eq, enum equic_cmd cmd,
		       const struct equic_report *r, bool cid_remove)
{
	struct nl_msg *msg;
	int err;

	msg = report_begin(eq, cmd, r->flags & EQUIC_REPORT_ACK ? NLM_F_ACK : 0);
	err = msg ? 0 : -ENOMEM;
	if (!err)
		err = attr_put_key_nested(msg, EQUIC_A_CONN_SERVICE,
					  &eq->opts.service);
	if (!err && r->id)
		err = attr_put_u32(msg, EQUIC_A_CONN_ID, r->id);
	if (!err)
		err = put_path(eq, msg, r);
	if (!err)
		err = put_cids(eq, msg, r);
	if (!err && cid_remove)
		err = nla_put_flag(msg, EQUIC_A_CONN_CID_REMOVE) ? -ENOMEM : 0;
	if (err == -ENOMEM)
		return handle_fail(eq, err, "out of memory");
	return err ?: report_pass(eq, r);
}

/* Enter with a report of whatever size, leave with one of ours. */
static int report_enter(struct equic *eq, const struct equic_report *from,
			struct equic_report *r)
{
	const uint32_t known = EQUIC_REPORT_ACK | EQUIC_REPORT_NO_ID;
	int err;

	err = handle_enter(eq);
	if (err)
		return err;
	if (!eq->rep.chan.sk)
		err = handle_fail(eq, -EDESTADDRREQ,
				  "the handle was opened without a service");
	else if (!from)
		err = handle_fail(eq, -EINVAL, "no report");
	else
		err = struct_in(eq, r, sizeof(*r), from);
	if (!err && r->flags & ~known)
		err = handle_fail(eq, -EINVAL, "unknown flags in the report");
	if (err)
		handle_leave(eq, err);
	return err;
}

/* Accepted and open: a connection begins to have an id here. */
static int report_live(struct equic *eq, enum equic_cmd cmd,
		       struct equic_report *from)
{
	struct equic_report r;
	bool is_new;
	int err;

	err = report_enter(eq, from, &r);
	if (err)
		return err;
	if (!r.peer) {
		err = handle_fail(eq, -EINVAL, "the client's address is missing");
		return handle_leave(eq, err);
	}
	if (!r.id && r.flags & EQUIC_REPORT_NO_ID)
		return handle_leave(eq, report_send(eq, cmd, &r, false));
	if (!r.id)
		r.id = idset_choose(&eq->rep.ids);
	is_new = !idset_has(&eq->rep.ids, r.id);
	err = idset_add(&eq->rep.ids, r.id);
	if (err) {
		err = handle_fail(eq, err, "out of memory");
		return handle_leave(eq, err);
	}
	err = report_send(eq, cmd, &r, false);
	/* A report lost to a full queue is replayed, so its id lives. */
	if (!err || err == -ENOBUFS)
		from->id = r.id;
	else if (is_new)
		idset_del(&eq->rep.ids, r.id);
	return handle_leave(eq, err);
}

EQUIC_API int equic_conn_accepted(struct equic *eq, struct equic_report *report)
{
	return report_live(eq, EQUIC_CMD_CONN_ACCEPTED, report);
}

EQUIC_API int equic_conn_open(struct equic *eq, struct equic_report *report)
{
	return report_live(eq, EQUIC_CMD_CONN_OPEN, report);
}

EQUIC_API int equic_conn_close(struct equic *eq, const struct equic_report *report)
{
	struct equic_report r;
	int err;

	err = report_enter(eq, report, &r);
	if (err)
		return err;
	if (r.id) {
		/* The id says it all. */
		r.peer = NULL;
		r.local = NULL;
		r.odcid = NULL;
		r.scid = NULL;
		idset_del(&eq->rep.ids, r.id);
	} else if (!r.peer) {
		err = handle_fail(eq, -EINVAL,
				  "neither an id nor the client's address");
	}
	r.cid = NULL;
	if (!err)
		err = report_send(eq, EQUIC_CMD_CONN_CLOSE, &r, false);
	return handle_leave(eq, err);
}

EQUIC_API int equic_conn_move(struct equic *eq, const struct equic_report *report)
{
	struct equic_report r;
	int err;

	err = report_enter(eq, report, &r);
	if (err)
		return err;
	r.odcid = NULL;
	r.scid = NULL;
	r.cid = NULL;
	if (!r.id || !r.peer)
		err = handle_fail(eq, -EINVAL,
				  "a move needs the id and the client's new address");
	else
		err = report_send(eq, EQUIC_CMD_CONN_MOVE, &r, false);
	return handle_leave(eq, err);
}

EQUIC_API int equic_conn_cid(struct equic *eq, const struct equic_report *report,
			     bool add)
{
	struct equic_report r;
	int err;

	err = report_enter(eq, report, &r);
	if (err)
		return err;
	r.peer = NULL;
	r.local = NULL;
	r.odcid = NULL;
	r.scid = NULL;
	if (!r.id || !r.cid)
		err = handle_fail(eq, -EINVAL,
				  "a connection ID needs the connection's id");
	else
		err = report_send(eq, EQUIC_CMD_CONN_CID, &r, !add);
	return handle_leave(eq, err);
}

EQUIC_API int equic_conn_resync(struct equic *eq, unsigned int phase,
				const struct equic_report *report)
{
	struct equic_report none = EQUIC_INIT(none), r;
	struct nl_msg *msg;
	int err;

	err = report_enter(eq, report ?: &none, &r);
	if (err)
		return err;
	if (phase > EQUIC_RESYNC_END) {
		err = handle_fail(eq, -EINVAL, "a replay has a begin and an end");
		return handle_leave(eq, err);
	}
	msg = report_begin(eq, EQUIC_CMD_RESYNC,
			   r.flags & EQUIC_REPORT_ACK ? NLM_F_ACK : 0);
	if (!msg ||
	    attr_put_key_nested(msg, EQUIC_A_RESYNC_SERVICE, &eq->opts.service) ||
	    attr_put_u8(msg, EQUIC_A_RESYNC_PHASE, phase))
		err = handle_fail(eq, -ENOMEM, "out of memory");
	else
		err = report_pass(eq, &r);
	return handle_leave(eq, err);
}

int report_client(struct equic *eq, enum equic_cmd cmd,
		  const struct sockaddr *client)
{
	struct equic_report r = EQUIC_INIT(r, .peer = client);
	union {
		struct sockaddr sa;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} copy;
	int err;

	if (!eq->rep.chan.sk)
		return handle_fail(eq, -EDESTADDRREQ,
				   "the handle was opened without a service");
	if (!client || (client->sa_family != AF_INET &&
			client->sa_family != AF_INET6))
		return handle_fail(eq, -EINVAL,
				   "the client's address is neither IPv4 nor IPv6");
	/* With a port it would name one connection. */
	if (client->sa_family == AF_INET) {
		memcpy(&copy.in, client, sizeof(copy.in));
		copy.in.sin_port = 0;
	} else {
		memcpy(&copy.in6, client, sizeof(copy.in6));
		copy.in6.sin6_port = 0;
	}
	r.peer = &copy.sa;
	err = report_send(eq, cmd, &r, false);
	if (!err && reporter_is_on(&eq->rep))
		err = reporter_send(eq);
	return err;
}
