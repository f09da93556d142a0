// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "least.h"
#include "sent.h"

/* RFC 9000, 12.3. */
#define PN_MAX ((1ULL << 62) - 1)

enum {
	PAGES_MIN = 4,
	PAGES_KEPT = RECOVERY_KEPT / SENT_PAGE,
	PAGES_MAX = RECOVERY_SPAN / SENT_PAGE,
};

/* A bit is for a number. But for here, it has one at most. */
struct sent_page {
	uint64_t	outstanding;
	uint64_t	here;
	uint64_t	acked;
	uint64_t	lost;
	uint64_t	tried;
	uint64_t	unused;
	/* Of those that are outstanding; NULL: none is. */
	struct sent	*sent;
};

static struct sent_page *at(const struct sent_map *m, uint64_t page)
{
	return &m->page[page & m->mask];
}

/* NULL: the number is outside the window. */
static struct sent_page *page_of(const struct sent_map *m, uint64_t pn)
{
	uint64_t page = pn / SENT_PAGE;

	return page >= m->first && page < m->end ? at(m, page) : NULL;
}

static uint64_t bit_of(uint64_t pn)
{
	return 1ULL << pn % SENT_PAGE;
}

/* The numbers of a page that are in a range which touches it. */
static uint64_t bits_of(uint64_t page, uint64_t first, uint64_t last)
{
	uint64_t bits = UINT64_MAX;

	if (first / SENT_PAGE == page)
		bits &= UINT64_MAX << first % SENT_PAGE;
	if (last / SENT_PAGE == page)
		bits &= UINT64_MAX >> (SENT_PAGE - 1 - last % SENT_PAGE);
	return bits;
}

static int grow(struct sent_map *m, uint64_t pages)
{
	struct sent_map bigger = *m;
	uint64_t size = PAGES_MIN, page;

	while (size < pages)
		size *= 2;
	bigger.mask = size - 1;
	bigger.page = calloc(size, sizeof(*bigger.page));
	if (!bigger.page)
		return -ENOMEM;
	for (page = m->first; page < m->end; page++)
		*at(&bigger, page) = *at(m, page);
	free(m->page);
	*m = bigger;
	return 0;
}

/* The page of the oldest packet that is outstanding; the end: none is. */
static uint64_t oldest(struct sent_map *m)
{
	while (m->low < m->end && !at(m, m->low)->outstanding)
		m->low++;
	return m->low;
}

uint64_t sent_end(struct sent_map *m)
{
	return oldest(m) < m->end ? (m->low + PAGES_MAX) * SENT_PAGE : UINT64_MAX;
}

/*
 * The window is to end behind a page: its oldest pages go, as far as none of them
 * has packets that are outstanding, and what is gone is not needed.
 */
static int slide(struct sent_map *m, uint64_t page)
{
	uint64_t first = page - least(page, PAGES_KEPT);
	int err;

	if (oldest(m) < m->end)
		first = least(first, m->low);
	first = most(first, m->first);
	if (page - first >= PAGES_MAX)
		return -ENOBUFS;
	m->first = first;
	m->low = most(m->low, first);
	/* All that was known is too old. */
	if (m->end < first)
		m->end = first;
	if (!m->page || page - first > m->mask) {
		err = grow(m, page - first + 1);
		if (err)
			return err;
	}
	for (; m->end <= page; m->end++)
		memset(at(m, m->end), 0, sizeof(struct sent_page));
	return 0;
}

static void widen(struct sent_span *span, uint64_t pn)
{
	span->first = span->end ? least(span->first, pn) : pn;
	span->end = most(span->end, pn + 1);
}

/* The page of a number that is not known yet. */
static int take(struct sent_map *m, uint64_t pn, struct sent_page **found)
{
	uint64_t page = pn / SENT_PAGE;
	struct sent_page *p;
	int err;

	if (pn > PN_MAX)
		return -EINVAL;
	/* Also what only the next slide() lets go. */
	if (page < m->first || page < least(oldest(m), m->end - least(m->end, PAGES_KEPT)))
		return -ESTALE;
	if (page >= m->end) {
		err = slide(m, page);
		if (err)
			return err;
	}
	p = at(m, page);
	if ((p->outstanding | p->acked | p->lost | p->tried | p->unused) & bit_of(pn))
		return -EEXIST;
	*found = p;
	return 0;
}

int sent_add(struct sent_map *m, const struct sent *sent, bool here)
{
	struct sent_page *p;
	int err;

	err = take(m, sent->pn, &p);
	if (err)
		return err;
	if (!p->sent) {
		p->sent = m->spare ?: malloc(SENT_PAGE * sizeof(*p->sent));
		if (!p->sent)
			return -ENOMEM;
		m->spare = NULL;
	}
	p->sent[sent->pn % SENT_PAGE] = *sent;
	p->outstanding |= bit_of(sent->pn);
	if (here)
		p->here |= bit_of(sent->pn);
	m->low = least(m->low, sent->pn / SENT_PAGE);
	return 0;
}

int sent_void(struct sent_map *m, uint64_t pn)
{
	struct sent_page *p;
	int err;

	err = take(m, pn, &p);
	if (err)
		return err;
	p->unused |= bit_of(pn);
	widen(&m->unused, pn);
	return 0;
}

uint64_t sent_next(struct sent_map *m, uint64_t pn, uint64_t last)
{
	uint64_t page = most(pn / SENT_PAGE, oldest(m)), end, bits;

	end = least(last / SENT_PAGE + 1, m->end);
	for (; page < end; page++) {
		bits = at(m, page)->outstanding & bits_of(page, pn, last);
		if (bits)
			return page * SENT_PAGE + __builtin_ctzll(bits);
	}
	return UINT64_MAX;
}

const struct sent *sent_get(const struct sent_map *m, uint64_t pn)
{
	struct sent_page *p = page_of(m, pn);

	return p && p->outstanding & bit_of(pn) ? &p->sent[pn % SENT_PAGE] : NULL;
}

bool sent_here(const struct sent_map *m, uint64_t pn)
{
	return page_of(m, pn)->here & bit_of(pn);
}

void sent_leave(struct sent_map *m)
{
	uint64_t page;

	for (page = m->first; page < m->end; page++)
		at(m, page)->here = 0;
}

void sent_settle(struct sent_map *m, uint64_t pn, enum sent_fate fate)
{
	struct sent_page *p = page_of(m, pn);

	p->outstanding &= ~bit_of(pn);
	switch (fate) {
	case SENT_ACKED:
		p->acked |= bit_of(pn);
		break;
	case SENT_LOST:
		p->lost |= bit_of(pn);
		widen(&m->lost, pn);
		break;
	case SENT_TRIED:
		p->tried |= bit_of(pn);
		break;
	}
	if (p->outstanding)
		return;
	free(m->spare);
	m->spare = p->sent;
	p->sent = NULL;
}

/* What of a range is in the window, in pages: from *page on, below *end. */
static void clip(const struct sent_map *m, uint64_t first, uint64_t last,
		 uint64_t *page, uint64_t *end)
{
	*page = most(first / SENT_PAGE, m->first);
	*end = least(last / SENT_PAGE + 1, m->end);
}

/* And in a span: most packets are neither lost nor void. */
static void clip_span(const struct sent_map *m, const struct sent_span *span,
		      uint64_t first, uint64_t last, uint64_t *page,
		      uint64_t *end)
{
	*page = *end = 0;
	if (first < span->end && last >= span->first)
		clip(m, most(first, span->first), least(last, span->end - 1),
		     page, end);
}

bool sent_has_void(const struct sent_map *m, uint64_t first, uint64_t last)
{
	uint64_t page, end;

	clip_span(m, &m->unused, first, last, &page, &end);
	for (; page < end; page++)
		if (at(m, page)->unused & bits_of(page, first, last))
			return true;
	return false;
}

bool sent_has_acked(const struct sent_map *m, uint64_t first, uint64_t last)
{
	uint64_t page, end;

	for (clip(m, first, last, &page, &end); page < end; page++)
		if (at(m, page)->acked & bits_of(page, first, last))
			return true;
	return false;
}

uint64_t sent_lost(const struct sent_map *m, uint64_t first)
{
	uint64_t page, end, lost = 0;

	for (clip(m, first, UINT64_MAX, &page, &end); page < end; page++)
		lost += __builtin_popcountll(at(m, page)->lost &
					     bits_of(page, first, UINT64_MAX));
	return lost;
}

unsigned int sent_find(struct sent_map *m, uint64_t first, uint64_t last)
{
	unsigned int found = 0;
	uint64_t page, end;

	clip_span(m, &m->lost, first, last, &page, &end);
	for (; page < end; page++) {
		struct sent_page *p = at(m, page);
		uint64_t bits = p->lost & bits_of(page, first, last);

		found += __builtin_popcountll(bits);
		p->lost &= ~bits;
		p->acked |= bits;
	}
	return found;
}

void sent_free(struct sent_map *m)
{
	uint64_t page;

	for (page = m->first; page < m->end; page++)
		free(at(m, page)->sent);
	free(m->page);
	free(m->spare);
	memset(m, 0, sizeof(*m));
}
