/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * topology.h - memory nodes, their tiers, and which node a frame belongs to.
 *
 * Tiers come, in this order, from the conf, from
 * /sys/devices/virtual/memory_tiering (Documentation/ABI/testing/
 * sysfs-kernel-mm-memory-tiers), from the HMAT access attributes of the nodes
 * (Documentation/admin-guide/mm/numaperf.rst) and from node distance.
 */
#ifndef TIERED_TOPOLOGY_H
#define TIERED_TOPOLOGY_H

#include <stddef.h>
#include <stdint.h>

#include "tiered/policy.h"
#include "tiered/types.h"

struct topology;

enum tier_source { TIERS_CONF, TIERS_KERNEL, TIERS_HMAT, TIERS_DISTANCE };

/* One memory node. Memoryless nodes are not listed. */
struct topology_node {
	uint32_t id;
	uint32_t tier; /* 0 is the fastest; dense */
	uint64_t total_pages;
	uint64_t present_pages; /* online; the kernel's own are among them */
	uint64_t high_pages;    /* high watermarks of its zones, and what these keep from users */
	uint64_t cpus;          /* how many CPUs it has */
};

/**
 * topology_read() - reads the machine
 * @sys_root, @proc_root: "/sys", "/proc", or recorded trees
 * @conf_tiers: node masks from fastest to slowest, or NULL; nodes not named are left out
 * @n_conf_tiers: how many
 * @ret: to be freed with topology_free()
 *
 * Returns 0, -EINVAL when the conf names a node twice or one without memory
 * (with a sentence in @why), or -errno.
 */
int topology_read(const char *sys_root, const char *proc_root, const uint64_t *conf_tiers,
		  size_t n_conf_tiers, struct topology **ret, char *why, size_t why_size);
void topology_free(struct topology *topology);

/**
 * topology_reread() - reads the machine again, from where @old was read
 * @leaving: nodes that are known to be going away; those that have less memory than in @old are
 *	so, too
 * @ret: to be freed with topology_free()
 *
 * Nodes of the conf's tiers without memory are left out for now: they may come back.
 * Returns 0 or -errno.
 */
int topology_reread(const struct topology *old, uint64_t leaving, struct topology **ret, char *why,
		    size_t why_size);

/* Is there no difference that matters? @ret_told: nor one that a person wants to hear of. */
int topology_same(const struct topology *a, const struct topology *b, int *ret_told);

/* Nodes in ascending (tier, id). */
const struct topology_node *topology_nodes(const struct topology *topology, size_t *ret_n);
unsigned int topology_tiers(const struct topology *topology);
enum tier_source topology_source(const struct topology *topology);

/* Nodes that are going away, a bit for each: nothing may be moved there. */
uint64_t topology_leaving(const struct topology *topology);

/* Nodes that had a tier, and have no memory now. */
uint64_t topology_offline(const struct topology *topology);

/*
 * Nodes with memory blocks that are going offline now. Looks at up to @max blocks from *@cursor
 * on, which moves: machines may have tens of thousands.
 */
uint64_t topology_going(const struct topology *topology, size_t *cursor, size_t max);

/* Tier of a node, or -1 when it has no tier. */
int topology_tier_of(const struct topology *topology, uint32_t node);

/* Node of a frame, or TIERED_NODE_NONE. Fast: called for every page. */
uint8_t topology_node_of_pfn(const struct topology *topology, uint64_t pfn);

/*
 * topology_range() - memory at frame @pfn or behind it, whichever node has it
 *
 * In whole memory blocks, as long as they are next to each other. Returns 1, or 0 when there is
 * none: frames [*@ret_start, *@ret_end).
 */
int topology_range(const struct topology *topology, uint64_t pfn, uint64_t *ret_start,
		   uint64_t *ret_end);

/*
 * Free pages of each node now, with some of those in the lists of CPUs, in the order of
 * topology_nodes(); 0 or -errno. Reads /proc/zoneinfo, which has lines per CPU.
 */
int topology_free_pages(const struct topology *topology, uint64_t *ret_free);

/*
 * The same, with those nodes in *@ret_leaving that are going away, or have lost memory since the
 * topology was read. @freed: by node, pages that the caller has just freed there: those of
 * them that wait in the lists of CPUs are as good as free to it. NULL: none.
 */
int topology_free_now(const struct topology *topology, const uint64_t *freed, uint64_t *ret_free,
		      uint64_t *ret_leaving);

/*
 * Free pages of one node without those in lists of CPUs, cheaply: for every batch. 0 when that
 * cannot be told, or the node has less memory than it had.
 */
uint64_t topology_free_least(const struct topology *topology, uint32_t node);

/* One line for a person: "tier 0: node 0 (0.5 GiB); tier 1: node 1 (2.0 GiB); from ...". */
const char *topology_describe(const struct topology *topology, char *buffer, size_t size);

/*
 * Distances of a node to those of @online, into their places of @ret; the others stay as they are.
 * 0, -errno, or -EINVAL when one is missing.
 */
int topology_distances_read(const char *sys_root, uint32_t node, uint64_t online,
			    uint32_t ret[TIERED_NODES_MAX]);

/* Nodes that are online; 0 or -errno. */
int topology_online_read(const char *sys_root, uint64_t *ret_nodes);

#endif
