// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which nodes are fast. The kernel's own tiers come first. Kernels before 6.7
 * put all memory that is there at boot into one tier, whatever the firmware
 * says of it; so when the kernel sees one tier only, the access attributes and
 * then the distances may still tell nodes apart.
 */
#include "topology_internal.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/cleanup.h"
#include "util/file.h"
#include "util/units.h"

#define NODE_BIT(node) (UINT64_C(1) << (node))

/*
 * Nodes whose cost differs by less than a quarter share a tier. The kernel's
 * own step is 128 on a scale where DRAM is 576 (mm/memory-tiers.c).
 */
#define SAME_TIER_PERCENT 125

/* A node with what its speed is judged by: lower is faster. */
struct ranked {
	uint64_t key;
	uint32_t node;
};

static int ranked_compare(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return x->node < y->node ? -1 : x->node > y->node;
}

/* Sorts, and starts a tier wherever the key leaves @percent of the tier's first one. */
static unsigned int ranked_split(struct ranked *list, size_t n, unsigned int percent,
				 uint64_t *masks)
{
	uint64_t first = 0;
	unsigned int tiers = 0;
	size_t i;

	qsort(list, n, sizeof(*list), ranked_compare);
	for (i = 0; i < n; i++) {
		if (i == 0 || list[i].key * 100 > first * percent) {
			first = list[i].key;
			masks[tiers++] = 0;
		}
		masks[tiers - 1] |= NODE_BIT(list[i].node);
	}
	return tiers;
}

static int read_nodes(uint64_t *ret_mask, const char *sys_root, const char *tier)
{
	char text[512];
	int n;

	n = file_read_text(text, sizeof(text), "%s/devices/virtual/memory_tiering/%s/nodelist",
			   sys_root, tier);
	if (n <= 0)
		return n < 0 ? n : -ENODATA;
	return units_parse_nodes(text, ret_mask);
}

/* A lower number in memory_tierN is faster. Several devices may not share a number. */
static unsigned int tiers_of_kernel(const char *sys_root, uint64_t memory, uint64_t *masks)
{
	struct ranked list[TIERED_NODES_MAX];
	uint64_t sets[TIERED_NODES_MAX], taken = 0;
	char path[PATH_MAX];
	auto_closedir DIR *dir = NULL;
	struct dirent *entry;
	unsigned int i, n = 0;

	snprintf(path, sizeof(path), "%s/devices/virtual/memory_tiering", sys_root);
	dir = opendir(path);
	while (dir && n < TIERED_NODES_MAX && (entry = readdir(dir))) {
		uint64_t rank, nodes;

		if (sscanf(entry->d_name, "memory_tier%" SCNu64, &rank) != 1 ||
		    read_nodes(&nodes, sys_root, entry->d_name) < 0)
			continue;
		nodes &= memory & ~taken;
		if (!nodes)
			continue;
		taken |= nodes;
		sets[n] = nodes;
		list[n] = (struct ranked){ .key = rank, .node = n };
		n++;
	}
	if (taken != memory)
		return 0;
	qsort(list, n, sizeof(*list), ranked_compare);
	for (i = 0; i < n; i++)
		masks[i] = sets[list[i].node];
	return n;
}

struct access {
	uint64_t latency_ns;
	uint64_t bandwidth_mb_s; /* 0: not told */
};

static uint64_t attribute(const char *sys_root, uint32_t node, unsigned int class, const char *name)
{
	uint64_t value;

	if (file_read_u64(&value, "%s/devices/system/node/node%u/access%u/initiators/%s", sys_root,
			  node, class, name) < 0)
		return 0;
	/* Values beyond this are not times or rates, and would overflow below. */
	return value < UINT32_MAX ? value : 0;
}

/*
 * Class 1 is about CPUs alone; class 0 may tell how a GPU beside the memory
 * sees it, so it is second choice.
 */
static int access_read(const char *sys_root, uint32_t node, struct access *ret)
{
	int kind;

	for (kind = 1; kind >= 0; kind--) {
		ret->latency_ns = attribute(sys_root, node, (unsigned int)kind, "read_latency") +
				  attribute(sys_root, node, (unsigned int)kind, "write_latency");
		ret->bandwidth_mb_s =
			attribute(sys_root, node, (unsigned int)kind, "read_bandwidth") +
			attribute(sys_root, node, (unsigned int)kind, "write_bandwidth");
		if (ret->latency_ns)
			return 0;
	}
	return -ENODATA;
}

/* Cost as the kernel weighs it: latency times the loss of bandwidth against the best node. */
static unsigned int tiers_of_hmat(const char *sys_root, uint64_t memory, uint64_t *masks)
{
	struct access access[TIERED_NODES_MAX];
	struct ranked list[TIERED_NODES_MAX];
	uint64_t best_mb_s = 0;
	int bandwidths = 1;
	uint32_t node;
	size_t i, n = 0;

	for (node = 0; node < TIERED_NODES_MAX; node++) {
		if (!(memory & NODE_BIT(node)))
			continue;
		if (access_read(sys_root, node, &access[n]) < 0)
			return 0;
		if (!access[n].bandwidth_mb_s)
			bandwidths = 0;
		if (access[n].bandwidth_mb_s > best_mb_s)
			best_mb_s = access[n].bandwidth_mb_s;
		list[n++].node = node;
	}
	for (i = 0; i < n; i++) {
		list[i].key = access[i].latency_ns * 1000;
		if (bandwidths)
			list[i].key = (uint64_t)((double)list[i].key * (double)best_mb_s /
						 (double)access[i].bandwidth_mb_s);
		/* Compared by percent below: keep clear of the top. */
		if (list[i].key > UINT64_MAX / 1000)
			list[i].key = UINT64_MAX / 1000;
	}
	return ranked_split(list, n, SAME_TIER_PERCENT, masks);
}

uint64_t topology_cpus_read(const char *sys_root, uint32_t node)
{
	char text[4096], *at = text;
	uint64_t cpus = 0;

	if (file_read_text(text, sizeof(text), "%s/devices/system/node/node%u/cpulist", sys_root,
			   node) <= 0)
		return 0;
	while (*at) {
		unsigned long first, last;
		char *end;

		first = last = strtoul(at, &end, 10);
		if (end == at)
			break;
		if (*end == '-')
			last = strtoul(end + 1, &end, 10);
		if (last < first || last - first > UINT16_MAX)
			break;
		cpus += last - first + 1;
		at = *end == ',' ? end + 1 : end;
	}
	return cpus;
}

/* The columns of nodeN/distance are the online nodes, ascending. */
int topology_distances_read(const char *sys_root, uint32_t node, uint64_t online,
			    uint32_t ret[TIERED_NODES_MAX])
{
	char text[1024], *at = text, *end;
	int length = file_read_text(text, sizeof(text), "%s/devices/system/node/node%u/distance",
				    sys_root, node);

	if (length < 0)
		return length;
	for (; online; online &= online - 1, at = end) {
		unsigned long distance = strtoul(at, &end, 10);

		if (end == at)
			return -EINVAL;
		ret[__builtin_ctzll(online)] = (uint32_t)distance;
	}
	return 0;
}

int topology_online_read(const char *sys_root, uint64_t *ret_nodes)
{
	char text[512];
	int length = file_read_text(text, sizeof(text), "%s/devices/system/node/online", sys_root);

	return length < 0 ? length : units_parse_nodes(text, ret_nodes);
}

/* 0: nobody knows. */
static uint64_t distance_to_cpu(const char *sys_root, uint32_t node, uint64_t online,
				uint64_t with_cpus)
{
	uint32_t distances[TIERED_NODES_MAX] = { 0 }, nearest = UINT32_MAX;

	if (topology_distances_read(sys_root, node, online, distances) < 0)
		return 0;
	for (; with_cpus; with_cpus &= with_cpus - 1) {
		uint32_t distance = distances[__builtin_ctzll(with_cpus)];

		if (distance && distance < nearest)
			nearest = distance;
	}
	return nearest;
}

/* Memory beside a CPU is the fast tier; the rest is ranked by how far it is from one. */
static unsigned int tiers_of_distance(const char *sys_root, uint64_t memory, uint64_t *masks)
{
	struct ranked list[TIERED_NODES_MAX];
	uint64_t online, with_cpus = 0;
	uint32_t node;
	size_t n = 0;

	if (topology_online_read(sys_root, &online) < 0)
		return 0;
	for (node = 0; node < TIERED_NODES_MAX; node++)
		if ((online & NODE_BIT(node)) && topology_cpus_read(sys_root, node))
			with_cpus |= NODE_BIT(node);
	for (node = 0; node < TIERED_NODES_MAX; node++) {
		if (!(memory & NODE_BIT(node)))
			continue;
		list[n].node = node;
		list[n].key = with_cpus & NODE_BIT(node)
				      ? 1
				      : distance_to_cpu(sys_root, node, online, with_cpus);
		if (!list[n++].key)
			return 0;
	}
	return with_cpus ? ranked_split(list, n, 100, masks) : 0;
}

unsigned int topology_tiers_read(const char *sys_root, uint64_t memory, uint64_t *masks,
				 enum tier_source *ret_source)
{
	static const struct {
		enum tier_source source;
		unsigned int (*read)(const char *sys_root, uint64_t memory, uint64_t *masks);
	} sources[] = {
		{ TIERS_KERNEL, tiers_of_kernel },
		{ TIERS_HMAT, tiers_of_hmat },
		{ TIERS_DISTANCE, tiers_of_distance },
	};
	enum tier_source first = TIERS_DISTANCE;
	unsigned int i, tiers, told = 0;

	for (i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
		tiers = sources[i].read(sys_root, memory, masks);
		if (tiers > 1) {
			*ret_source = sources[i].source;
			return tiers;
		}
		if (tiers == 1 && !told) {
			told = 1;
			first = sources[i].source;
		}
	}
	masks[0] = memory;
	*ret_source = first;
	return 1;
}
