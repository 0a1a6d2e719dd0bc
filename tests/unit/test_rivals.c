// SPDX-License-Identifier: GPL-2.0-only
/* Others who clear accessed bits: seen in files of the kernel, judged, and no page is cold for it. */
#include "decide/rivals.h"
#include "observe/rivals.h"
#include "tree.h"
#include "window_fixture.h"

#define BIT(rival) (1U << (rival))

static struct rivals_sample sample(uint64_t anon, uint64_t file, uint64_t refilled)
{
	return (struct rivals_sample){ .scanned_anon = anon,
				       .scanned_file = file,
				       .refilled = refilled };
}

static void expect(struct rivals_sample before, struct rivals_sample now, uint32_t anon,
		   uint32_t file)
{
	struct rivals_doubt doubt = rivals_judge(&before, &now);

	assert_int_equal(doubt.anon, anon);
	assert_int_equal(doubt.file, file);
}

static void test_judge(void **state)
{
	const uint32_t reclaim = BIT(RIVAL_RECLAIM);
	struct rivals_sample before = sample(7, 8, 9), now;

	(void)state;
	expect(before, before, 0, 0);
	expect(before, sample(8, 8, 9), reclaim, reclaim);
	expect(before, sample(7, 8, 10), reclaim, reclaim);
	/* Reading files, with nothing of active lists: anonymous memory is as it was. */
	expect(before, sample(7, 9, 9), 0, reclaim);
	now = sample(7, 9, 9);
	now.blind = 1;
	expect(before, now, reclaim, reclaim);
	now = before;
	now.blind = 1;
	expect(before, now, 0, 0);
	now = before;
	now.aged = 1;
	expect(before, now, BIT(RIVAL_MGLRU), BIT(RIVAL_MGLRU));
	now = before;
	now.hinted = 5;
	expect(before, now, BIT(RIVAL_NUMA_BALANCING), BIT(RIVAL_NUMA_BALANCING));
	now = before;
	now.kdamonds = 1;
	expect(before, now, BIT(RIVAL_DAMON), BIT(RIVAL_DAMON));
	/* Stopped meanwhile. */
	expect(now, before, BIT(RIVAL_DAMON), BIT(RIVAL_DAMON));
	now = sample(8, 9, 9);
	now.hinted = 1;
	expect(before, now, reclaim | BIT(RIVAL_NUMA_BALANCING),
	       reclaim | BIT(RIVAL_NUMA_BALANCING));
}

struct machine {
	struct tree tree;
	char proc_root[128];
	char sys_root[128];
	struct rivals *rivals;
};

static void put_vmstat(const struct machine *machine, unsigned int anon, unsigned int file,
		       unsigned int refill, unsigned int hinted)
{
	tree_text(&machine->tree, "proc/vmstat",
		  "pgscan_anon %u\npgscan_file %u\npgrefill %u\nnuma_pte_updates %u\n", anon, file,
		  refill, hinted);
}

/* As 6.12 writes it: two cgroups on two nodes. */
static void put_generations(const struct machine *machine, unsigned int root, unsigned int child)
{
	tree_text(&machine->tree, "sys/kernel/debug/lru_gen",
		  "memcg     1 /\n node     0\n"
		  "          %u      60712          0        1234 \n"
		  "          %u       1234         56           7 \n"
		  " node     1\n          4      60712          0           0 \n"
		  "memcg    17 /system.slice/x.service\n node     0\n"
		  "          %u      60712          0        1234 \n",
		  root - 1, root, child);
}

static void machine_make(struct machine *machine)
{
	tree_make(&machine->tree);
	snprintf(machine->proc_root, sizeof(machine->proc_root), "%s/proc", machine->tree.root);
	snprintf(machine->sys_root, sizeof(machine->sys_root), "%s/sys", machine->tree.root);
	put_vmstat(machine, 10, 20, 30, 40);
	assert_int_equal(rivals_new(machine->proc_root, machine->sys_root, &machine->rivals), 0);
}

static void machine_remove(struct machine *machine)
{
	rivals_free(machine->rivals);
	tree_remove(&machine->tree, "");
}

static struct rivals_sample look(const struct machine *machine)
{
	struct rivals_sample ret;

	rivals_look(machine->rivals, &ret);
	return ret;
}

static void test_counters(void **state)
{
	struct rivals_sample seen;
	struct machine machine;

	(void)state;
	machine_make(&machine);
	seen = look(&machine);
	assert_int_equal(seen.scanned_anon, 10);
	assert_int_equal(seen.scanned_file, 20);
	assert_int_equal(seen.refilled, 30);
	assert_int_equal(seen.hinted, 40);
	assert_int_equal(seen.kdamonds + seen.blind + seen.aged, 0);
	put_vmstat(&machine, 11, 20, 30, 40);
	rivals_glance(machine.rivals, &seen);
	assert_int_equal(seen.scanned_anon, 11);
	/* Not to be read any more: nothing has happened. */
	tree_remove(&machine.tree, "proc/vmstat");
	assert_int_equal(look(&machine).scanned_anon, 11);
	machine_remove(&machine);
}

static void test_generations(void **state)
{
	struct machine machine;

	(void)state;
	machine_make(&machine);
	tree_text(&machine.tree, "sys/kernel/mm/lru_gen/enabled", "0x0007\n");
	/* Without debugfs. */
	assert_int_equal(look(&machine).blind, 1);
	put_generations(&machine, 5, 3);
	/* It may have, before it could be seen. */
	assert_int_equal(look(&machine).aged, 1);
	assert_int_equal(look(&machine).blind, 0);
	assert_int_equal(look(&machine).aged, 1);
	put_generations(&machine, 6, 3);
	assert_int_equal(look(&machine).aged, 2);
	put_generations(&machine, 7, 5);
	assert_int_equal(look(&machine).aged, 4);
	/* Cgroups go, and come with the number of another one. */
	tree_text(&machine.tree, "sys/kernel/debug/lru_gen",
		  "memcg     1 /\n node     0\n          7      1          0        1 \n"
		  "memcg    18 /new\n node     0\n          9      1          0        1 \n");
	assert_int_equal(look(&machine).aged, 4);
	/* Aged, and switched off before anybody looked. */
	tree_text(&machine.tree, "sys/kernel/debug/lru_gen",
		  "memcg     1 /\n node     0\n          8      1          0        1 \n");
	tree_text(&machine.tree, "sys/kernel/mm/lru_gen/enabled", "0x0000\n");
	assert_int_equal(look(&machine).aged, 5);
	tree_text(&machine.tree, "sys/kernel/debug/lru_gen",
		  "memcg     1 /\n node     0\n          9      1          0        1 \n");
	assert_int_equal(look(&machine).aged, 5);
	tree_text(&machine.tree, "sys/kernel/mm/lru_gen/enabled", "0x0007\n");
	assert_int_equal(look(&machine).aged, 6);
	tree_text(&machine.tree, "sys/kernel/debug/lru_gen", "nonsense\n node\nmemcg\n  x y\n");
	assert_int_equal(look(&machine).aged, 6);
	/* Off: it ages nothing, seen or not. */
	tree_text(&machine.tree, "sys/kernel/mm/lru_gen/enabled", "0x0000\n");
	look(&machine);
	tree_remove(&machine.tree, "sys/kernel/debug");
	assert_int_equal(look(&machine).blind, 0);
	machine_remove(&machine);
}

static void test_kdamonds(void **state)
{
	struct machine machine;

	(void)state;
	machine_make(&machine);
	tree_text(&machine.tree, "sys/kernel/mm/damon/admin/kdamonds/nr_kdamonds", "2\n");
	tree_text(&machine.tree, "sys/kernel/mm/damon/admin/kdamonds/0/state", "off\n");
	tree_text(&machine.tree, "sys/kernel/mm/damon/admin/kdamonds/1/state", "on\n");
	assert_int_equal(look(&machine).kdamonds, 1);
	tree_text(&machine.tree, "sys/module/damon_stat/parameters/enabled", "Y\n");
	tree_text(&machine.tree, "sys/module/damon_reclaim/parameters/enabled", "N\n");
	assert_int_equal(look(&machine).kdamonds, 2);
	tree_text(&machine.tree, "sys/kernel/mm/damon/admin/kdamonds/1/state", "off\n");
	tree_text(&machine.tree, "sys/module/damon_stat/parameters/enabled", "N\n");
	assert_int_equal(look(&machine).kdamonds, 0);
	tree_text(&machine.tree, "sys/kernel/mm/damon/admin/kdamonds/nr_kdamonds",
		  "18446744073709551615\n");
	assert_int_equal(look(&machine).kdamonds, 0);
	machine_remove(&machine);
}

/* A window in which somebody was at work has no cold pages, and says so; the next one has. */
static void test_window(void **state)
{
	struct stage *stage = *state;
	struct window *window = &stage->window;
	struct machine machine;
	const char *what = "";

	machine_make(&machine);
	doubt_open(&window->doubt, machine.rivals);
	assert_int_equal(window_run(window, &what), 0);
	assert_int_equal(window->account.observed, FAKE_PAGES);
	assert_int_equal(window->account.unknown + window->account.withheld, 0);

	put_vmstat(&machine, 11, 20, 30, 40);
	assert_int_equal(window_run(window, &what), 0);
	assert_int_equal(window->account.accessed, FAKE_HOT);
	assert_int_equal(window->account.withheld, FAKE_PAGES - FAKE_HOT);
	assert_int_equal(window->account.unknown, FAKE_PAGES - FAKE_HOT);
	assert_int_equal(window->account.rivals[RIVAL_RECLAIM], 1);
	assert_int_equal(window->account.rivals[RIVAL_DAMON], 0);

	/* Pages of files alone: these are none. */
	put_vmstat(&machine, 11, 21, 30, 40);
	assert_int_equal(window_run(window, &what), 0);
	assert_int_equal(window->account.withheld, 0);
	assert_int_equal(window->account.rivals[RIVAL_RECLAIM], 1);

	tree_text(&machine.tree, "sys/module/damon_stat/parameters/enabled", "Y\n");
	assert_int_equal(window_run(window, &what), 0);
	assert_int_equal(window->account.withheld, FAKE_PAGES - FAKE_HOT);
	assert_int_equal(window->account.rivals[RIVAL_DAMON], 1);
	tree_text(&machine.tree, "sys/module/damon_stat/parameters/enabled", "N\n");
	/* It may have worked up to the last moment before. */
	assert_int_equal(window_run(window, &what), 0);
	assert_int_equal(window->account.withheld, FAKE_PAGES - FAKE_HOT);
	assert_int_equal(window_run(window, &what), 0);
	assert_int_equal(window->account.withheld, 0);
	assert_int_equal(window->totals.rivals[RIVAL_RECLAIM], 2);
	assert_int_equal(window->totals.rivals[RIVAL_DAMON], 2);
	doubt_open(&window->doubt, NULL);
	machine_remove(&machine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_judge),
		cmocka_unit_test(test_counters),
		cmocka_unit_test(test_generations),
		cmocka_unit_test(test_kdamonds),
		cmocka_unit_test_setup_teardown(test_window, stage_open, stage_close),
	};

	return cmocka_run_group_tests_name("rivals", tests, NULL, NULL);
}
