// SPDX-License-Identifier: GPL-2.0-only
/*
 * THEORY OF OPERATION: the tables that cat shows are read while the kernel
 * goes on counting, so each number in them must lie between those that the
 * counters had before and have after. Every reason must have its row, by name.
 */
#include "views.h"

/* A header, and a row for each reason by its name; without hooks of functions, too. */
static void test_tables_of_reasons(void **state)
{
	struct stats_migrations before[SEEN_REASONS], after[SEEN_REASONS];
	struct bpf *bpf = open_bpf(NULL);
	unsigned long long calls;
	char *text, *line;

	(void)state;
	bpffs_mount();
	pin(bpf);
	assert_int_equal(bpf_migrations(bpf, before), 0);
	for (uint32_t i = 0; i < SEEN_REASONS; i++) {
		text = text_read(PINS "/migrations");
		assert_int_equal(strncmp(text, "REASON               CALLS    SUCCEEDED", 39), 0);
		line = text_line(text, reason_names[i]);
		assert_non_null(line);
		assert_int_equal(bpf_migrations(bpf, after), 0);
		assert_int_equal(sscanf(line, "%*s %llu", &calls), 1);
		assert_in_range(calls, before[i].calls, after[i].calls);
		free(text);
	}
	text = text_read(PINS "/processes");
	assert_int_equal(strncmp(text, "    PID COMM            ", 24), 0);
	assert_null(strstr(text + 1, "    PID COMM "));
	free(text);
	bpf_close(bpf);
	bpffs_unmount();
}

/* Each reason has its row, in the order of the counters. */
static void check_flush_rows(const char *text)
{
	static const char *const names[] = { FLUSH_REASON_LIST(TIERED_LIST_NAME) };

	for (size_t i = 0; i < STATS_FLUSH_REASONS; i++) {
		text = strchr(text, '\n');
		assert_non_null(text);
		text++;
		assert_int_equal(strncmp(text, names[i], strlen(names[i])), 0);
		assert_int_equal(text[strlen(names[i])], ' ');
	}
}

/* Our own flushes, here and on other CPUs, show in the text as in the counters. */
static void test_table_of_flushes(void **state)
{
	struct stats_flushes before[STATS_FLUSH_REASONS], after[STATS_FLUSH_REASONS];
	char *page = mmap(NULL, TIERED_PAGE_SIZE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct bpf *bpf = open_bpf(NULL);
	unsigned long long full, partial, pages;
	char *text, *line;

	(void)state;
	assert_ptr_not_equal(page, MAP_FAILED);
	bpffs_mount();
	pin(bpf);
	for (int i = 0; i < 100; i++) {
		*(volatile char *)page = 1;
		madvise(page, TIERED_PAGE_SIZE, MADV_DONTNEED);
	}
	assert_int_equal(bpf_flushes(bpf, before), 0);
	text = text_read(PINS "/shootdowns");
	assert_int_equal(bpf_flushes(bpf, after), 0);
	check_flush_rows(text);
	line = text_line(text, "local_mm");
	assert_non_null(line);
	printf("# %s\n", line);
	assert_int_equal(sscanf(line, "%*s %llu %llu %llu", &full, &partial, &pages), 3);
	assert_in_range(full, before[STATS_FLUSH_LOCAL_MM].full, after[STATS_FLUSH_LOCAL_MM].full);
	assert_in_range(pages, before[STATS_FLUSH_LOCAL_MM].pages,
			after[STATS_FLUSH_LOCAL_MM].pages);
	assert_true(before[STATS_FLUSH_LOCAL_MM].full + before[STATS_FLUSH_LOCAL_MM].partial +
			    before[STATS_FLUSH_LOCAL].full + before[STATS_FLUSH_LOCAL].partial +
			    before[STATS_FLUSH_SENT].full + before[STATS_FLUSH_SENT].partial >=
		    100);
	free(text);
	bpf_close(bpf);
	bpffs_unmount();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tables_of_reasons),
		cmocka_unit_test(test_table_of_flushes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
