// SPDX-License-Identifier: GPL-2.0-only
/* See traffic_secret.h. */
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stdio.h>
#include <string.h>
#include "ktap.h"
#include "traffic_secret.h"

size_t secret_len(__u8 cipher)
{
	return cipher == EQUIC_CIPHER_AES_256_GCM ? 48 : 32;
}

/* RFC 8446, 7.1: HKDF-Expand-Label, without a context. */
static void expand(const struct secret *secret, const char *label, void *to,
		   size_t len)
{
	gnutls_datum_t datum = {
		.data = (__u8 *)secret->bytes,
		.size = secret_len(secret->cipher),
	};
	size_t label_len = strlen("tls13 ") + strlen(label);
	__u8 info[32] = { len >> 8, len, label_len };
	gnutls_datum_t info_datum = { .data = info, .size = label_len + 4 };
	int err;

	sprintf((char *)info + 3, "tls13 %s", label);
	err = gnutls_hkdf_expand(datum.size == 48 ? GNUTLS_MAC_SHA384 :
						    GNUTLS_MAC_SHA256,
				 &datum, &info_datum, to, len);
	if (err)
		ktap_bail("GnuTLS: %s", gnutls_strerror(err));
}

void secret_key(const struct secret *secret, struct key *key)
{
	key->cipher = secret->cipher;
	expand(secret, "quic key", key->key, key_len(key->cipher));
	expand(secret, "quic iv", key->iv, sizeof(key->iv));
	expand(secret, "quic hp", key->header, key_len(key->cipher));
}

void secret_update(struct secret *secret)
{
	struct secret next = { .cipher = secret->cipher };

	expand(secret, "quic ku", next.bytes, secret_len(secret->cipher));
	*secret = next;
}
