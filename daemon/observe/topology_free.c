// SPDX-License-Identifier: GPL-2.0-only
/* topology_free.c - how much memory is free, node by node, and which node is losing its own. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "topology_internal.h"
#include "util/file.h"

/* nodeN/meminfo is in KiB. */
#define KIB_PER_PAGE (TIERED_PAGE_SIZE >> 10)

/*
 * Freed pages first go to a list of the CPU that freed them, which after a
 * batch of demotions is ours, but may be another's. No more of them are counted
 * than lie between the low and the high watermark: who keeps this sum above the
 * high one then keeps the kernel's own lists above the low one, and wakes up
 * no reclaim, whoever has the others. Those that the caller freed itself are in
 * its own lists, where what it moves here is taken from first.
 */
static uint64_t zone_free(const struct topology_zone *zone, uint64_t freed)
{
	uint64_t most = zone->high > zone->low ? zone->high - zone->low : 0;

	if (most < freed)
		most = freed;
	return zone->free + (zone->on_cpus < most ? zone->on_cpus : most);
}

int topology_free_now(const struct topology *topology, const uint64_t *freed, uint64_t *ret_free,
		      uint64_t *ret_leaving)
{
	struct topology_zones zones;
	size_t i, node;
	int err;

	err = topology_zones_read(topology->proc_root, &zones);
	if (err < 0)
		return err;
	*ret_leaving = topology->leaving;
	for (node = 0; node < topology->n_nodes; node++) {
		uint64_t ours = freed ? freed[topology->nodes[node].id] : 0;
		uint64_t present = 0;

		ret_free[node] = 0;
		for (i = 0; i < zones.n; i++) {
			if (zones.zones[i].node != topology->nodes[node].id)
				continue;
			ret_free[node] += zone_free(&zones.zones[i], ours);
			present += zones.zones[i].present;
		}
		if (present < topology->nodes[node].present_pages)
			*ret_leaving |= UINT64_C(1) << topology->nodes[node].id;
	}
	free(zones.zones);
	return 0;
}

int topology_free_pages(const struct topology *topology, uint64_t *ret_free)
{
	uint64_t leaving;

	return topology_free_now(topology, NULL, ret_free, &leaving);
}

static uint64_t total_of(const struct topology *topology, uint32_t node)
{
	size_t i;

	for (i = 0; i < topology->n_nodes; i++)
		if (topology->nodes[i].id == node)
			return topology->nodes[i].total_pages;
	return UINT64_MAX;
}

uint64_t topology_free_least(const struct topology *topology, uint32_t node)
{
	uint64_t total_kib, free_kib;
	char text[8192];

	if (file_read_text(text, sizeof(text), "%s/devices/system/node/node%u/meminfo",
			   topology->sys_root, node) < 0 ||
	    sscanf(text, "Node %*u MemTotal: %" SCNu64 " kB Node %*u MemFree: %" SCNu64, &total_kib,
		   &free_kib) != 2)
		return 0;
	return total_kib / KIB_PER_PAGE < total_of(topology, node) ? 0 : free_kib / KIB_PER_PAGE;
}
