// SPDX-License-Identifier: GPL-2.0-only
/* Records of the ring: the right ones reach the right callback, the others reach nobody. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "bpf/events.h"
#include "bpf/loader.h"
#include "bpf/pins.h"
#include "bpf/stats.h"
#include "bpf/vmas.h"

struct calls {
	unsigned int lifecycle, faults, migration, folio, shootdowns;
	unsigned char last[128];
	size_t last_size;
};

static void keep(struct calls *calls, const void *event, size_t size)
{
	memcpy(calls->last, event, size);
	calls->last_size = size;
}

static void on_lifecycle(void *arg, const struct event_lifecycle *event)
{
	((struct calls *)arg)->lifecycle++;
	keep(arg, event, sizeof(*event));
}

static void on_faults(void *arg, const struct event_faults *event)
{
	((struct calls *)arg)->faults++;
	keep(arg, event, sizeof(*event));
}

static void on_migration(void *arg, const struct event_migration *event)
{
	((struct calls *)arg)->migration++;
	keep(arg, event, sizeof(*event));
}

static void on_folio(void *arg, const struct event_folio *event)
{
	((struct calls *)arg)->folio++;
	keep(arg, event, sizeof(*event));
}

static void on_shootdowns(void *arg, const struct event_shootdowns *event)
{
	((struct calls *)arg)->shootdowns++;
	keep(arg, event, sizeof(*event));
}

static const struct event_handler all = {
	.lifecycle = on_lifecycle,
	.faults = on_faults,
	.migration = on_migration,
	.folio = on_folio,
	.shootdowns = on_shootdowns,
};

static const struct {
	uint32_t kind;
	size_t size;
	size_t counter; /* of struct calls */
} kinds[] = {
	{ EVENT_EXEC, sizeof(struct event_lifecycle), offsetof(struct calls, lifecycle) },
	{ EVENT_EXIT, sizeof(struct event_lifecycle), offsetof(struct calls, lifecycle) },
	{ EVENT_FORK, sizeof(struct event_lifecycle), offsetof(struct calls, lifecycle) },
	{ EVENT_FAULTS, sizeof(struct event_faults), offsetof(struct calls, faults) },
	{ EVENT_MIGRATION, sizeof(struct event_migration), offsetof(struct calls, migration) },
	{ EVENT_FOLIO, sizeof(struct event_folio), offsetof(struct calls, folio) },
	{ EVENT_SHOOTDOWNS, sizeof(struct event_shootdowns), offsetof(struct calls, shootdowns) },
};

#define N_KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* A record with every byte of its payload different. */
static void record_make(unsigned char *record, uint32_t kind, uint32_t size)
{
	struct event_header header = { .kind = kind, .size = size, .tgid = 4242 };

	for (size_t i = 0; i < 128; i++)
		record[i] = (unsigned char)(i * 7 + 1);
	memcpy(record, &header, sizeof(header));
}

static unsigned int calls_sum(const struct calls *calls)
{
	return calls->lifecycle + calls->faults + calls->migration + calls->folio +
	       calls->shootdowns;
}

static void test_each_kind_reaches_its_handler(void **state)
{
	unsigned char record[128];

	(void)state;
	for (size_t i = 0; i < N_KINDS; i++) {
		struct calls calls = { 0 };

		record_make(record, kinds[i].kind, (uint32_t)kinds[i].size);
		assert_int_equal(events_size(kinds[i].kind), kinds[i].size);
		assert_int_equal(events_dispatch(record, kinds[i].size, &all, &calls), 0);
		assert_int_equal(calls_sum(&calls), 1);
		assert_int_equal(*(unsigned int *)((char *)&calls + kinds[i].counter), 1);
		assert_int_equal(calls.last_size, kinds[i].size);
		assert_memory_equal(calls.last, record, kinds[i].size);
	}
}

static void test_every_kind_is_covered(void **state)
{
	(void)state;
	assert_int_equal(N_KINDS, EVENT_KINDS - 1);
	for (uint32_t kind = 1; kind < EVENT_KINDS; kind++) {
		assert_int_not_equal(events_size(kind), 0);
		assert_string_not_equal(events_name(kind), "?");
	}
	assert_int_equal(events_size(0), 0);
	assert_int_equal(events_size(EVENT_KINDS), 0);
	assert_int_equal(events_size(UINT32_MAX), 0);
	assert_string_equal(events_name(0), "?");
	assert_string_equal(events_name(UINT32_MAX), "?");
}

/* Whatever the two sizes say, only the right one on both sides is taken. */
static void test_wrong_sizes_are_refused(void **state)
{
	unsigned char record[128];

	(void)state;
	for (size_t i = 0; i < N_KINDS; i++) {
		for (size_t size = 0; size <= sizeof(record); size++) {
			struct calls calls = { 0 };
			const int right = size == kinds[i].size;

			record_make(record, kinds[i].kind, (uint32_t)size);
			assert_int_equal(events_dispatch(record, size, &all, &calls),
					 right ? 0 : -EBADMSG);
			assert_int_equal(calls_sum(&calls), right);

			/* The record tells another size than the ring. */
			record_make(record, kinds[i].kind, (uint32_t)size + 8);
			assert_int_equal(events_dispatch(record, size, &all, &calls), -EBADMSG);
			assert_int_equal(calls_sum(&calls), right);
		}
	}
}

static void test_wrong_kinds_are_refused(void **state)
{
	static const uint32_t wrong[] = { 0,          EVENT_KINDS, EVENT_KINDS + 1,
					  0x80000000, UINT32_MAX,  EVENT_FAULTS << 8 };
	unsigned char record[128];

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		for (size_t size = 0; size <= sizeof(record); size += 8) {
			struct calls calls = { 0 };

			record_make(record, wrong[i], (uint32_t)size);
			assert_int_equal(events_dispatch(record, size, &all, &calls), -EBADMSG);
			assert_int_equal(calls_sum(&calls), 0);
		}
	}
}

static void test_unwanted_kinds_are_passed_over(void **state)
{
	static const struct event_handler none;
	unsigned char record[128];

	(void)state;
	for (size_t i = 0; i < N_KINDS; i++) {
		record_make(record, kinds[i].kind, (uint32_t)kinds[i].size);
		assert_int_equal(events_dispatch(record, kinds[i].size, &none, NULL), 0);
	}
}

static void test_records_may_lie_anywhere(void **state)
{
	unsigned char record[128], shifted[136];

	(void)state;
	for (size_t shift = 0; shift < 8; shift++) {
		struct calls calls = { 0 };

		record_make(record, EVENT_MIGRATION, sizeof(struct event_migration));
		memcpy(shifted + shift, record, sizeof(record));
		assert_int_equal(events_dispatch(shifted + shift, sizeof(struct event_migration),
						 &all, &calls),
				 0);
		assert_memory_equal(calls.last, record, sizeof(struct event_migration));
	}
}

/* Without BPF everything answers, and nothing is written. */
static void test_null_is_no_bpf(void **state)
{
	struct event_losses losses[EVENT_KINDS];
	struct stats_migrations migrations[SEEN_REASONS];
	struct stats_flushes flushes[STATS_FLUSH_REASONS];
	struct stats_totals totals;
	struct stats_process process;
	const uint8_t tiers[TIERED_NODES_MAX] = { 0 };
	struct flush_seen seen = { .full = 7, .partial = 9 };
	struct vma_record record;
	uint64_t missed;
	size_t n = 5;

	(void)state;
	assert_int_equal(bpf_consume(NULL, &all, NULL), -EOPNOTSUPP);
	assert_int_equal(bpf_drain(NULL), -EOPNOTSUPP);
	assert_int_equal(bpf_manage(NULL, 1, true), -EOPNOTSUPP);
	assert_int_equal(bpf_flush_seen(NULL, &seen), -EOPNOTSUPP);
	assert_int_equal(seen.full, 7);
	assert_int_equal(seen.partial, 9);
	assert_int_equal(bpf_totals(NULL, &totals), -EOPNOTSUPP);
	assert_int_equal(bpf_losses(NULL, losses), -EOPNOTSUPP);
	assert_int_equal(bpf_migrations(NULL, migrations), -EOPNOTSUPP);
	assert_int_equal(bpf_flushes(NULL, flushes), -EOPNOTSUPP);
	assert_int_equal(bpf_process(NULL, 1, 0, &process), -EOPNOTSUPP);
	assert_int_equal(bpf_missed(NULL, &missed), -EOPNOTSUPP);
	assert_int_equal(bpf_vmas(NULL, 1, &record, 1), -EOPNOTSUPP);
	assert_int_equal(bpf_malformed(NULL), 0);
	assert_null(bpf_report(NULL, &n));
	assert_int_equal(n, 0);
	assert_false(bpf_enabled(NULL, "faults"));
	bpf_set_worker(NULL, 1);
	bpf_set_victim(NULL, 1);
	bpf_set_watch(NULL, true, 0);
	bpf_set_tiers(NULL, tiers);
	assert_int_equal(bpf_each_process(NULL, NULL, NULL), -EOPNOTSUPP);
	assert_int_equal(bpf_each_cgroup(NULL, NULL, NULL), -EOPNOTSUPP);
	assert_int_equal(bpf_each_node_pair(NULL, NULL, NULL), -EOPNOTSUPP);
	bpf_unpin(NULL);
	bpf_close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_kind_reaches_its_handler),
		cmocka_unit_test(test_every_kind_is_covered),
		cmocka_unit_test(test_wrong_sizes_are_refused),
		cmocka_unit_test(test_wrong_kinds_are_refused),
		cmocka_unit_test(test_unwanted_kinds_are_passed_over),
		cmocka_unit_test(test_records_may_lie_anywhere),
		cmocka_unit_test(test_null_is_no_bpf),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
