// SPDX-License-Identifier: GPL-2.0-only
/* Counters of /proc/vmstat: those that are there, and no others. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "observe/vmstat.h"
#include "tree.h"

static uint32_t bit(unsigned int counter)
{
	return 1U << counter;
}

static void test_all(void **state)
{
	struct vmstat vmstat;
	char text[4096] = "nr_free_pages 1\npgpromote_candidate_nrl 77\npgmigrate_successful 78\n";
	struct tree tree;
	unsigned int i;
	size_t used;

	(void)state;
	tree_make(&tree);
	for (i = 0; i < VMSTAT_COUNTERS; i++) {
		used = strlen(text);
		snprintf(text + used, sizeof(text) - used, "%s %u\n", vmstat_name(i), 1000 + i);
	}
	tree_text(&tree, "vmstat", "%s", text);
	assert_int_equal(vmstat_read(tree.root, &vmstat), 0);
	assert_int_equal(vmstat.present, bit(VMSTAT_COUNTERS) - 1);
	for (i = 0; i < VMSTAT_COUNTERS; i++)
		assert_int_equal(vmstat.value[i], 1000 + i);
	assert_string_equal(vmstat_name(VMSTAT_PGDEMOTE_DIRECT), "pgdemote_direct");
	assert_string_equal(vmstat_name(VMSTAT_COUNTERS), "?");
	tree_remove(&tree, "");
}

/* As 6.1 has it, where some are not known; the last line without a newline. */
static void test_some(void **state)
{
	struct vmstat vmstat;
	struct tree tree;

	(void)state;
	tree_make(&tree);
	tree_text(&tree, "vmstat",
		  "pgmigrate_fail 18446744073709551615\npgdemote_kswapd\npgdemote_k "
		  "5\npgdemote_direct -1\n"
		  "pgdemote_khugepaged 12x\nnuma_pages_migrated 99999999999999999999\n"
		  " pgmigrate_success 4\npgpromote_success 0");
	assert_int_equal(vmstat_read(tree.root, &vmstat), 0);
	assert_int_equal(vmstat.present,
			 bit(VMSTAT_PGMIGRATE_FAIL) | bit(VMSTAT_PGPROMOTE_SUCCESS));
	assert_true(vmstat.value[VMSTAT_PGMIGRATE_FAIL] == UINT64_MAX);
	assert_int_equal(vmstat.value[VMSTAT_PGPROMOTE_SUCCESS], 0);
	assert_int_equal(vmstat.value[VMSTAT_NUMA_PAGES_MIGRATED], 0);
	tree_remove(&tree, "");
}

static void test_none(void **state)
{
	struct vmstat vmstat = { .present = 1 };
	struct tree tree;

	(void)state;
	tree_make(&tree);
	assert_int_equal(vmstat_read(tree.root, &vmstat), -ENOENT);
	assert_int_equal(vmstat.present, 1);
	tree_text(&tree, "vmstat", "%s", "");
	assert_int_equal(vmstat_read(tree.root, &vmstat), 0);
	assert_int_equal(vmstat.present, 0);
	tree_remove(&tree, "");
}

/* The real one: every kernel that migrates pages counts that. */
static void test_here(void **state)
{
	struct vmstat vmstat;

	(void)state;
	if (access("/proc/vmstat", R_OK))
		skip();
	assert_int_equal(vmstat_read("/proc", &vmstat), 0);
	assert_true(vmstat.present & bit(VMSTAT_PGMIGRATE_SUCCESS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all),
		cmocka_unit_test(test_some),
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_here),
	};

	return cmocka_run_group_tests_name("vmstat", tests, NULL, NULL);
}
