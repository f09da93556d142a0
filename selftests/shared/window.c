// SPDX-License-Identifier: GPL-2.0-only
/* See window.h. */
#include <string.h>
#include "least.h"
#include "transit.h"
#include "window.h"

static bool is_beyond(uint64_t bytes, const struct equic_share_stats *before,
		      const struct equic_share_stats *st)
{
	return bytes > most(st->window, before->window) + TRANSIT_DATAGRAM_MAX;
}

void window_follow(struct window *w, ngtcp2_conn *conn, const struct equic_share *share)
{
	const ngtcp2_path *path = ngtcp2_conn_get_path(conn);
	bool server = ngtcp2_conn_is_server(conn);
	struct equic_share_stats st;
	struct sockaddr_in client;

	memcpy(&client, server ? path->remote.addr : path->local.addr, sizeof(client));
	if (client.sin_port == w->client.sin_port)
		return;
	equic_share_get_stats(share, &st);
	if (w->client.sin_port)
		w->of_path = st.window;
	w->client = client;
}

void window_packet(struct window *w, const struct equic_share *share,
		  const struct equic_share_stats *before, const ngtcp2_pkt_info *pi,
		  size_t len, bool has_data)
{
	struct equic_share_stats st;
	bool beyond;

	w->marked += pi->ecn != NGTCP2_ECN_NOT_ECT;
	equic_share_get_stats(share, &st);
	beyond = has_data && is_beyond(st.in_flight, before, &st);
	w->overruns += beyond;
	w->stack_overruns += beyond;
	if (!has_data && st.stack > before->stack)
		w->again += len;
}

void window_all(struct window *w, const struct equic_share *share)
{
	const struct equic_share_stats *before = &w->before;
	struct equic_share_stats st;

	equic_share_get_stats(share, &st);
	if (w->resumed)
		w->resumed--;
	else if (st.probes == before->probes &&
		 st.in_flight > before->in_flight + w->again)
		w->overruns += is_beyond(st.in_flight - w->again, before, &st);
	w->before = st;
	w->again = 0;
}
