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

/* The node of each CPU that is there, -1 for others: folders come in any order. */
static int read_nodes(const char *sys_root, long node_of_cpu[SCHED_CPUS])
{
	char path[PATH_MAX];
	auto_closedir DIR *dir = NULL;
	const struct dirent *entry;
	long cpu, node;

	for (cpu = 0; cpu < SCHED_CPUS; cpu++)
		node_of_cpu[cpu] = -1;
	snprintf(path, sizeof(path), "%s/devices/system/cpu", sys_root);
	dir = opendir(path);
	if (!dir)
		return -errno;
	while ((entry = readdir(dir))) {
		cpu = number_behind(entry->d_name, "cpu");
		node = cpu < 0 ? -1 : node_of(sys_root, cpu);
		if (node < 0)
			continue;
		if (cpu >= SCHED_CPUS || node >= TIERED_NODES_MAX)
			return -E2BIG;
		node_of_cpu[cpu] = node;
	}
	return 0;
}

/* A slot for each node that has one of these CPUs, in the order of the nodes. */
static int make_slots(struct cpus *cpus, const long node_of_cpu[SCHED_CPUS])
{
	int slot_of_node[TIERED_NODES_MAX];
	uint32_t cpu, node, slot;
	uint64_t nodes = 0;

	for (cpu = 0; cpu < SCHED_CPUS; cpu++)
		if (node_of_cpu[cpu] >= 0)
			nodes |= UINT64_C(1) << node_of_cpu[cpu];
	if (__builtin_popcountll(nodes) > SCHED_SLOTS)
		return -E2BIG;
	for (; nodes; nodes &= nodes - 1) {
		node = (uint32_t)__builtin_ctzll(nodes);
		slot_of_node[node] = (int)cpus->setup.slots;
		cpus->node[cpus->setup.slots++] = node;
	}
	for (cpu = 0; cpu < SCHED_CPUS; cpu++) {
		if (node_of_cpu[cpu] < 0)
			continue;
		slot = (uint32_t)slot_of_node[node_of_cpu[cpu]];
		cpus->setup.cpus[slot][cpu / 64] |= UINT64_C(1) << cpu % 64;
		cpus->setup.n_cpus[slot]++;
		cpus->setup.slot_of[cpu] = slot;
		cpus->setup.mask_words = cpu / 64 + 1;
	}
	return 0;
}

static int read_cpus(const char *sys_root, struct cpus *cpus)
{
	long node_of_cpu[SCHED_CPUS];
	int ret = read_nodes(sys_root, node_of_cpu);

	return ret < 0 ? ret : make_slots(cpus, node_of_cpu);
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
