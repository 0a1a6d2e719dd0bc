// SPDX-License-Identifier: GPL-2.0-only
#include <bpf/btf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "bpf/reasons.h"

#define SLOTS 8

/* Type information of a kernel that counts its reasons as nobody else does. */
static struct btf *kernel_make(void)
{
	struct btf *btf = btf__new_empty();

	assert_non_null(btf);
	assert_true(btf__add_enum(btf, "migrate_reason", 4) > 0);
	assert_int_equal(btf__add_enum_value(btf, "MR_NUMA_MISPLACED", 0), 0);
	assert_int_equal(btf__add_enum_value(btf, "MR_SYSCALL", 2), 0);
	assert_int_equal(btf__add_enum_value(btf, "MR_OF_TOMORROW", 3), 0);
	assert_int_equal(btf__add_enum_value(btf, "MR_DEMOTION", 7), 0);
	assert_int_equal(btf__add_enum_value(btf, "MR_COMPACTION", 8), 0);
	assert_int_equal(btf__add_enum_value(btf, "MR_DAMON", -1), 0);
	return btf;
}

static void test_translated_by_name(void **state)
{
	static const uint8_t expected[SLOTS] = {
		SEEN_NUMA_BALANCING, SEEN_UNKNOWN_REASON, SEEN_SYSCALL,        SEEN_UNKNOWN_REASON,
		SEEN_UNKNOWN_REASON, SEEN_UNKNOWN_REASON, SEEN_UNKNOWN_REASON, SEEN_DEMOTION,
	};
	struct btf *kernel = kernel_make();
	uint8_t seen[SLOTS + 1];

	(void)state;
	memset(seen, 0x5a, sizeof(seen));
	reasons_read(kernel, seen, SLOTS);
	assert_memory_equal(seen, expected, SLOTS);
	/* MR_COMPACTION is beyond the table. */
	assert_int_equal(seen[SLOTS], 0x5a);
	btf__free(kernel);
}

static void test_kernel_without_reasons(void **state)
{
	struct btf *kernel = btf__new_empty();
	uint8_t seen[SLOTS] = { 0 };

	(void)state;
	reasons_read(kernel, seen, SLOTS);
	for (size_t i = 0; i < SLOTS; i++)
		assert_int_equal(seen[i], SEEN_UNKNOWN_REASON);
	btf__free(kernel);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_translated_by_name),
		cmocka_unit_test(test_kernel_without_reasons),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
