// SPDX-License-Identifier: GPL-2.0-only
/* Targets that sleep: which of their pages are idle, and that these are not forgotten. */
#include "heat_fixture.h"

static struct heat_item find(const struct heat *heat, uint64_t address)
{
	struct heat_item item;
	uint64_t seen;

	assert_int_equal(heat_find(heat, TARGET, address, &item, &seen), 0);
	return item;
}

static void see_as(struct heat *heat, uint64_t address, uint8_t flags)
{
	struct observation one = see(address, SEEN_ACCESSED);

	one.flags = flags;
	observe(heat, one);
}

/* The same as if each page had been looked at and found idle. */
static void test_as_good_as_a_look(void **state)
{
	struct heat *slept = make(UINT64_MAX), *looked = make(UINT64_MAX);
	uint64_t window;
	size_t i;

	(void)state;
	for (window = 1; window <= 20; window++) {
		heat_window(slept, window);
		heat_window(looked, window);
		/* Regions with a state per page, and one that is all alike. */
		observe_range(looked, BASE, 1536, window < 5 ? 300 : 0);
		if (window < 5)
			observe_range(slept, BASE, 1536, 300);
		else
			assert_int_equal(heat_idle(slept, TARGET, 1, S), 1536);
	}
	for (i = 0; i < 1536; i++) {
		struct heat_item a = find(slept, BASE + i * PAGE),
				 b = find(looked, BASE + i * PAGE);

		assert_int_equal(a.rate, b.rate);
		assert_int_equal(a.n, b.n);
	}
	free(tally_of(slept));
	heat_free(slept);
	heat_free(looked);
}

/* Of a piece with one page that others may access, nothing is claimed. */
static void test_others_may_access(void **state)
{
	static const uint8_t flags[] = { OBSERVED_SHARED, OBSERVED_WILLING, OBSERVED_FILE };
	size_t i, page;

	(void)state;
	for (i = 0; i < sizeof(flags); i++) {
		struct heat *heat = make(UINT64_MAX);
		int16_t before;

		for (page = 0; page < 512; page++)
			see_as(heat, BASE + page * PAGE, page == 70 ? flags[i] : 0);
		before = find(heat, BASE).rate;
		assert_int_equal(heat_idle(heat, TARGET, 1, 100 * S), 512 - 128);
		assert_int_equal(find(heat, BASE).rate, before);
		assert_int_equal(find(heat, BASE + 127 * PAGE).rate, before);
		assert_true(find(heat, BASE + 511 * PAGE).rate < before);
		assert_true(find(heat, BASE + 128 * PAGE).rate < before);
		free(tally_of(heat));
		heat_free(heat);
	}
}

/* What was not looked at since it fell asleep may be shared by now. */
static void test_only_what_was_looked_at_since(void **state)
{
	struct heat *heat = make(UINT64_MAX);
	int16_t before;

	(void)state;
	observe_range(heat, BASE, 512, 1000);
	heat_window(heat, 2);
	observe_range(heat, BASE + REGION, 512, 1000);
	before = find(heat, BASE).rate;
	assert_int_equal(heat_idle(heat, TARGET, 2, S), 512);
	assert_int_equal(find(heat, BASE).rate, before);
	assert_true(find(heat, BASE + REGION).rate < before);
	heat_free(heat);
}

struct ranges {
	uint64_t start[8];
	uint64_t end[8];
	size_t n;
};

static int add_range(void *arg, uint64_t start, uint64_t end)
{
	struct ranges *ranges = arg;

	assert_in_range(ranges->n, 0, 7);
	ranges->start[ranges->n] = start;
	ranges->end[ranges->n++] = end;
	return 0;
}

static void test_ranges_to_look_at(void **state)
{
	struct observation huge = see(BASE + 2 * REGION, SEEN_IDLE);
	struct heat *heat = make(UINT64_MAX);
	struct ranges ranges = { .n = 0 };
	size_t page;

	(void)state;
	for (page = 0; page < 512; page++)
		see_as(heat, BASE + page * PAGE,
		       page == 10 || page == 128 || page == 511 ? OBSERVED_FILE : 0);
	observe_range(heat, BASE + REGION, 512, 0);
	huge.order = 9;
	huge.flags = OBSERVED_SHARED;
	observe(heat, huge);
	assert_int_equal(heat_foreign(heat, TARGET, add_range, &ranges), 0);
	assert_int_equal(ranges.n, 3);
	assert_int_equal(ranges.start[0], BASE);
	assert_int_equal(ranges.end[0], BASE + 256 * PAGE);
	assert_int_equal(ranges.start[1], BASE + 384 * PAGE);
	assert_int_equal(ranges.end[1], BASE + REGION);
	assert_int_equal(ranges.start[2], BASE + 2 * REGION);
	assert_int_equal(ranges.end[2], BASE + 3 * REGION);
	/* As of the last look: it is private again. */
	heat_window(heat, 2);
	huge.flags = 0;
	observe(heat, huge);
	ranges.n = 0;
	assert_int_equal(heat_foreign(heat, TARGET, add_range, &ranges), 0);
	assert_int_equal(ranges.n, 2);
	heat_free(heat);
}

/* One region is read over and over; the others are not forgotten meanwhile, nor at once after. */
static void test_nothing_fades(void **state)
{
	struct heat *heat = make(UINT64_MAX);
	uint64_t window;

	(void)state;
	observe_range(heat, BASE, 4 * 512, 0);
	for (window = 2; window < 200; window++) {
		heat_window(heat, window);
		heat_sleep(heat, TARGET, 1);
		observe_range(heat, BASE, 512, 0);
	}
	assert_int_equal(stats_of(heat).tracked, 4 * 512);
	heat_sleep(heat, TARGET, 0);
	for (; window < 220; window++)
		heat_window(heat, window);
	assert_int_equal(stats_of(heat).tracked, 4 * 512);
	heat_free(heat);
}

/* Regions that are looked at out of turn are no end-to-end reading. */
static void test_laps(void **state)
{
	struct heat *heat = make(UINT64_MAX);
	struct observation ahead = see(BASE, SEEN_IDLE);

	(void)state;
	ahead.flags = OBSERVED_AHEAD;
	assert_int_equal(heat_laps(heat, TARGET), 0);
	observe(heat, see(BASE + REGION, SEEN_IDLE));
	observe(heat, ahead);
	observe(heat, see(BASE + 2 * REGION, SEEN_IDLE));
	assert_int_equal(heat_laps(heat, TARGET), 0);
	observe(heat, see(BASE, SEEN_IDLE));
	assert_int_equal(heat_laps(heat, TARGET), 1);
	heat_sleep(heat, TARGET, 1);
	observe(heat, see(BASE, SEEN_IDLE));
	assert_int_equal(heat_laps(heat, TARGET), 1);
	heat_free(heat);
}

/* The figure counts what was told of, in each window in which it sleeps. */
static void test_figure(void **state)
{
	struct heat *heat = make(UINT64_MAX);

	(void)state;
	observe_range(heat, BASE, 700, 10);
	heat_window(heat, 2);
	heat_idle(heat, TARGET, 1, S);
	heat_sleep(heat, TARGET, 1);
	assert_int_equal(stats_of(heat).asleep, 700);
	heat_window(heat, 3);
	assert_int_equal(stats_of(heat).asleep, 0);
	heat_sleep(heat, TARGET, 1);
	assert_int_equal(stats_of(heat).asleep, 700);
	heat_window(heat, 4);
	heat_sleep(heat, TARGET, 0);
	assert_int_equal(stats_of(heat).asleep, 0);
	heat_free(heat);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_as_good_as_a_look),
		cmocka_unit_test(test_others_may_access),
		cmocka_unit_test(test_only_what_was_looked_at_since),
		cmocka_unit_test(test_ranges_to_look_at),
		cmocka_unit_test(test_nothing_fades),
		cmocka_unit_test(test_laps),
		cmocka_unit_test(test_figure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
