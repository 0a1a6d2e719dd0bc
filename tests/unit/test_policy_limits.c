// SPDX-License-Identifier: GPL-2.0-only
/* Floors, ceilings and priorities of groups: what the heat policy plans, window after window. */
#include "policy_fixture.h"

#define NONE UINT64_MAX

/* One process each in three groups; the fast node has places for @places pages beyond the reserve. */
static void open_groups(struct desk *desk, uint64_t places)
{
	unsigned int i;

	open_desk(desk);
	desk->n_targets = desk->n_groups = 3;
	for (i = 0; i < 3; i++) {
		desk->targets[i].group = (uint16_t)i;
		desk->groups[i] =
			(struct group_view){ .fast_max = NONE, .priority = GROUP_PRIORITY };
	}
	desk->nodes[0].free = desk->nodes[0].reserve + places;
}

static int count_item(void *arg, const struct heat_item *item)
{
	*(uint64_t *)arg += (uint64_t)item->count << item->order;
	return 0;
}

/* Pages of one target on the fast node. */
static uint64_t held(const struct desk *desk, uint32_t target)
{
	struct heat_query query = { .nodes = 1, .rate_min = INT16_MIN, .rate_max = INT16_MAX };
	uint64_t pages = 0;

	heat_each(desk->heat, target, &query, count_item, &pages);
	return pages;
}

/* Decides, and moves all of it. */
static void turn(struct desk *desk)
{
	size_t i;

	decide(desk);
	for (i = 0; i < desk->plan.n_moves; i++) {
		struct move *move = &desk->plan.moves[i];

		move->result = MOVE_MOVED;
		move->landed = move->to;
		desk->nodes[move->from].free += UINT64_C(1) << move->order;
		desk->nodes[move->to].free -= UINT64_C(1) << move->order;
	}
	heat_settle(desk->heat, desk->plan.moves, desk->plan.n_moves);
}

/* One window, of pages wherever they lie by now. */
static void look(struct desk *desk, const struct pages *pages, size_t n)
{
	struct observation seen[4096];
	struct heat_item item;
	uint64_t window;
	size_t r, i;

	heat_window(desk->heat, ++desk->window);
	for (r = 0; r < n; r++) {
		for (i = 0; i < pages[r].count; i++) {
			seen[i] =
				(struct observation){ .address = BASE + (pages[r].first + i) * PAGE,
						      .interval_ns = S,
						      .target = pages[r].target,
						      .node = pages[r].node };
			if (heat_find(desk->heat, seen[i].target, seen[i].address, &item,
				      &window) == 0)
				seen[i].node = item.node;
			seen[i].seen = (desk->window * 7 + i * 5 + i / 8) % 8 < pages[r].of_8
					       ? SEEN_ACCESSED
					       : SEEN_IDLE;
		}
		assert_int_equal(heat_observe(desk->heat, seen, pages[r].count), 0);
	}
}

static void run(struct desk *desk, const struct pages *pages, size_t n, unsigned int windows)
{
	for (; windows > 0; windows--) {
		look(desk, pages, n);
		turn(desk);
	}
}

/* Three equally hot processes, and places for half of one: none passes its ceiling at any time. */
static void test_ceiling_holds_at_all_times(void **state)
{
	static const struct pages load[] = { { 1, 0, 4000, 1, 0, 0, 6 },
					     { 2, 0, 4000, 1, 0, 0, 6 },
					     { 3, 0, 4000, 1, 0, 0, 6 } };
	struct desk desk;
	unsigned int window;

	(void)state;
	open_groups(&desk, 9000);
	desk.groups[0].fast_max = 500;
	desk.groups[1].fast_max = 1000;
	for (window = 0; window < 24; window++) {
		run(&desk, load, 3, 1);
		assert_true(held(&desk, 1) <= 500);
		assert_true(held(&desk, 2) <= 1000);
	}
	/* What they may not have is there for who has no ceiling. */
	assert_in_range(held(&desk, 1), 480, 500);
	assert_in_range(held(&desk, 2), 950, 1000);
	assert_int_equal(held(&desk, 3), 4000);
	close_desk(&desk);
}

/* What lies there beyond a ceiling leaves in one window, the coldest first, wanted or not. */
static void test_what_is_above_a_ceiling_leaves(void **state)
{
	static const struct pages load[] = { { 1, 0, 600, 0, 0, 0, 8 },
					     { 1, 1000, 600, 0, 0, 0, 2 } };
	struct desk desk;
	size_t i;

	(void)state;
	open_groups(&desk, 5000);
	desk.n_targets = 1;
	watch(&desk, load, 2, 12);
	decide(&desk);
	assert_int_equal(planned_all(&desk), 0);
	desk.groups[0].fast_max = 700;
	decide(&desk);
	assert_int_equal(planned_all(&desk), 500);
	for (i = 0; i < desk.plan.n_moves; i++)
		assert_true(desk.plan.moves[i].address >= BASE + 1000 * PAGE);
	desk.groups[0].fast_max = 0;
	decide(&desk);
	assert_int_equal(planned_all(&desk), 1200);
	close_desk(&desk);
}

/* Cold pages below a floor stay, whoever wants their places; without the floor they leave. */
static void test_floor_protects(void **state)
{
	static const struct pages load[] = { { 1, 0, 1000, 0, 0, 0, 0 },
					     { 2, 0, 3000, 1, 0, 0, 8 } };
	struct desk desk;

	(void)state;
	open_groups(&desk, 0);
	desk.n_targets = 2;
	desk.groups[0].fast_min = 600;
	run(&desk, load, 2, 12);
	assert_in_range(held(&desk, 1), 600, 600 + 600 / 32);
	assert_in_range(held(&desk, 2), 400 - 600 / 32, 400);
	desk.groups[0].fast_min = 0;
	run(&desk, load, 2, 12);
	assert_int_equal(held(&desk, 1), 0);
	assert_int_equal(held(&desk, 2), 1000);
	close_desk(&desk);
}

/* A floor is filled with what is warm, out of the places of hotter ones; idle pages do not fill it. */
static void test_floor_is_filled_with_what_is_warm(void **state)
{
	static const struct pages load[] = { { 1, 0, 800, 1, 0, 0, 3 },
					     { 1, 4096, 3000, 1, 0, 0, 0 },
					     { 2, 0, 2000, 0, 0, 0, 8 } };
	struct desk desk;

	(void)state;
	open_groups(&desk, 0);
	desk.n_targets = 2;
	desk.groups[0].fast_min = 500;
	run(&desk, load, 3, 24);
	assert_in_range(held(&desk, 1), 500 - 2000 / 32, 520);
	desk.groups[0].fast_min = 2000;
	run(&desk, load, 3, 24);
	assert_in_range(held(&desk, 1), 800 - 2000 / 32, 800);
	close_desk(&desk);
}

/* Floors that exceed the tier in sum are cut in proportion. */
static void test_floors_beyond_the_tier(void **state)
{
	static const struct pages load[] = { { 1, 0, 3000, 1, 0, 0, 8 },
					     { 2, 0, 3000, 1, 0, 0, 8 },
					     { 3, 0, 900, 0, 0, 0, 8 } };
	struct desk desk;

	(void)state;
	open_groups(&desk, 0);
	desk.groups[0].fast_min = 2000;
	desk.groups[1].fast_min = 1000;
	run(&desk, load, 3, 24);
	assert_in_range(held(&desk, 1), 570, 630);
	assert_in_range(held(&desk, 2), 285, 315);
	assert_in_range(held(&desk, 3), 0, 28);
	close_desk(&desk);
}

/* Equally hot pages share the places by priority, wherever they started. */
static void test_priorities_share(void **state)
{
	static const struct {
		uint32_t priority[3];
		uint64_t places;
		uint8_t start[3];
	} cases[] = {
		{ { 100, 200, 300 }, 3000, { 1, 1, 1 } },
		{ { 300, 200, 100 }, 3000, { 1, 1, 1 } },
		{ { 100, 200, 300 }, 600, { 0, 1, 1 } },
		{ { 100, 100, 200 }, 3000, { 1, 1, 1 } },
	};
	size_t c, t;

	(void)state;
	for (c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
		struct pages load[3];
		uint64_t all = cases[c].places, sum = 0;
		struct desk desk;

		open_groups(&desk, all);
		for (t = 0; t < 3; t++) {
			load[t] = (struct pages){
				(uint32_t)t + 1, 0, 3000, cases[c].start[t], 0, 0, 4
			};
			desk.groups[t].priority = cases[c].priority[t];
			sum += cases[c].priority[t];
			all += cases[c].start[t] ? 0 : 3000;
		}
		run(&desk, load, 3, 48);
		for (t = 0; t < 3; t++) {
			uint64_t due = all * cases[c].priority[t] / sum;

			assert_in_range(held(&desk, (uint32_t)t + 1), due * 95 / 100,
					due * 105 / 100);
		}
		close_desk(&desk);
	}
}

/* Much hotter pages have their places whatever the priority of others. */
static void test_heat_comes_before_priority(void **state)
{
	static const struct pages load[] = { { 1, 0, 900, 1, 0, 0, 8 },
					     { 2, 0, 3000, 0, 0, 0, 1 } };
	struct desk desk;

	(void)state;
	open_groups(&desk, 0);
	desk.n_targets = 2;
	desk.groups[1].priority = GROUP_PRIORITY_MAX;
	run(&desk, load, 2, 24);
	assert_in_range(held(&desk, 1), 850, 900);
	close_desk(&desk);
}

/* Limits and priorities that change nothing change nothing: the plan is the same. */
static void test_wide_limits_leave_heat_alone(void **state)
{
	static const struct pages load[] = { { 1, 0, 2000, 1, 0, 0, 8 },
					     { 2, 0, 2000, 0, 0, 0, 0 } };
	struct desk desk;

	(void)state;
	open_groups(&desk, 0);
	desk.n_targets = 2;
	desk.groups[0].fast_max = 1000000;
	desk.groups[1].fast_min = 1;
	run(&desk, load, 2, 16);
	assert_in_range(held(&desk, 1), 1900, 2000);
	close_desk(&desk);
}

static enum query_hold hold_of(const struct desk *desk, uint32_t target)
{
	struct snapshot snapshot = view(desk);
	struct policy_verdict verdict;
	struct heat_item folio;
	uint64_t seen;

	assert_int_equal(heat_find(desk->heat, target, BASE, &folio, &seen), 0);
	policy_heat.explain(NULL, &snapshot, &folio, &verdict);
	return verdict.hold;
}

static void test_limits_are_named(void **state)
{
	static const struct pages load[] = { { 1, 0, 1000, 0, 0, 0, 0 },
					     { 2, 0, 3000, 1, 0, 0, 8 } };
	struct desk desk;

	(void)state;
	open_groups(&desk, 0);
	desk.n_targets = 2;
	desk.groups[0].fast_min = 1000;
	watch(&desk, load, 2, 12);
	assert_int_equal(hold_of(&desk, 1), HOLD_FLOOR);
	desk.groups[0].fast_min = 0;
	desk.groups[1].fast_max = 0;
	assert_int_equal(hold_of(&desk, 1), HOLD_PLACED);
	assert_int_equal(hold_of(&desk, 2), HOLD_CEILING);
	close_desk(&desk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ceiling_holds_at_all_times),
		cmocka_unit_test(test_what_is_above_a_ceiling_leaves),
		cmocka_unit_test(test_floor_protects),
		cmocka_unit_test(test_floor_is_filled_with_what_is_warm),
		cmocka_unit_test(test_floors_beyond_the_tier),
		cmocka_unit_test(test_priorities_share),
		cmocka_unit_test(test_heat_comes_before_priority),
		cmocka_unit_test(test_wide_limits_leave_heat_alone),
		cmocka_unit_test(test_limits_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
