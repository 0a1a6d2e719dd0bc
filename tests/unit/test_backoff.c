// SPDX-License-Identifier: GPL-2.0-only
/* How long a target is set aside, and what for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "decide/backoff.h"
#include "util/clock.h"

static void test_grows(void **state)
{
	static const uint64_t seconds[] = { 2, 4, 8, 16, 32, 64, 128, 256, 256, 256 };
	struct backoff backoff = { 0 };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(seconds) / sizeof(seconds[0]); i++) {
		uint64_t now_ns = i * 1000 * NSEC_PER_SEC;

		backoff_begin(&backoff, BACKOFF_BLOCKED, now_ns);
		assert_int_equal(backoff.times, i + 1);
		assert_false(backoff_due(&backoff, now_ns + seconds[i] * NSEC_PER_SEC - 1));
		assert_true(backoff_due(&backoff, now_ns + seconds[i] * NSEC_PER_SEC));
		backoff_end(&backoff);
		assert_false(backoff_due(&backoff, UINT64_MAX));
	}
}

static void test_forgives(void **state)
{
	struct backoff backoff = { 0 };
	int i;

	(void)state;
	for (i = 0; i < 7; i++)
		backoff_begin(&backoff, BACKOFF_FAILING, 0);
	for (i = 0; i < 3; i++)
		backoff_well(&backoff);
	backoff_begin(&backoff, BACKOFF_FAILING, 0);
	assert_int_equal(backoff.until_ns, 2 * NSEC_PER_SEC);
	assert_int_equal(backoff.times, 8);
}

static void test_failing(void **state)
{
	static const struct {
		uint64_t requested, failed;
		int failing;
	} cases[] = {
		{ 0, 0, 0 },   { 63, 63, 0 },        { 64, 32, 0 },  { 64, 33, 1 },
		{ 64, 64, 1 }, { 100000, 50000, 0 }, { 100, 51, 1 }, { 100000, 50001, 1 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(backoff_failing(cases[i].requested, cases[i].failed),
				 cases[i].failing);
}

static void test_names(void **state)
{
	(void)state;
	assert_string_equal(backoff_name(BACKOFF_BLOCKED), "blocked");
	assert_string_equal(backoff_name(BACKOFF_FAILING), "failing");
	assert_string_equal(backoff_name(BACKOFF_WHYS), "?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_grows),
		cmocka_unit_test(test_forgives),
		cmocka_unit_test(test_failing),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests_name("backoff", tests, NULL, NULL);
}
