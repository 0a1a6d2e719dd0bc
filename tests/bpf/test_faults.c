// SPDX-License-Identifier: GPL-2.0-only
/*
 * THEORY OF OPERATION: a child touches a known number of fresh pages. The
 * totals must show them, and for a managed child the records, with the losses,
 * must add up to the exact total, whether the cache hits, thrashes, or the
 * rate cap holds nearly everything back.
 */
#include "common.h"
#include "util/clock.h"

#define PAGES 4096
/*
 * Faults of its own that a small program may have on the side: stack, libc,
 * copies after fork; with AddressSanitizer its shadow of all that is touched.
 */
#ifdef __SANITIZE_ADDRESS__
#define PAGES_ASIDE (2 * PAGES)
#else
#define PAGES_ASIDE 64
#endif

struct area {
	size_t pages;
	size_t stride; /* bytes from one touched page to the next */
	int read_only;
};

/* Touches each page once; with @read_only the zero page is mapped, which is a read fault. */
static void area_touch(void *arg)
{
	const struct area *area = arg;
	const size_t length = area->pages * area->stride;
	volatile char *memory = mmap(NULL, length, PROT_READ | PROT_WRITE,
				     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	char sum = 0;

	if (memory == MAP_FAILED)
		_exit(1);
	madvise((void *)memory, length, MADV_NOHUGEPAGE);
	for (size_t i = 0; i < area->pages; i++) {
		if (area->read_only)
			sum += memory[i * area->stride];
		else
			memory[i * area->stride] = 1;
	}
	munmap((void *)memory, length);
	if (sum)
		_exit(1);
}

struct result {
	struct stats_totals before, after;
	struct sums sums;
	uint64_t lost;
};

static struct result area_run(const struct bpf_config *config, const struct area *area, bool manage)
{
	struct child child = child_start(area_touch, (void *)area);
	struct bpf *bpf = open_bpf(config);
	struct result result = { .sums = { .tgid = (uint32_t)child.pid } };

	if (manage)
		assert_int_equal(bpf_manage(bpf, (uint32_t)child.pid, true), 0);
	assert_int_equal(bpf_totals(bpf, &result.before), 0);
	child_run(&child);
	assert_int_equal(bpf_totals(bpf, &result.after), 0);
	child_end(&child);
	drain_into(bpf, &result.sums);
	assert_int_equal(bpf_totals(bpf, &result.after), 0);
	result.lost = lost_units(bpf, EVENT_FAULTS);
	bpf_close(bpf);
	return result;
}

/* Everything that was eligible is in a record or in the losses: nothing else may be true. */
static void check_exact(const struct result *result)
{
	assert_int_equal(result->sums.faults + result->lost, result->after.managed_faults);
}

static void test_touched_pages_are_counted(void **state)
{
	const struct area area = { PAGES, TIERED_PAGE_SIZE, 0 };
	struct result result = area_run(NULL, &area, true);
	uint64_t faults = result.after.managed_faults - result.before.managed_faults;

	(void)state;
	assert_in_range(faults, PAGES, PAGES + PAGES_ASIDE);
	assert_true(result.after.faults - result.before.faults >= faults);
	assert_in_range(result.sums.writes, PAGES, faults);
	/* 16 MiB are 8 or 9 regions; without adding up it would be thousands of records. */
	assert_in_range(result.sums.fault_records, 8, 9 + 2 * PAGES_ASIDE);
	assert_int_equal(result.lost, 0);
	check_exact(&result);
}

static void test_reads_are_no_writes(void **state)
{
	const struct area area = { PAGES, TIERED_PAGE_SIZE, 1 };
	struct result result = area_run(NULL, &area, true);

	(void)state;
	assert_in_range(result.sums.faults, PAGES, PAGES + PAGES_ASIDE);
	assert_in_range(result.sums.writes, 0, PAGES_ASIDE);
	check_exact(&result);
}

static void test_thrashed_cache_stays_exact(void **state)
{
	const struct bpf_config config = { .event_rate = UINT32_MAX };
	const struct area area = { PAGES, 2UL << 20, 0 };
	struct result result = area_run(&config, &area, true);

	(void)state;
	assert_in_range(result.sums.faults + result.lost, PAGES, PAGES + PAGES_ASIDE);
	/* Each page in a region of its own: hardly anything can be added up. */
	assert_true(result.lost || result.sums.fault_records >= PAGES);
	check_exact(&result);
}

static void test_rate_cap_loses_records_not_counts(void **state)
{
	const struct bpf_config config = { .event_rate = 10 };
	const struct area area = { PAGES, 2UL << 20, 0 };
	struct result result = area_run(&config, &area, true);

	(void)state;
	assert_in_range(result.after.managed_faults, PAGES, PAGES + PAGES_ASIDE);
	assert_true(result.lost > PAGES / 2);
	assert_true(result.sums.fault_records > 0);
	check_exact(&result);
}

static void test_unmanaged_processes_only_count(void **state)
{
	const struct area area = { PAGES, TIERED_PAGE_SIZE, 0 };
	struct result result = area_run(NULL, &area, false);

	(void)state;
	assert_true(result.after.faults - result.before.faults >= PAGES);
	assert_int_equal(result.after.managed_faults, 0);
	assert_int_equal(result.sums.fault_records, 0);
	assert_int_equal(result.lost, 0);
}

static void test_all_processes_on_request(void **state)
{
	const struct bpf_config config = { .all_processes = true,
					   .event_rate = UINT32_MAX,
					   .ring_bytes = 16 << 20 };
	const struct area area = { PAGES, TIERED_PAGE_SIZE, 0 };
	struct result result = area_run(&config, &area, false);

	(void)state;
	assert_in_range(result.sums.faults, PAGES, PAGES + PAGES_ASIDE);
}

/* The answer is cached per CPU: it must not outlive the change. */
static void test_unmanage_takes_effect(void **state)
{
	struct area area = { 64, TIERED_PAGE_SIZE, 0 };
	struct child child = child_start(area_touch, &area);
	struct stats_totals first, second, third;
	struct bpf *bpf = open_bpf(NULL);

	(void)state;
	assert_int_equal(bpf_manage(bpf, (uint32_t)child.pid, true), 0);
	child_run(&child);
	assert_int_equal(bpf_totals(bpf, &first), 0);
	assert_int_equal(bpf_manage(bpf, (uint32_t)child.pid, false), 0);
	child_run(&child);
	assert_int_equal(bpf_totals(bpf, &second), 0);
	assert_int_equal(bpf_manage(bpf, (uint32_t)child.pid, true), 0);
	child_run(&child);
	assert_int_equal(bpf_totals(bpf, &third), 0);
	child_end(&child);
	assert_int_equal(bpf_manage(bpf, (uint32_t)child.pid, false), 0);
	assert_int_equal(bpf_manage(bpf, (uint32_t)child.pid, false), 0);
	bpf_close(bpf);
	assert_true(first.managed_faults >= 64);
	assert_int_equal(second.managed_faults, first.managed_faults);
	assert_true(third.managed_faults >= second.managed_faults + 64);
}

/* As many as the map holds, then a clear no; and room again when one goes. */
static void test_too_many_managed(void **state)
{
	struct bpf *bpf = open_bpf(NULL);
	uint32_t first = 0x40000000, n = 0; /* beyond any pid_max: no such processes */
	int r = 0;

	(void)state;
	while (n <= 16384 && (r = bpf_manage(bpf, first + n, true)) == 0)
		n++;
	assert_int_equal(r, -E2BIG);
	/* The kernel may set a few aside for each CPU. */
	assert_in_range(n, 16384 - 64 * (uint32_t)sysconf(_SC_NPROCESSORS_CONF), 16384);
	assert_int_equal(bpf_manage(bpf, first, true), 0);
	assert_int_equal(bpf_manage(bpf, first, false), 0);
	assert_int_equal(bpf_manage(bpf, first, false), 0);
	assert_int_equal(bpf_manage(bpf, first + n, true), 0);
	bpf_close(bpf);
}

/* Without a drain: a record that is a second old is sent when something happens on its CPU. */
static void test_old_records_leave_by_themselves(void **state)
{
	struct area area = { 1, TIERED_PAGE_SIZE, 0 };
	struct child child = child_start(area_touch, &area);
	struct bpf *bpf = open_bpf(NULL);
	struct sums sums = { .tgid = (uint32_t)child.pid };
	const uint64_t deadline_ns = clock_now_ns() + 30 * NSEC_PER_SEC;

	(void)state;
	assert_int_equal(bpf_manage(bpf, (uint32_t)child.pid, true), 0);
	/* Where the machine stands still for a second, one is of a single fault. */
	while (sums.faults <= sums.fault_records && clock_now_ns() < deadline_ns) {
		child_run(&child);
		assert_true(bpf_consume(bpf, &sum_handler, &sums) >= 0);
	}
	child_end(&child);
	bpf_close(bpf);
	assert_true(sums.fault_records > 0);
	assert_true(sums.faults > sums.fault_records);
}

/* A ring of one page holds some 50 of these records: the rest is lost, and counted. */
static void test_full_ring_is_counted(void **state)
{
	const struct bpf_config config = { .event_rate = UINT32_MAX, .ring_bytes = 4096 };
	const struct area area = { PAGES, 2UL << 20, 0 };
	struct child child = child_start(area_touch, (void *)&area);
	struct event_losses losses[EVENT_KINDS];
	struct bpf *bpf = open_bpf(&config);
	struct sums sums = { .tgid = (uint32_t)child.pid };
	struct stats_totals totals;

	(void)state;
	assert_int_equal(bpf_manage(bpf, (uint32_t)child.pid, true), 0);
	child_run(&child);
	child_end(&child);
	drain_into(bpf, &sums);
	assert_int_equal(bpf_totals(bpf, &totals), 0);
	assert_int_equal(bpf_losses(bpf, losses), 0);
	bpf_close(bpf);
	assert_int_equal(losses[EVENT_FAULTS].rate_capped, 0);
	assert_true(losses[EVENT_FAULTS].ring_full > PAGES - 200);
	assert_int_equal(losses[EVENT_FAULTS].ring_full_units + sums.faults, totals.managed_faults);
	assert_int_equal(sums.records, totals.events);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_touched_pages_are_counted),
		cmocka_unit_test(test_reads_are_no_writes),
		cmocka_unit_test(test_thrashed_cache_stays_exact),
		cmocka_unit_test(test_rate_cap_loses_records_not_counts),
		cmocka_unit_test(test_unmanaged_processes_only_count),
		cmocka_unit_test(test_all_processes_on_request),
		cmocka_unit_test(test_unmanage_takes_effect),
		cmocka_unit_test(test_too_many_managed),
		cmocka_unit_test(test_old_records_leave_by_themselves),
		cmocka_unit_test(test_full_ring_is_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
