// SPDX-License-Identifier: GPL-2.0-only
/*
 * Holds the heat policy to placement figures, on loads whose access rates are
 * known (bench/sim.h). Counts and ratios only; three seeds, each must pass.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../bench/sim.h"

#define PAGES 16384

static const uint64_t seeds[] = { 1, 2, 3 };

#define for_each_seed(i) for (i = 0; i < sizeof(seeds) / sizeof(*seeds); i++)

/* Windows until the placement is as good as @goal, @limit + 1 when it is not by then. */
static unsigned int windows_to(struct sim *sim, double goal, unsigned int limit)
{
	unsigned int i;

	for (i = 1; i <= limit; i++)
		if (sim_window(sim) >= goal)
			break;
	return i;
}

static void assert_stays(struct sim *sim, double goal, unsigned int windows)
{
	while (windows-- > 0)
		assert_true(sim_window(sim) >= goal);
}

static double mean(struct sim *sim, unsigned int windows)
{
	double sum = 0;
	unsigned int i;

	for (i = 0; i < windows; i++)
		sum += sim_window(sim);
	return sum / windows;
}

/* A tenth of the pages gets 90 % of the accesses; half of them fit. Then it jumps. */
static void test_hot_set(void **state)
{
	struct sim sim;
	size_t i;

	(void)state;
	for_each_seed(i)
	{
		assert_int_equal(sim_open(&sim, PAGES, PAGES / 2, seeds[i]), 0);
		sim_gups(&sim, 0.1, 0.9);
		assert_true(windows_to(&sim, 0.98, 12) <= 12);
		assert_stays(&sim, 0.98, 20);
		sim_jump(&sim, SIM_RATE_MEAN * 1.5, 1);
		assert_true(windows_to(&sim, 0.95, 12) <= 12);
		sim_close(&sim);
	}
}

/* The same with the fast tier full of pages that nobody uses any more. */
static void test_full_of_cold(void **state)
{
	struct sim sim;
	size_t i, page;

	(void)state;
	for_each_seed(i)
	{
		assert_int_equal(sim_open(&sim, PAGES, PAGES / 4, seeds[i]), 0);
		sim_gups(&sim, 0.1, 0.9);
		for (page = 0; page < sim.places; page++)
			sim.rate[page] = 0;
		sim_place(&sim, sim.places);
		assert_true(windows_to(&sim, 0.98, 12) <= 12);
		assert_stays(&sim, 0.98, 20);
		sim_close(&sim);
	}
}

/* Nothing to gain: after 5 windows fewer than 0.05 moves per page in 32, and in the long run 256. */
static void test_uniform(void **state)
{
	static const size_t parts[] = { 2, 4 };
	struct sim sim;
	size_t i, p;

	(void)state;
	for_each_seed(i)
	{
		for (p = 0; p < 2; p++) {
			uint64_t moves;

			assert_int_equal(sim_open(&sim, PAGES, PAGES / parts[p], seeds[i]), 0);
			sim_zipf(&sim, 0);
			mean(&sim, 5);
			moves = sim.moves;
			mean(&sim, 32);
			assert_true((double)(sim.moves - moves) < 0.05 * PAGES);
			moves = sim.moves;
			mean(&sim, 256);
			assert_true((double)(sim.moves - moves) < 0.05 * PAGES);
			sim_close(&sim);
		}
	}
}

/* Skewed loads come close to the best placement; few moves are taken back. */
static void test_zipf(void **state)
{
	static const struct {
		double skew, goal;
	} cases[] = { { 0.99, 0.993 }, { 0.7, 0.975 } };
	struct sim sim;
	size_t i, c;

	(void)state;
	for_each_seed(i)
	{
		for (c = 0; c < 2; c++) {
			assert_int_equal(sim_open(&sim, PAGES, PAGES / 4, seeds[i]), 0);
			sim_zipf(&sim, cases[c].skew);
			mean(&sim, 128);
			assert_true(mean(&sim, 64) >= cases[c].goal);
			assert_true((double)sim.pingpong < 0.12 * (double)sim.moves);
			sim_close(&sim);
		}
	}
}

/*
 * A window sees three pages in ten: pages of slices that were looked at twice
 * are moved while others were seen once, and leave room for these.
 */
static void test_slices(void **state)
{
	struct sim sim;
	size_t i;

	(void)state;
	for_each_seed(i)
	{
		assert_int_equal(sim_open(&sim, PAGES, PAGES / 4, seeds[i]), 0);
		sim_zipf(&sim, 0.99);
		sim.slice = PAGES * 3 / 10;
		mean(&sim, 3);
		/* From the second sweep on nothing stands still. */
		while (sim.window < 8) {
			uint64_t moves = sim.moves;

			sim_window(&sim);
			assert_true(sim.moves > moves);
		}
		assert_true(sim_window(&sim) >= 0.93);
		sim_close(&sim);
	}
}

/* A bound on the moves per window is kept to, and only takes longer. */
static void test_rate_limit(void **state)
{
	struct sim sim;
	unsigned int window;

	(void)state;
	assert_int_equal(sim_open(&sim, PAGES, PAGES / 4, 1), 0);
	sim_gups(&sim, 0.1, 0.9);
	sim.budget = PAGES / 64;
	for (window = 1; window <= 24; window++) {
		uint64_t moves = sim.moves;

		sim_window(&sim);
		assert_true(sim.moves - moves <= sim.budget);
	}
	assert_stays(&sim, 0.9, 20);
	sim_close(&sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hot_set), cmocka_unit_test(test_full_of_cold),
		cmocka_unit_test(test_uniform), cmocka_unit_test(test_zipf),
		cmocka_unit_test(test_slices),  cmocka_unit_test(test_rate_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
