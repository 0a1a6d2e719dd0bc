// SPDX-License-Identifier: GPL-2.0-only
/* The targets that the worker holds: found by id, removed in any order, looked at in turn. */
#include "fake_tracker.h"
#include "observe/vmas.h"
#include "worker/roster.h"

#define MANY 1000

/* Without a process: nothing of it is looked at but its id. */
static struct target *make_target(uint32_t id)
{
	struct target *target = calloc(1, sizeof(*target));

	assert_non_null(target);
	target->id = id;
	target->pidfd = -1;
	target->pagemap_fd = -1;
	return target;
}

static void fill(struct roster *roster, uint32_t n, uint32_t step)
{
	uint32_t i;

	for (i = 1; i <= n; i++)
		assert_int_equal(roster_add(roster, make_target(i * step)), 0);
}

/* Both arrays hold the same, ascending. */
static void expect_sound(const struct roster *roster, size_t count)
{
	size_t i;

	assert_int_equal(roster->count, count);
	for (i = 0; i < count; i++) {
		assert_ptr_equal(roster->seats[i].target, roster->targets[i]);
		assert_ptr_equal(roster_find(roster, roster->targets[i]->id), &roster->seats[i]);
		if (i)
			assert_true(roster->targets[i]->id > roster->targets[i - 1]->id);
	}
}

static void test_find(void **state)
{
	struct roster roster = { 0 };
	uint32_t id;

	(void)state;
	assert_null(roster_find(&roster, 1));
	fill(&roster, MANY, 3);
	expect_sound(&roster, MANY);
	for (id = 0; id <= 3 * MANY + 3; id++) {
		struct seat *seat = roster_find(&roster, id);

		if (id % 3 || !id || id > 3 * MANY) {
			assert_null(seat);
			continue;
		}
		assert_non_null(seat);
		assert_int_equal(seat->target->id, id);
	}
	assert_null(roster_find(&roster, UINT32_MAX));
	roster_done(&roster);
	assert_int_equal(roster.count, 0);
	assert_null(roster_find(&roster, 3));
}

/* Seats keep what they hold when others leave, whatever the order. */
static void test_remove(void **state)
{
	struct roster roster = { 0 };
	uint32_t i, id = 0;

	(void)state;
	fill(&roster, 101, 1);
	for (i = 0; i < 101; i++)
		roster.seats[i].mapped_ns = roster.targets[i]->id * 10;
	roster_remove(&roster, 102);
	expect_sound(&roster, 101);
	/* 101 is prime: each id is met once. */
	for (i = 0; i < 101; i++) {
		id = (id + 37) % 101;
		roster_remove(&roster, id + 1);
		assert_null(roster_find(&roster, id + 1));
		roster_remove(&roster, id + 1);
		expect_sound(&roster, 100 - i);
		if (roster.count)
			assert_int_equal(roster.seats[0].mapped_ns, roster.targets[0]->id * 10);
	}
	assert_int_equal(roster_add(&roster, make_target(500)), 0);
	expect_sound(&roster, 1);
	assert_int_equal(roster.seats[0].mapped_ns, 0);
	roster_done(&roster);
}

/* What a refresh does, told by its helpers. */
struct watch {
	int listings;
	int fail;
	int breaths;
	int stop_after;
};

static int list(void *arg, int pid, struct vma_record *records, size_t room)
{
	struct watch *watch = arg;

	(void)pid;
	(void)records;
	(void)room;
	watch->listings++;
	return watch->fail ? -EIO : 0;
}

static int breathe(void *arg)
{
	struct watch *watch = arg;

	return watch->stop_after && ++watch->breaths >= watch->stop_after ? -ECANCELED : 0;
}

static struct target *open_child(pid_t child, uint32_t id)
{
	struct target_key key = child_key(child);
	struct target *target;

	assert_int_equal(target_open("/proc", id, &key, NULL, &target), 0);
	return target;
}

static void test_refresh(void **state)
{
	struct watch watch = { 0 };
	struct tracker_env env = { .proc_root = "/proc",
				   .breathe = breathe,
				   .breathe_arg = &watch };
	struct roster roster = { 0 };
	pid_t child = child_make();

	(void)state;
	assert_int_equal(roster_add(&roster, open_child(child, 1)), 0);
	assert_int_equal(roster_add(&roster, make_target(2)), 0);
	roster.seats[0].marked = roster.seats[0].flushed = 1;
	assert_int_equal(roster_refresh(&roster, &env, list, &watch), 0);
	assert_int_equal(roster.seats[0].gone, 0);
	assert_int_equal(roster.seats[0].marked, 0);
	assert_int_equal(roster.seats[0].flushed, 0);
	/* The other has no process: it is gone, and its mappings are nobody's. */
	assert_int_equal(roster.seats[1].gone, 1);
	assert_int_equal(watch.listings, 1);
	/* Mappings of a moment ago will do. */
	assert_int_equal(roster_refresh(&roster, &env, list, &watch), 0);
	assert_int_equal(watch.listings, 1);
	/* Older than a second they will not. */
	roster.seats[0].mapped_ns -= NSEC_PER_SEC;
	assert_int_equal(roster_refresh(&roster, &env, list, &watch), 0);
	assert_int_equal(watch.listings, 2);
	/* Unless reading them takes so long: 10 ms are a quarter of 1 % of 4 s. */
	roster.cpu_max_ppm = 10000;
	roster.seats[0].mapping_ns = 10 * NSEC_PER_MSEC;
	roster.seats[0].mapped_ns -= 3 * NSEC_PER_SEC;
	assert_int_equal(roster_refresh(&roster, &env, list, &watch), 0);
	assert_int_equal(watch.listings, 2);
	roster.seats[0].mapped_ns -= NSEC_PER_SEC;
	assert_int_equal(roster_refresh(&roster, &env, list, &watch), 0);
	assert_int_equal(watch.listings, 3);
	child_end(child);
	assert_int_equal(roster_refresh(&roster, &env, list, &watch), 0);
	assert_int_equal(roster.seats[0].gone, 1);
	roster_done(&roster);
}

/* Mappings that cannot be read are asked for again, and those there were are kept. */
static void test_refresh_fails(void **state)
{
	struct watch watch = { 0 };
	struct tracker_env env = { .proc_root = "/proc",
				   .breathe = breathe,
				   .breathe_arg = &watch };
	struct roster roster = { 0 };
	pid_t child = child_make();
	size_t n;

	(void)state;
	assert_int_equal(roster_add(&roster, open_child(child, 1)), 0);
	assert_int_equal(roster_refresh(&roster, &env, NULL, NULL), 0);
	n = roster.targets[0]->n_vmas;
	assert_true(n > 0);
	roster.seats[0].mapped_ns -= NSEC_PER_SEC;
	env.proc_root = "/nowhere";
	watch.fail = 1;
	assert_int_equal(roster_refresh(&roster, &env, list, &watch), 0);
	assert_int_equal(roster_refresh(&roster, &env, list, &watch), 0);
	assert_int_equal(watch.listings, 2);
	assert_int_equal(roster.targets[0]->n_vmas, n);
	assert_int_equal(roster.seats[0].gone, 0);
	roster_done(&roster);
	child_end(child);
}

static void test_refresh_stops(void **state)
{
	struct watch watch = { .stop_after = 2 };
	struct tracker_env env = { .proc_root = "/proc",
				   .breathe = breathe,
				   .breathe_arg = &watch };
	struct roster roster = { 0 };
	size_t i, gone = 0;

	(void)state;
	fill(&roster, 10, 1);
	assert_int_equal(roster_refresh(&roster, &env, list, &watch), -ECANCELED);
	for (i = 0; i < roster.count; i++)
		gone += roster.seats[i].gone;
	assert_int_equal(gone, 2);
	roster_done(&roster);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find),          cmocka_unit_test(test_remove),
		cmocka_unit_test(test_refresh),       cmocka_unit_test(test_refresh_fails),
		cmocka_unit_test(test_refresh_stops),
	};

	return cmocka_run_group_tests_name("roster", tests, NULL, NULL);
}
