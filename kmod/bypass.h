/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Bypass: everything passes. A switch is the time until which it is on, in
 * nanoseconds of the monotonic clock: 0 is off, U64_MAX for ever. There is one
 * for the machine, one per namespace, one per service.
 */
#ifndef _EQUIC_BYPASS_H
#define _EQUIC_BYPASS_H

#include <linux/ktime.h>
#include <linux/timekeeping.h>

extern u64 equic_bypass_machine;

static inline bool equic_bypass_on(const u64 *until)
{
	u64 u = READ_ONCE(*until);

	if (likely(!u))
		return false;
	return u == U64_MAX || ktime_get_ns() < u;
}

void equic_bypass_set(u64 *until, u32 for_ms);
u32 equic_bypass_left_ms(const u64 *until);

#endif /* _EQUIC_BYPASS_H */
