// SPDX-License-Identifier: GPL-2.0-only
/* What the heat policy plans for machines and loads that are made by hand. */
#include "policy_fixture.h"

static void test_fills_free_memory_with_what_is_used(void **state)
{
	static const struct pages load[] = { { 1, 0, 300, 1, 0, 0, 8 },
					     { 1, 1000, 4000, 1, 0, 0, 0 } };
	struct desk desk;

	(void)state;
	open_desk(&desk);
	watch(&desk, load, 2, 3);
	decide(&desk);
	assert_int_equal(planned(&desk, MOVE_PROMOTE_HOT, 0), 300);
	assert_int_equal(planned_all(&desk), 300);
	assert_true(desk.plan.moves[0].rate > desk.plan.moves[0].bar);
	close_desk(&desk);
}

static void test_reserve_and_budget(void **state)
{
	static const struct pages load[] = { { 1, 0, 3000, 1, 0, 0, 8 } };
	struct desk desk;

	(void)state;
	open_desk(&desk);
	watch(&desk, load, 1, 20);
	decide(&desk);
	assert_in_range(planned_all(&desk), 450, 900);
	desk.budget = 77;
	decide(&desk);
	assert_int_equal(planned_all(&desk), 77);
	desk.budget = 0;
	decide(&desk);
	assert_int_equal(planned_all(&desk), 0);
	desk.budget = UINT64_MAX;
	desk.nodes[0].reserve = 1000;
	decide(&desk);
	assert_int_equal(planned_all(&desk), 0);
	close_desk(&desk);
}

/* The fast node is full of what another process does not use any more. */
static void test_swaps_against_the_cold(void **state)
{
	static const struct pages load[] = { { 1, 0, 200, 1, 0, 0, 8 },
					     { 2, 0, 150, 0, 0, 0, 0 },
					     { 2, 1000, 300, 0, 0, 0, 8 } };
	struct desk desk;

	(void)state;
	open_desk(&desk);
	desk.n_targets = 2;
	desk.nodes[0].free = desk.nodes[0].reserve;
	watch(&desk, load, 3, 6);
	decide(&desk);
	assert_int_equal(planned(&desk, MOVE_DEMOTE_ROOM, 1), 150);
	assert_int_equal(planned(&desk, MOVE_PROMOTE_SWAP, 0), 150);
	assert_int_equal(planned_all(&desk), 300);
	assert_int_equal(desk.plan.moves[0].target, 2);
	assert_true(desk.plan.moves[0].address < BASE + 1000 * PAGE);
	close_desk(&desk);
}

/* Pages that are all alike stay where they are. */
static void test_no_swap_among_equals(void **state)
{
	static const struct pages load[] = { { 1, 0, 900, 1, 0, 0, 4 },
					     { 1, 1000, 900, 0, 0, 0, 4 } };
	struct desk desk;
	unsigned int i;

	(void)state;
	open_desk(&desk);
	desk.nodes[0].free = desk.nodes[0].reserve;
	for (i = 0; i < 40; i++) {
		watch(&desk, load, 2, 1);
		decide(&desk);
		/* the first windows may be wrong about a few, not about many */
		assert_true(planned_all(&desk) <= (i < 4 ? 1800 / 4 : 0));
	}
	close_desk(&desk);
}

static void test_pressure(void **state)
{
	static const struct pages load[] = { { 1, 0, 100, 0, 0, 0, 8 },
					     { 1, 1000, 100, 0, 0, 0, 0 },
					     { 1, 2000, 100, 0, 0, 0, 3 } };
	struct desk desk;
	size_t i;

	(void)state;
	open_desk(&desk);
	watch(&desk, load, 3, 12);
	decide(&desk);
	assert_int_equal(planned_all(&desk), 0);
	desk.nodes[0].free = 40;
	decide(&desk);
	assert_int_equal(planned(&desk, MOVE_DEMOTE_PRESSURE, 1), 60);
	assert_int_equal(planned_all(&desk), 60);
	for (i = 0; i < desk.plan.n_moves; i++)
		assert_in_range(desk.plan.moves[i].address, BASE + 1000 * PAGE, BASE + 1100 * PAGE);
	/* nowhere to go */
	desk.nodes[1].free = 0;
	decide(&desk);
	assert_int_equal(planned_all(&desk), 0);
	close_desk(&desk);
}

static void test_what_may_not_move(void **state)
{
	static const struct pages load[] = { { 1, 0, 10, 1, 0, OBSERVED_SHARED, 8 },
					     { 1, 100, 10, 1, 0, OBSERVED_FIXED, 8 },
					     { 1, 200, 10, 1, 0, OBSERVED_FILE, 8 },
					     { 2, 0, 10, 1, 0, 0, 8 },
					     { 2, 1000, 10, 0, 0, 0, 0 } };
	struct desk desk;

	(void)state;
	open_desk(&desk);
	desk.n_targets = 2;
	desk.targets[1].promote = 0;
	watch(&desk, load, 5, 6);
	decide(&desk);
	assert_int_equal(planned_all(&desk), 10);
	assert_int_equal(desk.plan.moves[0].address, BASE + 200 * PAGE);
	desk.targets[1].promote = 1;
	desk.targets[1].allowed_nodes = 2; /* its cpuset has no fast node */
	decide(&desk);
	assert_int_equal(planned_all(&desk), 10);
	desk.targets[1].allowed_nodes = 3;
	decide(&desk);
	assert_int_equal(planned_all(&desk), 20);
	/* under pressure, but not allowed to leave */
	desk.nodes[0].free = 95;
	desk.targets[1].demote = 0;
	decide(&desk);
	assert_int_equal(planned_all(&desk), 0);
	desk.targets[1].demote = 1;
	desk.targets[1].allowed_nodes = 1;
	decide(&desk);
	assert_int_equal(planned_all(&desk), 0);
	close_desk(&desk);
}

/* What was moved rests; what failed is not tried at once. */
static void test_cooldown(void **state)
{
	static const struct pages load[] = { { 1, 0, 10, 1, 0, 0, 8 } };
	struct desk desk;
	size_t i;

	(void)state;
	open_desk(&desk);
	watch(&desk, load, 1, 3);
	decide(&desk);
	assert_int_equal(planned_all(&desk), 10);
	for (i = 0; i < desk.plan.n_moves; i++)
		desk.plan.moves[i].result =
			desk.plan.moves[i].address < BASE + 5 * PAGE ? MOVE_BUSY : MOVE_NO_MEMORY;
	heat_settle(desk.heat, desk.plan.moves, desk.plan.n_moves);
	watch(&desk, load, 1, 1);
	decide(&desk);
	assert_int_equal(planned_all(&desk), 5);
	watch(&desk, load, 1, 12);
	decide(&desk);
	assert_int_equal(planned_all(&desk), 10);
	close_desk(&desk);
}

static void test_large_folios(void **state)
{
	static const struct pages load[] = { { 1, 0, 1, 1, 9, 0, 8 }, { 1, 1024, 1, 1, 9, 0, 8 } };
	struct desk desk;

	(void)state;
	open_desk(&desk);
	watch(&desk, load, 2, 20);
	desk.nodes[0].free = 100 + 511;
	decide(&desk);
	assert_int_equal(planned_all(&desk), 0);
	desk.nodes[0].free = 100 + 1023;
	decide(&desk);
	assert_int_equal(desk.plan.n_moves, 1);
	assert_int_equal(desk.plan.moves[0].order, 9);
	desk.nodes[0].free = 100 + 1024;
	decide(&desk);
	assert_int_equal(desk.plan.n_moves, 2);
	close_desk(&desk);
}

/* Three tiers: the hottest to the first, the warm to the second, the idle stay. */
static void test_chain_of_tiers(void **state)
{
	static const struct pages load[] = { { 1, 0, 100, 2, 0, 0, 8 },
					     { 1, 1000, 100, 2, 0, 0, 4 },
					     { 1, 2000, 100, 2, 0, 0, 0 } };
	struct desk desk;
	size_t i;

	(void)state;
	open_desk(&desk);
	desk.nodes[2] = (struct node_view){ .id = 2, .tier = 2, .free = 50000 };
	desk.n_nodes = 3;
	desk.nodes[0].free = 200; /* room for the hottest only */
	watch(&desk, load, 3, 20);
	decide(&desk);
	assert_int_equal(planned(&desk, MOVE_PROMOTE_HOT, 0), 100);
	assert_int_equal(planned(&desk, MOVE_PROMOTE_HOT, 1), 100);
	assert_int_equal(planned_all(&desk), 200);
	for (i = 0; i < desk.plan.n_moves; i++)
		assert_int_equal(desk.plan.moves[i].address >= BASE + 1000 * PAGE,
				 desk.plan.moves[i].to == 1);
	close_desk(&desk);
}

/* Nodes of one tier share what comes by the room they have. */
static void test_several_nodes_in_a_tier(void **state)
{
	static const struct pages load[] = { { 1, 0, 300, 2, 0, 0, 8 } };
	struct desk desk;

	(void)state;
	open_desk(&desk);
	desk.nodes[0].free = 200;
	desk.nodes[1] = (struct node_view){ .id = 1, .tier = 0, .free = 300, .reserve = 100 };
	desk.nodes[2] = (struct node_view){ .id = 2, .tier = 1, .free = 50000 };
	desk.n_nodes = 3;
	watch(&desk, load, 1, 20);
	decide(&desk);
	assert_int_equal(planned(&desk, MOVE_PROMOTE_HOT, 0), 100);
	assert_int_equal(planned(&desk, MOVE_PROMOTE_HOT, 1), 200);
	desk.targets[0].allowed_nodes = 5;
	decide(&desk);
	assert_int_equal(planned(&desk, MOVE_PROMOTE_HOT, 1), 0);
	assert_int_equal(planned(&desk, MOVE_PROMOTE_HOT, 0), 100);
	close_desk(&desk);
}

/* Nothing goes to a node that is leaving, whatever it has free; what lies there may go. */
static void test_leaving_nodes(void **state)
{
	static const struct pages load[] = { { 1, 0, 300, 2, 0, 0, 8 },
					     { 1, 1000, 300, 0, 0, 0, 0 } };
	struct desk desk;

	(void)state;
	open_desk(&desk);
	desk.nodes[0] = (struct node_view){ .id = 0, .tier = 0, .free = 900, .leaving = 1 };
	desk.nodes[1] = (struct node_view){ .id = 1, .tier = 0, .free = 300, .reserve = 100 };
	desk.nodes[2] = (struct node_view){ .id = 2, .tier = 1, .free = 50000 };
	desk.n_nodes = 3;
	watch(&desk, load, 2, 20);
	decide(&desk);
	assert_in_range(planned(&desk, MOVE_PROMOTE_HOT, 1) + planned(&desk, MOVE_PROMOTE_SWAP, 1),
			200, 300);
	assert_int_equal(planned(&desk, MOVE_PROMOTE_HOT, 0), 0);
	assert_int_equal(planned(&desk, MOVE_PROMOTE_SWAP, 0), 0);
	/* The only fast one is leaving: there is no room at all. */
	desk.nodes[1].leaving = 1;
	decide(&desk);
	assert_int_equal(planned(&desk, MOVE_PROMOTE_HOT, 0), 0);
	assert_int_equal(planned(&desk, MOVE_PROMOTE_HOT, 1), 0);
	/* The slow one is: its pages go up, none comes down. */
	desk.nodes[0].leaving = desk.nodes[1].leaving = 0;
	desk.nodes[2].leaving = 1;
	desk.nodes[0].reserve = 5000;
	decide(&desk);
	assert_int_equal(planned(&desk, MOVE_DEMOTE_PRESSURE, 2), 0);
	assert_int_equal(planned(&desk, MOVE_DEMOTE_ROOM, 2), 0);
	desk.nodes[0].reserve = 0;
	decide(&desk);
	assert_int_equal(planned(&desk, MOVE_PROMOTE_HOT, 0) + planned(&desk, MOVE_PROMOTE_HOT, 1),
			 300);
	/* That it would have, were it to stay. */
	desk.nodes[0].reserve = 5000;
	desk.nodes[2].leaving = 0;
	decide(&desk);
	assert_true(planned(&desk, MOVE_DEMOTE_PRESSURE, 2) > 0);
	close_desk(&desk);
}

/* One tier, no nodes, no targets, targets nobody saw, nodes out of range: nothing to do. */
static void test_degenerate(void **state)
{
	static const struct pages load[] = { { 1, 0, 300, 1, 0, 0, 8 } };
	struct desk desk;

	(void)state;
	open_desk(&desk);
	decide(&desk);
	assert_int_equal(planned_all(&desk), 0);
	watch(&desk, load, 1, 5);
	desk.n_nodes = 0;
	decide(&desk);
	assert_int_equal(planned_all(&desk), 0);
	desk.n_nodes = 1;
	decide(&desk);
	assert_int_equal(planned_all(&desk), 0);
	desk.n_nodes = 2;
	desk.n_targets = 0;
	decide(&desk);
	assert_int_equal(planned_all(&desk), 0);
	desk.nodes[0].tier = 4000000000;
	desk.n_targets = 2;
	decide(&desk);
	assert_int_equal(planned_all(&desk), 0);
	close_desk(&desk);
}

static void test_table(void **state)
{
	(void)state;
	assert_ptr_equal(policy_find("heat"), &policy_heat);
	assert_null(policy_find("no such policy"));
	assert_null(policy_find(""));
	assert_ptr_equal(policy_at(0), &policy_heat);
	assert_null(policy_at(1000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fills_free_memory_with_what_is_used),
		cmocka_unit_test(test_reserve_and_budget),
		cmocka_unit_test(test_swaps_against_the_cold),
		cmocka_unit_test(test_no_swap_among_equals),
		cmocka_unit_test(test_pressure),
		cmocka_unit_test(test_what_may_not_move),
		cmocka_unit_test(test_cooldown),
		cmocka_unit_test(test_large_folios),
		cmocka_unit_test(test_chain_of_tiers),
		cmocka_unit_test(test_several_nodes_in_a_tier),
		cmocka_unit_test(test_leaving_nodes),
		cmocka_unit_test(test_degenerate),
		cmocka_unit_test(test_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
