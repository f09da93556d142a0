// SPDX-License-Identifier: GPL-2.0-only
/*
 * Datagrams of no known connection, and every answer that needs no state:
 * Version Negotiation, Retry, refusal before TLS, stateless reset.
 */
#include <ngtcp2/ngtcp2_crypto.h>
#include <string.h>

#include "../net/clock.h"
#include "accept.h"
#include "callbacks.h"
#include "conn.h"
#include "forward.h"
#include "worker.h"

enum {
	RESETS_PER_S = 1000,
	/* RFC 9000, 10.3: shorter than what it answers, no shorter than this */
	RESET_BYTES_MIN = 21,
	RESET_BYTES_MAX = 60,
	RETRY_TOKEN_LIFE_S = 10,
};

static void answer(struct listener *listener,
		   const struct udp_datagram *datagram, size_t len)
{
	udp_tx_commit(listener->tx, len, &datagram->local, &datagram->remote);
}

void accept_negotiate_version(struct listener *listener,
			      const struct udp_datagram *datagram,
			      const ngtcp2_version_cid *ids)
{
	static const uint32_t versions[] = {
		NGTCP2_PROTO_VER_V1, NGTCP2_PROTO_VER_V2
	};
	ngtcp2_ssize n;
	uint8_t unused;

	/* RFC 9000, 6: only to what could have been a first Initial */
	if (datagram->len < NGTCP2_MAX_UDP_PAYLOAD_SIZE) {
		count(listener->worker, COUNT_IGNORED);
		return;
	}
	random_bytes(&unused, 1);
	n = ngtcp2_pkt_write_version_negotiation(listener_buffer(listener),
		UDP_TX_BYTES, unused, ids->scid, ids->scidlen, ids->dcid,
		ids->dcidlen, versions, sizeof(versions) / sizeof(*versions));
	if (n <= 0)
		return;
	answer(listener, datagram, n);
	count(listener->worker, COUNT_VERSION_NEGOTIATION_SENT);
}

static bool reset_allowed(struct worker *worker)
{
	if (worker->now_ns >= worker->resets_refill_ns) {
		worker->resets_left = RESETS_PER_S;
		worker->resets_refill_ns = worker->now_ns + NS_PER_S;
	}
	if (!worker->resets_left)
		return false;
	worker->resets_left--;
	return true;
}

static void reset(struct listener *listener,
		  const struct udp_datagram *datagram,
		  const ngtcp2_version_cid *ids)
{
	uint8_t token[NGTCP2_STATELESS_RESET_TOKENLEN];
	struct worker *worker = listener->worker;
	uint8_t random[RESET_BYTES_MAX];
	size_t len = datagram->len - 1;
	ngtcp2_ssize n;
	ngtcp2_cid cid;

	if (len > RESET_BYTES_MAX)
		len = RESET_BYTES_MAX;
	if (len < RESET_BYTES_MIN || ids->dcidlen != CID_BYTES ||
	    !reset_allowed(worker)) {
		count(worker, COUNT_IGNORED);
		return;
	}
	ngtcp2_cid_init(&cid, ids->dcid, ids->dcidlen);
	if (ngtcp2_crypto_generate_stateless_reset_token(token,
			worker->tls->secret, SECRET_BYTES, &cid))
		return;
	len -= NGTCP2_STATELESS_RESET_TOKENLEN;
	random_bytes(random, len);
	n = ngtcp2_pkt_write_stateless_reset(listener_buffer(listener),
					     UDP_TX_BYTES, token, random, len);
	if (n <= 0)
		return;
	answer(listener, datagram, n);
	count(worker, COUNT_RESET_SENT);
}

static void send_retry(struct listener *listener,
		       const struct udp_datagram *datagram,
		       const ngtcp2_pkt_hd *hd)
{
	uint8_t token[NGTCP2_CRYPTO_MAX_RETRY_TOKENLEN2];
	struct worker *worker = listener->worker;
	ngtcp2_ssize token_len, n;
	ngtcp2_cid scid;

	cid_make(worker, &scid);
	token_len = ngtcp2_crypto_generate_retry_token2(token,
		worker->tls->secret, SECRET_BYTES, hd->version,
		&datagram->remote.sa, addr_len(&datagram->remote), &scid,
		&hd->dcid, worker->now_ns);
	if (token_len < 0)
		return;
	n = ngtcp2_crypto_write_retry(listener_buffer(listener), UDP_TX_BYTES,
				      hd->version, &hd->scid, &scid, &hd->dcid,
				      token, token_len);
	if (n <= 0)
		return;
	answer(listener, datagram, n);
	count(worker, COUNT_RETRY_SENT);
}

static void send_close(struct listener *listener,
		       const struct udp_datagram *datagram,
		       const ngtcp2_pkt_hd *hd, uint64_t error)
{
	ngtcp2_ssize n;

	n = ngtcp2_crypto_write_connection_close(listener_buffer(listener),
		UDP_TX_BYTES, hd->version, &hd->scid, &hd->dcid, error, NULL,
		0);
	if (n > 0)
		answer(listener, datagram, n);
}

/* Whether the client's address is proved, or need not be. */
static bool validate_address(struct listener *listener,
			     const struct udp_datagram *datagram,
			     struct conn_origin *origin)
{
	struct worker *worker = listener->worker;
	const ngtcp2_pkt_hd *hd = &origin->hd;

	if (!worker->options->retry)
		return true;
	if (!hd->tokenlen ||
	    hd->token[0] != NGTCP2_CRYPTO_TOKEN_MAGIC_RETRY2) {
		send_retry(listener, datagram, hd);
		return false;
	}
	if (ngtcp2_crypto_verify_retry_token2(&origin->odcid, hd->token,
			hd->tokenlen, worker->tls->secret, SECRET_BYTES,
			hd->version, &datagram->remote.sa,
			addr_len(&datagram->remote), &hd->dcid,
			RETRY_TOKEN_LIFE_S * NGTCP2_SECONDS, worker->now_ns)) {
		send_close(listener, datagram, hd, NGTCP2_INVALID_TOKEN);
		count(worker, COUNT_REFUSED_TOKEN);
		return false;
	}
	origin->retried = true;
	return true;
}

static void refuse(struct listener *listener,
		   const struct udp_datagram *datagram,
		   const ngtcp2_pkt_hd *hd, enum counter why)
{
	struct worker *worker = listener->worker;
	uint64_t *source = counters_source(worker->counters,
					   worker->options->ledger,
					   &datagram->remote);

	count(worker, why);
	source[SOURCE_REFUSED]++;
	if (worker->options->refuse != REFUSE_DROP)
		send_close(listener, datagram, hd, NGTCP2_CONNECTION_REFUSED);
}

/* Whether the server's own limits let the connection begin. */
static bool within_limits(struct listener *listener,
			  const struct udp_datagram *datagram,
			  struct conn_origin *origin)
{
	struct worker *worker = listener->worker;
	const struct options *options = worker->options;

	if (options->max_conns &&
	    worker->counters->counts[COUNT_LIVE] >= options->max_conns) {
		refuse(listener, datagram, &origin->hd,
		       COUNT_REFUSED_MAX_CONNS);
		return false;
	}
	if (options->quota_in != QUOTA_IN_USER)
		return true;
	quota_client(origin->client, &datagram->remote);
	origin->in_quota = quota_take(worker->quota, worker->index,
				      origin->client);
	if (origin->in_quota)
		return true;
	if (options->refuse == REFUSE_AFTER_HANDSHAKE) {
		origin->over_quota = true;
		return true;
	}
	refuse(listener, datagram, &origin->hd, COUNT_REFUSED_QUOTA);
	return false;
}

void accept_datagram(struct listener *listener, struct udp_datagram *datagram,
		     const ngtcp2_version_cid *ids)
{
	struct worker *worker = listener->worker;
	struct conn_origin origin = { 0 };
	struct conn *conn;

	if (forward_datagram(worker, listener, datagram, ids))
		return;
	if (ngtcp2_accept(&origin.hd, datagram->data, datagram->len)) {
		if (ids->version)
			count(worker, COUNT_IGNORED);
		else
			reset(listener, datagram, ids);
		return;
	}
	origin.odcid = origin.hd.dcid;
	if (!validate_address(listener, datagram, &origin) ||
	    !within_limits(listener, datagram, &origin))
		return;
	conn = conn_new(worker, listener, &origin, datagram);
	if (conn)
		conn_read(conn, listener, datagram);
}
