// SPDX-License-Identifier: GPL-2.0-only
/* What the young tracker knows of page tables: within its memory, and nothing wrong for lack of it. */
#include "fake_young.h"

#include "observe/young.h"

static struct young *tracker(void)
{
	return fake.tracker;
}

static unsigned int sum(const unsigned int of[BLOCKS])
{
	unsigned int i, n = 0;

	for (i = 0; i < BLOCKS; i++)
		n += of[i];
	return n;
}

/* Bytes of one region of single pages that are all alike. */
static uint64_t region_size(void)
{
	unsigned int seen[BLOCKS], ahead[BLOCKS];

	young_start();
	young_window(UINT64_MAX, seen, ahead);
	assert_int_equal(sum(seen), BLOCKS);
	assert_int_equal(tracker()->regions.bytes % BLOCKS, 0);
	return tracker()->regions.bytes / BLOCKS;
}

static void restart(uint64_t memory_max)
{
	tracker_young.stop(fake.tracker);
	fake.env.memory_max = memory_max;
	young_start();
}

/* What is beyond it is not watched. */
static void test_memory_is_bounded(void **state)
{
	unsigned int seen[BLOCKS], ahead[BLOCKS], i;
	uint64_t bytes = region_size();

	(void)state;
	restart(3 * bytes + bytes / 2);
	for (i = 0; i < 5; i++) {
		young_window(UINT64_MAX, seen, ahead);
		assert_int_equal(sum(seen), 3);
		assert_in_range(tracker()->regions.bytes, 3 * bytes, 3 * bytes);
	}
}

/* When others are not met any more there is room, in a while that is not too long. */
static void test_room_comes_back(void **state)
{
	unsigned int seen[BLOCKS], ahead[BLOCKS], i;
	uint64_t bytes = region_size();

	(void)state;
	restart(3 * bytes);
	young_window(UINT64_MAX, seen, ahead);
	assert_int_equal(seen[0] + seen[1] + seen[2], 3);
	fake.vmas[0][0].start = PAGE(4 * BLOCK);
	for (i = 0; i < 80 && sum(seen) < 4; i++) {
		young_window(UINT64_MAX, seen, ahead);
		assert_in_range(tracker()->regions.bytes, 0, 3 * bytes);
		if (sum(seen) == 3 && !seen[0])
			break;
	}
	assert_in_range(i, 1, 79);
	assert_int_equal(seen[4] + seen[5] + seen[6] + seen[7], 3);
}

/* Where nobody is short of memory a region is kept for longer than any turn. */
static void test_kept_over_long_turns(void **state)
{
	unsigned int seen[BLOCKS], ahead[BLOCKS], i;
	uint64_t bytes = region_size();

	(void)state;
	fake.vmas[0][0].start = PAGE(BLOCK);
	for (i = 0; i < 200; i++)
		young_window(UINT64_MAX, seen, ahead);
	assert_int_equal(tracker()->regions.bytes, BLOCKS * bytes);
	for (i = 0; i < 1000; i++)
		young_window(UINT64_MAX, seen, ahead);
	assert_int_equal(tracker()->regions.bytes, (BLOCKS - 1) * bytes);
}

/*
 * Pages become shared between mark and read, and there is no room to note which: then nothing is
 * said of them, now and later, for this table does not tell of what others access.
 */
static void test_no_room_for_what_is_shared(void **state)
{
	unsigned int seen[BLOCKS], ahead[BLOCKS], i;
	uint64_t bytes = region_size();
	struct tracker_cost cost;

	(void)state;
	entry_bits = YOUNG_PRESENT;
	restart(BLOCKS * bytes);
	young_window(UINT64_MAX, seen, ahead);
	assert_int_equal(sum(seen), BLOCKS);
	assert_int_equal(tracker_young.mark(fake.tracker, UINT64_MAX, &cost), 0);
	set_run(0, 2 * BLOCK, 1000 + 2 * BLOCK, BLOCK, PAGEMAP_PRESENT);
	fake.n_seen = 0;
	assert_int_equal(tracker_young.read(fake.tracker, 77, collect, NULL, &cost), 0);
	assert_null(seen_at(2 * BLOCK));
	assert_non_null(seen_at(3 * BLOCK));
	for (i = 0; i < 3; i++) {
		young_window(UINT64_MAX, seen, ahead);
		assert_int_equal(seen[2], 0);
		assert_int_equal(sum(seen), BLOCKS - 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		YOUNG(test_memory_is_bounded),
		YOUNG(test_room_comes_back),
		YOUNG(test_kept_over_long_turns),
		YOUNG(test_no_room_for_what_is_shared),
	};

	return cmocka_run_group_tests_name("young_region", tests, NULL, NULL);
}
