/* SPDX-License-Identifier: GPL-2.0-only */
/* A server as libequic sees one: it knows its connections, and can replay. */
#ifndef EQUIC_SELFTESTS_LIB_SERVER_H
#define EQUIC_SELFTESTS_LIB_SERVER_H

#include "equic.h"

#define SERVER_CONNS_MAX 20000

struct server {
	struct equic *eq;
	uint32_t id[SERVER_CONNS_MAX];	/* 0: not live */
	unsigned int replays;
	int replay_err;			/* for the next replay to return */
	unsigned int asked;		/* reports with EQUIC_REPORT_ACK */
	/* What report_done told: */
	unsigned int told;
	unsigned int told_errors;
	int told_err;			/* the last */
	char told_text[128];
	bool told_in_order;
};

/* Opens the handle for peer_service. */
void server_start(struct server *s, uint32_t queue_max);

/* Connection @n of its own client opens; @flags as in struct equic_report. */
int server_conn_open(struct server *s, unsigned int n, uint32_t flags);
int server_conn_close(struct server *s, unsigned int n, uint32_t flags);

/* One turn of its event loop; waits at most @ms. What dispatch returned. */
int server_turn(struct server *s, int ms);

/* The loop, until the reports are in @state or @ms have passed. */
bool server_reaches(struct server *s, enum equic_reporting state, int ms);

/* What the kernel counts for the namespace. */
unsigned int kernel_open(struct equic *eq);
unsigned int kernel_pending(struct equic *eq);

/* Tests of replays, in replay_test.c; the module is loaded before and after. */
void test_module_reload(struct equic *manager);
void test_service_again(struct equic *manager);
void test_late_module(struct equic *manager);
void test_full_queue(struct equic *manager);
void test_refused_replay(struct equic *manager);
void service_make(struct equic *manager, uint32_t owner_uid);

#endif /* EQUIC_SELFTESTS_LIB_SERVER_H */
