// SPDX-License-Identifier: GPL-2.0-only
/*
 * A connection without a second sender finds out what its path takes, as ngtcp2 alone
 * does (RFC 9000, 14.3), and goes on with it when one comes later; in virtual time.
 */
#include "ktap.h"
#include "scene.h"

#define MS NGTCP2_MILLISECONDS
#define S NGTCP2_SECONDS

/* What longer numbers add to a packet of the stack's: the least that is tried adds more. */
enum { BYTES = SCENE_STACK_MAX - 1, GROWTH = 3 };

/*
 * What ngtcp2 tries, and others. Before it has found anything it sends 1200 bytes, to
 * which longer numbers come.
 */
static const uint64_t mtus[] = { 1203, 1231, 1232, 1300, 1342, 1406, 1443, 1444, 1452 };

/* What a connection found, and what became of it. */
struct found {
	size_t		largest;
	uint64_t	lost, window;
	bool		whole;
};

static struct found find(struct scene_plan plan, uint64_t mtu)
{
	struct equic_share_stats st = { };
	struct found found = { };
	struct scene *sc;

	/* Its queue takes all that is sent: what is lost is too long. */
	plan.path = (struct transit_path){
		.delay = 10 * MS, .rate = 6250000, .queue = 16 << 20, .mtu = mtu,
	};
	plan.seed = 1;
	plan.stack_bytes = BYTES;
	plan.initial_max_data = 4 << 20;
	sc = scene_new(&plan);
	found.whole = !scene_play(sc, 60 * S) && scene_complete(sc) && scene_right(sc);
	found.largest = world_largest(sc->world);
	if (!plan.plain)
		equic_share_get_stats(world_share(sc->world), &st);
	found.lost = st.lost;
	found.window = st.window;
	scene_free(sc);
	return found;
}

static void test_mtu(uint64_t mtu, uint64_t window)
{
	struct found plain = find((struct scene_plan){ .plain = true }, mtu);
	struct found alone = find((struct scene_plan){ .alone = true }, mtu);
	struct found soon = find((struct scene_plan){ .share_at = 1 }, mtu);
	struct found later = find((struct scene_plan){ .share_at = 1500 * MS }, mtu);
	size_t longer = plain.largest == 1200 ? 1200 + GROWTH : plain.largest;
	bool too_long = mtu < 1444;

	ktap_result(plain.whole && alone.whole &&
		    alone.largest == plain.largest,
		    "a path that takes %llu bytes: so is found what ngtcp2 finds",
		    (unsigned long long)mtu);
	ktap_result(soon.whole && soon.largest == longer,
		    "a path that takes %llu bytes: and when it is shared meanwhile",
		    (unsigned long long)mtu);
	/* The window says that none of them was lost. */
	ktap_result(later.whole && later.largest <= longer && later.window >= window,
		    "a path that takes %llu bytes: when it is shared later, longer numbers fit",
		    (unsigned long long)mtu);
	ktap_result(!soon.lost == !too_long && soon.window >= window,
		    "a path that takes %llu bytes: what is too long for it does not cut the window",
		    (unsigned long long)mtu);
	ktap_diag("ngtcp2 %zu, alone %zu, shared %zu, later %zu bytes; %llu lost, window %llu of %llu",
		  plain.largest, alone.largest, soon.largest, later.largest,
		  (unsigned long long)soon.lost, (unsigned long long)soon.window,
		  (unsigned long long)window);
}

int main(void)
{
	struct found shared = find((struct scene_plan){ }, 1452);
	struct found told = find((struct scene_plan){ .alone = true, .payload_max = 1300 },
				 1452);
	struct found told_later = find((struct scene_plan){ .share_at = 1,
							    .payload_max = 1300 }, 1452);
	uint64_t window = find((struct scene_plan){ .share_at = 1 }, 0).window;
	size_t i;

	ktap_begin();
	for (i = 0; i < sizeof(mtus) / sizeof(mtus[0]); i++)
		test_mtu(mtus[i], window / 2);
	ktap_diag("who shares: %zu bytes", shared.largest);
	ktap_result(shared.whole && shared.largest <= EQUIC_SHARE_PAYLOAD_MIN + GROWTH,
		    "who shares does not try what the path takes");
	ktap_result(told.whole && told.largest == 1300 - GROWTH &&
			    told_later.whole && told_later.largest == 1300,
		    "who is told does not try either");
	return ktap_end();
}
