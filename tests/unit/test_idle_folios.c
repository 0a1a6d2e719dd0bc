// SPDX-License-Identifier: GPL-2.0-only
/* The idle tracker: what a clear bit means for folios of all sizes. */
#include "fake_idle.h"

static void test_huge(void **state)
{
	(void)state;
	start();
	set_folio(1024, 512);
	set_folio(2048, 512);
	set_run(0, 0, 1024, 512, OWN);   /* accessed */
	set_run(0, 512, 2048, 512, OWN); /* idle */
	set_run(0, 1024, 512, 512, OWN); /* single pages that lie like a huge one, all accessed */
	mark(UINT64_MAX);
	touch(1024);
	memset(&fake.accessed[512 / 64], 0xff, 64);
	fake_kernel();
	read_back();
	assert_int_equal(fake.n_seen, 2 + 512);
	assert_seen(0, SEEN_ACCESSED, 9, 0);
	assert_seen(512, SEEN_IDLE, 9, 0);
	assert_seen(1024, SEEN_ACCESSED, 0, 0);
	assert_seen(1535, SEEN_ACCESSED, 0, 0);
}

/* Folios of 16 pages next to single ones, one across a chunk of pagemap entries. */
static void test_middle_orders(void **state)
{
	(void)state;
	start();
	fake.vmas[0][0].end = PAGE(10000);
	set_folio(160, 16);
	set_folio(176, 4);
	set_run(0, 8188, 160, 16, OWN); /* IDLE_ENTRIES is 8192 */
	set_run(0, 8204, 176, 4, OWN | PAGEMAP_FILE);
	set_run(0, 8208, 180, 2, OWN);
	set_entry(0, 8206, 178 | PAGEMAP_PRESENT | PAGEMAP_FILE);
	mark(UINT64_MAX);
	touch(176);
	touch(181);
	fake_kernel();
	read_back();
	assert_int_equal(fake.n_seen, 4);
	assert_seen(8188, SEEN_IDLE, 4, 0);
	assert_seen(8204, SEEN_ACCESSED, 2, OBSERVED_FILE | OBSERVED_SHARED);
	assert_seen(8208, SEEN_IDLE, 0, 0);
	assert_seen(8209, SEEN_ACCESSED, 0, 0);
}

/* The second half of a huge page: its head is mapped nowhere, so it takes two windows. */
static void test_head_not_mapped(void **state)
{
	(void)state;
	start();
	set_folio(1024, 512);
	set_run(0, 0, 1024 + 256, 256, OWN);
	mark(UINT64_MAX);
	fake_kernel();
	read_back();
	assert_int_equal(fake.n_seen, 1);
	assert_seen(0, SEEN_UNKNOWN, 8, 0);
	mark(UINT64_MAX);
	fake_kernel();
	read_back();
	assert_seen(0, SEEN_IDLE, 8, 0);
	mark(UINT64_MAX);
	touch(1024);
	fake_kernel();
	read_back();
	assert_int_equal(fake.n_seen, 1);
	assert_seen(0, SEEN_ACCESSED, 8, 0);
}

/* A hole in the middle of a folio: both parts follow the head. */
static void test_hole_in_folio(void **state)
{
	(void)state;
	start();
	set_folio(1024, 512);
	set_run(0, 0, 1024, 512, OWN);
	set_entry(0, 100, 0);
	mark(UINT64_MAX);
	fake_kernel();
	read_back();
	assert_int_equal(fake.n_seen, 2);
	assert_seen(0, SEEN_IDLE, 6, 0);
	assert_seen(101, SEEN_IDLE, 8, 0);
}

static void test_not_on_lru(void **state)
{
	(void)state;
	start();
	set_run(0, 0, 1000, 5, OWN);
	fake.flags[1000] = 0; /* in a per-CPU batch, say */
	fake.flags[1001] = KPF(HWPOISON) | SMALL;
	fake.flags[1002] = KPF(ZERO_PAGE);
	fake.flags[1003] = KPF(HUGE) | KPF(COMPOUND_HEAD);
	mark(UINT64_MAX);
	touch(1001);
	fake_kernel();
	read_back();
	assert_seen(0, SEEN_UNKNOWN, 0, OBSERVED_FIXED);
	assert_seen(1, SEEN_UNKNOWN, 0, OBSERVED_FIXED);
	assert_null(seen_at(2));
	assert_seen(3, SEEN_UNKNOWN, 0, OBSERVED_FIXED);
	assert_seen(4, SEEN_IDLE, 0, 0);
	/* The zero page is known from now on. */
	assert_int_equal(mark(UINT64_MAX).marked, 4);
}

/* Without kpageflags single pages are seen, and huge pages as long as they are idle. */
static void test_no_kpageflags(void **state)
{
	(void)state;
	tree_remove(&fake.tree, "kpageflags");
	start();
	set_folio(1024, 512);
	set_run(0, 0, 1024, 512, OWN);
	set_run(0, 600, 3000, 2, OWN);
	mark(UINT64_MAX);
	touch(3000);
	fake_kernel();
	read_back();
	assert_int_equal(fake.n_seen, 3);
	assert_seen(0, SEEN_IDLE, 9, 0);
	assert_seen(600, SEEN_ACCESSED, 0, 0);
	assert_seen(601, SEEN_IDLE, 0, 0);
}

/* A frame known to be single becomes a tail: believed for some windows, but not for ever. */
static void test_known_single_recheck(void **state)
{
	size_t window, wrong = 0;

	(void)state;
	tree_bytes(&fake.tree, "kpageflags", fake.flags, sizeof(fake.flags));
	start();
	set_run(0, 0, 1600, 16, OWN);
	for (window = 0; window < 20; window++) {
		if (window == 4)
			set_folio(1600, 16);
		mark(UINT64_MAX);
		if (window < 4)
			memset(&fake.accessed[1600 / 64], 0xff, 8);
		fake_kernel();
		read_back();
		if (window < 4)
			assert_int_equal(fake.n_seen, 16);
		else if (fake.n_seen != 1)
			wrong++;
		else
			assert_seen(0, SEEN_IDLE, 4, 0);
	}
	assert_true(wrong < 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(test_huge),
		UNIT(test_middle_orders),
		UNIT(test_head_not_mapped),
		UNIT(test_hole_in_folio),
		UNIT(test_not_on_lru),
		UNIT(test_no_kpageflags),
		UNIT(test_known_single_recheck),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
