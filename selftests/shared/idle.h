/* SPDX-License-Identifier: GPL-2.0-only */
/* For a second sender that takes all it is given, and sends nothing. */
#ifndef EQUIC_SELFTESTS_SHARED_IDLE_H
#define EQUIC_SELFTESTS_SHARED_IDLE_H

#include "equic_share.h"

extern const struct equic_share_events idle_events;

#endif /* EQUIC_SELFTESTS_SHARED_IDLE_H */
