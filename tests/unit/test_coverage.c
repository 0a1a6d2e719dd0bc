// SPDX-License-Identifier: GPL-2.0-only
/* How much was seen in a window, and how old the rest is. */
#include "heat_fixture.h"
#include "report/ledger.h"
#include "worker/coverage.h"

static struct coverage coverage;

/* A window of one second each, with what heat says after it. */
static struct ledger_account book(const struct heat *heat, uint64_t window)
{
	struct ledger_account account = { 0 };
	struct heat_stats stats = stats_of(heat);

	coverage_book(&coverage, window, window * S, &stats, &account);
	return account;
}

static void begin(struct heat *heat, uint64_t window)
{
	heat_window(heat, window);
	coverage_note(&coverage, window, window * S);
}

static void test_slices(void **state)
{
	struct ledger_account account;
	struct heat *heat;
	uint64_t window;

	(void)state;
	heat = make(UINT64_MAX);
	account = book(heat, 1);
	assert_int_equal(account.coverage_ppm + account.oldest_ns + account.tracked, 0);
	/* Four regions, one per window, in turn. */
	for (window = 1; window <= 8; window++) {
		begin(heat, window);
		observe_range(heat, BASE + window % 4 * REGION, 512, 100);
	}
	account = book(heat, 8);
	assert_int_equal(account.tracked, 2048);
	assert_int_equal(account.coverage_ppm, 250000);
	assert_int_equal(account.oldest_ns, 3 * S);
	/* One of them is not looked at any more, for longer than anybody remembers. */
	for (; window <= 2 * COVERAGE_WINDOWS; window++) {
		begin(heat, window);
		/* Nothing fades as long as there was no other end-to-end look. */
		observe_range(heat, BASE + REGION + window * PAGE % REGION, 1, 100);
	}
	account = book(heat, window - 1);
	assert_int_equal(account.oldest_ns, (COVERAGE_WINDOWS - 1) * S);
	heat_free(heat);
}

static void test_unknown_is_not_covered(void **state)
{
	struct ledger_account account;
	struct heat *heat;

	(void)state;
	heat = make(UINT64_MAX);
	begin(heat, 1);
	observe_range(heat, BASE, 512, 100);
	begin(heat, 2);
	observe_range(heat, BASE, 256, 100);
	observe(heat, see(BASE, SEEN_UNKNOWN));
	account = book(heat, 2);
	assert_int_equal(account.coverage_ppm, 500000);
	heat_free(heat);
}

/* Who sleeps is covered, and does not grow old. */
static void test_sleepers(void **state)
{
	struct ledger_account account;
	struct heat *heat;
	uint64_t window;

	(void)state;
	heat = make(UINT64_MAX);
	begin(heat, 1);
	observe_range(heat, BASE, 512, 100);
	for (window = 2; window <= 10; window++) {
		begin(heat, window);
		heat_idle(heat, TARGET, 1, S);
		heat_sleep(heat, TARGET, 1);
	}
	account = book(heat, 10);
	assert_int_equal(account.coverage_ppm, 1000000);
	assert_int_equal(account.oldest_ns, 0);
	begin(heat, 11);
	heat_sleep(heat, TARGET, 0);
	account = book(heat, 11);
	assert_int_equal(account.coverage_ppm, 0);
	assert_int_equal(account.oldest_ns, 10 * S);
	heat_free(heat);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_slices),
		cmocka_unit_test(test_unknown_is_not_covered),
		cmocka_unit_test(test_sleepers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
