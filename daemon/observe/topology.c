// SPDX-License-Identifier: GPL-2.0-only
#include "topology.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "topology_internal.h"
#include "util/cleanup.h"
#include "util/file.h"
#include "util/units.h"

#define NODE_BIT(node) (UINT64_C(1) << (node))

static void zones_add_up(const struct topology_zones *zones, struct topology_node *sums)
{
	size_t i;

	for (i = 0; i < zones->n; i++) {
		const struct topology_zone *zone = &zones->zones[i];

		sums[zone->node].total_pages += zone->managed;
		sums[zone->node].high_pages += zone->high;
	}
}

static uint64_t memory_mask(const struct topology_node *sums)
{
	uint64_t mask = 0;
	uint32_t node;

	for (node = 0; node < TIERED_NODES_MAX; node++)
		if (sums[node].total_pages)
			mask |= NODE_BIT(node);
	return mask;
}

/* The lowest bit of @mask as a node number. */
static int first_node(uint64_t mask)
{
	return __builtin_ctzll(mask);
}

static int conf_check(const uint64_t *conf, size_t n, uint64_t memory, char *why, size_t size)
{
	uint64_t taken = 0;
	size_t i;

	if (n > TIERED_NODES_MAX) {
		snprintf(why, size, "%zu tiers are named; at most %d are possible", n,
			 TIERED_NODES_MAX);
		return -EINVAL;
	}
	for (i = 0; i < n; i++) {
		if (!conf[i])
			snprintf(why, size, "tier %zu names no node", i);
		else if (conf[i] & taken)
			snprintf(why, size, "node %d is named in two tiers",
				 first_node(conf[i] & taken));
		else if (conf[i] & ~memory)
			snprintf(why, size, "node %d has no memory", first_node(conf[i] & ~memory));
		else {
			taken |= conf[i];
			continue;
		}
		return -EINVAL;
	}
	return 0;
}

/* Lists the nodes tier by tier. */
static void nodes_fill(struct topology *topology, const struct topology_node *sums,
		       const uint64_t *masks, unsigned int tiers)
{
	unsigned int tier;
	uint32_t node;

	memset(topology->tier_of, -1, sizeof(topology->tier_of));
	for (tier = 0; tier < tiers; tier++) {
		for (node = 0; node < TIERED_NODES_MAX; node++) {
			struct topology_node *entry = &topology->nodes[topology->n_nodes];

			if (!(masks[tier] & NODE_BIT(node)))
				continue;
			*entry = sums[node];
			entry->id = node;
			entry->tier = tier;
			entry->cpus = topology_cpus_read(topology->sys_root, node);
			topology->tier_of[node] = (int8_t)tier;
			topology->n_nodes++;
		}
	}
	topology->tiers = tiers;
}

static int topology_fill(struct topology *topology, const char *proc_root, const uint64_t *conf,
			 size_t n_conf, char *why, size_t why_size)
{
	struct topology_node sums[TIERED_NODES_MAX] = { 0 };
	uint64_t masks[TIERED_NODES_MAX];
	unsigned int tiers = (unsigned int)n_conf;
	uint64_t memory;
	int err;

	err = topology_zones_read(proc_root, &topology->zones);
	if (err < 0) {
		snprintf(why, why_size, "%s/zoneinfo cannot be read: %s", proc_root,
			 strerror(-err));
		return err;
	}
	zones_add_up(&topology->zones, sums);
	memory = memory_mask(sums);
	if (!memory) {
		snprintf(why, why_size, "%s/zoneinfo lists no node with memory", proc_root);
		return -ENODATA;
	}
	if (conf && n_conf) {
		err = conf_check(conf, n_conf, memory, why, why_size);
		if (err < 0)
			return err;
		memcpy(masks, conf, n_conf * sizeof(*conf));
		topology->source = TIERS_CONF;
	} else {
		tiers = topology_tiers_read(topology->sys_root, memory, masks, &topology->source);
	}
	nodes_fill(topology, sums, masks, tiers);
	return topology_pfns_read(topology->sys_root, &topology->zones, &topology->pfns);
}

int topology_read(const char *sys_root, const char *proc_root, const uint64_t *conf_tiers,
		  size_t n_conf_tiers, struct topology **ret, char *why, size_t why_size)
{
	struct topology *topology = calloc(1, sizeof(*topology));
	int err;

	if (why_size)
		why[0] = '\0';
	if (!topology)
		return -ENOMEM;
	topology->sys_root = strdup(sys_root);
	topology->proc_root = strdup(proc_root);
	err = topology->sys_root
		      ? topology_fill(topology, proc_root, conf_tiers, n_conf_tiers, why, why_size)
		      : -ENOMEM;
	if (err < 0) {
		topology_free(topology);
		return err;
	}
	*ret = topology;
	return 0;
}

void topology_free(struct topology *topology)
{
	if (!topology)
		return;
	free(topology->zones.zones);
	free(topology->pfns.units);
	free(topology->sys_root);
	free(topology->proc_root);
	free(topology);
}

const struct topology_node *topology_nodes(const struct topology *topology, size_t *ret_n)
{
	*ret_n = topology->n_nodes;
	return topology->nodes;
}

unsigned int topology_tiers(const struct topology *topology)
{
	return topology->tiers;
}

enum tier_source topology_source(const struct topology *topology)
{
	return topology->source;
}

int topology_tier_of(const struct topology *topology, uint32_t node)
{
	return node < TIERED_NODES_MAX ? topology->tier_of[node] : -1;
}

/*
 * Freed pages first go to a list of the CPU that freed them, which after a
 * batch of demotions is ours, but may be another's. No more of them are counted
 * than lie between the low and the high watermark: who keeps this sum above the
 * high one then keeps the kernel's own lists above the low one, and wakes up
 * no reclaim, whoever has the others.
 */
static uint64_t zone_free(const struct topology_zone *zone)
{
	uint64_t most = zone->high > zone->low ? zone->high - zone->low : 0;

	return zone->free + (zone->on_cpus < most ? zone->on_cpus : most);
}

int topology_free_pages(const struct topology *topology, uint64_t *ret_free)
{
	struct topology_zones zones;
	size_t i, node;
	int err;

	err = topology_zones_read(topology->proc_root, &zones);
	if (err < 0)
		return err;
	for (node = 0; node < topology->n_nodes; node++) {
		ret_free[node] = 0;
		for (i = 0; i < zones.n; i++)
			if (zones.zones[i].node == topology->nodes[node].id)
				ret_free[node] += zone_free(&zones.zones[i]);
	}
	free(zones.zones);
	return 0;
}

/* Appends as long as there is room. */
static void __attribute__((format(printf, 4, 5)))
say(char *buffer, size_t size, size_t *at, const char *format, ...)
{
	va_list args;
	int n;

	if (*at >= size)
		return;
	va_start(args, format);
	n = vsnprintf(buffer + *at, size - *at, format, args);
	va_end(args);
	if (n > 0)
		*at += (size_t)n;
}

const char *topology_describe(const struct topology *topology, char *buffer, size_t size)
{
	static const char *const sources[] = {
		[TIERS_CONF] = "the conf",
		[TIERS_KERNEL] = "the kernel's memory tiers",
		[TIERS_HMAT] = "the firmware's access attributes (HMAT)",
		[TIERS_DISTANCE] = "node distances",
	};
	size_t i, at = 0;
	char bytes[32];

	for (i = 0; i < topology->n_nodes; i++) {
		const struct topology_node *node = &topology->nodes[i];

		if (i == 0 || node->tier != node[-1].tier)
			say(buffer, size, &at, "%stier %u: ", i ? "; " : "", node->tier);
		else
			say(buffer, size, &at, ", ");
		say(buffer, size, &at, "node %u (%s)", node->id,
		    units_format_size(node->total_pages * TIERED_PAGE_SIZE, bytes, sizeof(bytes)));
	}
	say(buffer, size, &at, "; from %s", sources[topology->source]);
	return buffer;
}
