// SPDX-License-Identifier: GPL-2.0-only
/*
 * Topologies recorded in guests (tests/data/topology), and made-up ones for
 * what guests cannot show.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "observe/topology.h"
#include "tree.h"

#define DATA "tests/data/topology/"

static const struct recorded {
	const char *tree;
	enum tier_source source;
	unsigned int tiers;
	int8_t tier_of[4]; /* of nodes 0 to 3 */
	uint8_t node_of_block[16];
} recorded[] = {
	/* The kernel before 6.7 sees one tier; the attributes tell better. */
	{ "three-tier-6.1",
	  TIERS_HMAT,
	  3,
	  { 0, 1, 2, -1 },
	  { 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 0xff } },
	{ "three-tier-7.2",
	  TIERS_KERNEL,
	  3,
	  { 0, 1, 2, -1 },
	  { 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 0xff } },
	/* No attributes, and the kernel's single tier: distances decide. Node 1 has CPUs only. */
	{ "memoryless-node-6.12",
	  TIERS_DISTANCE,
	  2,
	  { 0, -1, 1, -1 },
	  { 0, 0, 0, 0, 2, 2, 2, 2, 2, 2, 2, 2, 0xff } },
	/* Two sockets are one tier, whatever lies between them. */
	{ "two-socket-slow-6.1",
	  TIERS_HMAT,
	  2,
	  { 0, 0, 1, -1 },
	  { 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2 } },
	{ "two-socket-slow-7.2",
	  TIERS_KERNEL,
	  2,
	  { 0, 0, 1, -1 },
	  { 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2 } },
};

static struct topology *open_recorded(const char *tree, const uint64_t *conf, size_t n,
				      int expected)
{
	struct topology *topology = NULL;
	char sys[256], proc[256], why[256];

	snprintf(sys, sizeof(sys), DATA "%s/sys", tree);
	snprintf(proc, sizeof(proc), DATA "%s/proc", tree);
	assert_int_equal(topology_read(sys, proc, conf, n, &topology, why, sizeof(why)), expected);
	if (expected < 0)
		assert_string_not_equal(why, "");
	return topology;
}

static void test_recorded(void **state)
{
	size_t i, block;
	uint32_t node;

	(void)state;
	for (i = 0; i < sizeof(recorded) / sizeof(recorded[0]); i++) {
		const struct recorded *one = &recorded[i];
		struct topology *topology = open_recorded(one->tree, NULL, 0, 0);

		assert_int_equal(topology_source(topology), one->source);
		assert_int_equal(topology_tiers(topology), one->tiers);
		for (node = 0; node < 4; node++)
			assert_int_equal(topology_tier_of(topology, node), one->tier_of[node]);
		/* 128 MiB blocks: the first and the last frame of each. */
		for (block = 0; block < 12; block++) {
			assert_int_equal(topology_node_of_pfn(topology, block << 15),
					 one->node_of_block[block]);
			assert_int_equal(topology_node_of_pfn(topology, (block << 15) + 0x7fff),
					 one->node_of_block[block]);
		}
		assert_int_equal(topology_node_of_pfn(topology, UINT64_MAX >> 9), TIERED_NODE_NONE);
		topology_free(topology);
	}
	assert_int_equal(topology_node_of_pfn(NULL, 0), TIERED_NODE_NONE);
}

/* Memory without holes between them: whole blocks of all nodes. */
static void test_ranges(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(recorded) / sizeof(recorded[0]); i++) {
		struct topology *topology = open_recorded(recorded[i].tree, NULL, 0, 0);
		uint64_t start, end = 0, pfn, blocks = 0;

		while (topology_range(topology, end, &start, &end)) {
			assert_true(start < end);
			assert_int_equal(start % 0x8000 + end % 0x8000, 0);
			for (pfn = start; pfn < end; pfn += 0x8000, blocks++)
				assert_int_not_equal(topology_node_of_pfn(topology, pfn),
						     TIERED_NODE_NONE);
			assert_int_equal(topology_node_of_pfn(topology, end), TIERED_NODE_NONE);
		}
		for (pfn = 0; pfn < end; pfn += 0x8000)
			blocks -= topology_node_of_pfn(topology, pfn) != TIERED_NODE_NONE;
		assert_int_equal(blocks, 0);
		/* From the middle of one on. */
		assert_true(topology_range(topology, 7, &start, &end));
		assert_int_equal(start, 7);
		topology_free(topology);
	}
}

/* Sums over the zones of the recorded zoneinfo; free pages with those in the lists of CPUs. */
static void test_sizes(void **state)
{
	struct topology *topology = open_recorded("three-tier-7.2", NULL, 0, 0);
	static const uint64_t total[] = { 128596, 128980, 117921 };
	/* Of the 487 pages that the DMA zone of node 0 keeps, users get none. */
	static const uint64_t high[] = { 9622 + 487, 9652, 8639 };
	static const uint64_t free_now[] = { 124182, 126657, 114164 };
	const struct topology_node *nodes;
	uint64_t free_pages[TIERED_NODES_MAX];
	char text[256];
	size_t n, i;

	(void)state;
	nodes = topology_nodes(topology, &n);
	assert_int_equal(n, 3);
	assert_int_equal(topology_free_pages(topology, free_pages), 0);
	for (i = 0; i < n; i++) {
		assert_int_equal(nodes[i].id, i);
		assert_int_equal(nodes[i].tier, i);
		assert_int_equal(nodes[i].cpus, i ? 0 : 2);
		assert_int_equal(nodes[i].total_pages, total[i]);
		assert_int_equal(nodes[i].high_pages, high[i]);
		assert_int_equal(free_pages[i], free_now[i]);
	}
	topology_describe(topology, text, sizeof(text));
	assert_non_null(strstr(text, "tier 0: node 0 ("));
	assert_non_null(strstr(text, "; tier 2: node 2 ("));
	assert_non_null(strstr(text, "; from the kernel's memory tiers"));
	/* Whatever the room, the text ends. */
	assert_string_equal(topology_describe(topology, text, 5), "tier");
	topology_free(topology);
}

static void test_conf(void **state)
{
	const uint64_t turned[] = { 4, 3 }, twice[] = { 1, 3 }, absent[] = { 1, 8 },
		       none[] = { 1, 0 };
	const uint64_t part[] = { 1, 4 };
	struct topology *topology;
	size_t n;

	(void)state;
	topology = open_recorded("three-tier-7.2", turned, 2, 0);
	assert_int_equal(topology_source(topology), TIERS_CONF);
	assert_int_equal(topology_tier_of(topology, 2), 0);
	assert_int_equal(topology_tier_of(topology, 0), 1);
	assert_int_equal(topology_tier_of(topology, 1), 1);
	assert_int_equal(topology_nodes(topology, &n)[0].id, 2);
	topology_free(topology);
	/* A node that is not named has no tier, but its frames are known. */
	topology = open_recorded("three-tier-7.2", part, 2, 0);
	assert_int_equal(topology_tier_of(topology, 1), -1);
	assert_int_equal(topology_node_of_pfn(topology, 5 << 15), 1);
	topology_free(topology);
	open_recorded("three-tier-7.2", twice, 2, -EINVAL);
	open_recorded("three-tier-7.2", absent, 2, -EINVAL);
	open_recorded("three-tier-7.2", none, 2, -EINVAL);
	open_recorded("no-such-tree", NULL, 0, -ENOENT);
}

/* --- made-up machines */

/* A node that is offline is waited for, one that cannot be there is not. */
static void test_conf_of_an_offline_node(void **state)
{
	const uint64_t later[] = { 1, 4 }, never[] = { 1, 8 }, none[] = { 2, 4 };
	struct topology *topology = NULL, *next = NULL;
	char proc[128], why[256];
	struct tree tree;

	(void)state;
	tree_make(&tree);
	snprintf(proc, sizeof(proc), "%s/proc", tree.root);
	tree_text(&tree, "devices/system/node/possible", "0-2\n");
	tree_text(&tree, "proc/zoneinfo",
		  "Node 0, zone   Normal\n  pages free     5000\n        high     10\n"
		  "        spanned  32768\n        present  32768\n        managed  32000\n"
		  "  start_pfn:           0\n");
	assert_int_equal(topology_read(tree.root, proc, never, 2, &topology, why, sizeof(why)),
			 -EINVAL);
	assert_string_equal(why, "there is no node 3");
	assert_int_equal(topology_read(tree.root, proc, none, 2, &topology, why, sizeof(why)),
			 -EINVAL);
	assert_int_equal(topology_read(tree.root, proc, later, 2, &topology, why, sizeof(why)), 0);
	assert_int_equal(topology_tiers(topology), 1);
	assert_int_equal(topology_offline(topology), 4);
	tree_text(&tree, "proc/zoneinfo",
		  "Node 0, zone   Normal\n  pages free     5000\n        high     10\n"
		  "        spanned  32768\n        present  32768\n        managed  32000\n"
		  "  start_pfn:           0\n"
		  "Node 2, zone   Movable\n  pages free     5000\n        high     10\n"
		  "        spanned  32768\n        present  32768\n        managed  32000\n"
		  "  start_pfn:           1048576\n");
	assert_int_equal(topology_reread(topology, 0, &next, why, sizeof(why)), 0);
	assert_int_equal(topology_tiers(next), 2);
	assert_int_equal(topology_tier_of(next, 2), 1);
	assert_int_equal(topology_offline(next), 0);
	topology_free(topology);
	topology_free(next);
	tree_remove(&tree, "");
}

static void zone(char *text, size_t size, unsigned int node, unsigned long managed,
		 unsigned long high, unsigned long start, unsigned long spanned)
{
	size_t used = strlen(text);

	snprintf(
		text + used, size - used,
		"Node %u, zone   Normal\n  per-node stats\n      nr_free_pages 7\n"
		"  pages free     5\n        boost    0\n        min      1\n        low      2\n"
		"        high     %lu\n        spanned  %lu\n        managed  %lu\n"
		"  pagesets\n    cpu: 0\n              count:    9\n              high:     99999\n"
		"              high_min: 88888\n  start_pfn:           %lu\n",
		node, high, spanned, managed, start);
}

static struct topology *open_tree(const struct tree *tree)
{
	struct topology *topology = NULL;
	char sys[128], proc[128], why[256];

	snprintf(sys, sizeof(sys), "%s/sys", tree->root);
	snprintf(proc, sizeof(proc), "%s/proc", tree->root);
	assert_int_equal(topology_read(sys, proc, NULL, 0, &topology, why, sizeof(why)), 0);
	return topology;
}

/* 64 nodes in a chain of 64 tiers; a 65th is left out. */
static void test_many(void **state)
{
	static char zones[65 * 1024];
	uint64_t free_pages[TIERED_NODES_MAX];
	struct topology *topology;
	struct tree tree;
	char path[256];
	unsigned int i;

	(void)state;
	tree_make(&tree);
	zones[0] = '\0';
	for (i = 0; i < 65; i++) {
		zone(zones, sizeof(zones), i, 1000 + i, i, i << 15, 1 << 15);
		snprintf(path, sizeof(path),
			 "sys/devices/virtual/memory_tiering/memory_tier%u/nodelist", 1000 - i);
		if (i < 64)
			tree_text(&tree, path, "%u\n", i);
	}
	tree_bytes(&tree, "proc/zoneinfo", zones, strlen(zones));
	topology = open_tree(&tree);
	assert_int_equal(topology_tiers(topology), 64);
	assert_int_equal(topology_free_pages(topology, free_pages), 0);
	for (i = 0; i < 64; i++) {
		size_t n;

		/* 5 free and 9 in a list, of which no more count than from low (2) to high. */
		assert_int_equal(free_pages[63 - i], 5 + (i < 2 ? 0 : i < 11 ? i - 2 : 9));

		assert_int_equal(topology_tier_of(topology, i), 63 - i);
		assert_int_equal(topology_nodes(topology, &n)[63 - i].total_pages, 1000 + i);
		assert_int_equal(topology_nodes(topology, &n)[63 - i].high_pages, i);
		/* No memory blocks here: the zones say it. */
		assert_int_equal(topology_node_of_pfn(topology, i << 15), i);
	}
	assert_int_equal(topology_tier_of(topology, 64), -1);
	assert_int_equal(topology_node_of_pfn(topology, 64 << 15), TIERED_NODE_NONE);
	topology_free(topology);
	tree_remove(&tree, "");
}

static void attribute(const struct tree *tree, unsigned int node, unsigned int class,
		      const char *name, const char *value)
{
	char path[256];

	snprintf(path, sizeof(path), "sys/devices/system/node/node%u/access%u/initiators/%s", node,
		 class, name);
	tree_text(tree, path, "%s\n", value);
}

/*
 * Node 1 is fast for the GPU beside it (class 0) and slow for CPUs (class 1):
 * CPUs count. Without bandwidths latency alone does.
 */
static void test_access_class(void **state)
{
	char zones[4096] = "";
	struct topology *topology;
	struct tree tree;

	(void)state;
	tree_make(&tree);
	zone(zones, sizeof(zones), 0, 1000, 1, 0, 1 << 15);
	zone(zones, sizeof(zones), 1, 1000, 1, 1 << 15, 1 << 15);
	tree_text(&tree, "proc/zoneinfo", "%s", zones);
	attribute(&tree, 0, 0, "read_latency", "80");
	attribute(&tree, 0, 1, "read_latency", "80");
	attribute(&tree, 1, 0, "read_latency", "20");
	attribute(&tree, 1, 1, "read_latency", "200");
	topology = open_tree(&tree);
	assert_int_equal(topology_source(topology), TIERS_HMAT);
	assert_int_equal(topology_tier_of(topology, 0), 0);
	assert_int_equal(topology_tier_of(topology, 1), 1);
	topology_free(topology);
	/* A value out of any range is no value. */
	attribute(&tree, 1, 1, "read_latency", "99999999999999999999999");
	attribute(&tree, 1, 0, "read_latency", "-3");
	topology = open_tree(&tree);
	assert_int_equal(topology_tiers(topology), 1);
	topology_free(topology);
	tree_remove(&tree, "");
}

/* A block of 256 MiB that two nodes share: the zones tell the frames apart. */
static void test_mixed_block(void **state)
{
	char zones[4096] = "";
	struct topology *topology;
	struct tree tree;

	(void)state;
	tree_make(&tree);
	zone(zones, sizeof(zones), 0, 1000, 1, 1, 0x17fff);
	zone(zones, sizeof(zones), 1, 1000, 1, 0x18000, 0x8000);
	tree_text(&tree, "proc/zoneinfo", "%s", zones);
	tree_text(&tree, "sys/devices/system/memory/block_size_bytes", "10000000\n");
	tree_text(&tree, "sys/devices/system/node/node0/memory0", "-");
	tree_text(&tree, "sys/devices/system/node/node0/memory1", "-");
	tree_text(&tree, "sys/devices/system/node/node1/memory1", "-");
	tree_text(&tree, "sys/devices/system/node/node1/memory1x", "-");
	topology = open_tree(&tree);
	assert_int_equal(topology_node_of_pfn(topology, 0), 0);
	assert_int_equal(topology_node_of_pfn(topology, 0x17fff), 0);
	assert_int_equal(topology_node_of_pfn(topology, 0x18000), 1);
	assert_int_equal(topology_node_of_pfn(topology, 0x1ffff), 1);
	assert_int_equal(topology_node_of_pfn(topology, 0x20000), TIERED_NODE_NONE);
	topology_free(topology);
	tree_remove(&tree, "");
}

/* Nonsense in /proc and /sys gives an error or one tier, not a crash. */
static void test_hostile(void **state)
{
	static const char *const zones[] = {
		"",
		"Node",
		"Node 0, zone\n high 18446744073709551615\n managed 0\n",
		"Node 4294967295, zone DMA\n managed 5\n",
		"Node -1, zone DMA\n managed 5\n",
		"managed 5\nNode 0, zone\nmanaged x\n",
	};
	struct topology *topology = NULL;
	char why[64], text[4096] = "";
	struct tree tree;
	size_t i;

	(void)state;
	tree_make(&tree);
	tree_text(&tree, "sys/devices/system/memory/block_size_bytes", "7\n");
	tree_text(&tree, "sys/devices/virtual/memory_tiering/memory_tier1/nodelist", "0-\n");
	tree_text(&tree, "sys/devices/virtual/memory_tiering/memory_tierx/nodelist", "0\n");
	tree_text(&tree, "sys/devices/system/node/online", "0-99999\n");
	for (i = 0; i < sizeof(zones) / sizeof(zones[0]); i++) {
		tree_text(&tree, "zoneinfo", "%s", zones[i]);
		assert_true(topology_read(tree.root, tree.root, NULL, 0, &topology, why,
					  sizeof(why)) < 0);
		assert_null(topology);
	}
	/* A zone that begins near the end of all numbers. */
	zone(text, sizeof(text), 0, 10, 1, ~0UL - 5, 3);
	tree_text(&tree, "zoneinfo", "%s", text);
	assert_int_equal(topology_read(tree.root, tree.root, NULL, 0, &topology, why, sizeof(why)),
			 -ERANGE);
	tree_remove(&tree, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_recorded),
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_conf),
		cmocka_unit_test(test_conf_of_an_offline_node),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_access_class),
		cmocka_unit_test(test_mixed_block),
		cmocka_unit_test(test_hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
