// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>

#include "ack.h"
#include "frame.h"
#include "varint.h"

/* A Gap counts the numbers between two ranges, less one (RFC 9000, 19.3.1). */
enum { GAP_LEAST = 2 };

int ack_parse(struct ack *ack, const uint8_t *frame, size_t len)
{
	const uint8_t *at = frame + 1, *end = frame + len;
	uint64_t count, gap, run;
	struct ack_range range;

	ack->ecn = *frame == FRAME_ACK_ECN;
	at = varint_read(at, end, &range.last);
	at = varint_read(at, end, &ack->delay);
	at = varint_read(at, end, &count);
	at = varint_read(at, end, &run);
	if (!at || run > range.last)
		return -EPROTO;
	range.first = range.last - run;
	ack->range[0] = range;
	ack->ranges = 1;

	while (count--) {
		at = varint_read(at, end, &gap);
		at = varint_read(at, end, &run);
		if (!at || range.first < gap + GAP_LEAST ||
		    run > range.first - gap - GAP_LEAST)
			return -EPROTO;
		range.last = range.first - gap - GAP_LEAST;
		range.first = range.last - run;
		if (ack->ranges < ACK_RANGES_MAX)
			ack->range[ack->ranges++] = range;
	}
	return 0;
}

uint8_t *ack_write(const struct ack *ack, uint8_t *at, const uint8_t *end)
{
	const struct ack_range *range = ack->range;
	size_t i;

	at = varint_write(at, end, FRAME_ACK);
	at = varint_write(at, end, range[0].last);
	at = varint_write(at, end, ack->delay);
	at = varint_write(at, end, ack->ranges - 1);
	at = varint_write(at, end, range[0].last - range[0].first);
	for (i = 1; i < ack->ranges; i++) {
		at = varint_write(at, end, range[i - 1].first - range[i].last -
				  GAP_LEAST);
		at = varint_write(at, end, range[i].last - range[i].first);
	}
	return at;
}
