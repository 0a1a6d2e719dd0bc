// SPDX-License-Identifier: GPL-2.0-only
/*
 * check_order.c - slow memory that the kernel took for DRAM.
 *
 * Kernels before 6.7 put all memory that is there at boot into one tier; later
 * ones do so with memory whose speed the firmware does not tell. A node is slow
 * here when it shares the kernel's tier with a node with CPUs and its latency is
 * markedly worse, or, where nobody tells latencies, when it has no CPUs of its own.
 */
#include <dirent.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check_read.h"
#include "check_rows.h"
#include "observe/topology.h"
#include "util/cleanup.h"
#include "util/file.h"
#include "util/units.h"

#define NODE_BIT(node) (UINT64_C(1) << (node))

/* Sockets are up to 1.4 apart from each other's memory in latency, CXL from 2 on. */
#define SLOW_PERCENT 150
/* What SLIT calls a node that is not of this socket begins here on two-socket machines. */
#define FAR_DISTANCE 17

struct order_node {
	uint32_t id;
	int cpus;
	uint64_t latency_ns; /* as its nearest CPUs see it; 0: not told */
	uint64_t distance;   /* to the nearest CPUs; 0: not told */
	uint64_t kernel;     /* the nodes in the kernel's tier of it, 0: in none */
};

struct order {
	struct order_node nodes[TIERED_NODES_MAX];
	size_t n;
	uint64_t slow;
	uint64_t beside; /* the nodes with CPUs that slow ones share a tier with */
};

static uint64_t read_kernel_tier(const struct check_env *env, uint32_t node)
{
	char path[PATH_MAX], text[512];
	auto_closedir DIR *dir = NULL;
	struct dirent *entry;
	uint64_t nodes;

	snprintf(path, sizeof(path), "%s/devices/virtual/memory_tiering", env->sys_root);
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		if (strncmp(entry->d_name, "memory_tier", 11) != 0 ||
		    file_read_text(text, sizeof(text), "%s/%s/nodelist", path, entry->d_name) <=
			    0 ||
		    units_parse_nodes(text, &nodes) < 0)
			continue;
		if (nodes & NODE_BIT(node))
			return nodes;
	}
	return 0;
}

/* Class 1 is about CPUs alone; class 0 may tell how a GPU sees it. */
static uint64_t read_latency(const struct check_env *env, uint32_t node)
{
	uint64_t latency_ns;
	int class;

	for (class = 1; class >= 0; class --)
		if (file_read_u64(&latency_ns,
				  "%s/devices/system/node/node%u/access%d/initiators/read_latency",
				  env->sys_root, node, class) == 0 &&
		    latency_ns && latency_ns < UINT32_MAX)
			return latency_ns;
	return 0;
}

/* The columns of nodeN/distance are the online nodes, ascending. */
static uint64_t read_distance(const struct check_env *env, uint32_t node)
{
	uint64_t online = 0, cpus = 0, nearest = 0;
	char text[1024], *at = text, *end;
	uint32_t column;

	if (file_read_text(text, sizeof(text), "%s/devices/system/node/online", env->sys_root) <=
		    0 ||
	    units_parse_nodes(text, &online) < 0 ||
	    file_read_text(text, sizeof(text), "%s/devices/system/node/has_cpu", env->sys_root) <=
		    0 ||
	    units_parse_nodes(text, &cpus) < 0 ||
	    file_read_text(text, sizeof(text), "%s/devices/system/node/node%u/distance",
			   env->sys_root, node) <= 0)
		return 0;
	for (column = 0; column < TIERED_NODES_MAX; column++) {
		uint64_t distance;

		if (!(online & NODE_BIT(column)))
			continue;
		distance = strtoul(at, &end, 10);
		if (end == at)
			break;
		at = end;
		if (cpus & NODE_BIT(column) && (!nearest || distance < nearest))
			nearest = distance;
	}
	return nearest;
}

static int is_slow(const struct order_node *node, const struct order_node *dram)
{
	if (!dram->cpus || !(node->kernel & NODE_BIT(dram->id)) || node == dram)
		return 0;
	/* The firmware's measure beats what distances and missing CPUs suggest: HBM has none. */
	if (node->latency_ns && dram->latency_ns)
		return node->latency_ns * 100 >= dram->latency_ns * SLOW_PERCENT;
	return !node->cpus || node->distance >= FAR_DISTANCE;
}

static void order_read(const struct check_env *env, struct order *order)
{
	const struct topology_node *nodes = topology_nodes(env->topology, &order->n);
	size_t i, j;

	for (i = 0; i < order->n; i++)
		order->nodes[i] = (struct order_node){
			.id = nodes[i].id,
			.cpus = nodes[i].cpus != 0,
			.latency_ns = read_latency(env, nodes[i].id),
			.distance = read_distance(env, nodes[i].id),
			.kernel = read_kernel_tier(env, nodes[i].id),
		};
	for (i = 0; i < order->n; i++)
		for (j = 0; j < order->n; j++)
			if (is_slow(&order->nodes[i], &order->nodes[j])) {
				order->slow |= NODE_BIT(order->nodes[i].id);
				order->beside |= NODE_BIT(order->nodes[j].id);
			}
	order->beside &= ~order->slow;
}

/* Does tiered have every slow node below those it shares the kernel's tier with? */
static int is_told_apart(const struct check_env *env, const struct order *order)
{
	size_t i, j;

	for (i = 0; i < order->n; i++)
		for (j = 0; j < order->n; j++)
			if (is_slow(&order->nodes[i], &order->nodes[j]) &&
			    topology_tier_of(env->topology, order->nodes[i].id) <=
				    topology_tier_of(env->topology, order->nodes[j].id))
				return 0;
	return 1;
}

static uint64_t farthest(const struct order *order, uint64_t mask)
{
	uint64_t distance = 0;
	size_t i;

	for (i = 0; i < order->n; i++)
		if (mask & NODE_BIT(order->nodes[i].id) && order->nodes[i].distance > distance)
			distance = order->nodes[i].distance;
	return distance;
}

/* Takes a slow node out of the tier it is in, and puts it where its distance belongs. */
static unsigned int sink(const struct order *order, const struct order_node *node, uint64_t *tiers,
			 unsigned int n)
{
	unsigned int at = 0;
	uint64_t there;

	while (at < n && !(tiers[at] & NODE_BIT(node->id)))
		at++;
	if (at == n)
		return n;
	tiers[at] &= ~NODE_BIT(node->id);
	for (at++; at < n; at++) {
		there = farthest(order, tiers[at]);
		if (there == node->distance)
			tiers[at] |= NODE_BIT(node->id);
		if (there >= node->distance)
			break;
	}
	if (at < n && tiers[at] & NODE_BIT(node->id))
		return n;
	memmove(tiers + at + 1, tiers + at, (n - at) * sizeof(*tiers));
	tiers[at] = NODE_BIT(node->id);
	return n + 1;
}

/* The tiers of tiered, with slow nodes moved down where they are among fast ones. */
static const char *order_spell(const struct check_env *env, const struct order *order, int apart,
			       char *buffer, size_t size)
{
	uint64_t tiers[2 * TIERED_NODES_MAX] = { 0 };
	unsigned int tier, n = topology_tiers(env->topology);
	char names[128];
	size_t i;

	for (i = 0; i < order->n; i++)
		tiers[topology_tier_of(env->topology, order->nodes[i].id)] |=
			NODE_BIT(order->nodes[i].id);
	for (i = 0; i < order->n && !apart; i++)
		if (order->slow & NODE_BIT(order->nodes[i].id))
			n = sink(order, &order->nodes[i], tiers, n);
	buffer[0] = '\0';
	for (tier = 0; tier < n; tier++)
		if (tiers[tier])
			check_append(buffer, size, "%s%s", buffer[0] ? " > " : "",
				     check_format_nodes(tiers[tier], names, sizeof(names)));
	return buffer;
}

static void describe_slow(const struct order *order, char *buffer, size_t size)
{
	size_t i;

	buffer[0] = '\0';
	for (i = 0; i < order->n; i++) {
		const struct order_node *node = &order->nodes[i];

		if (!(order->slow & NODE_BIT(node->id)))
			continue;
		check_append(buffer, size, "%snode %u (", buffer[0] ? ", " : "", node->id);
		if (!node->cpus)
			check_append(buffer, size, "no CPUs, ");
		if (node->latency_ns)
			check_append(buffer, size, "latency %" PRIu64 " ns)", node->latency_ns);
		else
			check_append(buffer, size, "distance %" PRIu64 ")", node->distance);
	}
}

void check_tier_order(const struct check_env *env, struct check *ret)
{
	struct order order = { 0 };
	char slow[256], beside[64], spelled[256];
	int apart;

	if (!env->topology) {
		check_set(ret, CHECK_UNKNOWN, "cannot be told: the memory tiers are not known");
		return;
	}
	if (topology_source(env->topology) == TIERS_CONF) {
		check_set(ret, CHECK_OK, "as [tiers] order in the conf says");
		return;
	}
	order_read(env, &order);
	if (!order.slow) {
		check_set(ret, CHECK_OK, "no slow node is in a tier with DRAM");
		return;
	}
	apart = is_told_apart(env, &order);
	describe_slow(&order, slow, sizeof(slow));
	check_set(ret, apart ? CHECK_NOTE : CHECK_WARN,
		  "the kernel has %s in one tier with the DRAM of node %s; %s", slow,
		  check_format_nodes(order.beside, beside, sizeof(beside)),
		  apart ? "tiered tells them apart, the kernel's own demotion does not"
			: "tiered takes them for equally fast");
	check_fix(ret, "[tiers] order = %s",
		  order_spell(env, &order, apart, spelled, sizeof(spelled)));
}
