// SPDX-License-Identifier: GPL-2.0-only
#include "observe/cpus.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "observe/topology.h"
#include "util/cleanup.h"

/* What comes behind @word in the name of a file, a number; or -1. */
static long number_behind(const char *name, const char *word)
{
	size_t length = strlen(word);
	char *end;
	long number;

	if (strncmp(name, word, length) != 0 || name[length] < '0' || name[length] > '9')
		return -1;
	number = strtol(name + length, &end, 10);
	return *end ? -1 : number;
}

/* The node of a CPU, by the link in its folder; -1: it has none, as where the CPU is not there. */
static long node_of(const char *sys_root, long cpu)
{
	char path[PATH_MAX];
	auto_closedir DIR *dir = NULL;
	const struct dirent *entry;

	snprintf(path, sizeof(path), "%s/devices/system/cpu/cpu%ld", sys_root, cpu);
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		long node = number_behind(entry->d_name, "node");

		if (node >= 0)
			return node;
	}
	return -1;
}

/* The slot of a node, a new one for one that has none yet; -1: there is no room. */
static int slot_of(struct cpus *cpus, uint32_t node)
{
	uint32_t slot;

	for (slot = 0; slot < cpus->setup.slots; slot++)
		if (cpus->node[slot] == node)
			return (int)slot;
	if (slot == SCHED_SLOTS)
		return -1;
	cpus->node[slot] = node;
	cpus->setup.slots++;
	return (int)slot;
}

static int add_cpu(struct cpus *cpus, long cpu, long node)
{
	int slot = node < TIERED_NODES_MAX && cpu < SCHED_CPUS ? slot_of(cpus, (uint32_t)node) : -1;

	if (slot < 0)
		return -E2BIG;
	cpus->setup.cpus[slot][cpu / 64] |= UINT64_C(1) << cpu % 64;
	cpus->setup.n_cpus[slot]++;
	cpus->setup.slot_of[cpu] = (uint32_t)slot;
	return 0;
}

static int read_cpus(const char *sys_root, struct cpus *cpus)
{
	char path[PATH_MAX];
	auto_closedir DIR *dir = NULL;
	const struct dirent *entry;
	int ret = 0;

	snprintf(path, sizeof(path), "%s/devices/system/cpu", sys_root);
	dir = opendir(path);
	if (!dir)
		return -errno;
	while (ret == 0 && (entry = readdir(dir))) {
		long cpu = number_behind(entry->d_name, "cpu");
		long node = cpu < 0 ? -1 : node_of(sys_root, cpu);

		if (node >= 0)
			ret = add_cpu(cpus, cpu, node);
	}
	return ret;
}

/* None is 0: that is for nodes that are not there. */
static int read_distances(const char *sys_root, uint32_t node, uint64_t online,
			  uint32_t ret[TIERED_NODES_MAX])
{
	int error = topology_distances_read(sys_root, node, online, ret);

	for (; error == 0 && online; online &= online - 1)
		if (!ret[__builtin_ctzll(online)])
			error = -EINVAL;
	return error;
}

/* Of each slot all slots, nearest first; of two as near the one with the lower number. */
static void sort_slots(struct cpus *cpus, uint32_t from)
{
	uint32_t *near = cpus->setup.near[from], i, j;

	for (i = 0; i < cpus->setup.slots; i++) {
		uint32_t distance = i == from ? 0 : cpus->distance[from][cpus->node[i]];

		for (j = i; j > 0; j--) {
			uint32_t before = near[j - 1];

			if (before == from || cpus->distance[from][cpus->node[before]] <= distance)
				break;
			near[j] = before;
		}
		near[j] = i;
	}
}

int cpus_read(const char *sys_root, struct cpus *ret, char *why, size_t why_size)
{
	struct cpus *cpus = ret;
	uint64_t online;
	uint32_t slot;
	int error;

	*cpus = (struct cpus){ .setup = { .slots = 0 } };
	error = read_cpus(sys_root, cpus);
	if (error == -E2BIG)
		snprintf(why, why_size,
			 "there are more CPUs, or nodes with CPUs, than it has room for (%d, %d)",
			 SCHED_CPUS, SCHED_SLOTS);
	if (error == 0 && !cpus->setup.slots)
		error = -ENOENT;
	if (error == 0)
		error = topology_online_read(sys_root, &online);
	for (slot = 0; error == 0 && slot < cpus->setup.slots; slot++)
		error = read_distances(sys_root, cpus->node[slot], online, cpus->distance[slot]);
	if (error < 0) {
		if (error != -E2BIG)
			snprintf(why, why_size, "CPUs and distances of nodes cannot be read: %s",
				 strerror(-error));
		return error;
	}
	for (slot = 0; slot < cpus->setup.slots; slot++)
		sort_slots(cpus, slot);
	return 0;
}
