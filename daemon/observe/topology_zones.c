// SPDX-License-Identifier: GPL-2.0-only
/*
 * /proc/zoneinfo: watermarks, sizes and where zones start. The file has lines
 * per CPU, so it is read line by line however long it is. Keys are compared
 * whole: "high" is the watermark, "high:" belongs to the per-CPU lists.
 */
#include "topology_internal.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/cleanup.h"

/* A node has at most 5 or 6 zones; 64 nodes of 8 are plenty, and a bound. */
#define ZONES_MAX (TIERED_NODES_MAX * 8)

static int zone_append(struct topology_zones *list, uint32_t node)
{
	struct topology_zone *zones;

	if (list->n >= ZONES_MAX)
		return -E2BIG;
	zones = reallocarray(list->zones, list->n + 1, sizeof(*zones));
	if (!zones)
		return -ENOMEM;
	list->zones = zones;
	list->zones[list->n++] = (struct topology_zone){ .node = node };
	return 0;
}

/* "(0, 2880, 7900)": what the zone keeps from those who could take higher ones, like users. */
static uint64_t zone_kept(const char *line)
{
	const char *last = strrchr(line, ',');
	uint64_t value;

	return last && sscanf(last, ", %" SCNu64, &value) == 1 ? value : 0;
}

static void zone_set(struct topology_zone *zone, const char *key, uint64_t value)
{
	if (strcmp(key, "count:") == 0)
		zone->on_cpus += value;
	else if (strcmp(key, "low") == 0)
		zone->low = value;
	else if (strcmp(key, "high") == 0)
		zone->high = value;
	else if (strcmp(key, "present") == 0)
		zone->present = value;
	else if (strcmp(key, "managed") == 0)
		zone->managed = value;
	else if (strcmp(key, "spanned") == 0)
		zone->spanned = value;
	else if (strcmp(key, "start_pfn:") == 0)
		zone->start_pfn = value;
}

/* @in_zone: lines after a "Node" line that is ours belong to the last zone. */
static int zone_line(struct topology_zones *list, const char *line, int *in_zone)
{
	char key[32];
	uint64_t value;
	uint32_t node;

	if (sscanf(line, "Node %" SCNu32 ", zone", &node) == 1) {
		*in_zone = node < TIERED_NODES_MAX;
		return *in_zone ? zone_append(list, node) : 0;
	}
	if (!*in_zone)
		return 0;
	if (sscanf(line, " pages free %" SCNu64, &value) == 1)
		list->zones[list->n - 1].free = value;
	else if (sscanf(line, " protection: %31s", key) == 1)
		list->zones[list->n - 1].kept = zone_kept(line);
	else if (sscanf(line, " %31s %" SCNu64, key, &value) == 2)
		zone_set(&list->zones[list->n - 1], key, value);
	return 0;
}

int topology_zones_read(const char *proc_root, struct topology_zones *ret)
{
	struct topology_zones list = { 0 };
	char path[PATH_MAX];
	auto_fclose FILE *file = NULL;
	auto_free char *line = NULL;
	size_t room = 0;
	int in_zone = 0, err = 0;

	if (snprintf(path, sizeof(path), "%s/zoneinfo", proc_root) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	file = fopen(path, "re");
	if (!file)
		return -errno;
	while (!err && getline(&line, &room, file) > 0)
		err = zone_line(&list, line, &in_zone);
	if (!err && !list.n)
		err = -ENODATA;
	if (err) {
		free(list.zones);
		return err;
	}
	*ret = list;
	return 0;
}
