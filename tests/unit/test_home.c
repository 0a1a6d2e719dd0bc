// SPDX-License-Identifier: GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "decide/home.h"

/* Two nodes with CPUs, 0 and 1, and a slow one, 2, that is nearer to 0. */
static const uint32_t distance[2][TIERED_NODES_MAX] = {
	{ 10, 21, 24 },
	{ 21, 10, 26 },
};

struct heat_of {
	uint64_t node[TIERED_NODES_MAX];
};

static int next(struct home *home, uint64_t on_0, uint64_t on_1, uint64_t on_2)
{
	const struct heat_of heat = { { on_0, on_1, on_2 } };

	return home_next(home, heat.node, distance, 2);
}

static struct home home_at(uint32_t slot)
{
	struct home home = HOME_NONE;

	home.slot = slot;
	return home;
}

static void test_first_home(void **state)
{
	struct home home = HOME_NONE;

	(void)state;
	assert_int_equal(next(&home, 100, 900, 0), 0);
	assert_int_equal(home.slot, SCHED_NO_SLOT);
	assert_int_equal(next(&home, 100, 900, 0), 1);
	assert_int_equal(home.slot, 1);
	assert_int_equal(next(&home, 100, 900, 0), 0);
	assert_int_equal(home.slot, 1);
}

static void test_no_home_without_a_difference(void **state)
{
	struct home home = HOME_NONE;
	int i;

	(void)state;
	for (i = 0; i < 10; i++) {
		assert_int_equal(next(&home, 500, 500, 0), 0);
		/* All hot pages on the slow node: it is nearly as far from both. */
		assert_int_equal(next(&home, 0, 0, 1000), 0);
		assert_int_equal(next(&home, 0, 0, 0), 0);
	}
	assert_int_equal(home.slot, SCHED_NO_SLOT);
}

static void test_follows_within_three_windows(void **state)
{
	struct home home = home_at(1);
	int windows = 1;

	(void)state;
	while (!next(&home, 900, 100, 0))
		windows++;
	assert_int_equal(home.slot, 0);
	assert_int_equal(windows, HOME_WINDOWS);
	assert_true(windows <= 3);
}

/* Heat that is split nearly evenly, and wanders: nobody moves. */
static void test_does_not_bounce(void **state)
{
	struct home home = home_at(1);
	int i;

	(void)state;
	for (i = 0; i < 100; i++)
		assert_int_equal(next(&home, 400 + (i * 37) % 200, 600 - (i * 37) % 200, 0), 0);
	/* One window in which all is elsewhere is none. */
	for (i = 0; i < 100; i++)
		assert_int_equal(next(&home, i % 2 ? 1000 : 0, i % 2 ? 0 : 1000, 0), 0);
	assert_int_equal(home.slot, 1);
}

/* The better one has to be the same in both windows. */
static void test_another_one_each_time(void **state)
{
	static const uint32_t three[3][TIERED_NODES_MAX] = {
		{ 10, 20, 20 },
		{ 20, 10, 20 },
		{ 20, 20, 10 },
	};
	const struct heat_of at_1 = { { 0, 1000, 0 } }, at_2 = { { 0, 0, 1000 } };
	struct home home = home_at(0);
	int i;

	(void)state;
	for (i = 0; i < 10; i++) {
		assert_int_equal(home_next(&home, at_1.node, three, 3), 0);
		assert_int_equal(home_next(&home, at_2.node, three, 3), 0);
	}
	assert_int_equal(home.slot, 0);
	assert_int_equal(home_next(&home, at_2.node, three, 3), 1);
	assert_int_equal(home.slot, 2);
}

static void test_by_heat_not_by_pages(void **state)
{
	struct home home = home_at(0);

	(void)state;
	/* A million pages that nobody touches have no heat. */
	next(&home, 0, 7, 0);
	assert_int_equal(next(&home, 0, 7, 0), 1);
	assert_int_equal(home.slot, 1);
}

static void test_extremes(void **state)
{
	struct home home = HOME_NONE;

	(void)state;
	next(&home, UINT64_MAX, 0, UINT64_MAX);
	assert_int_equal(next(&home, UINT64_MAX, 0, 0), 1);
	assert_int_equal(home.slot, 0);
	/* A home on a node that has no CPUs any more; and no CPUs at all. */
	home = home_at(7);
	next(&home, 0, 1000, 0);
	assert_int_equal(next(&home, 0, 1000, 0), 1);
	assert_int_equal(home.slot, 1);
	assert_int_equal(home_next(&home, (uint64_t[TIERED_NODES_MAX]){ 1 }, distance, 0), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first_home),
		cmocka_unit_test(test_no_home_without_a_difference),
		cmocka_unit_test(test_follows_within_three_windows),
		cmocka_unit_test(test_does_not_bounce),
		cmocka_unit_test(test_another_one_each_time),
		cmocka_unit_test(test_by_heat_not_by_pages),
		cmocka_unit_test(test_extremes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
