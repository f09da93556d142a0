/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef EQUIC_SELFTESTS_SHARED_CERTIFICATE_H
#define EQUIC_SELFTESTS_SHARED_CERTIFICATE_H

#include <gnutls/gnutls.h>

/* Credentials with a key and a certificate that were made just now. */
gnutls_certificate_credentials_t certificate_make(void);

#endif /* EQUIC_SELFTESTS_SHARED_CERTIFICATE_H */
