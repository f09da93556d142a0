// SPDX-License-Identifier: GPL-2.0-only
/* See sample.h. */
#include <string.h>
#include "peer_seal.h"
#include "sample.h"

enum { PAYLOAD_BYTE = 0xda };

struct key sample_key(__u8 cipher, __u32 epoch)
{
	struct key key = {
		.cipher = cipher, .level = EQUIC_LEVEL_ONE_RTT, .epoch = epoch,
	};

	memset(key.key, 0x40 + epoch, sizeof(key.key));
	memset(key.iv, 0x80 + epoch, sizeof(key.iv));
	memset(key.header, 0x11, sizeof(key.header));
	return key;
}

void sample_clear(__u8 *bytes, __u32 epoch)
{
	memset(bytes, 0, SAMPLE_LEN);
	bytes[0] = 0x40 | (epoch & 1) << 2 | (SAMPLE_PN_LEN - 1);
	memset(bytes + 1, 0xc1, SAMPLE_PN_OFF - 1);
	memset(bytes + SAMPLE_HEADER, PAYLOAD_BYTE, SAMPLE_PAYLOAD);
}

void sample_seal(__u8 *bytes, const struct key *key, __u64 pn)
{
	struct reference *ref = reference_new(key);

	sample_clear(bytes, key->epoch);
	if (key->level != EQUIC_LEVEL_ONE_RTT)
		bytes[0] |= 0xc0;
	reference_seal(ref, bytes, SAMPLE_LEN, SAMPLE_PN_OFF, pn);
	reference_free(ref);
}

void sample_datagram(struct datagram *datagram, const struct key *key, __u64 pn)
{
	__u8 bytes[SAMPLE_LEN];

	sample_seal(bytes, key, pn);
	datagram_build(datagram, bytes, sizeof(bytes));
}

bool sample_is_plain(const __u8 *payload)
{
	__u8 bytes[SAMPLE_LEN];

	sample_clear(bytes, 0);
	return !memcmp(payload, bytes + SAMPLE_HEADER, SAMPLE_PAYLOAD);
}
