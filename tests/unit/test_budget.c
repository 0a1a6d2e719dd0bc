// SPDX-License-Identifier: GPL-2.0-only
/* The CPU account: what is spent over time is what was allowed, however wrong the guesses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "decide/budget.h"

#define SEC UINT64_C(1000000000)

/* Spends what it is given, at a true cost per page; returns the CPU time used over @seconds. */
static uint64_t spend(struct budget *budget, uint64_t ns_per_page, uint64_t overhead_ns,
		      uint64_t most_pages, unsigned int windows)
{
	uint64_t used_ns = 0;
	unsigned int i;

	for (i = 0; i < windows; i++) {
		uint64_t pages = budget_pages(budget, SEC), pages_ns;

		if (pages > most_pages)
			pages = most_pages;
		pages_ns = pages * ns_per_page;
		used_ns += pages_ns + overhead_ns;
		budget_book(budget, SEC, pages_ns + overhead_ns, pages_ns, pages);
	}
	return used_ns;
}

static void test_keeps_its_share(void **state)
{
	static const uint64_t costs_ns[] = { 50, 400, 1500, 20000 };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(costs_ns) / sizeof(costs_ns[0]); i++) {
		struct budget budget;
		uint64_t used_ns, allowed_ns = 100 * SEC / 100;

		budget_init(&budget, 10000);
		used_ns = spend(&budget, costs_ns[i], 0, UINT64_MAX, 100);
		/* A first guess that is wrong is paid back. */
		assert_in_range(used_ns, allowed_ns * 95 / 100, allowed_ns * 105 / 100);
	}
}

static void test_overhead_counts(void **state)
{
	struct budget budget;
	uint64_t used_ns;

	(void)state;
	budget_init(&budget, 10000);
	used_ns = spend(&budget, 500, SEC / 200, UINT64_MAX, 100);
	assert_in_range(used_ns, SEC * 95 / 100, SEC * 105 / 100);
}

/* More overhead than allowed: nothing is scanned, and the debt is not forgotten. */
static void test_debt(void **state)
{
	struct budget budget;

	(void)state;
	budget_init(&budget, 10000);
	spend(&budget, 500, SEC / 10, UINT64_MAX, 10);
	assert_int_equal(budget_pages(&budget, SEC), 0);
	assert_true(budget.balance_ns < 0);
	spend(&budget, 500, 0, 0, 200);
	assert_true(budget_pages(&budget, SEC) > 0);
}

/* An idle hour is no licence for a burst. */
static void test_savings_are_bounded(void **state)
{
	struct budget budget;

	(void)state;
	budget_init(&budget, 10000);
	spend(&budget, 500, 0, 0, 3600);
	assert_true(budget.balance_ns <= (int64_t)(2 * SEC / 100));
}

/* Another share, the same pages: neither debt nor savings go along, what was learned does. */
static void test_change(void **state)
{
	struct budget budget;

	(void)state;
	budget_init(&budget, 10000);
	spend(&budget, 40, SEC / 10, UINT64_MAX, 10);
	budget.ps_per_page = 40000;
	budget.rest_ns = SEC / 1000;
	assert_true(budget.balance_ns < 0);
	budget_change(&budget, 20000);
	assert_int_equal(budget.balance_ns, 0);
	assert_int_equal(budget_pages(&budget, SEC), (SEC / 50 - SEC / 1000) * 1000 / 40000);
}

/* What everything else takes is left for it, in each window and not only on the average. */
static void test_overhead_is_foreseen(void **state)
{
	struct budget budget;
	unsigned int i;

	(void)state;
	budget_init(&budget, 10000);
	spend(&budget, 500, SEC / 200, UINT64_MAX, 20);
	for (i = 0; i < 20; i++)
		assert_in_range(spend(&budget, 500, SEC / 200, UINT64_MAX, 1), SEC / 100 * 95 / 100,
				SEC / 100 * 105 / 100);
}

/* 5 ms for all else are a quarter of 1 % of two seconds. */
static void test_least_window(void **state)
{
	struct budget budget;

	(void)state;
	budget_init(&budget, 10000);
	assert_int_equal(budget_least_ns(&budget), 0);
	spend(&budget, 500, SEC / 200, UINT64_MAX, 40);
	assert_in_range(budget_least_ns(&budget), SEC * 199 / 100, SEC * 2);
	budget_change(&budget, 20000);
	assert_in_range(budget_least_ns(&budget), SEC * 99 / 100, SEC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keeps_its_share),      cmocka_unit_test(test_overhead_counts),
		cmocka_unit_test(test_overhead_is_foreseen), cmocka_unit_test(test_debt),
		cmocka_unit_test(test_savings_are_bounded),  cmocka_unit_test(test_change),
		cmocka_unit_test(test_least_window),
	};

	return cmocka_run_group_tests_name("budget", tests, NULL, NULL);
}
