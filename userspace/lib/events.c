// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The event subscription: a socket in the module's group, and in nlctrl's, to
 * join the module's again when that has come back.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>

#include "attr.h"
#include "handle.h"

static int group_join(struct channel *ch, unsigned int group)
{
	return setsockopt(ch->fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group,
			  sizeof(group)) ? -errno : 0;
}

/* The group's number is new with each load of the module. */
static int events_join(struct equic *eq)
{
	struct channel *ch = &eq->events;
	int err;

	if (!ch->family.events)
		return 0;
	err = group_join(ch, ch->family.events);
	if (err == -EPERM)
		return handle_fail(eq, err,
				   "no permission: events need CAP_NET_ADMIN in the network namespace (root)");
	return err;
}

static int events_open(struct equic *eq)
{
	struct channel *ch = &eq->events;
	int err;

	err = channel_open(eq, ch);
	if (!err)
		err = group_join(ch, GENL_ID_CTRL);
	if (err) {
		handle_fail(eq, err, "cannot open a netlink socket: %s",
			    strerror(-err));
		goto err_close;
	}
	nl_socket_set_nonblocking(ch->sk);
	err = channel_resolve(ch);
	if (err) {
		handle_fail(eq, err, "cannot ask for the netlink family: %s",
			    strerror(-err));
		goto err_close;
	}
	err = events_join(eq);
	if (err)
		goto err_close;
	eq->events_joined = true;
	return 0;

err_close:
	channel_close(ch);
	return err;
}

EQUIC_API int equic_events_fd(struct equic *eq)
{
	int err;

	err = handle_enter(eq);
	if (err)
		return err;
	if (!eq->events_joined)
		err = events_open(eq);
	return handle_leave(eq, err ?: eq->events.fd);
}

static void event_read(struct nlmsghdr *nlh, struct equic_notice *n)
{
	struct nlattr *tb[EQUIC_A_EVENT_MAX + 1];
	struct nlattr *service[EQUIC_A_SERVICE_MAX + 1];

	memset(n, 0, sizeof(*n));
	n->size = sizeof(*n);
	if (attr_parse(nlh, tb, EQUIC_A_EVENT_MAX))
		return;
	n->event = attr_u8(tb[EQUIC_A_EVENT_TYPE]);
	n->service.size = sizeof(n->service);
	if (tb[EQUIC_A_EVENT_SERVICE] &&
	    !nla_parse_nested(service, EQUIC_A_SERVICE_MAX,
			      tb[EQUIC_A_EVENT_SERVICE], NULL))
		attr_service(service, &n->service);
	attr_addr(tb[EQUIC_A_EVENT_ADDR4], tb[EQUIC_A_EVENT_ADDR6],
		  &n->client.addr);
	n->client.len = attr_u8(tb[EQUIC_A_EVENT_PREFIX_LEN]);
	n->owner = attr_u32(tb[EQUIC_A_EVENT_OWNER]);
	n->owner_pid = attr_u32(tb[EQUIC_A_EVENT_OWNER_PID]);
	n->released = attr_u32(tb[EQUIC_A_EVENT_RELEASED]);
	n->deleted = tb[EQUIC_A_EVENT_DELETED];
	n->lost = attr_uint(tb[EQUIC_A_EVENT_LOST]);
	n->key = attr_u32(tb[EQUIC_A_EVENT_KEY]);
	n->epoch = attr_u32(tb[EQUIC_A_EVENT_EPOCH]);
}

/* One message is one datagram: a callback that stops leaves the rest there. */
static int events_message(struct equic *eq, struct nlmsghdr *nlh,
			  int (*each)(const struct equic_notice *notice,
				      void *user), void *user)
{
	struct equic_notice notice;

	if (channel_family_news(&eq->events, nlh)) {
		events_join(eq);
		return 0;
	}
	if (!eq->events.family.id || nlh->nlmsg_type != eq->events.family.id)
		return 0;
	event_read(nlh, &notice);
	notice.lost += eq->events_lost;
	eq->events_lost = 0;
	return each(&notice, user);
}

static int events_read(struct equic *eq,
		       int (*each)(const struct equic_notice *notice,
				   void *user), void *user)
{
	_Alignas(struct nlmsghdr) char buf[16384];
	int ret = 0;

	while (!ret) {
		struct nlmsghdr *nlh = (struct nlmsghdr *)buf;
		int len;

		len = recv(eq->events.fd, buf, sizeof(buf), MSG_DONTWAIT);
		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0 && errno == ENOBUFS) {
			/* How many is not known; and the module may have moved. */
			eq->events_lost++;
			if (!channel_resolve(&eq->events))
				events_join(eq);
			continue;
		}
		if (len <= 0)
			break;
		for (; !ret && NLMSG_OK(nlh, (unsigned int)len);
		     nlh = NLMSG_NEXT(nlh, len))
			ret = events_message(eq, nlh, each, user);
	}
	return ret;
}

EQUIC_API int equic_events_dispatch(struct equic *eq,
				    int (*each)(const struct equic_notice *notice,
						void *user), void *user)
{
	int ret;

	ret = handle_enter(eq);
	if (ret)
		return ret;
	if (!each)
		ret = handle_fail(eq, -EINVAL, "no callback");
	if (!ret && !eq->events_joined)
		ret = events_open(eq);
	if (!ret)
		ret = events_read(eq, each, user);
	return handle_leave(eq, ret);
}
