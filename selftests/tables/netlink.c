// SPDX-License-Identifier: GPL-2.0-only
/* See netlink.h. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/equic.h>
#include "ktap.h"
#include "netlink.h"

enum { RECEIVE_MAX = 65536 };

/* Resolved once for each time the module is loaded: see nl_family(). */
static int family_id = -1;

int nl_open_portid(struct nl *nl, __u32 portid)
{
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK, .nl_pid = portid };
	socklen_t len = sizeof(addr);
	int one = 1, size = 1 << 20;

	memset(nl, 0, sizeof(*nl));
	nl->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	if (nl->fd < 0)
		return -errno;
	setsockopt(nl->fd, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof(one));
	setsockopt(nl->fd, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof(one));
	setsockopt(nl->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (bind(nl->fd, (struct sockaddr *)&addr, sizeof(addr)) ||
	    getsockname(nl->fd, (struct sockaddr *)&addr, &len)) {
		int err = -errno;

		close(nl->fd);
		return err;
	}
	nl->portid = addr.nl_pid;
	return 0;
}

void nl_open(struct nl *nl)
{
	int err = nl_open_portid(nl, 0);

	if (err) {
		errno = -err;
		ktap_bail("no netlink socket");
	}
	if (nl_family() < 0)
		ktap_bail("no family %s", EQUIC_FAMILY_NAME);
}

/* One datagram from one to the other. Returns false at the end. */
static bool forward(int from, int to)
{
	static char buf[RECEIVE_MAX];
	ssize_t n = recv(from, buf, sizeof(buf), 0);

	return n > 0 && send(to, buf, n, 0) == n;
}

static void __attribute__((noreturn)) serve(struct nl *own, int stream)
{
	struct pollfd fds[] = {
		{ .fd = own->fd, .events = POLLIN },
		{ .fd = stream, .events = POLLIN },
	};

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (send(stream, &own->portid, sizeof(own->portid), 0) < 0)
		_exit(1);
	while (poll(fds, 2, -1) > 0) {
		if (fds[0].revents && !forward(own->fd, stream))
			break;
		if (fds[1].revents && !forward(stream, own->fd))
			break;
	}
	_exit(0);
}

void nl_open_process(struct nl *nl)
{
	struct nl own;
	int pair[2];

	nl_family();
	memset(nl, 0, sizeof(*nl));
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		ktap_bail("no pair of sockets");
	nl->pid = fork();
	if (nl->pid < 0)
		ktap_bail("no process");
	if (!nl->pid) {
		/* The sockets of others must not live on in here. */
		if (dup2(pair[1], STDERR_FILENO + 1) < 0 ||
		    close_range(STDERR_FILENO + 2, ~0U, 0) ||
		    nl_open_portid(&own, 0))
			_exit(1);
		serve(&own, STDERR_FILENO + 1);
	}
	close(pair[1]);
	nl->fd = pair[0];
	if (recv(nl->fd, &nl->portid, sizeof(nl->portid), 0) !=
	    sizeof(nl->portid))
		ktap_bail("a process without netlink");
}

void nl_close(struct nl *nl)
{
	if (nl->pid) {
		kill(nl->pid, SIGKILL);
		waitpid(nl->pid, NULL, 0);
	}
	close(nl->fd);
	nl->fd = -1;
	nl->pid = 0;
}

static void begin(struct nlm *m, int type, int cmd, int version, int flags)
{
	struct genlmsghdr *genl = (void *)(m->bytes + NLMSG_HDRLEN);

	memset(m->bytes, 0, NLMSG_HDRLEN + GENL_HDRLEN);
	m->hdr.nlmsg_type = type;
	m->hdr.nlmsg_flags = NLM_F_REQUEST | flags;
	genl->cmd = cmd;
	genl->version = version;
	m->len = NLMSG_HDRLEN + GENL_HDRLEN;
}

void nlm_begin(struct nlm *m, int cmd, int flags)
{
	begin(m, nl_family(), cmd, EQUIC_FAMILY_VERSION, flags);
}

void nlm_put(struct nlm *m, int type, const void *data, size_t len)
{
	struct nlattr *attr = (void *)(m->bytes + m->len);

	if (m->len + NLA_HDRLEN + NLA_ALIGN(len) > sizeof(m->bytes))
		ktap_bail("a message of more than %d bytes", NLM_MAX);
	attr->nla_type = type;
	attr->nla_len = NLA_HDRLEN + len;
	memset(m->bytes + m->len + NLA_HDRLEN, 0, NLA_ALIGN(len));
	if (len)
		memcpy(m->bytes + m->len + NLA_HDRLEN, data, len);
	m->len += NLA_HDRLEN + NLA_ALIGN(len);
}

void nlm_put_u8(struct nlm *m, int type, __u8 value)
{
	nlm_put(m, type, &value, sizeof(value));
}

void nlm_put_u16(struct nlm *m, int type, __u16 value)
{
	nlm_put(m, type, &value, sizeof(value));
}

void nlm_put_u32(struct nlm *m, int type, __u32 value)
{
	nlm_put(m, type, &value, sizeof(value));
}

void nlm_put_addr(struct nlm *m, int type4, int type6,
		  const struct in6_addr *addr)
{
	if (IN6_IS_ADDR_V4MAPPED(addr))
		nlm_put(m, type4, &addr->s6_addr[12], 4);
	else
		nlm_put(m, type6, addr, sizeof(*addr));
}

size_t nlm_nest(struct nlm *m, int type)
{
	size_t nest = m->len;

	nlm_put(m, type | NLA_F_NESTED, NULL, 0);
	return nest;
}

void nlm_end(struct nlm *m, size_t nest)
{
	struct nlattr *attr = (void *)(m->bytes + nest);

	attr->nla_len = m->len - nest;
}

void nla_table(const struct nlattr **table, int max, const struct nlattr *attrs,
	       size_t len)
{
	const struct nlattr *attr;

	memset(table, 0, (max + 1) * sizeof(*table));
	nla_each(attr, attrs, len) {
		int type = attr->nla_type & NLA_TYPE_MASK;

		if (type <= max)
			table[type] = attr;
	}
}

const void *nla_bytes(const struct nlattr *attr)
{
	return (const char *)attr + NLA_HDRLEN;
}

size_t nla_bytes_len(const struct nlattr *attr)
{
	return attr->nla_len - NLA_HDRLEN;
}

__u64 nla_number(const struct nlattr *attr)
{
	__u64 n8;
	__u32 n4;
	__u16 n2;

	if (!attr)
		return 0;
	switch (nla_bytes_len(attr)) {
	case 1:
		return *(const __u8 *)nla_bytes(attr);
	case 2:
		memcpy(&n2, nla_bytes(attr), 2);
		return n2;
	case 4:
		memcpy(&n4, nla_bytes(attr), 4);
		return n4;
	case 8:
		memcpy(&n8, nla_bytes(attr), 8);
		return n8;
	default:
		return 0;
	}
}

const struct nlattr *nlm_attrs(const struct nlm *m)
{
	return (const void *)(m->bytes + NLMSG_HDRLEN + GENL_HDRLEN);
}

size_t nlm_attrs_len(const struct nlm *m)
{
	return m->len - NLMSG_HDRLEN - GENL_HDRLEN;
}

/* Of an acknowledgement, or of a dump's end: the extended part. */
static void read_words(struct nl *nl, const struct nlmsghdr *hdr, size_t at)
{
	const struct nlattr *table[NLMSGERR_ATTR_MAX + 1];

	nl->words[0] = '\0';
	nl->missing = 0;
	if (!(hdr->nlmsg_flags & NLM_F_ACK_TLVS) || hdr->nlmsg_len <= at)
		return;
	nla_table(table, NLMSGERR_ATTR_MAX,
		  (const void *)((const char *)hdr + at), hdr->nlmsg_len - at);
	if (table[NLMSGERR_ATTR_MSG])
		strncat(nl->words, nla_bytes(table[NLMSGERR_ATTR_MSG]),
			sizeof(nl->words) - 1);
	nl->missing = nla_number(table[NLMSGERR_ATTR_MISS_TYPE]);
}

static int ack(struct nl *nl, const struct nlmsghdr *hdr)
{
	const struct nlmsgerr *err = NLMSG_DATA(hdr);
	size_t at = NLMSG_HDRLEN + sizeof(*err);

	if (err->error && !(hdr->nlmsg_flags & NLM_F_CAPPED))
		at += NLMSG_ALIGN(err->msg.nlmsg_len) - NLMSG_HDRLEN;
	read_words(nl, hdr, at);
	return err->error;
}

struct talk {
	struct nlm *reply;
	void (*each)(const struct nlattr *attrs, size_t len, void *arg);
	void *arg;
	int result;
};

/* One message. Returns true when it is the last of the answer. */
static bool take(struct nl *nl, const struct nlmsghdr *hdr, struct talk *talk)
{
	const size_t head = NLMSG_HDRLEN + GENL_HDRLEN;

	if (hdr->nlmsg_seq != nl->seq)
		return false;
	if (hdr->nlmsg_flags & NLM_F_DUMP_INTR)
		nl->interrupted = true;
	switch (hdr->nlmsg_type) {
	case NLMSG_ERROR:
		talk->result = ack(nl, hdr);
		return true;
	case NLMSG_DONE:
		talk->result = *(int *)NLMSG_DATA(hdr);
		read_words(nl, hdr, NLMSG_HDRLEN + sizeof(int));
		return true;
	}
	if (talk->reply && hdr->nlmsg_len <= sizeof(talk->reply->bytes)) {
		memcpy(talk->reply->bytes, hdr, hdr->nlmsg_len);
		talk->reply->len = hdr->nlmsg_len;
	}
	if (talk->each)
		talk->each((const void *)((const char *)hdr + head),
			   hdr->nlmsg_len - head, talk->arg);
	return false;
}

static int receive(struct nl *nl, struct talk *talk)
{
	char *buf = malloc(RECEIVE_MAX);
	struct nlmsghdr *hdr;
	bool last = false;
	ssize_t n;

	if (!buf)
		return -ENOMEM;
	while (!last) {
		n = recv(nl->fd, buf, RECEIVE_MAX, 0);
		if (n <= 0) {
			talk->result = n ? -errno : -EPIPE;
			break;
		}
		for (hdr = (void *)buf; NLMSG_OK(hdr, n) && !last;
		     hdr = NLMSG_NEXT(hdr, n))
			last = take(nl, hdr, talk);
	}
	free(buf);
	return talk->result;
}

static int talk(struct nl *nl, struct nlm *m, struct talk *talk)
{
	nl->interrupted = false;
	m->hdr.nlmsg_len = m->len;
	m->hdr.nlmsg_seq = ++nl->seq;
	if (send(nl->fd, m->bytes, m->len, 0) < 0)
		return -errno;
	return receive(nl, talk);
}

int nl_do(struct nl *nl, struct nlm *m, struct nlm *reply)
{
	struct talk t = { .reply = reply };

	m->hdr.nlmsg_flags |= NLM_F_ACK;
	if (reply)
		reply->len = 0;
	return talk(nl, m, &t);
}

int nl_dump(struct nl *nl, struct nlm *m,
	    void (*each)(const struct nlattr *attrs, size_t len, void *arg),
	    void *arg)
{
	struct talk t = { .each = each, .arg = arg };

	m->hdr.nlmsg_flags |= NLM_F_DUMP;
	return talk(nl, m, &t);
}

int nl_send_raw(struct nl *nl, const void *bytes, size_t len)
{
	return send(nl->fd, bytes, len, 0) < 0 ? -errno : 0;
}

/* What generic netlink itself says of the family. */
static int describe_family(struct nlm *reply)
{
	struct nlm m;
	struct nl nl;
	int err;

	err = nl_open_portid(&nl, 0);
	if (err)
		return err;
	begin(&m, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 1, 0);
	nlm_put(&m, CTRL_ATTR_FAMILY_NAME, EQUIC_FAMILY_NAME,
		sizeof(EQUIC_FAMILY_NAME));
	err = nl_do(&nl, &m, reply);
	nl_close(&nl);
	return err;
}

static int resolve(void)
{
	const struct nlattr *table[CTRL_ATTR_MAX + 1];
	struct nlm reply;
	int err = describe_family(&reply);

	if (err)
		return err;
	nla_table(table, CTRL_ATTR_MAX, nlm_attrs(&reply),
		  nlm_attrs_len(&reply));
	return nla_number(table[CTRL_ATTR_FAMILY_ID]);
}

int nl_family(void)
{
	if (family_id < 0)
		family_id = resolve();
	return family_id;
}

/* The family has one group. */
static int events_group(void)
{
	const struct nlattr *table[CTRL_ATTR_MAX + 1], *groups, *group[3];
	struct nlm reply;

	if (describe_family(&reply))
		return -1;
	nla_table(table, CTRL_ATTR_MAX, nlm_attrs(&reply),
		  nlm_attrs_len(&reply));
	if (!table[CTRL_ATTR_MCAST_GROUPS])
		return -1;
	groups = nla_bytes(table[CTRL_ATTR_MCAST_GROUPS]);
	nla_table(group, CTRL_ATTR_MCAST_GRP_ID, nla_bytes(groups),
		  nla_bytes_len(groups));
	return nla_number(group[CTRL_ATTR_MCAST_GRP_ID]);
}

int nl_join_events(struct nl *nl)
{
	int group = events_group();

	return setsockopt(nl->fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group,
			  sizeof(group)) ? -errno : 0;
}
