// SPDX-License-Identifier: GPL-2.0-only
/* What ngtcp2 tells about a connection, passed on to HTTP/3 and to equic. */
#include <nghttp3/nghttp3.h>
#include <ngtcp2/ngtcp2_crypto.h>
#include <string.h>

#include "callbacks.h"
#include "conn.h"
#include "http.h"
#include "worker.h"

void cid_make(const struct worker *worker, ngtcp2_cid *cid)
{
	cid->datalen = CID_BYTES;
	memcpy(cid->data, worker->tag, CID_TAG_BYTES);
	random_bytes(cid->data + CID_TAG_BYTES, CID_BYTES - CID_TAG_BYTES);
}

static void on_rand(uint8_t *dest, size_t len, const ngtcp2_rand_ctx *ctx)
{
	(void)ctx;
	random_bytes(dest, len);
}

static int on_new_cid(ngtcp2_conn *quic, ngtcp2_cid *cid, uint8_t *token,
		      size_t len, void *user)
{
	struct conn *conn = user;
	struct worker *worker = conn->worker;

	(void)quic;
	(void)len;	/* that of the first one, which cid_make() made */
	cid_make(worker, cid);
	if (ngtcp2_crypto_generate_stateless_reset_token(token,
			worker->tls->secret, SECRET_BYTES, cid) ||
	    cids_add(&worker->cids, cid, conn))
		return NGTCP2_ERR_CALLBACK_FAILURE;
	equic_ngtcp2_cid(&conn->equic, cid, true);
	return 0;
}

static int on_remove_cid(ngtcp2_conn *quic, const ngtcp2_cid *cid, void *user)
{
	struct conn *conn = user;

	(void)quic;
	cids_remove(&conn->worker->cids, cid, conn);
	equic_ngtcp2_cid(&conn->equic, cid, false);
	return 0;
}

static int on_handshake_completed(ngtcp2_conn *quic, void *user)
{
	struct conn *conn = user;

	(void)quic;
	count(conn->worker, COUNT_COMPLETED);
	conn->source[SOURCE_COMPLETED]++;
	equic_ngtcp2_confirmed(&conn->equic);
	keys_tell(conn);
	if (conn->over_quota)
		return 0;	/* conn_read() closes it */
	conn->http = http_new(conn);
	return conn->http ? 0 : NGTCP2_ERR_CALLBACK_FAILURE;
}

static int on_stream_data(ngtcp2_conn *quic, uint32_t flags, int64_t stream_id,
			  uint64_t offset, const uint8_t *data, size_t len,
			  void *user, void *stream_user)
{
	struct conn *conn = user;
	nghttp3_ssize used;

	(void)offset;
	(void)stream_user;
	if (!conn->http)
		return 0;
	used = nghttp3_conn_read_stream(conn->http->conn, stream_id, data, len,
					flags & NGTCP2_STREAM_DATA_FLAG_FIN);
	if (used < 0) {
		ngtcp2_ccerr_set_application_error(&conn->error,
			nghttp3_err_infer_quic_app_error_code(used), NULL, 0);
		return NGTCP2_ERR_CALLBACK_FAILURE;
	}
	ngtcp2_conn_extend_max_stream_offset(quic, stream_id, used);
	ngtcp2_conn_extend_max_offset(quic, used);
	return 0;
}

static int on_acked(ngtcp2_conn *quic, int64_t stream_id, uint64_t offset,
		    uint64_t len, void *user, void *stream_user)
{
	struct conn *conn = user;

	(void)quic;
	(void)offset;
	(void)stream_user;
	if (conn->http &&
	    nghttp3_conn_add_ack_offset(conn->http->conn, stream_id, len))
		return NGTCP2_ERR_CALLBACK_FAILURE;
	return 0;
}

static int on_stream_close(ngtcp2_conn *quic, uint32_t flags,
			   int64_t stream_id, uint64_t app_error, void *user,
			   void *stream_user)
{
	struct conn *conn = user;
	int ret;

	(void)stream_user;
	if (!(flags & NGTCP2_STREAM_CLOSE_FLAG_APP_ERROR_CODE_SET))
		app_error = NGHTTP3_H3_NO_ERROR;
	if (conn->http) {
		ret = nghttp3_conn_close_stream(conn->http->conn, stream_id,
						app_error);
		if (ret && ret != NGHTTP3_ERR_STREAM_NOT_FOUND) {
			ngtcp2_ccerr_set_application_error(&conn->error,
				nghttp3_err_infer_quic_app_error_code(ret),
				NULL, 0);
			return NGTCP2_ERR_CALLBACK_FAILURE;
		}
	}
	if (!ngtcp2_conn_is_local_stream(quic, stream_id)) {
		if (ngtcp2_is_bidi_stream(stream_id))
			ngtcp2_conn_extend_max_streams_bidi(quic, 1);
		else
			ngtcp2_conn_extend_max_streams_uni(quic, 1);
	}
	return 0;
}

static int shutdown_read(struct conn *conn, int64_t stream_id)
{
	if (conn->http &&
	    nghttp3_conn_shutdown_stream_read(conn->http->conn, stream_id))
		return NGTCP2_ERR_CALLBACK_FAILURE;
	return 0;
}

static int on_stream_reset(ngtcp2_conn *quic, int64_t stream_id,
			   uint64_t final_size, uint64_t app_error, void *user,
			   void *stream_user)
{
	(void)quic;
	(void)final_size;
	(void)app_error;
	(void)stream_user;
	return shutdown_read(user, stream_id);
}

static int on_stop_sending(ngtcp2_conn *quic, int64_t stream_id,
			   uint64_t app_error, void *user, void *stream_user)
{
	(void)quic;
	(void)app_error;
	(void)stream_user;
	return shutdown_read(user, stream_id);
}

static int on_max_stream_data(ngtcp2_conn *quic, int64_t stream_id,
			      uint64_t max_data, void *user, void *stream_user)
{
	struct conn *conn = user;

	(void)quic;
	(void)max_data;
	(void)stream_user;
	if (conn->http &&
	    nghttp3_conn_unblock_stream(conn->http->conn, stream_id))
		return NGTCP2_ERR_CALLBACK_FAILURE;
	return 0;
}

static int on_max_streams_bidi(ngtcp2_conn *quic, uint64_t max_streams,
			       void *user)
{
	struct conn *conn = user;

	(void)quic;
	if (conn->http)
		nghttp3_conn_set_max_client_streams_bidi(conn->http->conn,
							 max_streams);
	return 0;
}

static int on_path_validation(ngtcp2_conn *quic, uint32_t flags,
			      const ngtcp2_path *path,
			      const ngtcp2_path *old_path,
			      ngtcp2_path_validation_result result, void *user)
{
	struct conn *conn = user;

	(void)quic;
	(void)flags;
	(void)path;
	(void)old_path;
	if (result == NGTCP2_PATH_VALIDATION_RESULT_SUCCESS)
		conn->path_validated = true;
	return 0;
}

const ngtcp2_callbacks conn_callbacks = {
	.recv_client_initial = ngtcp2_crypto_recv_client_initial_cb,
	.recv_crypto_data = ngtcp2_crypto_recv_crypto_data_cb,
	.encrypt = ngtcp2_crypto_encrypt_cb,
	.decrypt = ngtcp2_crypto_decrypt_cb,
	.hp_mask = ngtcp2_crypto_hp_mask_cb,
	.update_key = keys_on_update,
	.delete_crypto_aead_ctx = ngtcp2_crypto_delete_crypto_aead_ctx_cb,
	.delete_crypto_cipher_ctx = ngtcp2_crypto_delete_crypto_cipher_ctx_cb,
	.get_path_challenge_data = ngtcp2_crypto_get_path_challenge_data_cb,
	.version_negotiation = ngtcp2_crypto_version_negotiation_cb,
	.rand = on_rand,
	.get_new_connection_id = on_new_cid,
	.remove_connection_id = on_remove_cid,
	.handshake_completed = on_handshake_completed,
	.recv_stream_data = on_stream_data,
	.acked_stream_data_offset = on_acked,
	.stream_close = on_stream_close,
	.stream_reset = on_stream_reset,
	.stream_stop_sending = on_stop_sending,
	.extend_max_stream_data = on_max_stream_data,
	.extend_max_remote_streams_bidi = on_max_streams_bidi,
	.path_validation = on_path_validation,
};
