/* SPDX-License-Identifier: GPL-2.0-only */
/* cpus.h - nodes with CPUs, and how far all nodes are from them. */
#ifndef TIERED_CPUS_H
#define TIERED_CPUS_H

#include <stddef.h>
#include <stdint.h>

#include "tiered/sched.h"

/**
 * struct cpus - the nodes that have CPUs, ascending; one for each slot of struct sched_setup
 * @node: their ids
 * @distance: from each of them to each node, by id; 0: there is no such node
 * @setup: the same for the scheduler, all but @partial
 */
struct cpus {
	uint32_t node[SCHED_SLOTS];
	uint32_t distance[SCHED_SLOTS][TIERED_NODES_MAX];
	struct sched_setup setup;
};

/*
 * cpus_read() - CPUs that are there, offline ones, too
 * @sys_root: "/sys", or a recorded tree
 * @why: on failure, a sentence for a person
 *
 * 0; -E2BIG: more CPUs, or nodes with CPUs, than there is room for; or -errno.
 */
int cpus_read(const char *sys_root, struct cpus *ret, char *why, size_t why_size);

#endif
