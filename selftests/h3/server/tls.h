/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef H3_SERVER_TLS_H
#define H3_SERVER_TLS_H

#include <gnutls/gnutls.h>
#include <stddef.h>
#include <stdint.h>

#include "options.h"

enum {
	SECRET_BYTES = 32,
};

/* What the sessions of a server share; made before workers are forked. */
struct tls {
	gnutls_certificate_credentials_t credentials;
	gnutls_priority_t priority;
	/*
	 * For Retry tokens and stateless resets. Derived from the private key,
	 * so that a restarted server knows the resets of its predecessor.
	 */
	uint8_t secret[SECRET_BYTES];
};

/* Loads or makes certificate and key; says what failed; 0 or -1. */
int tls_init(struct tls *tls, const struct options *options);
void tls_free(struct tls *tls);
/* A session for one connection, ALPN h3; or NULL. */
gnutls_session_t tls_session_new(const struct tls *tls);

void random_bytes(void *data, size_t len);

#endif /* H3_SERVER_TLS_H */
