// SPDX-License-Identifier: GPL-2.0-only
/* What becomes of beliefs when pages move, vanish or are forgotten. */
#include "heat_fixture.h"

static void test_settle_results(void **state)
{
	static const struct {
		uint8_t result, landed, node;
		int rests; /* 0: no cool-down, 1: short, 2: long */
	} cases[] = {
		[MOVE_PENDING] = { MOVE_PENDING, TIERED_NODE_NONE, 1, 0 },
		[MOVE_MOVED] = { MOVE_MOVED, TIERED_NODE_NONE, 0, 1 },
		[MOVE_ALREADY] = { MOVE_ALREADY, TIERED_NODE_NONE, 0, 0 },
		[MOVE_BUSY] = { MOVE_BUSY, TIERED_NODE_NONE, 1, 1 },
		[MOVE_PINNED] = { MOVE_PINNED, TIERED_NODE_NONE, 1, 2 },
		[MOVE_SHARED] = { MOVE_SHARED, TIERED_NODE_NONE, 1, 2 },
		[MOVE_GONE] = { MOVE_GONE, TIERED_NODE_NONE, 0, -1 },
		[MOVE_NO_MEMORY] = { MOVE_NO_MEMORY, TIERED_NODE_NONE, 1, 0 },
		[MOVE_NOT_ALLOWED] = { MOVE_NOT_ALLOWED, TIERED_NODE_NONE, 1, 2 },
		[MOVE_ELSEWHERE] = { MOVE_ELSEWHERE, 3, 3, 1 },
		[MOVE_VOID] = { MOVE_VOID, TIERED_NODE_NONE, 1, 0 },
		[MOVE_FAILED] = { MOVE_FAILED, TIERED_NODE_NONE, 1, 2 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct heat *heat = make(1 << 20);
		struct move move = move_of(BASE, cases[i].result);
		struct heat_item item;

		observe(heat, see(BASE, SEEN_ACCESSED));
		observe(heat, see(BASE + PAGE, SEEN_ACCESSED));
		move.landed = cases[i].landed;
		settle(heat, move);
		if (cases[i].rests < 0) {
			assert_int_equal(stats_of(heat).tracked, 1);
		} else {
			item = item_at(heat, BASE);
			assert_int_equal(item.node, cases[i].node);
			assert_int_equal(item.cooldown > 0, cases[i].rests > 0);
			assert_int_equal(item.cooldown > 50, cases[i].rests == 2);
			assert_int_equal(item_at(heat, BASE + PAGE).cooldown, 0);
		}
		heat_free(heat);
	}
}

/* A page that is moved back and forth rests longer each time; after a while all is forgiven. */
static void test_pingpong(void **state)
{
	struct heat *heat = make(1 << 20);
	unsigned int once, twice, thrice;
	uint64_t window;

	(void)state;
	observe(heat, see(BASE, SEEN_ACCESSED));
	settle(heat, move_of(BASE, MOVE_MOVED));
	once = item_at(heat, BASE).cooldown;
	heat_window(heat, 9);
	settle(heat, move_of(BASE, MOVE_MOVED));
	twice = item_at(heat, BASE).cooldown;
	heat_window(heat, 30);
	settle(heat, move_of(BASE, MOVE_MOVED));
	thrice = item_at(heat, BASE).cooldown;
	assert_true(once > 0 && twice >= 29 && thrice >= 90 && once < twice);
	assert_int_equal(stats_of(heat).moved, 3);
	assert_int_equal(stats_of(heat).pingpong, 2);
	for (window = 31; window < 1000; window++) {
		heat_window(heat, window);
		observe(heat, see(BASE, SEEN_ACCESSED));
		if (window >= 30 + 100)
			assert_int_equal(item_at(heat, BASE).cooldown, 0);
	}
	settle(heat, move_of(BASE, MOVE_MOVED));
	assert_int_equal(item_at(heat, BASE).cooldown, once);
	assert_int_equal(stats_of(heat).pingpong, 2);
	heat_free(heat);
}

static void test_settle_hostile(void **state)
{
	struct heat *heat = make(1 << 20);
	struct observation huge = see(BASE + REGION, SEEN_ACCESSED);
	struct move moves[] = {
		move_of(0, MOVE_MOVED),
		move_of(UINT64_MAX, MOVE_MOVED),
		move_of(BASE + 7 * PAGE, MOVE_MOVED),          /* no page there */
		move_of(BASE + REGION + 9 * PAGE, MOVE_MOVED), /* a tail speaks for its folio */
		move_of(BASE, 200),
	};

	(void)state;
	observe(heat, see(BASE, SEEN_ACCESSED));
	huge.order = 9;
	observe(heat, huge);
	moves[4].landed = 200;
	moves[0].target = 77;
	heat_settle(heat, moves, 5);
	heat_settle(heat, NULL, 0);
	assert_int_equal(item_at(heat, BASE).node, 1);
	assert_int_equal(item_at(heat, BASE + REGION).node, 0);
	assert_int_equal(item_at(heat, BASE + REGION).order, 9);
	assert_int_equal(stats_of(heat).tracked, 513);
	heat_free(heat);
}

/* Unmapped memory is forgotten, after 32 windows and two readings of the rest. */
static void test_fade(void **state)
{
	struct heat *heat = make(1 << 20);
	uint64_t window;

	(void)state;
	observe_range(heat, BASE, 8 * 512, 300);
	for (window = 2; window <= 30; window++) {
		heat_window(heat, window);
		observe_range(heat, BASE, 512, 300);
	}
	assert_int_equal(stats_of(heat).regions, 8);
	for (; window <= 60; window++) {
		heat_window(heat, window);
		observe_range(heat, BASE, 512, 300);
	}
	assert_int_equal(stats_of(heat).regions, 1);
	free(tally_of(heat));
	/* a reader that comes by slowly loses nothing: no lap, no fading */
	heat_forget(heat, TARGET);
	for (window = 100; window < 400; window++) {
		heat_window(heat, window);
		observe_range(heat, BASE + (window - 100) * REGION, 512, 0);
	}
	assert_int_equal(stats_of(heat).regions, 300);
	heat_free(heat);
}

static void test_forget(void **state)
{
	struct heat *heat = make(1 << 24);
	uint64_t empty = stats_of(heat).bytes;
	struct observation other = see(BASE, SEEN_ACCESSED);

	(void)state;
	observe_range(heat, BASE, 64 * 512, 500);
	other.target = 9;
	observe(heat, other);
	heat_forget(heat, TARGET);
	heat_forget(heat, 12345);
	assert_int_equal(stats_of(heat).tracked, 1);
	heat_forget(heat, 9);
	/* but for the array of targets all is given back */
	assert_in_range(stats_of(heat).bytes, empty, empty + 64);
	heat_free(heat);
	heat_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_settle_results), cmocka_unit_test(test_pingpong),
		cmocka_unit_test(test_settle_hostile), cmocka_unit_test(test_fade),
		cmocka_unit_test(test_forget),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
