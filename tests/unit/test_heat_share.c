// SPDX-License-Identifier: GPL-2.0-only
/* From rates to accesses and back, and the shares made of them. */
#include "heat_fixture.h"

#include <errno.h>
#include <math.h>

/* Within half a percent of 2^rate, at every rate, and back within a hundredth of an octave. */
static void test_weights(void **state)
{
	int rate;

	(void)state;
	assert_int_equal(heat_weight(FILTER_RATE_MIN), 1024);
	for (rate = FILTER_RATE_MIN; rate <= FILTER_RATE_MAX; rate++) {
		double exact = 1024 * exp2((rate - FILTER_RATE_MIN) / 256.0);
		double ratio = (double)heat_weight(rate) / exact;

		assert_true(ratio > 0.995 && ratio < 1.005);
		assert_true(abs(heat_weight_rate(heat_weight(rate)) - rate) <= 3);
		assert_true(heat_weight(rate) < UINT64_C(1) << 43);
	}
	assert_int_equal(heat_weight_rate(0), FILTER_RATE_MIN);
	assert_int_equal(heat_weight_rate(UINT64_MAX), FILTER_RATE_MAX);
}

/* Of a page that is accessed twice as often as another: the mean is that of accesses. */
static void test_mean_is_of_accesses(void **state)
{
	uint64_t mean = (heat_weight(0) + heat_weight(256 * 10)) / 2;

	(void)state;
	assert_in_range(heat_weight_rate(mean), 256 * 9, 256 * 9 + 2);
}

static struct heat *two_targets(void)
{
	struct heat *heat = make(1 << 20);
	uint64_t window;
	uint32_t i;

	for (window = 1; window <= 30; window++) {
		heat_window(heat, window);
		for (i = 0; i < 8; i++) {
			struct observation one = see(BASE + i * PAGE, SEEN_ACCESSED);

			one.node = i < 2 ? 0 : 1;
			observe(heat, one);
			one.target = TARGET + 1;
			one.node = 1;
			observe(heat, one);
		}
	}
	return heat;
}

static void test_share_of_one_target(void **state)
{
	struct heat *heat = two_targets();

	(void)state;
	assert_in_range(heat_target_share_ppm(heat, TARGET, 1), 249000, 251000);
	assert_int_equal(heat_target_share_ppm(heat, TARGET + 1, 1), 0);
	assert_int_equal(heat_target_share_ppm(heat, TARGET + 1, 2), 1000000);
	assert_int_equal(heat_target_share_ppm(heat, 999, 1), 0);
	assert_in_range(heat_share_ppm(heat, 1), 124000, 126000);
	heat_free(heat);
}

/* As shares are: two of eight pages on node 0, all alike. */
static void test_nodes_of_one_target(void **state)
{
	struct heat *heat = two_targets();
	uint64_t nodes[TIERED_NODES_MAX];

	(void)state;
	assert_int_equal(heat_target_nodes(heat, TARGET, nodes), 0);
	assert_true(nodes[0] > 0);
	assert_in_range(nodes[1], nodes[0] * 3 - 8, nodes[0] * 3 + 8);
	assert_int_equal(nodes[2], 0);
	assert_int_equal(heat_target_nodes(heat, TARGET + 1, nodes), 0);
	assert_int_equal(nodes[0], 0);
	assert_int_equal(heat_target_nodes(heat, 999, nodes), -ENOENT);
	heat_free(heat);
}

/* What is said to come of moves is what comes of them. */
static void test_share_after_moves(void **state)
{
	struct heat *heat = two_targets();
	struct heat_item item;
	struct move moves[4];
	uint32_t then, i;
	uint64_t seen;

	(void)state;
	for (i = 0; i < 4; i++) {
		moves[i] = move_of(BASE + (i < 3 ? i + 3 : 0) * PAGE, MOVE_MOVED);
		moves[i].from = i < 3 ? 1 : 0;
		moves[i].to = i < 3 ? 0 : 1;
		assert_int_equal(heat_find(heat, TARGET, moves[i].address, &item, &seen), 0);
		moves[i].rate = item.rate;
	}
	assert_int_equal(heat_moved_share_ppm(heat, 1, moves, 0), heat_share_ppm(heat, 1));
	then = heat_moved_share_ppm(heat, 1, moves, 4);
	assert_in_range(then, 249000, 251000);
	heat_settle(heat, moves, 4);
	assert_in_range(heat_share_ppm(heat, 1), then - 100, then + 100);
	heat_free(heat);
}

static void test_find(void **state)
{
	struct heat *heat = make(1 << 20);
	struct observation large = see(BASE + 16 * PAGE, SEEN_ACCESSED);
	struct heat_item item;
	uint64_t seen;

	(void)state;
	large.order = 4;
	heat_window(heat, 7);
	observe(heat, large);
	observe(heat, see(BASE + REGION + PAGE, SEEN_IDLE));
	heat_window(heat, 8);
	observe(heat, see(BASE + REGION + PAGE, SEEN_IDLE));
	assert_int_equal(heat_find(heat, TARGET, BASE + 20 * PAGE + 5, &item, &seen), 0);
	assert_int_equal(item.address, BASE + 16 * PAGE);
	assert_int_equal(item.order, 4);
	assert_int_equal(item.count, 1);
	assert_int_equal(seen, 7);
	assert_int_equal(heat_find(heat, TARGET, BASE + REGION + PAGE, &item, &seen), 0);
	assert_int_equal(seen, 8);
	assert_int_equal(heat_find(heat, TARGET, BASE + 15 * PAGE, &item, &seen), -ENOENT);
	assert_int_equal(heat_find(heat, TARGET, BASE + 32 * PAGE, &item, &seen), -ENOENT);
	assert_int_equal(heat_find(heat, TARGET, BASE + 9 * REGION, &item, &seen), -ENOENT);
	assert_int_equal(heat_find(heat, 999, BASE + 16 * PAGE, &item, &seen), -ENOENT);
	heat_free(heat);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_weights),
		cmocka_unit_test(test_mean_is_of_accesses),
		cmocka_unit_test(test_share_of_one_target),
		cmocka_unit_test(test_nodes_of_one_target),
		cmocka_unit_test(test_share_after_moves),
		cmocka_unit_test(test_find),
	};

	return cmocka_run_group_tests_name("heat_share", tests, NULL, NULL);
}
