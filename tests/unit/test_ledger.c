// SPDX-License-Identifier: GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "decide/plan.h"
#include "report/ledger.h"

static struct move move_of(uint8_t reason, uint8_t result, uint8_t order)
{
	return (struct move){ .reason = reason, .result = result, .order = order };
}

/* Every class once for every reason: the classes add up, and moved ones to their directions. */
static void test_balances(void **state)
{
	struct ledger_account account = { 0 };
	struct move moves[MOVE_RESULTS * MOVE_REASONS];
	size_t n = 0;
	uint8_t result, reason;

	(void)state;
	for (result = 0; result < MOVE_RESULTS; result++)
		for (reason = 0; reason < MOVE_REASONS; reason++)
			moves[n++] = move_of(reason, result, reason % 2 ? 9 : 0);
	ledger_moves(&account, moves, n);
	assert_true(ledger_balanced(&account));
	/* pending ones were never asked for */
	assert_int_equal(account.requested.folios, (MOVE_RESULTS - 1) * MOVE_REASONS);
	assert_int_equal(account.requested.pages, (MOVE_RESULTS - 1) * (3 + 2 * 512));
	assert_int_equal(account.results[MOVE_PENDING].folios, 0);
	assert_int_equal(account.results[MOVE_PINNED].folios, MOVE_REASONS);
	assert_int_equal(account.promoted.pages, 1 + 512);
	assert_int_equal(account.promoted.folios, 2);
	assert_int_equal(account.reasons[MOVE_DEMOTE_PRESSURE].pages, 512);
	/* a class that lost a page is found out */
	account.results[MOVE_BUSY].pages--;
	assert_false(ledger_balanced(&account));
	account.results[MOVE_BUSY].pages++;
	account.promoted.pages++;
	assert_false(ledger_balanced(&account));
}

static void test_hostile(void **state)
{
	struct ledger_account account = { 0 };
	struct move moves[] = {
		{ .reason = 200, .result = MOVE_MOVED },
		{ .reason = MOVE_PROMOTE_HOT, .result = 200 },
		{ .reason = MOVE_PROMOTE_HOT, .result = MOVE_PENDING },
	};

	(void)state;
	ledger_moves(&account, moves, 3);
	assert_int_equal(account.requested.folios, 0);
	assert_true(ledger_balanced(&account));
	ledger_moves(&account, NULL, 0);
	assert_string_equal(ledger_result_name(MOVE_RESULTS), "?");
	assert_string_equal(ledger_reason_name(99), "?");
}

static void test_names(void **state)
{
	unsigned int i, j;

	(void)state;
	for (i = 0; i < MOVE_RESULTS; i++)
		for (j = 0; j < i; j++)
			assert_string_not_equal(ledger_result_name(i), ledger_result_name(j));
	for (i = 0; i < MOVE_REASONS; i++)
		for (j = 0; j < i; j++)
			assert_string_not_equal(ledger_reason_name(i), ledger_reason_name(j));
}

/* Windows add up to the run: every number twice, but those from the share on, which are the last one's. */
static void test_adds_up(void **state)
{
	struct ledger_account window, total = { 0 };
	uint64_t *number = (uint64_t *)&window;
	const uint64_t *sum = (const uint64_t *)&total;
	size_t i, n = offsetof(struct ledger_account, share_ppm) / sizeof(uint64_t);

	(void)state;
	for (i = 0; i < n; i++)
		number[i] = i + 1;
	window.share_ppm = 777;
	window.coverage_ppm = 778;
	window.tracked = 779;
	window.oldest_ns = 780;
	ledger_add(&total, &window);
	ledger_add(&total, &window);
	for (i = 0; i < n; i++)
		assert_int_equal(sum[i], 2 * (i + 1));
	assert_int_equal(total.share_ppm, 777);
	assert_int_equal(total.coverage_ppm, 778);
	assert_int_equal(total.tracked, 779);
	assert_int_equal(total.oldest_ns, 780);
}

static void test_line(void **state)
{
	struct ledger_account account = {
		.windows = 1,
		.elapsed_ns = UINT64_C(4900000000),
		.observed = 131072,
		.accessed = 13107,
		.share_ppm = 912345,
		.scan_cpu_ns = 49000000,
		.migrate_cpu_ns = 98000000,
		.marked_targets = 3,
		.stale_targets = 1,
	};
	struct ledger_account empty = { 0 };
	struct move moves[] = { move_of(MOVE_PROMOTE_HOT, MOVE_MOVED, 9),
				move_of(MOVE_DEMOTE_ROOM, MOVE_MOVED, 0),
				move_of(MOVE_DEMOTE_ROOM, MOVE_BUSY, 0) };
	char line[400], small[16];

	(void)state;
	ledger_moves(&account, moves, 3);
	ledger_describe(&account, 12, line, sizeof(line));
	assert_non_null(strstr(line, "window 12: 4.9 s, 131072 pages seen (10% accessed)"));
	assert_non_null(strstr(line, "hit share 0.91"));
	assert_non_null(strstr(line, "promoted 512, demoted 1, not moved 1"));
	assert_non_null(strstr(line, "stale 1 of 3"));
	assert_non_null(strstr(line, "scan 1.0%"));
	assert_non_null(strstr(line, "migrate 2.0%"));
	assert_non_null(strstr(ledger_describe(&empty, 1, line, sizeof(line)), "(0% accessed)"));
	assert_int_equal(strlen(ledger_describe(&account, 12, small, sizeof(small))), 15);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_balances), cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_names),    cmocka_unit_test(test_adds_up),
		cmocka_unit_test(test_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
