// SPDX-License-Identifier: GPL-2.0-only
/* The table of trackers, and the stub that stands in for one. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "observe/target.h"
#include "observe/tracker.h"
#include "tree.h"

static void test_choose(void **state)
{
	struct tracker_env env;
	const struct tracker_ops *chosen = NULL;
	char reasons[512], small[8];
	struct tree tree;

	(void)state;
	tree_make(&tree);
	env = (struct tracker_env){ .proc_root = tree.root, .sys_root = tree.root };
	/* Nothing works here; the stub is no way out. */
	assert_int_equal(tracker_choose("auto", &env, &chosen, reasons, sizeof(reasons)),
			 -EOPNOTSUPP);
	assert_null(chosen);
	assert_int_equal(strncmp(reasons, "tracker young: page tables are read by BPF", 42), 0);
	assert_non_null(strstr(reasons, "; tracker idle: the kernel has no idle page tracking"));
	assert_int_equal(tracker_choose("idle", &env, &chosen, reasons, sizeof(reasons)),
			 -EOPNOTSUPP);
	assert_int_equal(tracker_choose("auto", &env, &chosen, small, sizeof(small)), -EOPNOTSUPP);
	assert_int_equal(strlen(small), sizeof(small) - 1);
	assert_int_equal(tracker_choose("nosuch", &env, &chosen, reasons, sizeof(reasons)),
			 -ENOENT);
	assert_non_null(strstr(reasons, "idle"));
	assert_null(chosen);
	assert_int_equal(tracker_choose("stub", &env, &chosen, reasons, sizeof(reasons)), 0);
	assert_ptr_equal(chosen, &tracker_stub);
	/* And now idle does. */
	tree_text(&tree, "kernel/mm/page_idle/bitmap", "-");
	tree_text(&tree, "self/pagemap", "-");
	assert_int_equal(tracker_choose("auto", &env, &chosen, reasons, sizeof(reasons)), 0);
	assert_ptr_equal(chosen, &tracker_idle);
	/* Not the best: the better one says why not. */
	assert_int_equal(strncmp(reasons, "tracker young: ", 15), 0);
	assert_null(strstr(reasons, "tracker idle"));
	tree_remove(&tree, "");
}

static void collect(void *arg, const struct observation *observations, size_t n)
{
	struct observation *last = arg;

	assert_int_equal(n, 1);
	assert_int_equal(observations->interval_ns, 99);
	last->address += observations->address;
}

static void count(void *arg, struct target *target)
{
	*(uint32_t *)arg += target->id;
}

static void test_stub(void **state)
{
	struct target one = { .id = 1 }, two = { .id = 2 };
	struct target *const both[] = { &one, &two };
	const struct observation script[] = {
		{ .target = 1, .address = 1000, .order = 2 },
		{ .target = 2, .address = 20000 },
		{ .target = 3, .address = 300000 },
	};
	struct observation sum = { .address = 0 };
	struct tracker_cost cost;
	uint32_t ids = 0;
	void *stub;

	(void)state;
	assert_int_equal(tracker_stub.start(NULL, &stub), 0);
	assert_int_equal(tracker_stub.retarget(stub, both, 2), 0);
	tracker_stub.marked_targets(stub, count, &ids);
	assert_int_equal(ids, 3);
	tracker_stub_script(stub, script, 3);
	assert_int_equal(tracker_stub.mark(stub, 1, &cost), 0);
	assert_int_equal(tracker_stub.read(stub, 99, collect, &sum, &cost), 0);
	assert_int_equal(sum.address, 21000);
	assert_int_equal(cost.pages, 5);
	assert_int_equal(cost.marked, 2);
	tracker_stub.stop(stub);
	tracker_stub.stop(NULL);
	tracker_idle.stop(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_choose),
		cmocka_unit_test(test_stub),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
