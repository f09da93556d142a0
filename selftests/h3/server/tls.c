// SPDX-License-Identifier: GPL-2.0-only
/* Certificate, key and sessions. Without a certificate one is made. */
#include <arpa/inet.h>
#include <gnutls/crypto.h>
#include <gnutls/x509.h>
#include <ngtcp2/ngtcp2_crypto.h>
#include <ngtcp2/ngtcp2_crypto_gnutls.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tls.h"

static const char priority_text[] =
	"%DISABLE_TLS13_COMPAT_MODE:NORMAL:-VERS-ALL:+VERS-TLS1.3";

void random_bytes(void *data, size_t len)
{
	if (gnutls_rnd(GNUTLS_RND_RANDOM, data, len) < 0)
		abort();
}

static int failed(const char *what, const char *on, int err)
{
	fprintf(stderr, "h3server: %s%s%s: %s\n", what, on ? " " : "",
		on ? on : "", gnutls_strerror(err));
	return -1;
}

static int add_names(gnutls_x509_crt_t crt, const struct options *options)
{
	unsigned int i;
	int ret;

	ret = gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_DNSNAME,
						   "localhost", 9,
						   GNUTLS_FSAN_SET);
	for (i = 0; i < options->n_listen && ret >= 0; i++) {
		const union addr *addr = &options->listen[i];
		bool v6 = addr->sa.sa_family == AF_INET6;
		const void *host = v6 ? (const void *)&addr->in6.sin6_addr :
					&addr->in.sin_addr;

		if (!addr_is_any(addr))
			ret = gnutls_x509_crt_set_subject_alt_name(crt,
				GNUTLS_SAN_IPADDRESS, host, v6 ? 16 : 4,
				GNUTLS_FSAN_APPEND);
	}
	return ret;
}

static int sign_self(gnutls_x509_crt_t crt, gnutls_x509_privkey_t key,
		     const struct options *options)
{
	enum { YEAR_S = 365 * 86400, CLOCK_SKEW_S = 86400 };
	time_t now = time(NULL);
	const char *why;
	uint8_t serial[8];
	int ret;

	random_bytes(serial, sizeof(serial));
	serial[0] &= 0x7f;
	ret = gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA,
		GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0);
	if (ret >= 0)
		ret = gnutls_x509_crt_set_version(crt, 3);
	if (ret >= 0)
		ret = gnutls_x509_crt_set_serial(crt, serial, sizeof(serial));
	if (ret >= 0)
		ret = gnutls_x509_crt_set_activation_time(crt,
							  now - CLOCK_SKEW_S);
	if (ret >= 0)
		ret = gnutls_x509_crt_set_expiration_time(crt, now + YEAR_S);
	if (ret >= 0)
		ret = gnutls_x509_crt_set_dn(crt, "CN=localhost", &why);
	if (ret >= 0)
		ret = gnutls_x509_crt_set_key(crt, key);
	if (ret >= 0)
		ret = add_names(crt, options);
	if (ret >= 0)
		ret = gnutls_x509_crt_sign2(crt, crt, key, GNUTLS_DIG_SHA256,
					    0);
	return ret;
}

static int make_certificate(struct tls *tls, const struct options *options)
{
	gnutls_x509_privkey_t key;
	gnutls_x509_crt_t crt;
	int ret;

	ret = gnutls_x509_privkey_init(&key);
	if (ret < 0)
		return ret;
	ret = gnutls_x509_crt_init(&crt);
	if (ret < 0)
		goto err_key;
	ret = sign_self(crt, key, options);
	if (ret >= 0)
		ret = gnutls_certificate_set_x509_key(tls->credentials, &crt,
						      1, key);
	gnutls_x509_crt_deinit(crt);
err_key:
	gnutls_x509_privkey_deinit(key);
	return ret;
}

static int derive_secret(struct tls *tls)
{
	static const char label[] = "h3server stateless";
	gnutls_x509_privkey_t key;
	gnutls_datum_t pem = { 0 };
	int ret;

	ret = gnutls_certificate_get_x509_key(tls->credentials, 0, &key);
	if (ret < 0)
		return ret;
	ret = gnutls_x509_privkey_export2(key, GNUTLS_X509_FMT_DER, &pem);
	gnutls_x509_privkey_deinit(key);
	if (ret < 0)
		return ret;
	ret = gnutls_hmac_fast(GNUTLS_MAC_SHA256, pem.data, pem.size, label,
			       sizeof(label), tls->secret);
	gnutls_memset(pem.data, 0, pem.size);
	gnutls_free(pem.data);
	return ret;
}

int tls_init(struct tls *tls, const struct options *options)
{
	const char *cert = options->cert;
	int ret;

	ret = gnutls_certificate_allocate_credentials(&tls->credentials);
	if (ret < 0)
		return failed("credentials", NULL, ret);
	if (cert)
		ret = gnutls_certificate_set_x509_key_file(tls->credentials,
			cert, options->key, GNUTLS_X509_FMT_PEM);
	else
		ret = make_certificate(tls, options);
	if (ret < 0) {
		failed("certificate", cert, ret);
		goto err_credentials;
	}
	ret = derive_secret(tls);
	if (ret < 0) {
		failed("private key", options->key, ret);
		goto err_credentials;
	}
	ret = gnutls_priority_init(&tls->priority, priority_text, NULL);
	if (ret < 0) {
		failed("priorities", priority_text, ret);
		goto err_credentials;
	}
	return 0;

err_credentials:
	gnutls_certificate_free_credentials(tls->credentials);
	return -1;
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

	if (gnutls_init(&session, GNUTLS_SERVER | GNUTLS_NO_AUTO_SEND_TICKET |
				  GNUTLS_NO_TICKETS) < 0)
		return NULL;
	if (gnutls_priority_set(session, tls->priority) < 0 ||
	    gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE,
				   tls->credentials) < 0 ||
	    gnutls_alpn_set_protocols(session, &alpn, 1,
				      GNUTLS_ALPN_MANDATORY) < 0 ||
	    ngtcp2_crypto_gnutls_configure_server_session(session)) {
		gnutls_deinit(session);
		return NULL;
	}
	return session;
}
