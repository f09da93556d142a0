// SPDX-License-Identifier: GPL-2.0-only
/*
 * Packet protection by the library, opened by ngtcp2's helpers; and these first by
 * the packet of RFC 9001, A.5, whose number the library would not encode so short.
 */
#include <stdlib.h>
#include <string.h>
#include "chance.h"
#include "expect.h"
#include "ktap.h"
#include "opener.h"
#include "seal.h"

enum { PAYLOAD_MAX = 1452, DCID_MAX = 20, GUARD = 64 };

static const char *const names[] = {
	"AES-128-GCM", "AES-256-GCM", "ChaCha20-Poly1305" };

static void test_opener(void)
{
	const struct seal_secret secret = {
		.cipher = SEAL_CHACHA20_POLY1305,
		.key = { 0xc6, 0xd9, 0x8f, 0xf3, 0x44, 0x1c, 0x3f, 0xe1,
			 0xb2, 0x18, 0x20, 0x94, 0xf6, 0x9c, 0xaa, 0x2e,
			 0xd4, 0xb7, 0x16, 0xb6, 0x54, 0x88, 0x96, 0x0a,
			 0x7a, 0x98, 0x49, 0x79, 0xfb, 0x23, 0xe1, 0xc8 },
		.iv = { 0xe0, 0x45, 0x9b, 0x34, 0x74, 0xbd, 0xd0, 0xe4,
			0x4a, 0x41, 0xc1, 0x44 },
		.header = { 0x25, 0xa2, 0x82, 0xb9, 0xe8, 0x2f, 0x06, 0xf2,
			    0x1f, 0x48, 0x89, 0x17, 0xa4, 0xfc, 0x8f, 0x1b,
			    0x73, 0x57, 0x36, 0x85, 0x60, 0x85, 0x97, 0xd0,
			    0xef, 0xcb, 0x07, 0x6b, 0x0a, 0xb7, 0xa7, 0xa4 },
	};
	const uint8_t packet[] = {
		0x4c, 0xfe, 0x41, 0x89, 0x65, 0x5e, 0x5c, 0xd5, 0x5c, 0x41, 0xf6,
		0x90, 0x80, 0x57, 0x5d, 0x79, 0x99, 0xc2, 0x5a, 0x5b, 0xfb };
	struct opener *opener = opener_new(&secret);
	struct opened opened;

	ktap_result(!opener_open(opener, packet, sizeof(packet), 0, 654360000, &opened) &&
		    opened.first == 0x42 && opened.pn == 654360564 &&
		    opened.len == 1 && opened.payload[0] == 1,
		    "the opener opens the packet of RFC 9001, A.5");
	opener_free(opener);
}

static void any(struct chance *chance, void *to, size_t len)
{
	uint8_t *bytes = to;

	while (len--)
		*bytes++ = chance_next(chance);
}

/* Sealed and opened it is the same, and nothing was written beside it. */
static bool same(struct seal_key *key, struct opener *opener, struct chance *chance,
		 size_t dcid_len, size_t len, uint64_t pn, bool in_place)
{
	uint8_t packet[GUARD + 1 + DCID_MAX + SEAL_PN + PAYLOAD_MAX + SEAL_TAG + GUARD];
	uint8_t before[sizeof(packet)], header[1 + DCID_MAX], payload[PAYLOAD_MAX];
	size_t at = 1 + dcid_len + SEAL_PN, total = at + len + SEAL_TAG, got;
	struct opened opened;

	any(chance, packet, sizeof(packet));
	any(chance, header + 1, dcid_len);
	any(chance, payload, len);
	header[0] = 0x40 | (chance_next(chance) & 0x3c);
	if (in_place)
		memcpy(packet + GUARD + at, payload, len);
	memcpy(before, packet, sizeof(packet));
	got = seal(key, packet + GUARD, header, 1 + dcid_len, pn,
		   in_place ? packet + GUARD + at : payload, len);
	return got == total && !memcmp(packet, before, GUARD) &&
	       !memcmp(packet + GUARD + total, before + GUARD + total,
		       sizeof(packet) - GUARD - total) &&
	       !memcmp(packet + GUARD + 1, header + 1, dcid_len) &&
	       !opener_open(opener, packet + GUARD, total, dcid_len, pn, &opened) &&
	       opened.first == (header[0] | 3) && opened.pn == pn &&
	       opened.len == len && !memcmp(opened.payload, payload, len);
}

static void test_cipher(enum seal_cipher cipher, struct chance *chance)
{
	const uint64_t pns[] = { 0, 1, 0xffffffff, 0x100000000, (1ULL << 48) - 1,
				 (1ULL << 62) - 1 };
	struct seal_secret secret = { .cipher = cipher }, another;
	bool sizes = true, ids = true, numbers = true, forged = true;
	struct opener *opener, *wrong;
	struct seal_key *key;
	uint8_t packet[100];
	struct opened opened;
	size_t len, i;

	any(chance, secret.key, sizeof(secret.key));
	any(chance, secret.iv, sizeof(secret.iv));
	any(chance, secret.header, sizeof(secret.header));
	another = secret;
	another.iv[11] ^= 1;
	key = seal_key_new(&secret);
	opener = opener_new(&secret);
	wrong = opener_new(&another);
	if (!key)
		ktap_bail("no key");
	explicit_bzero(&secret, sizeof(secret));
	for (len = 1; len <= PAYLOAD_MAX; len++)
		sizes &= same(key, opener, chance, 8, len, len, len & 1);
	ktap_result(sizes, "%s: payloads of 1 to %d bytes are opened", names[cipher],
		    PAYLOAD_MAX);
	for (len = 0; len <= DCID_MAX; len++)
		ids &= same(key, opener, chance, len, 1, 7, true);
	ktap_result(ids, "%s: with IDs of 0 to %d bytes", names[cipher], DCID_MAX);
	for (i = 0; i < sizeof(pns) / sizeof(*pns); i++)
		numbers &= same(key, opener, chance, 8, 50, pns[i], false);
	ktap_result(numbers, "%s: all of a number protects, four bytes are sent",
		    names[cipher]);
	len = seal(key, packet, (uint8_t[]){ 0x40 }, 1, 9, packet, 60);
	for (i = 0; i < len; i++) {
		packet[i] ^= 0x20;
		forged &= opener_open(opener, packet, len, 0, 9, &opened) != 0;
		packet[i] ^= 0x20;
	}
	forged &= opener_open(wrong, packet, len, 0, 9, &opened) != 0;
	ktap_result(forged && !opener_open(opener, packet, len, 0, 9, &opened),
		    "%s: what is changed on the way is not opened", names[cipher]);
	seal_key_free(key);
	opener_free(opener);
	opener_free(wrong);
}

static void test_limits(void)
{
	const struct seal_secret secret = { .cipher = SEAL_AES_128_GCM };
	struct seal_key *key = seal_key_new(&secret);
	uint8_t packet[32], header = 0x40;
	uint64_t n = 0;

	expect_eq(seal_key_len(SEAL_AES_128_GCM), 16, "AES-128 has keys of 16 bytes");
	expect_eq(seal_key_len(SEAL_AES_256_GCM), 32, "AES-256 of 32");
	expect_eq(seal_key_len(SEAL_CHACHA20_POLY1305), 32, "ChaCha20 too");
	expect_eq(seal_packets_max(SEAL_AES_128_GCM), 1 << 23,
		  "AES-128-GCM seals 2^23 packets");
	expect_eq(seal_packets_max(SEAL_AES_256_GCM), 1 << 23, "AES-256-GCM too");
	expect_eq(seal_packets_max(SEAL_CHACHA20_POLY1305), 1LL << 62,
		  "ChaCha20-Poly1305 as many as there are numbers");
	ktap_result(!seal_key_len(3) && !seal_packets_max(3) && !seal_key_len(-1) &&
		    !seal_key_new(&(struct seal_secret){ .cipher = 3 }),
		    "another cipher there is not");
	while (seal(key, packet, &header, 1, n, packet + 5, 1))
		n++;
	expect_eq(n, 1 << 23, "a key seals as many as it may, and no more");
	seal_key_free(key);
	seal_key_free(NULL);
}

int main(void)
{
	struct chance chance;
	int cipher;

	ktap_begin();
	chance_seed(&chance, 9001);
	test_opener();
	for (cipher = SEAL_AES_128_GCM; cipher <= SEAL_CHACHA20_POLY1305; cipher++)
		test_cipher(cipher, &chance);
	test_limits();
	return ktap_end();
}
