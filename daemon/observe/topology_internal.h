/* SPDX-License-Identifier: GPL-2.0-only */
/* topology_internal.h - what the files of the topology share. Not for others. */
#ifndef TIERED_TOPOLOGY_INTERNAL_H
#define TIERED_TOPOLOGY_INTERNAL_H

#include "topology.h"

/* One zone of one node, as /proc/zoneinfo tells it; pages and page frame numbers. */
struct topology_zone {
	uint32_t node;
	uint64_t free;
	uint64_t on_cpus; /* free as well, in the lists of the CPUs */
	uint64_t low;
	uint64_t high;
	uint64_t kept; /* what user pages may not take: the last lowmem reserve */
	uint64_t present;
	uint64_t managed;
	uint64_t spanned;
	uint64_t start_pfn;
};

struct topology_zones {
	struct topology_zone *zones; /* owned */
	size_t n;
};

/*
 * Node of each unit of 1 << @shift frames. Units that several nodes claim are
 * TOPOLOGY_PFN_MIXED; for them the zones are looked through.
 */
struct topology_pfns {
	unsigned int shift;
	size_t n_units;
	uint8_t *units; /* owned */
};

#define TOPOLOGY_PFN_MIXED 0xfe

struct topology {
	struct topology_node nodes[TIERED_NODES_MAX];
	size_t n_nodes;
	unsigned int tiers;
	enum tier_source source;
	int8_t tier_of[TIERED_NODES_MAX];
	struct topology_zones zones;
	struct topology_pfns pfns;
	uint64_t conf[TIERED_NODES_MAX]; /* tiers as the conf names them */
	size_t n_conf;
	uint64_t leaving;
	uint64_t offline;
	char *sys_root;
	char *proc_root;
};

/*
 * Reads all into @topology, where the roots and the conf are; with @strict a node that the conf
 * names must have memory. 0 or -errno.
 */
int topology_fill(struct topology *topology, int strict, char *why, size_t why_size);

/* A topology with roots and conf, to be filled; NULL: no memory. */
struct topology *topology_new(const char *sys_root, const char *proc_root, const uint64_t *conf,
			      size_t n_conf);

/* Reads /proc/zoneinfo; nodes above 63 are left out. 0 or -errno. */
int topology_zones_read(const char *proc_root, struct topology_zones *ret);

/* Fills @masks, room for TIERED_NODES_MAX, fastest first, of the nodes in @memory. */
unsigned int topology_tiers_read(const char *sys_root, uint64_t memory, uint64_t *masks,
				 enum tier_source *ret_source);

/* How many CPUs a node has; 0 also when nobody knows. */
uint64_t topology_cpus_read(const char *sys_root, uint32_t node);

/* Makes the table of units from the memory blocks, or else from the zones; 0 or -errno. */
int topology_pfns_read(const char *sys_root, const struct topology_zones *zones,
		       struct topology_pfns *ret);

#endif
