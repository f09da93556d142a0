// SPDX-License-Identifier: GPL-2.0-only
/* See control.h. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <netlink/netlink.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include "control.h"
#include "ktap.h"

static struct nl_sock *sock;
static int family;

void module_insert(const char *params)
{
	const char *path = getenv("EQUIC_KO");
	int fd;

	errno = 0;
	if (!path)
		ktap_bail("EQUIC_KO does not name the module");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || syscall(SYS_finit_module, fd, params, 0))
		ktap_bail("cannot load %s", path);
	close(fd);
}

int module_remove(void)
{
	return syscall(SYS_delete_module, "equic", O_NONBLOCK) ? -errno : 0;
}

void control_open(void)
{
	if (unshare(CLONE_NEWNET))
		ktap_bail("no network namespace");
	control_connect();
}

void control_connect(void)
{
	sock = nl_socket_alloc();
	if (!sock || genl_connect(sock))
		ktap_bail("no generic netlink");
	family = genl_ctrl_resolve(sock, EQUIC_FAMILY_NAME);
	errno = 0;
	if (family < 0)
		ktap_bail("no family equic: %s", nl_geterror(family));
}

void control_close(void)
{
	nl_socket_free(sock);
}

struct nl_msg *control_message(int cmd)
{
	struct nl_msg *msg = nlmsg_alloc();

	if (!msg || !genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, family, 0,
				 NLM_F_ACK, cmd, EQUIC_FAMILY_VERSION))
		ktap_bail("no memory");
	return msg;
}

static int on_error(struct sockaddr_nl *from, struct nlmsgerr *error, void *arg)
{
	(void)from;
	*(int *)arg = error->error;
	return NL_SKIP; /* NL_STOP would make an error of it twice */
}

static int on_ack(struct nl_msg *msg, void *arg)
{
	(void)msg;
	*(int *)arg = 0;
	return NL_STOP;
}

int control_request(struct nl_msg *msg, nl_recvmsg_msg_cb_t valid, void *arg)
{
	struct nl_cb *cb = nl_cb_alloc(NL_CB_DEFAULT);
	int done = 1, err;

	nl_cb_err(cb, NL_CB_CUSTOM, on_error, &done);
	nl_cb_set(cb, NL_CB_ACK, NL_CB_CUSTOM, on_ack, &done);
	if (valid)
		nl_cb_set(cb, NL_CB_VALID, NL_CB_CUSTOM, valid, arg);
	err = nl_send_auto(sock, msg);
	errno = 0;
	if (err < 0)
		ktap_bail("netlink: %s", nl_geterror(err));
	while (done > 0) {
		err = nl_recvmsgs(sock, cb);
		if (err < 0)
			ktap_bail("netlink: %s", nl_geterror(err));
	}
	nl_cb_put(cb);
	nlmsg_free(msg);
	return done;
}

static void put_key(struct nl_msg *msg, bool ip6)
{
	__u8 addr[16];

	inet_pton(ip6 ? AF_INET6 : AF_INET, ip6 ? SERVICE_ADDR6 : SERVICE_ADDR4,
		  addr);
	nla_put(msg, ip6 ? EQUIC_A_SERVICE_ADDR6 : EQUIC_A_SERVICE_ADDR4,
		ip6 ? 16 : 4, addr);
	nla_put_u16(msg, EQUIC_A_SERVICE_PORT, htons(SERVICE_PORT));
}

static void put_key_nest(struct nl_msg *msg, int type, bool ip6)
{
	struct nlattr *nest = nla_nest_start(msg, type);

	put_key(msg, ip6);
	nla_nest_end(msg, nest);
}

void service_del(bool ip6)
{
	struct nl_msg *msg = control_message(EQUIC_CMD_SERVICE_DEL);
	int err;

	put_key(msg, ip6);
	err = control_request(msg, NULL, NULL);
	errno = -err;
	if (err && err != -ENOENT)
		ktap_bail("cannot delete a service");
}

void service_set(bool ip6, const struct policy *policy)
{
	struct nl_msg *msg = control_message(EQUIC_CMD_SERVICE_ADD);
	int err;

	service_del(ip6);
	put_key(msg, ip6);
	nla_put_u32(msg, EQUIC_A_SERVICE_QUOTA,
		    policy->quota ?: EQUIC_QUOTA_NONE);
	nla_put_u8(msg, EQUIC_A_SERVICE_MODE, policy->mode);
	nla_put_u8(msg, EQUIC_A_SERVICE_NO_OWNER, policy->no_owner);
	nla_put_u8(msg, EQUIC_A_SERVICE_DEFAULT, policy->deny);
	nla_put_u8(msg, EQUIC_A_SERVICE_ON_OVERFLOW, policy->overflow_drop);
	nla_put_u32(msg, EQUIC_A_SERVICE_PENDING_TIMEOUT,
		    EQUIC_PENDING_TIMEOUT_MAX_MS);
	err = control_request(msg, NULL, NULL);
	errno = -err;
	if (err)
		ktap_bail("cannot add a service");
}

static __u64 get_uint(const struct nlattr *attr)
{
	return nla_len(attr) == 8 ? nla_get_u64(attr) : nla_get_u32(attr);
}

static void get_nest(struct nlattr *nest, __u64 *count, int max)
{
	struct nlattr *attr;
	int left;

	if (!nest)
		return;
	nla_for_each_nested(attr, nest, left)
		if (nla_type(attr) <= max)
			count[nla_type(attr)] = get_uint(attr);
}

static int on_stats(struct nl_msg *msg, void *arg)
{
	struct nlattr *attrs[EQUIC_A_STATS_MAX + 1];
	struct stats *stats = arg;
	int i;

	if (genlmsg_parse(nlmsg_hdr(msg), 0, attrs, EQUIC_A_STATS_MAX, NULL))
		return NL_SKIP;
	for (i = 1; i <= EQUIC_A_STATS_MAX; i++)
		if (attrs[i] && i != EQUIC_A_STATS_SERVICE &&
		    i != EQUIC_A_STATS_DROPS && i != EQUIC_A_STATS_PASSES)
			stats->count[i] = get_uint(attrs[i]);
	get_nest(attrs[EQUIC_A_STATS_DROPS], stats->drops, EQUIC_A_DROP_MAX);
	get_nest(attrs[EQUIC_A_STATS_PASSES], stats->passes, EQUIC_A_PASS_MAX);
	return NL_OK;
}

static void get_stats(struct nl_msg *msg, struct stats *stats)
{
	int err;

	memset(stats, 0, sizeof(*stats));
	err = control_request(msg, on_stats, stats);
	errno = -err;
	if (err)
		ktap_bail("cannot read statistics");
}

void service_stats(bool ip6, struct stats *stats)
{
	struct nl_msg *msg = control_message(EQUIC_CMD_STATS_GET);

	put_key_nest(msg, EQUIC_A_STATS_SERVICE, ip6);
	get_stats(msg, stats);
}

void total_stats(struct stats *stats)
{
	get_stats(control_message(EQUIC_CMD_STATS_GET), stats);
}

int conn_report(int cmd, const struct frame *frame, __u32 id)
{
	struct nl_msg *msg = control_message(cmd);
	struct bpf_equic_pkt pkt;
	struct built built;
	__u16 port;

	frame_build(frame, &built);
	frame_pkt(frame, &built, true, &pkt);
	port = pkt.sport;
	put_key_nest(msg, EQUIC_A_CONN_SERVICE, frame->ip6);
	nla_put_u32(msg, EQUIC_A_CONN_ID, id);
	if (cmd != EQUIC_CMD_CONN_CLOSE) {
		if (frame->ip6) {
			nla_put(msg, EQUIC_A_CONN_PEER6, 16, pkt.saddr);
			nla_put(msg, EQUIC_A_CONN_LOCAL6, 16, pkt.daddr);
		} else {
			nla_put(msg, EQUIC_A_CONN_PEER4, 4, &pkt.saddr[3]);
			nla_put(msg, EQUIC_A_CONN_LOCAL4, 4, &pkt.daddr[3]);
		}
		nla_put_u16(msg, EQUIC_A_CONN_PEER_PORT, port);
		nla_put(msg, EQUIC_A_CONN_ODCID, frame->quic[0].dcid_len,
			built.data + built.dcid[0]);
		nla_put(msg, EQUIC_A_CONN_SCID, frame->quic[0].scid_len,
			built.data + built.scid[0]);
	}
	return control_request(msg, NULL, NULL);
}

void namespace_bypass(bool on)
{
	struct nl_msg *msg = control_message(EQUIC_CMD_BYPASS);
	int err;

	nla_put_u32(msg, EQUIC_A_BYPASS_FOR, on ? EQUIC_BYPASS_FOREVER_MS : 0);
	err = control_request(msg, NULL, NULL);
	errno = -err;
	if (err)
		ktap_bail("cannot switch bypass");
}
