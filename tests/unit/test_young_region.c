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

static void restart(uint64_t memory_max)
{
	tracker_young.stop(fake.tracker);
	fake.env.memory_max = memory_max;
	young_start();
}

/* Bytes of what is known of the first so many blocks, with single pages that are all alike. */
static uint64_t bytes_of(unsigned int blocks)
{
	const uint64_t end = fake.vmas[0][0].end;
	unsigned int seen[BLOCKS], ahead[BLOCKS];

	fake.vmas[0][0].end = PAGE(blocks * BLOCK);
	restart(0);
	young_window(UINT64_MAX, seen, ahead);
	assert_int_equal(sum(seen), blocks);
	fake.vmas[0][0].end = end;
	return tracker()->room.bytes;
}

/* What is beyond it is not watched. */
static void test_memory_is_bounded(void **state)
{
	unsigned int seen[BLOCKS], ahead[BLOCKS], i;
	uint64_t bytes = bytes_of(3);

	(void)state;
	restart(bytes_of(4) - 1);
	for (i = 0; i < 5; i++) {
		young_window(UINT64_MAX, seen, ahead);
		assert_int_equal(sum(seen), 3);
		assert_int_equal(tracker()->room.bytes, bytes);
	}
}

/* When others are not met any more there is room, in a while that is not too long. */
static void test_room_comes_back(void **state)
{
	unsigned int seen[BLOCKS], ahead[BLOCKS], i;
	uint64_t bytes = bytes_of(3);

	(void)state;
	restart(bytes);
	young_window(UINT64_MAX, seen, ahead);
	assert_int_equal(seen[0] + seen[1] + seen[2], 3);
	fake.vmas[0][0].start = PAGE(4 * BLOCK);
	for (i = 0; i < 80 && sum(seen) < 4; i++) {
		young_window(UINT64_MAX, seen, ahead);
		assert_in_range(tracker()->room.bytes, 0, bytes);
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
	uint64_t bytes = bytes_of(BLOCKS), less = bytes_of(BLOCKS - 1);

	(void)state;
	restart(0);
	young_window(UINT64_MAX, seen, ahead);
	fake.vmas[0][0].start = PAGE(BLOCK);
	for (i = 0; i < 200; i++)
		young_window(UINT64_MAX, seen, ahead);
	assert_int_equal(tracker()->room.bytes, bytes);
	for (i = 0; i < 1000; i++)
		young_window(UINT64_MAX, seen, ahead);
	assert_int_equal(tracker()->room.bytes, less);
}

/* With a target goes what is known of its memory; of those that stay all is. */
static void test_gone_with_the_target(void **state)
{
	struct target *const both[] = { &fake.targets[0], &fake.targets[1] };
	uint64_t bytes = bytes_of(BLOCKS);

	(void)state;
	assert_int_equal(tracker_young.retarget(fake.tracker, both, 1), 0);
	assert_int_equal(tracker()->room.bytes, bytes);
	assert_int_equal(tracker_young.retarget(fake.tracker, both + 1, 1), 0);
	assert_int_equal(tracker()->room.bytes, 0);
}

/* Pages of the second block lie elsewhere since they were marked: what is said of blocks 1 and 2. */
static void window_with_moves(int told, unsigned int ret_unknown[BLOCKS])
{
	uint64_t pages[8] = { 0xff };
	struct tracker_cost cost;
	size_t i;

	assert_int_equal(tracker_young.mark(fake.tracker, UINT64_MAX, &cost), 0);
	set_run(0, BLOCK, 9000, 8, OWN);
	set_run(0, 2 * BLOCK, 9100, 8, OWN);
	if (told)
		tracker_young.moved(fake.tracker, 10, BASE + YOUNG_BLOCK_BYTES, pages);
	tracker_young.moved(fake.tracker, 99, BASE + 2 * YOUNG_BLOCK_BYTES, pages);
	fake.n_seen = 0;
	assert_int_equal(tracker_young.read(fake.tracker, 77, collect, NULL, &cost), 0);
	memset(ret_unknown, 0, BLOCKS * sizeof(*ret_unknown));
	for (i = 0; i < fake.n_seen; i++)
		if (fake.seen[i].seen == SEEN_UNKNOWN)
			ret_unknown[(fake.seen[i].address - BASE) / YOUNG_BLOCK_BYTES] +=
				fake.seen[i].more + 1;
}

/* What the daemon has moved is known as before; what changed without a word is not. */
static void test_moved_pages_are_known(void **state)
{
	unsigned int unknown[BLOCKS];

	(void)state;
	young_start();
	window_with_moves(1, unknown);
	assert_int_equal(unknown[1], 0);
	assert_int_equal(unknown[2], YOUNG_GROUP_PAGES);
	restart(0);
	window_with_moves(0, unknown);
	assert_int_equal(unknown[1], YOUNG_GROUP_PAGES);
	/* A fork may have come: that has to be found out. */
	restart(0);
	entry_bits = YOUNG_PRESENT;
	window_with_moves(1, unknown);
	assert_int_equal(unknown[1], YOUNG_GROUP_PAGES);
}

/*
 * Pages become shared between mark and read, and there is no room to note which: then nothing is
 * said of them, now and later, for this table does not tell of what others access.
 */
static void test_no_room_for_what_is_shared(void **state)
{
	unsigned int seen[BLOCKS], ahead[BLOCKS], i;
	uint64_t bytes = bytes_of(BLOCKS);
	struct tracker_cost cost;

	(void)state;
	entry_bits = YOUNG_PRESENT;
	restart(bytes);
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
		YOUNG(test_memory_is_bounded),     YOUNG(test_room_comes_back),
		YOUNG(test_kept_over_long_turns),  YOUNG(test_gone_with_the_target),
		YOUNG(test_moved_pages_are_known), YOUNG(test_no_room_for_what_is_shared),
	};

	return cmocka_run_group_tests_name("young_region", tests, NULL, NULL);
}
