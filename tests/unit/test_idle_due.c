// SPDX-License-Identifier: GPL-2.0-only
/* The idle tracker told which pages are due: it marks those and speaks of no other. */
#include "fake_idle.h"

#define BLOCK 512u
#define BLOCKS 8

/* What is due of each block of target 10, and how often that was asked. */
static struct {
	uint64_t pages[BLOCKS][8];
	unsigned int asked[BLOCKS];
} due;

static unsigned int tell_due(void *arg, uint32_t target, uint64_t base, uint64_t ret_pages[8])
{
	uint64_t block = (base - BASE) / TIERED_PAGE_SIZE / BLOCK;
	unsigned int n = 0, i;

	assert_ptr_equal(arg, &due);
	assert_int_equal(base % (BLOCK * TIERED_PAGE_SIZE), 0);
	memset(ret_pages, 0, sizeof(due.pages[0]));
	if (target != 10)
		return 0;
	assert_true(block < BLOCKS);
	due.asked[block]++;
	memcpy(ret_pages, due.pages[block], sizeof(due.pages[block]));
	for (i = 0; i < 8; i++)
		n += (unsigned int)__builtin_popcountll(ret_pages[i]);
	return n;
}

static void due_start(void)
{
	memset(&due, 0, sizeof(due));
	fake.env.due = tell_due;
	fake.env.due_arg = &due;
	start();
}

static void is_due(unsigned int first, unsigned int n)
{
	unsigned int page;

	for (page = first; page < first + n; page++)
		due.pages[page / BLOCK][page / 64 % 8] |= UINT64_C(1) << page % 64;
}

static void test_only_what_is_due(void **state)
{
	struct tracker_cost cost;
	unsigned int block;

	(void)state;
	due_start();
	set_run(0, 0, 1000, BLOCKS * BLOCK, OWN);
	is_due(0, BLOCK);
	is_due(2 * BLOCK + 7, 3);
	is_due(4 * BLOCK + 500, 20); /* on into the next block */
	cost = mark(UINT64_MAX);
	assert_int_equal(cost.marked, BLOCK + 3 + 20);
	assert_int_equal(cost.cut, 0);
	for (block = 0; block < BLOCKS; block++)
		assert_int_equal(due.asked[block], 1);
	touch(1000 + 2 * BLOCK + 8);
	touch(1000 + 2 * BLOCK + 100); /* nobody asked about that one */
	fake_kernel();
	cost = read_back();
	assert_int_equal(cost.marked, BLOCK + 3 + 20);
	assert_int_equal(fake.n_seen, BLOCK + 3 + 20);
	assert_seen(BLOCK - 1, SEEN_IDLE, 0, 0);
	assert_null(seen_at(BLOCK));
	assert_seen(2 * BLOCK + 7, SEEN_IDLE, 0, 0);
	assert_seen(2 * BLOCK + 8, SEEN_ACCESSED, 0, 0);
	assert_null(seen_at(2 * BLOCK + 100));
	assert_seen(5 * BLOCK + 7, SEEN_IDLE, 0, 0);
	assert_null(seen_at(5 * BLOCK + 8));
}

/* In a block of which all is due a page without its mark is unknown, as ever. */
static void test_unknown_is_still_told(void **state)
{
	(void)state;
	due_start();
	set_run(0, 0, 1000, 2 * BLOCK, OWN);
	is_due(0, BLOCK);
	mark(UINT64_MAX);
	set_entry(0, 3, 5000 | OWN); /* moved */
	fake_kernel();
	read_back();
	assert_int_equal(fake.n_seen, BLOCK);
	assert_seen(3, SEEN_UNKNOWN, 0, 0);
}

/* Large folios are due as a whole; of others neither head nor tails are spoken of. */
static void test_folios(void **state)
{
	(void)state;
	due_start();
	set_run(0, 0, 1024, 64, OWN);
	set_folio(1024, 16);
	set_folio(1040, 16);
	set_folio(1056, 16);
	is_due(16, 16);
	is_due(48, 1);
	assert_int_equal(mark(UINT64_MAX).marked, 17);
	touch(1040);
	fake_kernel();
	read_back();
	assert_int_equal(fake.n_seen, 2);
	assert_seen(16, SEEN_ACCESSED, 4, 0);
	assert_seen(48, SEEN_IDLE, 0, 0);
}

/* What does not fit is gone on with, and blocks that are not due cost next to nothing. */
static void test_budget(void **state)
{
	struct tracker_cost cost;

	(void)state;
	due_start();
	set_run(0, 0, 1000, BLOCKS * BLOCK, OWN);
	is_due(0, BLOCK);
	is_due(6 * BLOCK, BLOCK);
	cost = mark(BLOCK + 200);
	assert_int_equal(cost.marked, BLOCK);
	assert_int_equal(cost.cut, 1);
	fake_kernel();
	read_back();
	assert_int_equal(fake.n_seen, BLOCK);
	cost = mark(2 * BLOCK + 200);
	assert_int_equal(cost.marked, 2 * BLOCK); /* the rest, and round again */
	assert_int_equal(cost.cut, 0);
	cost = mark(2 * BLOCK + 200);
	assert_int_equal(cost.marked, 2 * BLOCK);
	assert_true(cost.pages < 2 * BLOCK + 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(test_only_what_is_due),
		UNIT(test_unknown_is_still_told),
		UNIT(test_folios),
		UNIT(test_budget),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
