// SPDX-License-Identifier: GPL-2.0-only
/*
 * UDP sockets in batches, with the local address of each datagram. What was
 * sent is counted by the kernel's answer, so that ledgers can be exact.
 */
#include <errno.h>
#include <linux/sock_diag.h>
#include <netinet/ip.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "udp.h"

enum {
	UDP_BUFFER_BYTES = 32 << 20,
	UDP_SEND_WAIT_MS = 100,
};

static int set_int(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value)) ? -errno : 0;
}

static int udp_options(int fd, int family, unsigned int flags)
{
	bool v6 = family == AF_INET6;
	int ret = 0;

	/* FORCE needs CAP_NET_ADMIN; without, the sysctl's limit applies */
	if (set_int(fd, SOL_SOCKET, SO_RCVBUFFORCE, UDP_BUFFER_BYTES))
		set_int(fd, SOL_SOCKET, SO_RCVBUF, UDP_BUFFER_BYTES);
	if (set_int(fd, SOL_SOCKET, SO_SNDBUFFORCE, UDP_BUFFER_BYTES))
		set_int(fd, SOL_SOCKET, SO_SNDBUF, UDP_BUFFER_BYTES);
	if (v6)
		ret = set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	/* RFC 9000, 14: QUIC packets are never fragmented */
	if (!ret)
		ret = v6 ? set_int(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER,
				   IPV6_PMTUDISC_PROBE) :
			   set_int(fd, IPPROTO_IP, IP_MTU_DISCOVER,
				   IP_PMTUDISC_PROBE);
	if (!ret && flags & UDP_PKTINFO)
		ret = v6 ? set_int(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1) :
			   set_int(fd, IPPROTO_IP, IP_PKTINFO, 1);
	if (!ret && flags & UDP_REUSEPORT)
		ret = set_int(fd, SOL_SOCKET, SO_REUSEPORT, 1);
	return ret;
}

int udp_open(const union addr *bind_to, unsigned int flags)
{
	int fd, ret;

	fd = socket(bind_to->sa.sa_family,
		    SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	ret = udp_options(fd, bind_to->sa.sa_family, flags);
	if (!ret && bind(fd, &bind_to->sa, addr_len(bind_to)))
		ret = -errno;
	if (ret) {
		close(fd);
		return ret;
	}
	return fd;
}

uint64_t udp_kernel_drops(int fd)
{
	uint32_t info[SK_MEMINFO_VARS] = { 0 };
	socklen_t len = sizeof(info);

	if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &len))
		return 0;
	return info[SK_MEMINFO_DROPS];
}

int udp_recv(struct udp_rx *rx, int fd)
{
	int i, n;

	for (i = 0; i < UDP_BATCH; i++) {
		rx->iov[i].iov_base = rx->data[i];
		rx->iov[i].iov_len = UDP_RX_BYTES;
		rx->msgs[i].msg_hdr = (struct msghdr){
			.msg_name = &rx->remote[i],
			.msg_namelen = sizeof(rx->remote[i]),
			.msg_iov = &rx->iov[i],
			.msg_iovlen = 1,
			.msg_control = rx->control[i],
			.msg_controllen = UDP_CONTROL_BYTES,
		};
	}
	/* MSG_TRUNC: the length on the wire, though the data were cut */
	n = recvmmsg(fd, rx->msgs, UDP_BATCH, MSG_DONTWAIT | MSG_TRUNC, NULL);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	return n;
}

static void take_pktinfo(struct msghdr *msg, union addr *local)
{
	struct cmsghdr *cmsg;

	for (cmsg = CMSG_FIRSTHDR(msg); cmsg; cmsg = CMSG_NXTHDR(msg, cmsg)) {
		if (cmsg->cmsg_level == IPPROTO_IP &&
		    cmsg->cmsg_type == IP_PKTINFO) {
			struct in_pktinfo info;

			memcpy(&info, CMSG_DATA(cmsg), sizeof(info));
			local->in.sin_addr = info.ipi_addr;
		} else if (cmsg->cmsg_level == IPPROTO_IPV6 &&
			   cmsg->cmsg_type == IPV6_PKTINFO) {
			struct in6_pktinfo info;

			memcpy(&info, CMSG_DATA(cmsg), sizeof(info));
			local->in6.sin6_addr = info.ipi6_addr;
		}
	}
}

void udp_datagram(struct udp_rx *rx, int i, const union addr *bound,
		  struct udp_datagram *datagram)
{
	size_t wire_len = rx->msgs[i].msg_len;

	datagram->data = rx->data[i];
	datagram->wire_len = wire_len;
	datagram->len = wire_len < UDP_RX_BYTES ? wire_len : UDP_RX_BYTES;
	datagram->remote = rx->remote[i];
	datagram->local = *bound;
	take_pktinfo(&rx->msgs[i].msg_hdr, &datagram->local);
}

void udp_tx_init(struct udp_tx *tx, int fd)
{
	tx->fd = fd;
	tx->queued = 0;
	tx->datagrams = 0;
	tx->bytes = 0;
	tx->failed = 0;
}

uint8_t *udp_tx_buffer(struct udp_tx *tx)
{
	if (tx->queued == UDP_BATCH)
		udp_tx_flush(tx);
	return tx->data[tx->queued];
}

static void put_pktinfo(struct msghdr *msg, void *control,
			const union addr *local)
{
	struct cmsghdr *cmsg = control;

	memset(control, 0, UDP_CONTROL_BYTES);
	msg->msg_control = control;
	if (local->sa.sa_family == AF_INET6) {
		struct in6_pktinfo info = { .ipi6_addr = local->in6.sin6_addr };

		msg->msg_controllen = CMSG_SPACE(sizeof(info));
		cmsg->cmsg_len = CMSG_LEN(sizeof(info));
		cmsg->cmsg_level = IPPROTO_IPV6;
		cmsg->cmsg_type = IPV6_PKTINFO;
		memcpy(CMSG_DATA(cmsg), &info, sizeof(info));
	} else {
		struct in_pktinfo info = { .ipi_spec_dst = local->in.sin_addr };

		msg->msg_controllen = CMSG_SPACE(sizeof(info));
		cmsg->cmsg_len = CMSG_LEN(sizeof(info));
		cmsg->cmsg_level = IPPROTO_IP;
		cmsg->cmsg_type = IP_PKTINFO;
		memcpy(CMSG_DATA(cmsg), &info, sizeof(info));
	}
}

void udp_tx_commit(struct udp_tx *tx, size_t len, const union addr *local,
		   const union addr *remote)
{
	unsigned int i = tx->queued++;

	tx->remote[i] = *remote;
	tx->iov[i].iov_base = tx->data[i];
	tx->iov[i].iov_len = len;
	tx->msgs[i].msg_hdr = (struct msghdr){
		.msg_name = &tx->remote[i],
		.msg_namelen = addr_len(remote),
		.msg_iov = &tx->iov[i],
		.msg_iovlen = 1,
	};
	if (local)
		put_pktinfo(&tx->msgs[i].msg_hdr, tx->control[i], local);
}

void udp_tx_flush(struct udp_tx *tx)
{
	unsigned int done = 0;
	int i, n;

	while (done < tx->queued) {
		n = sendmmsg(tx->fd, tx->msgs + done, tx->queued - done, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			struct pollfd fd = { tx->fd, POLLOUT, 0 };

			if (poll(&fd, 1, UDP_SEND_WAIT_MS) > 0)
				continue;
		}
		if (n < 0) {
			/* too long for the path, no route: QUIC sees a loss */
			tx->failed++;
			done++;
			continue;
		}
		for (i = 0; i < n; i++)
			tx->bytes += tx->msgs[done + i].msg_len;
		tx->datagrams += n;
		done += n;
	}
	tx->queued = 0;
}
