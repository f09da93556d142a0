// SPDX-License-Identifier: GPL-2.0-only
/*
 * A server with a preferred address (RFC 9000, 9.6), to which its client goes: the server
 * asks there before it goes there itself. Behind that all senders go on.
 */
#include <string.h>
#include "ktap.h"
#include "scene.h"
#include "share.h"
#include "word.h"
#include "wraps.h"

#define MS NGTCP2_MILLISECONDS
#define S NGTCP2_SECONDS

enum { CLIENT = 1, USUAL = 443, PREFERRED = 444 };

/* That a datagram is of, or for, the preferred address stands in its client's port. */
enum { FIRST_PORT = 40000, MARK = 40001 };

/* Where the packet goes, or comes from, that an end has just written; 0: none has. */
static uint16_t written;
/* The server's, of the packet that is being read. */
static uint16_t arriving;
/* A server may say what it prefers before it has read anything, at the latest. */
static enum { NOT_AT_ALL, AT_ONCE, AT_LAST } preferring;
static ngtcp2_transport_params more;

/* Of each, what it is called by, and what it does here instead. */
WRAPS(ngtcp2_conn_server_new_versioned);
WRAPS(ngtcp2_conn_client_new_versioned);
WRAPS(ngtcp2_conn_read_pkt_versioned);
WRAPS(ngtcp2_conn_write_pkt_versioned);
WRAPS(ngtcp2_conn_writev_stream_versioned);
WRAPS(transit_send);
WRAPS(transit_take);

static uint16_t port_of(const ngtcp2_addr *addr)
{
	struct sockaddr_in in;

	memcpy(&in, addr->addr, sizeof(in));
	return ntohs(in.sin_port);
}

static void set_port(ngtcp2_addr *addr, uint16_t port)
{
	struct sockaddr_in in;

	memcpy(&in, addr->addr, sizeof(in));
	in.sin_port = htons(port);
	memcpy(addr->addr, &in, sizeof(in));
}

static uint16_t server_port(const ngtcp2_conn *conn, const ngtcp2_path *path)
{
	return port_of(ngtcp2_conn_is_server((ngtcp2_conn *)conn) ? &path->local :
								    &path->remote);
}

int __wrap_ngtcp2_conn_server_new_versioned(
	ngtcp2_conn **conn, const ngtcp2_cid *dcid, const ngtcp2_cid *scid,
	const ngtcp2_path *path, uint32_t version, int callbacks_version,
	const ngtcp2_callbacks *callbacks, int settings_version,
	const ngtcp2_settings *settings, int params_version,
	const ngtcp2_transport_params *params, const ngtcp2_mem *mem, void *user_data)
{
	more = *params;
	more.preferred_addr_present = 1;
	more.preferred_addr.ipv4_present = 1;
	memcpy(&more.preferred_addr.ipv4, path->local.addr,
	       sizeof(more.preferred_addr.ipv4));
	more.preferred_addr.ipv4.sin_port = htons(PREFERRED);
	more.preferred_addr.cid = *scid;
	more.preferred_addr.cid.data[0] ^= 1;
	if (preferring == AT_ONCE)
		params = &more;
	return __real_ngtcp2_conn_server_new_versioned(conn, dcid, scid, path, version,
						       callbacks_version, callbacks,
						       settings_version, settings,
						       params_version, params, mem,
						       user_data);
}

static int prefer(ngtcp2_conn *conn, ngtcp2_path *to, const ngtcp2_preferred_addr *addr,
		  void *user_data)
{
	(void)conn;
	(void)user_data;
	memcpy(to->remote.addr, &addr->ipv4, sizeof(addr->ipv4));
	to->remote.addrlen = sizeof(addr->ipv4);
	return 0;
}

int __wrap_ngtcp2_conn_client_new_versioned(
	ngtcp2_conn **conn, const ngtcp2_cid *dcid, const ngtcp2_cid *scid,
	const ngtcp2_path *path, uint32_t version, int callbacks_version,
	const ngtcp2_callbacks *callbacks, int settings_version,
	const ngtcp2_settings *settings, int params_version,
	const ngtcp2_transport_params *params, const ngtcp2_mem *mem, void *user_data)
{
	ngtcp2_callbacks more = *callbacks;

	more.select_preferred_addr = prefer;
	return __real_ngtcp2_conn_client_new_versioned(conn, dcid, scid, path, version,
						       callbacks_version, &more,
						       settings_version, settings,
						       params_version, params, mem,
						       user_data);
}

ngtcp2_ssize __wrap_ngtcp2_conn_write_pkt_versioned(ngtcp2_conn *conn, ngtcp2_path *path,
						    int version, ngtcp2_pkt_info *pi,
						    uint8_t *dest, size_t len,
						    ngtcp2_tstamp now)
{
	ngtcp2_ssize n = __real_ngtcp2_conn_write_pkt_versioned(conn, path, version, pi,
								dest, len, now);

	if (n > 0)
		written = server_port(conn, path);
	return n;
}

ngtcp2_ssize __wrap_ngtcp2_conn_writev_stream_versioned(
	ngtcp2_conn *conn, ngtcp2_path *path, int version, ngtcp2_pkt_info *pi,
	uint8_t *dest, size_t len, ngtcp2_ssize *used, uint32_t flags, int64_t stream,
	const ngtcp2_vec *data, size_t count, ngtcp2_tstamp now)
{
	ngtcp2_ssize n = __real_ngtcp2_conn_writev_stream_versioned(
		conn, path, version, pi, dest, len, used, flags, stream, data, count,
		now);

	if (n > 0)
		written = server_port(conn, path);
	return n;
}

int __wrap_ngtcp2_conn_read_pkt_versioned(ngtcp2_conn *conn, const ngtcp2_path *path,
					  int version, const ngtcp2_pkt_info *pi,
					  const uint8_t *packet, size_t len,
					  ngtcp2_tstamp now)
{
	ngtcp2_path_storage ps;

	if (ngtcp2_conn_is_server(conn) && preferring == AT_LAST) {
		preferring = NOT_AT_ALL;
		if (ngtcp2_conn_set_local_transport_params(conn, &more))
			ktap_bail("transport parameters");
	}
	ngtcp2_path_storage_zero(&ps);
	ngtcp2_path_copy(&ps.path, path);
	set_port(ngtcp2_conn_is_server(conn) ? &ps.path.local : &ps.path.remote, arriving);
	return __real_ngtcp2_conn_read_pkt_versioned(conn, &ps.path, version, pi, packet,
						     len, now);
}

static struct scene *running;

void __wrap_transit_send(struct transit *t, int from, uint16_t port, uint64_t now,
			 const uint8_t *bytes, size_t len)
{
	ngtcp2_conn *conn = running ? world_sender(running->world) : NULL;

	/* The library's, or the second sender's. */
	if (!written && from != CLIENT && conn)
		written = server_port(conn, ngtcp2_conn_get_path(conn));
	__real_transit_send(t, from, written == PREFERRED ? htons(MARK) : port, now, bytes,
			    len);
	written = 0;
}

struct datagram *__wrap_transit_take(struct transit *t)
{
	struct datagram *d = __real_transit_take(t);

	if (!d)
		return NULL;
	arriving = d->port == htons(MARK) ? PREFERRED : USUAL;
	d->port = htons(FIRST_PORT);
	return d;
}

static const struct scene_plan plan = {
	.path = { .delay = 10 * MS, .rate = 5000000, .queue = 200000 },
	.seed = 1, .streams = 6, .stream_bytes = 3000000, .stack_bytes = 2000000,
	.initial_max_data = 1 << 24, .max_stream_data = 1 << 24,
};

static void test_preferred(int prefers, uint64_t share_at)
{
	const char *when = share_at ? "shared later" : "shared";
	static const char *const wheres[] = {
		[NOT_AT_ALL] = "was", [AT_ONCE] = "prefers to be",
		[AT_LAST] = "says at last to prefer to be",
	};
	const char *where = wheres[prefers];
	struct scene_plan with = plan;
	struct equic_share_stats before, st;
	struct scene *sc;
	uint16_t port;
	uint64_t end;

	preferring = prefers;
	with.share_at = share_at;
	running = NULL;
	sc = share_at ? scene_new(&with) : scene_begun(&with);
	running = sc;
	scene_run(sc, share_at + 300 * MS);
	equic_share_get_stats(world_share(sc->world), &before);
	end = world_now(sc->world) + 300 * S;
	port = server_port(world_sender(sc->world),
			   ngtcp2_conn_get_path(world_sender(sc->world)));
	ktap_result(port == (prefers ? PREFERRED : USUAL), "%s: the server is where it %s",
		    when, where);
	if (scene_play(sc, end))
		ktap_bail("the connection ended");
	equic_share_get_stats(world_share(sc->world), &st);
	ktap_result(scene_complete(sc) && scene_right(sc) && st.second > before.second &&
		    !(number_read(sc->memory) & EQUIC_NUMBER_STOP),
		    "%s: all senders go on where it %s", when, where);
	running = NULL;
	scene_free(sc);
}

int main(void)
{
	ktap_begin();
	test_preferred(NOT_AT_ALL, 0);
	test_preferred(AT_ONCE, 0);
	test_preferred(AT_LAST, 0);
	test_preferred(AT_ONCE, S);
	return ktap_end();
}
