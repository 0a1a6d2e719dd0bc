// SPDX-License-Identifier: GPL-2.0-only
/* Who is chosen and who goes: sweeps over made-up /proc trees. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "observe/proc.h"
#include "observe/targets.h"
#include "tree.h"

#define MIB (UINT64_C(1) << 20)
#define PAGES(mib) ((unsigned long)((mib)*MIB / TIERED_PAGE_SIZE))

static struct target_rule rule(const char *name, const char *comm, int exclude)
{
	struct target_rule made;

	target_rule_init(&made, name);
	snprintf(made.comm, sizeof(made.comm), "%s", comm);
	made.exclude = exclude;
	return made;
}

/* --- sweeps */

static struct {
	struct tree tree;
	struct targets *targets;
	struct targets_change change;
} world;

static void process(unsigned int pid, const char *comm, unsigned long start, unsigned long mib,
		    unsigned int flags, const char *exe)
{
	char path[64];

	snprintf(path, sizeof(path), "%u/stat", pid);
	tree_text(&world.tree, path,
		  "%u (%s) S 1 1 1 0 -1 %u 1 2 3 4 5 6 7 8 20 0 1 0 %lu 999 %lu 1 2\n", pid, comm,
		  flags, start, PAGES(mib));
	snprintf(path, sizeof(path), "%u/exe", pid);
	if (*exe)
		tree_link(&world.tree, path, exe);
	snprintf(path, sizeof(path), "%u/status", pid);
	tree_text(&world.tree, path, "Name:\t%s\nUid:\t%u\t0\t0\t0\n", comm, 1000 + pid);
	snprintf(path, sizeof(path), "%u/cgroup", pid);
	tree_text(&world.tree, path, "4:memory:/old\n0::/user/%u\n", pid);
}

static void end_process(unsigned int pid)
{
	char path[64];

	snprintf(path, sizeof(path), "%u", pid);
	tree_remove(&world.tree, path);
}

static void begin(const struct target_rule *rules, size_t n, size_t max)
{
	struct targets_config config = { rules, n, 64 * MIB, max };

	assert_int_equal(targets_new(&config, &world.targets), 0);
}

static void sweep(size_t added, size_t removed, size_t kept)
{
	assert_int_equal(targets_sweep(world.targets, world.tree.root, &world.change), 0);
	assert_int_equal(world.change.n_added, added);
	assert_int_equal(world.change.n_removed, removed);
	assert_int_equal(world.change.kept, kept);
}

static void look(size_t added, size_t removed, size_t kept)
{
	assert_int_equal(targets_look(world.targets, world.tree.root, &world.change), 0);
	assert_int_equal(world.change.n_added, added);
	assert_int_equal(world.change.n_removed, removed);
	assert_int_equal(world.change.kept, kept);
}

static int setup(void **state)
{
	(void)state;
	memset(&world, 0, sizeof(world));
	tree_make(&world.tree);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	targets_free(world.targets);
	tree_remove(&world.tree, "");
	return 0;
}

static void test_sweep(void **state)
{
	uint32_t first;
	size_t n;

	(void)state;
	begin(NULL, 0, 10);
	process(1, "init", 1, 500, 0, "/sbin/init");
	process(100, "big", 50, 100, 0, "/bin/big");
	process(101, "small", 50, 10, 0, "/bin/small");
	process(102, "kthread) S 1", 50, 100, PROC_FLAG_KTHREAD, "");
	process((unsigned int)getpid(), "self", 50, 100, 0, "/bin/tiered");
	tree_text(&world.tree, "meminfo", "x");
	tree_text(&world.tree, "103/stat", "garbage");
	tree_text(&world.tree, "104x/stat", "104 (x) S");
	tree_text(&world.tree, "105/comm", "no stat");
	sweep(1, 0, 0);
	assert_int_equal(world.change.processes, 2);
	first = world.change.added[0].id;
	assert_int_equal(world.change.added[0].key.tgid, 100);
	assert_int_equal(world.change.added[0].key.start_ns, 500000000);
	assert_int_equal(world.change.added[0].key.exec_count, 0);
	assert_int_equal(world.change.added[0].rss_pages, PAGES(100));
	assert_int_equal(world.change.added[0].rule, TARGET_RULE_DEFAULT);
	assert_string_equal(world.change.added[0].comm, "big");
	/* Grows, shrinks a little, goes. */
	process(101, "small", 50, 64, 0, "/bin/small");
	sweep(1, 0, 1);
	assert_true(world.change.added[0].id > first);
	process(101, "small", 50, 40, 0, "/bin/small");
	sweep(0, 0, 2);
	process(101, "small", 50, 20, 0, "/bin/small");
	sweep(0, 1, 1);
	end_process(100);
	sweep(0, 1, 0);
	assert_int_equal(world.change.removed[0].id, first);
	assert_null(targets_find(world.targets, first));
	targets_list(world.targets, &n);
	assert_int_equal(n, 0);
	/* A key of an address space is never given twice: the one that shrank is the same. */
	process(101, "small", 50, 64, 0, "/bin/small");
	sweep(1, 0, 0);
	assert_int_equal(world.change.added[0].key.exec_count, 0);
}

/* The same pid: another process; another program. */
static void test_identity(void **state)
{
	uint32_t id;

	(void)state;
	begin(NULL, 0, 10);
	process(100, "a", 50, 100, 0, "/bin/a");
	sweep(1, 0, 0);
	process(100, "a", 51, 100, 0, "/bin/a");
	sweep(1, 1, 0);
	assert_int_equal(world.change.added[0].key.start_ns, 510000000);
	assert_int_equal(world.change.added[0].key.exec_count, 0);
	/* exec seen by its path; a program that was replaced on disk is the same. */
	process(100, "a", 51, 100, 0, "/bin/a (deleted)");
	sweep(0, 0, 1);
	process(100, "b", 51, 100, 0, "/bin/b");
	sweep(1, 1, 0);
	assert_int_equal(world.change.added[0].key.exec_count, 1);
	/* exec told by an event: seen at the next look, and once only. */
	targets_on_exec(world.targets, 100);
	look(1, 1, 0);
	assert_int_equal(world.change.added[0].key.exec_count, 2);
	look(0, 0, 1);
	sweep(0, 0, 1);
	/* The worker saw the end of the address space first. */
	id = targets_list(world.targets, &(size_t){ 0 })->id;
	targets_on_gone(world.targets, id);
	sweep(1, 1, 0);
	assert_int_equal(world.change.removed[0].id, id);
	assert_int_equal(world.change.added[0].key.exec_count, 3);
	/* exec while too small to be a target still counts. */
	process(100, "b", 51, 1, 0, "/bin/b");
	sweep(0, 1, 0);
	targets_on_exec(world.targets, 100);
	look(0, 0, 0);
	process(100, "b", 51, 100, 0, "/bin/b");
	look(1, 0, 0);
	assert_int_equal(world.change.added[0].key.exec_count, 4);
}

static void test_events(void **state)
{
	unsigned int i;

	(void)state;
	begin(NULL, 0, 1000);
	look(0, 0, 0);
	targets_on_fork(world.targets, 200);
	process(200, "new", 50, 1, 0, "/bin/new");
	look(0, 0, 0);
	process(200, "new", 50, 100, 0, "/bin/new");
	process(201, "unannounced", 50, 100, 0, "/bin/new");
	look(1, 0, 0);
	assert_int_equal(world.change.added[0].key.tgid, 200);
	end_process(200);
	look(0, 0, 1);
	targets_on_exit(world.targets, 200);
	look(0, 1, 0);
	/* An exit that is not one yet, of the leader only: it is looked at, and stays. */
	sweep(1, 0, 0);
	targets_on_exit(world.targets, 201);
	look(0, 0, 1);
	/* A hint is given up after a while, and more than there is room for are a sweep. */
	process(300, "slow", 50, 1, 0, "/bin/slow");
	targets_on_fork(world.targets, 300);
	for (i = 0; i < 20; i++)
		look(0, 0, 1);
	process(300, "slow", 50, 100, 0, "/bin/slow");
	look(0, 0, 1);
	for (i = 0; i < 1000; i++)
		targets_on_fork(world.targets, 10000 + i);
	look(1, 0, 1);
	assert_int_equal(world.change.added[0].key.tgid, 300);
}

static void test_overflow(void **state)
{
	unsigned int i;
	size_t n;

	(void)state;
	begin(NULL, 0, 4);
	for (i = 0; i < 10; i++)
		process(100 + i, "p", 50, 100 + i * 10, 0, "/bin/p");
	sweep(4, 0, 0);
	assert_int_equal(world.change.overflow, 6);
	/* The largest ones: 106 to 109; ids ascend. */
	for (i = 0; i < 4; i++) {
		assert_true(world.change.added[i].key.tgid >= 106);
		if (i)
			assert_true(world.change.added[i].id > world.change.added[i - 1].id);
	}
	/* A newcomer must be clearly larger to take a place. */
	process(100, "p", 50, 170, 0, "/bin/p");
	sweep(0, 0, 4);
	process(100, "p", 50, 400, 0, "/bin/p");
	sweep(1, 1, 3);
	/* And finds none by an event. */
	process(101, "p", 50, 500, 0, "/bin/p");
	targets_on_exec(world.targets, 101);
	look(0, 0, 4);
	assert_int_equal(world.change.overflow, 1);
	targets_list(world.targets, &n);
	assert_int_equal(n, 4);
}

static void test_refused(void **state)
{
	(void)state;
	begin(NULL, 0, 4);
	process(100, "p", 50, 100, 0, "/bin/p");
	sweep(1, 0, 0);
	targets_refuse(world.targets, world.change.added[0].id);
	look(0, 1, 0);
	assert_int_equal(world.change.refused, 1);
	sweep(0, 0, 0);
	targets_on_exec(world.targets, 100);
	look(1, 0, 0);
	assert_int_equal(world.change.added[0].key.exec_count, 1);
}

/* Rules that need more than stat get it; what cannot be read is left alone. */
static void test_traits(void **state)
{
	struct target_rule rules[3];

	(void)state;
	rules[0] = rule("uid", "", 0);
	rules[0].uid = 1100;
	rules[1] = rule("cgroup", "", 0);
	strcpy(rules[1].cgroup, "/user/101");
	rules[2] = rule("never", "", 1);
	strcpy(rules[2].exe, "/bin/secret");
	begin(rules, 3, 10);
	process(100, "p", 50, 100, 0, "/bin/p");
	process(101, "p", 50, 100, 0, "/bin/p");
	process(102, "p", 50, 100, 0, "/bin/p");
	process(103, "p", 50, 100, 0, "/bin/p");
	sweep(2, 0, 0);
	assert_int_equal(world.change.added[0].rule, 0);
	assert_int_equal(world.change.added[0].uid, 1100);
	assert_int_equal(world.change.added[1].rule, 1);
	process(100, "p", 50, 100, 0, "/bin/secret (deleted)");
	sweep(0, 1, 1);
	process(101, "p", 50, 100, 0, "/bin/p");
	tree_remove(&world.tree, "101/exe");
	sweep(0, 1, 0);
}

static void explains(unsigned int pid, const char *part)
{
	char why[256];

	assert_int_equal(targets_explain(world.targets, world.tree.root, pid, why, sizeof(why)), 0);
	assert_non_null(strstr(why, part));
	if (!*part)
		assert_string_equal(why, "");
}

/* Each reason not to be a target has its words. */
static void test_explain(void **state)
{
	struct target_rule rules[2];
	char why[256];

	(void)state;
	begin(NULL, 0, 1);
	process(1, "init", 1, 500, 0, "/sbin/init");
	process(100, "p", 50, 100, 0, "/bin/p");
	process(101, "p", 50, 10, 0, "/bin/p");
	process(102, "p", 50, 99, 0, "/bin/p");
	sweep(1, 0, 0);
	explains(100, "");
	explains(101, "10.0 MiB resident, less than min_size of 64.0 MiB");
	explains(102, "targets_max of 1");
	explains(1, "never managed");
	assert_int_equal(targets_explain(world.targets, world.tree.root, 999, why, sizeof(why)),
			 -ESRCH);
	targets_refuse(world.targets, world.change.added[0].id);
	explains(100, "did not let the daemon");
	targets_free(world.targets);
	rules[0] = rule("mine", "q", 0);
	rules[1] = rule("never", "r", 1);
	begin(rules, 2, 4);
	process(103, "r", 50, 99, 0, "/bin/r");
	explains(100, "no [target] section");
	explains(103, "[target never] excludes it");
	process(104, "q", 50, 99, 0, "/bin/q");
	explains(104, "");
}

static void test_no_proc(void **state)
{
	(void)state;
	begin(NULL, 0, 4);
	assert_int_equal(targets_sweep(world.targets, "/nonexistent", &world.change), -ENOENT);
	process(100, "p", 50, 100, 0, "/bin/p");
	sweep(1, 0, 0);
	assert_int_equal(targets_sweep(world.targets, "/nonexistent", &world.change), -ENOENT);
	sweep(0, 0, 1);
}

#define UNIT(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(test_sweep),   UNIT(test_identity), UNIT(test_events),  UNIT(test_overflow),
		UNIT(test_refused), UNIT(test_traits),   UNIT(test_no_proc), UNIT(test_explain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
