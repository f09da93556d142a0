// SPDX-License-Identifier: LGPL-2.1-or-later
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>

#include "handle.h"
#include "netns.h"

static const char no_module[] = "equic.ko is not loaded: modprobe equic";

/* libnl has numbers of its own; these are all that its socket calls give. */
static int nl_errno(int err)
{
	switch (-err) {
	case 0:
		return 0;
	case NLE_NOMEM:
		return -ENOMEM;
	case NLE_AGAIN:
		return -EAGAIN;
	case NLE_PERM:
	case NLE_NOACCESS:
		return -EPERM;
	case NLE_AF_NOSUPPORT:
		return -EAFNOSUPPORT;
	case NLE_PROTO_MISMATCH:
		return -EPROTONOSUPPORT;
	case NLE_EXIST:
	case NLE_BUSY:
		return -EADDRINUSE;
	case NLE_BAD_SOCK:
		return -EBADF;
	default:
		return -EIO;
	}
}

static int channel_setup(struct channel *ch)
{
	int one = 1;

	ch->fd = nl_socket_get_fd(ch->sk);
	/* Words with each error. */
	if (setsockopt(ch->fd, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof(one)))
		return -errno;
	nl_socket_disable_seq_check(ch->sk);
	nl_socket_disable_auto_ack(ch->sk);
	nl_socket_enable_msg_peek(ch->sk);
	return 0;
}

static int channel_connect(void *arg)
{
	struct channel *ch = arg;

	return nl_errno(nl_connect(ch->sk, NETLINK_GENERIC));
}

int channel_open(struct equic *eq, struct channel *ch)
{
	int err;

	if (ch->sk)
		return 0;
	ch->sk = nl_socket_alloc();
	if (!ch->sk)
		return -ENOMEM;
	err = netns_run(eq, channel_connect, ch);
	if (!err)
		err = channel_setup(ch);
	if (err)
		channel_close(ch);
	return err;
}

int channel_adopt(struct channel *ch, int fd)
{
	int err;

	/* A copy: after an error the descriptor is still the caller's. */
	fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	ch->sk = nl_socket_alloc();
	if (!ch->sk) {
		close(fd);
		return -ENOMEM;
	}
	err = nl_errno(nl_socket_set_fd(ch->sk, NETLINK_GENERIC, fd));
	if (err) {
		close(fd);
		return err;
	}
	ch->adopted = true;
	return channel_setup(ch);
}

void channel_close(struct channel *ch)
{
	if (ch->sk)
		nl_socket_free(ch->sk);
	ch->sk = NULL;
	memset(&ch->family, 0, sizeof(ch->family));
}

static uint32_t events_group(struct nlattr *groups)
{
	struct nlattr *tb[CTRL_ATTR_MCAST_GRP_MAX + 1], *group;
	int left;

	nla_for_each_nested(group, groups, left) {
		if (nla_parse_nested(tb, CTRL_ATTR_MCAST_GRP_MAX, group, NULL) ||
		    !tb[CTRL_ATTR_MCAST_GRP_NAME] || !tb[CTRL_ATTR_MCAST_GRP_ID])
			continue;
		if (!nla_strcmp(tb[CTRL_ATTR_MCAST_GRP_NAME], EQUIC_MCGRP_EVENTS))
			return nla_get_u32(tb[CTRL_ATTR_MCAST_GRP_ID]);
	}
	return 0;
}

bool channel_family_news(struct channel *ch, struct nlmsghdr *nlh)
{
	struct nlattr *tb[CTRL_ATTR_MAX + 1];
	uint8_t cmd;

	if (nlh->nlmsg_type != GENL_ID_CTRL || !genlmsg_valid_hdr(nlh, 0))
		return false;
	cmd = ((struct genlmsghdr *)genlmsg_hdr(nlh))->cmd;
	if (cmd != CTRL_CMD_NEWFAMILY && cmd != CTRL_CMD_DELFAMILY)
		return false;
	if (nla_parse(tb, CTRL_ATTR_MAX, genlmsg_attrdata(genlmsg_hdr(nlh), 0),
		      genlmsg_attrlen(genlmsg_hdr(nlh), 0), NULL))
		return false;
	if (!tb[CTRL_ATTR_FAMILY_NAME] || !tb[CTRL_ATTR_FAMILY_ID] ||
	    nla_strcmp(tb[CTRL_ATTR_FAMILY_NAME], EQUIC_FAMILY_NAME))
		return false;
	memset(&ch->family, 0, sizeof(ch->family));
	if (cmd == CTRL_CMD_DELFAMILY)
		return true;
	ch->family.id = nla_get_u16(tb[CTRL_ATTR_FAMILY_ID]);
	if (tb[CTRL_ATTR_MCAST_GROUPS])
		ch->family.events = events_group(tb[CTRL_ATTR_MCAST_GROUPS]);
	return true;
}

/*
 * Not by name: for that the kernel would run modprobe, and wait for it. The
 * answer to a dump is in the socket when send returns, or comes as it is read.
 * News of the family that come in between count as well.
 */
int channel_resolve(struct channel *ch)
{
	static const struct {
		struct nlmsghdr nlh;
		struct genlmsghdr gnlh;
	} req = {
		.nlh.nlmsg_len = sizeof(req),
		.nlh.nlmsg_type = GENL_ID_CTRL,
		.nlh.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
		.nlh.nlmsg_seq = UINT32_MAX,
		.gnlh.cmd = CTRL_CMD_GETFAMILY,
		.gnlh.version = 1,
	};
	struct sockaddr_nl from;
	unsigned char *buf;
	bool done = false;

	memset(&ch->family, 0, sizeof(ch->family));
	if (send(ch->fd, &req, sizeof(req), 0) < 0)
		return -errno;
	while (!done) {
		struct nlmsghdr *nlh;
		int len;

		len = nl_recv(ch->sk, &from, &buf, NULL);
		if (len <= 0)
			return len ? nl_errno(len) : -EIO;
		nlh = (struct nlmsghdr *)buf;
		for (; nlmsg_ok(nlh, len); nlh = nlmsg_next(nlh, &len)) {
			if (nlh->nlmsg_type == NLMSG_DONE ||
			    nlh->nlmsg_type == NLMSG_ERROR)
				done |= nlh->nlmsg_seq == UINT32_MAX;
			else
				channel_family_news(ch, nlh);
		}
		free(buf);
	}
	return 0;
}

struct nl_msg *channel_msg(struct channel *ch, uint8_t cmd, int flags)
{
	struct nl_msg *msg = nlmsg_alloc();

	if (!msg)
		return NULL;
	if (!++ch->seq || ch->seq == UINT32_MAX)
		ch->seq = 1;
	if (!genlmsg_put(msg, NL_AUTO_PORT, ch->seq, ch->family.id, 0,
			 NLM_F_REQUEST | flags, cmd, EQUIC_FAMILY_VERSION)) {
		nlmsg_free(msg);
		return NULL;
	}
	return msg;
}

void answer_parse(struct nlmsghdr *nlh, struct answer *ans)
{
	struct nlattr *tb[NLMSGERR_ATTR_MAX + 1] = { NULL };
	int off = sizeof(int);

	memset(ans, 0, sizeof(*ans));
	ans->seq = nlh->nlmsg_seq;
	if (nlmsg_datalen(nlh) < off) {
		ans->err = nlh->nlmsg_type == NLMSG_DONE ? 0 : -EBADMSG;
		return;
	}
	memcpy(&ans->err, nlmsg_data(nlh), sizeof(ans->err));
	if (nlh->nlmsg_type == NLMSG_ERROR) {
		struct nlmsgerr *e = nlmsg_data(nlh);

		off = sizeof(*e);
		if (nlmsg_datalen(nlh) < off) {
			ans->err = -EBADMSG;
			return;
		}
		if (ans->err && !(nlh->nlmsg_flags & NLM_F_CAPPED)) {
			if (e->msg.nlmsg_len >= NLMSG_HDRLEN + GENL_HDRLEN &&
			    nlmsg_datalen(nlh) >= off + (int)GENL_HDRLEN)
				ans->cmd = ((struct genlmsghdr *)(e + 1))->cmd;
			off += NLMSG_ALIGN(e->msg.nlmsg_len - NLMSG_HDRLEN);
		}
	}
	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS) || nlmsg_datalen(nlh) <= off)
		return;
	if (!nla_parse(tb, NLMSGERR_ATTR_MAX,
		       (struct nlattr *)((char *)nlmsg_data(nlh) + off),
		       nlmsg_datalen(nlh) - off, NULL) &&
	    tb[NLMSGERR_ATTR_MSG])
		nla_strlcpy(ans->text, tb[NLMSGERR_ATTR_MSG], sizeof(ans->text));
}

/* The words for an answer that came without any. */
static int request_fail(struct equic *eq, const struct answer *ans)
{
	if (ans->text[0])
		return handle_fail(eq, ans->err, "%s", ans->text);
	switch (-ans->err) {
	case EPERM:
		return handle_fail(eq, ans->err,
				   "no permission: this needs CAP_NET_ADMIN in the network namespace (root)");
	case EOPNOTSUPP:
		return handle_fail(eq, ans->err,
				   "the loaded equic.ko does not know this command");
	default:
		return handle_fail(eq, ans->err, "the kernel refused: %s",
				   strerror(-ans->err));
	}
}

struct reading {
	int ret;	/* of the callback, or −errno */
	bool done;
	bool intr;	/* the table changed */
	bool moved;	/* there is no such family any more */
};

static struct channel *request_channel(struct equic *eq,
				       const struct request *req)
{
	return req->on ?: &eq->management;
}

static void request_message(struct equic *eq, const struct request *req,
			    struct nlmsghdr *nlh, struct reading *r)
{
	struct answer ans;

	if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
		r->intr = true;
	if (nlh->nlmsg_type == NLMSG_ERROR || nlh->nlmsg_type == NLMSG_DONE) {
		r->done = true;
		answer_parse(nlh, &ans);
		if (!ans.err || r->ret)
			return;
		r->moved = ans.err == -ENOENT && !ans.text[0];
		r->ret = request_fail(eq, &ans);
	} else if (nlh->nlmsg_type == request_channel(eq, req)->family.id &&
		   req->each && !r->ret) {
		/* Once it has enough, the rest is read and forgotten. */
		r->ret = req->each(nlh, req->each_arg);
	}
}

static int request_read(struct equic *eq, const struct request *req,
			struct reading *r)
{
	struct channel *ch = request_channel(eq, req);
	uint32_t seq = ch->seq;
	struct sockaddr_nl from;
	unsigned char *buf;

	while (!r->done) {
		struct nlmsghdr *nlh;
		int len, got, err;

		len = nl_recv(ch->sk, &from, &buf, NULL);
		if (len <= 0) {
			err = len ? nl_errno(len) : -EIO;
			/*
			 * Another socket: what is on its way to this one is of
			 * no interest. But keys go with theirs.
			 */
			if (ch == &eq->management && !ch->adopted)
				channel_close(ch);
			return handle_fail(eq, err, "cannot read from the kernel: %s",
					   strerror(-err));
		}
		got = len;
		nlh = (struct nlmsghdr *)buf;
		for (; nlmsg_ok(nlh, len); nlh = nlmsg_next(nlh, &len))
			if (nlh->nlmsg_seq == seq && !r->done)
				request_message(eq, req, nlh, r);
		/* An error may have the request in it. */
		if (req->secret)
			explicit_bzero(buf, got);
		free(buf);
	}
	return r->ret;
}

static void request_free(const struct request *req, struct nl_msg *msg)
{
	if (req->secret)
		explicit_bzero(nlmsg_hdr(msg), nlmsg_hdr(msg)->nlmsg_len);
	nlmsg_free(msg);
}

static int request_once(struct equic *eq, const struct request *req,
			struct reading *r)
{
	struct channel *ch = request_channel(eq, req);
	struct nl_msg *msg;
	int err;

	err = channel_open(eq, ch);
	if (err)
		return handle_fail(eq, err, "cannot open a netlink socket: %s",
				   strerror(-err));
	if (!ch->family.id) {
		err = channel_resolve(ch);
		if (err)
			return handle_fail(eq, err, "cannot ask for the netlink family: %s",
					   strerror(-err));
	}
	if (!ch->family.id)
		return handle_fail(eq, -ENOPKG, "%s", no_module);

	msg = channel_msg(ch, req->cmd, req->dump ? NLM_F_DUMP : NLM_F_ACK);
	if (!msg)
		return handle_fail(eq, -ENOMEM, "out of memory");
	err = req->build ? req->build(msg, req->build_arg) : 0;
	if (err) {
		request_free(req, msg);
		return handle_fail(eq, err, "%s", strerror(-err));
	}
	nlmsg_hdr(msg)->nlmsg_pid = nl_socket_get_local_port(ch->sk);
	err = send(ch->fd, nlmsg_hdr(msg), nlmsg_hdr(msg)->nlmsg_len, 0) < 0 ?
	      -errno : 0;
	request_free(req, msg);
	if (err)
		return handle_fail(eq, err, "cannot send to the kernel: %s",
				   strerror(-err));
	return request_read(eq, req, r);
}

int channel_request(struct equic *eq, const struct request *req)
{
	struct channel *ch = request_channel(eq, req);
	struct reading r = { .ret = 0 };
	uint16_t id;
	int ret;

	ret = request_once(eq, req, &r);
	if (r.moved) {
		/* The module may have been loaded again since we last looked. */
		id = ch->family.id;
		if (channel_resolve(ch))
			return ret;
		if (!ch->family.id)
			return handle_fail(eq, -ENOPKG, "%s", no_module);
		if (ch->family.id != id) {
			memset(&r, 0, sizeof(r));
			ret = request_once(eq, req, &r);
		}
	}
	if (!ret && r.intr)
		return handle_fail(eq, -EAGAIN,
				   "the table changed while it was read");
	return ret;
}

EQUIC_API int equic_module_loaded(struct equic *eq)
{
	int err;

	err = handle_enter(eq);
	if (err)
		return err;
	err = channel_open(eq, &eq->management);
	if (!err)
		err = channel_resolve(&eq->management);
	if (err)
		handle_fail(eq, err, "cannot ask for the netlink family: %s",
			    strerror(-err));
	else
		err = !!eq->management.family.id;
	return handle_leave(eq, err);
}
