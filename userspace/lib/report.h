/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef EQUIC_LIB_REPORT_H
#define EQUIC_LIB_REPORT_H

#include "equic.h"

/* A report with nothing but the client's address, sent at once. Lock held. */
int report_client(struct equic *eq, enum equic_cmd cmd,
		  const struct sockaddr *client);

#endif /* EQUIC_LIB_REPORT_H */
