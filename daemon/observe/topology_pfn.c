// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page frame number to node, by a table with one byte per memory block: 128 KB
 * for 16 TiB in blocks of 128 MiB. The kernel links memoryM into every node
 * that has frames in it; a block with two owners is looked up in the zones.
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

/* Without memory blocks (no memory hotplug in the kernel) the unit is 128 MiB. */
#define DEFAULT_SHIFT 15

/* 64 PiB of 128 MiB blocks: beyond that a number is not believed. */
#define UNITS_MAX (UINT64_C(1) << 29)

/* Grows the table; new units have no node. */
static int units_reach(struct topology_pfns *pfns, uint64_t unit)
{
	size_t n = pfns->n_units ? pfns->n_units : 64;
	uint8_t *units;

	if (unit < pfns->n_units)
		return 0;
	if (unit >= UNITS_MAX)
		return -ERANGE;
	while (n <= unit)
		n *= 2;
	units = realloc(pfns->units, n);
	if (!units)
		return -ENOMEM;
	memset(units + pfns->n_units, TIERED_NODE_NONE, n - pfns->n_units);
	pfns->units = units;
	pfns->n_units = n;
	return 0;
}

static int unit_claim(struct topology_pfns *pfns, uint64_t unit, uint32_t node)
{
	int err = units_reach(pfns, unit);

	if (err < 0)
		return err;
	if (pfns->units[unit] == TIERED_NODE_NONE)
		pfns->units[unit] = (uint8_t)node;
	else if (pfns->units[unit] != node)
		pfns->units[unit] = TOPOLOGY_PFN_MIXED;
	return 0;
}

/* block_size_bytes is hexadecimal without a prefix. */
static int block_shift(const char *sys_root, unsigned int *ret_shift)
{
	char text[32], *end;
	unsigned long long bytes;
	int n;

	n = file_read_text(text, sizeof(text), "%s/devices/system/memory/block_size_bytes",
			   sys_root);
	if (n <= 0)
		return n < 0 ? n : -EINVAL;
	bytes = strtoull(text, &end, 16);
	if (*end || bytes < TIERED_PAGE_SIZE || bytes & (bytes - 1))
		return -EINVAL;
	*ret_shift = (unsigned int)__builtin_ctzll(bytes) - TIERED_PAGE_SHIFT;
	return 0;
}

static int node_blocks(const char *sys_root, uint32_t node, struct topology_pfns *pfns)
{
	char path[PATH_MAX];
	auto_closedir DIR *dir = NULL;
	struct dirent *entry;
	int err = 0;

	snprintf(path, sizeof(path), "%s/devices/system/node/node%u", sys_root, node);
	dir = opendir(path);
	while (dir && !err && (entry = readdir(dir))) {
		uint64_t block;
		int length = 0;

		if (sscanf(entry->d_name, "memory%" SCNu64 "%n", &block, &length) != 1 ||
		    entry->d_name[length])
			continue;
		err = unit_claim(pfns, block, node);
	}
	return err;
}

static int pfns_of_blocks(const char *sys_root, const struct topology_zones *zones,
			  struct topology_pfns *pfns)
{
	uint64_t done = 0;
	size_t i;
	int err;

	err = block_shift(sys_root, &pfns->shift);
	for (i = 0; i < zones->n && !err; i++) {
		uint32_t node = zones->zones[i].node;

		if (done & UINT64_C(1) << node)
			continue;
		done |= UINT64_C(1) << node;
		err = node_blocks(sys_root, node, pfns);
	}
	if (!err && !pfns->n_units)
		err = -ENODATA;
	return err;
}

static int pfns_of_zones(const struct topology_zones *zones, struct topology_pfns *pfns)
{
	uint64_t unit, end;
	size_t i;
	int err = 0;

	pfns->shift = DEFAULT_SHIFT;
	for (i = 0; i < zones->n && !err; i++) {
		const struct topology_zone *zone = &zones->zones[i];

		if (!zone->spanned || __builtin_add_overflow(zone->start_pfn, zone->spanned, &end))
			continue;
		err = units_reach(pfns, (end - 1) >> pfns->shift);
		for (unit = zone->start_pfn >> pfns->shift;
		     unit <= (end - 1) >> pfns->shift && !err; unit++)
			err = unit_claim(pfns, unit, zone->node);
	}
	return err;
}

int topology_pfns_read(const char *sys_root, const struct topology_zones *zones,
		       struct topology_pfns *ret)
{
	struct topology_pfns pfns = { 0 };
	int err;

	err = pfns_of_blocks(sys_root, zones, &pfns);
	if (err < 0 && err != -ENOMEM) {
		free(pfns.units);
		pfns = (struct topology_pfns){ 0 };
		err = pfns_of_zones(zones, &pfns);
	}
	if (err < 0) {
		free(pfns.units);
		return err;
	}
	*ret = pfns;
	return 0;
}

static uint8_t node_by_zone(const struct topology_zones *zones, uint64_t pfn)
{
	size_t i;

	for (i = 0; i < zones->n; i++)
		if (pfn >= zones->zones[i].start_pfn &&
		    pfn - zones->zones[i].start_pfn < zones->zones[i].spanned)
			return (uint8_t)zones->zones[i].node;
	return TIERED_NODE_NONE;
}

uint8_t topology_node_of_pfn(const struct topology *topology, uint64_t pfn)
{
	uint64_t unit;
	uint8_t node;

	if (!topology)
		return TIERED_NODE_NONE;
	unit = pfn >> topology->pfns.shift;
	if (unit >= topology->pfns.n_units)
		return TIERED_NODE_NONE;
	node = topology->pfns.units[unit];
	return node == TOPOLOGY_PFN_MIXED ? node_by_zone(&topology->zones, pfn) : node;
}

static int has_memory(const struct topology_pfns *pfns, uint64_t unit)
{
	return unit < pfns->n_units && pfns->units[unit] != TIERED_NODE_NONE;
}

int topology_range(const struct topology *topology, uint64_t pfn, uint64_t *ret_start,
		   uint64_t *ret_end)
{
	const struct topology_pfns *pfns = &topology->pfns;
	uint64_t unit = pfn >> pfns->shift;

	while (unit < pfns->n_units && !has_memory(pfns, unit))
		unit++;
	if (unit >= pfns->n_units)
		return 0;
	*ret_start = unit << pfns->shift;
	if (*ret_start < pfn)
		*ret_start = pfn;
	while (has_memory(pfns, unit))
		unit++;
	*ret_end = unit << pfns->shift;
	return 1;
}
