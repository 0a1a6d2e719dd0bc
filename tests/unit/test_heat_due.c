// SPDX-License-Identifier: GPL-2.0-only
/* Turns: what is far from the border is looked at less often, and all else each time. */
#include "decide/heat_due.h"

#include "heat_fixture.h"

#define VISITS 64

/* Pages: a hot one, one that is near the border, cold ones; each observed for 40 windows. */
enum { HOT, NEAR, COLD, PAGES = 8 };
#define BORDER 0 /* once per second */

static struct heat *known_pages(void)
{
	struct heat *heat = make(1 << 20);
	uint64_t window, page;

	for (window = 1; window <= 40; window++) {
		heat_window(heat, window);
		for (page = 0; page < PAGES; page++) {
			struct observation one = see(BASE + page * PAGE, SEEN_IDLE);

			one.interval_ns = page == HOT ? S / 64 : page == NEAR ? S : 16 * S;
			if (page == HOT || (page == NEAR && window % 3))
				one.seen = SEEN_ACCESSED;
			observe(heat, one);
		}
	}
	assert_true(item_at(heat, BASE + HOT * PAGE).rate > BORDER + 5 * 256);
	assert_in_range(item_at(heat, BASE + NEAR * PAGE).rate + 2048, 2048 - 256, 2048 + 256);
	assert_true(item_at(heat, BASE + COLD * PAGE).rate < BORDER - 7 * 256);
	return heat;
}

/* In how many of VISITS visits each page of the first region was due. */
static void visit(struct heat *heat, uint8_t level, unsigned int ret_due[512])
{
	const struct due due = { .border = BORDER, .level = level };
	uint64_t pages[DUE_WORDS];
	unsigned int i, page, n;

	memset(ret_due, 0, 512 * sizeof(*ret_due));
	heat_take_turns(heat, &due);
	for (i = 0; i < VISITS; i++) {
		n = heat_due(heat, TARGET, BASE, pages);
		for (page = 0; page < 512; page++) {
			unsigned int bit = pages[page / 64] >> page % 64 & 1;

			ret_due[page] += bit;
			n -= bit;
		}
		assert_int_equal(n, 0);
	}
}

static void test_turns(void **state)
{
	struct heat *heat = known_pages();
	unsigned int due[512];
	uint8_t level;

	(void)state;
	for (level = 0; level <= DUE_LEVEL_MAX; level++) {
		visit(heat, level, due);
		assert_int_equal(due[NEAR], VISITS);
		assert_int_equal(due[HOT], VISITS >> (level < 2 ? level : 2));
		assert_int_equal(due[COLD], VISITS >> level);
		/* nothing is known of it: it may have come since */
		assert_int_equal(due[PAGES], VISITS);
	}
	heat_free(heat);
}

/* One that was just seen where it should not be is due again at once. */
static void test_surprise(void **state)
{
	struct heat *heat = known_pages();
	unsigned int due[512];

	(void)state;
	observe(heat, see(BASE + COLD * PAGE, SEEN_ACCESSED));
	visit(heat, 3, due);
	assert_int_equal(due[COLD], VISITS);
	assert_int_equal(due[COLD + 1], VISITS >> 3);
	heat_free(heat);
}

/* A large folio is due as a whole, and so is a region of one state. */
static void test_folios(void **state)
{
	struct heat *heat = known_pages();
	struct observation folio = see(BASE + 16 * PAGE, SEEN_IDLE);
	struct observation huge = see(BASE + REGION, SEEN_IDLE);
	const struct due due = { .border = BORDER, .level = 2 };
	unsigned int visits[512], n = 0, i;
	uint64_t pages[DUE_WORDS];

	(void)state;
	folio.interval_ns = huge.interval_ns = 16 * S;
	folio.order = 4;
	huge.order = 9;
	for (i = 0; i < 40; i++) {
		observe(heat, folio);
		observe(heat, huge);
	}
	visit(heat, 2, visits);
	for (i = 16; i < 32; i++)
		assert_int_equal(visits[i], VISITS / 4);
	heat_take_turns(heat, &due);
	for (i = 0; i < VISITS; i++) {
		unsigned int part = heat_due(heat, TARGET, BASE + REGION, pages);

		assert_true(part == 0 || part == 512);
		n += part / 512;
	}
	assert_int_equal(n, VISITS / 4);
	heat_free(heat);
}

/* New pages, new regions and new targets wait for nobody. */
static void test_new_is_due(void **state)
{
	struct heat *heat = known_pages();
	const struct due due = { .border = BORDER, .level = DUE_LEVEL_MAX };
	uint64_t pages[DUE_WORDS];

	(void)state;
	heat_take_turns(heat, &due);
	assert_int_equal(heat_due(heat, TARGET, BASE + 9 * REGION, pages), 512);
	assert_int_equal(heat_due(heat, TARGET + 1, BASE, pages), 512);
	observe(heat, see(BASE + 2 * REGION, SEEN_IDLE));
	assert_int_equal(heat_due(heat, TARGET, BASE + 2 * REGION, pages), 512);
	heat_free(heat);
}

/* A region that is visited is not forgotten for want of observations. */
static void test_visited_does_not_fade(void **state)
{
	struct heat *heat = known_pages();
	const struct due due = { .border = BORDER, .level = DUE_LEVEL_MAX };
	struct observation other = see(BASE + 1024 * REGION, SEEN_IDLE);
	uint64_t pages[DUE_WORDS];
	uint64_t window, page;

	(void)state;
	heat_take_turns(heat, &due);
	for (window = 41; window < 41 + 200; window++) {
		heat_window(heat, window);
		observe(heat, other);
		heat_due(heat, TARGET, BASE, pages);
		for (page = 0; page < PAGES; page++)
			if (pages[0] >> page & 1)
				observe(heat, see(BASE + page * PAGE, SEEN_IDLE));
	}
	assert_true(item_at(heat, BASE + COLD * PAGE).n > 20);
	/* Visited, due, and nothing seen of it: it is gone. */
	for (; window < 41 + 400; window++) {
		heat_window(heat, window);
		observe(heat, other);
		heat_due(heat, TARGET, BASE, pages);
	}
	assert_int_equal(stats_of(heat).tracked, 1);
	for (; window < 41 + 500; window++) {
		heat_window(heat, window);
		observe(heat, other);
	}
	assert_int_equal(stats_of(heat).tracked, 1);
	heat_free(heat);
}

/* What was looked at stands for those that were passed over, on average exactly. */
static void test_stands_for(void **state)
{
	struct heat *heat = known_pages();
	const struct due due = { .border = BORDER, .level = 3 };
	uint64_t looked = 0, stands_for = 0, window;
	uint64_t pages[DUE_WORDS];

	(void)state;
	heat_take_turns(heat, &due);
	for (window = 41; window < 41 + VISITS; window++) {
		heat_window(heat, window);
		heat_due(heat, TARGET, BASE, pages);
		if (pages[0] >> (COLD + 1) & 1)
			observe(heat, see(BASE + (COLD + 1) * PAGE, SEEN_IDLE));
		looked += stats_of(heat).observed;
		stands_for += stats_of(heat).observed_for;
	}
	assert_int_equal(looked, VISITS / 8);
	assert_int_equal(stands_for, VISITS);
	heat_free(heat);
}

/* A look out of turn teaches, but stands for nobody: or cold pages would count many times. */
static void test_out_of_turn(void **state)
{
	struct heat *heat = known_pages();
	const struct due due = { .border = BORDER, .level = 3 };
	uint64_t stands_for = 0, window;
	uint64_t pages[DUE_WORDS];

	(void)state;
	heat_take_turns(heat, &due);
	for (window = 41; window < 41 + VISITS; window++) {
		heat_window(heat, window);
		heat_due(heat, TARGET, BASE, pages);
		observe(heat, see(BASE + (COLD + 1) * PAGE, SEEN_IDLE));
		assert_int_equal(stats_of(heat).observed, 1);
		stands_for += stats_of(heat).observed_for;
	}
	assert_int_equal(stands_for, VISITS);
	heat_free(heat);
}

static void test_level(void **state)
{
	static const struct {
		uint8_t level;
		uint64_t budget, used;
		int whole;
		uint8_t next;
	} cases[] = {
		{ 0, 1000, 1000, 0, 1 }, /* more is due than can be paid for */
		{ 3, 1000, 1000, 0, 4 }, { DUE_LEVEL_MAX, 1000, 1000, 0, DUE_LEVEL_MAX },
		{ 3, 1000, 900, 1, 3 }, /* all that was due, and not much left */
		{ 3, 1000, 500, 1, 3 },  { 3, 1000, 499, 1, 2 }, /* plenty */
		{ 0, 1000, 10, 1, 0 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_int_equal(
			due_level(cases[i].level, cases[i].budget, cases[i].used, cases[i].whole),
			cases[i].next);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_turns),
		cmocka_unit_test(test_surprise),
		cmocka_unit_test(test_folios),
		cmocka_unit_test(test_new_is_due),
		cmocka_unit_test(test_visited_does_not_fade),
		cmocka_unit_test(test_stands_for),
		cmocka_unit_test(test_out_of_turn),
		cmocka_unit_test(test_level),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
