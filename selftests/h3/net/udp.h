/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef H3_NET_UDP_H
#define H3_NET_UDP_H

#include <sys/socket.h>
#include <sys/uio.h>

#include "addr.h"

enum {
	UDP_BATCH = 64,
	UDP_RX_BYTES = 4096,	/* no QUIC packet on an Ethernet is longer */
	UDP_TX_BYTES = 1500,
	UDP_CONTROL_BYTES = 64,	/* one in6_pktinfo with its header */
};

/* One received datagram, valid until the next udp_recv(). */
struct udp_datagram {
	uint8_t *data;
	size_t len;
	size_t wire_len;	/* > len: it was cut */
	union addr local;	/* port from the socket */
	union addr remote;
};

/* A batch of them. Large: allocate once per process. */
struct udp_rx {
	struct mmsghdr msgs[UDP_BATCH];
	struct iovec iov[UDP_BATCH];
	uint8_t control[UDP_BATCH][UDP_CONTROL_BYTES];
	union addr remote[UDP_BATCH];
	uint8_t data[UDP_BATCH][UDP_RX_BYTES];
};

/* Datagrams waiting for one sendmmsg(). */
struct udp_tx {
	int fd;
	unsigned int queued;
	uint64_t datagrams;	/* sent, as the kernel answered */
	uint64_t bytes;
	uint64_t failed;
	struct mmsghdr msgs[UDP_BATCH];
	struct iovec iov[UDP_BATCH];
	uint8_t control[UDP_BATCH][UDP_CONTROL_BYTES];
	union addr remote[UDP_BATCH];
	uint8_t data[UDP_BATCH][UDP_TX_BYTES];
};

enum udp_flags {
	UDP_REUSEPORT	= 1 << 0,
	UDP_PKTINFO	= 1 << 1,	/* local addresses with each datagram */
};

/* A non-blocking socket bound to @bind with large buffers; fd or -errno. */
int udp_open(const union addr *bind, unsigned int flags);
/* Datagrams that the kernel dropped because the socket's buffer was full. */
uint64_t udp_kernel_drops(int fd);

/* How many of a batch were read, 0 when nothing waits, or -errno. */
int udp_recv(struct udp_rx *rx, int fd);
/* The @i-th of them; @bound is the socket's own address. */
void udp_datagram(struct udp_rx *rx, int i, const union addr *bound,
		  struct udp_datagram *datagram);

void udp_tx_init(struct udp_tx *tx, int fd);
/* A buffer of UDP_TX_BYTES for the next datagram. */
uint8_t *udp_tx_buffer(struct udp_tx *tx);
/* Queues its first @len bytes; @local may be NULL. */
void udp_tx_commit(struct udp_tx *tx, size_t len, const union addr *local,
		   const union addr *remote);
void udp_tx_flush(struct udp_tx *tx);

#endif /* H3_NET_UDP_H */
