// SPDX-License-Identifier: GPL-2.0-only
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "decide/filter.h"
#include "decide/interval.h"

#define MS UINT64_C(1000000)
#define S (1000 * MS)

struct luck {
	uint64_t state;
};

static double draw(struct luck *luck)
{
	luck->state = luck->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (double)(luck->state >> 11) / 9007199254740992.0;
}

/* Feeds @windows windows of a page with this rate. */
static struct filter feed(struct filter filter, struct luck *luck, double rate,
			  uint64_t interval_ns, int windows)
{
	int log_interval = filter_log_interval(interval_ns);
	double seen = 1 - exp(-rate * (double)interval_ns / 1e9);

	while (windows-- > 0)
		filter = filter_update(filter, log_interval, draw(luck) < seen);
	return filter;
}

static void test_log_interval(void **state)
{
	static const struct {
		uint64_t ns;
		double seconds;
	} cases[] = { { S, 1 },    { 2 * S, 2 },       { 50 * MS, 0.05 },   { 120 * S, 120 },
		      { 1, 1e-9 }, { 3 * S / 2, 1.5 }, { 777 * MS, 0.777 }, { 3600 * S, 3600 } };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_in_range(filter_log_interval(cases[i].ns) + 10000,
				(int)floor(log2(cases[i].seconds) * 256) + 10000 - 2,
				(int)ceil(log2(cases[i].seconds) * 256) + 10000 + 2);
	assert_int_equal(filter_log_interval(0), filter_log_interval(1));
	assert_true(filter_log_interval(UINT64_MAX) > filter_log_interval(UINT64_MAX / 4));
}

/* Over intervals from 50 ms to 120 s, rates that can be told are told within an octave. */
static void test_finds_rate(void **state)
{
	static const uint64_t intervals[] = { 50 * MS, 333 * MS, S, 7 * S, 120 * S };
	static const double touches[] = { 0.2, 0.5, 1, 1.6, 2.5 };
	struct luck luck = { 1 };
	size_t i, j;

	(void)state;
	for (i = 0; i < 5; i++) {
		for (j = 0; j < 5; j++) {
			int log_interval = filter_log_interval(intervals[i]);
			double rate = touches[j] / ((double)intervals[i] / 1e9);
			double sum = 0;
			int page;

			for (page = 0; page < 200; page++)
				sum += feed(filter_start(log_interval), &luck, rate, intervals[i],
					    48)
					       .rate;
			assert_true(fabs(sum / 200 - log2(rate) * 256) < 128);
		}
	}
}

static void test_confidence_grows(void **state)
{
	struct luck luck = { 2 };
	struct filter filter = filter_start(0);
	int n;

	(void)state;
	assert_int_equal(filter.n, 0);
	for (n = 1; n <= 6; n++) {
		filter = feed(filter, &luck, 1, S, 1);
		assert_int_equal(filter.n, n);
	}
	/* 1.79 octaves after one observation at the best rate, and as the root from there */
	assert_in_range(filter_sigma(174, 0, 0), 450, 466);
	assert_in_range(filter_sigma(174, 3, 0), 225, 233);
	assert_true(filter_sigma(174, FILTER_N_MAX, 0) == filter_sigma(174, 200, 0));
	assert_true(filter_sigma(-800, 9, 0) > filter_sigma(174, 9, 0));
	assert_true(filter_sigma(500, 9, 0) > filter_sigma(174, 9, 0));
}

/* A hot page that falls silent, and a cold one that wakes up, are found out in a few windows. */
static void test_change(void **state)
{
	struct luck luck = { 3 };
	struct filter hot = feed(filter_start(0), &luck, 3, S, 200);
	struct filter cold = feed(filter_start(0), &luck, 0.01, S, 200);
	int hot_before = hot.rate, cold_before = cold.rate;

	(void)state;
	hot = feed(hot, &luck, 0, S, 8);
	cold = feed(cold, &luck, 50, S, 8);
	assert_true(hot.rate < hot_before - 3 * FILTER_OCTAVE);
	assert_true(cold.rate > cold_before + 4 * FILTER_OCTAVE);
}

/* Steady pages are seldom taken for changed ones. */
static void test_false_alarms(void **state)
{
	static const double touches[] = { 0.1, 0.4, 1.6, 3 };
	struct luck luck = { 4 };
	int resets = 0, page, window;
	size_t i;

	(void)state;
	for (i = 0; i < 4; i++) {
		for (page = 0; page < 200; page++) {
			struct filter filter = feed(filter_start(0), &luck, touches[i], S, 64);

			for (window = 0; window < 250; window++) {
				unsigned int n = filter.n;

				filter = feed(filter, &luck, touches[i], S, 1);
				resets += filter.n < n;
			}
		}
	}
	/* of 200,000 page windows */
	assert_true(resets < 400);
}

/* Whatever comes, the estimate stays in its bounds, and silence comes to one rest. */
static void test_bounds(void **state)
{
	static const uint64_t intervals[] = { 0, 1, 50 * MS, S, 120 * S, UINT64_MAX };
	size_t i;
	int bits, window;

	(void)state;
	for (i = 0; i < 6; i++) {
		int log_interval = filter_log_interval(intervals[i]);

		for (bits = 0; bits < 4; bits++) {
			struct filter filter = filter_start(log_interval);

			for (window = 0; window < 300; window++) {
				filter = filter_update(filter, log_interval,
						       bits == 2 ? window & 1 : bits & 1);
				assert_true(filter.rate >= FILTER_RATE_MIN);
				assert_true(filter.rate <= FILTER_RATE_MAX);
				assert_true(filter.n <= FILTER_N_MAX);
				assert_true(filter.sum >= -FILTER_SUM_MAX - 1);
				assert_true(filter.sum <= FILTER_SUM_MAX);
			}
			if (bits == 0)
				assert_int_equal(filter.rate,
						 filter_update(filter, log_interval, 0).rate);
		}
	}
}

static void test_interval(void **state)
{
	static const struct {
		uint64_t now, accessed, fast, tracked, next;
	} cases[] = {
		{ S, 1500, 1000, 100000, S },             /* as wanted */
		{ S, 3000, 1000, 100000, S / 2 },         /* too many */
		{ S, 1000000, 1000, 100000, S / 2 },      /* never less than half */
		{ S, 2000, 1000, 100000, 3 * S / 4 },     /* in between */
		{ S, 0, 1000, 100000, 2 * S },            /* nothing: twice as long */
		{ S, 1, 1000, 100000, 2 * S },            /* never more than twice */
		{ S, 375, 1000000, 1000, S },             /* no more than 3/8 of all pages */
		{ 60 * MS, 1000000, 1, 100000, 50 * MS }, /* lower bound */
		{ 100 * S, 1, 1000, 100000, 120 * S },    /* upper bound */
		{ 0, 1500, 1000, 100000, 50 * MS },       /* 0 is below the lower bound */
		{ UINT64_MAX, 1, UINT64_MAX, UINT64_MAX, 120 * S },
		{ S, UINT64_MAX, UINT64_MAX, UINT64_MAX, S / 2 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_int_equal(interval_next(cases[i].now, cases[i].accessed, cases[i].fast,
					       cases[i].tracked, INTERVAL_MIN_NS, INTERVAL_MAX_NS),
				 cases[i].next);
}

/* Windows that cost more than they may, whatever they do, get longer until they do not. */
static void test_interval_longer(void **state)
{
	static const struct {
		uint64_t now, next;
	} cases[] = { { S, 2 * S },
		      { 80 * S, 120 * S },
		      { 120 * S, 120 * S },
		      { 0, 50 * MS },
		      { UINT64_MAX, 120 * S } };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_int_equal(interval_longer(cases[i].now, INTERVAL_MIN_NS, INTERVAL_MAX_NS),
				 cases[i].next);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_log_interval),     cmocka_unit_test(test_finds_rate),
		cmocka_unit_test(test_confidence_grows), cmocka_unit_test(test_change),
		cmocka_unit_test(test_false_alarms),     cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_interval),         cmocka_unit_test(test_interval_longer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
