// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Who may send how much of what the window has room for. What is the second sender's
 * stands in the budget word; the rest is kept for the endpoint: its stack, and the
 * library. While both want more than there is, each gets half of what becomes free, but
 * what one has and does not use it does not get once more.
 */
#include "least.h"
#include "share.h"
#include "word.h"

/* More than any window is, and far from where sums would end. */
#define BUDGET_MAX	((int64_t)1 << 40)

/* How long it may take to tell of what was taken, ns: an RTT, but so long at least. */
#define TELL_MIN	(100 * NGTCP2_MILLISECONDS)

static int64_t lesser(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* Nobody who keeps to the rules makes that of it; whoever did is not waited for. */
static void spoiled(struct equic_share *s)
{
	struct share_budget *b = &s->budget;

	s->stats.hostile++;
	__atomic_store_n(&s->memory->budget, 0, __ATOMIC_RELAXED);
	b->granted = b->registered;
	b->due = b->registered + BUDGET_MAX;
	b->doubted = true;
}

int64_t budget_read(struct equic_share *s)
{
	int64_t budget = __atomic_load_n(&s->memory->budget, __ATOMIC_RELAXED);

	if (budget < BUDGET_MAX && budget > -BUDGET_MAX)
		return budget;
	spoiled(s);
	return 0;
}

static uint64_t tell_max(const struct equic_share *s)
{
	return most(TELL_MIN, recovery_rtt(s->recovery));
}

/*
 * All that was to be told of is: what was taken meanwhile has as long again. Who tells
 * of a little now and then does not get longer for the rest.
 */
static void expect(struct equic_share *s, int64_t bytes)
{
	struct share_budget *b = &s->budget;

	b->due = b->registered + bytes;
	b->due_at = s->now + tell_max(s);
	b->doubted = false;
}

/*
 * What was granted, is not there any more, and nobody has told of: on its way. Who takes
 * from the budget tells of it at once; or is dead, or wants the connection to starve, and
 * is not waited for until he has told of as much.
 */
static int64_t reserved(struct equic_share *s, int64_t budget)
{
	struct share_budget *b = &s->budget;
	int64_t bytes = b->granted - budget - b->registered;

	if (b->registered >= b->due || (bytes <= 0 && !b->doubted))
		expect(s, bytes > 0 ? bytes : 0);
	if (s->now >= b->due_at)
		b->doubted = true;
	if (bytes > 0 && !b->doubted)
		return bytes;
	b->granted = budget + b->registered;
	return 0;
}

/* Whether the second sender was refused something in the last RTT. */
static bool second_wants(struct equic_share *s)
{
	uint64_t refused = __atomic_load_n(&s->memory->refused, __ATOMIC_RELAXED);

	if (refused != s->budget.refused)
		s->budget.refused_at = s->now;
	s->budget.refused = refused;
	return s->now < s->budget.refused_at + recovery_rtt(s->recovery);
}

/*
 * Of what is @free, the second sender's part, which may be a debt: for the packet that
 * overran it. It does not save up more than the endpoint has.
 */
static int64_t divide(const struct share_budget *b, int64_t free)
{
	int64_t fresh = free - b->kept - b->theirs;
	int64_t half = b->theirs + fresh / 2;

	return fresh > 0 ? lesser(half, free / 2) : half;
}

int64_t budget_share(struct equic_share *s)
{
	int64_t budget = budget_read(s), free, change;
	struct share_budget *b = &s->budget;
	bool wanted = b->blocked || own_due(s);
	bool contended = second_wants(s) && b->blocked;

	recovery_limited(s->recovery, wanted || budget <= 0);
	free = recovery_room(s->recovery, s->now) - reserved(s, budget);
	b->theirs = wanted ? divide(b, free) : free;
	b->kept = free - b->theirs;
	change = lesser(b->theirs, free) - budget;
	if (change)
		budget_add(s->memory, change);
	b->granted += change;
	b->fresh = true;
	return contended ? lesser(b->kept, free) : free;
}

uint64_t budget_expiry(const struct equic_share *s)
{
	const struct share_budget *b = &s->budget;

	return !b->doubted && b->registered < b->due ? b->due_at : UINT64_MAX;
}

void budget_used(struct equic_share *s, uint32_t bytes)
{
	struct share_budget *b = &s->budget;
	int64_t before = lesser(b->kept, 0), change;

	b->kept -= bytes;
	/* What the endpoint's part has not is the second sender's. */
	change = lesser(b->kept, 0) - before;
	if (!b->fresh || !change)
		return;
	budget_add(s->memory, change);
	b->granted += change;
}
