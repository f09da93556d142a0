// SPDX-License-Identifier: GPL-2.0-only
#include "bypass.h"

#include <linux/equic.h>
#include <linux/math64.h>

u64 equic_bypass_machine;

void equic_bypass_set(u64 *until, u32 for_ms)
{
	u64 u = 0;

	if (for_ms == EQUIC_BYPASS_FOREVER_MS)
		u = U64_MAX;
	else if (for_ms)
		u = ktime_get_ns() + (u64)for_ms * NSEC_PER_MSEC;
	WRITE_ONCE(*until, u);
}

/* Rounded up: what is on has a millisecond left. */
u32 equic_bypass_left_ms(const u64 *until)
{
	u64 u = READ_ONCE(*until), now = ktime_get_ns();

	if (u == U64_MAX)
		return EQUIC_BYPASS_FOREVER_MS;
	if (u <= now)
		return 0;
	return min_t(u64, div_u64(u - now + NSEC_PER_MSEC - 1, NSEC_PER_MSEC),
		     EQUIC_BYPASS_FOREVER_MS - 1);
}
