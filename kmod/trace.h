/* SPDX-License-Identifier: GPL-2.0-only */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM equic

#if !defined(_EQUIC_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _EQUIC_TRACE_H

#include <linux/equic.h>
#include <linux/tracepoint.h>

#include "client.h"
#include "conn.h"

#ifndef _EQUIC_TRACE_STEPS
#define _EQUIC_TRACE_STEPS
enum equic_conn_step {
	EQUIC_STEP_BEGIN,
	EQUIC_STEP_OPEN,
	EQUIC_STEP_END,
};
#endif

#define EQUIC_TRACE_DROPS \
	{ EQUIC_DROP_QUOTA,		"quota" }, \
	{ EQUIC_DROP_CLIENT_OVER,	"client_over" }, \
	{ EQUIC_DROP_ZERO_RTT,		"zero_rtt" }, \
	{ EQUIC_DROP_DENIED,		"denied" }, \
	{ EQUIC_DROP_OVERFLOW,		"overflow" }, \
	{ EQUIC_DROP_FRAGMENT,		"fragment" }, \
	{ EQUIC_DROP_TRUNCATED,		"truncated" }, \
	{ EQUIC_DROP_CID_LENGTH,	"cid_length" }, \
	{ EQUIC_DROP_SMALL_INITIAL,	"small_initial" }, \
	{ EQUIC_DROP_SERVER_PACKET,	"server_packet" }, \
	{ EQUIC_DROP_VERSION_ZERO,	"version_zero" }

/* @would: 1 if the packet passed because its service only counts. */
TRACE_EVENT(equic_drop,
	TP_PROTO(const struct net_device *dev, const struct bpf_equic_pkt *pkt,
		 int reason, bool would),
	TP_ARGS(dev, pkt, reason, would),
	TP_STRUCT__entry(
		__field(int, ifindex)
		__array(__u8, saddr, 16)
		__array(__u8, daddr, 16)
		__field(__u16, sport)
		__field(__u16, dport)
		__field(__u16, len)
		__field(int, reason)
		__field(bool, would)
	),
	TP_fast_assign(
		__entry->ifindex = dev->ifindex;
		memcpy(__entry->saddr, pkt->saddr, 16);
		memcpy(__entry->daddr, pkt->daddr, 16);
		__entry->sport = ntohs(pkt->sport);
		__entry->dport = ntohs(pkt->dport);
		__entry->len = pkt->len;
		__entry->reason = reason;
		__entry->would = would;
	),
	TP_printk("ifindex=%d src=[%pI6c]:%u dst=[%pI6c]:%u len=%u reason=%s would=%d",
		  __entry->ifindex, __entry->saddr, __entry->sport,
		  __entry->daddr, __entry->dport, __entry->len,
		  __print_symbolic(__entry->reason, EQUIC_TRACE_DROPS),
		  __entry->would)
);

/* A step in a connection's life. */
TRACE_EVENT(equic_conn,
	TP_PROTO(const struct equic_conn *conn, enum equic_conn_step step),
	TP_ARGS(conn, step),
	TP_STRUCT__entry(
		__array(__u8, peer, 16)
		__field(__u16, port)
		__field(__u32, id)
		__field(__u8, state)
		__field(unsigned int, conns)
		__field(int, step)
	),
	TP_fast_assign(
		memcpy(__entry->peer, &conn->key.peer, 16);
		__entry->port = ntohs(conn->key.peer_port);
		__entry->id = conn->id;
		__entry->state = conn->state;
		__entry->conns = conn->client->nr_conns;
		__entry->step = step;
	),
	TP_printk("%s peer=[%pI6c]:%u id=%u state=%s conns=%u",
		  __print_symbolic(__entry->step,
				   { EQUIC_STEP_BEGIN, "begin" },
				   { EQUIC_STEP_OPEN, "open" },
				   { EQUIC_STEP_END, "end" }),
		  __entry->peer, __entry->port, __entry->id,
		  __entry->state == EQUIC_CONN_OPEN ? "open" : "pending",
		  __entry->conns)
);

#endif /* _EQUIC_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
