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

/* Of a small zone below a large one nothing may be left for users: it counts as free all the same. */
static uint64_t zone_unusable(const struct topology_zone *zone)
{
	uint64_t pages = zone->high + zone->kept;

	return zone->kept && pages > zone->managed ? zone->managed : pages;
}

static void zones_add_up(const struct topology_zones *zones, struct topology_node *sums)
{
	size_t i;

	for (i = 0; i < zones->n; i++) {
		const struct topology_zone *zone = &zones->zones[i];

		sums[zone->node].total_pages += zone->managed;
		sums[zone->node].present_pages += zone->present;
		sums[zone->node].high_pages += zone_unusable(zone);
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

/* Nodes that this machine may have memory on one day; those that have some, where it does not say. */
static uint64_t possible_nodes(const char *sys_root, uint64_t memory)
{
	uint64_t possible;
	char text[512];

	if (file_read_text(text, sizeof(text), "%s/devices/system/node/possible", sys_root) <= 0 ||
	    units_parse_nodes(text, &possible) < 0)
		return memory;
	return possible | memory;
}

static int conf_check(const uint64_t *conf, size_t n, uint64_t possible, char *why, size_t size)
{
	uint64_t taken = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		if (!conf[i])
			snprintf(why, size, "tier %zu names no node", i);
		else if (conf[i] & taken)
			snprintf(why, size, "node %d is named in two tiers",
				 first_node(conf[i] & taken));
		else if (conf[i] & ~possible)
			snprintf(why, size, "there is no node %d", first_node(conf[i] & ~possible));
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

/*
 * Tiers of the conf as far as they have memory; how many there are. The other nodes are waited
 * for, as for those that went.
 */
static unsigned int conf_present(struct topology *topology, uint64_t memory, uint64_t *masks)
{
	unsigned int tiers = 0;
	size_t i;

	for (i = 0; i < topology->n_conf; i++) {
		topology->offline |= topology->conf[i] & ~memory;
		if (topology->conf[i] & memory)
			masks[tiers++] = topology->conf[i] & memory;
	}
	return tiers;
}

/* 0; or -EINVAL when a node that is named cannot be here, or is named twice: @why. */
static int fill_conf(struct topology *topology, int strict, uint64_t memory, uint64_t *masks,
		     unsigned int *ret_tiers, char *why, size_t why_size)
{
	uint64_t possible = possible_nodes(topology->sys_root, memory);
	int err = strict ? conf_check(topology->conf, topology->n_conf, possible, why, why_size)
			 : 0;

	if (err < 0)
		return err;
	*ret_tiers = conf_present(topology, memory, masks);
	topology->source = TIERS_CONF;
	if (*ret_tiers || !strict)
		return 0;
	snprintf(why, why_size, "none of the nodes that are named has memory");
	return -EINVAL;
}

int topology_fill(struct topology *topology, int strict, char *why, size_t why_size)
{
	struct topology_node sums[TIERED_NODES_MAX] = { 0 };
	uint64_t masks[TIERED_NODES_MAX];
	unsigned int tiers;
	uint64_t memory;
	int err;

	err = topology_zones_read(topology->proc_root, &topology->zones);
	if (err < 0) {
		snprintf(why, why_size, "%s/zoneinfo cannot be read: %s", topology->proc_root,
			 strerror(-err));
		return err;
	}
	zones_add_up(&topology->zones, sums);
	memory = memory_mask(sums);
	if (!memory) {
		snprintf(why, why_size, "%s/zoneinfo lists no node with memory",
			 topology->proc_root);
		return -ENODATA;
	}
	if (topology->n_conf) {
		err = fill_conf(topology, strict, memory, masks, &tiers, why, why_size);
		if (err < 0)
			return err;
	} else {
		tiers = topology_tiers_read(topology->sys_root, memory, masks, &topology->source);
	}
	nodes_fill(topology, sums, masks, tiers);
	return topology_pfns_read(topology->sys_root, &topology->zones, &topology->pfns);
}

struct topology *topology_new(const char *sys_root, const char *proc_root, const uint64_t *conf,
			      size_t n_conf)
{
	struct topology *topology = calloc(1, sizeof(*topology));

	if (!topology)
		return NULL;
	topology->sys_root = strdup(sys_root);
	topology->proc_root = strdup(proc_root);
	if (!topology->sys_root || !topology->proc_root) {
		topology_free(topology);
		return NULL;
	}
	if (n_conf)
		memcpy(topology->conf, conf, n_conf * sizeof(*conf));
	topology->n_conf = n_conf;
	return topology;
}

int topology_read(const char *sys_root, const char *proc_root, const uint64_t *conf_tiers,
		  size_t n_conf_tiers, struct topology **ret, char *why, size_t why_size)
{
	struct topology *topology;
	int err;

	if (why_size)
		why[0] = '\0';
	if (n_conf_tiers > TIERED_NODES_MAX) {
		snprintf(why, why_size, "%zu tiers are named; at most %d are possible",
			 n_conf_tiers, TIERED_NODES_MAX);
		return -EINVAL;
	}
	topology = topology_new(sys_root, proc_root, conf_tiers, conf_tiers ? n_conf_tiers : 0);
	if (!topology)
		return -ENOMEM;
	err = topology_fill(topology, 1, why, why_size);
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
	uint32_t id;

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
	for (id = 0; id < TIERED_NODES_MAX; id++)
		if ((topology->leaving | topology->offline) >> id & 1)
			say(buffer, size, &at, "; node %u is %s", id,
			    topology->offline >> id & 1 ? "offline" : "going away");
	return buffer;
}
