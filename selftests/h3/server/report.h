/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef H3_SERVER_REPORT_H
#define H3_SERVER_REPORT_H

#include <equic.h>

#include "options.h"

struct worker;

/* The worker's handles, one for each service that it listens at. */
struct report {
	unsigned int n;
	struct equic *handles[LISTEN_MAX];
	struct equic_key keys[LISTEN_MAX];
};

/* Opens them if the quota is in the kernel; never fails the server. */
void report_open(struct worker *worker);
/* The handle for connections to @local, or NULL. */
struct equic *report_handle(struct worker *worker, const union addr *bound);
/* Once per turn of the loop. */
void report_submit(struct worker *worker);
void report_close(struct worker *worker);

#endif /* H3_SERVER_REPORT_H */
