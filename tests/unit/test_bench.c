// SPDX-License-Identifier: GPL-2.0-only
/* What the benchmarks rest on: that the truth is true, and that shares are added up rightly. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

/* Not part of libtiered.a: only benchmarks and this test use them. */
#include "../../bench/lib/distribution.c"
#include "../../bench/lib/placement.c"

#define ITEMS 5000
#define DRAWS 5000000

static double weights_sum(const float *weights)
{
	double sum = 0;

	for (int i = 0; i < ITEMS; i++)
		sum += weights[i];
	return sum;
}

/* Pearson's statistic of as many draws as above, over its degrees of freedom: about 1. */
static double misfit(const float *weights, const struct sampler *sampler)
{
	static uint32_t counts[ITEMS];
	uint64_t random = random_seed(7);
	double sum = 0;
	int items = 0;

	memset(counts, 0, sizeof(counts));
	for (int i = 0; i < DRAWS; i++)
		counts[sampler_draw(sampler, &random)]++;
	for (int i = 0; i < ITEMS; i++) {
		double expected = (double)weights[i] * DRAWS;

		if (!(weights[i] > 0)) {
			assert_int_equal(counts[i], 0);
			continue;
		}
		sum += (counts[i] - expected) * (counts[i] - expected) / expected;
		items++;
	}
	return sum / (items - 1);
}

static void test_draws_follow_the_weights(void **state)
{
	static const struct distribution cases[] = {
		{ .shape = DISTRIBUTION_UNIFORM, .seed = 1 },
		{ .shape = DISTRIBUTION_HOTSET, .hot_share = .1, .hot_access = .9, .seed = 2 },
		{ .shape = DISTRIBUTION_HOTSET, .hot_share = .01, .hot_access = 1, .seed = 3 },
		{ .shape = DISTRIBUTION_ZIPF, .theta = .7, .seed = 4 },
		{ .shape = DISTRIBUTION_ZIPF, .theta = 1.2, .seed = 5, .jump = 3 },
	};
	static float weights[ITEMS];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sampler sampler;
		double fit;

		assert_int_equal(distribution_weights(&cases[i], ITEMS, weights), 0);
		assert_true(fabs(weights_sum(weights) - 1) < 1e-4);
		assert_int_equal(sampler_new(weights, ITEMS, &sampler), 0);
		fit = misfit(weights, &sampler);
		/* Six standard deviations of the hot set of 50 items are 1.2, of the others .12. */
		assert_true(fit > (sampler.n > 100 ? .88 : .1) &&
			    fit < (sampler.n > 100 ? 1.12 : 2.2));
		sampler_done(&sampler);
	}
}

/* A wrong truth has to be seen as such by the test above. */
static void test_misfit_is_seen(void **state)
{
	const struct distribution zipf = { .shape = DISTRIBUTION_ZIPF, .theta = 1, .seed = 1 };
	const struct distribution other = { .shape = DISTRIBUTION_ZIPF, .theta = 1.02, .seed = 1 };
	static float weights[ITEMS], wrong[ITEMS];
	struct sampler sampler;

	(void)state;
	assert_int_equal(distribution_weights(&zipf, ITEMS, weights), 0);
	assert_int_equal(distribution_weights(&other, ITEMS, wrong), 0);
	assert_int_equal(sampler_new(weights, ITEMS, &sampler), 0);
	assert_true(misfit(wrong, &sampler) > 1.5);
	sampler_done(&sampler);
}

static void test_in_order_is_in_a_row(void **state)
{
	struct distribution hot = {
		.shape = DISTRIBUTION_HOTSET, .hot_share = .1, .hot_access = .9, .in_order = 1
	};
	static float weights[ITEMS];
	int first;

	(void)state;
	for (hot.jump = 0; hot.jump < 2; hot.jump++) {
		first = (int)hot.jump * (ITEMS / 10);
		assert_int_equal(distribution_weights(&hot, ITEMS, weights), 0);
		for (int i = 0; i < ITEMS; i++)
			assert_int_equal(weights[i] > 1.F / ITEMS,
					 i >= first && i < first + ITEMS / 10);
	}
}

static void test_spread_is_in_each_block(void **state)
{
	enum { BLOCKS = 8, HOT = 5, N = BLOCKS * DISTRIBUTION_BLOCK };
	struct distribution hot = { .shape = DISTRIBUTION_HOTSET,
				    .hot_share = (double)HOT / DISTRIBUTION_BLOCK,
				    .hot_access = .9,
				    .seed = 4,
				    .spread = 1 };
	static float weights[N];
	static uint8_t was_hot[N];

	(void)state;
	for (hot.jump = 0; hot.jump < 2; hot.jump++) {
		assert_int_equal(distribution_weights(&hot, N, weights), 0);
		for (int block = 0; block < BLOCKS; block++) {
			int n = 0;

			for (int i = 0; i < DISTRIBUTION_BLOCK; i++) {
				int item = block * DISTRIBUTION_BLOCK + i;

				if (!(weights[item] > 1.F / N))
					continue;
				/* Another one than before. */
				assert_false(was_hot[item]);
				was_hot[item] = 1;
				n++;
			}
			assert_int_equal(n, HOT);
		}
	}
}

static void test_jump_leaves_the_hot_set(void **state)
{
	struct distribution hot = {
		.shape = DISTRIBUTION_HOTSET, .hot_share = .1, .hot_access = .9, .seed = 9
	};
	static float before[ITEMS], after[ITEMS];
	int hot_before = 0, both = 0;

	(void)state;
	assert_int_equal(distribution_weights(&hot, ITEMS, before), 0);
	hot.jump = 1;
	assert_int_equal(distribution_weights(&hot, ITEMS, after), 0);
	for (int i = 0; i < ITEMS; i++) {
		hot_before += before[i] > 1.F / ITEMS;
		both += before[i] > 1.F / ITEMS && after[i] > 1.F / ITEMS;
	}
	assert_int_equal(hot_before, ITEMS / 10);
	assert_int_equal(both, 0);
}

static void test_parse(void **state)
{
	static const char *const bad[] = { "",         "zipf",    "zipf:",   "zipf:x", "zipf:-1",
					   "zipf:nan", "zipf:1 ", "zipf:11", "GUPS",   "gups " };
	struct distribution distribution = { .seed = 3 };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(distribution_parse(bad[i], &distribution), -EINVAL);
	assert_int_equal(distribution_parse("zipf:.99", &distribution), 0);
	assert_int_equal(distribution.shape, DISTRIBUTION_ZIPF);
	assert_true(fabs(distribution.theta - .99) < 1e-9);
	assert_int_equal(distribution.seed, 3);
}

static void test_no_weight_no_sampler(void **state)
{
	const float none[4] = { 0, 0, 0, 0 };
	struct sampler sampler;

	(void)state;
	assert_int_equal(sampler_new(none, 4, &sampler), -EINVAL);
}

static void test_share(void **state)
{
	const float weights[] = { .4F, .3F, .2F, .1F, 0 };
	const int nodes[] = { 0, 1, -ENOENT, 2, 99 };
	struct placement_share share;

	(void)state;
	placement_share(weights, nodes, 5, 1 | 1 << 2, &share);
	assert_int_equal(share.fast, 2);
	assert_int_equal(share.slow, 1);
	assert_int_equal(share.absent, 2);
	assert_true(fabs(share.hit - .5) < 1e-6);
}

static void test_oracle(void **state)
{
	const float weights[] = { .1F, .4F, .2F, .3F };
	static const double best[] = { 0, .4, .7, .9, 1, 1 };
	double oracle = -1;

	(void)state;
	for (size_t i = 0; i < sizeof(best) / sizeof(best[0]); i++) {
		assert_int_equal(placement_oracle(weights, 4, i, &oracle), 0);
		assert_true(fabs(oracle - best[i]) < 1e-6);
	}
	assert_true(fabs(placement_recovered(.5, .2, .8) - .5) < 1e-9);
	assert_true(placement_recovered(.5, .8, .8) == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_draws_follow_the_weights),
		cmocka_unit_test(test_misfit_is_seen),
		cmocka_unit_test(test_in_order_is_in_a_row),
		cmocka_unit_test(test_spread_is_in_each_block),
		cmocka_unit_test(test_jump_leaves_the_hot_set),
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_no_weight_no_sampler),
		cmocka_unit_test(test_share),
		cmocka_unit_test(test_oracle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
