// SPDX-License-Identifier: GPL-2.0-only
/* Why pages stay: the heat policy's explanations, held against its decisions. */
#include "policy_fixture.h"

#include "decide/filter.h"

/* Deterministic luck. */
struct luck {
	uint64_t state;
};

static uint64_t roll(struct luck *luck, uint64_t sides)
{
	luck->state = luck->state * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (luck->state >> 33) % sides;
}

#define RANDOM_PAGES 700

/* One window's look at all pages of both targets; each page has a rate of its own. */
static void look(struct desk *desk, struct luck *luck, const uint8_t *of_8)
{
	uint32_t page;

	heat_window(desk->heat, ++desk->window);
	for (page = 0; page < RANDOM_PAGES; page++) {
		uint64_t large = page % 64 == 0 && of_8[page] % 2;
		struct observation one = {
			/* Two runs of pages, the second one in regions of their own. */
			.address = BASE + (page < 400 ? page : page * 16) * PAGE,
			.interval_ns = S,
			.target = 1 + page / 400,
			.order = large ? 4 : 0,
			.node = (uint8_t)((page * 7 + of_8[page] * 3) % desk->n_nodes),
			.flags = page % 23 == 0   ? OBSERVED_SHARED
				 : page % 29 == 0 ? OBSERVED_FIXED
						  : 0,
			.seen = roll(luck, 8) < of_8[page] ? SEEN_ACCESSED : SEEN_IDLE,
		};

		heat_observe(desk->heat, &one, 1);
		page += large ? 15 : 0;
	}
}

/* A machine of two to four nodes with little or much room, and targets that may do this or that. */
static void shape(struct desk *desk, struct luck *luck)
{
	uint32_t tier = 0, i;

	desk->n_nodes = 2 + roll(luck, 3);
	for (i = 0; i < desk->n_nodes; i++) {
		desk->nodes[i] = (struct node_view){ .id = i,
						     .tier = tier,
						     .total = 10000,
						     .free = roll(luck, 4) ? roll(luck, 400) : 9000,
						     .reserve = 20 + roll(luck, 200) };
		tier += i == 0 || roll(luck, 3) > 0;
	}
	desk->n_targets = 2;
	for (i = 0; i < 2; i++)
		desk->targets[i] =
			(struct target_view){ .id = 1 + i,
					      .promote = roll(luck, 8) > 0,
					      .demote = roll(luck, 8) > 0,
					      .allowed_nodes = roll(luck, 4) ? 0xff
									     : roll(luck, 16) };
	desk->n_groups = roll(luck, 2) ? 0 : 2;
	for (i = 0; i < 2; i++) {
		desk->targets[i].group = (uint16_t)(i + roll(luck, 2));
		desk->groups[i] = (struct group_view){
			.fast_min = roll(luck, 2) * roll(luck, 600),
			.fast_max = roll(luck, 2) ? UINT64_MAX : roll(luck, 200),
			.priority = (uint32_t)(1 + roll(luck, 300)),
		};
	}
	desk->budget = roll(luck, 3) ? UINT64_MAX : roll(luck, 60);
}

static const struct move *move_at(const struct plan *plan, const struct heat_item *folio)
{
	size_t i;

	for (i = 0; i < plan->n_moves; i++)
		if (plan->moves[i].target == folio->target &&
		    plan->moves[i].address == folio->address)
			return &plan->moves[i];
	return NULL;
}

/* What was said of how many folios. */
struct sayings {
	const struct desk *desk;
	struct snapshot snapshot;
	uint64_t holds[HOLDS];
	uint64_t planned;
};

static void hold_against_plan(struct sayings *sayings, const struct heat_item *folio)
{
	const struct move *move = move_at(&sayings->desk->plan, folio);
	struct policy_verdict verdict;
	struct heat_item found;
	uint64_t seen;

	/* The same folio, by any address in it. */
	assert_int_equal(heat_find(sayings->desk->heat, folio->target,
				   folio->address + (PAGE << folio->order) - 1, &found, &seen),
			 0);
	assert_memory_equal(&found, folio, sizeof(found));
	policy_heat.explain(NULL, &sayings->snapshot, folio, &verdict);
	assert_in_range(verdict.hold, 0, HOLDS - 1);
	assert_int_equal(verdict.hold == HOLD_NOTHING, move != NULL);
	if (move)
		assert_int_equal(verdict.bar, move->bar);
	sayings->holds[verdict.hold]++;
	sayings->planned += move != NULL;
}

static int each_item(void *arg, const struct heat_item *item)
{
	struct heat_item folio = *item;
	uint32_t i;

	folio.count = 1;
	for (i = 0; i < item->count; i++) {
		hold_against_plan(arg, &folio);
		folio.address += PAGE << item->order;
	}
	return 0;
}

static const struct heat_query everything = { .nodes = UINT64_MAX,
					      .rate_min = FILTER_RATE_MIN,
					      .rate_max = FILTER_RATE_MAX };

static void explain_all(const struct desk *desk, struct sayings *sayings)
{
	uint32_t target;

	sayings->desk = desk;
	sayings->snapshot = view(desk);
	sayings->planned = 0;
	for (target = 1; target <= 2; target++)
		heat_each(desk->heat, target, &everything, each_item, sayings);
	/* Every move of the plan was met. */
	assert_int_equal(sayings->planned, desk->plan.n_moves);
}

static void settle_plan(struct desk *desk, struct luck *luck)
{
	size_t i;

	for (i = 0; i < desk->plan.n_moves; i++)
		desk->plan.moves[i].result =
			(uint8_t)(roll(luck, 3) ? MOVE_MOVED : roll(luck, MOVE_RESULTS));
	heat_settle(desk->heat, desk->plan.moves, desk->plan.n_moves);
}

/* On machines and loads that nobody would make up: nothing holds a page exactly when it is planned. */
static void test_agrees_with_decisions(void **state)
{
	static const enum query_hold expected[] = { HOLD_NOTHING, HOLD_PLACED, HOLD_SHARED,
						    HOLD_FIXED,   HOLD_RESTS,  HOLD_DOUBT,
						    HOLD_NODES,   HOLD_ROOM,   HOLD_BUDGET,
						    HOLD_RULE,    HOLD_FLOOR,  HOLD_CEILING };
	struct luck luck = { 20261117 };
	struct sayings sayings = { 0 };
	unsigned int round, window, i;

	(void)state;
	for (round = 0; round < 24; round++) {
		uint8_t of_8[RANDOM_PAGES];
		struct desk desk;

		open_desk(&desk);
		shape(&desk, &luck);
		for (i = 0; i < RANDOM_PAGES; i++)
			of_8[i] = (uint8_t)(roll(&luck, 3) ? 0 : roll(&luck, 9));
		for (window = 0; window < 1 + round % 9; window++) {
			look(&desk, &luck, of_8);
			plan_clear(&desk.plan);
			desk.nodes[0].free = roll(&luck, round % 2 ? 500 : 100);
			decide(&desk);
			if (window % 3 == round % 3)
				explain_all(&desk, &sayings);
			settle_plan(&desk, &luck);
		}
		close_desk(&desk);
	}
	for (i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
		if (!sayings.holds[expected[i]])
			fail_msg("nobody was held by %u", expected[i]);
}

static struct policy_verdict explain(const struct desk *desk, uint64_t page)
{
	struct snapshot snapshot = view(desk);
	struct policy_verdict verdict;
	struct heat_item folio;
	uint64_t seen;

	assert_int_equal(heat_find(desk->heat, 1, BASE + page * PAGE, &folio, &seen), 0);
	policy_heat.explain(NULL, &snapshot, &folio, &verdict);
	return verdict;
}

/* 300 hot pages of the slow node, and one thing at a time in their way; others are where they belong. */
static void test_one_reason_at_a_time(void **state)
{
	static const struct pages load[] = { { 1, 0, 300, 1, 0, 0, 8 },
					     { 1, 1000, 4000, 1, 0, 0, 0 },
					     { 1, 6000, 50, 0, 0, 0, 8 } };
	static const struct {
		uint64_t allowed, budget, fast_free;
		uint8_t promote;
		enum query_hold hot;
	} cases[] = {
		{ 0xff, UINT64_MAX, 1000, 1, HOLD_NOTHING },
		{ 0x02, UINT64_MAX, 1000, 1, HOLD_NODES },
		{ 0xff, 0, 1000, 1, HOLD_BUDGET },
		{ 0xff, UINT64_MAX, 1000, 0, HOLD_RULE },
		/* Those on the fast node are as hot: nobody changes places with them. */
		{ 0xff, UINT64_MAX, 100, 1, HOLD_ROOM },
	};
	struct desk desk;
	size_t i;

	(void)state;
	open_desk(&desk);
	watch(&desk, load, 3, 3);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		desk.targets[0].allowed_nodes = cases[i].allowed;
		desk.targets[0].promote = cases[i].promote;
		desk.budget = cases[i].budget;
		desk.nodes[0].free = cases[i].fast_free;
		assert_int_equal(explain(&desk, 299).hold, cases[i].hot);
		assert_int_equal(explain(&desk, 1007).hold, HOLD_PLACED);
	}
	close_desk(&desk);
}

/* What a page is compared with lies above it while it is placed, below it when it moves up. */
static void test_bar(void **state)
{
	static const struct pages load[] = { { 1, 0, 300, 1, 0, 0, 8 },
					     { 1, 1000, 4000, 1, 0, 0, 0 } };
	struct policy_verdict hot, cold;
	struct snapshot snapshot;
	struct heat_item folio;
	struct desk desk;
	uint64_t seen;

	(void)state;
	open_desk(&desk);
	watch(&desk, load, 2, 3);
	snapshot = view(&desk);
	assert_int_equal(heat_find(desk.heat, 1, BASE, &folio, &seen), 0);
	assert_int_equal(seen, desk.window);
	policy_heat.explain(NULL, &snapshot, &folio, &hot);
	assert_true(folio.rate >= hot.bar);
	assert_int_equal(heat_find(desk.heat, 1, BASE + 1000 * PAGE, &folio, &seen), 0);
	policy_heat.explain(NULL, &snapshot, &folio, &cold);
	assert_true(folio.rate < cold.bar);
	close_desk(&desk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_agrees_with_decisions),
		cmocka_unit_test(test_one_reason_at_a_time),
		cmocka_unit_test(test_bar),
	};

	return cmocka_run_group_tests_name("policy_explain", tests, NULL, NULL);
}
