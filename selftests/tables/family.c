// SPDX-License-Identifier: GPL-2.0-only
/* See family.h. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include "family.h"
#include "ktap.h"

struct in6_addr addr_of(const char *text)
{
	struct in6_addr addr = IN6ADDR_ANY_INIT;

	if (strchr(text, ':')) {
		if (inet_pton(AF_INET6, text, &addr) == 1)
			return addr;
	} else if (inet_pton(AF_INET, text, &addr.s6_addr[12]) == 1) {
		addr.s6_addr[10] = 0xff;
		addr.s6_addr[11] = 0xff;
		return addr;
	}
	ktap_bail("%s is no address", text);
}

struct endpoint endpoint_of(const char *addr, __u16 port)
{
	return (struct endpoint){ addr_of(addr), port };
}

struct cid cid_of(__u64 number)
{
	struct cid cid = { .len = sizeof(number) };

	memcpy(cid.data, &number, sizeof(number));
	return cid;
}

bool addr_equal(const struct in6_addr *a, const struct in6_addr *b)
{
	return !memcmp(a, b, sizeof(*a));
}

static bool addr_any(const struct in6_addr *addr)
{
	return IN6_IS_ADDR_UNSPECIFIED(addr);
}

void nlm_put_service(struct nlm *m, const struct endpoint *service)
{
	if (!addr_any(&service->addr))
		nlm_put_addr(m, EQUIC_A_SERVICE_ADDR4, EQUIC_A_SERVICE_ADDR6,
			     &service->addr);
	nlm_put_u16(m, EQUIC_A_SERVICE_PORT, htons(service->port));
}

void nlm_nest_service(struct nlm *m, int type, const struct endpoint *service)
{
	size_t nest = nlm_nest(m, type);

	nlm_put_service(m, service);
	nlm_end(m, nest);
}

static void put_knob(struct nlm *m, int knob, __u32 value)
{
	switch (knob) {
	case EQUIC_A_SERVICE_QUOTA:
	case EQUIC_A_SERVICE_PENDING_TIMEOUT:
	case EQUIC_A_SERVICE_OWNER_UID:
		nlm_put_u32(m, knob, value);
		break;
	default:
		nlm_put_u8(m, knob, value);
	}
}

int service_do(struct nl *nl, int cmd, const struct endpoint *service, ...)
{
	struct nlm m;
	va_list args;
	int knob;

	nlm_begin(&m, cmd, 0);
	nlm_put_service(&m, service);
	va_start(args, service);
	while ((knob = va_arg(args, int)))
		put_knob(&m, knob, va_arg(args, unsigned int));
	va_end(args);
	return nl_do(nl, &m, NULL);
}

static void put_cid(struct nlm *m, int type, const struct cid *cid)
{
	if (cid)
		nlm_put(m, type, cid->data, cid->len);
}

int conn_report(struct nl *nl, int cmd, const struct report *r)
{
	struct nlm m;

	nlm_begin(&m, cmd, 0);
	if (r->service)
		nlm_nest_service(&m, EQUIC_A_CONN_SERVICE, r->service);
	if (r->id)
		nlm_put_u32(&m, EQUIC_A_CONN_ID, r->id);
	if (!addr_any(&r->peer.addr))
		nlm_put_addr(&m, EQUIC_A_CONN_PEER4, EQUIC_A_CONN_PEER6,
			     &r->peer.addr);
	if (r->peer.port)
		nlm_put_u16(&m, EQUIC_A_CONN_PEER_PORT, htons(r->peer.port));
	if (!addr_any(&r->local))
		nlm_put_addr(&m, EQUIC_A_CONN_LOCAL4, EQUIC_A_CONN_LOCAL6,
			     &r->local);
	put_cid(&m, EQUIC_A_CONN_ODCID, r->odcid);
	put_cid(&m, EQUIC_A_CONN_SCID, r->scid);
	put_cid(&m, EQUIC_A_CONN_CID, r->cid);
	if (r->remove)
		nlm_put(&m, EQUIC_A_CONN_CID_REMOVE, NULL, 0);
	return nl_do(nl, &m, NULL);
}

int resync(struct nl *nl, const struct endpoint *service, int phase)
{
	struct nlm m;

	nlm_begin(&m, EQUIC_CMD_RESYNC, 0);
	nlm_nest_service(&m, EQUIC_A_RESYNC_SERVICE, service);
	nlm_put_u8(&m, EQUIC_A_RESYNC_PHASE, phase);
	return nl_do(nl, &m, NULL);
}

int flush(struct nl *nl, const struct endpoint *service)
{
	struct nlm m;

	nlm_begin(&m, EQUIC_CMD_FLUSH, 0);
	if (service)
		nlm_nest_service(&m, EQUIC_A_FLUSH_SERVICE, service);
	return nl_do(nl, &m, NULL);
}

int bypass(struct nl *nl, const struct endpoint *service, __u32 for_ms)
{
	struct nlm m;

	nlm_begin(&m, EQUIC_CMD_BYPASS, 0);
	if (service)
		nlm_nest_service(&m, EQUIC_A_BYPASS_SERVICE, service);
	nlm_put_u32(&m, EQUIC_A_BYPASS_FOR, for_ms);
	return nl_do(nl, &m, NULL);
}

static void read_addr(const struct nlattr *attr4, const struct nlattr *attr6,
		      struct in6_addr *addr)
{
	memset(addr, 0, sizeof(*addr));
	if (attr4) {
		addr->s6_addr[10] = 0xff;
		addr->s6_addr[11] = 0xff;
		memcpy(&addr->s6_addr[12], nla_bytes(attr4), 4);
	} else if (attr6) {
		memcpy(addr, nla_bytes(attr6), sizeof(*addr));
	}
}

static void read_service(const struct nlattr *nest, struct endpoint *service)
{
	const struct nlattr *table[EQUIC_A_SERVICE_PORT + 1];

	memset(service, 0, sizeof(*service));
	if (!nest)
		return;
	nla_table(table, EQUIC_A_SERVICE_PORT, nla_bytes(nest),
		  nla_bytes_len(nest));
	read_addr(table[EQUIC_A_SERVICE_ADDR4], table[EQUIC_A_SERVICE_ADDR6],
		  &service->addr);
	service->port = ntohs(nla_number(table[EQUIC_A_SERVICE_PORT]));
}

static void read_numbers(const struct nlattr *nest, __u64 *numbers, int max)
{
	const struct nlattr *attr;

	if (!nest)
		return;
	nla_each(attr, (const struct nlattr *)nla_bytes(nest),
		 nla_bytes_len(nest)) {
		if ((attr->nla_type & NLA_TYPE_MASK) < max)
			numbers[attr->nla_type & NLA_TYPE_MASK] =
				nla_number(attr);
	}
}

static void read_stats(const struct nlattr *attrs, size_t len,
		       struct stats *stats)
{
	const struct nlattr *t[EQUIC_A_STATS_MAX + 1];

	nla_table(t, EQUIC_A_STATS_MAX, attrs, len);
	*stats = (struct stats) {
		.passed		= nla_number(t[EQUIC_A_STATS_PASSED_PACKETS]),
		.passed_bytes	= nla_number(t[EQUIC_A_STATS_PASSED_BYTES]),
		.dropped	= nla_number(t[EQUIC_A_STATS_DROPPED_PACKETS]),
		.dropped_bytes	= nla_number(t[EQUIC_A_STATS_DROPPED_BYTES]),
		.would_drop = nla_number(t[EQUIC_A_STATS_WOULD_DROP_PACKETS]),
		.admitted	= nla_number(t[EQUIC_A_STATS_ADMITTED]),
		.expired	= nla_number(t[EQUIC_A_STATS_EXPIRED]),
		.services	= nla_number(t[EQUIC_A_STATS_SERVICES]),
		.clients	= nla_number(t[EQUIC_A_STATS_CLIENTS]),
		.open		= nla_number(t[EQUIC_A_STATS_OPEN]),
		.pending	= nla_number(t[EQUIC_A_STATS_PENDING]),
		.owners		= nla_number(t[EQUIC_A_STATS_OWNERS]),
		.max_clients	= nla_number(t[EQUIC_A_STATS_MAX_CLIENTS]),
		.max_conns	= nla_number(t[EQUIC_A_STATS_MAX_CONNS]),
		.events_lost	= nla_number(t[EQUIC_A_STATS_EVENTS_LOST]),
		.bypass		= nla_number(t[EQUIC_A_STATS_BYPASS]),
	};
	read_numbers(t[EQUIC_A_STATS_DROPS], stats->drops, __EQUIC_DROP_MAX);
	read_numbers(t[EQUIC_A_STATS_PASSES], stats->passes,
		     __EQUIC_A_PASS_MAX);
}

static void read_stats_nest(const struct nlattr *nest, struct stats *stats)
{
	memset(stats, 0, sizeof(*stats));
	if (nest)
		read_stats(nla_bytes(nest), nla_bytes_len(nest), stats);
}

int stats_get(struct nl *nl, const struct endpoint *service,
	      struct stats *stats)
{
	struct nlm m, reply;
	int err;

	nlm_begin(&m, EQUIC_CMD_STATS_GET, 0);
	if (service)
		nlm_nest_service(&m, EQUIC_A_STATS_SERVICE, service);
	err = nl_do(nl, &m, &reply);
	if (err)
		return err;
	if (!reply.len)
		return -ENODATA;
	read_stats(nlm_attrs(&reply), nlm_attrs_len(&reply), stats);
	return 0;
}

struct stats stats_of(struct nl *nl, const struct endpoint *service)
{
	struct stats stats;
	int err = stats_get(nl, service, &stats);

	if (err) {
		errno = -err;
		ktap_bail("no counters: %s", nl->words);
	}
	return stats;
}

static void read_shown(const struct nlattr *attrs, size_t len,
		       struct shown *shown)
{
	const struct nlattr *t[EQUIC_A_SERVICE_MAX + 1];
	int i;

	memset(shown, 0, sizeof(*shown));
	nla_table(t, EQUIC_A_SERVICE_MAX, attrs, len);
	read_addr(t[EQUIC_A_SERVICE_ADDR4], t[EQUIC_A_SERVICE_ADDR6],
		  &shown->name.addr);
	shown->name.port = ntohs(nla_number(t[EQUIC_A_SERVICE_PORT]));
	for (i = EQUIC_A_SERVICE_QUOTA; i <= EQUIC_A_SERVICE_OWNER_UID; i++)
		shown->knob[i] = nla_number(t[i]);
	shown->idle = nla_number(t[EQUIC_A_SERVICE_IDLE]);
	shown->owners = nla_number(t[EQUIC_A_SERVICE_OWNERS]);
	shown->clients = nla_number(t[EQUIC_A_SERVICE_CLIENTS]);
	shown->open = nla_number(t[EQUIC_A_SERVICE_OPEN]);
	shown->pending = nla_number(t[EQUIC_A_SERVICE_PENDING]);
	shown->bypass = nla_number(t[EQUIC_A_SERVICE_BYPASS]);
	read_stats_nest(t[EQUIC_A_SERVICE_STATS], &shown->stats);
}

int service_get(struct nl *nl, const struct endpoint *service,
		struct shown *shown)
{
	struct nlm m, reply;
	int err;

	nlm_begin(&m, EQUIC_CMD_SERVICE_GET, 0);
	nlm_put_service(&m, service);
	err = nl_do(nl, &m, &reply);
	if (err)
		return err;
	read_shown(nlm_attrs(&reply), nlm_attrs_len(&reply), shown);
	return 0;
}

/* Where the objects of a dump go. */
struct sink {
	void	*objects;
	int	n, max;
};

static void sink_shown(const struct nlattr *attrs, size_t len, void *arg)
{
	struct sink *sink = arg;

	if (sink->n++ < sink->max)
		read_shown(attrs, len,
			   (struct shown *)sink->objects + sink->n - 1);
}

static void read_client(const struct nlattr *attrs, size_t len,
			struct client *client)
{
	const struct nlattr *t[EQUIC_A_CLIENT_MAX + 1];

	nla_table(t, EQUIC_A_CLIENT_MAX, attrs, len);
	read_service(t[EQUIC_A_CLIENT_SERVICE], &client->service);
	read_addr(t[EQUIC_A_CLIENT_ADDR4], t[EQUIC_A_CLIENT_ADDR6],
		  &client->addr);
	client->prefix_len = nla_number(t[EQUIC_A_CLIENT_PREFIX_LEN]);
	client->open = nla_number(t[EQUIC_A_CLIENT_OPEN]);
	client->pending = nla_number(t[EQUIC_A_CLIENT_PENDING]);
	client->over = t[EQUIC_A_CLIENT_OVER];
	read_stats_nest(t[EQUIC_A_CLIENT_STATS], &client->stats);
}

static void sink_client(const struct nlattr *attrs, size_t len, void *arg)
{
	struct sink *sink = arg;

	if (sink->n++ < sink->max)
		read_client(attrs, len,
			    (struct client *)sink->objects + sink->n - 1);
}

static void read_cid(const struct nlattr *attr, struct cid *cid)
{
	memset(cid, 0, sizeof(*cid));
	if (!attr)
		return;
	cid->len = nla_bytes_len(attr);
	memcpy(cid->data, nla_bytes(attr), cid->len);
}

static void read_conn(const struct nlattr *attrs, size_t len, struct conn *conn)
{
	const struct nlattr *t[EQUIC_A_CONN_MAX + 1], *attr;

	memset(conn, 0, sizeof(*conn));
	nla_table(t, EQUIC_A_CONN_MAX, attrs, len);
	read_service(t[EQUIC_A_CONN_SERVICE], &conn->service);
	conn->id = nla_number(t[EQUIC_A_CONN_ID]);
	read_addr(t[EQUIC_A_CONN_PEER4], t[EQUIC_A_CONN_PEER6],
		  &conn->peer.addr);
	conn->peer.port = ntohs(nla_number(t[EQUIC_A_CONN_PEER_PORT]));
	read_addr(t[EQUIC_A_CONN_LOCAL4], t[EQUIC_A_CONN_LOCAL6],
		  &conn->local);
	read_addr(t[EQUIC_A_CONN_CLIENT4], t[EQUIC_A_CONN_CLIENT6],
		  &conn->client);
	conn->state = nla_number(t[EQUIC_A_CONN_STATE]);
	conn->owner = nla_number(t[EQUIC_A_CONN_OWNER]);
	conn->owner_pid = nla_number(t[EQUIC_A_CONN_OWNER_PID]);
	conn->age_ms = nla_number(t[EQUIC_A_CONN_AGE]);
	conn->over = t[EQUIC_A_CONN_OVER];
	conn->handshake = t[EQUIC_A_CONN_ODCID];
	read_cid(t[EQUIC_A_CONN_ODCID], &conn->odcid);
	read_cid(t[EQUIC_A_CONN_SCID], &conn->scid);
	nla_each(attr, attrs, len)
		conn->cids += attr->nla_type == EQUIC_A_CONN_CID;
}

static void sink_conn(const struct nlattr *attrs, size_t len, void *arg)
{
	struct sink *sink = arg;

	if (sink->n++ < sink->max)
		read_conn(attrs, len,
			  (struct conn *)sink->objects + sink->n - 1);
}

int services_dump(struct nl *nl, struct shown *shown, int max)
{
	struct sink sink = { shown, 0, max };
	struct nlm m;
	int err;

	nlm_begin(&m, EQUIC_CMD_SERVICE_GET, 0);
	err = nl_dump(nl, &m, sink_shown, &sink);
	return err ? err : sink.n;
}

int clients_dump(struct nl *nl, const struct endpoint *service,
		 const struct in6_addr *prefix, int prefix_len, bool over,
		 struct client *clients, int max)
{
	struct sink sink = { clients, 0, max };
	struct nlm m;
	int err;

	nlm_begin(&m, EQUIC_CMD_CLIENT_GET, 0);
	if (service)
		nlm_nest_service(&m, EQUIC_A_CLIENT_SERVICE, service);
	if (prefix) {
		nlm_put_addr(&m, EQUIC_A_CLIENT_ADDR4, EQUIC_A_CLIENT_ADDR6,
			     prefix);
		nlm_put_u8(&m, EQUIC_A_CLIENT_PREFIX_LEN, prefix_len);
	}
	if (over)
		nlm_put(&m, EQUIC_A_CLIENT_OVER, NULL, 0);
	err = nl_dump(nl, &m, sink_client, &sink);
	return err ? err : sink.n;
}

int conns_dump(struct nl *nl, const struct endpoint *service,
	       const struct in6_addr *prefix, int prefix_len,
	       struct conn *conns, int max)
{
	struct sink sink = { conns, 0, max };
	struct nlm m;
	int err;

	nlm_begin(&m, EQUIC_CMD_CONN_GET, 0);
	if (service)
		nlm_nest_service(&m, EQUIC_A_CONN_SERVICE, service);
	if (prefix) {
		nlm_put_addr(&m, EQUIC_A_CONN_CLIENT4, EQUIC_A_CONN_CLIENT6,
			     prefix);
		nlm_put_u8(&m, EQUIC_A_CONN_CLIENT_PREFIX_LEN, prefix_len);
	}
	err = nl_dump(nl, &m, sink_conn, &sink);
	return err ? err : sink.n;
}

struct client client_of(struct nl *nl, const struct endpoint *service,
			const struct in6_addr *addr)
{
	int len = IN6_IS_ADDR_V4MAPPED(addr) ? 32 : 128;
	struct client client = { .prefix_len = 0 };
	int n = clients_dump(nl, service, addr, len, false, &client, 1);

	if (n < 0 || n > 1)
		ktap_bail("a dump of one client: %d", n);
	return client;
}
