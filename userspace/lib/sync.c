// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Keeping step with the kernel: the module goes and comes, the service is
 * deleted and added, reports are lost. Whatever it was, the end is the same: a
 * replay of the live connections between two RESYNC messages.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <linux/filter.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>

#include "attr.h"
#include "handle.h"

enum {
	NLMSG_TYPE_AT = offsetof(struct nlmsghdr, nlmsg_type),
	FIRST_ATTR_TYPE_AT = NLMSG_HDRLEN + GENL_HDRLEN +
			     offsetof(struct nlattr, nla_type),
	FIRST_ATTR_DATA_AT = NLMSG_HDRLEN + GENL_HDRLEN + NLA_HDRLEN,
};

/*
 * A server must not wake up for each client over its quota: of the events, only
 * what begins with type "policy" gets into the socket. Loads are big-endian.
 */
static int news_filter(struct channel *ch)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, NLMSG_TYPE_AT),
		/* Control messages of netlink, and those of nlctrl. */
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(NLMSG_ERROR), 6, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(NLMSG_DONE), 5, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(GENL_ID_CTRL), 4, 0),
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, FIRST_ATTR_TYPE_AT),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(EQUIC_A_EVENT_TYPE), 0, 2),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, FIRST_ATTR_DATA_AT),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, EQUIC_EVENT_POLICY, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog prog = {
		.len = sizeof(code) / sizeof(code[0]),
		.filter = code,
	};

	return setsockopt(ch->fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog,
			  sizeof(prog)) ? -errno : 0;
}

/* Not allowed to everybody; then the next report tells, or the timer. */
static void news_join_policy(struct channel *ch)
{
	if (ch->family.events)
		(void)setsockopt(ch->fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP,
				 &ch->family.events, sizeof(ch->family.events));
}

static void news_family(struct equic *eq)
{
	struct reporter *rep = &eq->rep;

	if (rep->chan.family.id == rep->news.family.id)
		return;
	rep->chan.family = rep->news.family;
	if (!rep->chan.family.id) {
		reporter_lose(eq, EQUIC_REPORTING_NO_MODULE);
		return;
	}
	news_join_policy(&rep->news);
	reporter_lose(eq, EQUIC_REPORTING_RESYNC);
}

static bool key_equal(const struct equic_key *a, const struct equic_key *b)
{
	return a->port == b->port && a->addr.family == b->addr.family &&
	       !memcmp(a->addr.bytes, b->addr.bytes, sizeof(a->addr.bytes));
}

static void news_policy(struct equic *eq, struct nlmsghdr *nlh)
{
	struct nlattr *tb[EQUIC_A_EVENT_MAX + 1];
	struct reporter *rep = &eq->rep;
	struct equic_key key;

	if (attr_parse(nlh, tb, EQUIC_A_EVENT_MAX) ||
	    attr_u8(tb[EQUIC_A_EVENT_TYPE]) != EQUIC_EVENT_POLICY)
		return;
	attr_key(tb[EQUIC_A_EVENT_SERVICE], &key);
	if (!key_equal(&key, &eq->opts.service))
		return;
	if (tb[EQUIC_A_EVENT_DELETED])
		reporter_lose(eq, EQUIC_REPORTING_REFUSED);
	/* Deleted, it may have been added again since. */
	rep->again = true;
}

static void news_message(struct equic *eq, struct nlmsghdr *nlh)
{
	struct reporter *rep = &eq->rep;

	if (channel_family_news(&rep->news, nlh))
		news_family(eq);
	else if (nlh->nlmsg_type == rep->news.family.id)
		news_policy(eq, nlh);
}

static int news_look(struct equic *eq)
{
	int err = channel_resolve(&eq->rep.news);

	if (!err)
		news_family(eq);
	return err;
}

int reporter_open_news(struct equic *eq)
{
	struct channel *news = &eq->rep.news;
	unsigned int notify = GENL_ID_CTRL;
	int err;

	eq->rep.state = EQUIC_REPORTING_NO_MODULE;
	/* Listen first, then look: what happens between is heard. */
	if (setsockopt(news->fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &notify,
		       sizeof(notify)))
		return -errno;
	err = news_filter(news);
	if (err)
		return err;
	nl_socket_set_nonblocking(news->sk);
	return news_look(eq);
}

void reporter_read_news(struct equic *eq)
{
	struct reporter *rep = &eq->rep;
	_Alignas(struct nlmsghdr) char buf[16384];

	for (;;) {
		struct nlmsghdr *nlh = (struct nlmsghdr *)buf;
		int len;

		len = recv(rep->news.fd, buf, sizeof(buf), MSG_DONTWAIT);
		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0 && errno == ENOBUFS) {
			/* The module may have gone and come unheard. */
			memset(&rep->chan.family, 0, sizeof(rep->chan.family));
			news_look(eq);
			continue;
		}
		if (len <= 0)
			return;
		for (; NLMSG_OK(nlh, (unsigned int)len); nlh = NLMSG_NEXT(nlh, len))
			news_message(eq, nlh);
	}
}

/* ----------------------------------------------------------- replay -- */

static int resync_say(struct equic *eq, enum equic_resync phase,
		      struct answer *ans)
{
	struct nl_msg *msg;
	int err;

	memset(ans, 0, sizeof(*ans));
	msg = channel_msg(&eq->rep.chan, EQUIC_CMD_RESYNC, 0);
	if (!msg)
		return -ENOMEM;
	err = attr_put_key_nested(msg, EQUIC_A_RESYNC_SERVICE,
				  &eq->opts.service) ?:
	      attr_put_u8(msg, EQUIC_A_RESYNC_PHASE, phase);
	if (!err)
		err = reporter_transact(eq, nlmsg_hdr(msg), ans);
	nlmsg_free(msg);
	return err ?: ans->err;
}

/* Later, and why. */
static void resync_refused(struct equic *eq, int err, const struct answer *ans)
{
	struct reporter *rep = &eq->rep;
	char key[EQUIC_ADDR_TEXT];

	reporter_lose(eq, EQUIC_REPORTING_REFUSED);
	if (err == -ENOENT)
		handle_fail(eq, err, "no service %s yet",
			    equic_key_format(&eq->opts.service, key, sizeof(key)));
	else
		handle_fail(eq, err, "cannot report for the service: %s",
			    ans->text[0] ? ans->text : strerror(-err));
	/* Each reason once, not each second. */
	if (err != rep->sync_err)
		reporter_tell(rep, err, eq->text);
	rep->sync_err = err;
}

static bool resync_is_due(const struct reporter *rep)
{
	return !rep->syncing && (rep->state == EQUIC_REPORTING_RESYNC ||
				 (rep->state == EQUIC_REPORTING_REFUSED &&
				  rep->again));
}

static int resync_replay(struct equic *eq)
{
	int err;

	if (!eq->opts.resync)
		return 0;
	pthread_mutex_unlock(&eq->lock);
	err = eq->opts.resync(eq, eq->opts.user);
	pthread_mutex_lock(&eq->lock);
	return err;
}

void reporter_sync(struct equic *eq, bool callback)
{
	struct reporter *rep = &eq->rep;
	struct answer ans;
	uint32_t generation;
	int err;

	if (!resync_is_due(rep))
		return;
	rep->again = false;
	err = resync_say(eq, EQUIC_RESYNC_BEGIN, &ans);
	if (err) {
		resync_refused(eq, err, &ans);
		return;
	}
	generation = rep->generation;
	rep->state = EQUIC_REPORTING_ON;
	rep->syncing = true;
	err = callback ? resync_replay(eq) : 0;
	/*
	 * The queue is emptied first: what it holds counts as reported again.
	 * What the kernel does not take now is not lost, but the end must wait.
	 */
	if (!err && rep->generation == generation)
		err = reporter_send(eq);
	if (!err && rep->generation == generation)
		err = resync_say(eq, EQUIC_RESYNC_END, &ans);
	rep->syncing = false;
	if (rep->generation != generation) {
		reporter_wake(rep);
	} else if (err) {
		resync_refused(eq, err, &ans);
	} else {
		rep->sync_err = 0;
		rep->stats.resyncs += callback;
	}
}
