/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What became of packet numbers: pages of 64, of which a window that slides up is
 * remembered. A page has a bit of each kind for each number; packets themselves are
 * kept while one of their page is outstanding.
 *
 * Each operation on a number takes constant time, those on a range as many steps as
 * the window has pages in it, at most.
 */
#ifndef EQUIC_SHARED_SENT_H
#define EQUIC_SHARED_SENT_H

#include <stdbool.h>
#include <stdint.h>
#include "recovery.h"

enum { SENT_PAGE = 64 };

struct sent_page;

/* Numbers: from @first on, below @end. */
struct sent_span {
	uint64_t first, end;
};

/**
 * struct sent_map - the numbers of a connection
 * @page: a ring of them, by the number of the page.
 * @mask: of that ring; it has @mask + 1 pages, or 0.
 * @first: number of the oldest page.
 * @end: number behind the newest.
 * @low: no page before it has packets that are outstanding.
 * @spare: room for the packets of a page.
 * @lost: no number outside it was lost, of those that are remembered.
 * @unused: no number outside it will not be sent.
 */
struct sent_map {
	struct sent_page	*page;
	uint64_t		mask;
	uint64_t		first;
	uint64_t		end;
	uint64_t		low;
	struct sent		*spare;
	struct sent_span	lost;
	struct sent_span	unused;
};

/* Zero is an empty one. */
void sent_free(struct sent_map *m);

/**
 * sent_add - a packet is outstanding
 * @m: map
 * @sent: copied
 * @here: it was sent on the path that the connection is on
 *
 * Return: 0; -EEXIST: the number is known; -ESTALE: it is older than what is
 * remembered; -ENOBUFS: there are %RECOVERY_SPAN numbers from the oldest outstanding
 * one to this; -EINVAL: there is no such number; -ENOMEM.
 */
int sent_add(struct sent_map *m, const struct sent *sent, bool here);

/* Where -ENOBUFS begins; UINT64_MAX: nowhere, for no packet is outstanding. */
uint64_t sent_end(struct sent_map *m);

/* A number will not be sent. Return: as sent_add(). */
int sent_void(struct sent_map *m, uint64_t pn);

/**
 * sent_next - the first packet that is outstanding
 * @m: map
 * @pn: at or above this number
 * @last: and not above this one
 *
 * Return: its number; UINT64_MAX: none.
 */
uint64_t sent_next(struct sent_map *m, uint64_t pn, uint64_t last);

/* An outstanding packet, until it is settled; NULL: it is not. */
const struct sent *sent_get(const struct sent_map *m, uint64_t pn);

/* Whether a packet, outstanding, was sent on the path that the connection is on. */
bool sent_here(const struct sent_map *m, uint64_t pn);

/* The connection is on another path than all packets. */
void sent_leave(struct sent_map *m);

/**
 * enum sent_fate - what became of a packet
 * @SENT_ACKED: it was acknowledged.
 * @SENT_LOST: it was not.
 * @SENT_TRIED: nor was it; but that was likely, and says nothing.
 */
enum sent_fate {
	SENT_ACKED,
	SENT_LOST,
	SENT_TRIED,
};

/* An outstanding packet is that no more. */
void sent_settle(struct sent_map *m, uint64_t pn, enum sent_fate fate);

/* Whether void numbers are in a range. */
bool sent_has_void(const struct sent_map *m, uint64_t first, uint64_t last);

/* Whether acknowledged packets are in a range. */
bool sent_has_acked(const struct sent_map *m, uint64_t first, uint64_t last);

/* How many lost packets there are at or above a number. */
uint64_t sent_lost(const struct sent_map *m, uint64_t first);

/**
 * sent_find - lost packets of a range are acknowledged after all
 * @m: map
 * @first: of the range
 * @last: of the range; belongs to it
 *
 * Return: how many there were.
 */
unsigned int sent_find(struct sent_map *m, uint64_t first, uint64_t last);

#endif /* EQUIC_SHARED_SENT_H */
