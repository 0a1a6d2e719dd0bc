// SPDX-License-Identifier: GPL-2.0-only
/* Who has not run, for how long that is sure, and how much of it is to be told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "decide/nap.h"

#define S UINT64_C(1000000000)

static void test_first_sample_says_nothing(void **state)
{
	struct nap nap = { 0 };

	(void)state;
	assert_int_equal(nap_sample(&nap, 10 * S, 7), 0);
	assert_false(nap_asleep(&nap));
	assert_int_equal(nap_due_ns(&nap), 0);
}

/* A running thread's time may be late by the lag: nothing is sure before. */
static void test_sure_is_behind_by_the_lag(void **state)
{
	struct nap nap = { 0 };

	(void)state;
	nap_sample(&nap, 10 * S, 7);
	assert_int_equal(nap_sample(&nap, 10 * S + NAP_LAG_NS, 7), 1);
	assert_false(nap_asleep(&nap));
	assert_int_equal(nap_due_ns(&nap), 0);
	assert_int_equal(nap_sample(&nap, 10 * S + NAP_LAG_NS + 5, 7), 1);
	assert_true(nap_asleep(&nap));
	assert_int_equal(nap_due_ns(&nap), 5);
}

/* One nanosecond is enough. */
static void test_any_run_wakes(void **state)
{
	struct nap nap = { 0 };

	(void)state;
	nap_sample(&nap, 10 * S, 7);
	nap_sample(&nap, 20 * S, 7);
	assert_true(nap_asleep(&nap));
	assert_int_equal(nap_sample(&nap, 30 * S, 8), 0);
	assert_false(nap_asleep(&nap));
	assert_int_equal(nap_due_ns(&nap), 0);
	/* What it slept before is not told later: it may have run at any time since. */
	nap_sample(&nap, 40 * S, 8);
	assert_int_equal(nap_due_ns(&nap), 10 * S - NAP_LAG_NS);
}

static void test_forgotten(void **state)
{
	struct nap nap = { 0 };

	(void)state;
	nap_sample(&nap, 10 * S, 7);
	nap_sample(&nap, 20 * S, 7);
	nap_forget(&nap);
	assert_false(nap_asleep(&nap));
	assert_int_equal(nap_due_ns(&nap), 0);
	assert_int_equal(nap_sample(&nap, 30 * S, 7), 0);
}

/* All of it is told in the end, in pieces of an eighth of the whole. */
static void test_pieces_grow(void **state)
{
	struct nap nap = { 0 };
	uint64_t told = 0, second, pieces = 0;

	(void)state;
	nap_sample(&nap, S, 7);
	for (second = 2; second <= 10000; second++) {
		uint64_t due;

		assert_int_equal(nap_sample(&nap, second * S, 7), 1);
		due = nap_due_ns(&nap);
		if (!due)
			continue;
		told += due;
		pieces++;
		nap_told(&nap);
		assert_int_equal(nap_due_ns(&nap), 0);
	}
	assert_in_range(told, 8700 * S, 9999 * S - NAP_LAG_NS);
	assert_in_range(pieces, 8, 80);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first_sample_says_nothing),
		cmocka_unit_test(test_sure_is_behind_by_the_lag),
		cmocka_unit_test(test_any_run_wakes),
		cmocka_unit_test(test_forgotten),
		cmocka_unit_test(test_pieces_grow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
