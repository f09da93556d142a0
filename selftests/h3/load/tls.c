// SPDX-License-Identifier: GPL-2.0-only
#include <gnutls/crypto.h>
#include <ngtcp2/ngtcp2_crypto_gnutls.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tls.h"

/* One key share, so that a ClientHello fits one datagram, and is cheap. */
static const char priority_text[] =
	"%DISABLE_TLS13_COMPAT_MODE:NORMAL:-VERS-ALL:+VERS-TLS1.3:"
	"-GROUP-ALL:+GROUP-X25519:+GROUP-SECP256R1";

void random_bytes(void *data, size_t len)
{
	if (gnutls_rnd(GNUTLS_RND_NONCE, data, len) < 0)
		abort();
}

int tls_init(struct tls *tls, const struct options *options)
{
	int ret;

	*tls = (struct tls){ .host = options->host, .verify = options->ca };
	ret = gnutls_certificate_allocate_credentials(&tls->credentials);
	if (ret >= 0 && options->ca)
		ret = gnutls_certificate_set_x509_trust_file(tls->credentials,
			options->ca, GNUTLS_X509_FMT_PEM);
	if (ret >= 0)
		ret = gnutls_priority_init(&tls->priority, priority_text, NULL);
	if (ret < 0) {
		fprintf(stderr, "h3load: TLS%s%s: %s\n",
			options->ca ? ": " : "", options->ca ? options->ca : "",
			gnutls_strerror(ret));
		return -1;
	}
	return 0;
}

void tls_free(struct tls *tls)
{
	gnutls_priority_deinit(tls->priority);
	gnutls_certificate_free_credentials(tls->credentials);
}

gnutls_session_t tls_session_new(const struct tls *tls)
{
	gnutls_datum_t alpn = { (uint8_t *)"h3", 2 };
	gnutls_session_t session;

	if (gnutls_init(&session, GNUTLS_CLIENT | GNUTLS_NO_SIGNAL |
				  GNUTLS_NO_TICKETS) < 0)
		return NULL;
	if (gnutls_priority_set(session, tls->priority) < 0 ||
	    gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE,
				   tls->credentials) < 0 ||
	    gnutls_alpn_set_protocols(session, &alpn, 1,
				      GNUTLS_ALPN_MANDATORY) < 0 ||
	    gnutls_server_name_set(session, GNUTLS_NAME_DNS, tls->host,
				   strlen(tls->host)) < 0 ||
	    ngtcp2_crypto_gnutls_configure_client_session(session)) {
		gnutls_deinit(session);
		return NULL;
	}
	if (tls->verify)
		gnutls_session_set_verify_cert(session, tls->host, 0);
	return session;
}
