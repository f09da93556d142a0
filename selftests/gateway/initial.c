// SPDX-License-Identifier: GPL-2.0-only
#include <stddef.h>
#include <string.h>

#include "initial.h"
#include "pattern.h"

static const uint32_t versions[] = { 0x00000001, 0x6b3343cf };

void initial_choose(struct handshake *h, uint64_t *lots)
{
	h->v2 = pattern_draw(lots, 4) == 0;
	h->dcid_len = INITIAL_CID_MIN +
		pattern_draw(lots, INITIAL_CID_MAX - INITIAL_CID_MIN + 1);
	h->scid_len = pattern_draw(lots, INITIAL_CID_MAX + 1);
	pattern_draw_bytes(lots, h->dcid, sizeof(h->dcid));
	pattern_draw_bytes(lots, h->scid, sizeof(h->scid));
}

static uint8_t *put_cid(uint8_t *p, const uint8_t *cid, uint8_t len)
{
	*p++ = len;
	memcpy(p, cid, len);
	return p + len;
}

void initial_put(uint8_t data[INITIAL_BYTES], const struct handshake *h,
		 enum long_type type, const uint8_t *dcid, uint64_t *lots)
{
	uint32_t version = versions[h->v2];
	/* RFC 9369, section 3.2: each type of version 1 plus one. */
	uint8_t bits = (type + h->v2) & 3, *p = data;
	unsigned int rest;
	int i;

	*p++ = 0xc0 | bits << 4 | pattern_draw(lots, 16);
	for (i = 24; i >= 0; i -= 8)
		*p++ = version >> i;
	p = put_cid(p, dcid, h->dcid_len);
	p = put_cid(p, h->scid, h->scid_len);
	if (type == TYPE_INITIAL)
		*p++ = 0;	/* no token */
	rest = data + INITIAL_BYTES - p - 2;
	*p++ = 0x40 | rest >> 8;
	*p++ = rest;
	pattern_draw_bytes(lots, p, rest);
}
