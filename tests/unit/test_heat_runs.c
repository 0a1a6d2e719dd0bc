// SPDX-License-Identifier: GPL-2.0-only
/* Folios told as a run are believed as if they had been told one by one. */
#include "heat_fixture.h"

#include <errno.h>

#define SPAN (8 * 512u) /* pages that the random runs lie in */

struct lot {
	struct heat *runs;
	struct heat *singles;
	uint32_t luck;
};

static uint32_t draw(struct lot *lot, uint32_t below)
{
	lot->luck = lot->luck * 1664525 + 1013904223;
	return (lot->luck >> 8) % below;
}

/* The same to both: here as it is, there folio by folio in one call. */
static void tell(struct lot *lot, struct observation run)
{
	struct observation singles[SPAN];
	uint32_t i;

	for (i = 0; i <= run.more; i++) {
		singles[i] = run;
		singles[i].more = 0;
		singles[i].address += (uint64_t)i * (PAGE << run.order);
	}
	assert_int_equal(heat_observe(lot->runs, &run, 1), 0);
	assert_int_equal(heat_observe(lot->singles, singles, run.more + 1), 0);
}

static void assert_same(struct lot *lot)
{
	struct heat_stats runs = stats_of(lot->runs), singles = stats_of(lot->singles);
	struct tally *a = tally_of(lot->runs), *b = tally_of(lot->singles);

	assert_memory_equal(&runs, &singles, sizeof(runs));
	assert_int_equal(a->n, b->n);
	assert_memory_equal(a, b, sizeof(*a));
	free(a);
	free(b);
}

static struct observation random_run(struct lot *lot)
{
	static const uint8_t orders[] = { 0, 0, 0, 2, 4, 9 };
	struct observation run = see(BASE, (uint8_t)draw(lot, 3));
	uint32_t first, room;

	run.order = orders[draw(lot, 6)];
	first = draw(lot, SPAN >> run.order);
	/* Often whole regions: the short way. */
	if (draw(lot, 2))
		first = first << run.order >> 9 << 9 >> run.order;
	room = (SPAN >> run.order) - first;
	run.more = draw(lot, draw(lot, 2) ? room : (room < 8 ? room : 8));
	run.address += (uint64_t)first * (PAGE << run.order);
	run.node = (uint8_t)draw(lot, 2);
	run.flags = draw(lot, 8) ? 0 : OBSERVED_FIXED;
	return run;
}

static void test_runs_are_singles(void **state)
{
	struct lot lot = { .runs = make(1 << 20), .singles = make(1 << 20), .luck = 1 };
	uint64_t window;
	int i;

	(void)state;
	for (window = 1; window <= 300; window++) {
		heat_window(lot.runs, window);
		heat_window(lot.singles, window);
		for (i = 0; i < 4; i++)
			tell(&lot, random_run(&lot));
		assert_same(&lot);
	}
	heat_free(lot.runs);
	heat_free(lot.singles);
}

/* A run ends before another, and before a single one, in the same call. */
static void test_runs_in_a_row(void **state)
{
	struct heat *heat = make(1 << 20);
	struct observation row[] = { see(BASE + 500 * PAGE, SEEN_IDLE),
				     see(BASE + 2048 * PAGE, SEEN_ACCESSED),
				     see(BASE + 2060 * PAGE, SEEN_IDLE) };
	struct tally *tally;

	(void)state;
	row[0].more = 1547; /* 500 to 2047: a part of a region, then three whole ones */
	row[1].more = 11;
	assert_int_equal(heat_observe(heat, row, 3), 0);
	tally = tally_of(heat);
	assert_int_equal(tally->pages, 1548 + 12 + 1);
	assert_int_equal(stats_of(heat).observed, 1561);
	assert_int_equal(stats_of(heat).accessed, 12);
	assert_int_equal(stats_of(heat).regions, 5);
	assert_int_equal(stats_of(heat).expanded, 2);
	free(tally);
	heat_free(heat);
}

/* What no kernel has: neither a hang nor a shift beyond the word. */
static void test_absurd_runs(void **state)
{
	static const uint8_t orders[] = { 31, 32, 60, 255 };
	struct heat *heat = make(1 << 20);
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(orders); i++) {
		struct observation run = see(BASE + i * REGION, SEEN_IDLE);

		run.order = orders[i];
		run.more = i ? UINT32_MAX : 3;
		assert_int_equal(heat_observe(heat, &run, 1), 0);
	}
	free(tally_of(heat));
	heat_free(heat);
}

/* Runs of many regions without memory for them: refused, counted, and an end to it. */
static void test_no_memory(void **state)
{
	struct heat *heat = make(sizeof(struct heat *) * 512 + 24576);
	struct observation run = see(BASE, SEEN_IDLE);

	(void)state;
	run.more = 512 * 4096 - 1;
	assert_int_equal(heat_observe(heat, &run, 1), -ENOMEM);
	assert_true(stats_of(heat).refused > 0);
	assert_true(stats_of(heat).tracked < 512 * 4096);
	free(tally_of(heat));
	heat_free(heat);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_runs_are_singles),
		cmocka_unit_test(test_runs_in_a_row),
		cmocka_unit_test(test_absurd_runs),
		cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
