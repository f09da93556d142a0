// SPDX-License-Identifier: GPL-2.0-only
/* See certificate.h. */
#include <gnutls/x509.h>
#include <time.h>
#include "certificate.h"
#include "ktap.h"

enum { DAY = 86400 };

static void must(int err)
{
	if (err < 0)
		ktap_bail("GnuTLS: %s", gnutls_strerror(err));
}

gnutls_certificate_credentials_t certificate_make(void)
{
	gnutls_certificate_credentials_t credentials;
	gnutls_x509_privkey_t key;
	gnutls_x509_crt_t crt;
	time_t now = time(NULL);

	must(gnutls_x509_privkey_init(&key));
	/* Its signatures have one length: that of ECDSA's is by chance, and so is the run. */
	must(gnutls_x509_privkey_generate(key, GNUTLS_PK_EDDSA_ED25519,
					  GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_ED25519),
					  0));
	must(gnutls_x509_crt_init(&crt));
	must(gnutls_x509_crt_set_version(crt, 3));
	must(gnutls_x509_crt_set_key(crt, key));
	must(gnutls_x509_crt_set_serial(crt, "\1", 1));
	must(gnutls_x509_crt_set_activation_time(crt, now - DAY));
	must(gnutls_x509_crt_set_expiration_time(crt, now + DAY));
	must(gnutls_x509_crt_set_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0,
					   "equic", 5));
	must(gnutls_x509_crt_sign2(crt, crt, key, GNUTLS_DIG_SHA512, 0));
	must(gnutls_certificate_allocate_credentials(&credentials));
	must(gnutls_certificate_set_x509_key(credentials, &crt, 1, key));
	gnutls_x509_crt_deinit(crt);
	gnutls_x509_privkey_deinit(key);
	return credentials;
}
