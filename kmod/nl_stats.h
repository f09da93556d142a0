/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The totals of a namespace. equic_net.lock.
 */
#ifndef _EQUIC_NL_STATS_H
#define _EQUIC_NL_STATS_H

#include "stats.h"

struct equic_net;

struct equic_totals {
	struct equic_sums sums;
	unsigned int services, owners, clients, open, pending;
	unsigned long events_lost;
};

void equic_totals(struct equic_net *en, struct equic_totals *totals);
void equic_totals_flush(struct equic_net *en);

#endif /* _EQUIC_NL_STATS_H */
