// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "observe/cpus.h"
#include "tree.h"

#define NODES "devices/system/node/"

static int make(void **state)
{
	static struct tree tree;

	tree_make(&tree);
	*state = &tree;
	return 0;
}

static int clean(void **state)
{
	tree_remove(*state, "");
	return 0;
}

static void add_cpu(const struct tree *tree, unsigned int cpu, unsigned int node)
{
	char path[96];

	snprintf(path, sizeof(path), "devices/system/cpu/cpu%u/node%u/cpulist", cpu, node);
	tree_text(tree, path, "%u\n", cpu);
}

static int read_cpus(const struct tree *tree, struct cpus *cpus, char why[128])
{
	*why = '\0';
	return cpus_read(tree->root, cpus, why, 128);
}

/* Nodes 0, 1 and 4 have CPUs, 2 has none; 3 is not there. */
static void test_nodes_and_distances(void **state)
{
	const struct tree *tree = *state;
	uint32_t slot_0, slot_1, slot_4;
	struct cpus cpus;
	char why[128];

	add_cpu(tree, 0, 0);
	add_cpu(tree, 1, 1);
	add_cpu(tree, 2, 1);
	add_cpu(tree, 70, 4);
	/* Folders that are none of a CPU, and a CPU that was never there. */
	tree_text(tree, "devices/system/cpu/cpufreq/node9/x", "0\n");
	tree_text(tree, "devices/system/cpu/cpu7/topology/x", "0\n");
	tree_text(tree, NODES "online", "0-2,4\n");
	tree_text(tree, NODES "node0/distance", "10 31 24 21\n");
	tree_text(tree, NODES "node1/distance", "31 10 26 21\n");
	tree_text(tree, NODES "node4/distance", "21 21 28 10\n");
	assert_int_equal(read_cpus(tree, &cpus, why), 0);
	assert_int_equal(cpus.setup.slots, 3);
	slot_0 = cpus.setup.slot_of[0];
	slot_1 = cpus.setup.slot_of[1];
	slot_4 = cpus.setup.slot_of[70];
	assert_int_equal(cpus.node[slot_0], 0);
	assert_int_equal(cpus.node[slot_1], 1);
	assert_int_equal(cpus.node[slot_4], 4);
	assert_int_equal(cpus.setup.slot_of[2], slot_1);
	assert_int_equal(cpus.setup.n_cpus[slot_1], 2);
	assert_true(cpus.setup.cpus[slot_1][0] == 6);
	assert_true(cpus.setup.cpus[slot_4][1] == 1 << 6);
	/* CPU 70 is the last one: nobody reads a mask of the kernel further than that. */
	assert_int_equal(cpus.setup.mask_words, 2);
	assert_int_equal(cpus.distance[slot_0][2], 24);
	assert_int_equal(cpus.distance[slot_1][4], 21);
	assert_int_equal(cpus.distance[slot_1][3], 0);
	/* Itself, the nearer one, the other one. */
	assert_int_equal(cpus.setup.near[slot_0][0], slot_0);
	assert_int_equal(cpus.setup.near[slot_0][1], slot_4);
	assert_int_equal(cpus.setup.near[slot_0][2], slot_1);
	assert_int_equal(cpus.setup.near[slot_4][0], slot_4);
}

/* Slots are in the order of the nodes, whatever that of the folders is. */
static void test_slots_ascend(void **state)
{
	const struct tree *tree = *state;
	static const unsigned int nodes[] = { 9, 3, 7, 0, 5, 8 };
	struct cpus cpus;
	char why[128], path[64];
	uint32_t i;

	for (i = 0; i < 6; i++) {
		add_cpu(tree, i, nodes[i]);
		snprintf(path, sizeof(path), NODES "node%u/distance", nodes[i]);
		tree_text(tree, path, "20 20 20 20 20 20\n");
	}
	tree_text(tree, NODES "online", "0,3,5,7-9\n");
	assert_int_equal(read_cpus(tree, &cpus, why), 0);
	assert_int_equal(cpus.setup.slots, 6);
	for (i = 1; i < 6; i++)
		assert_true(cpus.node[i - 1] < cpus.node[i]);
	for (i = 0; i < 6; i++)
		assert_int_equal(cpus.node[cpus.setup.slot_of[i]], nodes[i]);
	assert_int_equal(cpus.setup.mask_words, 1);
}

static void test_more_than_there_is_room_for(void **state)
{
	const struct tree *tree = *state;
	struct cpus cpus;
	char why[128];

	tree_text(tree, NODES "online", "0\n");
	tree_text(tree, NODES "node0/distance", "10\n");
	add_cpu(tree, SCHED_CPUS - 1, 0);
	assert_int_equal(read_cpus(tree, &cpus, why), 0);
	assert_int_equal(cpus.setup.mask_words, SCHED_WORDS);
	add_cpu(tree, SCHED_CPUS, 0);
	assert_int_equal(read_cpus(tree, &cpus, why), -E2BIG);
	assert_string_equal(why, "there are more CPUs, or nodes with CPUs, than it has room for "
				 "(512, 16)");
}

static void test_more_nodes_than_there_is_room_for(void **state)
{
	const struct tree *tree = *state;
	struct cpus cpus;
	char why[128];
	unsigned int i;

	for (i = 0; i <= SCHED_SLOTS; i++)
		add_cpu(tree, i, i);
	assert_int_equal(read_cpus(tree, &cpus, why), -E2BIG);
}

static void test_trees_that_are_wrong(void **state)
{
	const struct tree *tree = *state;
	struct cpus cpus;
	char why[128];

	assert_int_equal(read_cpus(tree, &cpus, why), -ENOENT);
	assert_string_not_equal(why, "");
	add_cpu(tree, 0, 0);
	assert_int_equal(read_cpus(tree, &cpus, why), -ENOENT);
	tree_text(tree, NODES "online", "0-1\n");
	tree_text(tree, NODES "node0/distance", "10\n");
	assert_int_equal(read_cpus(tree, &cpus, why), -EINVAL);
	tree_text(tree, NODES "node0/distance", "10 0\n");
	assert_int_equal(read_cpus(tree, &cpus, why), -EINVAL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_nodes_and_distances, make, clean),
		cmocka_unit_test_setup_teardown(test_slots_ascend, make, clean),
		cmocka_unit_test_setup_teardown(test_more_than_there_is_room_for, make, clean),
		cmocka_unit_test_setup_teardown(test_more_nodes_than_there_is_room_for, make,
						clean),
		cmocka_unit_test_setup_teardown(test_trees_that_are_wrong, make, clean),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
