// SPDX-License-Identifier: GPL-2.0-only
/* Memory that goes, goes in part, comes back, and what is said of it meanwhile. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "observe/topology.h"
#include "tree.h"

/* A machine with nodes of whole blocks of 128 MiB, which come and go. */
struct machine {
	struct tree tree;
	struct topology *topology;
};

#define BLOCK_PAGES 0x8000ul

/* Blocks online on nodes 0 to 2; node N's blocks are numbers 16 * N and up. */
static void set_blocks(const struct machine *machine, const unsigned int blocks[3])
{
	char text[4096] = "", path[128];
	unsigned int node, block;

	for (node = 0; node < 3; node++) {
		size_t used = strlen(text);

		snprintf(text + used, sizeof(text) - used,
			 "Node %u, zone  Movable\n  pages free     %lu\n        low      2\n"
			 "        high     3\n        spanned  %lu\n        present  %lu\n"
			 "        managed  %lu\n        protection: (0, 0)\n  start_pfn:           "
			 "%lu\n",
			 node, blocks[node] * 1000ul, blocks[node] * BLOCK_PAGES,
			 blocks[node] * BLOCK_PAGES, blocks[node] * BLOCK_PAGES,
			 node * 16 * BLOCK_PAGES);
		snprintf(path, sizeof(path), "sys/devices/system/node/node%u/meminfo", node);
		tree_text(&machine->tree, path,
			  "Node %u MemTotal:       %lu kB\nNode %u MemFree:        %lu kB\n"
			  "Node %u MemUsed:        7 kB\n",
			  node, blocks[node] * BLOCK_PAGES * 4, node, blocks[node] * 1000ul * 4,
			  node);
		snprintf(path, sizeof(path),
			 "sys/devices/virtual/memory_tiering/memory_tier%u/nodelist", node);
		tree_text(&machine->tree, path, blocks[node] ? "%u\n" : "\n", node);
		for (block = 0; block < blocks[node]; block++) {
			snprintf(path, sizeof(path), "sys/devices/system/node/node%u/memory%u",
				 node, node * 16 + block);
			tree_text(&machine->tree, path, "-");
			snprintf(path, sizeof(path), "sys/devices/system/memory/memory%u/state",
				 node * 16 + block);
			tree_text(&machine->tree, path, "online\n");
		}
	}
	tree_text(&machine->tree, "sys/devices/system/memory/block_size_bytes", "8000000\n");
	tree_bytes(&machine->tree, "proc/zoneinfo", text, strlen(text));
}

static void open_machine(struct machine *machine, const uint64_t *conf, size_t n_conf)
{
	static const unsigned int blocks[] = { 4, 4, 4 };
	char sys[128], proc[128], why[256];

	tree_make(&machine->tree);
	set_blocks(machine, blocks);
	snprintf(sys, sizeof(sys), "%s/sys", machine->tree.root);
	snprintf(proc, sizeof(proc), "%s/proc", machine->tree.root);
	assert_int_equal(
		topology_read(sys, proc, conf, n_conf, &machine->topology, why, sizeof(why)), 0);
}

static void close_machine(struct machine *machine)
{
	topology_free(machine->topology);
	tree_remove(&machine->tree, "");
}

/* Reads again as the daemon does; 1: something changed, 2: a person hears of it. */
static int reread(struct machine *machine, uint64_t leaving)
{
	struct topology *next;
	char why[256];
	int told;

	assert_int_equal(topology_reread(machine->topology, leaving, &next, why, sizeof(why)), 0);
	if (topology_same(machine->topology, next, &told)) {
		assert_true(told);
		topology_free(next);
		return 0;
	}
	topology_free(machine->topology);
	machine->topology = next;
	return told ? 1 : 2;
}

static int says(const struct machine *machine, const char *what)
{
	char text[512];

	return strstr(topology_describe(machine->topology, text, sizeof(text)), what) != NULL;
}

static void test_part_goes(void **state)
{
	static const unsigned int less[] = { 4, 3, 4 };
	uint64_t free_pages[TIERED_NODES_MAX], leaving;
	struct machine machine;

	(void)state;
	open_machine(&machine, NULL, 0);
	assert_int_equal(reread(&machine, 0), 0);
	assert_int_equal(topology_free_least(machine.topology, 1), 4000);
	set_blocks(&machine, less);
	/* Seen before anybody has read the nodes again. */
	assert_int_equal(topology_free_now(machine.topology, NULL, free_pages, &leaving), 0);
	assert_int_equal(leaving, 2);
	assert_int_equal(free_pages[1], 3000);
	assert_int_equal(topology_free_least(machine.topology, 1), 0);
	assert_int_equal(topology_free_least(machine.topology, 0), 4000);
	assert_int_equal(topology_free_least(machine.topology, 40), 0);

	assert_int_equal(reread(&machine, 0), 2);
	assert_int_equal(topology_leaving(machine.topology), 2);
	assert_true(says(&machine, "node 1 is going away"));
	assert_int_equal(topology_free_now(machine.topology, NULL, free_pages, &leaving), 0);
	assert_int_equal(leaving, 2);
	/* It stays so while it is said to be, and no longer. */
	assert_int_equal(reread(&machine, 2), 0);
	assert_int_equal(reread(&machine, 0), 2);
	assert_int_equal(topology_leaving(machine.topology), 0);
	assert_false(says(&machine, "going away"));
	assert_int_equal(topology_free_now(machine.topology, NULL, free_pages, &leaving), 0);
	assert_int_equal(leaving, 0);
	assert_int_equal(topology_free_least(machine.topology, 1), 3000);
	close_machine(&machine);
}

static void test_all_of_a_node_goes(void **state)
{
	static const unsigned int gone[] = { 4, 0, 4 }, alone[] = { 4, 0, 0 }, back[] = { 4, 4, 4 };
	struct machine machine;
	size_t n;

	(void)state;
	open_machine(&machine, NULL, 0);
	set_blocks(&machine, gone);
	assert_int_equal(reread(&machine, 2), 2);
	assert_int_equal(topology_tiers(machine.topology), 2);
	assert_int_equal(topology_tier_of(machine.topology, 1), -1);
	assert_int_equal(topology_tier_of(machine.topology, 2), 1);
	assert_int_equal(topology_offline(machine.topology), 2);
	/* What is gone is not going any more. */
	assert_int_equal(topology_leaving(machine.topology), 0);
	assert_true(says(&machine, "node 1 is offline"));
	set_blocks(&machine, alone);
	assert_int_equal(reread(&machine, 0), 2);
	assert_int_equal(topology_tiers(machine.topology), 1);
	assert_int_equal(topology_offline(machine.topology), 6);
	assert_int_equal(reread(&machine, 0), 0);
	set_blocks(&machine, back);
	assert_int_equal(reread(&machine, 0), 2);
	topology_nodes(machine.topology, &n);
	assert_int_equal(n, 3);
	assert_int_equal(topology_tiers(machine.topology), 3);
	assert_int_equal(topology_offline(machine.topology), 0);
	assert_int_equal(topology_leaving(machine.topology), 0);
	close_machine(&machine);
}

/* More memory is a change, but none of the tiers. */
static void test_more(void **state)
{
	static const unsigned int more[] = { 4, 5, 4 };
	struct machine machine;
	size_t n;

	(void)state;
	open_machine(&machine, NULL, 0);
	set_blocks(&machine, more);
	assert_int_equal(topology_node_of_pfn(machine.topology, 20 * BLOCK_PAGES),
			 TIERED_NODE_NONE);
	assert_int_equal(reread(&machine, 0), 1);
	assert_int_equal(topology_nodes(machine.topology, &n)[1].total_pages, 5 * BLOCK_PAGES);
	assert_int_equal(topology_node_of_pfn(machine.topology, 20 * BLOCK_PAGES), 1);
	close_machine(&machine);
}

/* A conf that fitted at start is no reason to stop when memory goes. */
static void test_conf(void **state)
{
	static const unsigned int gone[] = { 4, 4, 0 }, none[] = { 0, 4, 0 }, back[] = { 4, 4, 4 };
	static const uint64_t conf[] = { 4, 1 };
	struct machine machine;
	size_t n;

	(void)state;
	open_machine(&machine, conf, 2);
	assert_int_equal(topology_tier_of(machine.topology, 2), 0);
	set_blocks(&machine, gone);
	assert_int_equal(reread(&machine, 0), 2);
	assert_int_equal(topology_tiers(machine.topology), 1);
	assert_int_equal(topology_tier_of(machine.topology, 0), 0);
	assert_int_equal(topology_offline(machine.topology), 4);
	set_blocks(&machine, none);
	assert_int_equal(reread(&machine, 0), 2);
	assert_int_equal(topology_tiers(machine.topology), 0);
	topology_nodes(machine.topology, &n);
	assert_int_equal(n, 0);
	set_blocks(&machine, back);
	assert_int_equal(reread(&machine, 0), 2);
	assert_int_equal(topology_tier_of(machine.topology, 2), 0);
	assert_int_equal(topology_tier_of(machine.topology, 0), 1);
	assert_int_equal(topology_source(machine.topology), TIERS_CONF);
	close_machine(&machine);
}

/* Their states are looked at a part at a time; all have their turn. */
static void test_going(void **state)
{
	struct machine machine;
	size_t cursor = 0;

	(void)state;
	open_machine(&machine, NULL, 0);
	assert_int_equal(topology_going(machine.topology, &cursor, 100), 0);
	tree_text(&machine.tree, "sys/devices/system/memory/memory18/state", "going-offline\n");
	tree_text(&machine.tree, "sys/devices/system/memory/memory33/state", "offline\n");
	assert_int_equal(topology_going(machine.topology, &cursor, 100), 2);
	cursor = 0;
	assert_int_equal(topology_going(machine.topology, &cursor, 6), 0);
	assert_int_equal(topology_going(machine.topology, &cursor, 6), 2);
	assert_int_equal(topology_going(machine.topology, &cursor, 6), 0);
	assert_int_equal(topology_going(machine.topology, &cursor, 6), 2);
	/* The table may have become smaller since. */
	cursor = 1 << 20;
	assert_int_equal(topology_going(machine.topology, &cursor, 100), 2);
	/* A block that was taken out, or cannot be read, goes nowhere. */
	tree_remove(&machine.tree, "sys/devices/system/memory/memory18");
	assert_int_equal(topology_going(machine.topology, &cursor, 100), 0);
	close_machine(&machine);
}

/* What cannot be read leaves what is known in force. */
static void test_unreadable(void **state)
{
	struct topology *next = NULL;
	uint64_t free_pages[TIERED_NODES_MAX], leaving;
	struct machine machine;
	char why[256];

	(void)state;
	open_machine(&machine, NULL, 0);
	tree_remove(&machine.tree, "proc/zoneinfo");
	assert_int_equal(topology_reread(machine.topology, 0, &next, why, sizeof(why)), -ENOENT);
	assert_null(next);
	assert_non_null(strstr(why, "zoneinfo"));
	assert_int_equal(topology_free_now(machine.topology, NULL, free_pages, &leaving), -ENOENT);
	tree_text(&machine.tree, "sys/devices/system/node/node1/meminfo", "Node 1 MemTotal: x\n");
	assert_int_equal(topology_free_least(machine.topology, 1), 0);
	close_machine(&machine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_part_goes), cmocka_unit_test(test_all_of_a_node_goes),
		cmocka_unit_test(test_more),      cmocka_unit_test(test_conf),
		cmocka_unit_test(test_going),     cmocka_unit_test(test_unreadable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
