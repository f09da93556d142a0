/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef H3_SERVER_CALLBACKS_H
#define H3_SERVER_CALLBACKS_H

#include <ngtcp2/ngtcp2.h>

struct worker;

/* What ngtcp2 calls; user data is the struct conn. */
extern const ngtcp2_callbacks conn_callbacks;

/* A connection ID of this worker. */
void cid_make(const struct worker *worker, ngtcp2_cid *cid);

#endif /* H3_SERVER_CALLBACKS_H */
