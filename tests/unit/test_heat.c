// SPDX-License-Identifier: GPL-2.0-only
/* What is believed of pages, and what that costs. */
#include "heat_fixture.h"
#include "observe/young_region.h"

static void test_equal_pages_share_a_state(void **state)
{
	struct heat *heat = make(1 << 20);
	struct tally *tally;
	int window;

	(void)state;
	for (window = 1; window <= 40; window++) {
		heat_window(heat, (uint64_t)window);
		observe_range(heat, BASE, 4 * 512, 0);
	}
	assert_int_equal(stats_of(heat).regions, 4);
	assert_int_equal(stats_of(heat).expanded, 0);
	assert_int_equal(stats_of(heat).tracked, 4 * 512);
	tally = tally_of(heat);
	assert_int_equal(tally->n, 4);
	assert_int_equal(tally->items[0].count, 512);
	free(tally);
	/* one page that differs parts its region, and only that */
	observe(heat, see(BASE + REGION + 5 * PAGE, SEEN_ACCESSED));
	assert_int_equal(stats_of(heat).expanded, 1);
	free(tally_of(heat));
	/* and they grow alike again */
	for (; window <= 120; window++) {
		heat_window(heat, (uint64_t)window);
		observe_range(heat, BASE, 4 * 512, 0);
	}
	assert_int_equal(stats_of(heat).expanded, 0);
	heat_free(heat);
}

static void test_hot_is_hotter(void **state)
{
	struct heat *heat = make(1 << 20);
	int window;

	(void)state;
	for (window = 1; window <= 10; window++) {
		heat_window(heat, (uint64_t)window);
		observe(heat, see(BASE, SEEN_ACCESSED));
		observe(heat, see(BASE + PAGE, window % 2 ? SEEN_ACCESSED : SEEN_IDLE));
		observe(heat, see(BASE + 2 * PAGE, SEEN_IDLE));
	}
	assert_true(item_at(heat, BASE).rate > item_at(heat, BASE + PAGE).rate + 256);
	assert_true(item_at(heat, BASE + PAGE).rate > item_at(heat, BASE + 2 * PAGE).rate + 256);
	assert_int_equal(item_at(heat, BASE).n, 10);
	assert_int_equal(stats_of(heat).observed, 3);
	assert_int_equal(stats_of(heat).accessed, 1);
	heat_free(heat);
}

/* Unknown is not cold: it changes no rate, makes no page, but tells the node. */
static void test_unknown(void **state)
{
	struct heat *heat = make(1 << 20);
	struct observation unknown = see(BASE, SEEN_UNKNOWN);
	struct heat_item before, after;

	(void)state;
	observe(heat, unknown);
	assert_int_equal(stats_of(heat).tracked, 0);
	assert_int_equal(stats_of(heat).unknown, 1);
	observe(heat, see(BASE, SEEN_ACCESSED));
	before = item_at(heat, BASE);
	unknown.node = 2;
	observe(heat, unknown);
	unknown.seen = 99;
	observe(heat, unknown);
	after = item_at(heat, BASE);
	assert_int_equal(after.rate, before.rate);
	assert_int_equal(after.n, before.n);
	assert_int_equal(after.node, 2);
	heat_free(heat);
}

static void test_folio_orders(void **state)
{
	static const struct {
		uint64_t page;
		uint8_t order;
		uint8_t seen_order; /* as it comes back */
	} cases[] = {
		{ 0, 9, 9 },     { 512, 0, 0 },    { 1024, 4, 4 },
		{ 1536, 1, 1 },  { 2049, 2, 2 },   { 2559, 4, 0 }, /* cut by the region */
		{ 3072, 30, 9 }, { 3584, 255, 9 },
	};
	struct heat *heat = make(1 << 20);
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct observation one = see(BASE + cases[i].page * PAGE, SEEN_ACCESSED);

		one.order = cases[i].order;
		observe(heat, one);
	}
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct heat_item item = item_at(heat, BASE + cases[i].page * PAGE);

		assert_int_equal(item.order, cases[i].seen_order);
		assert_int_equal(item.count, 1);
	}
	/* whole-region folios own no block */
	assert_int_equal(stats_of(heat).regions, 7);
	assert_int_equal(stats_of(heat).expanded, 4);
	heat_free(heat);
}

/* A folio that is split or joined keeps its heat, with doubt. */
static void test_split_and_join(void **state)
{
	struct heat *heat = make(1 << 20);
	struct observation huge = see(BASE, SEEN_ACCESSED);
	struct heat_item item;
	int window;

	(void)state;
	huge.order = 9;
	for (window = 1; window <= 12; window++)
		observe(heat, huge);
	item = item_at(heat, BASE);
	assert_int_equal(item.n, 12);
	observe(heat, see(BASE + 8 * PAGE, SEEN_ACCESSED));
	assert_int_equal(stats_of(heat).tracked, 512);
	assert_true(item_at(heat, BASE + 8 * PAGE).rate >= item.rate);
	assert_int_equal(item_at(heat, BASE + 8 * PAGE).n, 4);
	assert_int_equal(item_at(heat, BASE + 8 * PAGE).order, 0);
	/* orphaned tails became pages of the old rate */
	assert_int_equal(item_at(heat, BASE + 9 * PAGE).order, 0);
	assert_int_equal(item_at(heat, BASE + 9 * PAGE).rate, item.rate);
	observe(heat, huge);
	item = item_at(heat, BASE);
	assert_int_equal(item.order, 9);
	assert_int_equal(stats_of(heat).expanded, 0);
	assert_int_equal(stats_of(heat).tracked, 512);
	heat_free(heat);
}

/* 4 GiB of pages that all differ cost at most a thousandth, with what `young` knows of them. */
static void test_dense_memory(void **state)
{
	struct heat *heat = make(1 << 30);
	struct heat_stats stats;
	uint64_t state_bytes;

	(void)state;
	assert_int_equal(observe_range(heat, BASE, 1 << 20, 500), 0);
	stats = stats_of(heat);
	assert_int_equal(stats.tracked, 1 << 20);
	assert_int_equal(stats.expanded, 2048);
	state_bytes = stats.bytes + 2048 * young_region_size(0, 0);
	assert_true(state_bytes * 1000 <= stats.tracked * PAGE);
	heat_free(heat);
}

/* A target of many TiB that is thinly spread costs what it uses. */
static void test_sparse_memory(void **state)
{
	struct heat *heat = make(16 << 20);
	uint64_t i;

	(void)state;
	for (i = 0; i < 4096; i++) {
		struct observation huge = see(BASE - (i << 33), SEEN_IDLE);

		huge.order = 9;
		observe(heat, huge);
	}
	assert_int_equal(stats_of(heat).regions, 4096);
	assert_true(stats_of(heat).bytes < 2 << 20);
	free(tally_of(heat));
	heat_free(heat);
}

/* The bound holds, what does not fit is counted, and coarse regions still know hot from cold. */
static void test_memory_max(void **state)
{
	struct heat *heat = make(160000);
	struct heat_stats stats;
	struct tally *tally;
	int window;

	(void)state;
	for (window = 1; window <= 8; window++) {
		heat_window(heat, (uint64_t)window);
		observe_range(heat, BASE, 100 * 512, 500);
		observe_range(heat, BASE + 100 * REGION, 100 * 512, 10);
		assert_true(stats_of(heat).bytes <= 160000);
	}
	stats = stats_of(heat);
	assert_true(stats.refused > 0);
	assert_true(stats.coarse > 100);
	assert_int_equal(stats.tracked, 200 * 512);
	tally = tally_of(heat);
	free(tally);
	heat_free(heat);

	/* not even room for a region: an error, nothing worse */
	heat = make(1);
	assert_true(observe_range(heat, BASE, 10, 500) < 0);
	assert_int_equal(stats_of(heat).tracked, 0);
	heat_window(heat, 2);
	heat_forget(heat, TARGET);
	heat_free(heat);
}

static void test_query(void **state)
{
	struct heat *heat = make(1 << 20);
	struct heat_query query = everything;
	struct observation one;
	struct tally tally = { 0 };

	(void)state;
	observe_range(heat, BASE, 2 * 512, 0);
	one = see(BASE + 4 * REGION, SEEN_ACCESSED);
	one.node = 0;
	one.flags = OBSERVED_SHARED | OBSERVED_FILE;
	observe(heat, one);
	query.nodes = 1;
	heat_each(heat, TARGET, &query, tally_item, &tally);
	assert_int_equal(tally.n, 1);
	assert_int_equal(tally.items[0].flags, OBSERVED_SHARED);
	memset(&tally, 0, sizeof(tally));
	query.nodes = 2;
	query.rate_min = 0;
	heat_each(heat, TARGET, &query, tally_item, &tally);
	assert_int_equal(tally.n, 0);
	assert_int_equal(heat_each(heat, 12345, &query, tally_item, &tally), 0);
	heat_free(heat);
}

static void test_share(void **state)
{
	struct heat *heat = make(1 << 20);
	int window;

	(void)state;
	assert_int_equal(heat_share_ppm(heat, 1), 0);
	for (window = 1; window <= 60; window++) {
		struct observation fast = see(BASE, SEEN_ACCESSED);

		fast.node = 0;
		heat_window(heat, (uint64_t)window);
		observe(heat, fast);
		observe(heat, see(BASE + REGION, SEEN_ACCESSED));
		observe(heat, see(BASE + 2 * REGION, SEEN_IDLE));
	}
	assert_in_range(heat_share_ppm(heat, 1), 480000, 500000);
	assert_in_range(heat_share_ppm(heat, 3), 1000000, 1000000);
	assert_int_equal(heat_share_ppm(heat, 0), 0);
	heat_free(heat);
}

/* Anything at all, in any order: the histograms agree with the items, the bound holds. */
static void test_anything(void **state)
{
	struct heat *heat = make(400000);
	uint64_t luck = 1;
	unsigned int round, i;

	(void)state;
	for (round = 1; round < 300; round++) {
		heat_window(heat, round);
		for (i = 0; i < 200; i++) {
			struct observation one;
			struct move move;

			luck = luck * UINT64_C(6364136223846793005) + 1442695040888963407;
			one = see(BASE + (luck >> 40) % (64 * 512) * PAGE, (luck >> 20) % 4);
			one.order = (luck >> 33) % 7 ? 0 : (luck >> 36) % 12;
			one.node = (luck >> 30) % 9 ? (luck >> 25) % 3 : 255;
			one.flags = (luck >> 28) % 5 ? 0 : (luck >> 50) % 8;
			one.interval_ns = (luck >> 13) % 3 ? S : luck;
			heat_observe(heat, &one, 1);
			move = move_of(one.address, (luck >> 45) % 14);
			move.landed = (luck >> 55) % 2 ? TIERED_NODE_NONE : (luck >> 57) % 80;
			if (i % 3 == 0)
				settle(heat, move);
		}
		assert_true(stats_of(heat).bytes <= 400000);
		free(tally_of(heat));
	}
	heat_free(heat);
}

/* Pages of one region that are on more nodes than are told apart: they have their mean. */
static void test_many_nodes(void **state)
{
	struct heat *heat = make(1 << 20);
	struct observation one;
	struct tally *tally;
	unsigned int i;

	(void)state;
	for (i = 0; i < 512; i++) {
		one = see(BASE + i * PAGE, i % 3 ? SEEN_IDLE : SEEN_ACCESSED);
		one.node = (uint8_t)(i % 16);
		observe(heat, one);
	}
	assert_int_equal(stats_of(heat).expanded, 1);
	assert_int_equal(stats_of(heat).refused, 0);
	one = see(BASE, SEEN_IDLE);
	one.node = 16;
	observe(heat, one);
	assert_int_equal(stats_of(heat).expanded, 0);
	assert_int_equal(stats_of(heat).coarse, 1);
	assert_true(stats_of(heat).refused > 0);
	assert_int_equal(stats_of(heat).tracked, 512);
	/* Histograms agree with the pages, or this fails. */
	tally = tally_of(heat);
	free(tally);
	heat_free(heat);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_equal_pages_share_a_state),
		cmocka_unit_test(test_hot_is_hotter),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_folio_orders),
		cmocka_unit_test(test_split_and_join),
		cmocka_unit_test(test_dense_memory),
		cmocka_unit_test(test_many_nodes),
		cmocka_unit_test(test_sparse_memory),
		cmocka_unit_test(test_memory_max),
		cmocka_unit_test(test_query),
		cmocka_unit_test(test_share),
		cmocka_unit_test(test_anything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
