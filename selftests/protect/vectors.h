/* SPDX-License-Identifier: GPL-2.0-only */
/* The packets that the RFCs give as examples, from the file "vectors". */
#ifndef EQUIC_SELFTESTS_VECTORS_H
#define EQUIC_SELFTESTS_VECTORS_H

#include <stdbool.h>
#include "keys.h"

/**
 * struct vector - one packet
 * @name: where it stands.
 * @key: what protects it; its number is @key.pn.
 * @header: in clear, with the packet number.
 * @header_len: its length.
 * @payload: in clear.
 * @payload_len: its length.
 * @protected: the packet on the wire.
 * @protected_len: its length.
 */
struct vector {
	char		name[64];
	struct key	key;
	__u8		header[64];
	size_t		header_len;
	__u8		payload[1500];
	size_t		payload_len;
	__u8		protected[1500];
	size_t		protected_len;
};

/**
 * vector_pn_off - where the number begins
 */
size_t vector_pn_off(const struct vector *vector);

/**
 * vectors_each - read the file
 * @act: is called for each packet
 */
void vectors_each(void (*act)(const struct vector *vector));

#endif /* EQUIC_SELFTESTS_VECTORS_H */
