/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef H3_LOAD_TLS_H
#define H3_LOAD_TLS_H

#include <gnutls/gnutls.h>
#include <stddef.h>

#include "options.h"

struct tls {
	gnutls_certificate_credentials_t credentials;
	gnutls_priority_t priority;
	const char *host;
	bool verify;
};

/* 0 or -1, having said what failed. */
int tls_init(struct tls *tls, const struct options *options);
void tls_free(struct tls *tls);
/* A client session, ALPN h3; or NULL. */
gnutls_session_t tls_session_new(const struct tls *tls);

void random_bytes(void *data, size_t len);

#endif /* H3_LOAD_TLS_H */
